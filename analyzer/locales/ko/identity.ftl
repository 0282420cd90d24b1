# identity 계열 규칙.

rule-certificate-expired = 인증서가 만료됨
certificate-expired-node-title = 노드 { $node }: kubelet의 인증서가 만료됨
certificate-expired-webhook-title = 웹후크 { $name }: CA 인증서가 만료됨
certificate-expired-service-title = { $name }: 서비스 인증서가 만료됨
certificate-expired-served = API 서버가 { $name } 호출 시 만료된 인증서를 받음
certificate-expired-client-title = 클라이언트와 API 서버 사이의 인증서가 만료됨
certificate-expired-date = 인증서 { $path }: 유효 기간 끝 { $until }
certificate-expired-bundle = caBundle: 유효 기간 끝 { $until }
certificate-expired-journal = 노드 { $node }: kubelet이 인증서가 만료되었다고 보고함
certificate-expired-refused = 노드 { $node }: API 서버가 kubelet을 거부함
certificate-expired-lost = 노드 { $node }: API 서버가 더 이상 상태를 받지 못함
certificate-expired-call = 웹후크 호출이 x509 오류로 실패함
certificate-expired-client = 클라이언트가 인증서가 만료되었다는 응답을 받음
certificate-expired-valid = 유효한 인증서, 유효 기간 끝: { $until }
certificate-expired-requests = 승인을 기다리는 인증서 요청이 있는지 확인
certificate-expired-renew = 노드 { $node }: 이미지로 다시 설치하거나 노드 풀을 업그레이드하여 부트스트랩 다시 수행
certificate-expired-webhook-renew = 웹후크 { $name }: 인증서를 갱신하고 새 CA를 caBundle에 넣기
certificate-expired-credentials = 새 자격 증명 가져오기

rule-clock-skewed = 노드의 시계가 맞지 않음
clock-skewed-title = 노드 { $node }: 시계가 맞지 않음
clock-skewed-ahead = 노드 { $node }: 시계가 { $seconds }초 빠름
clock-skewed-behind = 노드 { $node }: 시계가 { $seconds }초 느림
clock-skewed-early = 노드 { $node }: 인증서를 아직 유효하지 않은 미래의 것으로 판단함
clock-skewed-future = 노드 { $node }: Lease가 미래 시각에 갱신됨
clock-skewed-unsynchronized = 노드 { $node }: 시계를 동기화하지 않음
clock-skewed-cleared = 노드의 시계가 동기화됨
clock-skewed-read = 노드의 시간 원본과 오차 확인
clock-skewed-step = 노드에서 chrony를 다시 시작하고 시계를 즉시 맞추기(chronyc makestep)

rule-access-denied-not-unreachable = API 서버가 응답하며 액세스를 거부함
access-denied-not-unreachable-title = API 서버는 응답함: 클라이언트의 자격 증명이 거부됨
access-denied-not-unreachable-no-right = API 서버는 응답함: 클라이언트에 요청한 것에 대한 권한이 없음
access-denied-not-unreachable-unauthorized = API 서버가 401로 응답함: 자격 증명을 받아들이지 않음
access-denied-not-unreachable-forbidden = API 서버가 403으로 응답함: 사용자에게 이 권한이 없음
access-denied-not-unreachable-local = 로컬 계정이 사용 안 함 상태임: 이전 관리자 kubeconfig의 인증서는 무효임
access-denied-not-unreachable-worked = 클라이언트의 다른 명령은 작동함
access-denied-not-unreachable-dial = 연결 자체가 실패함
access-denied-not-unreachable-credentials = 새 자격 증명 가져오기
access-denied-not-unreachable-who = API 서버가 클라이언트를 누구로 인식하는지 확인
access-denied-not-unreachable-role = 그 사용자에 역할을 바인딩: deploy/rbac.yaml에 수집기에 필요한 권한이 있음
access-denied-not-unreachable-kubelogin = kubectl이 Microsoft Entra를 통해 로그인하게 하기

rule-leader-election-churning = 리더가 반복해서 바뀜
leader-election-churning-title = Lease { $name }: 리더가 { $count }회 바뀜
leader-election-churning-became = Lease { $name }: 새 리더 { $count }회
leader-election-churning-lost = Lease { $name }: Lease를 { $count }회 잃음
leader-election-churning-held = Lease를 보유하고 갱신하는 주체: { $holder }
leader-election-churning-read = Lease와 그 보유자 확인
