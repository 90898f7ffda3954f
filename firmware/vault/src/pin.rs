//! The PIN of a slot key. It is judged before it is tried, so that no try is spent on one that cannot be right.

use unicode_normalization::UnicodeNormalization as _;
use zeroize::Zeroizing;

/// Shortest PIN, code points (CTAP 2.1 section 6.5.1); a key may ask for more.
pub const CODE_POINTS_MIN: usize = 4;
/// Longest PIN, bytes of UTF-8 (the same).
pub const BYTES_MAX: usize = 63;

/// Why a PIN is not tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PinError {
    #[error("try the PIN: it has {given} characters, this key asks for {least}")]
    Short { given: usize, least: usize },
    #[error("try the PIN: it has more than {BYTES_MAX} bytes")]
    Long,
    #[error("try the PIN: it cannot be typed on every keyboard")]
    Control,
}

/// A PIN in Unicode's form C, as the platforms that set it send it. Wiped when dropped.
#[derive(Clone)]
pub struct Pin(Zeroizing<String>);

impl std::fmt::Debug for Pin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Pin(…)")
    }
}

impl Pin {
    /// `least` is the key's own minimum in code points.
    ///
    /// # Errors
    /// When the PIN cannot be this key's.
    pub fn parse(typed: &str, least: usize) -> Result<Self, PinError> {
        let pin: Zeroizing<String> = Zeroizing::new(typed.nfc().collect());
        let (given, least) = (pin.chars().count(), least.max(CODE_POINTS_MIN));
        if pin.chars().any(char::is_control) {
            return Err(PinError::Control);
        }
        if given < least {
            return Err(PinError::Short { given, least });
        }
        if pin.len() > BYTES_MAX {
            return Err(PinError::Long);
        }
        Ok(Self(pin))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings_of_an_accent_are_one_pin() {
        let (one, two) = (Pin::parse("caf\u{e9}1", 4).unwrap(), Pin::parse("cafe\u{301}1", 4).unwrap());
        assert_eq!(one.as_str(), two.as_str());
    }

    #[test]
    fn length_is_counted_in_code_points_and_bounded_in_bytes() {
        assert_eq!(Pin::parse("😀😀😀😀", 6).unwrap_err(), PinError::Short { given: 4, least: 6 });
        assert!(Pin::parse("😀😀😀😀", 4).is_ok());
        assert_eq!(Pin::parse("123", 0).unwrap_err(), PinError::Short { given: 3, least: 4 });
        assert!(Pin::parse(&"1".repeat(63), 4).is_ok());
        assert_eq!(Pin::parse(&"1".repeat(64), 4).unwrap_err(), PinError::Long);
        assert_eq!(Pin::parse("12\u{0}45", 4).unwrap_err(), PinError::Control);
    }

    #[test]
    fn debug_shows_no_pin() {
        assert_eq!(format!("{:?}", Pin::parse("secret", 4).unwrap()), "Pin(…)");
    }
}
