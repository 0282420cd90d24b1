# 렌더링된 페이지, 티켓용 텍스트, 터미널의 말: 레이블, 제목, 캡션.

## 상태와 확실성, 각각 모양과 색이 함께 쓰입니다
page-health-broken = 장애
page-health-degraded = 성능 저하
page-health-healthy = 확인한 범위에서 정상
page-health-unknown = 판단할 수 없음
page-confidence-proven = 입증됨
page-confidence-likely = 유력함
page-confidence-possible = 가능함
page-severity-critical = 심각
page-severity-warning = 경고
page-severity-info = 정보
page-risk-reads = 읽기만 함
page-risk-changes = 변경함
page-risk-disrupts = 중단을 일으킴
page-role-contrary = 반대 증거:
page-aggravating = 다른 문제를 악화시킴

## 머리글과 도구
page-skip = 판정으로 건너뛰기
page-cluster = 클러스터
page-nodes = 노드 { $count }개
page-collected = 수집 시각
page-expand-all = 모두 펼치기
page-print = 인쇄
page-theme = 밝게 / 어둡게
page-copy = 복사
page-filter = 필터
page-contents = 목차

## 첫 화면
page-first-step = 첫 단계:
page-why = 이유 ↓
page-box-cause = 근본 원인
page-box-cause-unknown = 이 번들에 없음
page-box-failure = 장애
page-box-effects = 영향
page-box-none = 보이지 않음
page-all-findings = 모든 발견 항목 ↓
page-saw = 확인함:
page-not-seen = 확인하지 못함:
page-details = 자세히 ↓
page-and-more = 외 { $count }개
page-more = { $count }개 더 보기
page-more-in-json = { $count }개 더 있음: JSON 보고서 참조
page-none-found = 발견 항목 없음

## 섹션
page-section-causes = 근본 원인
page-section-findings = 기타 발견 항목
page-section-all-findings = 발견 항목
page-section-time = 시간 순서
page-section-cluster = 클러스터
page-section-evidence = 증거
page-section-gaps = 이 번들로 알 수 없는 것
page-section-redaction = 가려진 값
page-section-about = 이 보고서 정보

## 발견 항목
page-subject = 개체
page-since = 시작 시각
page-certainty = 확실성
page-settles = 확정에 필요한 것:
page-rule = 규칙
page-reference = 설명서
page-do = 조치
page-do-about = 조치: { $title }
page-evidence = 증거
page-explains = 이 원인으로 설명되는 발견 항목 { $count }개
page-differs = 영향받은 개체에는 있고 정상 개체에는 없는 것
page-ruled-out = 확인 후 제외한 원인({ $count }개)
page-score = 이 순위의 이유
page-score-caption = 순위를 이루는 점수
page-points = 점수
page-why-column = 이유
page-line = { $line }행
page-undo = 되돌리기:
page-replace-marks = ‹ › 또는 < > 안의 표시는 가려진 이름입니다. 실제 이름으로 바꾸세요.
page-tampered = 매니페스트와 다른 파일에서 나온 증거
page-used-by = 사용한 항목:
page-shows = 의미:
page-minutes-before = { $minutes ->
    [0] 수집 직전 1분 이내
   *[other] 수집 { $minutes }분 전
}
page-hours-before = 수집 { $hours }시간 전
page-days-before = 수집 { $days }일 전

## 표
page-severity = 심각도
page-finding = 발견 항목
page-affected = 영향받은 수
page-findings-caption = 어떤 원인으로도 설명되지 않거나 다른 문제를 악화시키는 발견 항목 { $count }개
page-no-other-findings = 다른 발견 항목이 없습니다.
page-table-of = 표: { $what }
page-audit = 감사 로그
page-time-caption = 이벤트 { $count }개
page-at = 시각(UTC)
page-lane = 구분
page-event = 이벤트
page-count = 개수
page-source = 원본
page-pools = 노드 풀
page-pool = 노드 풀
page-pool-nodes = 노드
page-pool-ready = Ready
page-version = 버전
page-vm-size = VM 크기
page-agents = konnectivity-agent Pod
page-pods-by-state = 상태별 Pod
page-versions = 버전
page-client = 클라이언트
page-requests = 요청 수
page-resource = 리소스
page-highest = 최고
page-latest = 최근
page-from = 출발
page-kind = 종류
page-size = 크기
page-item = 항목
page-code = 코드
page-question = 미해결 질문
page-missing = 누락된 것
page-collect = 수집 방법
page-cluster-unknown = 이 번들에는 노드 풀, Pod, API 부하에 관한 정보가 없습니다.
page-no-evidence = 인용된 증거가 없습니다.

