//! A Nostr client with nothing hidden: one WebSocket, frames in order, over TLS with the box's own
//! authority or in clear.

use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use futures_util::{SinkExt, StreamExt};
use relaybox_process::clock::Clock;
use relaybox_protocol::{Event, Keys, event, kinds};
use relaybox_web::proxy::Preface;
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

/// A frame that has not come after this long never will.
const FRAME_MAX: Duration = Duration::from_secs(30);

/// What carries the WebSocket.
pub trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// The relay's answer to a query.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// Stored events, newest first, and EOSE.
    Events(Vec<Event>),
    /// CLOSED, with its text.
    Closed(String),
}

impl Answer {
    /// The events.
    ///
    /// # Errors
    /// When the relay closed the subscription instead; the message is its text.
    pub fn events(self) -> Result<Vec<Event>> {
        match self {
            Self::Events(events) => Ok(events),
            Self::Closed(text) => bail!("closed: {text}"),
        }
    }
}

/// One connection.
pub struct Client {
    socket: WebSocketStream<Box<dyn Stream>>,
    url: String,
    /// Frames that came while another was waited for.
    early: VecDeque<Value>,
    challenge: Option<String>,
    serial: u64,
}

impl Client {
    /// Connects to `ws://` or, with the authority's certificate, to `wss://`.
    ///
    /// # Errors
    /// When the connection, TLS or the WebSocket is refused.
    pub async fn connect(url: &str, ca: Option<&Path>) -> Result<Self> {
        Self::connect_from(url, ca, None).await
    }

    /// Connects as a browser's page of this origin does.
    ///
    /// # Errors
    /// When the connection, TLS or the WebSocket is refused.
    pub async fn connect_from(url: &str, ca: Option<&Path>, origin: Option<&str>) -> Result<Self> {
        let (scheme, rest) = url.split_once("://").context("a URL has a scheme")?;
        let address = rest.split('/').next().unwrap_or(rest);
        let tcp = TcpStream::connect(address).await?;
        tcp.set_nodelay(true)?;
        let stream: Box<dyn Stream> = if scheme == "wss" {
            let host = address.rsplit_once(':').map_or(address, |(host, _)| host).to_owned();
            let name = rustls::pki_types::ServerName::try_from(host)?;
            let tls = tls_config(ca.context("wss needs the authority's certificate")?)?;
            Box::new(tokio_rustls::TlsConnector::from(Arc::new(tls)).connect(name, tcp).await?)
        } else {
            Box::new(tcp)
        };
        let mut request = url.into_client_request()?;
        if let Some(origin) = origin {
            request.headers_mut().insert("origin", origin.parse()?);
        }
        let (socket, _) = tokio_tungstenite::client_async(request, stream).await?;
        Ok(Self { socket, url: url.to_owned(), early: VecDeque::new(), challenge: None, serial: 0 })
    }

    /// Connects to the relay's own socket with the gateway's preface, as a peer that asked for `host`.
    ///
    /// # Errors
    /// When the connection or the WebSocket is refused.
    pub async fn behind_the_gateway(socket: &Path, host: &str) -> Result<Self> {
        let mut stream = UnixStream::connect(socket).await?;
        let peer = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let preface = Preface { source: peer, destination: peer, host: host.to_owned() };
        stream.write_all(&preface.encode()?).await?;
        let stream: Box<dyn Stream> = Box::new(stream);
        let (socket, _) = tokio_tungstenite::client_async(format!("ws://{host}/"), stream).await?;
        let url = format!("wss://{host}");
        Ok(Self { socket, url, early: VecDeque::new(), challenge: None, serial: 0 })
    }

    /// The bare WebSocket, for a test that sends without waiting.
    pub fn into_socket(self) -> WebSocketStream<Box<dyn Stream>> {
        self.socket
    }

    /// Connects and logs in.
    ///
    /// # Errors
    /// When the relay refuses the key.
    pub async fn login(url: &str, ca: Option<&Path>, keys: &Keys) -> Result<Self> {
        let mut client = Self::connect(url, ca).await?;
        let (accepted, text) = client.auth(keys).await?;
        if !accepted {
            bail!("login refused: {text}");
        }
        Ok(client)
    }

    /// Sends one frame.
    ///
    /// # Errors
    /// When the connection is gone.
    pub async fn send(&mut self, frame: &Value) -> Result<()> {
        self.send_text(frame.to_string()).await
    }

    /// Sends any text, for bad input.
    ///
    /// # Errors
    /// When the connection is gone.
    pub async fn send_text(&mut self, text: String) -> Result<()> {
        Ok(self.socket.send(Message::text(text)).await?)
    }

    /// The next frame that `wanted` accepts; others are kept for later, in order.
    ///
    /// # Errors
    /// When the connection ends first, or nothing comes in time.
    pub async fn wait(&mut self, wanted: impl Fn(&Value) -> bool) -> Result<Value> {
        if let Some(at) = self.early.iter().position(&wanted) {
            return self.early.remove(at).context("it was just found");
        }
        loop {
            let frame = self.receive().await?;
            if wanted(&frame) {
                return Ok(frame);
            }
            self.early.push_back(frame);
        }
    }

