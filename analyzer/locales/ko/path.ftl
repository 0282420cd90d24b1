# path 계열 규칙.

rule-egress-endpoint-blocked = 필요한 인터넷 엔드포인트가 차단됨
egress-endpoint-blocked-title = 노드가 TCP 443에서 연결할 수 없는 호스트: { $host }
egress-endpoint-blocked-many = 노드가 AKS에 필요한 엔드포인트에 연결할 수 없음: { $host } 외 { $count }개
egress-endpoint-blocked-event = 노드 { $node }: node-problem-detector가 연결할 수 없다고 보고함, 호스트: { $host }
egress-endpoint-blocked-timeout = 노드 { $node }, 호스트 { $host }: 응답 없음, 패킷이 중간에서 드롭됨
egress-endpoint-blocked-refused = 노드 { $node }, 호스트 { $host }: 경로에서 연결이 거부됨
egress-endpoint-blocked-tls = 노드 { $node }, 호스트 { $host }: 중간에서 TLS가 깨짐. 무언가가 검사하고 있음
egress-endpoint-blocked-reset = 노드 { $node }, 호스트 { $host }: 연결이 응답 없이 닫힘
egress-endpoint-blocked-rule = NSG { $group }, 규칙 { $rule }: 인터넷으로 가는 아웃바운드 TCP 443 거부
egress-endpoint-blocked-hole = 경로 테이블 { $table }: 인터넷으로 가는 모든 트래픽을 드롭함
egress-endpoint-blocked-appliance = 경로 테이블 { $table }: 인터넷으로 가는 모든 트래픽을 어플라이언스로 보냄, 결정하는 어플라이언스: { $address }
egress-endpoint-blocked-api = API 서버는 응답하므로 일부 대상만 차단됨
egress-endpoint-blocked-chance = 호스트 { $host }: 같은 노드에 응답한 적이 있음. 지속적인 실패가 아님
egress-endpoint-blocked-settle = 엔드포인트를 열 번 프로브: 규칙이면 항상 실패하고 포트 고갈이면 무작위로 실패함
egress-endpoint-blocked-isolated = 클러스터에 설계상 아웃바운드 경로가 없음
egress-endpoint-blocked-cleared = 노드에 응답한 호스트: { $host }
egress-endpoint-blocked-allow = 방화벽, NSG 또는 경로의 어플라이언스에서 노드 서브넷의 TCP 443 허용, 대상: { $host }
egress-endpoint-blocked-tag = Azure Firewall이면 노드 서브넷에 FQDN 태그 AzureKubernetesService 허용
egress-endpoint-blocked-inspection = 다음 호스트와 AKS 엔드포인트를 TLS 검사에서 제외: { $host }
egress-endpoint-blocked-again = 노드에서 응답하는지 확인

rule-apiserver-path-blocked = 네트워크 규칙이 노드에서 API 서버로 가는 경로를 차단함
apiserver-path-blocked-title = 노드 { $node }: TCP 443에서 API 서버에 연결할 수 없음
apiserver-path-blocked-many = 노드 { $total }개 중 { $count }개가 TCP 443에서 API 서버에 연결할 수 없음
apiserver-path-blocked-probe = 노드 { $node }, 호스트 { $host }: TCP 443 연결에 응답 없음
apiserver-path-blocked-refused = 노드 { $node }, 호스트 { $host }: TCP 443 연결이 중간에서 거부됨
apiserver-path-blocked-event = 노드 { $node }: node-problem-detector가 연결할 수 없다고 보고함, 호스트: { $host }
apiserver-path-blocked-check = 노드 { $node }: 연결 검사 실패
apiserver-path-blocked-kubelet = 노드 { $node }, 호스트 { $host }: kubelet이 TCP 443에서 응답받지 못함
apiserver-path-blocked-agent = 노드 { $node }, 호스트 { $host }: 터널 에이전트가 TCP 443에서 응답받지 못함
apiserver-path-blocked-rule = NSG { $group }, 규칙 { $rule }(우선 순위 { $priority }): API 서버 주소로 가는 아웃바운드 TCP 443 거부
apiserver-path-blocked-others = 다른 노드 { $count }개는 API 서버에 연결됨, 예: 노드 { $node }
apiserver-path-blocked-cleared = 노드 { $count }개가 API 서버에 연결됨
apiserver-path-blocked-read = 현재 상태의 규칙 확인
apiserver-path-blocked-allow = 규칙의 범위를 좁히거나 제거, 또는 그 위에서 API 서버 주소 허용, 규칙: { $rule }
apiserver-path-blocked-look = 이 노드들의 서브넷과 작동하는 노드의 서브넷에서 NSG, 경로, 방화벽 비교

