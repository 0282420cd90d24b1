//! One function per place that text from the bundle can reach: what leaves here is inert.
//!
//! Knows nothing of templates or reports. Nothing is dropped: what cannot be shown is shown as
//! its code point.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Characters that change how their neighbours look, or that cannot be seen at all.
pub fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Shows control, bidi and invisible characters as `\u202e`; newline and tab stay.
pub fn visible(text: &str) -> Cow<'_, str> {
    visible_but(text, |c| c == '\n' || c == '\t')
}

/// The same on one line: newline and tab become a space.
pub fn one_line(text: &str) -> String {
    let spaced: String =
        text.chars().map(|c| if matches!(c, '\n' | '\r' | '\t') { ' ' } else { c }).collect();
    visible_but(&spaced, |_| false).into_owned()
}

fn visible_but(text: &str, keep: fn(char) -> bool) -> Cow<'_, str> {
    if !text.chars().any(|c| is_hidden(c) && !keep(c)) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if !is_hidden(c) || keep(c) {
            out.push(c);
        } else if u32::from(c) <= 0xffff {
            let _ = write!(out, "\\u{:04x}", u32::from(c));
        } else {
            let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
        }
    }
    Cow::Owned(out)
}

/// For HTML and SVG, text and quoted attributes alike.
pub fn html(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for c in visible(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// For XML 1.0 files, which have no entity for most control characters.
pub fn xml(text: &str) -> String {
    let legal = |c: char| !matches!(u32::from(c), 0xfffe | 0xffff);
    html(&text.chars().map(|c| if legal(c) { c } else { '\u{fffd}' }).collect::<String>())
}

/// For a terminal: one line, nothing that moves the cursor or turns the direction.
pub fn terminal(text: &str) -> String {
    one_line(text)
}

/// For Markdown prose: a word that could be markup, a link, a mention or a reference is put into
/// a code span; plain words stay as they are.
pub fn markdown(text: &str) -> String {
    // Four spaces at the start of a line would make a block of code.
    let text = one_line(text.trim_start()).replace('|', "¦");
    let mut out = String::with_capacity(text.len() + 8);
    for (index, word) in text.split(' ').enumerate() {
        if index > 0 {
            out.push(' ');
        }
        if plain_word(word) && !(index == 0 && list_number(word)) {
            out.push_str(word);
        } else {
            out.push_str(&markdown_code(word));
        }
    }
    out
}

fn plain_word(word: &str) -> bool {
    let plain =
        |c: char| c.is_alphanumeric() || "-.,:;()'\"%/+=?…–—·«»‹›→≥≤×µ“”’、。・¦✖▲●⚠×↓".contains(c);
    let lower = word.to_ascii_lowercase();
    let body = word.strip_suffix('!').unwrap_or(word);
    body.chars().all(plain)
        && !lower.contains("//")
        && !lower.contains("www.")
        && !lower.contains("gh-")
        && !lower.contains("script:")
        && !body.starts_with(['-', '+', '=', ':'])
        && !(body.len() >= 7 && body.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// An ordered list needs its number at the start of a line, which is where a text may stand.
fn list_number(word: &str) -> bool {
    word.strip_suffix(['.', ')'])
        .is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()))
}

/// A Markdown code span whose fence is longer than any run of backticks in it.
pub fn markdown_code(text: &str) -> String {
    let text = one_line(text).replace('|', "¦");
    if text.is_empty() {
        return String::new();
    }
    let ticks = "`".repeat(longest_run(&text, '`') + 1);
    if text.starts_with('`') || text.ends_with('`') || text.trim().is_empty() {
        format!("{ticks} {text} {ticks}")
    } else {
        format!("{ticks}{text}{ticks}")
    }
}

/// A Markdown code block whose fence is longer than any run of backticks in it.
pub fn markdown_fence(text: &str) -> String {
    let text = visible(text);
    let ticks = "`".repeat(longest_run(&text, '`').max(2) + 1);
    format!("{ticks}text\n{}\n{ticks}", text.trim_end_matches('\n'))
}

fn longest_run(text: &str, of: char) -> usize {
    text.split(|c| c != of).map(str::len).max().unwrap_or(0)
}

/// For Jira prose: every character that begins markup is escaped.
pub fn jira(text: &str) -> String {
    let text = one_line(text);
    let mut out = String::with_capacity(text.len() + 8);
    let mut before = ' ';
    for c in text.chars() {
        let markup = "{}[]()!*_^~?|\\@#+-:/<>&;".contains(c);
        // Inside a word a hyphen, a colon, a slash and a dot are only themselves.
        let inner = "-:/()+;".contains(c) && before.is_alphanumeric();
        if markup && !(inner && c != '/') {
            out.push('\\');
        }
        out.push(c);
        before = c;
    }
    out
}

/// For Jira blocks: text that cannot close the `{noformat}` around it.
pub fn jira_block(text: &str) -> String {
    format!("{{noformat}}\n{}\n{{noformat}}", visible(text).replace('{', "{\u{2009}"))
}

/// Cuts to a number of characters and says so with an ellipsis.
pub fn cut(text: &str, characters: usize) -> Cow<'_, str> {
    if text.chars().nth(characters).is_none() {
        return Cow::Borrowed(text);
    }
    let mut out: String = text.chars().take(characters.saturating_sub(1)).collect();
    out.push('…');
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_characters_become_visible() {
        assert_eq!(
            visible("a\u{202e}b\x1b[31m\u{9b}\u{e0041}"),
            "a\\u202eb\\u001b[31m\\u009b\\u{e0041}"
        );
        assert_eq!(visible("two\n\tlines"), "two\n\tlines");
        assert_eq!(one_line("two\r\nlines\u{2028}x"), "two  lines\\u2028x");
    }

    #[test]
    fn markdown_words_that_could_be_markup_stand_in_code() {
        assert_eq!(markdown("node aks-1 drops TCP 10250."), "node aks-1 drops TCP 10250.");
        assert_eq!(markdown("Pod <b>x</b> of @kx, see #12"), "Pod `<b>x</b>` of `@kx,` see `#12`");
        assert_eq!(markdown("http://a www.b [x](y) a`b"), "`http://a` `www.b` `[x](y)` ``a`b``");
        assert_eq!(markdown("fixes #1\n# head\n- item"), "fixes `#1` `#` head `-` item");
        assert_eq!(markdown("a|b"), "a¦b");
    }

    #[test]
    fn fences_are_longer_than_what_they_hold() {
        assert_eq!(markdown_fence("a\n````\nb"), "`````text\na\n````\nb\n`````");
        assert_eq!(markdown_code("`"), "`` ` ``");
    }

    #[test]
    fn jira_macros_are_escaped() {
        assert_eq!(jira("x {code} [a|b] !i!"), "x \\{code\\} \\[a\\|b\\] \\!i\\!");
        assert!(!jira_block("a {noformat} b").get(11..).unwrap().contains("a {noformat}"));
    }

    #[test]
    fn cutting_says_so() {
        assert_eq!(cut("abcdef", 4), "abc…");
        assert_eq!(cut("abcd", 4), "abcd");
    }
}
