//! JUnit: every rule that ran is a test case, findings are failures, skipped rules are skipped.

use std::fmt::Write as _;
use std::io::Write;

use super::RenderError;
use super::escape::xml;
use crate::language::Language;
use crate::report::{EvidenceCard, Report};

pub(super) fn render(
    report: &Report,
    language: &Language,
    out: &mut dyn Write,
) -> Result<(), RenderError> {
    let mut cases = String::new();
    let (mut tests, mut failures) = (0_u64, 0_u64);
    let cards = report.causes.iter().chain(&report.unexplained).chain(&report.aggravating);
    for card in cards {
        let effects = card.explains.iter().map(|effect| {
            (&effect.code, &effect.rule, &effect.subject.name, &effect.title, &effect.evidence)
        });
        let own = (&card.code, &card.rule, &card.subject.name, &card.title, &card.evidence);
        for (code, rule, name, title, evidence) in std::iter::once(own).chain(effects) {
            tests += 1;
            failures += 1;
            let _ = writeln!(
                cases,
                "    <testcase classname=\"{}\" name=\"{}\">\n      <failure message=\"{}\" type=\"{}\">{}</failure>\n    </testcase>",
                xml(rule),
                xml(&format!("{code} {name}")),
                xml(title),
                xml(code),
                xml(&places(evidence)),
            );
        }
    }
    for card in &report.ruled_out {
        tests += 1;
        let _ = writeln!(
            cases,
            "    <testcase classname=\"{}\" name=\"{}\"/>",
            xml(&card.rule),
            xml(&card.code)
        );
    }
    for card in &report.unchecked {
        tests += 1;
        let _ = writeln!(
            cases,
            "    <testcase classname=\"{}\" name=\"{}\">\n      <skipped message=\"{}\"/>\n    </testcase>",
            xml(&card.rule),
            xml(&card.code),
            xml(&format!("{} {}", language.label("page-missing"), card.missing))
        );
    }
    let skipped = report.unchecked.len();
    // Only a suite counts what was skipped: the schema of Jenkins refuses it on the root.
    let counts = format!("tests=\"{tests}\" failures=\"{failures}\" errors=\"0\"");
    writeln!(
        out,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"konspect\" {counts} time=\"0\">\n  <testsuite name=\"{}\" {counts} skipped=\"{skipped}\" time=\"0\">\n{cases}  </testsuite>\n</testsuites>",
        xml(&report.bundle.name)
    )?;
    Ok(())
}

fn places(evidence: &[EvidenceCard]) -> String {
    let place = |card: &EvidenceCard| match card.line {
        Some(line) => format!("{}:{line}: {}", card.path, card.says),
        None => format!("{}: {}", card.path, card.says),
    };
    evidence.iter().take(10).map(place).collect::<Vec<_>>().join("\n")
}
