# 보고서 자체의 말: 판정 문장, 점수, 자료 이름.
verbatim = { $text }

# 점수의 항목.
score-proven = 다른 설명을 허용하지 않는 증거
score-likely = 직접적이고 구체적인 신호
score-possible = 여러 설명 중 하나와 맞는 징후
score-critical = 발생 위치에서 심각함
score-warning = 발생 위치에서 경고 수준
score-info = 참고 사항
score-explains = { $count ->
    [one] 다른 발견 항목 1개를 설명함
   *[other] 다른 발견 항목 { $count }개({ $kinds }종류)를 설명함
}
score-support = 같은 내용을 말하는 행 { $count }개 더 있음
score-contrary = 반대로 말하는 행 { $count }개 있음
score-first = 다른 모든 원인보다 먼저 시작됨

# 판정.
verdict-plain = { $title }.
verdict-since = { $title }. 시작 시각: { $time }.
verdict-more = { $sentence } 독립적인 결함 { $count }개가 더 있습니다.
verdict-symptoms = { $title }. 원인은 이 번들에 없습니다.
verdict-healthy = 수집된 범위에서 결함을 찾지 못했습니다: 자료 { $sources }종류 확인, Ready 상태 노드 { $ready }개.
verdict-healthy-untold = 수집된 범위에서 결함을 찾지 못했습니다: 자료 { $sources }종류 확인, Ready 여부를 알리는 노드가 없습니다.
verdict-look = { $sentence } 살펴볼 것: { $title }.
verdict-no-cause = 원인을 찾지 못했습니다(자료 { $sources }종류 확인, Ready 상태 노드 { $ready }개). 설명되지 않은 증상: { $title }.
verdict-no-cause-untold = 원인을 찾지 못했습니다(자료 { $sources }종류 확인, Ready 여부를 알리는 노드가 없음). 설명되지 않은 증상: { $title }.
verdict-poorly-covered-but = 수집된 자료가 적고({ $saw }) 그 안에서 원인을 찾지 못했습니다. 설명되지 않은 증상: { $title }.
verdict-poorly-covered = 판단할 수 없습니다. 수집된 자료에는 이상이 없지만 자료가 적습니다: { $saw }.
verdict-failed-call = 호출이 실패한 이유를 판단할 수 없습니다: { $error }
verdict-nothing-seen = 판단할 수 없습니다. 이 번들에는 클러스터 상태를 알려 주는 자료가 없습니다.
verdict-collect = 부족한 자료 수집: { $tables }
verdict-summary = { $causes ->
    [0] 원인을 찾지 못함
   *[other] 원인 { $causes }개
} · 발견 항목 { $findings }개 중 { $explained }개 설명됨 · { $unexplained }개 설명되지 않음
and-more = 외 { $count }개
or = 또는
missing-on-node = { $what }(노드: { $node })
step-unsafe-name = 붙여 넣기에 안전하지 않은 이름
confidence-proven-why = 다른 설명을 허용하지 않는 증거가 있습니다
confidence-likely-why = 직접적이고 구체적인 징후가 있으며, 반대되는 것은 보이지 않습니다
confidence-possible-why = 징후와 맞지만, 다른 원인과도 맞습니다
banner-cut-off = 번들이 중간에서 잘렸습니다. 잘린 뒤의 내용은 이 보고서에 없습니다.
banner-tampered = 파일 { $count }개가 매니페스트와 다릅니다. 해당 파일에 근거한 발견 항목은 표시되어 있습니다.
banner-collector = 수집기: { $collector }(이 버전의 수집기가 아님). 자료 { $all }종류 중 { $seen }종류만 있습니다.
banner-redacted = 수집기가 값 { $count }개를 가렸습니다. 명령 안의 표시는 실제 이름으로 바꾸세요.
timeline-condition = 노드: { $node }, Ready: { $status }, 이유: { $reason }

