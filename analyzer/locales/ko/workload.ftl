# 워크로드 규칙.

rule-container-crash-loop = 컨테이너가 반복해서 크래시됨
container-crash-loop-title = { $namespace }/{ $workload }: 반복해서 크래시됨(Pod { $count }개)
container-crash-loop-died = Pod { $pod }: 다시 시작 { $restarts }회, 마지막 실행의 종료 코드 { $exit }({ $meaning })
container-crash-loop-waits = Pod { $pod }: { $restarts }회 다시 시작된 뒤 CrashLoopBackOff 상태임
container-crash-loop-logs = 종료되기 전의 로그 확인
container-crash-loop-cleared = Pod { $count }개 중 CrashLoopBackOff 상태인 것이 없음

rule-image-pull-failing = 이미지를 가져올 수 없음
image-pull-failing-title = Pod { $count }개가 이미지를 가져올 수 없음: { $why }
image-pull-failing-event = kubelet 메시지: { $message }
image-pull-failing-waits = Pod { $pod }: 이미지를 기다리는 중
image-pull-failing-do-access = 클러스터 ID에 가져오기 권한(AcrPull)을 부여하거나 레지스트리 방화벽에 규칙 추가
image-pull-failing-do-name = 이미지의 이름, 태그 또는 플랫폼 수정
image-pull-failing-do-rate = 자체 레지스트리를 통해 가져오거나 공용 레지스트리에 로그인
image-pull-failing-do-read = 레지스트리의 응답 확인
image-pull-failing-cleared = Pod { $count }개 중 이미지를 기다리는 것이 없음

rule-container-oom-killed = 컨테이너가 메모리 제한에 도달해 종료됨
container-oom-killed-title = { $namespace }/{ $workload }: 메모리 제한에 도달해 종료됨(Pod { $count }개)
container-oom-killed-says = Pod { $pod }, 컨테이너 { $container }: OOMKilled(제한: { $limit }, 다시 시작 { $restarts }회)
container-oom-killed-do = 사용량을 제한과 비교한 뒤 제한을 올리거나 누수 수정
container-oom-killed-untold = 다시 시작된 Pod { $count }개는 표에만 있고, 종료 이유는 표에 없음
container-oom-killed-cleared = Pod { $count }개 중 최근 OOMKilled된 것이 없음

rule-pods-unschedulable = Pod가 노드를 찾지 못함
pods-unschedulable-title = Pod { $count }개가 노드를 찾지 못함: { $reason }
pods-unschedulable-says = 스케줄러 메시지, Pod { $pod }: { $message }
pods-unschedulable-do = 그중 하나에 대해 스케줄러가 알린 이유 확인
pods-unschedulable-cleared = Pod { $count }개 중 스케줄러가 오래 노드를 배정하지 못한 것이 없음

rule-autoscaler-cannot-grow = 클러스터 자동 크기 조정기가 노드를 추가할 수 없음
autoscaler-cannot-grow-title = 클러스터 자동 크기 조정기가 노드를 추가할 수 없음: { $why }
autoscaler-cannot-grow-says = { $text }
autoscaler-cannot-grow-do = 자동 크기 조정기의 상태를 확인한 뒤 최댓값이나 할당량을 올리거나 다른 VM 크기 또는 영역 선택
autoscaler-cannot-grow-cleared = Pending 상태인 Pod와 실패한 스케일 업이 없음

rule-pod-sandbox-failing = Pod 샌드박스를 만들 수 없음
pod-sandbox-failing-title = 노드 { $nodes }개에서 Pod { $count }개의 샌드박스를 만들 수 없음
pod-sandbox-failing-says = kubelet 메시지: { $message }
pod-sandbox-failing-nodes = 네트워크 플러그인이 준비되지 않은 노드 { $count }개: Pod를 시작할 수 없음
pod-sandbox-failing-node = 노드 { $node }: { $message }
pod-sandbox-failing-plugin = 노드의 네트워크 플러그인 Pod(azure-cns, cilium, calico-node) 확인
pod-sandbox-failing-do = CNI의 오류 확인
pod-sandbox-failing-cleared = 샌드박스 실패를 알리는 이벤트가 없음

rule-pod-ips-exhausted = 남은 Pod 주소가 없음
pod-ips-exhausted-slots = 모든 노드가 최대 Pod 수에 도달함
pod-ips-exhausted-title = 서브넷에 남은 Pod 주소가 없음
pod-ips-exhausted-says = { $text }
pod-ips-exhausted-do = 노드마다 주소가 몇 개인지 확인한 뒤 Pod 서브넷을 늘리거나 CNI 오버레이로 전환
pod-ips-exhausted-cleared = 네트워크를 기다리는 Pod와 주소 부족을 알리는 이벤트가 없음

rule-service-without-endpoints = 서비스에 Ready 상태인 엔드포인트가 없음
service-without-endpoints-title = 서비스 { $service }: Ready 상태인 엔드포인트가 없음
service-without-endpoints-many = 서비스 { $count }개에 Ready 상태인 엔드포인트가 없음, 예: { $service }
service-without-endpoints-says = 서비스 { $service }: Ready 상태인 주소가 없음
service-without-endpoints-do = 엔드포인트가 무엇을 기다리는지 확인
service-without-endpoints-cleared = Pod를 두려는 모든 서비스에 Ready 상태인 엔드포인트가 있음

rule-namespace-stuck-terminating = 네임스페이스가 삭제되지 않음
namespace-stuck-terminating-title = 네임스페이스 { $namespace }: Terminating 상태에서 삭제되지 않음
namespace-stuck-terminating-says = 대기 중인 네임스페이스 { $namespace }: { $message }
namespace-stuck-terminating-do = 무엇을 기다리는지 확인. finalizer를 강제로 제거하지 말 것
namespace-stuck-terminating-cleared = 네임스페이스 { $count }개 중 멈춘 것이 없음

