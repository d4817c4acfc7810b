//! askama filters: `{{ "sun"|icon }}`, `{{ "app.css"|asset }}`. A page brings them in with
//! `use crate::web::ui::filters;`.

#![expect(missing_docs, reason = "the attribute `filter_fn` makes items that cannot carry docs")]

use std::fmt;

use askama::filters::HtmlSafe;

use crate::web::assets;

/// A picture of the sprite `static/icons.svg`, hidden from screen readers: the words stand beside it.
pub struct Icon(String);

impl fmt::Display for Icon {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let class = if self.0.starts_with("tone-") { "shape" } else { "icon" };
        let (sprite, name) = (assets::url("icons.svg"), &self.0);
        write!(f, r#"<svg class="{class}" aria-hidden="true"><use href="{sprite}#{name}"/></svg>"#)
    }
}

impl HtmlSafe for Icon {}

/// Draws a symbol of the sprite by its name, which is always a literal or a [`super::Tone`]'s.
#[askama::filter_fn]
pub fn icon(name: impl fmt::Display, _env: &dyn askama::Values) -> askama::Result<Icon> {
    Ok(Icon(name.to_string()))
}

/// The fingerprinted URL of a file under `static/`.
#[askama::filter_fn]
pub fn asset(name: &str, _env: &dyn askama::Values) -> askama::Result<&'static str> {
    Ok(assets::url(name))
}
