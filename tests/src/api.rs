//! The administration's interface as one person uses it: each request with a login of its own, and ceremonies whose
//! button and slot key are at the box.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use relaybox_process::clock::Clock;
use relaybox_process::rpc::vault::{Reply, Request, Status};
use relaybox_protocol::Keys;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use crate::dev::DevBox;
use crate::http;

/// One person at one box.
#[derive(Debug, Clone)]
pub struct Api {
    origin: String,
    portal: String,
    ca: PathBuf,
    pub keys: Keys,
}

impl Api {
    /// # Errors
    /// When the box has no administration or no portal.
    pub fn of(dev: &DevBox, keys: &Keys) -> Result<Self> {
        let origin = |name: &str| {
            let origin = dev.ready.origins[name].as_str().with_context(|| format!("no origin {name}"))?;
            Ok::<_, anyhow::Error>(origin.trim_end_matches('/').to_owned())
        };
        Ok(Self {
            origin: origin("admin")?,
            portal: origin("portal")?,
            ca: dev.ready.ca.clone(),
            keys: keys.clone(),
        })
    }

    /// The same box, another person.
    #[must_use]
    pub fn by(&self, keys: &Keys) -> Self {
        Self { keys: keys.clone(), ..self.clone() }
    }

    /// A request with a right login: status, and the JSON of the answer or null. Policy comes a moment after an event;
    /// until the administration has heard of the practice at all, it is asked again.
    ///
    /// # Errors
    /// When the connection is refused.
    pub async fn ask(&self, method: &str, path: &str, body: &Value) -> Result<(u16, Value)> {
        let (url, text) = (format!("{}{path}", self.origin), text_of(body));
        loop {
            let login = http::login(&self.keys, &url, method, &text, Clock::System.now());
            let answer = http::request(method, &url, &self.ca, &[("Authorization", &login)], &text).await?;
            let (status, value) = (answer.0, serde_json::from_str(&answer.1).unwrap_or(Value::Null));
            if value["code"] != "relay" {
                return Ok((status, value));
            }
        }
    }

    /// A request without any login.
    ///
    /// # Errors
    /// When the connection is refused.
    pub async fn bare(&self, method: &str, path: &str, body: &Value) -> Result<(u16, String)> {
        http::request(method, &format!("{}{path}", self.origin), &self.ca, &[], &text_of(body)).await
    }

    /// The same on the portal's names.
    ///
    /// # Errors
    /// When the connection is refused.
    pub async fn portal(&self, method: &str, path: &str, body: &Value) -> Result<(u16, String)> {
        http::request(method, &format!("{}{path}", self.portal), &self.ca, &[], &text_of(body)).await
    }

    /// A request of the vault by way of HTTP; none for what is done at the box alone.
    pub(crate) async fn vault(&self, request: &Request) -> Result<Option<Reply>> {
        let of = |ceremony: &str, claim: bool| {
            format!("/api/{}/{ceremony}", if claim { "claim" } else { "ceremonies" })
        };
        let claim = self.is_claim().await?;
        let (method, path, body) = match request {
            Request::Prepare { operation, .. } => {
                ("POST", "/api/ceremonies".to_owned(), json!({"operation": operation}))
            }
            Request::Claim { code, practice_name, owner, labels } => {
                let of_owner = json!({"name": owner["name"], "role": owner["role"], "words": owner["words"]});
                let body = json!({
                    "code": code, "practice_name": practice_name, "owner": of_owner, "labels": labels,
                });
                ("POST", "/api/claim".to_owned(), body)
            }
            Request::Prove { ceremony, pop } => ("POST", of(ceremony, true) + "/proof", json!({"pop": pop})),
            Request::Type { ceremony, from, sealed } => {
                ("POST", of(ceremony, claim) + "/typed", json!({"from": from, "sealed": sealed}))
            }
            Request::Cancel { ceremony } => ("DELETE", of(ceremony, claim), Value::Null),
            _ => return Ok(None),
        };
        let (status, answer) = self.ask(method, &path, &body).await?;
        Ok(Some(reply_of(status, &answer)))
    }

    /// Whether the box is being claimed.
    async fn is_claim(&self) -> Result<bool> {
        Ok(self.bare("GET", "/api/claim", &Value::Null).await?.0 == 200)
    }

    /// The lines of a ceremony.
    ///
    /// # Errors
    /// When they are not given.
    pub async fn watch(&self, ceremony: &str) -> Result<Lines> {
        let kind = if self.is_claim().await? { "claim" } else { "ceremonies" };
        let url = format!("{}/api/{kind}/{ceremony}", self.origin);
        let login = http::login(&self.keys, &url, "GET", b"", Clock::System.now());
        let stream = http::open("GET", &url, &self.ca, &[("Authorization", &login)], b"").await?;
        Lines::begin(stream).await
    }
}

fn text_of(body: &Value) -> Vec<u8> {
    if body.is_null() { Vec::new() } else { body.to_string().into_bytes() }
}

/// What the vault would have said.
pub fn reply_of(status: u16, answer: &Value) -> Reply {
    let text = |name: &str| answer[name].as_str().unwrap_or_default().to_owned();
    match status {
        201 => Reply::Prepared { ceremony: text("ceremony"), key: text("key") },
        204 => Reply::Done,
        _ => Reply::Refused { code: text("code"), text: format!("{status}: {}", text("text")) },
    }
}

/// JSON lines of an answer that goes on.
pub struct Lines {
    stream: BufReader<TlsStream<TcpStream>>,
    /// The head of the answer, lower case.
    pub head: String,
    /// What was read and is no whole line yet.
    rest: String,
}

impl Lines {
    async fn begin(stream: TlsStream<TcpStream>) -> Result<Self> {
        let mut stream = BufReader::new(stream);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if stream.read_line(&mut head).await? == 0 {
                bail!("the answer ended in its head: {head}");
            }
        }
        let head = head.to_ascii_lowercase();
        let wanted = ["transfer-encoding: chunked", "cache-control: no-store"];
        if head.split(' ').nth(1) != Some("200") || !wanted.iter().all(|line| head.contains(line)) {
            bail!("no lines, or some that may be kept: {head}");
        }
        Ok(Self { stream, head, rest: String::new() })
    }

    /// The next status; none when the answer has ended.
    ///
    /// # Errors
    /// When it is cut off, or is no status.
    pub async fn next(&mut self) -> Result<Option<Status>> {
        loop {
            if let Some((line, rest)) = self.rest.split_once('\n') {
                let status = serde_json::from_str(line)?;
                self.rest = rest.to_owned();
                return Ok(Some(status));
            }
            let mut size = String::new();
            if self.stream.read_line(&mut size).await? == 0 {
                return Ok(None);
            }
            let size = usize::from_str_radix(size.trim(), 16)?;
            // With the end of line behind it.
            let mut chunk = vec![0; size + 2];
            self.stream.read_exact(&mut chunk).await?;
            if size == 0 {
                return Ok(None);
            }
            chunk.truncate(size);
            self.rest.push_str(&String::from_utf8(chunk)?);
        }
    }
}
