# apiserver 계열 규칙.

client-load-cost = 모든 클라이언트 부하의 { $share } %, 처리 중인 요청 평균 { $busy }개, 가장 느린 요청 { $slowest }초
client-load-rejected = 이 클라이언트의 요청 { $count }개가 우선 순위 및 공정성에 의해 429로 거부됨
client-load-repeats = 요청의 대부분은 거부된 요청을 되풀이한 것: 과부하에 뒤따른 것이며 그 원인이 아닐 수 있음
client-load-denied-title = { $user }({ $agent })이(가) 거부된 요청을 반복함: 초당 { $rate }회
client-load-denied = 401 또는 403으로 거부된 이 클라이언트의 요청: { $count }건
client-load-others-rejected = 다른 클라이언트의 요청 { $count }개가 429로 거부됨
client-load-queued = 느린 요청 { $count }개가 우선 순위 및 공정성의 자리를 기다림
client-load-breach = 부하 때문에 p99가 업스트림 목표를 넘음
client-load-throttled = FlowSchema { $schema }: 이 클라이언트를 의도적으로 제한함(우선 순위 수준: { $level })
client-load-find = 다음 이름으로 실행되는 Pod 찾기: { $name }
client-load-throttle = 해결될 때까지 FlowSchema와 몫이 적은 PriorityLevelConfiguration으로 제한, 사용자: { $user }
client-load-denied-advice = 유효한 자격 증명과 필요한 권한을 부여하거나 클라이언트 중지: 거부된 요청을 반복함
client-load-cleared = 가장 바쁜 클라이언트: { $user }, { $seconds }초 동안 요청 { $requests }개
client-load-cut = 이벤트 { $total }개 중 { $count }개가 내보내기에서 잘려 비용을 알 수 없음
client-load-unread = 로그 { $total }줄 중 { $count }줄을 읽지 못함
scrape-counts-no-rejects = 번들의 스크레이프에 우선순위 및 공정성 요청 집계가 없음

rule-client-request-flood = 클라이언트가 API 서버에 요청을 과도하게 보냄
client-request-flood-title = API 서버에 요청 폭주: { $user }({ $agent }), 읽기 { $rate }회/초
client-request-flood-line = 요청 { $count }개 중 첫 번째: { $verb } { $resource }
client-request-flood-advice = 반복해서 묻는 대신 watch(informer)를 사용하게 하거나 요청 빈도 줄이기
client-request-flood-churn-title = { $user }({ $agent })이(가) 몇 초 만에 끝나는 감시(watch)를 초당 { $rate }회 시작함
client-request-flood-churn-line = 10초도 지속되지 않은 { $resource } 감시(watch) { $count }건 중 첫 번째
client-request-flood-churn-advice = 클라이언트 수정: 인포머(informer)는 감시(watch)를 몇 분 동안 유지하고 410 Gone 이후에만 다시 목록을 조회함

rule-client-watch-leak = 클라이언트에서 watch가 누수됨
client-watch-leak-title = watch 누수: { $user }({ $agent }), 열린 watch { $open }개
client-watch-leak-line = 끝나지 않은 watch { $open }개 중 첫 번째, 리소스: { $resource }
client-watch-leak-last = 그중 마지막. 분당 약 { $rate }개, 리소스 { $resources }종류
client-watch-leak-usual = 그 밖에는 watch를 { $usual }개보다 많이 연 클라이언트가 없음
client-watch-leak-metric = 열린 watch { $open }개, 리소스: { $resource }{ $before ->
    [0] {""}
   *[other] , 이전 스크레이프에서는 { $before }개
}{ $scrapes ->
    [1] {""}
   *[other] {" "}(스크레이프 { $scrapes }개 중 { $scrape }번째)
}
client-watch-leak-unnamed = 열린 watch { $open }개, 리소스: { $resource }. 클러스터에 필요한 수보다 훨씬 많음
client-watch-leak-settle = ResponseStarted 단계가 있는 감사 로그가 클라이언트를 알려 줌
client-watch-leak-advice = 클라이언트를 고치거나 다시 시작: 리소스마다 공유 watch(informer) 하나를 쓰고 끝나면 닫기
client-watch-leak-cleared = 한 리소스에 열린 watch는 많아야 { $open }개임(리소스: { $resource })
client-watch-leak-cleared-audit = watch를 계속 늘리는 클라이언트가 없음: 가장 많은 것은 { $user }, 로그 끝에서 { $open }개
client-watch-leak-none = 로그에서 시작된 감시(watch)는 모두 로그 안에서 끝남

