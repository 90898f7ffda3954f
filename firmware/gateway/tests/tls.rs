//! TLS: versions, names, and the box's own authority.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use std::os::unix::fs::MetadataExt as _;

use common::{DOCUMENT, start, start_in};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use x509_parser::prelude::{FromDer as _, GeneralName, ParsedExtension, X509Certificate};

#[tokio::test]
async fn a_client_that_trusts_the_boxs_authority_connects_by_every_name_and_version() {
    let gateway = start().await;
    for name in ["localhost", "relay.localhost", "relaybox.local", "127.0.0.1"] {
        for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
            let mut roots = rustls::RootCertStore::empty();
            roots.add(gateway.ca()).unwrap();
            let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
            let client = rustls::ClientConfig::builder_with_provider(provider)
                .with_protocol_versions(&[version])
                .unwrap()
                .with_root_certificates(roots)
                .with_no_client_auth();
            let stream = gateway.connect_as(client, name).await.unwrap();
            assert_eq!(stream.get_ref().1.protocol_version().unwrap(), version.version, "{name}");
        }
    }
}

#[tokio::test]
async fn a_client_that_does_not_trust_the_authority_does_not_connect() {
    let gateway = start().await;
    let other = start().await;
    assert!(gateway.connect_as(other.client(), "localhost").await.is_err());
    assert!(gateway.connect_as(gateway.client(), "localhost").await.is_ok());
}

#[tokio::test]
async fn a_foreign_server_name_gets_no_handshake() {
    let gateway = start().await;
    let error = gateway.connect_as(gateway.client(), "evil.example").await.unwrap_err();
    assert!(error.to_string().contains("alert"), "{error}");
}

#[tokio::test]
async fn only_http_1_1_is_spoken() {
    let gateway = start().await;
    let mut client = gateway.client();
    client.alpn_protocols = vec![b"h2".to_vec()];
    assert!(gateway.connect_as(client.clone(), "localhost").await.is_err());
    client.alpn_protocols.push(b"http/1.1".to_vec());
    let stream = gateway.connect_as(client, "localhost").await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(b"http/1.1".as_slice()));
}

/// A ClientHello of this legacy version without `supported_versions` (RFC 5246 section 7.4.1.2).
fn client_hello(version: [u8; 2]) -> Vec<u8> {
    let mut body = version.to_vec();
    body.extend_from_slice(&[7; 32]);
    // No session; the suites of TLS 1.2 and of older versions with ECDHE and ECDSA; no compression.
    body.extend_from_slice(&[0, 0, 6, 0xc0, 0x2b, 0xc0, 0x09, 0xc0, 0x0a, 1, 0]);
    // supported_groups P-256, point formats, ECDSA with SHA-256 and P-256, extended master secret.
    let extensions: &[u8] =
        &[0, 10, 0, 4, 0, 2, 0, 23, 0, 11, 0, 2, 1, 0, 0, 13, 0, 4, 0, 2, 4, 3, 0, 23, 0, 0];
    body.extend_from_slice(&[0, u8::try_from(extensions.len()).unwrap()]);
    body.extend_from_slice(extensions);
    let length = u8::try_from(body.len()).unwrap();
    let mut hello = vec![22, 3, 1, 0, length + 4, 1, 0, 0, length];
    hello.extend_from_slice(&body);
    hello
}

/// The first record the gateway answers with: its type and its second payload byte.
async fn answer_to(address: std::net::SocketAddr, hello: &[u8]) -> (u8, u8) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(hello).await.unwrap();
    let mut record = [0; 7];
    stream.read_exact(&mut record).await.unwrap();
    (record[0], record[6])
}

#[tokio::test]
async fn tls_1_1_is_refused_and_the_same_hello_with_1_2_is_answered() {
    let gateway = start().await;
    let (alert, protocol_version) = (21, 70);
    assert_eq!(answer_to(gateway.address, &client_hello([3, 2])).await, (alert, protocol_version));
    let (handshake, _) = answer_to(gateway.address, &client_hello([3, 3])).await;
    assert_eq!(handshake, 22);
}

#[tokio::test]
async fn the_authority_is_constrained_to_the_boxs_names() {
    let gateway = start().await;
    let ca = gateway.ca();
    let (_, parsed) = X509Certificate::from_der(&ca).unwrap();
    let extension =
        parsed.extensions().iter().find(|extension| extension.oid.to_id_string() == "2.5.29.30").unwrap();
    assert!(extension.critical);
    let ParsedExtension::NameConstraints(constraints) = extension.parsed_extension() else {
        panic!("name constraints")
    };
    let names: Vec<String> = constraints
        .permitted_subtrees
        .as_ref()
        .unwrap()
        .iter()
        .map(|subtree| match &subtree.base {
            GeneralName::DNSName(name) => (*name).to_owned(),
            GeneralName::IPAddress(bytes) => format!("{bytes:?}"),
            other => panic!("{other}"),
        })
        .collect();
    for expected in ["localhost", "local", "[127, 0, 0, 1, 255, 255, 255, 255]"] {
        assert!(names.iter().any(|name| name == expected), "{names:?}");
    }
    assert!(!names.iter().any(|name| name.is_empty() || name == "[0, 0, 0, 0, 0, 0, 0, 0]"));
    assert!(parsed.is_ca());
}

#[tokio::test]
async fn the_second_start_keeps_authority_and_certificate_and_their_keys_are_private() {
    let directory = tempfile::tempdir().unwrap();
    let read = |name: &str| std::fs::read(directory.path().join(name)).unwrap();
    let first = start_in(directory.path().to_owned(), |_| {}, DOCUMENT).await;
    let before = (read("ca.crt"), read("ca.pem"), read("tls.pem"));
    first.stopped().await.unwrap();
    let second = start_in(directory.path().to_owned(), |_| {}, DOCUMENT).await;
    assert!(before == (read("ca.crt"), read("ca.pem"), read("tls.pem")));
    for private in ["ca.pem", "tls.pem"] {
        let mode = std::fs::metadata(directory.path().join(private)).unwrap().mode();
        assert_eq!(mode & 0o777, 0o600, "{private}");
    }
    assert!(second.connect_as(second.client(), "localhost").await.is_ok());
}
