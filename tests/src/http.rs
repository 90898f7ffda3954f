//! One GET over TLS, with the box's own authority.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::client::tls_config;

/// The whole answer, head included.
///
/// # Errors
/// When the connection or TLS is refused.
pub async fn get(url: &str, ca: &Path, headers: &[(&str, &str)]) -> Result<String> {
    let rest = url.strip_prefix("https://").context("an https URL")?;
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let (host, port) = authority.rsplit_once(':').context("a URL with a port")?;
    // Browsers know these names, Debian's resolver does not.
    let address = if host.ends_with(".localhost") { "127.0.0.1" } else { host };
    let name = rustls::pki_types::ServerName::try_from(host.to_owned())?;
    let tcp = TcpStream::connect(format!("{address}:{port}")).await?;
    let tls = tokio_rustls::TlsConnector::from(Arc::new(tls_config(ca)?));
    let mut stream = tls.connect(name, tcp).await?;
    let mut request = format!("GET /{path} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n");
    for (name, value) in headers {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    request.push_str("\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    Ok(String::from_utf8(answer)?)
}
