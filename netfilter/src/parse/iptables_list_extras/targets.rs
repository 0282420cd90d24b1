//! What targets print of themselves.

use super::{Extra, Reader};

impl Reader<'_, '_> {
    /// What the target says of itself.
    pub(super) fn targets(&mut self, extra: &mut Extra) -> bool {
        self.place = self.place.saturating_sub(1);
        let word = self.take();
        match word {
            "[goto]" => extra.goto = true,
            "reject-with" => {
                let value = self.take();
                self.option("--reject-with", value);
            }
            _ if word.starts_with("to:") => {
                let value = word.get(3..).unwrap_or_default().to_owned();
                for name in ["--to-destination", "--to-source", "--to"] {
                    self.option(name, value.clone());
                }
            }
            "redir" | "masq" if self.peek(0).starts_with("ports") => {
                let glued = self.take();
                let value = match glued.strip_prefix("ports:").filter(|rest| !rest.is_empty()) {
                    Some(rest) => rest,
                    None => self.take(),
                };
                self.option("--to-ports", value);
            }
            "MARK" | "CONNMARK" => self.mark(),
            "LOG" => {
                while let "flags" | "level" | "prefix" = self.peek(0) {
                    let what = self.take();
                    let value = self.take();
                    if what == "prefix" {
                        let value = value
                            .strip_prefix('`')
                            .and_then(|value| value.strip_suffix('\''))
                            .unwrap_or(value);
                        self.option("--log-prefix", value);
                    }
                }
            }
            "random" | "random-fully" | "persistent" => {}
            "NOTRACK" => self.option("--notrack", ""),
            "CT" => {
                if self.eat(&["notrack"]) {
                    self.option("--notrack", "");
                } else {
                    self.place = self.words.len();
                }
            }
            "TTL" | "HL" => {
                let name = match self.take() {
                    "set" => {
                        self.eat(&["to"]);
                        "--ttl-set"
                    }
                    "increment" => {
                        self.eat(&["by"]);
                        "--ttl-inc"
                    }
                    "decrement" => {
                        self.eat(&["by"]);
                        "--ttl-dec"
                    }
                    _ => return false,
                };
                let value = self.take();
                self.option(name, value);
            }
            "TOS" => {
                let name = match self.take() {
                    "set" => "--set-tos",
                    "and" => "--and-tos",
                    "or" => "--or-tos",
                    "xor" => "--xor-tos",
                    _ => return false,
                };
                let value = self.take();
                self.option(name, value);
            }
            "DSCP" => {
                self.eat(&["set"]);
                let value = self.take();
                self.option("--set-dscp", value);
            }
            "TPROXY" => {
                self.eat(&["redirect"]);
                self.take();
                if self.eat(&["mark"]) {
                    let value = self.take();
                    self.option("--tproxy-mark", value);
                }
            }
            "add-set" | "del-set" => {
                let name = self.take();
                let sides = self.take();
                self.option(
                    if word == "add-set" { "--add-set" } else { "--del-set" },
                    format!("{name} {sides}"),
                );
                while matches!(self.peek(0), "exist" | "timeout") {
                    if self.take() == "timeout" {
                        self.take();
                    }
                }
            }
            "map-set" | "TCPMSS" | "CLASSIFY" | "CHECKSUM" | "nflog-prefix" | "nflog-group"
            | "nflog-threshold" | "nflog-range" | "nflog-size" | "ULOG" | "AUDIT" | "NFQUEUE"
            | "IDLETIMER" | "HMARK" => {
                if word == "NFQUEUE" && self.words.iter().any(|word| word.text == "bypass") {
                    self.option("--queue-bypass", "");
                }
                self.place = self.words.len();
            }
            _ => return false,
        }
        true
    }

    /// `MARK set 0x5`, `MARK xset 0x6/0xff`, `MARK or 0x4000`, `CONNMARK restore mask 0xff`, …
    fn mark(&mut self) {
        let what = self.take();
        match what {
            "set" => {
                let value = self.take();
                self.option("--set-mark", value);
            }
            "xset" => {
                let value = self.take();
                self.option("--set-xmark", value);
            }
            "and" | "or" | "xor" => {
                let value = self.take();
                self.option(&format!("--{what}-mark"), value);
            }
            "save" | "restore" => {
                self.option(&format!("--{what}-mark"), "");
                while matches!(self.peek(0), "mask" | "nfmask" | "ctmask") {
                    let name = format!("--{}", self.take());
                    self.eat(&["~"]);
                    let value = self.take().trim_start_matches('~');
                    self.option(&name, value);
                }
            }
            _ => self.unknown.push(format!("MARK {what}")),
        }
        if matches!(self.peek(0), "left-shift-mark" | "right-shift-mark") {
            let name = format!("--{}", self.take());
            let value = self.take();
            self.option(&name, value);
        }
    }
}
