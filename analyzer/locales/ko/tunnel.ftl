# 터널 규칙.

rule-tunnel-agents-not-running = 터널 에이전트가 실행되지 않음
tunnel-agents-not-running-title = Ready 상태인 { $name } Pod가 없음(필요: { $count }개)
tunnel-agents-not-running-zero-title = Deployment { $name }: 복제본 수가 0이며 API 서버에 터널이 없음
tunnel-agents-not-running-zero = Deployment { $name }: spec.replicas 값이 0임
tunnel-agents-not-running-scaled = 누군가 복제본 수를 줄임: { $message }
tunnel-agents-not-running-scale-up = 에이전트의 복제본 수를 되돌리기
tunnel-agents-not-running-crashing = Pod { $pod }: 상태 { $reason }, 마지막 실행의 종료 코드 { $exit } { $message }
tunnel-agents-not-running-waiting = Pod { $pod }: 대기 중, 이유: { $reason } { $message }
tunnel-agents-not-running-unscheduled = 노드가 없는 Pod { $pod }: { $message }
tunnel-agents-not-running-not-ready = Pod { $pod }: Ready 상태가 아님(단계: { $phase })
tunnel-agents-not-running-none-created = Deployment { $name }: Pod { $desired }개가 필요하지만 하나도 없음
tunnel-agents-not-running-no-pods = Pod 목록에 터널 에이전트가 없음
tunnel-agents-not-running-deployment = Deployment의 에이전트 { $desired }개 중 { $ready }개가 Ready 상태임
tunnel-agents-not-running-no-agent = API 서버 메시지: "No agent available"
tunnel-agents-not-running-read = 에이전트가 실행되지 않는 이유 확인
tunnel-agents-not-running-restart = 원인이 사라진 뒤 에이전트 다시 시작
tunnel-agents-not-running-by-design = Azure CNI를 사용하는 API 서버 VNet 통합: 설계상 에이전트가 없음
tunnel-agents-not-running-cleared = Pod { $pod }: Ready 상태임(모두 { $ready }개)
tunnel-agents-not-running-counted = Deployment 기준 Ready 상태인 터널 에이전트: { $ready }개

rule-kubelet-unreachable = 포트 10250에서 kubelet에 연결할 수 없음
kubelet-unreachable-title = 노드 { $node }: API 서버가 TCP 10250에서 kubelet에 연결할 수 없음
kubelet-unreachable-none = 모든 노드에서 logs, exec, port-forward, top 실패: 연결된 터널 에이전트가 없음
kubelet-unreachable-many = API 서버가 TCP 10250에서 kubelet { $total }개 중 { $count }개에 연결할 수 없음
kubelet-unreachable-dials-title = 터널 연결 실패 { $failed }건
kubelet-unreachable-dials = 실패한 연결: { $failed }건{ $all ->
    [0] {""}
   *[other] (전체 { $all }건)
}
kubelet-unreachable-dials-settle = 터널 에이전트의 로그가 노드 이름을 알려 줌
kubelet-unreachable-agent-dials = 에이전트가 센 시간 초과 연결: { $count }건
kubelet-unreachable-server-dials = API 서버가 센 터널 연결 실패: { $count }건(단계 { $stage })
kubelet-unreachable-timeout = 노드 { $node }, 포트 10250: 응답 없음, 패킷이 드롭됨. 확인한 쪽: { $witness }
kubelet-unreachable-refused = 노드 { $node }, 포트 10250: 연결 거부됨. 수신 프로세스가 없거나 규칙이 거부함. 확인한 쪽: { $witness }
kubelet-unreachable-no-route = 노드 { $node }, 포트 10250: 경로를 찾지 못함. 확인한 쪽: { $witness }
kubelet-unreachable-tls = 노드 { $node }, 포트 10250: 연결되었으나 TLS 응답이 없음. 확인한 쪽: { $witness }
kubelet-unreachable-no-agent = 노드 { $node }: 호출할 때 터널 에이전트를 찾지 못함
kubelet-unreachable-others = 다른 kubelet { $count }개는 응답함, 예: 노드 { $node }
kubelet-unreachable-only = 실패한 호출에 나오는 유일한 노드: { $node }. 나머지 노드 { $others }개는 나오지 않음
kubelet-unreachable-ready = 노드 { $node }: Ready 상태임. API 서버로 나가는 경로는 작동하고 들어오는 경로만 차단됨
kubelet-unreachable-look = TCP 10250을 차단하는 것 찾기: 서브넷의 NSG 규칙, 노드의 ufw, iptables 및 nftables, 네트워크 정책. 노드: { $node }
kubelet-unreachable-probe = API 서버를 통해 이 kubelet에 요청
kubelet-unreachable-cleared = kubelet { $count }개가 응답함
kubelet-unreachable-unanswered = 노드 { $node }: kubelet 호출이 응답 없이 끝남