rule-client-list-storm = 클라이언트가 컬렉션 전체를 반복해서 나열함
client-list-storm-title = 컬렉션 전체 나열 반복: { $user }({ $agent }), { $rate }회/초
client-list-storm-paged-title = 페이지 단위 LIST 반복: { $user }({ $agent }), { $rate }회/초
client-list-storm-line = 요청 { $count }개 중 첫 번째: { $verb } { $resource }
client-list-storm-advice = informer를 사용하거나, limit=으로 페이지를 나누고 resourceVersion=0으로 읽게 하기
client-list-storm-unnamed = LIST가 초당 개체 { $objects }개를 읽음(초당 LIST { $rate }회), 리소스: { $resource }
client-list-storm-settle = 읽기를 기록하는 감사 로그가 클라이언트를 알려 줌
client-list-storm-from-etcd = API 서버 시작 이후 LIST { $lists }회, 리소스: { $resource }. etcd에서 읽은 개체 { $fetched }개, 반환 { $returned }개
client-list-storm-from-cache = API 서버 시작 이후 LIST { $lists }회, 리소스: { $resource }. 캐시에서 읽은 개체 { $fetched }개, 반환 { $returned }개
client-list-storm-cleared = 두 스크레이프 사이에 비용이 가장 큰 LIST: 리소스 { $resource }, 초당 { $rate }회

rule-client-write-storm = 클라이언트가 쉬지 않고 쓰기를 수행함
client-write-storm-title = 쉬지 않는 쓰기: { $user }({ $agent }), 쓰기 { $rate }회/초
client-write-storm-line = 요청 { $count }개 중 첫 번째: { $verb } { $resource }
client-write-storm-advice = 루프 중지: 차이가 있을 때만 쓰고, 서로 충돌하는 컨트롤러 찾기
client-write-storm-cleared = 가장 많이 쓴 클라이언트: { $user }, { $seconds }초 동안 쓰기 { $writes }회
client-write-storm-none = { $seconds }초 동안 쓰기 요청 없음

rule-webhook-unreachable-blocks-writes = 허용 웹후크를 호출할 수 없어 쓰기가 차단됨
webhook-unreachable-blocks-writes-title = 웹후크 { $webhook }: 호출할 수 없어 대상 개체를 쓸 수 없음
webhook-unreachable-blocks-writes-risk = 웹후크 { $webhook }: 백 엔드가 없어 대상 개체를 쓸 수 없음
webhook-unreachable-blocks-writes-said = 호출 { $count }건 실패: { $cause }
webhook-unreachable-blocks-writes-counted = 웹후크 호출 { $count }건 실패(calling_webhook_error)
webhook-unreachable-blocks-writes-no-service = 서비스 목록에 없음: { $service }
webhook-unreachable-blocks-writes-not-ready = 서비스 { $service }: Ready 상태인 엔드포인트가 없음
webhook-unreachable-blocks-writes-policy = 구성 { $configuration }: failurePolicy가 Fail임
webhook-unreachable-blocks-writes-backend = 백 엔드 복구
webhook-unreachable-blocks-writes-settle = 이벤트나 감사 로그에서 쓰기가 거부되는지 알 수 있음
webhook-unreachable-blocks-writes-cleared = 실패로 집계된 웹후크 호출이 없음
webhook-unreachable-blocks-writes-cleared-list = 실패 시 거부하는(failurePolicy Fail) 웹후크, 전체 { $count }개 중: 호출 실패를 알리는 이벤트가 없음
webhook-unreachable-blocks-writes-over = { $webhook }: API 서버 시작 이후 실패한 호출 { $count }건, 이전 스크레이프 이후에는 없음
webhook-unreachable-blocks-writes-few = 웹후크 { $webhook }: API 서버 시작 이후 호출 { $total }건 중 { $count }건 실패
webhook-unreachable-blocks-writes-open = { $webhook }: 실패한 호출 { $count }건의 요청이 통과됨(차단된 쓰기 없음)
webhook-save = 변경하기 전에 구성 저장
webhook-delete = 백 엔드를 복구할 수 없으면 구성 삭제(컨트롤러가 정상이 되면 다시 만듦)

rule-webhook-deadlock = 허용 웹후크가 자신의 Pod를 검사하여 다시 시작할 수 없음
webhook-deadlock-title = 웹후크 { $webhook }: 시작에 자신이 필요하여 Pod를 만들 수 없음, 네임스페이스: { $namespace }
webhook-deadlock-again = 네임스페이스 { $namespace }가 Ready 상태가 될 때까지 기다린 후, { $namespace } 및 kube-system을 제외하는 namespaceSelector를 넣어 구성을 다시 적용
webhook-deadlock-refused = 자신의 Pod가 거부됨: { $cause }
webhook-deadlock-wants = 백 엔드에 Pod가 필요하지만 하나도 없음, 네임스페이스: { $namespace }
webhook-deadlock-empty = 서비스 { $service }: Ready 상태인 엔드포인트가 없음
webhook-deadlock-guards = 구성 { $configuration }: Pod 만들기를 검사하며 다음 네임스페이스를 제외하지 않음: { $namespace }
webhook-deadlock-cleared = 웹후크 { $count }개 중 자신의 백 엔드 Pod를 검사하는 것이 없음
webhook-deadlock-left-over = 웹후크 { $webhook }: 서비스가 존재하지 않음. 구성만 남아 있음
webhook-deadlock-ready = 웹후크 { $webhook }: 자신의 Pod를 검사하지만 그중 { $ready }개가 Ready 상태임

