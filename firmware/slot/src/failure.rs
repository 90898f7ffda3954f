//! What the library says in words, as one of the protocol's failures. Its errors are text alone; a CTAP status
//! stands in it as `0x` and two digits.

use relaybox_process::rpc::slot::Failure;

/// CTAP 2.1, section 8.2.
pub(crate) mod status {
    pub(crate) const INVALID_COMMAND: u8 = 0x01;
    pub(crate) const TIMEOUT: u8 = 0x05;
    pub(crate) const UNSUPPORTED_EXTENSION: u8 = 0x16;
    pub(crate) const CREDENTIAL_EXCLUDED: u8 = 0x19;
    pub(crate) const INVALID_CREDENTIAL: u8 = 0x22;
    pub(crate) const UNSUPPORTED_ALGORITHM: u8 = 0x26;
    pub(crate) const OPERATION_DENIED: u8 = 0x27;
    pub(crate) const UNSUPPORTED_OPTION: u8 = 0x2b;
    pub(crate) const NO_CREDENTIALS: u8 = 0x2e;
    pub(crate) const USER_ACTION_TIMEOUT: u8 = 0x2f;
    pub(crate) const PIN_INVALID: u8 = 0x31;
    pub(crate) const PIN_BLOCKED: u8 = 0x32;
    pub(crate) const PIN_AUTH_BLOCKED: u8 = 0x34;
    pub(crate) const PIN_NOT_SET: u8 = 0x35;
    pub(crate) const PIN_REQUIRED: u8 = 0x36;
    pub(crate) const PIN_POLICY_VIOLATION: u8 = 0x37;
    pub(crate) const ACTION_TIMEOUT: u8 = 0x3a;
}

/// The library's own status for a device that is gone.
const READ_ERROR: &str = "read err = ";

/// The CTAP status in the library's text.
pub(crate) fn status_of(error: &impl std::fmt::Display) -> Option<u8> {
    let text = error.to_string();
    let digits = text.strip_prefix("response_status err = 0x")?;
    let end = digits.find(|digit: char| !digit.is_ascii_hexdigit()).unwrap_or(digits.len());
    u8::from_str_radix(digits.get(..end)?, 16).ok()
}

/// What the library's error means for whoever asked. A wrong PIN is told apart by its caller, who knows the tries.
pub(crate) fn failure(error: &impl std::fmt::Display) -> Failure {
    let text = error.to_string();
    let Some(status) = status_of(error) else {
        let gone = text.starts_with(READ_ERROR)
            || ["read error", "write error", "Failed to open device."].contains(&text.as_str());
        // The library's words stay here: they may hold what a device sent.
        return if gone { Failure::TakenOut } else { Failure::Other { code: "library".to_owned() } };
    };
    match status {
        status::PIN_BLOCKED => Failure::Locked,
        status::PIN_AUTH_BLOCKED => Failure::Unplug,
        status::PIN_NOT_SET | status::PIN_REQUIRED => Failure::PinNotSet,
        status::PIN_POLICY_VIOLATION => Failure::PinPolicy,
        status::TIMEOUT | status::OPERATION_DENIED | status::USER_ACTION_TIMEOUT | status::ACTION_TIMEOUT => {
            Failure::NotTouched
        }
        status::NO_CREDENTIALS | status::INVALID_CREDENTIAL => Failure::Foreign,
        status::CREDENTIAL_EXCLUDED => Failure::AlreadyHere,
        status::UNSUPPORTED_EXTENSION | status::UNSUPPORTED_ALGORITHM | status::UNSUPPORTED_OPTION => {
            Failure::Unfit
        }
        other => Failure::Other { code: format!("{other:#04x}") },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_read_from_the_librarys_text() {
        let known = "response_status err = 0x31 CTAP2_ERR_PIN_INVALID PIN Invalid.";
        assert_eq!(status_of(&known), Some(status::PIN_INVALID));
        assert_eq!(status_of(&"response_status err = 0xF2"), Some(0xf2));
        for other in ["Nonce verification failed", "response_status err = 0x", "read err = 0xFE"] {
            assert_eq!(status_of(&other), None, "{other}");
        }
    }

    #[test]
    fn each_status_that_a_person_can_act_on_has_a_name() {
        let of = |status: u8| failure(&format!("response_status err = 0x{status:02X} SOME WORDS"));
        for (status, expected) in [
            (0x32, Failure::Locked),
            (0x34, Failure::Unplug),
            (0x35, Failure::PinNotSet),
            (0x37, Failure::PinPolicy),
            (0x2f, Failure::NotTouched),
            (0x2e, Failure::Foreign),
            (0x19, Failure::AlreadyHere),
            (0x2b, Failure::Unfit),
            (0x06, Failure::Other { code: "0x06".to_owned() }),
        ] {
            assert_eq!(of(status), expected, "{status:#04x}");
        }
    }

    #[test]
    fn a_device_that_is_gone_was_taken_out_and_other_words_of_the_library_stay_inside() {
        for gone in ["read error", "write error", "Failed to open device.", "read err = 0xFE"] {
            assert_eq!(failure(&gone), Failure::TakenOut, "{gone}");
        }
        assert_eq!(failure(&"ciborium parse error"), Failure::Other { code: "library".to_owned() });
    }
}
