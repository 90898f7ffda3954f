//! Harm for texts: other spellings that mean the same, and small changes that may mean anything.

use super::dice::Dice;

/// Pieces that parsers disagree about.
const PIECES: [&str; 44] = [
    "\"",
    "\\",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    " ",
    "\n",
    "\t",
    "\u{b}",
    "\u{a0}",
    "\u{feff}",
    "\u{2028}",
    "0",
    "00",
    "-",
    "-0",
    "1.0",
    "1e3",
    "1E400",
    "-1e-400",
    ".5",
    "1.",
    "0x1",
    "9007199254740993",
    "18446744073709551616",
    "null",
    "true",
    "NaN",
    "\\u0000",
    "\\u001b",
    "\\ud800",
    "\\udc00",
    "\\ud83d\\udc76",
    "\\u0041",
    "\\/",
    "\\x",
    "\"__proto__\":1,",
    "\"id\":1,",
    "\"a\":1,\"a\":2,",
    "//",
    "\u{0}",
];

/// The text with one to three changes; it may not be UTF-8 any more.
pub(super) fn harm(text: &[u8], dice: &mut Dice) -> Vec<u8> {
    let mut bytes = text.to_vec();
    for _ in 0..=dice.below(3) {
        let at = dice.below(bytes.len() + 1);
        let most = bytes.len() - at;
        match dice.below(6) {
            0 if most > 0 => bytes[at] ^= 1 << dice.below(8),
            1 => {
                let piece = dice.word(&PIECES).as_bytes().to_vec();
                bytes.splice(at..at, piece);
            }
            2 => drop(bytes.splice(at..at + dice.below(most.min(8) + 1), [])),
            3 => {
                let copied = bytes[at..at + dice.below(most.min(40) + 1)].to_vec();
                bytes.splice(at..at, copied);
            }
            4 => {
                let piece = dice.word(&PIECES).as_bytes().to_vec();
                bytes.splice(at..at + dice.below(most.min(4) + 1), piece);
            }
            _ => bytes.truncate(if dice.chance(20) { at } else { bytes.len() }),
        }
    }
    bytes
}

/// The same JSON in another spelling: blanks between tokens, escapes for letters.
pub(super) fn respell(json: &str, dice: &mut Dice) -> String {
    let (mut out, mut inside, mut escaped) = (String::new(), false, false);
    let often = dice.below(20);
    for c in json.chars() {
        if !inside && matches!(c, '{' | '}' | '[' | ']' | ',' | ':') {
            out.push_str(if dice.chance(often) { dice.word(&[" ", "\n", "\t", "\r"]) } else { "" });
            out.push(c);
            out.push_str(if dice.chance(often) { " " } else { "" });
            continue;
        }
        match c {
            '"' if !escaped => inside = !inside,
            c if inside && !escaped && c.is_ascii_alphanumeric() && dice.chance(often / 4) => {
                out.push_str(&format!("\\u{:04x}", u32::from(c)));
                continue;
            }
            _ => {}
        }
        escaped = c == '\\' && !escaped;
        out.push(c);
    }
    out
}

/// A text with some characters changed, for spellings that have no structure.
pub(super) fn scratch(text: &str, dice: &mut Dice) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    for _ in 0..=dice.below(2) {
        let at = dice.below(chars.len() + 1);
        let odd = *dice.pick(&['0', '1', 'a', 'F', 'g', ' ', '=', '-', '+', '/', '_', '#', 'q', 'é', '\n']);
        match dice.below(5) {
            0 => chars.insert(at, odd),
            1 if at < chars.len() => chars[at] = odd,
            2 if at < chars.len() => drop(chars.remove(at)),
            3 => chars.truncate(if dice.chance(30) { at } else { chars.len() }),
            _ if at < chars.len() && dice.chance(20) => {
                chars = chars.into_iter().flat_map(char::to_uppercase).collect();
            }
            _ => {}
        }
    }
    chars.into_iter().collect()
}
