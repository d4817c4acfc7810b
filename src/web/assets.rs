//! The files under `static/`, embedded in the binary and served under names that carry their content's hash.
//!
//! `url("app.js")` gives `/static/app.<hash>.js`; such a URL never changes its content, so it may be cached
//! for ever and needs no ETag. The style sheets are joined into one `app.css` in the order of [`SHEETS`], and
//! `url("x")` inside them is replaced by the fingerprinted name. To add a file: put it in `static/`; a style
//! sheet also goes into [`SHEETS`], unless it is of one page only: such a one lies in a folder and is served by itself.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest as _, Sha256};

/// The style sheets that make up `app.css`, in cascade order.
const SHEETS: [&str; 15] = [
    "tokens.css",
    "base.css",
    "layout.css",
    "components.css",
    "today.css",
    "accounts.css",
    "renewals.css",
    "pages.css",
    "tasks.css",
    "support.css",
    "pipelines.css",
    "adapt.css",
    "actions.css",
    "charts.css",
    "print.css",
];

#[derive(rust_embed::Embed)]
#[folder = "static/"]
struct Files;

struct Asset {
    url: String,
    content_type: &'static str,
    body: Bytes,
    /// Only where it is smaller; fonts are compressed already.
    gzip: Option<Bytes>,
}

#[derive(Default)]
struct Assets {
    by_name: BTreeMap<String, Asset>,
    name_of_url: BTreeMap<String, String>,
}

static ASSETS: LazyLock<Assets> = LazyLock::new(load);

/// The URL of a file of `static/` (or of the joined `app.css`), with its fingerprint.
///
/// # Panics
/// When there is no such file: a mistake in a template, which any test that renders the page finds.
pub fn url(name: &str) -> &'static str {
    match ASSETS.by_name.get(name) {
        Some(asset) => &asset.url,
        None => panic!("static/{name} does not exist"),
    }
}

/// Answers `GET /static/{*path}`: the file with an immutable cache lifetime, gzipped where the client takes it,
/// or 404 for a name or fingerprint that this build does not have.
pub async fn serve(Path(path): Path<String>, request: HeaderMap) -> Response {
    let found = ASSETS.name_of_url.get(&format!("/static/{path}")).and_then(|name| ASSETS.by_name.get(name));
    let Some(asset) = found else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let takes_gzip = request
        .get(header::ACCEPT_ENCODING)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.split(',').any(|coding| coding.trim().starts_with("gzip")));
    let mut response = match (&asset.gzip, takes_gzip) {
        (Some(gzip), true) => {
            ([(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"))], gzip.clone()).into_response()
        }
        _ => asset.body.clone().into_response(),
    };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(asset.content_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"));
    if asset.gzip.is_some() {
        headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    }
    response
}

fn load() -> Assets {
    let mut assets = Assets::default();
    let joined = |name: &str| name.ends_with(".css") && !name.contains('/');
    for name in Files::iter().filter(|name| !joined(name)) {
        if let Some(file) = Files::get(&name) {
            assets.add(&name, Bytes::from(file.data.into_owned()));
        }
    }
    // Style sheets come last: they name other files, whose fingerprints must be known by then.
    let mut css = String::new();
    for sheet in SHEETS {
        if let Some(file) = Files::get(sheet) {
            css.push_str(&String::from_utf8_lossy(&file.data));
        }
    }
    for (name, asset) in &assets.by_name {
        css = css.replace(&format!("url(\"{name}\")"), &format!("url(\"{}\")", asset.url));
    }
    assets.add("app.css", Bytes::from(css));
    assets
}

impl Assets {
    fn add(&mut self, name: &str, body: Bytes) {
        let digest = Sha256::digest(&body);
        let hash: String = digest.iter().take(5).map(|byte| format!("{byte:02x}")).collect();
        let (stem, extension) = name.rsplit_once('.').unwrap_or((name, ""));
        let url = format!("/static/{stem}.{hash}.{extension}");
        let asset =
            Asset { url: url.clone(), content_type: content_type(extension), gzip: gzip(&body), body };
        self.name_of_url.insert(url, name.to_owned());
        self.by_name.insert(name.to_owned(), asset);
    }
}

fn content_type(extension: &str) -> &'static str {
    match extension {
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "svg" => "image/svg+xml",
        "woff2" => "font/woff2",
        "png" => "image/png",
        // The licences of what is vendored travel with the binary.
        "md" | "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

/// The gzipped bytes, when they save at least a tenth.
fn gzip(body: &Bytes) -> Option<Bytes> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(body).ok()?;
    let packed = encoder.finish().ok()?;
    (packed.len() * 10 < body.len() * 9).then(|| packed.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_fingerprinted_name_is_served_for_ever_and_a_plain_one_is_not() {
        let path = url("app.css").trim_start_matches("/static/").to_owned();
        let mut gzip = HeaderMap::new();
        gzip.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("br, gzip"));
        let response = serve(Path(path), gzip).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()[header::CONTENT_ENCODING], "gzip");
        assert!(response.headers()[header::CACHE_CONTROL].to_str().unwrap().contains("immutable"));

        let plain = serve(Path("app.css".to_owned()), HeaderMap::new()).await;
        assert_eq!(plain.status(), StatusCode::NOT_FOUND);
    }

    #[test]
    fn style_sheets_name_the_font_by_its_fingerprint() {
        let css = String::from_utf8(ASSETS.by_name["app.css"].body.to_vec()).unwrap();
        assert!(css.contains(url("inter.woff2")));
        assert!(!css.contains("url(\"inter.woff2\")"));
    }

    #[test]
    fn what_every_page_loads_stays_small() {
        let names = ["app.css", "app.js", "charts.js", "icons.svg", "vendor/htmx.min.js", "inter.woff2"];
        let bytes: usize = names
            .iter()
            .map(|name| ASSETS.by_name[*name].gzip.as_ref().unwrap_or(&ASSETS.by_name[*name].body).len())
            .sum();
        assert!(bytes < 80_000, "{bytes} bytes leave no room for the page under 100 KB");
    }
}
