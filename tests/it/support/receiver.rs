//! A receiver of webhooks on loopback: keeps what comes and answers as it is told.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value;

/// Something that came.
#[derive(Debug, Clone)]
pub struct Got {
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: String,
    /// What it was answered.
    pub status: u16,
}

impl Got {
    /// A header's value.
    pub fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

#[derive(Default)]
struct Kept {
    got: Vec<Got>,
    answers: VecDeque<(u16, String)>,
    always: Option<(u16, String)>,
}

/// The receiver.
#[derive(Clone)]
pub struct Receiver {
    /// `http://127.0.0.1:…/hook`
    pub url: String,
    kept: Arc<Mutex<Kept>>,
}

impl Receiver {
    /// Starts one that answers 200.
    pub async fn start() -> Receiver {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let kept: Arc<Mutex<Kept>> = Arc::default();
        let service = Router::new().fallback(take).with_state(kept.clone());
        tokio::spawn(async move { axum::serve(listener, service).await.unwrap() });
        Receiver { url, kept }
    }

    /// Answers the next requests like this, one each.
    pub fn answer(&self, answers: &[(u16, &str)]) {
        self.kept.lock().unwrap().answers.extend(answers.iter().map(|(s, body)| (*s, (*body).to_owned())));
    }

    /// Answers every request like this.
    pub fn always(&self, status: u16, body: &str) {
        self.kept.lock().unwrap().always = Some((status, body.to_owned()));
    }

    /// Everything that came.
    pub fn got(&self) -> Vec<Got> {
        self.kept.lock().unwrap().got.clone()
    }
}

async fn take(State(kept): State<Arc<Mutex<Kept>>>, headers: HeaderMap, body: String) -> Response {
    let mut kept = kept.lock().unwrap();
    let next = kept.answers.pop_front().or_else(|| kept.always.clone());
    let (status, answer) = next.unwrap_or((200, "ok".to_owned()));
    kept.got.push(Got { headers, body, status });
    let status = StatusCode::from_u16(status).unwrap();
    if status.is_redirection() {
        return (status, [(header::LOCATION, answer)]).into_response();
    }
    (status, answer).into_response()
}