port-10250-rule = 체인 { $chain }, 테이블 { $table }, 규칙 { $number }: TCP 10250 차단, 출발지: { $source }
port-10250-rule-counted = 체인 { $chain }, 테이블 { $table }, 규칙 { $number }: TCP 10250 차단, 출발지: { $source }, 지금까지 패킷 { $packets }개
port-10250-policy = 체인 { $chain }, 테이블 { $table }: TCP 10250을 허용하는 규칙이 없어 기본 정책이 드롭함, 출발지: { $source }
port-10250-status = ufw가 기본적으로 인바운드 연결을 거부하며 TCP 10250을 허용하는 규칙이 없음, 출발지: { $source }
port-10250-status-rule = ufw 규칙 { $number }: TCP 10250 차단, 출발지: { $source }
port-10250-jump = 이 규칙이 패킷을 보내는 체인: { $chain }
port-10250-outbound = 체인 { $chain }: 아웃바운드 { $port }도 차단됨. 이 포트는 konnectivity 이전의 터널만 사용함
port-10250-ufw-active = ufw가 활성 상태라고 표시함
port-10250-find-author = 규칙을 추가하는 주체(강화 스크립트, 보안 에이전트, 권한 있는 DaemonSet)를 찾아 제거하고 노드를 이미지로 다시 설치: 변경된 호스트는 지원되지 않음

rule-port-10250-ufw = 노드의 ufw가 kubelet 포트를 차단함
port-10250-ufw-title = { $node ->
    [none] 노드
   *[other] 노드 { $node }
}: UFW가 TCP 10250을 차단하여 API 서버가 kubelet에 연결할 수 없음
port-10250-ufw-many = 노드 { $count }개의 UFW가 TCP 10250을 차단하여 API 서버가 kubelet에 연결할 수 없음
port-10250-ufw-cleared = 노드 { $node }: UFW가 TCP 10250을 차단하지 않음
port-10250-ufw-allow = 노드에서 kubelet 포트의 인바운드 허용
port-10250-ufw-disable = 또는 ufw 끄기. ufw는 Pod 트래픽과 NodePort도 차단함

rule-port-10250-iptables = 노드의 iptables 규칙이 kubelet 포트를 차단함
port-10250-iptables-title = { $node ->
    [none] 노드
   *[other] 노드 { $node }
}: iptables 규칙이 TCP 10250을 차단하여 kubelet에 연결할 수 없음
port-10250-iptables-many = 노드 { $count }개의 iptables 규칙이 TCP 10250을 차단하여 kubelet에 연결할 수 없음
port-10250-iptables-cleared = 노드 { $node }: 패킷 필터가 이 행으로 TCP 10250을 허용함
port-10250-iptables-delete = 노드에서 이 규칙 삭제(번호가 바뀌므로 먼저 확인)
port-10250-iptables-read = 이 규칙의 현재 상태 확인
port-10250-iptables-accept = 노드에서 패킷이 버려지기 전에 kubelet 포트 허용