rule-webhook-slow = 허용 웹후크가 느림
webhook-slow-title = 웹후크 { $webhook }: 평균 { $seconds }초 걸림
webhook-slow-unnamed = 허용 웹후크 때문에 쓰기가 느림
webhook-slow-mean = 호출 { $calls }건, 평균 { $seconds }초
webhook-slow-p99 = 호출 100건 중 1건은 { $seconds }초 이상 걸림
webhook-slow-annotation = 느린 요청 { $count }개가 웹후크를 평균 { $seconds }초 기다림
webhook-slow-timeout = API 서버가 최대 { $seconds }초 기다림
webhook-slow-look = 웹후크의 Pod에 CPU가 부족한지 확인
webhook-slow-advice = 웹후크에 CPU나 복제본을 더 할당하고, 시간 제한을 줄이고, 규칙의 범위 좁히기
webhook-slow-cleared = 가장 느린 웹후크: { $webhook }, 평균 { $milliseconds } ms

rule-request-latency-over-slo = 요청이 목표보다 오래 걸림
request-latency-over-slo-title = { $verb } { $resource }: p99 { $seconds }초, 목표를 넘음
request-latency-over-slo-mean-title = { $verb } { $resource }: 평균 { $seconds }초, 목표를 넘음
request-latency-over-slo-audit = 가장 느린 요청, 사용자: { $user }, p99 { $seconds }초, 목표 { $limit }초
request-latency-over-slo-etcd-title = etcd 응답 지연: { $operation } { $resource } { $seconds }초(p99)
request-latency-over-slo-etcd = etcd 호출 { $count }회: p99 { $seconds }초, 평균 { $mean }초. 1초부터 etcd가 느린 것
request-latency-over-slo-timeouts-title = API 서버가 504로 중단한 요청 { $count }개: { $verb } { $resource }
request-latency-over-slo-timeouts = 요청 { $total }개 중 { $count }개가 504로 중단됨({ $verb } { $resource }), { $lately ->
    [1] 이전 스크레이프 이후
   *[other] API 서버 시작 이후
}
request-latency-over-slo-etcd-errors-title = etcd 호출 { $total }회 중 { $count }회 실패
request-latency-over-slo-etcd-errors = etcd 호출 { $total }회 중 { $count }회 실패, { $lately ->
    [1] 이전 스크레이프 이후
   *[other] API 서버 시작 이후
}. 가장 많은 호출: { $operation } { $resource }
request-latency-over-slo-metric = 요청 { $count }개의 p99 { $seconds }초, 목표 { $limit }초
request-latency-over-slo-mean = 요청 { $count }개의 평균 { $seconds }초(버킷이 수집되지 않아 p99를 알 수 없음), 목표 { $limit }초(p99)
request-latency-over-slo-cut = 이벤트 { $total }개 중 { $count }개가 내보내기에서 잘려 지연 시간이 없음
request-latency-over-slo-table = 저장된 쿼리 결과의 p99 { $seconds }초, 목표 { $limit }초
request-latency-over-slo-advice = 한 클라이언트의 호출만 느린지, 모든 호출이 느린지 확인
request-latency-over-slo-cleared = 표본이 충분한 요청 종류 중 목표를 넘은 것이 없음

