//! Mail by SMTP.

use chrono::{DateTime, Utc};
use lettre::message::Mailbox;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use std::time::{Duration, SystemTime};
use uuid::Uuid;

/// How long each step of a conversation with the mail server may take.
const TIMEOUT: Duration = Duration::from_secs(20);

/// A mail to be sent.
#[derive(Debug, Clone)]
pub struct Mail<'a> {
    /// What it is known by: its Message-ID is made of this, so that a mail sent twice after a crash is known as one.
    pub id: Uuid,
    /// One address, with or without a name.
    pub to: &'a str,
    /// One line.
    pub subject: &'a str,
    /// Plain text.
    pub text: &'a str,
    /// When.
    pub at: DateTime<Utc>,
}

/// Why a mail was not sent.
#[derive(Debug, thiserror::Error)]
#[error("{text}")]
pub struct MailError {
    /// Whether trying again would not help.
    pub permanent: bool,
    /// What the other side said.
    pub text: String,
}

/// A mail server.
#[derive(Debug, Clone)]
pub struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl Mailer {
    /// A server by its URL (`smtps://user:password@host`, `smtp://host:587?tls=required`, `smtp://host:25`), and the
    /// address mails come from (`Holdfast <holdfast@example.com>`).
    ///
    /// # Errors
    /// When one of the two cannot be read; the sentence says how it should be.
    pub fn new(url: &str, from: &str) -> Result<Mailer, MailError> {
        let wrong = |text: String| MailError { permanent: true, text };
        let from = from.parse().map_err(|error| {
            wrong(format!("HOLDFAST_MAIL_FROM must be an address such as holdfast@example.com: {error}"))
        })?;
        // The URL holds a password, which must not come into a log: the cause is not repeated.
        let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(url)
            .map_err(|_| {
                wrong("HOLDFAST_SMTP_URL must be a URL such as smtps://user:password@smtp.example.com".into())
            })?
            .timeout(Some(TIMEOUT))
            .build();
        Ok(Mailer { transport, from })
    }

    /// Sends one mail.
    ///
    /// # Errors
    /// What the server said, and whether it says so for good.
    pub async fn send(&self, mail: &Mail<'_>) -> Result<(), MailError> {
        let wrong = |text: String| MailError { permanent: true, text };
        let to: Mailbox =
            mail.to.parse().map_err(|error| wrong(format!("{:?} is no address: {error}", mail.to)))?;
        let automatic = HeaderName::new_from_ascii_str("Auto-Submitted");
        let message = Message::builder()
            .from(self.from.clone())
            .to(to)
            .subject(mail.subject)
            .date(SystemTime::from(mail.at))
            .message_id(Some(format!("<{}@{}>", mail.id, self.from.email.domain())))
            .raw_header(HeaderValue::new(automatic, "auto-generated".to_owned()))
            .header(ContentType::TEXT_PLAIN)
            .body(mail.text.to_owned())
            .map_err(|error| wrong(error.to_string()))?;
        self.transport
            .send(message)
            .await
            .map(|_| ())
            .map_err(|error| MailError { permanent: error.is_permanent(), text: chain(&error) })
    }
}

/// The error with its causes.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(deeper) = cause {
        let words = deeper.to_string();
        if !text.contains(&words) {
            text = format!("{text}: {words}");
        }
        cause = deeper.source();
    }
    text
}
