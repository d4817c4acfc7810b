//! `/studio/drafts/{id}/parameters`: the figures a tenant chooses, with their units and notes, and presets. The form sends
//! `preset` and each parameter under `=NAME`; an empty one takes the default of the file.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};

use super::forms::{self, Fields, Refused};
use super::{Answer, DraftHead, REFUSED, Tab, answer, find};
use crate::app::Error;
use crate::app::methodology::{self, Draft};
use crate::domain::pack::{Overrides, Text, schema};
use crate::web::Web;
use crate::web::error::Result;
use crate::web::extract::{Form, Id, Manager, Member};
use crate::web::respond::{Done, Page, page_with_status};
use crate::web::ui::shell::Room;
use crate::web::ui::{EmptyState, Notice, Shell, filters};

/// The parameters of a draft.
#[derive(Clone, Debug, Template)]
#[template(path = "studio/parameters.html")]
pub struct ParametersPage {
    /// The frame.
    pub shell: Shell,
    /// The draft.
    pub head: DraftHead,
    /// Why it was not saved.
    pub notice: Option<Notice>,
    /// Said instead of parameters.
    pub empty: Option<EmptyState>,
    /// Presets: (id, name, chosen).
    pub presets: Vec<(String, String, bool)>,
    /// The parameters.
    pub parameters: Vec<ParameterRow>,
}

/// One parameter.
#[derive(Clone, Debug)]
pub struct ParameterRow {
    /// Its name, as `${NAME}` in the file.
    pub name: String,
    /// What it decides.
    pub note: String,
    /// `% of seats`.
    pub unit: String,
    /// What the tenant chose; empty for the default.
    pub value: String,
    /// What holds where nothing is chosen: of the preset, or else of the file.
    pub default: String,
    /// What is wrong with it.
    pub error: String,
    /// Its line in the file.
    pub line: u32,
}

/// The page.
pub async fn show(State(web): State<Web>, member: Member, Id(id): Id) -> Answer {
    let draft = find(&web, &member, id).await?;
    Ok(answer(page(&web, &member, &draft, &Refused::default()).await.map(Page)))
}

async fn page(web: &Web, member: &Member, draft: &Draft, refused: &Refused) -> Result<ParametersPage> {
    let loaded = methodology::load_apart(&draft.stored.source, &draft.overrides).await?;
    let file = &loaded.file;
    let chosen = refused.value("preset", draft.overrides.preset.as_deref().unwrap_or_default());
    let preset = file.presets.iter().find(|preset| *preset.id == *chosen);
    let row = |(name, parameter): &(Text, schema::Parameter)| {
        let text = |text: &Option<Text>| text.as_ref().map_or_else(String::new, ToString::to_string);
        let set = draft.overrides.set.iter().find(|(n, _)| **n == **name).map_or("", |(_, value)| value);
        let by_preset = preset.and_then(|preset| preset.set.get(name));
        let field = format!("={name}");
        ParameterRow {
            note: text(&parameter.note),
            unit: text(&parameter.unit),
            value: refused.value(&field, set),
            default: by_preset.unwrap_or(&parameter.default).to_string(),
            error: refused.error(&field),
            line: name.at.line,
            name: name.to_string(),
        }
    };
    Ok(ParametersPage {
        shell: member.shell(Room::Settings),
        head: DraftHead::new(web, member, draft, Tab::Parameters),
        notice: refused.notice.clone(),
        empty: file.parameters.is_empty().then(|| {
            EmptyState::new("settings", "No parameters", "Every figure of this pack stands where it is used.")
        }),
        presets: file
            .presets
            .iter()
            .map(|p| (p.id.to_string(), p.name.to_string(), *p.id == *chosen))
            .collect(),
        parameters: file.parameters.iter().map(row).collect(),
    })
}

/// Saves them.
pub async fn save(
    State(web): State<Web>,
    Manager(member): Manager,
    Id(id): Id,
    Form(fields): Form<Vec<(String, String)>>,
) -> Answer {
    let draft = find(&web, &member, id).await?;
    Ok(answer(store(&web, &member, &draft, Fields(fields)).await))
}

async fn store(web: &Web, member: &Member, draft: &Draft, fields: Fields) -> Result<Response> {
    let set = fields.0.iter().filter_map(|(name, value)| Some((name.strip_prefix('=')?, value.trim())));
    let set: Vec<(String, String)> =
        set.filter(|(_, value)| !value.is_empty()).map(|(n, v)| (n.to_owned(), v.to_owned())).collect();
    let preset = Some(fields.get("preset").to_owned()).filter(|preset| !preset.is_empty());
    let overrides = Overrides { preset, set };
    let (id, source, revision) = (draft.stored.id, &draft.stored.source, fields.revision());
    let actor = member.actor();
    let saving = web.app.save_draft(&member.scope, id, None, source, &overrides, revision, &actor);
    let refused = match saving.await {
        Ok(_) => {
            let here = format!("{}/parameters", crate::web::paths::draft(id));
            return Ok(Done::to(here, "Saved.").into_response());
        }
        Err(Error::Pack(errors)) => {
            // Each names the parameter it is about, or the place in the file that its value spoils.
            let (mut at_fields, mut general) = (Vec::new(), Vec::new());
            for error in &errors.0 {
                let named =
                    overrides.set.iter().find(|(name, _)| error.message.contains(&format!("`{name}`")));
                match (named, error.at) {
                    (Some((name, _)), None) => at_fields.push((format!("={name}"), error.message.clone())),
                    (_, Some(at)) => general.push(format!("Line {}: {}.", at.line, error.message)),
                    (None, None) => general.push(format!("{}.", error.message)),
                }
            }
            let text = format!("Nothing was changed. {}", general.join(" "));
            Refused { errors: at_fields, ..Refused::because(fields, "Not saved.", &text) }
        }
        Err(Error::Conflict(why)) => forms::conflict(fields, &why),
        Err(error) => return Err(error.into()),
    };
    Ok(page_with_status(REFUSED, page(web, member, draft, &refused).await?))
}
