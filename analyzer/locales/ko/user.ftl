# 사용자 규칙에 대해 konspect이 하는 말. 제목은 사용자의 말 그대로이다.
user-rule-row = { $rule }: 이 { $variable }에 대해 참
user-rule-cleared = { $count ->
    [0] 참이 될 대상이 없음
   *[other] { $count }개 중 참인 것 없음
}
user-rule-no-answer = { $count }개에 대해 답 없음: { $reason }
user-rule-many = { $title } 외 { $count }개

# What `explain` says.
explain-english = 이 아래의 설명은 아직 번역되지 않아 영어로 표시합니다.
