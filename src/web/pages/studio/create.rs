//! `/studio/drafts/new` and `POST /studio/drafts`: begins a draft from a version, a pack or a file.
//!
//! The form sends `title` and `start`: `version:3`, `pack:framework`, or `file` with the file in `source`.

use askama::Template;
use axum::extract::{Multipart, State};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::file::Editor;
use super::forms::{self, Fields};
use super::{REFUSED, home, not_saved};
use crate::app::Error;
use crate::app::methodology::DraftFrom;
use crate::domain::pack::Overrides;
use crate::web::error::Result;
use crate::web::extract::{Manager, Member, Query};
use crate::web::respond::{Done, Page, page_with_status};
use crate::web::ui::shell::Room;
use crate::web::ui::{Notice, Shell, filters};
use crate::web::{Web, paths};

/// What the address proposes.
#[derive(Debug, Default, Deserialize)]
pub struct Params {
    /// A version.
    #[serde(default)]
    from: String,
    /// A pack that comes with Holdfast.
    #[serde(default)]
    pack: String,
}

/// The form.
#[derive(Clone, Debug, Template)]
#[template(path = "studio/create.html")]
pub struct CreatePage {
    /// The frame.
    pub shell: Shell,
    /// What to begin with: (value, label, chosen).
    pub starts: Vec<(String, String, bool)>,
    /// What the draft is to be called.
    pub title: String,
    /// Why it was not begun.
    pub notice: Option<Notice>,
    /// A file with faults, to be mended here.
    pub editor: Option<Editor>,
}

async fn page(web: &Web, member: &Member, chosen: &str) -> Result<CreatePage> {
    let versions = web.app.versions(&member.scope).await?;
    let current = versions.iter().find(|v| v.status == "published");
    let name = |v: &crate::app::methodology::Version| {
        let state = if v.status == "published" { ", in force" } else { "" };
        (format!("version:{}", v.version), format!("Version {}{state}: {}", v.version, v.title))
    };
    let others = versions.iter().filter(|v| v.status != "published");
    let packs =
        home::packs().into_iter().map(|(id, name, _)| (format!("pack:{id}"), format!("Pack: {name}")));
    let file = ("file".to_owned(), "A file of your own".to_owned());
    let starts = current.into_iter().chain(others).map(name).chain(packs).chain([file]);
    Ok(CreatePage {
        shell: member.shell(Room::Settings),
        starts: starts.map(|(value, label)| (value.clone(), label, value == chosen)).collect(),
        title: String::new(),
        notice: None,
        editor: None,
    })
}

/// The form.
pub async fn show(
    State(web): State<Web>,
    Manager(member): Manager,
    Query(params): Query<Params>,
) -> Result<Page<CreatePage>> {
    let chosen = match (params.from.as_str(), params.pack.as_str()) {
        ("", "") => String::new(),
        ("", pack) => format!("pack:{pack}"),
        (version, _) => format!("version:{version}"),
    };
    Ok(Page(page(&web, &member, &chosen).await?))
}

/// Begins a draft.
pub async fn create(State(web): State<Web>, Manager(member): Manager, form: Multipart) -> Result<Response> {
    let fields = match forms::multipart(form).await {
        Ok(fields) => fields,
        Err(why) => return refuse(&web, &member, &Fields::default(), &why, None).await,
    };
    let (start, source) = (fields.get("start"), fields.get("source"));
    let from = match start.split_once(':') {
        Some(("version", number)) => DraftFrom::Version(number.parse().map_err(|_| Error::NotFound)?),
        Some(("pack", id)) => DraftFrom::Pack(id.to_owned()),
        _ if source.is_empty() => {
            return refuse(&web, &member, &fields, "Choose a file that is not empty.", None).await;
        }
        _ => DraftFrom::File { source: source.to_owned(), overrides: Overrides::default() },
    };
    match web.app.create_draft(&member.scope, from, fields.get("title"), &member.actor()).await {
        Ok(draft) => {
            let text = format!("Draft {:?} begun.", draft.stored.title);
            Ok(Done::to(paths::draft(draft.stored.id), text).into_response())
        }
        Err(Error::Pack(errors)) => {
            let editor = Editor::new(source, Some(&errors), "");
            let text = "The file has faults. Mend them here; it is kept as it is typed until it is saved.";
            refuse(&web, &member, &fields, text, Some(editor)).await
        }
        Err(Error::Invalid(wrong)) => {
            let why = wrong
                .iter()
                .map(|field| format!("The {} {}.", field.name, field.message))
                .collect::<String>();
            refuse(&web, &member, &fields, &why, None).await
        }
        Err(Error::Conflict(why)) => refuse(&web, &member, &fields, &why, None).await,
        Err(error) => Err(error.into()),
    }
}

async fn refuse(
    web: &Web,
    member: &Member,
    fields: &Fields,
    why: &str,
    editor: Option<Editor>,
) -> Result<Response> {
    let page = CreatePage {
        title: fields.get("title").to_owned(),
        notice: Some(not_saved("The draft was not begun.", why)),
        editor,
        ..page(web, member, fields.get("start")).await?
    };
    Ok(page_with_status(REFUSED, page))
}
