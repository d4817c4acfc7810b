//! `POST /studio/drafts/{id}/bands`: bands and caps. Fields are named by their places; `do` is `save` or `remove:` with a
//! place. A new band stands in `new_band`, `new_band_from` and `new_band_colour`, a new cap at the place after the last.

use axum::extract::State;
use axum::response::{IntoResponse, Response};

use super::forms::{self, Fields, Refused, Saved};
use super::weights::free_id;
use super::{Answer, REFUSED, answer, find, model};
use crate::app::methodology::{self, Draft};
use crate::domain::pack::edit::{Edit, Outline, Part};
use crate::web::Web;
use crate::web::error::Result;
use crate::web::extract::{Form, Id, Manager, Member};
use crate::web::paths;
use crate::web::respond::{Done, page_with_status};

const BANDS: &str = "/health/bands";
const CAPS: &str = "/health/caps";

/// Takes the form.
pub async fn save(
    State(web): State<Web>,
    Manager(member): Manager,
    Id(id): Id,
    Form(fields): Form<Vec<(String, String)>>,
) -> Answer {
    let draft = find(&web, &member, id).await?;
    Ok(answer(take(&web, &member, &draft, Fields(fields)).await))
}

async fn take(web: &Web, member: &Member, draft: &Draft, fields: Fields) -> Result<Response> {
    let refused = match changes(draft, &fields).await? {
        Ok(edits) => match forms::save(web, member, draft, fields, &edits).await? {
            Saved::Done(draft) => {
                return Ok(Done::to(paths::draft(draft.stored.id), "Saved.").into_response());
            }
            Saved::Not(refused) => refused,
        },
        Err(errors) => Refused::for_fields(fields, errors),
    };
    Ok(page_with_status(REFUSED, model::page(web, member, draft, refused).await?))
}

async fn changes(
    draft: &Draft,
    fields: &Fields,
) -> Result<std::result::Result<Vec<Edit>, Vec<(String, String)>>> {
    let loaded = methodology::load_apart(&draft.stored.source, &draft.overrides).await?;
    let outline = Outline::read(&draft.stored.source).map_err(crate::app::Error::Pack)?;
    let caps = outline.len(CAPS).unwrap_or(0);
    let new = format!("{CAPS}/{caps}/");
    let own = Fields(fields.0.iter().filter(|(name, _)| !name.starts_with(&new)).cloned().collect());
    let mut edits = own.edits(&outline);
    if let Some(at) = fields.get("do").strip_prefix("remove:") {
        edits.push(Edit::Remove { at: at.to_owned() });
    }
    let field = |key: &str| fields.get(&format!("{new}{key}")).trim().to_owned();
    let (when, at_most, why) = (field("when"), field("at_most"), field("why"));
    match (when.is_empty(), why.is_empty()) {
        (true, true) => {}
        (false, false) => {
            let cap = Part::map([
                ("when", Part::typed(&when)),
                ("at_most", Part::Text(at_most)),
                ("why", Part::typed(&why)),
            ]);
            edits.push(match outline.len(CAPS) {
                Some(index) => Edit::Insert { list: CAPS.to_owned(), index, item: cap },
                None => Edit::Set { at: CAPS.to_owned(), to: Part::List(vec![cap]) },
            });
        }
        (missing, _) => {
            let (key, text) =
                if missing { ("when", "Say when it holds.") } else { ("why", "Say why it holds.") };
            return Ok(Err(vec![(format!("{new}{key}"), text.to_owned())]));
        }
    }
    let name = fields.get("new_band").trim();
    if !name.is_empty() {
        let Ok(from) = fields.get("new_band_from").trim().parse::<f64>() else {
            let text = "Say from which score on it holds.".to_owned();
            return Ok(Err(vec![("new_band_from".to_owned(), text)]));
        };
        let bands = &loaded.methodology.health.bands;
        let lower = |band: &crate::domain::health::Band| band.bound.is_none_or(|bound| bound.figure() < from);
        let index = bands.iter().position(lower).unwrap_or(bands.len());
        let id = free_id(name, |id| bands.iter().any(|band| *band.id == *id));
        let item = Part::map([
            ("id", Part::Text(id)),
            ("name", Part::typed(name)),
            ("from", Part::typed(fields.get("new_band_from").trim())),
            ("colour", Part::Text(fields.get("new_band_colour").to_owned())),
        ]);
        edits.push(Edit::Insert { list: BANDS.to_owned(), index, item });
    }
    Ok(Ok(edits))
}