authorized-ip-range-off = 권한 있는 IP 범위가 설정되지 않음
authorized-ip-range-only-own = 범위 0.0.0.0/32는 클러스터 자체의 아웃바운드 주소만 허용함. 허용되지 않은 주소: { $ip }
authorized-ip-range-add = 권한 있는 IP 범위에 주소 추가: { $ip }(플래그가 목록 전체를 대체함)

rule-authorized-ip-range-missing-client = 권한 있는 IP 범위에 클라이언트가 없음
authorized-ip-range-missing-client-title = API 서버의 권한 있는 IP 범위에 없는 클라이언트 주소: { $ip }
authorized-ip-range-missing-client-ranges = 권한 있는 IP 범위 { $count }개 어디에도 없는 주소: { $ip }
authorized-ip-range-missing-client-address = 클라이언트의 주소: { $ip }
authorized-ip-range-missing-client-dial = 클라이언트의 연결에 응답 없음, 호스트: { $host }
authorized-ip-range-missing-client-answered = API 서버가 클라이언트에 응답함
authorized-ip-range-missing-client-inside = 권한 있는 IP 범위에 있는 주소: { $ip }

rule-authorized-ip-range-missing-egress = 권한 있는 IP 범위에 클러스터 자체의 송신 주소가 없음
authorized-ip-range-missing-egress-title = 권한 있는 IP 범위에 없는 클러스터 송신 주소: { $ip }
authorized-ip-range-missing-egress-ranges = 권한 있는 IP 범위 { $count }개 어디에도 없는 주소: { $ip }. 자동으로 추가하지 않는 아웃바운드 형식: { $outbound }
authorized-ip-range-missing-egress-public-ip = 노드의 송신 경로: { $name }, 주소: { $ip }
authorized-ip-range-missing-egress-audit = 사용자 { $user }: 출발 주소 { $ip }
authorized-ip-range-missing-egress-lost = 노드 { $total }개 중 { $count }개의 API 서버 연결이 끊김
authorized-ip-range-missing-egress-nodes = API 서버에 연결되는 노드가 있음
authorized-ip-range-missing-egress-inside = 권한 있는 IP 범위에 있는 송신 주소: { $ip }
authorized-ip-range-missing-egress-own = AKS는 클러스터 부하 분산 장치의 아웃바운드 주소를 스스로 허용함
authorized-ip-range-missing-egress-restart = 노드가 다시 Ready 상태가 되면 터널 에이전트 다시 연결

rule-private-cluster-client-outside = 클러스터는 프라이빗이고 클라이언트는 외부에 있음
private-cluster-client-outside-title = 클라이언트가 프라이빗 네트워크 외부에 있음, 클러스터: { $cluster }
private-cluster-client-outside-unnamed = 클라이언트가 클러스터의 프라이빗 네트워크 외부에 있음
private-cluster-client-outside-private = API 서버에 프라이빗 주소만 있음
private-cluster-client-outside-unresolved = 클라이언트의 확인자가 모르는 이름: { $host }
private-cluster-client-outside-timeout = 클라이언트의 연결에 응답 없음, 호스트: { $host }
private-cluster-client-outside-address = 클라이언트에서 이름이 프라이빗 주소로 확인됨: { $address }
private-cluster-client-outside-node = 노드 { $node }: API 서버에 연결됨. 클러스터는 정상임
private-cluster-client-outside-public = 프라이빗 클러스터가 아님
private-cluster-client-outside-answered = API 서버가 클라이언트에 응답함
private-cluster-client-outside-invoke = Azure를 통해 네트워크 내부에서 kubectl 실행
private-cluster-client-outside-network = 가상 네트워크, 피어링된 네트워크 또는 VPN에서 연결하고, 프라이빗 영역을 연결하여 이름이 확인되게 하기: { $name }

rule-snat-ports-exhausted = SNAT 포트가 고갈됨
snat-ports-exhausted-title = 아웃바운드 연결 { $count }개가 SNAT 포트를 얻지 못함
snat-ports-exhausted-near-title = 노드 { $node }: SNAT 포트를 거의 모두 사용함
snat-ports-exhausted-failed = SnatConnectionCount(상태 Failed): 한 간격 동안 포트가 없어 실패한 연결 { $count }개
snat-ports-exhausted-used = 노드 { $node }: 포트 { $allocated }개 중 { $used }개 사용
snat-ports-exhausted-peer = 노드 { $node }: 연결 { $count }개, 대상: { $peer }
snat-ports-exhausted-none-failed = 포트가 없어 실패한 연결이 없음
snat-ports-exhausted-health-title = 부하 분산 장치의 SNAT 포트가 고갈됨
snat-ports-exhausted-health = 부하 분산 장치의 상태 이벤트: { $message }
snat-ports-exhausted-drops-title = NAT 게이트웨이가 삭제한 패킷: { $count }개
snat-ports-exhausted-drops = NAT 게이트웨이가 삭제한 패킷 { $count }개. 포트 부족 때문인지는 SNATConnectionCount 메트릭으로 확인
snat-ports-exhausted-room = 포트를 거의 다 쓴 노드가 없음
snat-ports-exhausted-few-drops = NAT 게이트웨이가 삭제한 패킷은 { $count }개뿐이며, 종료된 연결에서 나타나는 정도임
snat-ports-exhausted-routing = 부하 분산 장치가 아니라 방화벽이 아웃바운드 연결의 주소를 변환함
snat-ports-exhausted-pool = 그 대상의 클라이언트가 연결을 다시 사용하거나 프라이빗 엔드포인트로 연결하게 하기
snat-ports-exhausted-ports = 부하 분산 장치에 주소를, 노드에 포트를 더 할당
snat-ports-exhausted-nat = 또는 클러스터를 NAT Gateway로 옮기기
snat-ports-exhausted-gateway = NAT Gateway에 공용 주소 추가