rule-requests-rejected-by-priority-and-fairness = 우선 순위 및 공정성이 요청을 거부함
requests-rejected-by-priority-and-fairness-title = 우선 순위 및 공정성이 요청 { $count }개를 429로 거부함
requests-rejected-by-priority-and-fairness-log = 그중 첫 번째. 요청 { $count }개의 사용자: { $user }
requests-rejected-by-priority-and-fairness-metric = { $count }개 거부됨, FlowSchema: { $schema }, 수준: { $level }, 이유: { $reason }
requests-rejected-by-priority-and-fairness-own = FlowSchema { $schema }: 제한하려고 만든 것으로, 이 요청들은 의도적으로 거부됨
requests-rejected-by-priority-and-fairness-advice = 수준을 채우는 클라이언트 찾기. 제한을 올리는 것은 마지막 방법
requests-rejected-by-priority-and-fairness-dropped-title = API 서버가 진행 중 요청 한도 때문에 요청 { $count }개를 429로 거부함
requests-rejected-by-priority-and-fairness-dropped = 진행 중 요청 한도로 거부된 요청: { $count }개
requests-rejected-by-priority-and-fairness-waiting-title = 우선 순위 수준 { $level }: 가득 참. 자리를 기다리는 요청 { $queued }개
requests-rejected-by-priority-and-fairness-level = 수준 { $level }: 자리 { $seats }개 중 { $taken }개 사용 중, 대기열의 요청 { $queued }개{ $scrapes ->
    [1] {""}
   *[other] {" "}(스크레이프 { $scrapes }개 중 { $scrape }번째)
}
requests-rejected-by-priority-and-fairness-flight = 진행 중인 요청: 변경 { $mutating }개, 읽기 { $reading }개. API 서버의 기본 한도는 200개와 400개{ $scrapes ->
    [1] {""}
   *[other] {" "}(스크레이프 { $scrapes }개 중 { $scrape }번째)
}
requests-rejected-by-priority-and-fairness-flight-title = 진행 중인 요청 { $count }개: API 서버의 한도에 가까움
requests-rejected-by-priority-and-fairness-grew = 그중 이전 스크레이프 이후: { $count }개
requests-rejected-by-priority-and-fairness-queued-title = 요청이 우선 순위 및 공정성의 자리를 기다림: { $count }개, 평균 { $seconds }초
requests-rejected-by-priority-and-fairness-queued = 가장 오래 기다린 요청: 대기열에서 { $seconds }초
requests-rejected-by-priority-and-fairness-cleared = 우선 순위 및 공정성이 거부한 요청이 없음
requests-rejected-by-priority-and-fairness-few = 우선 순위 및 공정성이 거부한 요청은 { $count }개뿐임: 순간적인 급증

rule-managed-apiserver-guard-active = AKS가 API 서버를 보호하는 중
managed-apiserver-guard-active-title = API 서버에 과부하가 걸려 AKS가 모든 클라이언트를 제한함
managed-apiserver-guard-active-schema = 존재하는 FlowSchema: { $name }
managed-apiserver-guard-active-level = 우선 순위 수준의 몫(shares): { $shares }
managed-apiserver-guard-active-advice = 먼저 API 서버에 과부하를 주는 클라이언트를 찾아 해결
managed-apiserver-guard-active-remove = 그런 다음 보호 제거
managed-apiserver-guard-active-cleared = FlowSchema { $count }개 중 보호용이 없음

rule-free-tier-control-plane = 컨트롤 플레인이 무료 계층임
free-tier-control-plane-title = 컨트롤 플레인이 무료 계층임: 규모가 작고 서비스 수준이 없음
free-tier-control-plane-line = sku.tier가 Free이며 클러스터에 노드 { $nodes }개가 있음. 10개 미만의 노드용임
free-tier-control-plane-upgrade = 프로덕션에는 표준 계층 사용
free-tier-control-plane-cleared = sku.tier 값: { $tier }

rule-aggregated-api-unavailable = 집계 API를 사용할 수 없음
aggregated-api-unavailable-title = 집계 API { $name }: 사용할 수 없음
aggregated-api-unavailable-condition = Available이 False임: { $reason } { $message }
aggregated-api-unavailable-metric = aggregator_unavailable_apiservice 값이 1임
aggregated-api-unavailable-client = 클라이언트의 { $name } 요청: 서버가 처리할 수 없다고 응답함
aggregated-api-unavailable-look = 사용할 수 없는 이유 확인
aggregated-api-unavailable-backend = 백 엔드 복구
aggregated-api-unavailable-remove = 프로그램이 제거되었으면 등록도 제거
aggregated-api-unavailable-cleared = 집계 API { $name }: Available 상태임
aggregated-api-unavailable-none = API { $count }개 중 백 엔드가 제공하는 것이 없음

rule-deprecated-api-in-use = 사용되지 않는(deprecated) API 버전을 호출하고 있음
deprecated-api-in-use-title = 제거될 API: { $api }(Kubernetes { $release }), 사용자: { $user }
deprecated-api-in-use-call = { $count ->
    [one] 호출 1건
   *[other] 호출 { $count }건 중 첫 번째
}, 에이전트: { $agent }
deprecated-api-in-use-api = 제거될 API가 호출됨: { $api }, 제거 버전: Kubernetes { $release }
deprecated-api-in-use-metric = apiserver_requested_deprecated_apis 값이 1임
deprecated-api-in-use-advice = 업그레이드 전에 클라이언트 업데이트
deprecated-api-in-use-cleared = 사용되지 않는(deprecated) API의 호출이 집계되지 않음
