//! `/studio/drafts/{id}/file`: a draft as text, with the faults the loader finds at their places. `POST …/check` looks
//! through a text while it is typed and answers the block `faults`; `POST …/upload` puts a file in its place;
//! `GET …/file.yaml` hands it out.

use askama::Template;
use axum::extract::{Multipart, State};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{Html, IntoResponse, Response};
use uuid::Uuid;

use super::changes::DiffView;
use super::forms::{self, Fields};
use super::{Answer, DraftHead, Fault, REFUSED, Tab, answer, faults, find, not_saved};
use crate::app::Error;
use crate::app::methodology::{self, Draft};
use crate::domain::pack::PackErrors;
use crate::web::error::Result;
use crate::web::extract::{Form, Id, Manager, Member};
use crate::web::respond::{Done, Page, page_with_status};
use crate::web::ui::shell::Room;
use crate::web::ui::{Notice, Shell, filters, format, html_safe};
use crate::web::{Web, paths};

/// Faults listed and marked at most; mending those brings up the next.
const MOST_FAULTS: usize = 200;

/// A draft as text.
#[derive(Clone, Debug, Template)]
#[template(path = "studio/file.html")]
pub struct FilePage {
    /// The frame.
    pub shell: Shell,
    /// The draft.
    pub head: DraftHead,
    /// Why it was not saved, or that nothing is wrong.
    pub notice: Option<Notice>,
    /// After a conflict: what the other saved, beside what was typed here.
    pub theirs: Option<DiffView>,
    /// The text.
    pub editor: Editor,
}

/// A text with line numbers and faults.
#[derive(Clone, Debug, Template)]
#[template(path = "studio/editor.html", blocks = ["faults", "marks"])]
pub struct Editor {
    /// The text as it is typed.
    pub source: String,
    /// How many lines it has.
    pub lines: usize,
    /// How many characters its longest line has.
    pub columns: usize,
    /// The lines with faults, among empty ones: what is laid over the text.
    pub marks: Vec<Piece>,
    /// What is wrong.
    pub faults: Vec<Fault>,
    /// `3 faults`, `The file holds together`.
    pub verdict: String,
    /// Where the text is checked while it is typed; empty for nowhere.
    pub check: String,
    /// Whether it can only be read.
    pub read_only: bool,
}

/// A stretch of a line that has faults, or the line ends before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// The text, which is only there to take its room.
    pub text: String,
    /// The number of the fault that is marked, and what is wrong; none for what is right.
    pub fault: Option<(usize, String)>,
}

html_safe!(Editor);

impl Editor {
    /// A text with the faults that were found, none for a text that was found to hold together.
    pub fn new(source: &str, errors: Option<&PackErrors>, check: &str) -> Self {
        // A text area shows every line end as one character, and takes a first empty line for its own.
        let lines = source.lines().count() + usize::from(source.is_empty() || source.ends_with('\n'));
        let mut faults = errors.map(faults).unwrap_or_default();
        let verdict = match faults.len() {
            0 => "The file holds together".to_owned(),
            n => format::count(n as i64, "fault"),
        };
        faults.truncate(MOST_FAULTS);
        Editor {
            source: source.to_owned(),
            lines,
            columns: source.lines().map(|line| line.chars().count()).max().unwrap_or(0) + 2,
            marks: marks(source, &faults),
            faults,
            verdict,
            check: check.to_owned(),
            read_only: false,
        }
    }
}

