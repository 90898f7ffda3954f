//! A WebSocket client that costs next to nothing: frames are made before they are timed, answers are
//! recognised by their first bytes and never parsed.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result, bail, ensure};
use relaybox_process::clock::Clock;
use relaybox_protocol::Keys;
use relaybox_tests::client::{Stream, auth_event};
use relaybox_web::proxy::Preface;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpStream, UnixStream};

const READ_BYTES: usize = 256 * 1024;

/// How the relay is reached.
#[derive(Clone)]
pub(crate) enum Door {
    /// The gateway, with TLS.
    Tls { url: String, connector: tokio_rustls::TlsConnector },
    /// `--plain-relay`.
    Plain { url: String },
    /// The relay role's own socket, as the gateway reaches it.
    Unix { url: String, path: PathBuf },
}

impl Door {
    pub(crate) fn tls(url: &str, ca: &std::path::Path) -> Result<Self> {
        let config = relaybox_tests::client::tls_config(ca)?;
        Ok(Self::Tls { url: url.to_owned(), connector: Arc::new(config).into() })
    }

    fn url(&self) -> &str {
        match self {
            Self::Tls { url, .. } | Self::Plain { url } | Self::Unix { url, .. } => url,
        }
    }

    /// `host:port`.
    fn host(&self) -> &str {
        self.url().split_once("://").map_or(self.url(), |(_, host)| host)
    }

    async fn connect(&self) -> Result<Box<dyn Stream>> {
        let tcp = async || {
            let tcp = TcpStream::connect(self.host()).await?;
            tcp.set_nodelay(true)?;
            anyhow::Ok(tcp)
        };
        Ok(match self {
            Self::Tls { connector, .. } => {
                let name = self.host().rsplit_once(':').map_or(self.host(), |(name, _)| name).to_owned();
                Box::new(connector.connect(name.try_into()?, tcp().await?).await?)
            }
            Self::Plain { .. } => Box::new(tcp().await?),
            Self::Unix { path, .. } => {
                let mut stream = UnixStream::connect(path).await?;
                let local = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
                let preface = Preface { source: local, destination: local, host: self.host().to_owned() };
                stream.write_all(&preface.encode()?).await?;
                Box::new(stream)
            }
        })
    }
}

/// A text frame whose mask is zero, so that its payload stands in clear (RFC 6455 5.3 asks for a
/// mask, and any value is one).
pub(crate) fn frame(text: &str) -> Vec<u8> {
    let mut bytes = vec![0x81];
    match (u8::try_from(text.len()), u16::try_from(text.len())) {
        (Ok(short), _) if short < 126 => bytes.push(0x80 | short),
        (_, Ok(medium)) => {
            bytes.push(0x80 | 126);
            bytes.extend_from_slice(&medium.to_be_bytes());
        }
        _ => {
            bytes.push(0x80 | 127);
            bytes.extend_from_slice(&(text.len() as u64).to_be_bytes());
        }
    }
    bytes.extend_from_slice(&[0; 4]);
    bytes.extend_from_slice(text.as_bytes());
    bytes
}

/// One connection.
pub(crate) struct Wire {
    stream: Box<dyn Stream>,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
}

impl Wire {
    /// Connects to something that speaks frames at once.
    pub(crate) async fn bare(door: &Door) -> Result<Self> {
        Ok(Self { stream: door.connect().await?, buffer: vec![0; READ_BYTES], start: 0, end: 0 })
    }

    /// Connects and reads the challenge.
    pub(crate) async fn open(door: &Door) -> Result<(Self, String)> {
        let mut wire = Self::bare(door).await?;
        let request = format!(
            "GET / HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
            door.host()
        );
        wire.send(request.as_bytes()).await?;
        let head = loop {
            wire.fill().await?;
            let read = &wire.buffer[..wire.end];
            if let Some(at) = read.windows(4).position(|four| four == b"\r\n\r\n") {
                break at + 4;
            }
        };
        let answer = String::from_utf8_lossy(&wire.buffer[..head]).into_owned();
        ensure!(answer.starts_with("HTTP/1.1 101"), "no upgrade: {answer}");
        wire.start = head;
        let challenge: serde_json::Value = serde_json::from_slice(wire.next().await?)?;
        let text = challenge[1].as_str().context("a challenge is text")?.to_owned();
        Ok((wire, text))
    }

