//! HTTP login by a signed event (NIP-98): one event, one request.

use std::fmt;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use relaybox_protocol::event::{Verified, tag_value};
use relaybox_protocol::refusal::Class;
use relaybox_protocol::{EventId, PublicKey};
use sha2::{Digest as _, Sha256};

const KIND: u16 = 27_235;
/// NIP-98's suggestion, in both directions.
const SECONDS: u64 = 60;
const TOKEN_BYTES_MAX: usize = 8_192;

/// The request that a login must name.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    pub method: &'a str,
    /// Absolute, with the host the client asked for (already accepted as one of the box's) and the
    /// query.
    pub url: &'a str,
    pub body: &'a [u8],
}

/// Why a login does not count. The text goes to the client and names nothing inside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LoginError {
    #[error("find an Authorization header of the scheme Nostr")]
    Missing,
    #[error("read the login: send one kind 27235 event in base64")]
    Malformed,
    #[error("accept the login: it is more than 60 seconds old or ahead; check this device's clock")]
    Time,
    #[error("accept the login: it names another address")]
    Url,
    #[error("accept the login: it names another method")]
    Method,
    #[error("accept the login: it names another request body")]
    Payload,
    #[error("accept the login: it was used before")]
    Replay,
}

impl LoginError {
    pub const fn class(self) -> Class {
        Class::Unauthenticated
    }
}

/// Gives the key that signed this request. `once` gets the event's id and the second until which it
/// must be remembered, and says whether this is its first use; it is asked last.
///
/// # Errors
/// The first check that fails, each a 401.
pub async fn verify(
    authorization: Option<&str>,
    request: Request<'_>,
    now: u64,
    once: impl AsyncFnOnce(EventId, u64) -> bool,
) -> Result<PublicKey, LoginError> {
    let (scheme, token) = authorization.and_then(|value| value.split_once(' ')).ok_or(LoginError::Missing)?;
    if !scheme.eq_ignore_ascii_case("Nostr") {
        return Err(LoginError::Missing);
    }
    let verified = parse(token.trim_matches(' '))?;
    let event = verified.event();
    let created_at = event.created_at.as_secs();
    if created_at.abs_diff(now) > SECONDS {
        return Err(LoginError::Time);
    }
    if sole(&verified, "u") != Some(request.url) {
        return Err(LoginError::Url);
    }
    if sole(&verified, "method") != Some(request.method) {
        return Err(LoginError::Method);
    }
    let payload = sole(&verified, "payload");
    let needed = !request.body.is_empty() || tag_value(event, "payload", 0).is_some();
    if needed && payload != Some(Hex(Sha256::digest(request.body).into()).to_string().as_str()) {
        return Err(LoginError::Payload);
    }
    if !once(verified.id(), created_at.saturating_add(SECONDS + 1)).await {
        return Err(LoginError::Replay);
    }
    Ok(event.pubkey)
}

fn parse(token: &str) -> Result<Verified, LoginError> {
    if token.len() > TOKEN_BYTES_MAX {
        return Err(LoginError::Malformed);
    }
    // Clients in use send both alphabets, with padding and without.
    let config = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let alphabet = if token.contains(['-', '_']) { &alphabet::URL_SAFE } else { &alphabet::STANDARD };
    let bytes = GeneralPurpose::new(alphabet, config).decode(token).map_err(|_| LoginError::Malformed)?;
    let json = std::str::from_utf8(&bytes).map_err(|_| LoginError::Malformed)?;
    let verified = Verified::parse(json, TOKEN_BYTES_MAX).map_err(|_| LoginError::Malformed)?;
    if verified.kind() == KIND { Ok(verified) } else { Err(LoginError::Malformed) }
}

/// The value of a tag that stands exactly once.
fn sole<'a>(verified: &'a Verified, name: &str) -> Option<&'a str> {
    let event = verified.event();
    tag_value(event, name, 1).is_none().then(|| tag_value(event, name, 0))?
}

/// Lower-case hex.
struct Hex([u8; 32]);

