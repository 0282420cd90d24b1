# 플랫폼 규칙.

rule-cluster-not-reconciling = Azure가 클러스터를 조정하지 않음
cluster-not-reconciling-title = 클러스터 { $name }: 실패 또는 중지 상태이며 Azure가 조정하지 않음
cluster-not-reconciling-state = 클러스터 { $name }, provisioningState: { $state }
cluster-not-reconciling-stopped = 클러스터 { $name }: 중지됨
cluster-not-reconciling-pool = 노드 풀 { $pool }, provisioningState: { $state }
cluster-not-reconciling-do = 마지막 작업의 문제 해결. 빈 업데이트를 실행하면 클러스터가 조정됨
cluster-not-reconciling-cleared = 클러스터 { $name }, provisioningState: { $state }

rule-azure-api-throttled = Azure Resource Manager가 구독을 제한함
azure-api-throttled-title = Azure Resource Manager가 이 구독을 제한함(429)
azure-api-throttled-says = { $text }
azure-api-throttled-do = Azure를 자주 호출하는 주체를 찾아 호출 간격 늘리기
azure-api-throttled-cleared = Azure의 제한을 알리는 이벤트가 없음

rule-load-balancer-not-provisioned = 부하 분산 장치가 주소를 받지 못함
load-balancer-not-provisioned-title = 서비스 { $service }: 부하 분산 장치를 받지 못함
load-balancer-not-provisioned-says = 서비스 컨트롤러 메시지: { $message }
load-balancer-not-provisioned-pending = 서비스 { $service }: 아직 주소가 없음
load-balancer-not-provisioned-do = 서비스 컨트롤러의 이벤트 확인
load-balancer-not-provisioned-cleared = 모든 LoadBalancer 서비스에 주소가 있음

rule-cluster-identity-expired = 클러스터의 ID가 받아들여지지 않음
cluster-identity-expired-title = 클러스터의 서비스 주체가 더 이상 받아들여지지 않음({ $code })
cluster-identity-expired-rights-title = 클러스터의 ID에 Azure 권한이 없음
cluster-identity-expired-says = Azure 응답: { $text }
cluster-identity-expired-do-secret = 서비스 주체의 새 비밀을 만들고 클러스터에도 적용
cluster-identity-expired-do-rights = 오류에 나온 역할을 클러스터의 ID에 부여
cluster-identity-expired-cleared = Azure 인증 오류를 알리는 이벤트가 없음

rule-volume-attach-failing = 볼륨을 연결할 수 없음
volume-attach-failing-title = Pod { $count }개의 볼륨을 연결하거나 탑재할 수 없음
volume-attach-failing-says = { $message }
volume-attach-failing-attachments = 볼륨 { $count }개를 연결할 수 없음, 예: { $volume }
volume-attach-failing-do = 어떤 볼륨이 무엇을 기다리는지 확인
volume-attach-failing-cleared = 볼륨 연결 실패를 알리는 이벤트가 없음

rule-version-skew-unsupported = kubelet과 API 서버의 버전 차이가 너무 큼
version-skew-unsupported-title = 노드 { $count }개의 kubelet이 지원 범위를 벗어남, API 서버 버전: { $server }
version-skew-unsupported-says = 노드 { $node }: 버전 { $version }
version-skew-unsupported-do = 뒤처진 노드 풀 업그레이드
version-skew-unsupported-cleared = 모든 kubelet이 지원 범위 안에 있음, API 서버 버전: { $version }

rule-system-pool-untainted = 사용자 Pod가 시스템 노드 풀을 채움
system-pool-untainted-title = 테인트 없는 시스템 풀 { $pool }: 노드 { $count }개를 사용자 Pod가 채움
system-pool-untainted-says = { $node }: CPU 요청 { $percent } %, 그중 사용자 Pod { $users } %
system-pool-untainted-pod = { $pod }: 시스템 노드 { $node }에서 실행됨
system-pool-untainted-cleared = { $node }에 CriticalAddonsOnly 테인트 있음
system-pool-untainted-do = 사용자 Pod에 별도 노드 풀을 준 뒤 시스템 풀에 테인트 설정

rule-system-pool-burstable = 시스템 노드 풀이 버스트 가능 VM에서 실행됨
system-pool-burstable-title = 시스템 풀 { $pool }: 버스트 가능 VM({ $size })에서 실행됨
system-pool-burstable-says = 노드 풀 { $pool }의 VM 크기: { $size }
system-pool-burstable-spent = VM의 CPU 크레딧이 소진됨
system-pool-burstable-cleared = 시스템 풀의 VM 크기: { $size }
system-pool-burstable-do = 다른 시리즈의 시스템 풀을 추가한 뒤 이 풀을 제거

rule-proxy-bypass-incomplete = 프록시 없이 접근해야 할 주소가 noProxy에 없음
proxy-bypass-incomplete-title = 노드가 프록시 없이 접근해야 할 주소 { $count }개가 noProxy에 없음
proxy-bypass-incomplete-says = noProxy에 포함되지 않음: { $missing }
proxy-bypass-incomplete-cleared = noProxy가 API 서버, 서비스, Azure 플랫폼 주소를 모두 포함
proxy-bypass-incomplete-do = effectiveNoProxy를 확인하고 빠진 항목을 noProxy에 추가

rule-system-pool-on-one-node = 시스템 노드 풀에 노드가 하나뿐임
system-pool-on-one-node-title = 시스템 풀 { $pool }: 노드가 하나뿐이라 잃으면 시스템 구성 요소도 함께 중단됨
system-pool-on-one-node-count = System 모드 노드 풀 { $pool }: count 1, 노드가 있는 다른 시스템 풀 없음
system-pool-on-one-node-second = { $node }에도 시스템 풀의 레이블 있음: 업그레이드 중의 노드이거나 Azure가 세지 않는 노드
system-pool-on-one-node-label = kubernetes.azure.com/mode=system 레이블이 있는 노드: { $node } 하나뿐
system-pool-on-one-node-others = 다른 노드 풀의 노드: { $count }개
system-pool-on-one-node-cleared = 시스템 풀의 노드: { $count }개
system-pool-on-one-node-look = 이 노드에서 실행 중인 Pod 확인
system-pool-on-one-node-do = 시스템 풀의 노드를 3개로 늘리기