    /// The next frame as it comes.
    async fn receive(&mut self) -> Result<Value> {
        loop {
            let message = tokio::time::timeout(FRAME_MAX, self.socket.next()).await;
            match message.context("no frame in time")?.context("the connection ended")?? {
                Message::Text(text) => {
                    let frame: Value = serde_json::from_str(&text)?;
                    if frame[0] == "AUTH" {
                        self.challenge = frame[1].as_str().map(str::to_owned);
                    }
                    return Ok(frame);
                }
                Message::Close(frame) => bail!("the relay closed: {frame:?}"),
                _ => {}
            }
        }
    }

    /// Waits for the end of the connection, and says how it ended: the close code if there was one.
    ///
    /// # Errors
    /// When it does not end in time.
    pub async fn closed(&mut self) -> Result<Option<u16>> {
        loop {
            let message = tokio::time::timeout(FRAME_MAX, self.socket.next()).await;
            match message.context("the connection stays open")? {
                None | Some(Err(_)) => return Ok(None),
                Some(Ok(Message::Close(frame))) => return Ok(frame.map(|frame| frame.code.into())),
                Some(Ok(_)) => {}
            }
        }
    }

    /// The challenge of this socket (NIP-42).
    ///
    /// # Errors
    /// When none comes.
    pub async fn challenge(&mut self) -> Result<String> {
        while self.challenge.is_none() {
            let frame = self.receive().await?;
            self.early.push_back(frame);
        }
        self.challenge.clone().context("it was just set")
    }

    /// Logs a key in; more than one may be.
    ///
    /// # Errors
    /// When the connection fails. A refusal is an answer.
    pub async fn auth(&mut self, keys: &Keys) -> Result<(bool, String)> {
        let challenge = self.challenge().await?;
        let login = auth_event(keys, &self.url, &challenge, Clock::System.now());
        self.send(&json!(["AUTH", serde_json::from_str::<Value>(&login.as_json())?])).await?;
        self.ok(&login.id.to_hex()).await
    }

    /// Publishes an event and waits for its OK.
    ///
    /// # Errors
    /// When the connection fails. A refusal is an answer.
    pub async fn publish(&mut self, event: &Event) -> Result<(bool, String)> {
        self.send_text(format!("[\"EVENT\",{}]", event.as_json())).await?;
        self.ok(&event.id.to_hex()).await
    }

    /// The OK for an id.
    ///
    /// # Errors
    /// When it does not come.
    pub async fn ok(&mut self, id: &str) -> Result<(bool, String)> {
        let frame = self.wait(|frame| frame[0] == "OK" && frame[1] == id).await?;
        Ok((frame[2] == true, frame[3].as_str().unwrap_or_default().to_owned()))
    }

    /// Asks with one filter, until EOSE or CLOSED, then closes the subscription.
    ///
    /// # Errors
    /// When the connection fails.
    pub async fn query(&mut self, filter: Value) -> Result<Answer> {
        let name = self.subscribe(filter).await?;
        let answer = self.stored(&name).await?;
        if matches!(answer, Answer::Events(_)) {
            self.send(&json!(["CLOSE", name])).await?;
        }
        Ok(answer)
    }

    /// Opens a subscription and returns its name.
    ///
    /// # Errors
    /// When the connection fails.
    pub async fn subscribe(&mut self, filter: Value) -> Result<String> {
        self.serial += 1;
        let name = format!("s{}", self.serial);
        self.send(&json!(["REQ", name, filter])).await?;
        Ok(name)
    }

    /// What a subscription answers up to its EOSE or CLOSED.
    ///
    /// # Errors
    /// When the connection fails, or an event has no valid signature.
    pub async fn stored(&mut self, name: &str) -> Result<Answer> {
        let mut events = Vec::new();
        loop {
            let frame = self.wait(|frame| frame[1] == name).await?;
            match frame[0].as_str() {
                Some("EVENT") => {
                    let event = Event::from_json(frame[2].to_string())?;
                    event.verify()?;
                    events.push(event);
                }
                Some("EOSE") => return Ok(Answer::Events(events)),
                Some("CLOSED") => {
                    return Ok(Answer::Closed(frame[2].as_str().unwrap_or_default().to_owned()));
                }
                _ => {}
            }
        }
    }

    /// Counts with one filter (NIP-45).
    ///
    /// # Errors
    /// When the relay closes the request; the message is its text.
    pub async fn count(&mut self, filter: Value) -> Result<u64> {
        self.serial += 1;
        let name = format!("c{}", self.serial);
        self.send(&json!(["COUNT", name, filter])).await?;
        let frame = self.wait(|frame| frame[1] == name).await?;
        if frame[0] == "CLOSED" {
            bail!("closed: {}", frame[2]);
        }
        frame[2]["count"].as_u64().context("a count is a number")
    }
}

/// A login event as NIP-42 says, for any relay name, challenge and time.
pub fn auth_event(keys: &Keys, url: &str, challenge: &str, at: u64) -> Event {
    let tags = vec![event::tag("relay", [url]), event::tag("challenge", [challenge])];
    event::sign(keys, kinds::AUTH, tags, "", at)
}

/// A client's TLS that trusts the box's authority and nothing else.
///
/// # Errors
/// When the file holds no certificates.
pub fn tls_config(ca: &Path) -> Result<rustls::ClientConfig> {
    use rustls::pki_types::pem::PemObject;
    let mut roots = rustls::RootCertStore::empty();
    for certificate in rustls::pki_types::CertificateDer::pem_file_iter(ca)? {
        roots.add(certificate?)?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    Ok(rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth())
}
