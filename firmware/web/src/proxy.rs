//! The preface that the gateway (and later the uplink) puts before a connection to a role: PROXY
//! protocol version 2 (haproxy, `proxy-protocol.txt` section 2.2) with the peer's address and, in the
//! TLV `PP2_TYPE_AUTHORITY`, the host name that the peer asked for.
//!
//! The parser takes exactly what [`Preface::encode`] writes: TCP over IPv4 or IPv6, one authority TLV,
//! nothing else. A connection without a preface, or with another one, is refused.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use tokio::io::{AsyncRead, AsyncReadExt as _};

const SIGNATURE: [u8; 12] = *b"\r\n\r\n\0\r\nQUIT\n";
/// Version 2, command PROXY.
const VERSION_COMMAND: u8 = 0x21;
const TCP4: u8 = 0x11;
const TCP6: u8 = 0x21;
const TLV_AUTHORITY: u8 = 0x02;
const HEAD_BYTES: usize = 16;
/// Longest host name with a port: 253 for the name, 6 for the port.
const HOST_BYTES_MAX: usize = 259;
const PAYLOAD_BYTES_MAX: usize = 36 + 3 + HOST_BYTES_MAX;

/// Who is on the other side of the gateway, and what name they asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preface {
    pub source: SocketAddr,
    pub destination: SocketAddr,
    /// As in `Host`: lower case, with a port when the peer named one.
    pub host: String,
}

/// Why a preface was refused.
#[derive(Debug, thiserror::Error)]
pub enum ProxyError {
    #[error("read the connection preface")]
    Io(#[from] std::io::Error),
    #[error("accept a connection without the PROXY v2 preface")]
    Signature,
    #[error("accept this PROXY command or address family")]
    Unsupported,
    #[error("accept a PROXY preface of this length")]
    Length,
    #[error("accept a PROXY preface without exactly one usable host name")]
    Authority,
}

impl Preface {
    /// The bytes to send before everything else.
    ///
    /// # Errors
    /// `Authority` when the host is empty, longer than a name can be, or not plain ASCII.
    pub fn encode(&self) -> Result<Vec<u8>, ProxyError> {
        let host = host_of(self.host.as_bytes())?;
        let mut payload = Vec::with_capacity(PAYLOAD_BYTES_MAX);
        let family = match (self.source.ip().to_canonical(), self.destination.ip().to_canonical()) {
            (IpAddr::V4(source), IpAddr::V4(destination)) => {
                payload.extend_from_slice(&source.octets());
                payload.extend_from_slice(&destination.octets());
                TCP4
            }
            (source, destination) => {
                payload.extend_from_slice(&as_v6(source).octets());
                payload.extend_from_slice(&as_v6(destination).octets());
                TCP6
            }
        };
        payload.extend_from_slice(&self.source.port().to_be_bytes());
        payload.extend_from_slice(&self.destination.port().to_be_bytes());
        payload.push(TLV_AUTHORITY);
        payload.extend_from_slice(&length_of(host.len())?);
        payload.extend_from_slice(host.as_bytes());
        let mut bytes = Vec::with_capacity(HEAD_BYTES + payload.len());
        bytes.extend_from_slice(&SIGNATURE);
        bytes.extend_from_slice(&[VERSION_COMMAND, family]);
        bytes.extend_from_slice(&length_of(payload.len())?);
        bytes.extend_from_slice(&payload);
        Ok(bytes)
    }

    /// Reads one preface and not a byte more. The caller sets the time limit.
    ///
    /// # Errors
    /// Everything but the exact form; nothing is guessed.
    pub async fn read(stream: &mut (impl AsyncRead + Unpin)) -> Result<Self, ProxyError> {
        let mut head = [0; HEAD_BYTES];
        stream.read_exact(&mut head).await?;
        let (family, length) = parse_head(&head)?;
        let mut payload = vec![0; length];
        stream.read_exact(&mut payload).await?;
        parse_payload(family, &payload)
    }