rule-conntrack-table-full = 연결 추적 테이블이 가득 참
conntrack-table-full-title = 노드 { $node }: 연결 추적 테이블이 가득 참
conntrack-table-full-kernel = 노드 { $node }: 테이블이 가득 차 커널이 패킷을 드롭함({ $count }행)
conntrack-table-full-usage = 항목 { $max }개 중 { $count }개 사용 중
conntrack-table-full-room = 항목 { $max }개 중 { $count }개 사용 중: 여유 있음
conntrack-table-full-who = 노드에서 항목을 차지한 것 확인
conntrack-table-full-raise = 지금 제한 올리기
conntrack-table-full-keep = 유지하려면 노드 풀의 Linux OS 구성에서 netNfConntrackMax를 설정하고, 클라이언트가 연결을 다시 사용하게 하기

rule-network-policy-denies-system-traffic = 네트워크 정책이 시스템 트래픽을 거부함
network-policy-denies-system-traffic-title-dns = NetworkPolicy { $namespace }/{ $name }: Pod에서 DNS로 가는 트래픽 차단
network-policy-denies-system-traffic-title-api = NetworkPolicy { $namespace }/{ $name }: 시스템 Pod에서 API 서버로 가는 트래픽 차단
network-policy-denies-system-traffic-title-tunnel = NetworkPolicy { $namespace }/{ $name }: API 서버에서 백 엔드로 가는 트래픽 차단
network-policy-denies-system-traffic-selects = NetworkPolicy { $name }: Pod { $count }개를 격리하며, 트래픽을 허용하는 정책이 없음
network-policy-denies-system-traffic-lookup = Pod { $pod }: 이름 조회에 응답 없음, 이름: { $name }
network-policy-denies-system-traffic-dial = Pod { $pod }: API 서버에서 응답받지 못함
network-policy-denies-system-traffic-call = 네임스페이스로 가는 API 서버의 호출에 응답 없음
network-policy-denies-system-traffic-not-ready = Pod { $pod }: 정책이 생긴 뒤 Ready 상태가 아니게 됨
network-policy-denies-system-traffic-none = 네트워크 정책이 없음
network-policy-denies-system-traffic-allowed = 정책 { $count }개가 모두 시스템 트래픽을 허용함
network-policy-denies-system-traffic-show = 정책 확인
network-policy-denies-system-traffic-allow-dns = 네임스페이스 { $namespace }: kube-system의 kube-dns Pod로 가는 UDP 및 TCP 53 송신 허용
network-policy-denies-system-traffic-allow-api = kube-system에서 API 서버로 가는 TCP 443 송신 허용
network-policy-denies-system-traffic-allow-tunnel = 네임스페이스 { $namespace }: kube-system(konnectivity-agent)에서 서비스 포트로 오는 수신 허용