rule-port-10250-nftables = 노드의 nftables 규칙이 kubelet 포트를 차단함
port-10250-nftables-title = { $node ->
    [none] 노드
   *[other] 노드 { $node }
}: nftables 규칙이 TCP 10250을 차단하여 kubelet에 연결할 수 없음
port-10250-nftables-many = 노드 { $count }개의 nftables 규칙이 TCP 10250을 차단하여 kubelet에 연결할 수 없음
port-10250-nftables-cleared = 노드 { $node }: nftables 규칙 집합이 TCP 10250을 허용함
port-10250-nftables-delete = 노드에서 이 규칙 삭제. iptables에는 표시되지 않음
port-10250-nftables-accept = 이 규칙보다 앞에서 포트 허용
port-10250-nftables-handle = 노드에서 규칙의 핸들을 확인한 뒤 "nft delete rule … handle N" 명령으로 삭제

rule-node-to-node-traffic-blocked = 노드 간 TCP 10250 트래픽이 차단됨
node-to-node-traffic-blocked-title = 노드 간 TCP 10250 차단: 에이전트와 다른 노드의 kubelet { $count }개가 응답하지 않음
node-to-node-traffic-blocked-pool = 노드 풀 { $pools }: TCP 10250이 차단되어 kubelet { $count }개가 응답하지 않음
node-to-node-traffic-blocked-near = 노드 { $node }: 에이전트가 있는 이 노드의 kubelet은 응답함. 터널과 에이전트는 작동함
node-to-node-traffic-blocked-open = 노드 { $node }: 자체 패킷 필터는 TCP 10250을 허용함
node-to-node-traffic-blocked-differs = 터널 에이전트가 있는 노드의 kubelet만 응답함: { $agents }
node-to-node-traffic-blocked-nsg = 노드 서브넷 간 TCP 10250을 거부하는 규칙 찾기: 모든 서브넷의 NSG, 경로 테이블, 어플라이언스
node-to-node-traffic-blocked-try = 다른 노드에서 패킷이 어디에서 끊기는지 확인
node-to-node-traffic-blocked-settled = 모든 노드 서브넷의 NSG와 경로 테이블, 응답하지 않는 노드의 패킷 필터
node-to-node-traffic-blocked-cleared = 노드 { $node }: 에이전트가 없는 이 노드의 kubelet이 응답함

rule-port-10250-nsg = NSG(네트워크 보안 그룹)가 kubelet 포트를 차단함
port-10250-nsg-title = NSG { $group }, 규칙 { $rule }(우선 순위 { $priority }): 노드 간 TCP 10250 거부
port-10250-nsg-inbound = 규칙 { $rule }: 노드 간 인바운드 TCP 10250 거부, 우선 순위 { $priority }, AllowVnetInBound보다 먼저 적용됨
port-10250-nsg-outbound = 규칙 { $rule }: 노드 간 아웃바운드 TCP 10250 거부, 우선 순위 { $priority }, AllowVnetOutBound보다 먼저 적용됨
port-10250-nsg-cleared = NSG { $group }, 규칙 { $rule }(우선 순위 { $priority }): 노드 간 TCP 10250 허용
port-10250-nsg-allow = 거부 규칙보다 앞에서 포트 허용(또는 거부 규칙의 범위 좁히기)
port-10250-nsg-restart = 몇 분 안에 달라지지 않으면 터널 에이전트 다시 시작
port-10250-nsg-settled = 노드마다 Pod 하나에 대한 "kubectl logs" 결과와 노드 간 "nc -v -w 2 ADDRESS 10250" 결과

