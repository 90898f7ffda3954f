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
pub fn preticked(role: Role) -> &'static [Word] {
    let _ = role;
    todo!()
}

/// Whether the role may have the word at all (pre-ticked or added); a word in neither row of the
/// role gives nothing (PROTOCOL 2.8.3).
pub fn may_hold(role: Role, word: Word) -> bool {
    let _ = (role, word);
    todo!()
}

/// The word that a kind needs. `None`: no member writes this kind by a word.
pub fn word_for(kind: u16) -> Option<Word> {
    let _ = kind;
    todo!()
}

/// Whether a kind may stand in this compartment.
pub fn kind_in(kind: u16, compartment: Compartment) -> bool {
    let _ = (kind, compartment);
    todo!()
}
