//! What the practice says of itself: name, and where it is reached (NIP-01 kind 0, NIP-65, NIP-17, NIP-B7).

use serde::{Deserialize, Serialize};

use super::{RequestError, check_line, check_name};

/// Longest text about the practice, characters.
const ABOUT_CHARACTERS_MAX: usize = 500;
/// Longest address, bytes, and most addresses of one list.
const ADDRESS_BYTES_MAX: usize = 200;
const ADDRESSES_MAX: usize = 10;

/// The whole profile: what is not in it is taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    pub name: String,
    pub about: Option<String>,
    /// `https:`.
    pub website: Option<String>,
    /// `wss:`, where the practice's events are (10002).
    pub relays: Vec<String>,
    /// `wss:`, where it takes gift wraps (10050).
    pub inboxes: Vec<String>,
    /// `https:`, where its blobs are (10063).
    pub servers: Vec<String>,
}

impl Profile {
    pub(super) fn check(&self) -> Result<(), RequestError> {
        check_name(&self.name)?;
        if let Some(about) = &self.about {
            check_line(about, ABOUT_CHARACTERS_MAX)?;
        }
        self.website.iter().try_for_each(|address| check_address(address, "https://"))?;
        for (list, scheme) in
            [(&self.relays, "wss://"), (&self.inboxes, "wss://"), (&self.servers, "https://")]
        {
            if list.len() > ADDRESSES_MAX {
                return Err(RequestError::TooMany(ADDRESSES_MAX));
            }
            for (at, address) in list.iter().enumerate() {
                check_address(address, scheme)?;
                if list[..at].contains(address) {
                    return Err(RequestError::Twice);
                }
            }
        }
        Ok(())
    }
}

/// A scheme, a host, and what follows, in characters that look like nothing else: no user, no blank, no other script.
fn check_address(address: &str, scheme: &str) -> Result<(), RequestError> {
    let rest = address.strip_prefix(scheme).ok_or(RequestError::Address)?;
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let of_host = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b':' | b'[' | b']');
    let fine = address.len() <= ADDRESS_BYTES_MAX
        && !host.is_empty()
        && host.bytes().all(of_host)
        && rest.bytes().all(|byte| byte.is_ascii_graphic());
    if fine { Ok(()) } else { Err(RequestError::Address) }
}
