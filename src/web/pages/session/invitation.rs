//! `GET` and `POST /invitations/{token}`.

use askama::Template;

use crate::web::ui::{Bare, filters};

/// The form posts `name` and `password` to its own address. Someone who has a log-in already gives only the
/// password.
#[derive(Clone, Debug, Template)]
#[template(path = "session/invitation.html")]
pub struct InvitationPage {
    /// The frame.
    pub bare: Bare,
    /// The tenant one is invited to.
    pub tenant: String,
    /// Who invited: `Ana Pérez`.
    pub invited_by: String,
    /// The role, as words: `a CSM`.
    pub role: String,
    /// The address the invitation went to.
    pub email: String,
    /// Whether this address has a log-in already.
    pub known: bool,
    /// What was typed as a name.
    pub name: String,
    /// What is wrong with the name.
    pub name_error: Option<String>,
    /// What is wrong with the password.
    pub password_error: Option<String>,
    /// The address the form posts to.
    pub action: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(known: bool) -> String {
        InvitationPage {
            bare: Bare::default(),
            tenant: "Meridian".into(),
            invited_by: "Li Wei".into(),
            role: "a CSM".into(),
            email: "new@meridian.example".into(),
            known,
            name: "Noor \"N\" Al-Hashimi".into(),
            name_error: None,
            password_error: Some("At least 12 characters.".into()),
            action: "/invitations/t0ken".into(),
        }
        .to_string()
    }

    #[test]
    fn what_was_typed_comes_back_and_the_error_stands_at_its_field() {
        let html = page(false);
        assert!(html.contains(r#"name="name" type="text" value="Noor &#34;N&#34; Al-Hashimi""#), "{html}");
        assert!(html.contains(r#"aria-invalid="true" aria-describedby="e-password""#), "{html}");
        assert!(!html.contains(r#"id="e-name""#));
    }

    #[test]
    fn someone_known_is_not_asked_for_a_name() {
        let html = page(true);
        assert!(!html.contains(r#"name="name""#) && html.contains("current-password"));
    }
}
