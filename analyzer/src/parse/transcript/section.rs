//! One command and its output: what was run, where, and what it printed.

use konspect_bundle::Source;

use super::super::rows::Hint;

/// A prompt's command line, and what a comment beside it says.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Prompt {
    pub(super) command: String,
    pub(super) comment: String,
}

impl Prompt {
    /// Reads `$ cmd`, `user@host:~$ cmd`, `root@host:/# cmd`, `PS C:\> cmd`, `+ cmd`.
    pub(super) fn read(line: &str) -> Option<Self> {
        let line = line.trim_end();
        let command = if let Some(rest) = line.strip_prefix("$ ") {
            rest
        } else if let Some(rest) = line.strip_prefix("+ ") {
            rest.starts_with(|c: char| c.is_ascii_lowercase()).then_some(rest)?
        } else if line.starts_with("PS ") {
            line.split_once("> ")?.1
        } else {
            let (head, rest) = line.split_once("$ ").or_else(|| line.split_once("# "))?;
            let plain = |c: char| c.is_ascii_alphanumeric() || "@:~/.-_[]() ".contains(c);
            let prompt = head.contains('@') && head.len() < 120 && head.chars().all(plain);
            (prompt && !head.trim().contains("  ")).then_some(rest)?
        };
        let command = command.trim();
        if command.is_empty()
            || !command.starts_with(|c: char| c.is_ascii_alphanumeric() || "/._".contains(c))
        {
            return None;
        }
        let (command, comment) = match command.split_once(" # ") {
            Some((command, comment)) => (command.trim(), comment.trim()),
            None => (command, ""),
        };
        Some(Self { command: command.to_owned(), comment: comment.to_owned() })
    }
}

/// A command's output and where it ran.
pub(in super::super) struct Section<'a> {
    pub(in super::super) source: Source<'a>,
    /// The whole command line.
    pub(in super::super) command: &'a str,
    pub(in super::super) node: String,
    /// The pod it was run in, as `namespace/name`.
    pub(in super::super) pod: String,
    /// The command itself, without what carried it (`sudo`, `kubectl exec … --`).
    inner: Vec<String>,
}

impl<'a> Section<'a> {
    /// A file that is the output of one command as a whole.
    pub(in super::super) fn of_file(source: &Source<'a>, hint: &Hint<'a>) -> Self {
        let (inner, pod, node) = carried(hint.command);
        let node = if node.is_empty() { node_of(hint) } else { node };
        Self { source: *source, command: hint.command, node, pod, inner }
    }

    pub(super) fn of_prompt(prompt: &'a Prompt, source: Source<'a>, hint: &Hint<'_>) -> Self {
        let (inner, pod, node) = carried(&prompt.command);
        let node = commented_node(&prompt.comment)
            .or((!node.is_empty()).then_some(node))
            .unwrap_or_else(|| node_of(hint));
        Self { source, command: &prompt.command, node, pod, inner }
    }

    /// The same command with another text, such as what was unwrapped from it.
    pub(in super::super) fn with_text<'b>(
        &'b self,
        source: Source<'b>,
        command: &'b str,
    ) -> Section<'b> {
        let (inner, pod, node) = carried(command);
        let node = if node.is_empty() { self.node.clone() } else { node };
        Section { source, command, node, pod, inner }
    }

    /// The program's name, without its folder; empty when no command is known.
    pub(in super::super) fn program(&self) -> &str {
        let word = self.inner.first().map(String::as_str).unwrap_or_default();
        let word = word.rsplit(['/', '\\']).next().unwrap_or_default();
        word.strip_suffix(".exe").unwrap_or(word)
    }

    /// The words of the command, the program first.
    pub(in super::super) fn words(&self) -> impl Iterator<Item = &str> {
        self.inner.iter().map(String::as_str)
    }
}

