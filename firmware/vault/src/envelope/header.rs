//! The header of an age v1 file, taken apart and put together (C2SP age, "Header"). The payload stays as it is:
//! it is encrypted under the file key, and a header with another stanza and a new MAC fits the same payload.

use age_core::format::{FileKey, Stanza};
use age_core::primitives::hkdf;
use age_core::secrecy::ExposeSecret as _;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::{EnvelopeError, FILE_BYTES_MAX};
use crate::prf::{self, Nonce};

const VERSION_LINE: &str = "age-encryption.org/v1";
const STANZA: &str = "-> ";
const MAC: &str = "---";
/// Characters of a full line of a body.
const COLUMNS: usize = 64;

/// A file taken apart.
pub(super) struct Parsed<'a> {
    pub(super) stanzas: Vec<Stanza>,
    payload: &'a [u8],
}

impl<'a> Parsed<'a> {
    /// The same header over another payload.
    pub(super) fn with_payload(self, payload: &'a [u8]) -> Self {
        Self { payload, ..self }
    }

    /// Of the slot keys, in the order of the file.
    pub(super) fn nonces(&self) -> Vec<Nonce> {
        self.stanzas.iter().filter_map(prf::nonce_of).collect()
    }
}

/// Takes a file apart. The MAC is not checked: only who opens the file can.
pub(super) fn read(file: &[u8]) -> Result<Parsed<'_>, EnvelopeError> {
    if file.len() > FILE_BYTES_MAX {
        return Err(EnvelopeError::TooLarge);
    }
    let mut lines = Lines(file);
    if lines.next() != Some(VERSION_LINE) {
        return Err(EnvelopeError::Damaged);
    }
    let mut stanzas = Vec::new();
    loop {
        let line = lines.next().ok_or(EnvelopeError::Damaged)?;
        if line.starts_with(MAC) {
            return Ok(Parsed { stanzas, payload: lines.0 });
        }
        stanzas.push(stanza(line, &mut lines).ok_or(EnvelopeError::Damaged)?);
    }
}

fn stanza(first: &str, lines: &mut Lines<'_>) -> Option<Stanza> {
    let mut words = first.strip_prefix(STANZA)?.split(' ').map(str::to_owned);
    let (tag, args) = (words.next()?, words.collect());
    let mut text = String::new();
    loop {
        let line = lines.next()?;
        text.push_str(line);
        // A body ends with the first line that is not full, which may be empty.
        if line.len() < COLUMNS {
            break;
        }
    }
    Some(Stanza { tag, args, body: BASE64_STANDARD_NO_PAD.decode(text).ok()? })
}

/// Puts a file together under a new MAC: HMAC-SHA256 over the header up to `---`, under
/// HKDF-SHA256(ikm the file key, no salt, info "header").
pub(super) fn write(parsed: &Parsed<'_>, file_key: &FileKey) -> Result<Vec<u8>, EnvelopeError> {
    let mut text = format!("{VERSION_LINE}\n");
    for stanza in &parsed.stanzas {
        text.push_str(STANZA);
        text.push_str(&stanza.tag);
        for arg in &stanza.args {
            text.push(' ');
            text.push_str(arg);
        }
        text.push('\n');
        let body = BASE64_STANDARD_NO_PAD.encode(&stanza.body);
        let mut rest = body.as_str();
        while rest.len() >= COLUMNS {
            let (line, after) = rest.split_at(COLUMNS);
            text.push_str(line);
            text.push('\n');
            rest = after;
        }
        text.push_str(rest);
        text.push('\n');
    }
    text.push_str(MAC);
    let key = hkdf(&[], b"header", file_key.expose_secret());
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).map_err(|_| EnvelopeError::Damaged)?;
    mac.update(text.as_bytes());
    let tag = BASE64_STANDARD_NO_PAD.encode(mac.finalize().into_bytes());
    let mut file = format!("{text} {tag}\n").into_bytes();
    file.extend_from_slice(parsed.payload);
    Ok(file)
}

/// Lines of the header; what is left is the payload.
struct Lines<'a>(&'a [u8]);

impl<'a> Iterator for Lines<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let end = self.0.iter().position(|byte| *byte == b'\n')?;
        let (line, rest) = self.0.split_at(end);
        self.0 = rest.get(1..)?;
        std::str::from_utf8(line).ok().filter(|line| line.is_ascii())
    }
}
