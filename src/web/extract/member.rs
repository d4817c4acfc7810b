//! The member behind a session cookie, by what their role allows.

use axum::extract::FromRequestParts;
use axum::http::header::{COOKIE, HOST};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method};
use axum::response::{IntoResponse, Response};
use chrono::NaiveDate;

use crate::app::Actor;
use crate::app::members::Role;
use crate::db::TenantScope;
use crate::db::platform::{Membership, User};
use crate::web::error::{Problem, WebError};
use crate::web::respond::{Done, FLASH, redirect};
use crate::web::ui::Shell;
use crate::web::ui::shell::{Room, TenantChoice, Theme};
use crate::web::{Web, paths};

/// The session's cookie: `__Host-` ties it to this host, its path and HTTPS (or loopback).
pub const SESSION_COOKIE: &str = "__Host-holdfast";
/// Its name where cookies must do without `Secure`.
pub const SESSION_COOKIE_INSECURE: &str = "holdfast_session";

/// The `Set-Cookie` of a session; an empty token takes the cookie away.
pub fn session_cookie(web: &Web, token: &str, max_age_days: i64) -> HeaderValue {
    let (name, secure) = if web.settings.insecure_cookies {
        (SESSION_COOKIE_INSECURE, "")
    } else {
        (SESSION_COOKIE, " Secure;")
    };
    let age = if token.is_empty() { 0 } else { max_age_days * 86_400 };
    let cookie = format!("{name}={token}; Path=/; Max-Age={age};{secure} HttpOnly; SameSite=Lax");
    HeaderValue::from_str(&cookie).unwrap_or(HeaderValue::from_static(""))
}

/// The value of a cookie.
fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .find_map(|pair| pair.trim().strip_prefix(name)?.strip_prefix('='))
}

/// The theme of the cookie.
pub fn theme(headers: &HeaderMap) -> Theme {
    cookie(headers, "theme").map_or(Theme::System, Theme::parse)
}

/// Anybody who belongs to the tenant; reads only.
#[derive(Debug, Clone)]
pub struct Member {
    /// The right to act inside the tenant.
    pub scope: TenantScope,
    /// The person.
    pub user: User,
    /// Their place in the tenant.
    pub membership: Membership,
    /// What they may do.
    pub role: Role,
    /// The session's token.
    pub token: String,
    /// Every place they have.
    pub memberships: Vec<Membership>,
    /// What they were told and have not read, up to a hundred.
    pub unread: i64,
    theme: Theme,
    here: String,
    flash: Option<String>,
    origin: String,
}

impl Member {
    /// The name the audit log gives them.
    pub fn actor(&self) -> Actor {
        Actor(self.user.name.clone())
    }

    /// Whether their role allows what `needed` allows.
    pub fn may(&self, needed: Role) -> bool {
        self.role >= needed
    }

    /// Path and query of this page.
    pub fn here(&self) -> &str {
        &self.here
    }

    /// Where the browser reached us, `http://127.0.0.1:8420`, for links to hand over.
    pub fn origin(&self, web: &Web) -> String {
        if web.settings.public_url.is_empty() { self.origin.clone() } else { web.settings.public_url.clone() }
    }

    /// The frame of a page in a room.
    pub fn shell(&self, room: Room) -> Shell {
        Shell {
            room,
            tenant: self.membership.tenant_name.clone(),
            tenants: self
                .memberships
                .iter()
                .map(|m| TenantChoice {
                    id: m.tenant_slug.clone(),
                    name: m.tenant_name.clone(),
                    role: Role::parse(&m.role).map_or("", Role::label).to_owned(),
                    current: m.scope == self.scope,
                })
                .collect(),
            member: self.user.name.clone(),
            email: self.user.email.clone(),
            role: self.role.label().to_owned(),
            theme: self.theme,
            as_of: None,
            toasts: self.flash.as_deref().and_then(Done::toast).into_iter().collect(),
            here: self.here.clone(),
            unread: self.unread,
        }
    }

    /// The frame of a page that may show a past day; `back` is the same page today.
    pub fn shell_as_of(&self, room: Room, day: NaiveDate, today: NaiveDate, back: String) -> Shell {
        let mut shell = self.shell(room);
        if day != today {
            shell.as_of = Some((crate::web::ui::format::date(day), back));
        }
        shell
    }
}

async fn find(parts: &mut Parts, web: &Web) -> Result<Member, Response> {
    let here = parts.uri.path_and_query().map_or("/", |p| p.as_str()).to_owned();
    let name = if web.settings.insecure_cookies { SESSION_COOKIE_INSECURE } else { SESSION_COOKIE };
    let token = cookie(&parts.headers, name).filter(|token| token.len() < 200).map(str::to_owned);
    let Some(token) = token else { return Err(sign_in(parts, &here)) };
    let found = web.app.session(&token).await.map_err(|e| WebError(e).into_response())?;
    let Some((session, memberships)) = found else { return Err(sign_in(parts, &here)) };
    let Some(membership) = session.membership else {
        let text =
            "You are signed in but no longer belong to a company here. Ask an admin to invite you again.";
        return Err(
            Problem::new(axum::http::StatusCode::FORBIDDEN, "You have no place here", text).into_response()
        );
    };
    let role = Role::parse(&membership.role).unwrap_or(Role::Executive);
    let host = parts.headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
    let scheme = parts.headers.get("x-forwarded-proto").and_then(|v| v.to_str().ok()).unwrap_or("http");
    Ok(Member {
        scope: membership.scope.clone(),
        user: session.user,
        role,
        unread: session.unread,
        token,
        memberships,
        membership,
        theme: theme(&parts.headers),
        flash: cookie(&parts.headers, FLASH).map(str::to_owned),
        origin: format!("{scheme}://{host}"),
        here,
    })
}

/// To the sign-in page and back; htmx is told to leave the page as a whole.
fn sign_in(parts: &Parts, here: &str) -> Response {
    if parts.headers.contains_key("hx-request") {
        let mut response = axum::http::StatusCode::UNAUTHORIZED.into_response();
        response.headers_mut().insert("hx-redirect", HeaderValue::from_static(paths::SIGN_IN));
        return response;
    }
    let next = if parts.method == Method::GET && here != "/" { here } else { "" };
    redirect(&paths::with_query(paths::SIGN_IN, &[("next", next)]))
}

impl FromRequestParts<Web> for Member {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Response> {
        find(parts, web).await
    }
}

macro_rules! at_least {
    ($(#[$doc:meta])* $name:ident, $role:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone)]
        pub struct $name(pub Member);

        impl std::ops::Deref for $name {
            type Target = Member;

            fn deref(&self) -> &Member {
                &self.0
            }
        }

        impl FromRequestParts<Web> for $name {
            type Rejection = Response;

            async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Response> {
                let member = find(parts, web).await?;
                if member.may($role) {
                    Ok($name(member))
                } else {
                    Err(Problem::forbidden($role.label()).into_response())
                }
            }
        }
    };
}

at_least!(
    /// A CSM, or a role above.
    Csm,
    Role::Csm
);
at_least!(
    /// A manager, or a role above.
    Manager,
    Role::Manager
);
at_least!(
    /// An admin.
    Admin,
    Role::Admin
);

/// Whether htmx asks for a part, rather than the browser for a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hx(pub bool);

impl<S: Send + Sync> FromRequestParts<S> for Hx {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let boosted = parts.headers.contains_key("hx-boosted");
        Ok(Hx(parts.headers.contains_key("hx-request") && !boosted))
    }
}