/// What is laid over a text so that its faults are marked where they are. Faults are in the order of the text.
fn marks(source: &str, faults: &[Fault]) -> Vec<Piece> {
    let mut pieces = vec![Piece { text: String::new(), fault: None }];
    let (mut line, mut column) = (1, 0);
    let lines: Vec<&str> = source.lines().collect();
    let stretch = |line: u32, from: u32, to: u32| -> String {
        let text = (line as usize).checked_sub(1).and_then(|i| lines.get(i)).copied().unwrap_or_default();
        text.chars().skip(from as usize).take(to.saturating_sub(from) as usize).collect()
    };
    for (number, fault) in faults.iter().enumerate().filter(|(_, fault)| fault.line > 0) {
        if fault.line > line {
            let gap = "\n".repeat((fault.line - line) as usize);
            pieces.push(Piece { text: gap, fault: None });
            (line, column) = (fault.line, 0);
        }
        if fault.column < column {
            // Inside what is marked already: said together with it.
            if let Some((_, said)) = pieces.last_mut().and_then(|piece| piece.fault.as_mut()) {
                said.push_str("; ");
                said.push_str(&fault.message);
            }
            continue;
        }
        pieces.push(Piece { text: stretch(line, column, fault.column), fault: None });
        let mut text = stretch(line, fault.column, fault.column + fault.width);
        if text.trim().is_empty() {
            text = "\u{a0}".to_owned();
        }
        pieces.push(Piece { text, fault: Some((number, fault.message.clone())) });
        column = fault.column + fault.width;
    }
    pieces
}

fn page(web: &Web, member: &Member, draft: &Draft, editor: Editor) -> FilePage {
    let head = DraftHead::new(web, member, draft, Tab::File);
    let editor = Editor { read_only: !head.may_edit, ..editor };
    FilePage { shell: member.shell(Room::Settings), head, notice: None, theirs: None, editor }
}

fn check_path(id: Uuid) -> String {
    format!("{}/check", paths::draft(id))
}

/// The text.
pub async fn show(State(web): State<Web>, member: Member, Id(id): Id) -> Answer {
    let draft = find(&web, &member, id).await?;
    let errors = methodology::load_apart(&draft.stored.source, &draft.overrides).await.err();
    let errors = match errors {
        Some(Error::Pack(errors)) => Some(errors),
        _ => None,
    };
    let editor = Editor::new(&draft.stored.source, errors.as_ref(), &check_path(id));
    Ok(Page(page(&web, &member, &draft, editor)).into_response())
}

/// The faults of a text, without storing anything.
pub async fn check(
    State(web): State<Web>,
    Manager(member): Manager,
    Id(id): Id,
    Form(fields): Form<Vec<(String, String)>>,
) -> Answer {
    let draft = find(&web, &member, id).await?;
    let source = Fields(fields).get("source").replace("\r\n", "\n");
    let parts = checked(&draft, &source).await.and_then(|editor| {
        let parts = [editor.as_faults().render(), editor.as_marks().render()];
        let parts: std::result::Result<Vec<String>, _> = parts.into_iter().collect();
        Ok(Html(parts.map_err(anyhow::Error::from)?.concat()))
    });
    Ok(answer(parts))
}

async fn checked(draft: &Draft, source: &str) -> Result<Editor> {
    match methodology::load_apart(source, &draft.overrides).await {
        Ok(_) => Ok(Editor::new(source, None, "")),
        Err(Error::Pack(errors)) => Ok(Editor::new(source, Some(&errors), "")),
        Err(error) => Err(error.into()),
    }
}

/// Saves the text.
pub async fn save(
    State(web): State<Web>,
    Manager(member): Manager,
    Id(id): Id,
    Form(fields): Form<Vec<(String, String)>>,
) -> Answer {
    let fields = Fields(fields);
    let draft = find(&web, &member, id).await?;
    // Forms send line ends as CR LF; the file keeps those it has.
    let typed = fields.get("source").replace("\r\n", "\n");
    let source = if draft.stored.source.contains("\r\n") { typed.replace('\n', "\r\n") } else { typed };
    Ok(answer(store(&web, &member, &draft, fields.revision(), &source).await))
}

