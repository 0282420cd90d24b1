//! The next commands as a POSIX script: it asks, keeps every answer in a folder, and records what was run.
//!
//! The words of a command are ours or names that passed the grammar of names; each is quoted once more.

use std::fmt::Write as _;
use std::io::Write;

use crate::report::Report;
use crate::report::next::ANSWERS;
use crate::shell;

use super::{RenderError, size};

/// What runs each command: standard output to its file, errors beside it, the exit code to the record.
const HEAD: &str = r#"set -u
umask 077
LC_ALL=C
export LC_ALL
out=${1:-answers}
if [ -e "$out" ]; then
  echo "konspect: $out is there already: name another folder" >&2
  exit 5
fi
mkdir -p "$out" || exit 5
record=$out/collection.json
now() { date -u +%Y-%m-%dT%H:%M:%SZ; }
printf '{"tool":"konspect next","started":"%s","commands":[' "$(now)" >"$record"
comma=
# ask FILE LINE COMMAND...: an empty FILE is for commands that write their answer themselves.
ask() {
  file=$1
  line=$2
  shift 2
  echo "konspect: $line" >&2
  started=$(now)
  if [ -n "$file" ]; then
    mkdir -p "$(dirname "$out/$file")"
    "$@" >"$out/$file" 2>"$out/$file.stderr" </dev/null
    code=$?
    [ -s "$out/$file.stderr" ] || rm -f "$out/$file.stderr"
    [ -s "$out/$file" ] || rm -f "$out/$file"
  else
    "$@" </dev/null
    code=$?
  fi
  [ "$code" -eq 0 ] || echo "konspect: exit code $code: $line" >&2
  printf '%s\n{"command":"%s","file":"%s","started":"%s","exit":%s}' \
    "$comma" "$line" "$file" "$started" "$code" >>"$record"
  comma=,
}
"#;

const TAIL: &str = r#"printf '\n],"finished":"%s"}\n' "$(now)" >>"$record"
"#;

/// Writes the script. Comments of it are English: it is read by whoever approves it, and by `sh`.
pub fn script(report: &Report, out: &mut dyn Write) -> Result<(), RenderError> {
    let bundle = if shell::is_plain(&report.bundle.name) && !report.bundle.name.starts_with('-') {
        report.bundle.name.as_str()
    } else {
        "BUNDLE"
    };
    let mut text = String::from("#!/bin/sh\n");
    let _ = writeln!(
        text,
        "# What konspect {} asks next of the cluster of {bundle}.",
        report.about.version
    );
    text.push_str("# Run it with the kubeconfig of that cluster: sh next.sh [FOLDER]\n");
    text.push_str(
        "# Where konspect-collect is installed it asks, and takes secrets out of the answers.\n#\n",
    );
    for (place, next) in report.next.iter().enumerate() {
        let _ = writeln!(text, "# {}. {}", place + 1, next.command);
        let _ = writeln!(text, "#    needs: {}; answers about {}", next.rights, size(next.bytes));
        let _ = writeln!(text, "#    settles: {}", next.settles.join(" "));
    }
    text.push_str("#\n");
    text.push_str(HEAD);
    for next in &report.next {
        if next.collector.is_empty() {
            text.push_str(&call(&next.argv, &next.answer, ""));
        } else {
            text.push_str("if command -v konspect-collect >/dev/null 2>&1; then\n");
            text.push_str(&call(&next.collector, &next.answer, "  "));
            text.push_str("else\n");
            text.push_str(&call(&next.argv, &next.answer, "  "));
            text.push_str("fi\n");
        }
    }
    text.push_str(TAIL);
    let _ = writeln!(text, "echo \"konspect: now run: konspect analyze {bundle} $out\" >&2");
    out.write_all(text.as_bytes())?;
    Ok(())
}

/// One command for the function `ask`, which gets the file of the answer unless the command writes it itself.
fn call(argv: &[String], answer: &str, indent: &str) -> String {
    let own = argv.iter().any(|word| word.starts_with(ANSWERS));
    let words: Vec<String> = argv.iter().map(|word| argument(word)).collect();
    let file = if own { "''".to_owned() } else { shell::quoted(answer) };
    // The record is JSON between single quotes: neither a quote nor a backslash may enter it.
    let line: String = argv.join(" ").chars().filter(|c| !matches!(c, '"' | '\'' | '\\')).collect();
    format!("{indent}ask {file} '{line}' \\\n{indent}  {}\n", words.join(" "))
}

/// A word of the command; the folder of the answers is the one the script was told.
fn argument(word: &str) -> String {
    match word.strip_prefix(ANSWERS) {
        Some(file) => format!("\"$out\"/{}", shell::quoted(file)),
        None => shell::quoted(word),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_and_answers_go_to_the_folder() {
        assert_eq!(argument("answers/nodes.zip"), "\"$out\"/nodes.zip");
        assert_eq!(argument("/readyz?verbose"), "'/readyz?verbose'");
        assert_eq!(argument("a'b"), "'a'\\''b'");
        assert_eq!(argument("kube-system"), "kube-system");
    }
}
