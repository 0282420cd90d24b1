# 노드 규칙.
rule-node-not-ready = 준비 안 됨(NotReady) 상태의 노드
node-not-ready-title = 노드 { $node }: 준비 안 됨(NotReady)
node-not-ready-many = 노드 { $total }개 중 { $count }개가 준비 안 됨(NotReady) 상태임
node-not-ready-unknown = API 서버가 더 이상 상태를 받지 못함, 노드 { $node }: { $message }
node-not-ready-false = kubelet이 Ready 상태가 아니라고 보고함, 노드 { $node }: { $message }
node-not-ready-describe = 노드의 조건과 이벤트 확인
node-not-ready-cleared = { $nodes ->
    [one] 하나뿐인 노드가 Ready 상태임
   *[other] 노드 { $nodes }개가 모두 Ready 상태임
}
rule-node-memory-pressure = 노드의 메모리 부족
node-memory-pressure-title = 노드 { $node }: 메모리 부족
node-memory-pressure-many = 노드 { $count }개의 메모리 부족
node-memory-pressure-condition = kubelet이 MemoryPressure를 설정함, 노드 { $node }: { $message }
node-memory-pressure-taint = 노드 { $node }: memory-pressure 테인트가 있음
node-memory-pressure-event = 노드 { $node }: NodeHasInsufficientMemory 보고
node-memory-pressure-reclaim = 노드 { $node }: 메모리 축출 임계값에 도달함
node-memory-pressure-oom = 커널이 메모리 부족으로 프로세스를 종료함, 노드 { $node }: { $message }
node-memory-pressure-evicted = 축출된 Pod: { $pod }, 메시지: { $message }
node-memory-pressure-kernel = 노드 { $node }: 커널이 프로세스를 종료함({ $process }). 컨테이너 제한이 아니라 노드의 메모리가 부족했음
node-memory-pressure-journal = 노드 { $node }: 축출 관리자가 메모리를 회수 중
node-memory-pressure-available = 노드 { $node }: 사용 가능한 메모리 { $mebibytes } MiB
node-memory-pressure-stalled = 노드 { $node }: 마지막 1분의 { $percent } % 동안 모든 작업이 메모리를 기다림
node-memory-pressure-describe = 노드에 있는 Pod의 요청 및 제한을 노드 용량과 비교
node-memory-pressure-cordon = 확인하는 동안 다른 Pod가 배치되지 않게 하기
node-memory-pressure-limits = 가장 큰 Pod에 메모리 요청 및 제한을 설정하거나 더 큰 노드로 옮기기
node-memory-pressure-cleared = { $nodes ->
    [one] 하나뿐인 노드의 MemoryPressure가 False임
   *[other] 노드 { $nodes }개 모두 MemoryPressure가 False임
}
rule-node-disk-pressure = 노드의 디스크가 가득 참
node-disk-pressure-title = 노드 { $node }: 디스크가 가득 참
node-disk-pressure-many = 노드 { $count }개의 디스크가 가득 참
node-disk-pressure-condition = kubelet이 DiskPressure를 설정함, 노드 { $node }: { $message }
node-disk-pressure-taint = 노드 { $node }: disk-pressure 테인트가 있음
node-disk-pressure-event = 노드 { $node }: NodeHasDiskPressure 보고
node-disk-pressure-reclaim = 노드 { $node }: 디스크 축출 임계값에 도달함
node-disk-pressure-garbage = 제거할 이미지를 찾지 못함, 노드 { $node }: { $message }
node-disk-pressure-evicted = 축출된 Pod: { $pod }, 메시지: { $message }
node-disk-pressure-inodes = 노드 { $node }, 탑재 지점 { $mount }: inode { $percent } % 사용
node-disk-pressure-full = 노드 { $node }, 탑재 지점 { $mount }: { $percent } % 사용
node-disk-pressure-journal = 노드 { $node }: 축출 관리자가 디스크 공간을 회수 중
node-disk-pressure-no-space = 노드 { $node }: 프로그램이 디스크에 남은 공간이 없음을 보고함({ $count }회)
node-disk-pressure-summary = 디스크를 채우는 Pod 찾기(임시 스토리지, 로그, 이미지)
node-disk-pressure-clean = 디스크를 채우는 항목 제거: 컨테이너 로그, emptyDir 볼륨, 사용하지 않는 이미지
node-disk-pressure-bigger = ephemeral-storage 제한을 설정하거나 OS 디스크가 더 큰 노드 풀 사용
node-disk-pressure-cleared = { $nodes ->
    [one] 하나뿐인 노드의 DiskPressure가 False임
   *[other] 노드 { $nodes }개 모두 DiskPressure가 False임
}
rule-node-pid-pressure = 노드에 남은 프로세스 ID(PID)가 없음
node-pid-pressure-title = 노드 { $node }: 남은 프로세스 ID(PID)가 없음
node-pid-pressure-many = 노드 { $count }개에 남은 프로세스 ID(PID)가 없음
node-pid-pressure-condition = kubelet이 PIDPressure를 설정함, 노드 { $node }: { $message }
node-pid-pressure-taint = 노드 { $node }: pid-pressure 테인트가 있음
node-pid-pressure-event = 노드 { $node }: 남은 프로세스 ID가 너무 적다고 보고함
node-pid-pressure-evicted = 축출된 Pod: { $pod }, 메시지: { $message }
node-pid-pressure-threads = 프로그램이 스레드나 프로세스를 시작하지 못함({ $count }회), 노드 { $node }: { $text }
node-pid-pressure-describe = 노드의 조건과 노드에 있는 Pod 확인
node-pid-pressure-find = 프로세스가 누수되는 Pod를 찾고 노드에 Pod별 PID 제한 설정
node-pid-pressure-cleared = { $nodes ->
    [one] 하나뿐인 노드의 PIDPressure가 False임
   *[other] 노드 { $nodes }개 모두 PIDPressure가 False임
}
rule-kubelet-unhealthy = 노드의 kubelet이 중지되었거나, 크래시가 나거나, 주기 작업을 하지 못함
kubelet-unhealthy-title = 노드 { $node }: kubelet이 비정상임
kubelet-unhealthy-many = 노드 { $count }개의 kubelet이 비정상임
kubelet-unhealthy-detector = node-problem-detector 보고, 노드 { $node }: { $message }
kubelet-unhealthy-gauge = node-problem-detector 메트릭, 노드 { $node }: { $reason }
kubelet-unhealthy-pleg-metric = 노드 { $node }: kubelet이 마지막으로 컨테이너 목록을 가져온 지 { $seconds }초가 지남
kubelet-unhealthy-restarts = kubelet이 반복해서 다시 시작됨, 노드 { $node }: { $message }
kubelet-unhealthy-pleg-condition = kubelet이 컨테이너 목록을 가져오지 못함, 노드 { $node }: { $message }
kubelet-unhealthy-event = 노드 { $node }, 보고된 이유: { $reason }, 메시지: { $message }
kubelet-unhealthy-pleg = 노드 { $node }: kubelet이 컨테이너 목록을 가져오지 못한 시간 { $ago }({ $count }회)
kubelet-unhealthy-deadlines = 노드 { $node }: 런타임이 kubelet 호출 { $count }건에 응답하지 않음
kubelet-unhealthy-skips = kubelet이 Pod 동기화를 { $count }회 건너뜀, 노드 { $node }: { $text }
kubelet-unhealthy-crashes = kubelet이 { $count }회 종료됨, 노드 { $node }: { $text }
kubelet-unhealthy-stopped = kubelet이 중지된 뒤 다시 시작되지 않음, 노드 { $node }: { $text }
kubelet-unhealthy-describe = 노드의 조건과 이벤트 확인
kubelet-unhealthy-journal = 노드에서 kubelet 저널의 마지막 행 확인
kubelet-unhealthy-restart = kubelet 다시 시작(systemctl restart kubelet) 또는 노드를 이미지로 다시 설치
kubelet-unhealthy-cleared = { $nodes ->
    [one] 하나뿐인 노드가 Ready 상태임: kubelet이 주기 작업을 수행 중
   *[other] 노드 { $nodes }개가 모두 Ready 상태임: kubelet이 주기 작업을 수행 중
}
kubelet-unhealthy-quiet = kubelet 저널 { $lines }행에 이런 오류가 없음
rule-container-runtime-down = 노드의 컨테이너 런타임이 작동하지 않음
container-runtime-down-title = 노드 { $node }: 컨테이너 런타임이 작동하지 않음
container-runtime-down-many = 노드 { $count }개의 컨테이너 런타임이 작동하지 않음
container-runtime-down-detector = node-problem-detector 보고, 노드 { $node }: { $message }
container-runtime-down-restarts = 컨테이너 런타임이 반복해서 다시 시작됨, 노드 { $node }: { $message }
container-runtime-down-condition = kubelet 보고, 노드 { $node }: { $message }
container-runtime-down-event = 컨테이너 런타임이 작동하지 않는다고 보고함, 노드 { $node }: { $message }
container-runtime-down-kubelet = kubelet이 컨테이너 런타임이 작동하지 않는다고 { $count }회 보고함, 노드 { $node }: { $text }
container-runtime-down-socket = 노드 { $node }: kubelet이 소켓을 { $count }회 열지 못함, 소켓: { $socket }
container-runtime-down-unit = 런타임 서비스가 { $count }회 실패함, 노드 { $node }: { $text }
container-runtime-down-describe = 노드의 조건과 이벤트 확인
container-runtime-down-journal = 노드에서 런타임 저널 확인: 마지막 오류가 시작되지 않는 이유를 알려 줌
container-runtime-down-drain = 노드의 Pod를 옮기고 노드를 이미지로 다시 설치
container-runtime-down-cleared = 노드 { $nodes }개 중 컨테이너 런타임이 없다고 보고하는 kubelet이 없음
rule-node-kernel-or-filesystem-fault = 노드의 커널이 멈추거나 파일 시스템이 손상됨
node-kernel-fault-title = 노드 { $node }: 커널 또는 파일 시스템 결함
node-kernel-fault-many = 노드 { $count }개의 커널 또는 파일 시스템 결함
node-kernel-fault-condition = 노드 { $node }, 조건: { $kind }, 메시지: { $message }
node-kernel-fault-gauge = node-problem-detector 메트릭, 노드 { $node }: { $kind }({ $reason })
node-kernel-fault-event = 노드 { $node }, 보고된 이유: { $reason }, 메시지: { $message }
node-kernel-fault-kernel = 커널 메시지({ $count }회), 노드 { $node }: { $text }
node-kernel-fault-system-pool = 노드 { $node }: 시스템 풀에 속하며 클러스터 자체의 Pod가 실행됨
node-kernel-fault-describe = 노드의 조건과 이벤트 확인
node-kernel-fault-drain = 노드의 Pod를 다른 노드로 옮기기
node-kernel-fault-replace = 머신 교체: 이미지로 다시 설치하거나 확장 집합에서 삭제
node-kernel-fault-cleared = { $nodes ->
    [one] 하나뿐인 노드에 커널이나 파일 시스템의 결함이 없음
   *[other] 노드 { $nodes }개 모두 커널이나 파일 시스템의 결함이 없음
}
rule-node-vm-event = 플랫폼이 노드의 머신을 회수함
node-vm-event-title = 노드 { $node }: 머신이 회수되었거나 다시 시작됨
node-vm-event-many = 노드 { $count }개의 머신이 회수되었거나 다시 시작됨
node-vm-event-rebooted = 다시 부팅된 뒤 돌아옴, 노드 { $node }: { $message }
node-vm-event-scheduled = 플랫폼의 예고, 노드 { $node }: { $message }
node-vm-event-repair = 노드 자동 복구가 조치함, 노드 { $node }: { $reason }
node-vm-event-condition = 예약된 이벤트가 있음, 노드 { $node }: { $message }
node-vm-event-boot = 노드 { $node }: 커널이 시작됨
node-vm-event-events = 다시 시작 전후의 노드 이벤트 확인
node-vm-event-spread = 이런 이벤트에 대비: 여러 복제본을 노드와 영역에 분산하고 중단 예산 설정
node-vm-event-cleared = 이벤트에 다시 부팅이나 플랫폼의 예고가 없음
node-vm-event-none = 노드 { $nodes }개 모두 대기 중인 예약된 이벤트가 없음
rule-disk-io-throttled = 노드의 디스크가 제한됨(스로틀링)
disk-io-throttled-title = 노드 { $node }: 디스크가 제한됨(스로틀링)
disk-io-throttled-many = 노드 { $count }개의 디스크가 제한됨(스로틀링)
disk-io-throttled-metric = 노드 { $node }, 메트릭 { $metric }: { $percent } % 도달, { $buckets }개 간격 동안 유지됨
disk-io-throttled-iostat = 노드 { $node }, 장치 { $device }: 사용률 { $percent } %, 요청 대기 { $wait } ms, 큐 길이 { $queue }
disk-io-throttled-stalled = 노드 { $node }: 마지막 1분의 { $percent } % 동안 모든 작업이 디스크를 기다림
disk-io-throttled-hung = 노드 { $node }, 작업 { $task }: 커널의 허용 시간보다 오래 디스크를 기다림
disk-io-throttled-pleg = 노드 { $node }: kubelet이 제시간에 컨테이너 목록을 가져오지 못함({ $count }회)
disk-io-throttled-deadlines = 노드 { $node }: 런타임이 호출 { $count }건에 응답하지 않음
disk-io-throttled-memory = 노드 { $node }: 메모리가 가득 참. 페이지 폴트를 처리하는 디스크도 같은 모습임
disk-io-throttled-pods = 노드에서 쓰기가 가장 많은 Pod 찾기
disk-io-throttled-pool = OS 디스크가 임시 디스크이거나 더 큰 노드 풀로 옮기기
disk-io-throttled-spread = 쓰기가 많은 Pod를 분산하고 로그와 데이터는 데이터 디스크에 두기
disk-io-throttled-cleared = 메트릭 { $metric }: 제한 아래로 유지됨
rule-node-cpu-starved = 노드의 프로세서가 모두 사용 중
node-cpu-starved-title = 노드 { $node }: 프로세서가 모두 사용 중
node-cpu-starved-many = 노드 { $count }개의 프로세서가 모두 사용 중
node-cpu-starved-top = 노드 { $node }: 프로세서 { $percent } % 사용
node-cpu-starved-waiting = 노드 { $node }: 마지막 1분의 { $percent } % 동안 작업이 프로세서를 기다림
node-cpu-starved-load = 노드 { $node }: 부하 { $load }, 유휴 { $idle } %
node-cpu-starved-probes = Pod { $pods }개의 프로브 시간 초과, 노드 { $node }: { $message }
node-cpu-starved-slow = 시스템 프로그램이 실행 차례를 얻지 못함({ $count }회), 노드 { $node }: { $text }
node-cpu-starved-throttled = Pod { $pod }: CPU 주기의 { $percent } %에서 제한됨
node-cpu-starved-pods = 프로세서를 사용하는 Pod와 그 요청 및 제한 찾기
node-cpu-starved-requests = CPU 제한을 설정하거나 다른 노드로 옮기기. 시스템 풀은 시스템 Pod용으로 유지
node-cpu-starved-cleared = 노드 { $nodes }개 중 프로세서를 모두 사용하는 노드가 없음

rule-system-pods-on-spot-nodes = 시스템 Pod가 스폿 노드에서 실행됨
system-pods-on-spot-nodes-title = { $name }: Azure가 회수할 수 있는 스폿 노드 { $node }에서 실행됨
system-pods-on-spot-nodes-says = { $pod }: 스폿 노드 { $node }에서 실행됨
system-pods-on-spot-nodes-cleared = { $pod }: 스폿이 아닌 노드 { $node }에서 실행됨
system-pods-on-spot-nodes-do = 스폿 노드 톨러레이션을 없애거나 시스템 노드 풀에 대한 어피니티 설정

rule-pods-per-node-over-limit = 노드의 Pod 수가 Kubernetes의 검증 범위를 넘음
pods-per-node-over-limit-title = 노드 { $count }개의 Pod 수가 Kubernetes의 검증 범위 { $limit }개를 넘음
pods-per-node-over-limit-says = { $node }: 최대 Pod { $most }개, 현재 { $pods }개
pods-per-node-over-limit-cleared = Pod가 { $limit }개를 넘는 노드 없음
pods-per-node-over-limit-do = Pod를 더 많은 노드로 분산하거나 노드 풀의 maxPods를 낮춤
