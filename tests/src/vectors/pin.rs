//! PINs as a person types them, and what leaves the page sealed to a ceremony's key (`docs/design/vault.md`).

use relaybox_protocol::keys::Sealer;
use relaybox_vault::pin::{Pin, PinError};
use serde_json::{Value, json};

use super::{key, random};

pub(crate) fn make() -> Value {
    json!({
        "about": "pins: typed, the key's own minimum in code points, and the PIN in form C or why it is not tried. \
                  sealed: NIP44(conv(one-time key, ceremony's key), text in form C); from is the one-time public key.",
        "pins": pins(),
        "sealed": sealed(),
    })
}

/// What the vault says of a PIN.
pub fn judged(typed: &str, least: usize) -> (Option<String>, Value) {
    match Pin::parse(typed, least) {
        Ok(pin) => (Some(pin.as_str().to_owned()), Value::Null),
        Err(PinError::Short { given, least }) => {
            (None, json!({"is": "short", "given": given, "least": least}))
        }
        Err(PinError::Long) => (None, json!({"is": "long"})),
        Err(PinError::Control) => (None, json!({"is": "control"})),
    }
}

fn pins() -> Vec<Value> {
    let long = "1".repeat(63);
    let wide = "😀".repeat(15);
    let rows: [(&str, String, usize); 19] = [
        ("the shortest", "1234".to_owned(), 0),
        ("one short of it", "123".to_owned(), 0),
        ("nothing", String::new(), 0),
        ("the key asks for more", "12345".to_owned(), 6),
        ("as many as the key asks for", "123456".to_owned(), 6),
        ("four emoji are four", "😀😀😀😀".to_owned(), 4),
        ("four emoji are not six", "😀😀😀😀".to_owned(), 6),
        ("an accent as one code point", "caf\u{e9}1".to_owned(), 4),
        ("an accent as two", "cafe\u{301}1".to_owned(), 4),
        ("three letters and an accent of its own", "cae\u{301}".to_owned(), 4),
        ("a syllable in parts", "\u{1112}\u{1161}\u{11ab}123".to_owned(), 4),
        ("a sign that form C replaces", "123\u{212b}".to_owned(), 4),
        ("63 bytes", long.clone(), 4),
        ("64 bytes", format!("{long}1"), 4),
        ("64 bytes that become 63", format!("{}e\u{301}", "1".repeat(61)), 4),
        ("60 bytes of emoji", wide.clone(), 4),
        ("64 bytes of emoji", format!("{wide}😀"), 4),
        ("a null", "12\u{0}45".to_owned(), 4),
        ("a control of the upper row", "12\u{85}45".to_owned(), 4),
    ];
    rows.into_iter()
        .map(|(name, typed, least)| {
            let (pin, error) = judged(&typed, least);
            json!({"name": name, "typed": typed, "least": least, "pin": pin, "error": error})
        })
        .collect()
}

fn sealed() -> Vec<Value> {
    let words = "abandon ability able about above absent absorb abstract";
    ["1234", "cafe\u{301}1", words]
        .into_iter()
        .map(|text| {
            let ceremony = key("ceremony");
            let opened = Pin::parse(text, 4).map_or(text.to_owned(), |pin| pin.as_str().to_owned());
            let stream = format!("typed {text}");
            let mut random = random(&stream);
            let sealer = Sealer::new(&mut random);
            let payload = sealer.seal(&ceremony.public_key(), opened.as_bytes(), &mut random).unwrap();
            json!({
                "text": text,
                "ceremony": ceremony.secret_key().to_secret_hex(),
                "stream": stream,
                "from": sealer.ek().to_hex(),
                "sealed": payload,
                "opened": opened,
            })
        })
        .collect()
}
