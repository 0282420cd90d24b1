//! Renders every state in every language and format into a folder, with an index: what the
//! browser tests open, and what people look at before a release.

#[path = "../tests/it/states.rs"]
mod states;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use konspect::language::{Language, Locale};
use konspect::render::{self, Format, Options, Target};
use konspect::report::Report;

const STYLE: &str = ":root{color-scheme:light dark}body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:82rem;padding:0 1rem}\
h2{margin:2.5rem 0 .5rem}section>div{display:grid;grid-template-columns:repeat(3,1fr);gap:1rem}\
figure{margin:0}img{width:100%;border:1px solid #8888;display:block}img.narrow{width:30%;display:inline-block;margin:.4rem .4rem 0 0}a{margin-right:.6rem}";

fn main() -> anyhow::Result<()> {
    let Some(folder) = std::env::args_os().nth(1).map(PathBuf::from) else {
        anyhow::bail!("usage: gallery FOLDER");
    };
    fs::create_dir_all(&folder)?;
    let mut sections: Vec<(String, String)> = Vec::new();
    for locale in Locale::ALL {
        let mut states = states::all(locale);
        states.push(("huge", states::huge(locale)));
        for (name, report) in states {
            let links = state(&folder, name, locale, &report)?;
            match sections.iter_mut().find(|(known, _)| known == name) {
                Some((_, figures)) => figures.push_str(&links),
                None => sections.push((name.to_owned(), links)),
            }
        }
    }
    // What no page may let come alive; nobody looks at these.
    for (number, payload) in states::PAYLOADS.iter().enumerate() {
        let report = states::hostile(payload);
        let mut bytes = Vec::new();
        let language = Language::new(Locale::English);
        render::render(Format::Html, &report, &language, &Options::default(), &mut bytes)?;
        fs::write(folder.join(format!("payload-{number:02}.html")), bytes)?;
    }
    let mut index = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>konspect: gallery</title><style>{STYLE}</style></head>\n<body><h1>Every state of the report</h1>\n"
    );
    for (name, figures) in sections {
        writeln!(index, "<section><h2>{name}</h2><div>\n{figures}</div></section>")?;
    }
    index.push_str("</body></html>\n");
    fs::write(folder.join("index.html"), index)?;
    Ok(())
}

/// Writes one state in all formats; gives its place in the index.
fn state(folder: &Path, name: &str, locale: Locale, report: &Report) -> anyhow::Result<String> {
    let stem = format!("{name}.{}", locale.as_str());
    let language = Language::new(locale);
    let mut links = String::new();
    let mut write = |file: String, format: Format, options: &Options| -> anyhow::Result<()> {
        let mut bytes = Vec::new();
        render::render(format, report, &language, options, &mut bytes)?;
        fs::write(folder.join(&file), bytes)?;
        let label = file.strip_prefix(&stem).unwrap_or(&file).trim_start_matches('.');
        writeln!(links, "<a href=\"{file}\">{label}</a>")?;
        Ok(())
    };
    for format in Format::ALL {
        write(format!("{stem}.{}", format.as_str()), format, &Options::default())?;
    }
    for target in [Target::Azdo, Target::Jira, Target::Plain, Target::Line] {
        let options = Options { target, ..Options::default() };
        write(format!("{stem}.{}.txt", target.as_str()), Format::Markdown, &options)?;
    }
    let mut pictures = String::new();
    for theme in ["light", "dark"] {
        write!(
            pictures,
            "<a href=\"{stem}.html\"><img loading=\"lazy\" alt=\"{stem}, {theme}, 1280 px\" src=\"shots/{stem}.{theme}.1280.png\"></a>\n<img class=\"narrow\" loading=\"lazy\" alt=\"{stem}, {theme}, 320 px\" src=\"shots/{stem}.{theme}.320.png\">\n"
        )?;
    }
    Ok(format!("<figure>\n{links}{pictures}</figure>\n"))
}
