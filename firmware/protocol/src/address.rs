//! The address of a practice as families scan it (PROTOCOL 2.7): where its relay is and whose answers to believe. It
//! holds no secret; a token in it is good once.

use crate::PublicKey;

/// What the QR text names.
#[derive(Debug, Clone, Copy)]
pub struct Address<'a> {
    /// Host of the relay, with a port where it is not 443.
    pub host: &'a str,
    pub practice: &'a PublicKey,
    /// SHA-256 of the next practice key, lower-case hex.
    pub next: Option<&'a str>,
    /// Name of the practice.
    pub name: &'a str,
    /// An enrolment's token, lower-case hex.
    pub token: Option<&'a str>,
}

impl Address<'_> {
    /// `nostr+ehr://<host>?pk=<P>&next=<h>&name=<practice>&t=<token>`, less what is not there.
    pub fn text(&self) -> String {
        let parameters = [("next", self.next), ("name", Some(self.name)), ("t", self.token)];
        let given = parameters.into_iter().filter_map(|(name, value)| Some((name, value?)));
        given.fold(
            format!("nostr+ehr://{}?pk={}", self.host, self.practice.to_hex()),
            |text, (name, value)| format!("{text}&{name}={}", escaped(value)),
        )
    }
}

/// RFC 3986: everything but unreserved characters as bytes in hex.
fn escaped(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                char::from(byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    #[test]
    fn a_name_in_an_address_is_escaped_byte_by_byte() {
        assert_eq!(escaped("Kinderärzte & Söhne-1"), "Kinder%C3%A4rzte%20%26%20S%C3%B6hne-1");
    }

    #[test]
    fn an_address_names_what_is_there_and_nothing_else() {
        let key = Random::seeded([1; 32]).keys().public_key();
        let bare = Address { host: "box.example", practice: &key, next: None, name: "A B", token: None };
        assert_eq!(bare.text(), format!("nostr+ehr://box.example?pk={}&name=A%20B", key.to_hex()));
        let whole = Address { next: Some("ab"), token: Some("cd"), ..bare };
        assert_eq!(
            whole.text(),
            format!("nostr+ehr://box.example?pk={}&next=ab&name=A%20B&t=cd", key.to_hex())
        );
    }
}
