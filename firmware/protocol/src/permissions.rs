//! Roles, permission words and the tables of PROTOCOL 3. To change who may write a kind, change
//! [`word_for`] or [`may_hold`].

/// Role of a member (2102).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    Doctor,
    Nurse,
    Ma,
    FrontDesk,
}

/// The compartments of PROTOCOL 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Compartment {
    Desk,
    Chart,
    Confidential,
}

impl Compartment {
    pub const ALL: [Self; 3] = [Self::Desk, Self::Chart, Self::Confidential];
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Desk => "desk",
            Self::Chart => "chart",
            Self::Confidential => "confidential",
        }
    }
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|c| c.as_str() == text)
    }
}

impl Role {
    pub const ALL: [Self; 4] = [Self::Doctor, Self::Nurse, Self::Ma, Self::FrontDesk];
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Doctor => "doctor",
            Self::Nurse => "nurse",
            Self::Ma => "ma",
            Self::FrontDesk => "frontdesk",
        }
    }
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|r| r.as_str() == text)
    }
}

/// Permission words of a 2102.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Word {
    Write,
    Vitals,
    Immunizations,
    Allergies,
    Order,
    Prescribe,
    Messages,
    Schedule,
    Register,
    Admin,
    Confidential,
    Sign,
}

impl Word {
    pub const ALL: [Self; 12] = [
        Self::Write,
        Self::Vitals,
        Self::Immunizations,
        Self::Allergies,
        Self::Order,
        Self::Prescribe,
        Self::Messages,
        Self::Schedule,
        Self::Register,
        Self::Admin,
        Self::Confidential,
        Self::Sign,
    ];
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Write => "write",
            Self::Vitals => "vitals",
            Self::Immunizations => "immunizations",
            Self::Allergies => "allergies",
            Self::Order => "order",
            Self::Prescribe => "prescribe",
            Self::Messages => "messages",
            Self::Schedule => "schedule",
            Self::Register => "register",
            Self::Admin => "admin",
            Self::Confidential => "confidential",
            Self::Sign => "sign",
        }
    }
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|w| w.as_str() == text)
    }
}

/// Words the role starts with.
pub const fn preticked(role: Role) -> &'static [Word] {
    use Word::{Allergies, Immunizations, Messages, Register, Schedule, Vitals, Write};
    match role {
        Role::Doctor => &Word::ALL,
        Role::Nurse => &[Write, Vitals, Immunizations, Allergies, Messages, Schedule, Register],
        Role::Ma => &[Write, Vitals, Immunizations, Messages, Schedule],
        Role::FrontDesk => &[Messages, Schedule, Register],
    }
}

/// Words that may be added to the role's own.
pub const fn addable(role: Role) -> &'static [Word] {
    match role {
        Role::Doctor => &[],
        Role::Nurse => &[Word::Confidential, Word::Admin],
        Role::Ma => &[Word::Register, Word::Admin],
        Role::FrontDesk => &[Word::Admin],
    }
}

/// Whether the role may have the word at all (pre-ticked or added); a word in neither row of the
/// role gives nothing (PROTOCOL 2.8.3).
pub fn may_hold(role: Role, word: Word) -> bool {
    preticked(role).contains(&word) || addable(role).contains(&word)
}

/// Whether a member holds the keys of a compartment: everyone desk, all but front desk chart, confidential by its
/// word (PROTOCOL 1).
pub fn holds<'a>(role: Role, words: impl IntoIterator<Item = &'a Word>, compartment: Compartment) -> bool {
    match compartment {
        Compartment::Desk => true,
        Compartment::Chart => role != Role::FrontDesk,
        Compartment::Confidential => words.into_iter().any(|word| *word == Word::Confidential),
    }
}

/// The word that a kind needs. `None`: no member writes this kind by a word.
pub const fn word_for(kind: u16) -> Option<Word> {
    Some(match kind {
        2111 | 2112 | 2114 | 2119 | 2121 | 2124 | 2125 => Word::Write,
        2113 => Word::Vitals,
        2115 => Word::Allergies,
        2116 => Word::Immunizations,
        2117 => Word::Messages,
        2118 => Word::Order,
        2120 => Word::Prescribe,
        2126 => Word::Schedule,
        2104 | 2110 => Word::Register,
        2108 | 2109 => Word::Admin,
        2123 => Word::Confidential,
        _ => return None,
    })
}

/// Kinds that a patient or guardian writes, in the one-copy form (PROTOCOL 2.2).
pub const fn family_writes(kind: u16) -> bool {
    matches!(kind, 2117 | 2125 | 2126)
}

/// True kinds that a C that is not T writes, inside a 2123 (PROTOCOL 2.2).
pub const fn own_key_writes(true_kind: u16) -> bool {
    matches!(true_kind, 2117 | 2125)
}

/// Kinds on which `["act","sign"]` may stand (PROTOCOL 2.1).
pub const fn may_be_signed(kind: u16) -> bool {
    matches!(kind, 2111 | 2119 | 2123)
}

/// Whether a kind may stand in this compartment. Receipts and access reports follow the events
/// they are about into each of them.
pub const fn kind_in(kind: u16, compartment: Compartment) -> bool {
    matches!(
        (kind, compartment),
        (2122 | 2129 | 32110 | 32111, _)
            | (2110 | 2117 | 2126, Compartment::Desk)
            | (2111..=2121 | 2124 | 2125, Compartment::Chart)
            | (2123, Compartment::Confidential)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_front_desk_may_hold_no_clinical_word() {
        let held: Vec<_> = Word::ALL.into_iter().filter(|w| may_hold(Role::FrontDesk, *w)).collect();
        assert_eq!(held, [Word::Messages, Word::Schedule, Word::Register, Word::Admin]);
    }

    #[test]
    fn only_doctors_order_prescribe_and_sign() {
        for word in [Word::Order, Word::Prescribe, Word::Sign] {
            let roles: Vec<_> = Role::ALL.into_iter().filter(|r| may_hold(*r, word)).collect();
            assert_eq!(roles, [Role::Doctor]);
        }
    }

    #[test]
    fn names_read_back() {
        assert!(Role::ALL.into_iter().all(|r| Role::parse(r.as_str()) == Some(r)));
        assert!(Word::ALL.into_iter().all(|w| Word::parse(w.as_str()) == Some(w)));
        assert!(Compartment::ALL.into_iter().all(|c| Compartment::parse(c.as_str()) == Some(c)));
        assert_eq!(Word::parse("Write"), None);
    }
}
