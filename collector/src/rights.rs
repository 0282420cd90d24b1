//! What the caller may do, as `kubectl auth can-i --list` prints it.
//!
//! It refuses to guess: a list that the server calls incomplete denies nothing.

/// The rights of the caller as `kubectl auth can-i --list` prints them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Rights {
    rules: Vec<Rule>,
    /// True when the server could not tell them all; then nothing is skipped.
    pub incomplete: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Rule {
    resource: String,
    urls: Vec<String>,
    named: bool,
    verbs: Vec<String>,
}

impl Rights {
    /// Reads the table: columns are cut where the header's words begin.
    pub(crate) fn read(table: &str, stderr: &str) -> Self {
        let mut lines = table.lines();
        let header = lines.next().unwrap_or_default();
        let columns: Vec<usize> = ["Resources", "Non-Resource URLs", "Resource Names", "Verbs"]
            .iter()
            .filter_map(|name| header.find(name))
            .collect();
        let [_, urls, names, verbs] = columns.as_slice() else {
            return Self { rules: Vec::new(), incomplete: true };
        };
        let cut = |line: &str, from: usize, to: usize| {
            line.get(from..to.min(line.len())).unwrap_or_default().trim().to_owned()
        };
        let list = |text: String| -> Vec<String> {
            text.trim_matches(['[', ']'])
                .split(' ')
                .filter(|word| !word.is_empty())
                .map(str::to_owned)
                .collect()
        };
        let rules = lines
            .map(|line| Rule {
                resource: cut(line, 0, *urls),
                urls: list(cut(line, *urls, *names)),
                named: !list(cut(line, *names, *verbs)).is_empty(),
                verbs: list(cut(line, *verbs, usize::MAX)),
            })
            .collect();
        Self { rules, incomplete: stderr.contains("incomplete") }
    }

    /// The first right of `needs` that is denied.
    pub(crate) fn denied<'a>(&self, needs: &'a [String]) -> Option<&'a str> {
        if self.incomplete || self.rules.is_empty() {
            return None;
        }
        needs.iter().map(String::as_str).find(|need| !self.allowed(need))
    }

    fn allowed(&self, need: &str) -> bool {
        let Some((verb, object)) = need.split_once(' ') else { return true };
        self.rules
            .iter()
            .filter(|rule| rule.verbs.iter().any(|known| known == verb || known == "*"))
            .any(|rule| {
                if object.starts_with('/') {
                    return rule.urls.iter().any(|url| {
                        url.strip_suffix('*')
                            .map_or(url == object, |prefix| object.starts_with(prefix))
                    });
                }
                let (name, group) = object.split_once('.').unwrap_or((object, ""));
                let (rule_name, rule_group) =
                    rule.resource.split_once('.').unwrap_or((&rule.resource, ""));
                !rule.resource.is_empty()
                    && !rule.named
                    && (rule_name == "*" || rule_name == name)
                    && (rule_group == "*" || rule_group == group)
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rights_are_read_from_the_table() {
        let table = "Resources                     Non-Resource URLs   Resource Names   Verbs\n\
                     nodes                         []                  []               [get list]\n\
                     *.apps                        []                  []               [list]\n\
                     secrets                       []                  [one]            [*]\n\
                     \u{20}                             [/livez/*]          []               [get]\n\
                     \u{20}                             [/metrics]          []               [get]\n";
        let rights = Rights::read(table, "");
        let denied = |need: &str| rights.denied(&[need.to_owned()]).is_some();
        for need in ["list nodes", "list deployments.apps", "get /metrics", "get /livez/ping"] {
            assert!(!denied(need), "{need}");
        }
        for need in [
            "list pods",
            "list secrets",
            "get deployments.apps",
            "get /metrics/slis",
            "list nodes.metrics.k8s.io",
        ] {
            assert!(denied(need), "{need}");
        }
        assert_eq!(
            Rights::read(table, "warning: the list may be incomplete")
                .denied(&["list pods".into()]),
            None
        );
        assert_eq!(Rights::read("error", "").denied(&["list pods".into()]), None);
    }
}