rule-apiserver-address-changed = API 서버의 주소가 변경됨
apiserver-address-changed-title = API 서버의 주소가 변경됨, 이전: { $old }, 현재: { $new }
apiserver-address-changed-hosts = hosts 항목에 남아 있는 이전 주소: { $old }
apiserver-address-changed-dead = 주소 { $old }: TCP 443에서 응답 없음
apiserver-address-changed-now = 이름 서버의 현재 응답: { $new }
apiserver-address-changed-restart = 클러스터가 다시 시작됨: 이때 주소가 바뀔 수 있음
apiserver-address-changed-answered = API 서버가 클라이언트에 응답함
apiserver-address-changed-same = 클라이언트가 노드와 같은 주소로 확인함: { $address }
apiserver-address-changed-look = 이름 서버에 현재 주소 조회
apiserver-address-changed-hosts-step = hosts 파일에서 API 서버의 행 제거
apiserver-address-changed-flush = 확인자의 캐시를 비우거나 kubeconfig를 다시 가져오기
rule-apiserver-not-answering-client = API 서버가 클라이언트에 쓸 수 있는 응답을 주지 않음
apiserver-not-answering-client-unresolved = 클라이언트의 확인자가 API 서버의 이름을 모름{ $host ->
    [none] {""}
   *[other] : { $host }
}
apiserver-not-answering-client-resolver = 클라이언트에 응답하는 확인자가 없음{ $host ->
    [none] {""}
   *[other] , 이름: { $host }
}
apiserver-not-answering-client-timeout = 클라이언트의 연결에 응답이 없음, 대상: { $host ->
    [none] API 서버
   *[other] { $host }
}
apiserver-not-answering-client-refused = 클라이언트의 연결이 거부됨, 대상: { $host ->
    [none] API 서버
   *[other] { $host }
}
apiserver-not-answering-client-route = 클라이언트에서 가는 경로가 없음, 대상: { $host ->
    [none] API 서버
   *[other] { $host }
}
apiserver-not-answering-client-handshake = TLS 핸드셰이크에 응답이 없음, 대상: { $host ->
    [none] API 서버
   *[other] { $host }
}
apiserver-not-answering-client-handshake-cut = TLS 핸드셰이크가 끊김, 대상: { $host ->
    [none] API 서버
   *[other] { $host }
}
apiserver-not-answering-client-authority = 클라이언트가 API 서버 인증서의 서명 기관을 모름
apiserver-not-answering-client-name = API 서버의 인증서가 요청한 이름의 것이 아님{ $host ->
    [none] {""}
   *[other] : { $host }
}
apiserver-not-answering-client-early = 클라이언트가 API 서버의 인증서를 아직 유효하지 않은 것으로 봄
apiserver-not-answering-client-truncated = API 서버의 응답이 도중에 잘림
apiserver-not-answering-client-plain = 응답하는 것이 TLS를 쓰지 않음, 주소: { $host ->
    [none] API 서버의 주소
   *[other] { $host }
}
apiserver-not-answering-client-throttled = API 서버가 클라이언트의 모든 요청을 429로 돌려보냄
apiserver-not-answering-client-failing = API 서버가 클라이언트의 모든 요청에 자체 오류로 응답함
apiserver-not-answering-client-path = 응답하는 것은 API 서버가 아님(/version을 모름), 주소: { $host ->
    [none] API 서버의 주소
   *[other] { $host }
}
apiserver-not-answering-client-cut = API 서버가 클라이언트의 연결을 받은 뒤 응답 없이 닫음{ $host ->
    [none] {""}
   *[other] : { $host }
}
apiserver-not-answering-client-silent = API 서버가 클라이언트의 요청에 응답하지 않음{ $host ->
    [none] {""}
   *[other] : { $host }
}
apiserver-not-answering-client-said = 클라이언트의 명령 { $count }개가 이렇게 끝났고, 성공한 명령은 없음
apiserver-not-answering-client-resolves = { $name }: 확인된 주소 { $address }
apiserver-not-answering-client-no-name = { $name }: 이름이 확인되지 않음
apiserver-not-answering-client-connects = TCP 연결 자체는 맺어짐
apiserver-not-answering-client-connects-not = 단순한 TCP 연결도 실패함
apiserver-not-answering-client-no-handshake = TCP는 연결되지만 TLS 핸드셰이크가 끝나지 않음
apiserver-not-answering-client-answered = API 서버가 클라이언트의 명령에 응답함
apiserver-not-answering-client-look-up = 여기와 다른 네트워크에서 이름을 조회: 일부만 아는 이름은 프라이빗 영역의 것이거나 오래된 kubeconfig의 것임
apiserver-not-answering-client-health = API 서버가 보는 자신의 상태를 조회
apiserver-not-answering-client-configured = kubeconfig의 서버와 인증 기관을 클러스터의 것과 비교
apiserver-not-answering-client-middle = 중간에 있는 것을 찾기: 프록시, TLS를 검사하는 방화벽, 또는 과부하된 API 서버
apiserver-not-answering-client-elsewhere = 다른 네트워크에서 시도: 거기서 되면 결함은 여기와 API 서버 사이에 있음
apiserver-not-answering-client-node = API 서버가 필요 없는 노드에서 수집: 이 명령의 출력을 노드에서 실행

rule-snat-plan-too-small = 노드 풀이 아웃바운드 포트 수를 넘어 커질 수 있음
snat-plan-too-small-title = 아웃바운드 포트는 노드 { $nodes }개분, 노드 풀의 최댓값은 { $most }개
snat-plan-too-small-says = 노드 { $nodes }개에 포트 { $ports }개씩이면 { $wanted }개, 공용 IP의 포트는 { $there }개
snat-plan-too-small-cleared = 노드 { $nodes }개에 포트 { $ports }개씩 할당할 수 있음
snat-plan-too-small-do = 공용 IP를 추가하거나 노드당 포트 수를 줄임