    /// Parses a whole preface; bytes after it are an error.
    ///
    /// # Errors
    /// As [`Preface::read`].
    pub fn parse(bytes: &[u8]) -> Result<Self, ProxyError> {
        let (head, payload) = bytes.split_first_chunk::<HEAD_BYTES>().ok_or(ProxyError::Length)?;
        let (family, length) = parse_head(head)?;
        if payload.len() != length {
            return Err(ProxyError::Length);
        }
        parse_payload(family, payload)
    }
}

fn parse_head(head: &[u8; HEAD_BYTES]) -> Result<(u8, usize), ProxyError> {
    let [signature @ .., version, family, high, low] = head;
    if *signature != SIGNATURE {
        return Err(ProxyError::Signature);
    }
    if *version != VERSION_COMMAND || !matches!(*family, TCP4 | TCP6) {
        return Err(ProxyError::Unsupported);
    }
    let length = usize::from(u16::from_be_bytes([*high, *low]));
    if length > PAYLOAD_BYTES_MAX {
        return Err(ProxyError::Length);
    }
    Ok((*family, length))
}

fn parse_payload(family: u8, payload: &[u8]) -> Result<Preface, ProxyError> {
    let mut rest = payload;
    let (source, destination) = if family == TCP4 {
        (IpAddr::V4(take::<4>(&mut rest)?.into()), IpAddr::V4(take::<4>(&mut rest)?.into()))
    } else {
        (IpAddr::V6(take::<16>(&mut rest)?.into()), IpAddr::V6(take::<16>(&mut rest)?.into()))
    };
    let source_port = u16::from_be_bytes(take(&mut rest)?);
    let destination_port = u16::from_be_bytes(take(&mut rest)?);
    let [kind, high, low] = take(&mut rest)?;
    if kind != TLV_AUTHORITY || usize::from(u16::from_be_bytes([high, low])) != rest.len() {
        return Err(ProxyError::Authority);
    }
    Ok(Preface {
        source: SocketAddr::new(source.to_canonical(), source_port),
        destination: SocketAddr::new(destination.to_canonical(), destination_port),
        host: host_of(rest)?.to_owned(),
    })
}

fn take<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], ProxyError> {
    let (taken, left) = rest.split_first_chunk::<N>().ok_or(ProxyError::Length)?;
    *rest = left;
    Ok(*taken)
}

fn length_of(length: usize) -> Result<[u8; 2], ProxyError> {
    u16::try_from(length).map(u16::to_be_bytes).map_err(|_| ProxyError::Length)
}

/// Lower-case name, address or bracketed IPv6 address, with a port or without.
fn host_of(bytes: &[u8]) -> Result<&str, ProxyError> {
    let usable = |byte: &u8| {
        byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b':' | b'[' | b']')
    };
    if bytes.is_empty() || bytes.len() > HOST_BYTES_MAX || !bytes.iter().all(usable) {
        return Err(ProxyError::Authority);
    }
    std::str::from_utf8(bytes).map_err(|_| ProxyError::Authority)
}