# 자료 이름: 확인 범위와 공백에서 쓰입니다.
table-nodes = 노드
table-pods = Pod
table-events = 이벤트
table-workloads = 워크로드
table-services = 서비스
table-endpoints = 엔드포인트
table-webhooks = 웹후크 구성
table-api-services = APIService
table-flow-control = 흐름 제어 개체
table-network-policies = 네트워크 정책
table-disruption-budgets = 중단 예산
table-quotas = 할당량
table-leases = Lease
table-namespaces = 네임스페이스
table-jobs = Job
table-secrets-metadata = Secret 메타데이터
table-config-maps = ConfigMap
table-custom-resources = 사용자 지정 리소스 수
table-volumes = 볼륨
table-certificate-requests = 인증서 서명 요청
table-autoscalers = 자동 크기 조정기
table-top = 리소스 사용량
table-metrics = API 서버 메트릭
table-health = 상태 검사
table-api-version = 버전
table-firewalls = 노드 방화벽 덤프
table-node-files = 노드 상태 파일
table-dns-lookups = DNS 조회
table-probes = 네트워크 프로브
table-tunnel-logs = 터널 에이전트 로그
table-coredns-logs = CoreDNS 로그
table-kubelet-logs = kubelet 저널
table-kernel-logs = 커널 로그
table-control-plane-logs = 컨트롤 플레인 로그
table-logs = 기타 로그
table-client-errors = 클라이언트 명령 결과
table-azure-cluster = az aks show
table-azure-network-rules = NSG(네트워크 보안 그룹) 규칙
table-azure-routes = 경로 테이블
table-azure-outbound = 아웃바운드 규칙 및 공용 IP
table-azure-snat-metrics = SNAT 메트릭
table-azure-disk-metrics = 디스크 메트릭
table-audit = 감사 로그
table-audit-summaries = 감사 로그 쿼리 결과

# The next commands.
next-check = 확실하지 않은 원인의 근거를 읽습니다
next-none = 명령으로 확인할 수 있는 미해결 항목이 없습니다.
next-why = 얻는 것:
next-settles = 확인되는 규칙:
next-rights = 필요한 권한:
next-bytes = 예상 크기:

# 시계.
clock-by-tool = { $node }: 시계가 { $seconds }초 어긋남(양수: 빠름), 노드의 시간 서비스 기준
clock-by-pods = { $node }: 시계가 { $seconds }초 어긋남(양수: 빠름): Pod { $pairs }개가 스케줄러의 배치 시각과 그만큼 다르게 시작됨
clock-by-events = { $node }: 시계가 { $seconds }초 어긋남(양수: 빠름): 이 노드의 이벤트 { $pairs }개가 API 서버에 저장된 시각과 그만큼 다름
clock-by-leases = { $node }: 시계가 { $seconds }초 어긋남(양수: 빠름): lease 갱신이 다른 Ready 노드 { $pairs }개와 그만큼 다름
clock-by-date = 수집한 컴퓨터의 시계가 { $seconds }초 어긋남(양수: 빠름): 추적 { $pairs }개가 API 서버 응답의 Date 헤더와 그만큼 다름
clock-by-zone = { $node }: 로그가 현지 시각이며 UTC보다 { $seconds }초 빠름. 그렇지 않으면 수집 시각 이후에 끝난 것이 됨
clock-corrected = 이 노드가 기록한 시각은 그만큼 보정했습니다. 오차: ±{ $error }초.
clock-slack = 원인과 결과의 시각은 { $seconds }초 이내이면 같은 것으로 봅니다.
first-mover = 가장 먼저: { $title }, { $time }.
first-mover-lead = 가장 먼저: { $title }, { $time }. 다음 현상은 { $lead } 뒤.
no-data-events = { $time } 이전의 이벤트는 이 번들에 없습니다. Kubernetes는 이벤트를 한 시간만 보관합니다.
no-data-logs = 이 항목의 로그는 { $time }부터입니다. 그 전의 로그는 순환되어 사라졌거나 수집되지 않았습니다.
no-data-audit = 감사 로그는 { $from } ~ { $until } 구간만 포함합니다.
timeline-log = { $place }: { $text }
timeline-lease = 노드 { $node }의 마지막 lease 갱신
timeline-process = { $component } 시작
timeline-azure-metric = { $name } 값이 { $value }에 도달
timeline-activity = { $operation }: { $status }
timeline-audit-failures-of = 요청이 { $code } 코드로 실패, 대부분 { $user }
timeline-audit-failures-plain = 요청이 { $code } 코드로 실패
timeline-audit-failures = 요청이 { $code } 코드로 실패: { $text }
timeline-audit-client = { $client }의 요청이 이전보다 훨씬 많아짐
timeline-audit-change = { $user }: { $verb } { $object }
timeline-created = { $kind } { $name } 생성
refuted-by = 다시 수집할 것: { $path }. { $evidence }의 내용이 더는 나타나지 않으면 이 원인은 끝났거나 처음부터 원인이 아닙니다.
score-reach-cluster = 클러스터 전체에 영향
score-reach-nodes = 노드 { $total }개 중 { $count }개에 영향