rule-object-stuck-by-finalizer = 개체가 finalizer를 기다림
object-stuck-by-finalizer-title = { $kind } { $name }: 삭제가 막힘, finalizer: { $finalizer }
object-stuck-by-finalizer-says = 개체 { $name }: 삭제되었으나 finalizer가 남아 있음, finalizer: { $finalizer }
object-stuck-by-finalizer-many = { $kind } 개체 { $count }개: 삭제가 막힘, finalizer: { $finalizer }
object-stuck-by-finalizer-namespace = 네임스페이스 { $namespace }의 개체: 삭제가 막힘, finalizer: { $finalizer }
object-stuck-by-finalizer-remaining = 대기 중인 네임스페이스 { $namespace }: { $message }
object-stuck-by-finalizer-do = 무엇이 막고 있는지 확인하고 finalizer를 소유한 컨트롤러 복구
object-stuck-by-finalizer-cleared = 개체 { $count }개 중 제거되지 않는 finalizer를 기다리는 것이 없음

rule-disruption-budget-blocks-drain = 중단 예산이 드레인을 막음
disruption-budget-blocks-drain-title = PodDisruptionBudget { $budget }: 중단을 허용하지 않아 드레인을 막음
disruption-budget-blocks-drain-some = PodDisruptionBudget이 드레인을 막음
disruption-budget-blocks-drain-went-on = 축출이 PodDisruptionBudget 때문에 대기했으나 이후의 축출은 성공함
disruption-budget-blocks-drain-says = PodDisruptionBudget { $budget }: 허용된 중단 0개, 예상 { $expected }개 중 정상 { $healthy }개, 필요 { $desired }개
disruption-budget-blocks-drain-refused = 축출이 거부됨: { $text }
disruption-budget-blocks-drain-do = 한 번에 Pod 하나씩 중단 허용(또는 복제본 하나 추가)
disruption-budget-blocks-drain-cleared = { $count ->
    [0] 중단 예산이 없음
    [one] 하나뿐인 중단 예산이 Pod를 붙잡지 않음
   *[other] 중단 예산 { $count }개 중 Pod를 붙잡는 것이 없음
}
disruption-budget-blocks-drain-idle = PodDisruptionBudget { $budget }: 중단을 허용하지 않지만 거부된 축출이 없음

rule-quota-exceeded = 할당량이 새 개체를 막음
quota-exceeded-title = 할당량 { $quota }: 모두 사용됨, 네임스페이스: { $namespace }
quota-exceeded-says = 컨트롤러 메시지: { $message }
quota-exceeded-status = 할당량 { $quota }: status에 사용량이 나타남
quota-exceeded-do = 할당량을 사용하는 것을 확인한 뒤 할당량을 올리거나 일부 비우기
quota-exceeded-cleared = 할당량 초과를 알리는 이벤트가 없음

rule-mass-eviction = 많은 Pod가 축출됨
mass-eviction-title = Pod { $count }개가 축출됨
mass-eviction-says = Pod { $pod }: { $message }
mass-eviction-do = 축출된 것의 목록 확인
mass-eviction-cleared = Pod { $count }개 중 축출된 것이 3개 미만임

rule-probes-failing-on-one-node = 한 노드에서 여러 워크로드의 프로브가 실패함
probes-failing-on-one-node-title = 노드 { $node }: 워크로드 { $count }개의 프로브 시간 초과
probes-failing-on-one-node-says = 워크로드 { $workload }: { $message }
probes-failing-on-one-node-do = 노드에 무엇이 부족한지 확인
probes-failing-on-one-node-cleared = 여러 워크로드의 프로브 시간이 초과된 노드가 없음

rule-kube-proxy-stale = kube-proxy가 작동하지 않거나 규칙을 쓸 수 없음
kube-proxy-stale-title = 노드 { $node }: kube-proxy가 작동하지 않거나 규칙을 쓸 수 없음
kube-proxy-stale-many = 노드 { $count }개에서 kube-proxy가 작동하지 않거나 규칙을 쓸 수 없음
kube-proxy-stale-log = kube-proxy 메시지: { $message }
kube-proxy-stale-pod = 노드 { $node }, Pod { $pod }: Ready 상태가 아님
kube-proxy-stale-waits = 노드 { $node }의 { $pod }: { $reason } 상태로 대기 중
kube-proxy-stale-metric = 노드 { $node }의 kube-proxy: 변경 사항을 { $seconds }초 동안 쓰지 못함, 실패 { $failures }회
kube-proxy-stale-do = kube-proxy 다시 시작
kube-proxy-stale-cilium = 데이터 평면이 Cilium임: 설계상 kube-proxy가 없음
kube-proxy-stale-cleared = 모든 kube-proxy가 Ready 상태임({ $ready }개)

rule-system-component-single-replica = 시스템 구성 요소가 하나만 실행됨
system-component-single-replica-title = { $name }: 노드가 { $nodes }개인데 복제본이 1개뿐
system-component-single-replica-says = { $name }의 원하는 복제본 수가 1
system-component-single-replica-cleared = { $name }의 원하는 복제본 수: { $count }
system-component-single-replica-do = 복제본을 2개로 늘리거나 자동 크기 조정기의 최솟값을 2로 설정

rule-system-pods-evicted = 시스템 Pod가 축출됨
system-pods-evicted-title = kube-system의 Pod { $count }개가 축출됨
system-pods-evicted-says = { $pod } 축출됨: { $message }
system-pods-evicted-cleared = kube-system에서 축출된 Pod 없음
system-pods-evicted-do = 노드에 부족했던 리소스를 확인한 뒤 시스템 Pod에 우선 순위 클래스와 요청량 설정