impl fmt::Display for Hex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
    use relaybox_protocol::event::{sign, tag};
    use relaybox_protocol::random::Random;
    use relaybox_protocol::{Event, Keys, Tag};

    use super::*;

    const NOW: u64 = 1_800_000_000;
    const URL: &str = "https://relaybox-admin.local:8443/staff?sort=name";

    fn keys() -> Keys {
        Random::seeded([7; 32]).keys()
    }

    fn tags(url: &str, method: &str) -> Vec<Tag> {
        vec![tag("u", [url]), tag("method", [method])]
    }

    fn login(kind: u16, tags: Vec<Tag>, created_at: u64) -> String {
        header(&sign(&keys(), kind, tags, "", created_at))
    }

    fn header(event: &Event) -> String {
        let json = Verified::from_event(event.clone()).unwrap();
        format!("Nostr {}", STANDARD.encode(json.json()))
    }

    async fn outcome(
        authorization: Option<&str>,
        method: &str,
        body: &[u8],
    ) -> Result<PublicKey, LoginError> {
        let request = Request { method, url: URL, body };
        verify(authorization, request, NOW, async |_, _| true).await
    }

    #[tokio::test]
    async fn a_login_that_names_this_request_gives_its_key() {
        let good = login(KIND, tags(URL, "GET"), NOW);
        assert_eq!(outcome(Some(&good), "GET", b"").await, Ok(keys().public_key()));
        let lower = good.replacen("Nostr", "nostr", 1);
        assert!(outcome(Some(&lower), "GET", b"").await.is_ok());
    }

    #[tokio::test]
    async fn every_other_host_port_path_and_query_is_refused() {
        for url in [
            "https://relaybox-admin.local/staff?sort=name",
            "https://relaybox-staff.local:8443/staff?sort=name",
            "https://relaybox-admin.local:8443/staff",
            "https://relaybox-admin.local:8443/staff?sort=role",
            "http://relaybox-admin.local:8443/staff?sort=name",
            "https://relaybox-admin.local:8443/staff?sort=name#top",
        ] {
            let header = login(KIND, tags(url, "GET"), NOW);
            assert_eq!(outcome(Some(&header), "GET", b"").await, Err(LoginError::Url), "{url}");
        }
        assert!(!LoginError::Url.to_string().contains("relaybox"));
    }

    #[tokio::test]
    async fn another_method_or_two_of_them_are_refused() {
        let header = login(KIND, tags(URL, "GET"), NOW);
        assert_eq!(outcome(Some(&header), "POST", b"").await, Err(LoginError::Method));
        let mut twice = tags(URL, "GET");
        twice.push(tag("method", ["POST"]));
        let header = login(KIND, twice, NOW);
        assert_eq!(outcome(Some(&header), "GET", b"").await, Err(LoginError::Method));
    }

    #[tokio::test]
    async fn sixty_seconds_are_in_time_and_sixty_one_are_not() {
        for (created_at, good) in [(NOW - 60, true), (NOW + 60, true), (NOW - 61, false), (NOW + 61, false)] {
            let header = login(KIND, tags(URL, "GET"), created_at);
            let expected = if good { Ok(keys().public_key()) } else { Err(LoginError::Time) };
            assert_eq!(outcome(Some(&header), "GET", b"").await, expected, "{created_at}");
        }
    }

    #[tokio::test]
    async fn a_body_must_be_the_one_that_was_signed() {
        let mut named = tags(URL, "POST");
        named.push(tag("payload", [&Hex(Sha256::digest(b"{\"a\":1}").into()).to_string()]));
        let header = login(KIND, named, NOW);
        assert!(outcome(Some(&header), "POST", b"{\"a\":1}").await.is_ok());
        assert_eq!(outcome(Some(&header), "POST", b"{\"a\":2}").await, Err(LoginError::Payload));
        assert_eq!(outcome(Some(&header), "POST", b"").await, Err(LoginError::Payload));
        let without = login(KIND, tags(URL, "POST"), NOW);
        assert_eq!(outcome(Some(&without), "POST", b"{\"a\":1}").await, Err(LoginError::Payload));
    }

    #[tokio::test]
    async fn a_login_counts_once() {
        let header = login(KIND, tags(URL, "GET"), NOW);
        let mut seen = BTreeSet::new();
        for expected in [Ok(keys().public_key()), Err(LoginError::Replay)] {
            let request = Request { method: "GET", url: URL, body: b"" };
            let once = async |id: EventId, until: u64| {
                assert!(until > NOW + SECONDS);
                seen.insert(id)
            };
            assert_eq!(verify(Some(&header), request, NOW, once).await, expected);
        }
    }

    #[tokio::test]
    async fn a_login_that_fails_is_not_used_up() {
        let header = login(KIND, tags(URL, "GET"), NOW - 61);
        let request = Request { method: "GET", url: URL, body: b"" };
        let asked = verify(Some(&header), request, NOW, async |_, _| panic!("asked")).await;
        assert_eq!(asked, Err(LoginError::Time));
    }

    #[tokio::test]
    async fn a_forged_event_or_another_kind_is_no_login() {
        let mut forged = sign(&keys(), KIND, tags(URL, "GET"), "", NOW);
        forged.pubkey = Random::seeded([8; 32]).keys().public_key();
        let json = serde_json::to_string(&forged).unwrap();
        let header = format!("Nostr {}", STANDARD.encode(json));
        assert_eq!(outcome(Some(&header), "GET", b"").await, Err(LoginError::Malformed));
        let other = login(22_242, tags(URL, "GET"), NOW);
        assert_eq!(outcome(Some(&other), "GET", b"").await, Err(LoginError::Malformed));
        for header in [None, Some("Basic YTpi"), Some("Nostr")] {
            assert_eq!(outcome(header, "GET", b"").await, Err(LoginError::Missing), "{header:?}");
        }
        assert_eq!(outcome(Some("Nostr !"), "GET", b"").await, Err(LoginError::Malformed));
    }

    #[tokio::test]
    async fn both_alphabets_are_read_with_padding_and_without_at_every_length() {
        for content in ["", "a", "ab"] {
            let event = sign(&keys(), KIND, tags(URL, "GET"), content, NOW);
            let json = Verified::from_event(event).unwrap().json().to_owned();
            for engine in [STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD] {
                let header = format!("Nostr {}", engine.encode(&json));
                assert!(outcome(Some(&header), "GET", b"").await.is_ok(), "{header}");
            }
        }
    }
}