/// Puts a file in the text's place.
pub async fn upload(State(web): State<Web>, Manager(member): Manager, Id(id): Id, form: Multipart) -> Answer {
    let draft = find(&web, &member, id).await?;
    let fields = match forms::multipart(form).await {
        Ok(fields) if fields.find("file").is_some() => fields,
        other => {
            let why = other.err().unwrap_or_else(|| "Choose a file that is not empty.".to_owned());
            let editor = Editor::new(&draft.stored.source, None, &check_path(id));
            let notice = Some(not_saved("The file was not taken.", &why));
            let page = FilePage { notice, ..page(&web, &member, &draft, editor) };
            return Ok(page_with_status(REFUSED, page));
        }
    };
    Ok(answer(store(&web, &member, &draft, fields.revision(), fields.get("file")).await))
}

async fn store(web: &Web, member: &Member, draft: &Draft, revision: i32, source: &str) -> Result<Response> {
    let (id, actor) = (draft.stored.id, member.actor());
    let here = format!("{}/file", paths::draft(id));
    let saving = web.app.save_draft(&member.scope, id, None, source, &draft.overrides, revision, &actor);
    let (status, notice, errors, theirs) = match saving.await {
        Ok(_) => return Ok(Done::to(here, "Saved.").into_response()),
        Err(Error::Pack(errors)) => {
            let text =
                "The text below is as you typed it; the draft is as it was. Mend the faults and save again.";
            (REFUSED, not_saved("Not saved.", text), Some(errors), None)
        }
        Err(Error::Conflict(why)) => {
            let text = format!(
                "{why} Below is your text; above it, how it differs from theirs. Saving again writes it over theirs."
            );
            let theirs = methodology::diff_texts(&draft.stored.source, source).await?;
            let names = (format!("saved by {}", draft.stored.updated_by), "yours".to_owned());
            let view = DiffView::new(&methodology::Diff { from: names.0, to: names.1, ..theirs });
            (StatusCode::CONFLICT, not_saved("Not saved.", &text), None, Some(view))
        }
        Err(error) => return Err(error.into()),
    };
    let editor = Editor::new(source, errors.as_ref(), &check_path(id));
    let page = FilePage { notice: Some(notice), theirs, ..page(web, member, draft, editor) };
    Ok(page_with_status(status, page))
}

/// Hands a draft's file out.
pub async fn download(State(web): State<Web>, member: Member, Id(id): Id) -> Answer {
    let draft = find(&web, &member, id).await?;
    Ok(yaml(&format!("{}-draft.yaml", draft.stored.pack_id), draft.stored.source))
}

/// A file to keep.
pub(super) fn yaml(name: &str, source: String) -> Response {
    let name: String = name.chars().filter(|c| c.is_ascii_alphanumeric() || "-_.".contains(*c)).collect();
    let headers = [
        (CONTENT_TYPE, "application/yaml; charset=utf-8".to_owned()),
        (CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
    ];
    (headers, source).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_lie_over_what_they_mark() {
        let fault = |line, column, width, message: &str| Fault {
            place: String::new(),
            line,
            message: message.to_owned(),
            column,
            width,
        };
        let source = "a: 1\nbéta: wrong here\nc: 2\n";
        let faults = [
            fault(0, 0, 0, "x"),
            fault(2, 6, 5, "no word"),
            fault(2, 8, 1, "nor this"),
            fault(2, 12, 4, "y"),
        ];
        let over = marks(source, &faults);
        let text: String = over.iter().map(|piece| piece.text.as_str()).collect();
        assert_eq!(text, "\nbéta: wrong here");
        let marked: Vec<_> =
            over.iter().filter_map(|p| Some((p.text.as_str(), p.fault.as_ref()?.1.as_str()))).collect();
        assert_eq!(marked, [("wrong", "no word; nor this"), ("here", "y")]);
    }

    #[test]
    fn every_line_has_its_number() {
        for (source, lines) in [("", 1), ("a", 1), ("a\n", 2), ("a\nb", 2), ("a\n\n", 3)] {
            assert_eq!(Editor::new(source, None, "").lines, lines, "{source:?}");
        }
    }
}
