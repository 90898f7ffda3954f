//! Requests over TLS, with the box's own authority, and logins for them.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use base64::Engine as _;
use relaybox_protocol::random::Random;
use relaybox_protocol::{Keys, event, hex, kinds};
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::client::tls_config;

/// The whole answer, head included.
///
/// # Errors
/// When the connection or TLS is refused.
pub async fn get(url: &str, ca: &Path, headers: &[(&str, &str)]) -> Result<String> {
    let mut stream = send("GET", url, ca, headers, None).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    Ok(String::from_utf8(answer)?)
}

/// One request with a body over TLS; the answer's status and body, with chunks put together.
///
/// # Errors
/// When the connection or TLS is refused, or the answer is none.
pub async fn request(
    method: &str,
    url: &str,
    ca: &Path,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Result<(u16, String)> {
    let mut stream = open(method, url, ca, headers, body).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    let text = String::from_utf8(answer)?;
    let (head, body) = text.split_once("\r\n\r\n").context("an answer has a head")?;
    let status = head.split(' ').nth(1).context("a status line")?.parse()?;
    let chunked = head.to_ascii_lowercase().contains("transfer-encoding: chunked");
    Ok((status, if chunked { unchunked(body) } else { body.to_owned() }))
}

/// The same, for an answer that goes on: the stream after the request was sent.
///
/// # Errors
/// When the connection or TLS is refused.
pub async fn open(
    method: &str,
    url: &str,
    ca: &Path,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Result<tokio_rustls::client::TlsStream<TcpStream>> {
    send(method, url, ca, headers, Some(body)).await
}

/// The stream after the request was sent; a body comes with its length.
async fn send(
    method: &str,
    url: &str,
    ca: &Path,
    headers: &[(&str, &str)],
    body: Option<&[u8]>,
) -> Result<tokio_rustls::client::TlsStream<TcpStream>> {
    let rest = url.strip_prefix("https://").context("an https URL")?;
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let (host, port) = authority.rsplit_once(':').context("a URL with a port")?;
    // Browsers know these names, Debian's resolver does not.
    let address = if host.ends_with(".localhost") { "127.0.0.1" } else { host };
    let name = rustls::pki_types::ServerName::try_from(host.to_owned())?;
    let tcp = TcpStream::connect(format!("{address}:{port}")).await?;
    let tls = tokio_rustls::TlsConnector::from(Arc::new(tls_config(ca)?));
    let mut stream = tls.connect(name, tcp).await?;
    let mut request = format!("{method} /{path} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n");
    if let Some(body) = body {
        request.push_str(&format!("Content-Length: {}\r\n", body.len()));
    }
    for (name, value) in headers {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    request.push_str("\r\n");
    stream.write_all(request.as_bytes()).await?;
    stream.write_all(body.unwrap_or_default()).await?;
    Ok(stream)
}

/// RFC 9112 section 7.1, without trailers.
fn unchunked(mut rest: &str) -> String {
    let mut body = String::new();
    while let Some((size, more)) = rest.split_once("\r\n") {
        let Ok(size) = usize::from_str_radix(size.trim(), 16) else { break };
        let Some((chunk, after)) = more.split_at_checked(size) else { break };
        body.push_str(chunk);
        rest = after.trim_start_matches("\r\n");
        if size == 0 {
            break;
        }
    }
    body
}

/// A login for one request (NIP-98), as the value of `Authorization`.
pub fn login(keys: &Keys, url: &str, method: &str, body: &[u8], at: u64) -> String {
    let mut tags = vec![event::tag("u", [url]), event::tag("method", [method])];
    if !body.is_empty() {
        let hash: [u8; 32] = Sha256::digest(body).into();
        tags.push(event::tag("payload", [&hex::encode(&hash)]));
    }
    // Two logins for one request in one second would be one event otherwise.
    let nonce = hex::encode(&Random::os().bytes32());
    let signed = event::sign(keys, kinds::HTTP_AUTH, tags, nonce, at);
    format!("Nostr {}", base64::engine::general_purpose::STANDARD.encode(signed.as_json()))
}
