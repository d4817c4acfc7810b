//! `GET /api/openapi.json`: the description of the API, generated from the handlers, with what all of them share:
//! keys, errors, headers.

use axum::body::Bytes;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::Operation;
use utoipa::openapi::schema::{ObjectBuilder, SchemaType, Type};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::server::ServerBuilder;
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{
    ComponentsBuilder, ContentBuilder, InfoBuilder, License, OpenApi, OpenApiBuilder, PathItem, Ref, RefOr,
    ResponseBuilder,
};
use utoipa::{PartialSchema, ToSchema};

/// Every error of the API, after RFC 9457 (`application/problem+json`).
#[derive(Debug, Serialize, ToSchema)]
pub struct Problem {
    /// Always `about:blank`: the status says what kind of problem it is.
    #[serde(rename = "type")]
    #[schema(example = "about:blank")]
    pub kind: String,
    /// What happened.
    #[schema(example = "Something given is not right")]
    pub title: String,
    /// The HTTP status.
    #[schema(example = 422)]
    pub status: u16,
    /// What exactly, and what to do.
    #[schema(example = "start_date: must be a date such as 2027-01-31")]
    pub detail: String,
    /// Ties the answer to the server's log.
    pub request_id: String,
    /// What is wrong, field by field; left out when no field is to blame.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub errors: Option<Vec<FieldError>>,
}

/// What is wrong with one field or parameter.
#[derive(Debug, Serialize, ToSchema)]
pub struct FieldError {
    /// Its name, with the way to it: `tags[1]`, `fields.region`.
    #[schema(example = "start_date")]
    pub field: String,
    /// What is wrong and what to do.
    #[schema(example = "must be a date such as 2027-01-31")]
    pub message: String,
    /// For a methodology pack: the line it stands on, counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// The column of its first character, counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
    /// The line of the character after its last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_line: Option<u32>,
    /// The column of the character after its last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_column: Option<u32>,
    /// The line with a caret under the text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub excerpt: Option<String>,
}

impl FieldError {
    /// What is wrong with a field.
    pub fn of_field(field: &crate::app::error::Field) -> Self {
        FieldError {
            field: field.name.clone(),
            message: field.message.clone(),
            line: None,
            column: None,
            end_line: None,
            end_column: None,
            excerpt: None,
        }
    }

    /// What is wrong with a pack: with a place in its text, or with the whole, its preset or parameters.
    pub fn of_pack(fault: &crate::domain::pack::PackError) -> Self {
        FieldError {
            field: if fault.at.is_some() { "source" } else { "pack" }.to_owned(),
            message: fault.message.clone(),
            line: fault.at.map(|at| at.line),
            column: fault.at.map(|at| at.column),
            end_line: fault.at.map(|at| at.end_line),
            end_column: fault.at.map(|at| at.end_column),
            excerpt: fault.at.map(|_| fault.excerpt()),
        }
    }
}

const DESCRIPTION: &str = "\
Health, renewals and the accounts behind them. Make a key in Settings and send it as `Authorization: Bearer hfr_…`: \
a **read** key (`hfr_`) reads, a **write** key (`hfw_`) states accounts and sends events, a **manage** key (`hfm_`) \
changes and publishes the methodology, runs backtests, sets up webhooks and looks after background work.

**Errors** are `application/problem+json` (RFC 9457); `errors` names each field that is wrong.

**Lists** come in pages of `limit` rows. Give `next_cursor` of a page as `cursor` to get the next one; it stays right \
while rows come and go.

**Limits** are counted for all keys of a company together. Every answer says in `RateLimit-Limit`, \
`RateLimit-Remaining` and `RateLimit-Reset` how many requests there are in a minute, how many are left, and in how \
many seconds all are there again; a 429 says in `Retry-After` when to come back.

**Money** is whole minor units and an ISO currency. **Days** are calendar days in your company's time zone.

Events are sent to `/v1/track`, `/v1/batch` and the other endpoints of the Segment protocol, by any of its SDKs.";

/// The whole document as it is sent.
pub fn document(described: OpenApi, public_url: &str) -> Bytes {
    let server = if public_url.is_empty() { "/" } else { public_url };
    let mut document = frame(server).nest("/api", described);
    for item in document.paths.paths.values_mut() {
        for operation in operations(item) {
            complete(operation);
        }
    }
    Bytes::from(serde_json::to_vec(&document).unwrap_or_default())
}

/// Sends the document. Anybody may read it.
pub async fn serve(document: Bytes) -> Response {
    ([(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "no-cache")], document).into_response()
}