rule-tunnel-agents-not-connected = 터널 에이전트가 연결되지 않음
tunnel-agents-not-connected-title = 터널 에이전트는 실행 중이지만 API 서버에 연결된 것이 없음
tunnel-agents-not-connected-some = 터널 에이전트 { $count }개가 API 서버에 연결되지 않음
tunnel-agents-not-connected-flapping = API 서버로 가는 터널이 { $count }회 끊김
tunnel-agents-not-connected-error = 연결하지 못하는 Pod { $pod }: { $error }
tunnel-agents-not-connected-keepalive = Pod { $pod }: keepalive ping에 응답이 없어 스트림이 끊김(모든 에이전트에서 { $count }회)
tunnel-agents-not-connected-backends = 터널 서버에 준비된 에이전트가 0개
tunnel-agents-not-connected-gauge = 에이전트 메트릭: API 서버로 열린 연결 0개
tunnel-agents-not-connected-gauge-cleared = 에이전트 메트릭: API 서버로 열린 연결이 있음
tunnel-agents-not-connected-no-agent = API 서버가 연결된 터널 에이전트를 찾지 못함
tunnel-agents-not-connected-runs = 그런데도 에이전트 { $ready }개가 Ready 상태임
tunnel-agents-not-connected-cleared = Pod { $pod }: API 서버에 연결됨
tunnel-agents-not-connected-read = 에이전트가 연결하지 못하는 이유 확인: 오류의 끝부분이 문제 계층을 알려 줌
tunnel-agents-not-connected-dropped = 주소 { $address }: 가는 패킷이 경로에서 드롭됨. NSG, UFW, iptables, 기본 경로의 방화벽, 권한 있는 IP 범위 확인
tunnel-agents-not-connected-refused = 주소 { $address }: 도달하지만 연결이 거부됨. 포트가 닫혀 있거나 방화벽이 연결을 재설정함

rule-tunnel-alpn-stripped = TLS 검사 장치가 ALPN을 제거함
tunnel-alpn-stripped-title = 경로 중간에서 TLS의 ALPN이 제거되어 터널 에이전트가 연결할 수 없음
tunnel-alpn-stripped-agent = Pod { $pod }: TCP는 연결되지만 TLS에 ALPN 프로토콜 "konnectivity"가 없음
tunnel-alpn-stripped-odd = Pod { $pod }: 터널 서버가 아닌 곳에 연결됨
tunnel-alpn-stripped-probe = openssl이 ALPN "konnectivity"를 요청했으나 받지 못함(인증서 발급자: { $issuer })
tunnel-alpn-stripped-kubelet = 노드 { $node }: kubelet은 같은 이름과 포트를 문제없이 사용함. TCP와 TLS는 통과함
tunnel-alpn-stripped-proxy = 클러스터의 아웃바운드 트래픽이 프록시 { $proxy }를 거침
tunnel-alpn-stripped-exempt = TCP 443의 API 서버 이름을 TLS 검사에서 제외하고 ALPN을 그대로 통과시키기
tunnel-alpn-stripped-test = 노드에서 협상 결과 확인: "ALPN protocol: konnectivity"가 나와야 함
tunnel-alpn-stripped-restart = 그런 다음 에이전트 다시 시작
tunnel-alpn-stripped-settled = 노드에서 "openssl s_client -connect API_SERVER:443 -servername API_SERVER -alpn konnectivity" 실행 결과
tunnel-alpn-stripped-cleared = TLS 프로브가 협상한 ALPN: "{ $alpn }"
tunnel-alpn-stripped-dial = Pod { $pod }: TLS 이전에 실패함. 연결 자체가 이루어지지 않음

tunnel-symptom-cannot-connect = 에이전트 로그가 연결 실패로 끝남
tunnel-symptom-call = 노드 { $node }: kubelet 호출이 터널에서 끝남

rule-tunnel-agents-on-one-node = 모든 터널 에이전트가 한 노드에 있음
tunnel-agents-on-one-node-title = 노드 { $node }: 모든 터널 에이전트가 이 노드에 있어, 노드를 잃으면 터널도 잃음
tunnel-agents-on-one-node-agent = Pod { $pod }: 노드 { $node }
tunnel-agents-on-one-node-spread = 다른 시스템 노드에 여유가 생기면 에이전트를 다시 예약
tunnel-agents-on-one-node-cleared = 에이전트가 노드 { $count }개에서 실행됨