fn as_v6(address: IpAddr) -> Ipv6Addr {
    match address {
        IpAddr::V4(v4) => Ipv4Addr::to_ipv6_mapped(&v4),
        IpAddr::V6(v6) => v6,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn preface(source: &str, destination: &str, host: &str) -> Preface {
        Preface {
            source: source.parse().unwrap(),
            destination: destination.parse().unwrap(),
            host: host.to_owned(),
        }
    }

    fn example() -> Preface {
        preface("192.0.2.7:5000", "192.0.2.1:443", "relaybox.local")
    }

    #[test]
    fn what_is_written_is_read_back() {
        for case in [
            example(),
            preface("[2001:db8::7]:5000", "[2001:db8::1]:443", "[2001:db8::1]:8443"),
            preface("192.0.2.7:1", "[2001:db8::1]:443", "a"),
            preface("192.0.2.7:0", "192.0.2.1:0", &"a".repeat(HOST_BYTES_MAX)),
        ] {
            assert_eq!(Preface::parse(&case.encode().unwrap()).unwrap(), case);
        }
    }

    #[test]
    fn the_bytes_are_those_of_the_specification() {
        let bytes = preface("192.0.2.7:258", "192.0.2.1:443", "ab").encode().unwrap();
        let mut expected = b"\x0d\x0a\x0d\x0a\x00\x0d\x0a\x51\x55\x49\x54\x0a\x21\x11\x00\x11".to_vec();
        expected.extend_from_slice(&[192, 0, 2, 7, 192, 0, 2, 1, 1, 2, 1, 187, 2, 0, 2, b'a', b'b']);
        assert_eq!(bytes, expected);
    }

    #[test]
    fn a_connection_without_the_preface_is_refused() {
        let http = b"GET / HTTP/1.1\r\nHost: relaybox.local\r\n\r\n";
        assert!(matches!(Preface::parse(http), Err(ProxyError::Signature)));
        let version_one = b"PROXY TCP4 192.0.2.7 192.0.2.1 5000 443\r\n";
        assert!(matches!(Preface::parse(version_one), Err(ProxyError::Signature)));
    }

    #[test]
    fn every_other_command_family_and_transport_is_refused() {
        let good = example().encode().unwrap();
        for (at, values) in [(12, [0x20, 0x11, 0x22]), (13, [0x00, 0x12, 0x31])] {
            for value in values {
                let mut bytes = good.clone();
                bytes[at] = value;
                assert!(matches!(Preface::parse(&bytes), Err(ProxyError::Unsupported)), "{at} {value:#x}");
            }
        }
        assert!(Preface::parse(&good).is_ok());
    }

    #[test]
    fn every_shorter_and_longer_form_is_refused() {
        let good = example().encode().unwrap();
        for length in 0..good.len() {
            assert!(Preface::parse(&good[..length]).is_err(), "{length}");
        }
        let mut longer = good;
        longer.push(0);
        assert!(matches!(Preface::parse(&longer), Err(ProxyError::Length)));
    }

    #[test]
    fn a_length_beyond_the_largest_preface_is_refused_before_it_is_read() {
        let mut bytes = example().encode().unwrap();
        bytes[14] = 0xff;
        assert!(matches!(Preface::parse(&bytes), Err(ProxyError::Length)));
    }

    #[test]
    fn a_second_or_a_foreign_tlv_is_refused() {
        let mut second = example().encode().unwrap();
        second.extend_from_slice(&[TLV_AUTHORITY, 0, 1, b'b']);
        second[15] += 4;
        assert!(matches!(Preface::parse(&second), Err(ProxyError::Authority)));
        let mut foreign = example().encode().unwrap();
        foreign[HEAD_BYTES + 12] = 0x01;
        assert!(matches!(Preface::parse(&foreign), Err(ProxyError::Authority)));
    }

    #[test]
    fn a_host_that_could_break_a_header_is_neither_written_nor_read() {
        for host in ["", "A.example", "a\r\nb", "a b", "ä", "a/b", "user@a"] {
            assert!(preface("192.0.2.7:1", "192.0.2.1:1", host).encode().is_err(), "{host:?}");
        }
        let mut bytes = example().encode().unwrap();
        *bytes.last_mut().unwrap() = b'\n';
        assert!(matches!(Preface::parse(&bytes), Err(ProxyError::Authority)));
    }

    #[tokio::test]
    async fn reading_takes_the_preface_and_leaves_what_follows() {
        let mut bytes = example().encode().unwrap();
        bytes.extend_from_slice(b"GET /");
        let mut stream = bytes.as_slice();
        assert_eq!(Preface::read(&mut stream).await.unwrap(), example());
        assert_eq!(stream, b"GET /");
    }
}
