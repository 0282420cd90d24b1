//! Renders every state in every language and format into a folder, with an index: what the
//! browser tests open, and what people look at before a release.

#[path = "../tests/it/states.rs"]
mod states;

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use konspect::language::{Language, Locale};
use konspect::render::{self, Format, Options};

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args_os().skip(1);
    let Some(folder) = arguments.next().map(PathBuf::from) else {
        anyhow::bail!("usage: gallery FOLDER");
    };
    fs::create_dir_all(&folder)?;
    let mut index = String::from(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>konspect: gallery</title><h1>Gallery</h1><ul>\n",
    );
    let mut states = states::all();
    states.push(("huge", states::huge()));
    for (name, mut report) in states {
        for locale in Locale::ALL {
            locale.as_str().clone_into(&mut report.lang);
            let language = Language::new(locale);
            for format in Format::ALL {
                let file = format!("{name}.{}.{}", locale.as_str(), format.as_str());
                let mut bytes = Vec::new();
                render::render(format, &report, &language, &Options::default(), &mut bytes)?;
                fs::write(folder.join(&file), bytes)?;
                writeln!(index, "<li><a href=\"{file}\">{file}</a>")?;
            }
        }
    }
    index.push_str("</ul></html>\n");
    fs::write(folder.join("index.html"), index)?;
    Ok(())
}