## 차트
page-lane-changes = 변경
page-lane-platform = 플랫폼
page-lane-nodes = 노드
page-lane-tunnel = 터널
page-lane-dns = DNS
page-lane-api = API
page-lane-pods = Pod
page-time-title = 인시던트의 시간 순서
page-time-desc = 기간: { $from } – { $to }. { $sentence }
page-key-cause = 원인 시작
page-key-of-cause = 원인
page-key-of-effect = 영향
page-key-event = 이벤트
page-key-no-data = 데이터 없음
page-earlier = 더 이른 이벤트 { $count }개는 표에 있음
page-larger = 표 ↓
page-chart-latency = 클라이언트별 API 대기 시간
page-latency-desc = 가장 느린 클라이언트: { $client }, { $value }, { $at } UTC.
page-chart-load = 클라이언트 및 동사별 API 요청
page-chart-objects = 리소스별 개체 수
page-bars-desc = 가장 많음: { $name }, { $value }.
page-chart-matrix = 연결 가능 여부: 노드 풀과 대상
page-reach-open = 열림
page-reach-dropped = 드롭됨(DROP)
page-reach-rejected = 거부됨(REJECT)
page-reach-unknown = 알 수 없음
page-path = 패킷 경로: { $packet }, 노드: { $node }
page-decides = 결정 규칙: { $verdict }

## 공백, 가려진 값, 정보
page-next = 다음에 수집할 것, 효과가 큰 순서
page-rights = 필요한 권한:
page-about-bytes = 약 { $size }.
page-settles-rules = 해결되는 미해결 질문 { $count }개:
page-unchecked = 확인할 수 없었던 규칙({ $count }개)
page-gaps-caption = 남은 질문, 부족한 것, 수집 방법
page-unreadable = 누락되었거나 읽을 수 없는 항목({ $count }개)
page-diagnostics = 읽을 수 없었던 것과 그 이유
page-no-gaps = 모든 규칙에 필요한 자료가 있었습니다.
page-redacted = 번들을 쓰기 전에 값 { $count }개가 표시로 대체되었습니다.
page-no-map = 표시와 이름의 대응표는 번들에도 이 보고서에도 없습니다.
page-redaction-caption = 종류별 대체된 값
page-not-redacted = 이 번들에는 값이 가려졌다는 기록이 없습니다.
page-shortened = 축약됨: 페이지가 너무 커질 것이므로 행, 발췌, 차트 순으로 줄였습니다. 전체 내용은 JSON 보고서에 있습니다.
page-bundle = 번들
page-collector = 수집기
page-manifest = 매니페스트
page-manifest-same = 모든 파일이 매니페스트와 일치함
page-manifest-none = 번들에 없음
page-manifest-differs = 파일 { $count }개가 다름
page-rules = 규칙
page-rules-run = 규칙 { $run }개 실행, { $skipped }개 건너뜀
page-rules-crashed = 실패한 규칙 { $count }개:
page-findings-count = 발견 항목
page-findings-total = 발견 항목 { $total }개, 그중 { $explained }개는 원인으로 설명됨
page-limits = 적용된 제한
page-licence = 라이선스
page-inventory = 번들에 들어 있던 것

## 티켓용 텍스트
page-md-impact = 영향
page-md-causes = 근본 원인
page-md-excluded = 확인 후 제외한 원인
page-md-shortened = 축약됨: 나머지는 첨부된 HTML 보고서에 있습니다.

## 터미널
page-term-cause = 원인
page-term-failure = 장애
page-term-effects = 영향
page-term-also = 추가 원인
page-term-finding = 발견
page-term-first = 첫 조치
page-term-unseen = 미확인
page-term-command-in-report = (명령이 깁니다: 보고서 참조)
