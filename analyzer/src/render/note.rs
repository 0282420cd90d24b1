//! A note on a rule file, drawn with the place that it means.

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use super::escape::visible;
use crate::rules::user::Note;

/// Draws a note; whatever the file holds, it cannot move a terminal.
pub fn note(note: &Note, color: bool) -> String {
    let part = |range: std::ops::Range<usize>| visible(note.text.get(range).unwrap_or_default());
    let (start, end) = (note.range.start, note.range.end);
    let (before, inside, after) = (part(0..start), part(start..end), part(end..note.text.len()));
    let source = format!("{before}{inside}{after}");
    let range = before.len()..before.len() + inside.len();
    let (path, message) = (visible(&note.path), visible(&note.message));
    let help = note.help.as_ref().map(|help| visible(help).into_owned());
    let title = Level::ERROR.primary_title(&*message);
    let mut groups = vec![if source.is_empty() {
        title.element(annotate_snippets::Origin::path(&*path))
    } else {
        title.element(
            Snippet::source(&*source)
                .line_start(note.line)
                .path(&*path)
                .annotation(AnnotationKind::Primary.span(range)),
        )
    }];
    if let Some(help) = &help {
        groups.push(Group::with_title(Level::HELP.secondary_title(&**help)));
    }
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    renderer.decor_style(DecorStyle::Ascii).render(&groups)
}
