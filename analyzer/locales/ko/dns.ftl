# dns 계열 규칙.
rule-apiserver-name-unresolvable = 노드가 API 서버의 이름을 확인할 수 없음
apiserver-name-unresolvable-title = 노드가 API 서버의 이름을 확인할 수 없음
apiserver-name-unresolvable-unknown = { $node ->
    [none] 존재하지 않는 이름(NXDOMAIN): { $name }
   *[other] 노드 { $node }: 존재하지 않는 이름(NXDOMAIN): { $name }
}
apiserver-name-unresolvable-answered = { $node ->
    [none] 확인자 { $server }의 응답: 존재하지 않는 이름(NXDOMAIN, no such host), 이름: { $name }. 포트 차단이 아니라 DNS 장애임
   *[other] 노드 { $node }, 확인자 { $server }의 응답: 존재하지 않는 이름(NXDOMAIN, no such host), 이름: { $name }. 포트 차단이 아니라 DNS 장애임
}
apiserver-name-unresolvable-silent = 노드 { $node }: 이름 조회에 응답이 없음, 이름: { $name }
apiserver-name-unresolvable-failed = 노드 { $node }: 확인자가 이름 조회에 실패함, 이름: { $name }
apiserver-name-unresolvable-public = 노드 { $node }: 프라이빗 이름이 공용 주소로 확인됨, 이름: { $name }, 주소: { $address }
apiserver-name-unresolvable-complaint = 노드 { $node }: 프로그램이 이름을 확인하지 못함, 이름: { $name }
apiserver-name-unresolvable-others = 같은 곳에서 다른 이름은 확인됨: { $name }
apiserver-name-unresolvable-platform = Azure 자체 확인자는 이름을 알고 있음: { $name }. 사용자 지정 DNS 서버가 Azure에 묻지 않음
apiserver-name-unresolvable-cleared = 노드에서 확인된 이름: { $name }
apiserver-name-unresolvable-compare = 노드에서 Azure 자체 확인자와 비교
apiserver-name-unresolvable-forward = 사용자 지정 DNS 서버가 영역(privatelink.<region>.azmk8s.io)을 168.63.129.16으로 전달하게 하기
apiserver-name-unresolvable-link = 프라이빗 DNS 영역을 DNS 서버와 노드의 가상 네트워크에 연결
rule-coredns-down = CoreDNS가 작동하지 않음
coredns-down-title = Ready 상태인 CoreDNS Pod가 없음
coredns-down-unready = { $count ->
    [one] 하나뿐인 CoreDNS Pod가 Ready 상태가 아님: { $pod }
   *[other] CoreDNS Pod { $count }개 모두 Ready 상태가 아님, 예: { $pod }
}
coredns-down-scaled = coredns Deployment의 복제본 수가 0임
coredns-down-workload = coredns Deployment에 Ready 상태인 Pod가 없음
coredns-down-available = coredns Deployment에 Ready 상태인 Pod가 있음
coredns-down-killed = Pod { $pod }: 메모리 제한에 도달해 종료됨
coredns-down-state = Pod { $pod }: 컨테이너 상태 { $reason }
coredns-down-log = CoreDNS 자체 로그: { $text }
coredns-down-backoff = Pod { $pod }: kubelet이 다시 시작하기까지의 대기 시간이 계속 길어짐
coredns-down-cleared = CoreDNS Pod { $pod }: Ready 상태임
coredns-down-logs = 마지막 컨테이너가 종료된 이유 확인
coredns-down-custom = Corefile에 직접 추가한 내용 확인
coredns-down-restart = 원인을 해결한 뒤 CoreDNS 다시 시작
rule-pod-dns-failing = Pod에서 이름이 확인되지 않음
pod-dns-failing-title = Pod { $count }개에서 이름이 확인되지 않음
pod-dns-failing-lookup = Pod { $pod }: 확인되지 않는 이름 { $name }
pod-dns-failing-cleared = Pod { $pod }: 확인된 이름 { $name }
pod-dns-failing-pods = CoreDNS가 실행 중인지, 어디에서 실행되는지 확인
pod-dns-failing-layers = Pod에서 서비스 주소, 같은 노드의 CoreDNS Pod 주소, 다른 노드의 CoreDNS Pod 주소 순으로 조회: 처음 응답하는 곳이 문제 계층을 알려 줌
rule-upstream-dns-failing = 클러스터 뒤의 DNS 서버가 응답하지 않음
upstream-dns-failing-title = 클러스터 뒤의 DNS 서버가 응답하지 않음
upstream-dns-failing-node = 노드 { $node }: 이름 조회에 응답이 없음, 이름: { $name }
upstream-dns-failing-complaint = 노드 { $node }: 프로그램이 이름 조회에 응답받지 못함, 이름: { $name }
upstream-dns-failing-platform = Azure 자체 확인자는 응답함, 이름: { $name }. 문제는 사용자 지정 DNS 서버에 있음
upstream-dns-failing-platform-too = Azure 자체 확인자도 응답하지 않음, 이름: { $name }. 168.63.129.16으로 가는 경로가 차단됨
upstream-dns-failing-coredns = CoreDNS가 업스트림 서버의 응답을 받지 못함({ $count }회)
upstream-dns-failing-servfail = CoreDNS가 전체 질의의 { $percent }%에 SERVFAIL로 응답함
upstream-dns-failing-others = CoreDNS가 질의하는 서버: { $servers }. 노드는 이 서버에 질의하지 않으므로 노드의 조회 결과는 이 서버의 상태를 말해 주지 않음
upstream-dns-failing-servers = 노드 { $node }, 조회하는 서버: { $servers }
upstream-dns-failing-settle = 노드 두 개에서 외부 이름 조회, 노드 자체 확인자와 168.63.129.16 각각 사용
upstream-dns-failing-cleared = 노드 { $node }: 확인된 이름 { $name }
upstream-dns-failing-compare = 노드에서 Azure 자체 확인자와 비교
upstream-dns-failing-repair = 가상 네트워크의 DNS 서버 또는 그 경로(UDP 및 TCP 53) 복구
upstream-dns-failing-forward = 사용자 지정 DNS 서버가 168.63.129.16으로 전달하게 하고, 서버를 둘 이상 지정

rule-vnet-dns-servers-mixed = Azure DNS 서버와 다른 서버가 섞여 있음
vnet-dns-servers-mixed-title = { $name }: Azure DNS 서버와 다른 서버를 번갈아 조회
vnet-dns-servers-mixed-says = { $name }의 DNS 서버: { $servers }
vnet-dns-servers-mixed-cleared = { $name }의 DNS 서버가 한 종류임: { $servers }
vnet-dns-servers-mixed-do = 자체 DNS 서버만 지정하고 168.63.129.16으로 전달하도록 설정
