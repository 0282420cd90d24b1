//! What stands around a text and is none of it: warnings at its head, colours of a terminal.

use std::borrow::Cow;

use super::is_client_log;

/// Lines that commands print before what was asked of them.
fn is_preamble(line: &str) -> bool {
    const STARTS: &[&str] = &[
        "Warning: ",
        "WARNING: ",
        "Flag --",
        "Defaulted container ",
        "Defaulting container name to ",
        "Use 'kubectl describe ",
        "Unable to use a TTY",
        "If you don't see a command prompt",
        "Command group ",
        "This command is in preview",
        "This command group ",
        "The behavior of this command has been altered",
        "Starting pod/",
        "Temporary namespace ",
        "Creating debugging pod ",
        "Hint: ",
    ];
    STARTS.iter().any(|start| line.starts_with(start)) || is_client_log(line)
}

/// The text without warnings at its head; what follows them decides.
pub fn without_preamble(head: &[u8]) -> &[u8] {
    let mut rest = head;
    loop {
        let end = memchr::memchr(b'\n', rest).map_or(rest.len(), |end| end + 1);
        let (line, after) = rest.split_at(end);
        let text = String::from_utf8_lossy(line);
        let text = without_colours(text.trim());
        if line.is_empty() || !(text.is_empty() || is_preamble(&text)) {
            return rest;
        }
        rest = after;
    }
}

/// Drops terminal colour codes.
pub fn without_colours(line: &str) -> Cow<'_, str> {
    if !line.contains('\u{1b}') {
        return Cow::Borrowed(line);
    }
    let mut text = String::with_capacity(line.len());
    let mut rest = line;
    while let Some((before, after)) = rest.split_once('\u{1b}') {
        text.push_str(before);
        rest = match after.strip_prefix('[') {
            Some(code) => code
                .trim_start_matches(|char: char| char.is_ascii_digit() || char == ';')
                .get(1..)
                .unwrap_or_default(),
            None => after,
        };
    }
    text.push_str(rest);
    Cow::Owned(text)
}
