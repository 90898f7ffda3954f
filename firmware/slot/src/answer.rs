//! Judges a request before a key hears of it, asks the key, and judges the reply.

use std::io;

use relaybox_process::rpc::slot::{Failure, Reply, Request, Secret};
use relaybox_protocol::hex;

use crate::key::{self, Device, Make};

/// Longest credential id that a key may give, bytes (CTAP 2.1, section 6.4: `maxCredentialIdLength` is one byte less
/// than what one length of the protocol could say; no key on the market comes near).
pub(crate) const CREDENTIAL_BYTES_MAX: usize = 1_023;
/// Credentials in one request: more than a vault has slot keys, or a person has keys.
const CREDENTIALS_MAX: usize = 16;
/// Of a relying party's name (RFC 1123).
const RP_BYTES_MAX: usize = 253;
/// What each key takes as a name of an account (CTAP 2.1, section 6.1.2).
const LABEL_BYTES_MAX: usize = 64;
/// CTAP 2.1, section 6.5.1, bytes of UTF-8. The library panics beyond 64.
const PIN_BYTES: std::ops::RangeInclusive<usize> = 4..=63;

/// The last line. `touch` says that the key waits for one.
///
/// # Errors
/// When `touch` cannot be said.
pub(crate) fn answer(request: &Request, touch: &mut dyn FnMut() -> io::Result<()>) -> io::Result<Reply> {
    let mut said = Ok(());
    let result = ask(request, &mut || {
        said = touch();
        said.is_ok()
    });
    said?;
    Ok(result.unwrap_or_else(|why| Reply::Failed { why }))
}

/// `touch` is false when nobody listens any more: then the key is not asked.
fn ask(request: &Request, touch: &mut dyn FnMut() -> bool) -> Result<Reply, Failure> {
    match request {
        Request::List {} => Ok(Reply::Keys { keys: key::list() }),
        Request::Look { key } => Device::open(key)?.look(),
        Request::SetPin { key, pin } => {
            let pin = judged_pin(pin)?;
            Device::open(key)?.set_pin(pin)?;
            Ok(Reply::Done)
        }
        Request::Make { key, rp, user, label, exclude, challenge, pin } => {
            let make = Make {
                rp: judged_rp(rp)?,
                user: bytes(user, 1..=64)?,
                label: judged_label(label)?,
                exclude: credentials(exclude)?,
                challenge: bytes(challenge, 1..=4_096)?,
                pin: judged_pin(pin)?,
            };
            Device::open(key)?.make(&make, touch)
        }
        Request::Find { key, rp, credentials: asked, pin } => {
            let (rp, asked, pin) = (judged_rp(rp)?, credentials(asked)?, judged_pin(pin)?);
            let found = Device::open(key)?.find(rp, &asked, pin)?;
            Ok(Reply::Found { credential: found.map(|credential| hex::encode(&credential)) })
        }
        Request::Secret { key, rp, credential, salts, challenge, pin } => {
            let (rp, pin) = (judged_rp(rp)?, judged_pin(pin)?);
            let credential = bytes(credential, 1..=CREDENTIAL_BYTES_MAX)?;
            let challenge = bytes(challenge, 1..=4_096)?;
            let salts = judged_salts(salts)?;
            let device = Device::open(key)?;
            let secret = device.secret(rp, &credential, &salts, &challenge, pin, touch)?;
            Ok(Reply::Secret {
                outputs: secret.outputs.iter().map(|output| Secret(hex::encode(output))).collect(),
                authenticator_data: hex::encode(&secret.authenticator_data),
                signature: hex::encode(&secret.signature),
            })
        }
    }
}

fn judged_rp(rp: &str) -> Result<&str, Failure> {
    let name = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-".contains(&byte);
    let whole = (1..=RP_BYTES_MAX).contains(&rp.len()) && rp.bytes().all(name);
    whole.then_some(rp).ok_or(Failure::Request)
}

fn judged_label(label: &str) -> Result<&str, Failure> {
    let whole = (1..=LABEL_BYTES_MAX).contains(&label.len()) && !label.chars().any(char::is_control);
    whole.then_some(label).ok_or(Failure::Request)
}

/// What the protocol can carry. The vault knows more (form C, code points) and has judged it before.
fn judged_pin(pin: &Secret) -> Result<&str, Failure> {
    let carried = PIN_BYTES.contains(&pin.0.len()) && !pin.0.contains('\0');
    carried.then_some(pin.0.as_str()).ok_or(Failure::PinPolicy)
}

fn judged_salts(salts: &[String]) -> Result<Vec<[u8; 32]>, Failure> {
    if !(1..=2).contains(&salts.len()) {
        return Err(Failure::Request);
    }
    salts.iter().map(|salt| hex::decode(salt).ok_or(Failure::Request)).collect()
}

fn credentials(all: &[String]) -> Result<Vec<Vec<u8>>, Failure> {
    if all.len() > CREDENTIALS_MAX {
        return Err(Failure::Request);
    }
    all.iter().map(|one| bytes(one, 1..=CREDENTIAL_BYTES_MAX)).collect()
}

/// Lower-case hex to so many bytes.
fn bytes(text: &str, length: std::ops::RangeInclusive<usize>) -> Result<Vec<u8>, Failure> {
    if !text.len().is_multiple_of(2) || !length.contains(&(text.len() / 2)) {
        return Err(Failure::Request);
    }
    let byte = |pair: &[u8]| hex::decode::<1>(std::str::from_utf8(pair).ok()?).map(|[byte]| byte);
    text.as_bytes().chunks_exact(2).map(byte).collect::<Option<_>>().ok_or(Failure::Request)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pin(text: &str) -> Secret {
        Secret(text.to_owned())
    }

    #[test]
    fn a_pin_that_the_protocol_cannot_carry_is_refused_and_the_longest_one_is_not() {
        for refused in ["", "123", &"1".repeat(64), "12\u{0}45"] {
            assert_eq!(judged_pin(&pin(refused)), Err(Failure::PinPolicy), "{} bytes", refused.len());
        }
        for taken in ["1234", &"1".repeat(63), "😀😀😀😀"] {
            assert_eq!(judged_pin(&pin(taken)), Ok(taken));
        }
    }

    #[test]
    fn hex_of_another_length_or_spelling_is_no_request() {
        assert_eq!(bytes("00ff", 1..=2), Ok(vec![0, 255]));
        for refused in ["", "0", "00FF", "00ff00", "zz", "é"] {
            assert_eq!(bytes(refused, 1..=2), Err(Failure::Request), "{refused}");
        }
    }

    #[test]
    fn one_or_two_salts_of_32_bytes_are_a_request() {
        let salt = "ab".repeat(32);
        assert_eq!(judged_salts(std::slice::from_ref(&salt)).map(|all| all.len()), Ok(1));
        assert_eq!(judged_salts(&[salt.clone(), salt.clone()]).map(|all| all.len()), Ok(2));
        for refused in [vec![], vec![salt; 3], vec!["ab".repeat(31)]] {
            assert_eq!(judged_salts(&refused), Err(Failure::Request));
        }
    }

    #[test]
    fn names_of_relying_parties_and_labels_are_short_and_plain() {
        assert!(judged_rp("b0x.vault.relaybox.invalid").is_ok());
        for refused in ["", "Vault.invalid", "vault invalid", &"a".repeat(254)] {
            assert_eq!(judged_rp(refused), Err(Failure::Request));
        }
        assert!(judged_label("Desk, 2nd drawer").is_ok());
        for refused in ["", "two\nlines", &"é".repeat(33)] {
            assert_eq!(judged_label(refused), Err(Failure::Request));
        }
    }
}