# 장애 노드의 공통점.
differs-trait = { $shared ->
    [pool] 장애 노드 { $failing }개는 모두 노드 풀 { $value }에 속하고, 정상 노드 { $healthy }개는 모두 그렇지 않습니다
    [zone] 장애 노드 { $failing }개는 모두 영역 { $value }에 있고, 정상 노드 { $healthy }개는 모두 그렇지 않습니다
    [subnet] 장애 노드 { $failing }개는 모두 서브넷 { $value }에 있고, 정상 노드 { $healthy }개는 모두 그렇지 않습니다
    [image] 장애 노드 { $failing }개는 모두 노드 이미지 { $value } 버전이고, 정상 노드 { $healthy }개는 모두 그렇지 않습니다
    [size] 장애 노드 { $failing }개는 모두 크기가 { $value }이고, 정상 노드 { $healthy }개는 모두 그렇지 않습니다
    [spot] 장애 노드 { $failing }개는 모두 확장 집합 우선 순위가 { $value }이고, 정상 노드 { $healthy }개는 모두 그렇지 않습니다
    [architecture] 장애 노드 { $failing }개는 모두 아키텍처가 { $value }이고, 정상 노드 { $healthy }개는 모두 그렇지 않습니다
    [kubelet] 장애 노드 { $failing }개는 모두 kubelet { $value } 버전이고, 정상 노드 { $healthy }개는 모두 그렇지 않습니다
    [os] 장애 노드 { $failing }개는 모두 운영 체제가 { $value }이고, 정상 노드 { $healthy }개는 모두 그렇지 않습니다
    [kernel] 장애 노드 { $failing }개는 모두 커널 { $value } 버전이고, 정상 노드 { $healthy }개는 모두 그렇지 않습니다
   *[runtime] 장애 노드 { $failing }개는 모두 런타임이 { $value }이고, 정상 노드 { $healthy }개는 모두 그렇지 않습니다
}
differs-younger = 장애 노드 { $failing }개는 모두 { $time } 이후에 생성되었고, 정상 노드 { $healthy }개는 모두 그 전에 생성되었습니다
differs-older = 장애 노드 { $failing }개는 모두 { $time }까지 생성되었고, 정상 노드 { $healthy }개는 모두 그 후에 생성되었습니다

# RBAC에 낱말이 없는 권한.
right-node = create pods 권한, 또는 ssh나 az vmss run-command
right-workspace = kube-apiserver 범주를 내보내기 위한 Log Analytics 읽기 권한자 역할
right-azure = 노드 리소스 그룹의 읽기 권한자 역할
right-audit = 감사 로그의 스토리지 계정 또는 작업 영역에 대한 읽기 권한