fn frame(server: &str) -> OpenApi {
    let mut license = License::new("Apache-2.0");
    license.identifier = Some("Apache-2.0".to_owned());
    let info = InfoBuilder::new()
        .title("Holdfast API")
        .version("1")
        .description(Some(DESCRIPTION))
        .license(Some(license));
    let tag = |name: &str, text: &str| TagBuilder::new().name(name).description(Some(text)).build();
    let mut components = ComponentsBuilder::new()
        .schema("Problem", Problem::schema())
        .schema("FieldError", FieldError::schema())
        .security_scheme("readKey", bearer("A key of scope read, `hfr_…`."))
        .security_scheme("writeKey", bearer("A key of scope write, `hfw_…`."))
        .security_scheme("manageKey", bearer("A key of scope manage, `hfm_…`."));
    for (status, name, text) in PROBLEMS {
        components = components.response(name, problem(status, text));
    }
    OpenApiBuilder::new()
        .info(info.build())
        .servers(Some([ServerBuilder::new().url(server).build()]))
        .tags(Some([
            tag("Accounts", "Customers: what is known of each, how healthy it is and why."),
            tag("Alerts", "What rules raise for people to act upon, and what is done with it."),
            tag(
                "Renewals",
                "When contracts end, what is expected of each renewal, what became of it, and retention.",
            ),
            tag(
                "Overrides",
                "What people set against the model, and which of the two a renewal proved right.",
            ),
            tag("Plays", "Playbooks, and their runs for accounts, members or the company."),
            tag("Tasks", "What is to be done, by whom and until when."),
            tag(
                "Pipelines",
                "Opportunities, feature requests and whatever else passes through the steps of your methodology.",
            ),
            tag("Team", "Who plays which role, and who looks after how much."),
            tag("Tickets", "What customers ask support for, and the clocks of its answers and resolutions."),
            tag("Quarantine", "Messages that were taken but could not be counted."),
            tag(
                "Methodology",
                "How the company works: the version in force, earlier ones, and drafts of the next.",
            ),
            tag("Webhooks", "Your own services, told of what happens, and what became of each delivery."),
            tag("Backtests", "Scores of past days, held against who left afterwards."),
            tag("Background work", "What runs, waits and failed, and trying it again."),
        ]))
        .components(Some(components.build()))
        .build()
}

fn bearer(text: &str) -> SecurityScheme {
    let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(text));
    SecurityScheme::Http(scheme.build())
}

/// What may happen to any request: status, name, when.
const PROBLEMS: [(&str, &str, &str); 9] = [
    ("400", "BadRequest", "The query, the cursor or the JSON cannot be read; `errors` names the parameter."),
    ("401", "Unauthorized", "No key, an unknown one or a revoked one."),
    ("403", "Forbidden", "The key is of another scope than this needs."),
    ("404", "NotFound", "There is no such thing in this company's data."),
    ("413", "TooLarge", "The body has more than 256 KB; one with a methodology pack more than 4 MB."),
    ("415", "NotJson", "The body is of another type than JSON."),
    ("422", "Invalid", "Something given is not right; `errors` names each field. Nothing was changed."),
    ("429", "TooManyRequests", "The company's limit is reached; `Retry-After` says when to come back."),
    ("503", "Unavailable", "The database is away. Nothing was changed; try again."),
];

fn problem(status: &str, text: &str) -> utoipa::openapi::Response {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
    let mut response =
        ResponseBuilder::new().description(text).content("application/problem+json", content).build();
    if status == "429" {
        response.headers.insert("Retry-After".to_owned(), seconds("Seconds to wait.").into());
    }
    // Without a valid key there is no company whose requests could be counted.
    if status != "401" {
        count(&mut response);
    }
    response
}

fn seconds(text: &str) -> utoipa::openapi::header::Header {
    let whole = ObjectBuilder::new().schema_type(SchemaType::new(Type::Integer)).minimum(Some(0));
    HeaderBuilder::new().schema(Some(whole.build())).description(Some(text)).build()
}

fn count(response: &mut utoipa::openapi::Response) {
    for (name, text) in [
        ("RateLimit-Limit", "Requests the company has in a minute."),
        ("RateLimit-Remaining", "Requests that are left now."),
        ("RateLimit-Reset", "Seconds until all are there again."),
    ] {
        response.headers.insert(name.to_owned(), seconds(text).into());
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut item.get, &mut item.put, &mut item.post, &mut item.patch, &mut item.delete].into_iter().flatten()
}

/// Adds what every endpoint may answer: counted requests, and each problem that can come up.
fn complete(operation: &mut Operation) {
    for response in operation.responses.responses.values_mut() {
        if let RefOr::T(response) = response {
            count(response);
        }
    }
    let has_body = operation.request_body.is_some();
    let has_path = operation.parameters.iter().flatten().any(|parameter| {
        matches!(parameter, RefOr::T(p) if p.parameter_in == utoipa::openapi::path::ParameterIn::Path)
    });
    for (status, name, _) in PROBLEMS {
        let applies = match status {
            "413" | "415" | "422" => has_body,
            "404" => has_path,
            _ => true,
        };
        if applies {
            let response = RefOr::Ref(Ref::from_response_name(name));
            operation.responses.responses.entry(status.to_owned()).or_insert(response);
        }
    }
}
