//! Lower-case hex, the only spelling of keys, ids and hashes on the wire (PROTOCOL 2.7).

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// Bytes to lower-case hex.
pub fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    text
}

/// Exactly `2 * N` lower-case hex characters to bytes; anything else is none.
pub fn decode<const N: usize>(text: &str) -> Option<[u8; N]> {
    let text = text.as_bytes();
    if text.len() != 2 * N {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(text.chunks_exact(2)) {
        *byte = nibble(pair[0])? << 4 | nibble(pair[1])?;
    }
    Some(bytes)
}

const fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_goes_both_ways_in_lower_case_only() {
        assert_eq!(encode(&[0, 15, 0xa0, 255]), "000fa0ff");
        assert_eq!(decode::<4>("000fa0ff"), Some([0, 15, 0xa0, 255]));
        for bad in ["000FA0FF", "000fa0f", "000fa0ff0", "000fa0fg", "0x0fa0ff", ""] {
            assert_eq!(decode::<4>(bad), None, "{bad}");
        }
    }
}
