//! Kind numbers and what each kind is (PROTOCOL 2.2). One table; a new kind is one row here.

pub const METADATA: u16 = 0;
pub const DELETION: u16 = 5;
pub const SEAL: u16 = 13;
pub const CHAT: u16 = 14;
pub const FILE_MESSAGE: u16 = 15;
pub const VANISH: u16 = 62;
pub const NIP82: u16 = 82;
pub const GIFT_WRAP: u16 = 1059;
pub const PATIENT_KEY_GRANT: u16 = 2100;
pub const PRACTICE_KEY_GRANT: u16 = 2101;
pub const STAFF_ROSTER: u16 = 2102;
pub const SERVICE_AGENT_GRANT: u16 = 2103;
pub const GUARDIAN_LINK: u16 = 2104;
pub const PRACTICE_EPOCH: u16 = 2105;
pub const DISCLOSURE: u16 = 2106;
pub const SUCCESSION: u16 = 2107;
pub const SUSPENSION: u16 = 2108;
pub const FHIR_CLIENT_GRANT: u16 = 2109;
pub const PATIENT: u16 = 2110;
pub const ENCOUNTER: u16 = 2111;
pub const MEDICATION: u16 = 2112;
pub const OBSERVATION: u16 = 2113;
pub const CONDITION: u16 = 2114;
pub const ALLERGY: u16 = 2115;
pub const IMMUNIZATION: u16 = 2116;
pub const MESSAGE: u16 = 2117;
pub const ORDER: u16 = 2118;
pub const REPORT: u16 = 2119;
pub const PRESCRIPTION: u16 = 2120;
pub const DOCUMENT: u16 = 2121;
pub const RECEIPT: u16 = 2122;
pub const CONFIDENTIAL: u16 = 2123;
pub const RESOURCE: u16 = 2124;
pub const OUTSIDE_RECORD: u16 = 2125;
pub const VISIT: u16 = 2126;
pub const DESTRUCTION: u16 = 2127;
pub const AUDIT_ANCHOR: u16 = 2128;
pub const ACCESS_REPORT: u16 = 2129;
pub const SIGNALLING_FIRST: u16 = 4050;
pub const SIGNALLING_LAST: u16 = 4055;
pub const EPHEMERAL_WRAP: u16 = 21059;
pub const AUTH: u16 = 22242;
pub const BLOSSOM_AUTH: u16 = 24242;
pub const HTTP_AUTH: u16 = 27235;
pub const RELAY_LIST: u16 = 10002;
pub const INBOX_LIST: u16 = 10050;
pub const BLOSSOM_LIST: u16 = 10063;
pub const APP_DATA: u16 = 30078;
pub const DRAFT: u16 = 32110;
pub const SHARED_STATE: u16 = 32111;
pub const NIP82_SHARE: u16 = 32225;

/// True for kinds that carry a clinical envelope (PROTOCOL 2.1) and get clinical receipts (2.5).
pub const fn is_clinical(kind: u16) -> bool {
    matches!(kind, 2110..=2121 | 2123..=2126)
}

/// True for the kinds folded into policy state, in receipt order (2106 and 2127 move it, too).
pub const fn is_policy(kind: u16) -> bool {
    matches!(kind, 2102..=2110 | 2127)
}

/// True for telehealth signalling (PROTOCOL 2.2).
pub const fn is_signalling(kind: u16) -> bool {
    matches!(kind, SIGNALLING_FIRST..=SIGNALLING_LAST)
}

/// Kinds that can neither be deleted (NIP-09) nor vanished (NIP-62): ours, and the former numbering
/// of imported records.
pub const fn is_undeletable(kind: u16) -> bool {
    matches!(kind, 1000..=1015 | 2100..=2129)
}

/// Records that a destruction order (2127) removes: clinical kinds that no membership rests on, and
/// those of the former numbering.
pub const fn is_destructible(kind: u16) -> bool {
    (is_clinical(kind) && !is_policy(kind)) || matches!(kind, 1000..=1011)
}

/// How a relay keeps a kind (NIP-01).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keeping {
    Regular,
    Replaceable,
    Addressable,
    Ephemeral,
}

pub const fn keeping(kind: u16) -> Keeping {
    match kind {
        0 | 3 | 10_000..=19_999 => Keeping::Replaceable,
        20_000..=29_999 => Keeping::Ephemeral,
        30_000..=39_999 => Keeping::Addressable,
        _ => Keeping::Regular,
    }
}