/// The words of the innermost command, and the pod and node it was carried to.
fn carried(command: &str) -> (Vec<String>, String, String) {
    let mut words: Vec<String> =
        command.split_whitespace().map(|word| word.trim_matches(['"', '\'']).to_owned()).collect();
    let (mut pod, mut node) = (String::new(), String::new());
    for _ in 0..6 {
        let first = words.first().map(String::as_str).unwrap_or_default();
        match first {
            "sudo" | "nohup" | "time" | "exec" => {
                words.remove(0);
                while words.first().is_some_and(|word| word.starts_with('-')) {
                    words.remove(0);
                }
            }
            "timeout" => {
                words.remove(0);
                while words
                    .first()
                    .is_some_and(|word| word.starts_with(|c: char| c == '-' || c.is_ascii_digit()))
                {
                    words.remove(0);
                }
            }
            "chroot" | "nsenter" => {
                let skip = if first == "chroot" { 2 } else { 1 };
                words.drain(..skip.min(words.len()));
                while words.first().is_some_and(|word| word.starts_with('-') || word == "1") {
                    words.remove(0);
                }
            }
            "bash" | "sh" if words.get(1).is_some_and(|word| word == "-c" || word == "-lc") => {
                words.drain(..2);
            }
            "ssh" => {
                words.remove(0);
                while words.first().is_some_and(|word| word.starts_with('-')) {
                    words.drain(..2.min(words.len()));
                }
                if words.len() < 2 {
                    break;
                }
                let host = words.remove(0);
                host.rsplit('@').next().unwrap_or_default().clone_into(&mut node);
            }
            _ if first.contains('=') && !first.starts_with('-') => {
                words.remove(0);
            }
            "kubectl" | "k" | "oc" => {
                let Some(end) = words.iter().position(|word| word == "--") else { break };
                let verbs = ["exec", "run", "debug"];
                if !words.iter().take(end).any(|word| verbs.contains(&word.as_str())) {
                    break;
                }
                let outer: Vec<String> = words.drain(..=end).collect();
                (pod, node) = carrier(&outer);
            }
            _ => break,
        }
    }
    (words, pod, node)
}

/// Whom `kubectl exec|run|debug …` aims at: a pod, or a node for `debug node/x`.
fn carrier(words: &[String]) -> (String, String) {
    let mut namespace = "default";
    let mut name = "";
    let mut verb = false;
    let mut skip = false;
    for (index, word) in words.iter().enumerate() {
        let word = word.as_str();
        if std::mem::take(&mut skip) {
            continue;
        }
        match word {
            "-n" | "--namespace" => {
                namespace = words.get(index + 1).map_or(namespace, String::as_str);
                skip = true;
            }
            "-c" | "--container" | "--image" | "--context" => skip = true,
            "exec" | "run" | "debug" => verb = true,
            _ if word.starts_with("--namespace=") => {
                namespace = word.split('=').nth(1).unwrap_or(namespace);
            }
            _ if verb && name.is_empty() && !word.starts_with('-') => name = word,
            _ => {}
        }
    }
    match name.split_once('/') {
        Some(("node" | "nodes", node)) => (String::new(), node.to_owned()),
        Some(("pod" | "pods" | "po", pod)) => (format!("{namespace}/{pod}"), String::new()),
        _ if name.is_empty() => (String::new(), String::new()),
        _ => (format!("{namespace}/{name}"), String::new()),
    }
}

/// `# node aks-x`, `# on aks-x`, `# aks-x`.
fn commented_node(comment: &str) -> Option<String> {
    let mut words = comment.split([' ', ':', '=']).filter(|word| !word.is_empty());
    let first = words.next()?;
    let name = match first {
        "node" | "on" | "Node" => words.find(|word| *word != "node")?,
        _ => first,
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
    (name.contains('-') && name.chars().all(plain)).then(|| name.to_owned())
}

/// The node of a file: the manifest's, or that of a folder `nodes/<name>/`.
pub(super) fn node_of(hint: &Hint<'_>) -> String {
    if !hint.node.is_empty() {
        return hint.node.to_owned();
    }
    let parts: Vec<&str> = hint.path.split('/').collect();
    parts
        .windows(3)
        .find_map(|three| match three {
            ["nodes" | "node", name, _] => Some((*name).to_owned()),
            _ => None,
        })
        .unwrap_or_default()
}
