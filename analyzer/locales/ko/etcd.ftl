# etcd 계열 규칙.

rule-etcd-object-leak = etcd에 개체가 쌓임
etcd-object-leak-title = etcd에 개체가 쌓임: { $resource } { $count }개
etcd-object-leak-count = 개체 { $count }개, 리소스: { $resource }. 10,000개부터 etcd가 느려짐
etcd-object-leak-bytes = 차지하는 크기: 약 { $bytes }
etcd-object-leak-size = 데이터베이스 크기: { $bytes }
etcd-object-leak-creator = 이 로그 기간에 { $created }개 생성, { $deleted }개 삭제, 사용자: { $user }({ $agent })
etcd-object-leak-pouring = 이 로그 기간에 etcd에 남은 개체: { $resource } { $count }개, 사용자: { $user }
etcd-object-leak-dated = 이 속도로 생성된 개체 { $count }개 중 첫 번째
etcd-object-leak-pods-of-jobs = Pod { $count }개: Job이 남으면 그 Pod도 남음
etcd-object-leak-grew = 이전 스크레이프: { $before }개({ $more }개 적음)
etcd-object-leak-slow = etcd 호출에 평균 { $milliseconds } ms 걸림
etcd-object-leak-stop = 개체를 만드는 것을 중지한 뒤 제한 설정: TTL, 소유자 참조, 기록 제한, ResourceQuota
etcd-object-leak-look = 가장 오래된 개체 확인
etcd-object-leak-clean = 필요 없는 개체라면 백업한 뒤 레이블을 기준으로 나누어 삭제
etcd-object-leak-cleared = 개체가 가장 많은 형식: { $resource }, { $count }개

rule-etcd-database-near-limit = etcd의 데이터베이스가 큼
etcd-database-near-limit-title = etcd의 데이터베이스 크기: { $bytes }, 제한: { $limit }
etcd-database-near-limit-size = etcd의 파일 크기: { $bytes }
etcd-database-near-limit-size-of = 클러스터 { $cluster }: 파일 크기 { $bytes }
etcd-database-near-limit-in-use = 그중 사용 중인 크기: { $bytes }
etcd-database-near-limit-fragmented = 그중 사용 중인 크기: { $bytes }. 나머지는 조각 모음으로 되찾을 수 있는 빈 페이지임
etcd-database-near-limit-percent-title = etcd의 데이터베이스 { $percent } % 사용
etcd-database-near-limit-percent = etcd_database_usage_percentage 최댓값: { $percent } %
etcd-database-near-limit-clean = 채우는 것을 찾아(형식별 개체 수 확인) 필요 없는 것을 삭제한 뒤 etcd 조각 모음 수행
etcd-database-near-limit-cleared-share = etcd의 데이터베이스 크기: 할당량 { $limit } 중 { $bytes }
etcd-database-near-limit-cleared = etcd의 데이터베이스 크기: { $bytes }

rule-etcd-space-exceeded = etcd의 공간이 부족하여 쓰기를 받지 않음
etcd-space-exceeded-title = etcd의 공간이 부족함: 모든 쓰기가 실패하고 읽기는 작동함
etcd-space-exceeded-audit = 쓰기 { $count }건 실패, 코드 { $code }: "mvcc: database space exceeded"
etcd-space-exceeded-log = { $text }(같은 행 { $count }개)
etcd-space-exceeded-event = 이벤트, 개체 { $object }: { $message }
etcd-space-exceeded-command = { $command }: { $text }
etcd-space-exceeded-size = 데이터베이스 크기: { $bytes }
etcd-space-exceeded-free = 먼저 공간 확보: 채우고 있는 개체 삭제(할당량에 여유가 있으면 삭제는 작동함)
etcd-space-exceeded-compact = 그런 다음 각 멤버에서 압축과 조각 모음을 수행하고 경보 해제(etcdctl alarm disarm)
etcd-space-exceeded-support = AKS에서는 지원 요청 열기: etcd 조각 모음은 서비스만 할 수 있음
etcd-space-exceeded-cleared = etcd의 데이터베이스 크기: { $bytes }, 할당량에 한참 못 미침

rule-helm-history-unbounded = Helm이 릴리스의 모든 수정 버전을 보관함
helm-history-unbounded-title = Helm 릴리스 { $release }: 수정 버전 { $revisions }개 보관{ $more ->
    [0] {""}
   *[other] (다른 릴리스 { $more }개도 같음)
}
helm-history-unbounded-first = 보관된 수정 버전 { $revisions }개 중 첫 번째, 릴리스: { $release }. 기본값은 10개
helm-history-unbounded-last = 그중 마지막. 실패 또는 대기 상태: { $broken }개
helm-history-unbounded-bytes = 수정 버전 { $revisions }개가 차지하는 크기: { $bytes }. Secret을 LIST할 때마다 전부 읽음
helm-history-unbounded-size = etcd의 데이터베이스 크기: { $bytes }
helm-history-unbounded-limit = 수정 버전을 확인한 뒤 --history-max 5로 업그레이드하거나 파이프라인에서 설정
helm-history-unbounded-limit-tiller = Helm 2 서버에서 한도 설정. 더 나은 방법: 지원이 끝난 Helm 2에서 마이그레이션
helm-history-unbounded-clean = 백업한 뒤 대체된(superseded) 수정 버전 삭제
helm-history-unbounded-cleared = 기록이 가장 긴 릴리스: { $release }, 수정 버전 { $revisions }개
helm-history-unbounded-none = Helm 수정 버전을 담은 Secret이 없음

rule-etcd-memory-pressure = etcd의 메모리가 부족해짐
etcd-memory-pressure-title = etcd의 메모리가 부족해짐
etcd-memory-pressure-percent = etcd_memory_usage_percentage 최댓값: { $percent } %
etcd-memory-pressure-resident = etcd의 메모리 사용량: { $bytes }
etcd-memory-pressure-unstable = etcd의 리더가 반복해서 바뀜
etcd-memory-pressure-no-leader = etcd 멤버에 리더가 없음
etcd-memory-pressure-leaders = etcd 멤버가 본 리더 변경 횟수: { $count }
etcd-memory-pressure-leader-lines = etcd의 새 리더를 알리는 행 { $count }개: { $text }
etcd-memory-pressure-advice = 원인 찾기: 큰 LIST, 많거나 큰 개체, 쉬지 않고 쓰는 클라이언트