rule-tunnel-egress-port-closed = 이전 방식 터널의 아웃바운드 포트가 닫힘
tunnel-egress-port-closed-title = Pod { $pod }: 포트 { $port }에서 API 서버에 연결할 수 없어 이전 방식 터널이 끊김
tunnel-egress-port-closed-konnectivity = 클러스터가 konnectivity를 사용하며 TCP 443만 필요함
tunnel-egress-port-closed-ready = Pod { $pod }: Ready 상태이므로 포트가 열려 있음
tunnel-egress-port-closed-down = Pod { $pod }: Ready 상태가 아님
tunnel-egress-port-closed-probe = 호스트 { $host }, 포트 { $port }: 응답 없음
tunnel-egress-port-closed-log = 터널 로그에 따르면 포트 { $port }에서 응답이 없음
tunnel-egress-port-closed-open = 노드에서 클러스터 지역의 AzureCloud로 가는 포트 { $port } 허용
tunnel-egress-port-closed-upgrade = 더 나은 방법은 업그레이드: 이 터널을 쓰는 클러스터는 지원이 끝난 지 오래됨
tunnel-egress-port-closed-on-node = { $node ->
    [none] 한 노드
   *[other] 노드 { $node }
}: 이전 방식 터널의 포트인 { $protocol } { $port } 아웃바운드를 드롭함
tunnel-egress-port-closed-rule = 체인 { $chain }, 규칙 { $number }: { $protocol } { $port } 아웃바운드를 드롭함
tunnel-egress-port-closed-which = 클러스터의 터널 종류 확인. 이 포트는 tunnelfront(TCP 9000)와 aks-link(UDP 1194)만 쓰며 konnectivity는 쓰지 않음
tunnel-egress-port-closed-change = 클러스터에 그 터널이 있으면 노드에서 포트를 다시 허용
tunnel-egress-port-closed-settled = kube-system의 Pod 목록. konnectivity-agent가 있으면 장애가 아님

rule-tunnel-agent-hosts-overloaded = 터널 에이전트의 노드에 과부하가 걸림
tunnel-agent-hosts-overloaded-title = { $count ->
    [one] 노드 { $node }: 터널 에이전트가 있는 노드에 과부하가 걸림
   *[other] 터널 에이전트가 있는 노드 { $total }개 중 { $count }개에 과부하가 걸림
}
tunnel-agent-hosts-overloaded-used = 노드 { $node }: CPU { $cpu } %, 메모리 { $memory } % 사용
tunnel-agent-hosts-overloaded-pressure = 노드 { $node }, 보고된 조건: { $condition }
tunnel-agent-hosts-overloaded-who = 이 노드의 리소스를 소모하는 것 찾기
tunnel-agent-hosts-overloaded-cordon = 이 노드에 작업이 더 배치되지 않게 하고 리소스를 소모하는 것을 다른 곳으로 옮기기
tunnel-agent-hosts-overloaded-system-pool = 시스템 Pod에 전용 풀 제공(테인트 CriticalAddonsOnly=true:NoSchedule)

rule-tunnel-agents-under-scaled = 터널 에이전트가 너무 적거나 작음
tunnel-agents-under-scaled-title = 노드 { $nodes }개에 터널 에이전트 { $agents }개: 너무 적음
tunnel-agents-under-scaled-oom = 터널 에이전트가 메모리 때문에 종료됨(필요: 모두 { $agents }개)
tunnel-agents-under-scaled-killed = Pod { $pod }: OOM으로 종료됨, 다시 시작 { $restarts }회
tunnel-agents-under-scaled-kernel = 노드 { $node }: 커널이 메모리 때문에 에이전트(proxy-agent)를 종료함
tunnel-agents-under-scaled-ladder = ConfigMap { $name }: 단계 설정의 에이전트 수가 AKS 기본값보다 적음
tunnel-agents-under-scaled-few = 노드 { $nodes }개에 설정된 에이전트 { $agents }개, AKS 기본 단계는 { $wanted }개
tunnel-agents-under-scaled-edit = 단계 설정을 AKS 기본값으로 되돌리기: 노드 1개에 에이전트 2개, 100개에 3개, 250개에 4개, 500개에 5개, 1000개에 6개, 5000개에 10개
tunnel-agents-under-scaled-memory = 부하 분산: 동시 웹후크 및 로그 호출 줄이기, 에이전트 늘리기, 더 새로운 AKS 릴리스 사용
tunnel-agents-under-scaled-cleared = 노드 { $nodes }개에 설정된 에이전트 { $agents }개는 AKS 기본 단계와 같고, OOM으로 종료된 것이 없음
