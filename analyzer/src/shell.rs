//! Commands that a tired person may paste: names from the bundle are checked, then quoted.

/// Fills `{}` places of a template with names from the bundle, in order.
///
/// Answers `None` when a name holds anything that no Kubernetes, Azure or address grammar allows:
/// the report then says that the name is not safe to paste.
pub fn command(template: &str, names: &[&str]) -> Option<String> {
    let mut out = String::with_capacity(template.len() + 32);
    let mut names = names.iter();
    let mut rest = template;
    while let Some(place) = rest.find("{}") {
        let (before, after) = rest.split_at(place);
        out.push_str(before);
        let name = names.next()?;
        if !pasteable(name) {
            return None;
        }
        out.push_str(&quoted(name));
        rest = after.get(2..)?;
    }
    out.push_str(rest);
    Some(out)
}

/// True for names made of letters, digits and `-._:/@=,*+%`, not beginning with `-`, up to 253 bytes.
fn pasteable(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:/@=,*+%".contains(&byte);
    !name.is_empty() && name.len() <= 253 && !name.starts_with('-') && name.bytes().all(allowed)
}

/// True for a word that no shell changes: letters, digits and `-._:/@=,+%`.
pub fn is_plain(word: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:/@=,+%".contains(&byte);
    !word.is_empty() && word.bytes().all(plain)
}

/// The word as a shell reads it back; for words of ours and for names that passed the grammar.
pub fn quoted(word: &str) -> String {
    if is_plain(word) { word.to_owned() } else { format!("'{}'", word.replace('\'', "'\\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted_or_refused() {
        assert_eq!(
            command("kubectl get pod {} -n {}", &["a-1", "b"]).as_deref(),
            Some("kubectl get pod a-1 -n b")
        );
        assert_eq!(command("x {}", &["10.0.0.0/8,*"]).as_deref(), Some("x '10.0.0.0/8,*'"));
        for bad in ["a;b", "$(id)", "a b", "a'b", "-rf", "", "a\u{202e}b", "a\nb"] {
            assert_eq!(command("x {}", &[bad]), None, "{bad:?}");
        }
        assert_eq!(command("x {}", &[]), None);
    }
}
