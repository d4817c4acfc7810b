//! A small SMTP server on loopback: takes mails and keeps them, or refuses recipients as it is told.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// A mail as it came.
#[derive(Debug, Clone)]
pub struct Mail {
    /// The recipient of the envelope.
    pub to: String,
    /// The whole text with its headers.
    pub text: String,
}

impl Mail {
    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        let head = self.text.split("\r\n\r\n").next().unwrap();
        head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }
}

/// The server.
#[derive(Clone)]
pub struct Smtp {
    /// `smtp://127.0.0.1:…`
    pub url: String,
    mails: Arc<Mutex<Vec<Mail>>>,
    refusals: Arc<Mutex<VecDeque<String>>>,
}

impl Smtp {
    /// Starts one.
    pub async fn start() -> Smtp {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("smtp://{}", listener.local_addr().unwrap());
        let smtp = Smtp { url, mails: Arc::default(), refusals: Arc::default() };
        let serving = smtp.clone();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let one = serving.clone();
                // A client that hangs up ends its conversation and nothing else.
                tokio::spawn(async move { drop(one.talk(stream).await) });
            }
        });
        smtp
    }

    /// Answers the next recipients like this, one each: `451 later`, `550 no such person`.
    pub fn refuse(&self, answers: &[&str]) {
        self.refusals.lock().unwrap().extend(answers.iter().map(|answer| (*answer).to_owned()));
    }

    /// Every mail that came.
    pub fn mails(&self) -> Vec<Mail> {
        self.mails.lock().unwrap().clone()
    }

    async fn talk(&self, stream: TcpStream) -> std::io::Result<()> {
        let (reading, mut writing) = stream.into_split();
        let mut lines = BufReader::new(reading).lines();
        let mut to = String::new();
        writing.write_all(b"220 test ESMTP\r\n").await?;
        while let Some(line) = lines.next_line().await? {
            let verb = line.split([' ', ':']).next().unwrap_or_default().to_uppercase();
            let answer = match verb.as_str() {
                "EHLO" | "HELO" => "250-test\r\n250 8BITMIME".to_owned(),
                "RCPT" => {
                    to = line.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
                    let refusal = self.refusals.lock().unwrap().pop_front();
                    refusal.unwrap_or_else(|| "250 ok".to_owned())
                }
                "DATA" => {
                    writing.write_all(b"354 go on\r\n").await?;
                    let mut text = String::new();
                    while let Some(line) = lines.next_line().await? {
                        if line == "." {
                            break;
                        }
                        text += line.strip_prefix('.').unwrap_or(&line);
                        text += "\r\n";
                    }
                    self.mails.lock().unwrap().push(Mail { to: to.clone(), text });
                    "250 taken".to_owned()
                }
                "QUIT" => {
                    writing.write_all(b"221 bye\r\n").await?;
                    return Ok(());
                }
                _ => "250 ok".to_owned(),
            };
            writing.write_all(format!("{answer}\r\n").as_bytes()).await?;
        }
        Ok(())
    }
}