    /// Connects and logs in.
    pub(crate) async fn login(door: &Door, keys: &Keys) -> Result<Self> {
        let (mut wire, challenge) = Self::open(door).await?;
        let login = auth_event(keys, door.url(), &challenge, Clock::System.now());
        wire.send(&frame(&format!("[\"AUTH\",{}]", login.as_json()))).await?;
        let answer = wire.next().await?;
        ensure!(accepted(answer), "login refused: {}", String::from_utf8_lossy(answer));
        // Connections that wait keep little.
        wire.buffer = vec![0; 4 * 1024];
        (wire.start, wire.end) = (0, 0);
        Ok(wire)
    }

    /// Takes long answers in few reads.
    pub(crate) fn widen(&mut self) {
        self.buffer.resize(READ_BYTES, 0);
    }

    pub(crate) async fn send(&mut self, frames: &[u8]) -> Result<()> {
        self.stream.write_all(frames).await?;
        Ok(self.stream.flush().await?)
    }

    /// The payload of the next frame.
    pub(crate) async fn next(&mut self) -> Result<&[u8]> {
        let (head, length) = loop {
            match header(&self.buffer[self.start..self.end])? {
                Some((head, length)) if self.end - self.start >= head + length => break (head, length),
                Some((head, length)) => self.room(head + length),
                None => self.room(16),
            }
            self.fill().await?;
        };
        let from = self.start + head;
        self.start = from + length;
        Ok(&self.buffer[from..from + length])
    }

    /// Whether a whole frame is here already.
    pub(crate) fn has_frame(&self) -> bool {
        let read = &self.buffer[self.start..self.end];
        matches!(header(read), Ok(Some((head, length))) if read.len() >= head + length)
    }

    /// Asks with one filter and counts what comes before EOSE: events and their bytes.
    pub(crate) async fn ask(&mut self, request: &[u8]) -> Result<(u64, u64)> {
        self.send(request).await?;
        let (mut events, mut bytes) = (0, 0);
        loop {
            let answer = self.next().await?;
            if answer.starts_with(b"[\"EVENT\"") {
                events += 1;
                bytes += answer.len() as u64;
            } else if answer.starts_with(b"[\"EOSE\"") {
                return Ok((events, bytes));
            } else {
                bail!("not an answer: {}", String::from_utf8_lossy(answer));
            }
        }
    }

    /// Moves what is unread to the front and makes room for `wanted` bytes of it.
    fn room(&mut self, wanted: usize) {
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        let size = wanted.max(if wanted > 4 * 1024 { READ_BYTES } else { 0 });
        if self.buffer.len() < size {
            self.buffer.resize(size, 0);
        }
    }

    async fn fill(&mut self) -> Result<()> {
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        }
        let read = self.stream.read(&mut self.buffer[self.end..]).await?;
        ensure!(read > 0, "the relay ended the connection");
        self.end += read;
        Ok(())
    }
}

/// An `OK` that says true.
pub(crate) fn accepted(answer: &[u8]) -> bool {
    answer.starts_with(b"[\"OK\"") && answer.windows(6).any(|six| six == b",true,")
}

/// Length of the header and of the payload, once the header is whole.
fn header(read: &[u8]) -> Result<Option<(usize, usize)>> {
    let &[first, length, ..] = read else { return Ok(None) };
    ensure!(first == 0x81, "a frame of kind {first:#x}");
    Ok(match length {
        126 => read.get(2..4).map(|size| (4, usize::from(size[0]) << 8 | usize::from(size[1]))),
        127 => match read.get(2..10) {
            Some(size) => Some((10, usize::try_from(u64::from_be_bytes(size.try_into()?))?)),
            None => None,
        },
        short => Some((2, usize::from(short))),
    })
}
