//! What the audit hears of a session: who logged in, who was refused, whose access ended. Public keys and codes of
//! refusals, nothing of what was said.

use relaybox_protocol::PublicKey;
use relaybox_protocol::refusal::{Class, Refusal};

use super::Session;

/// One fact for the audit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    /// The key proved itself; none for a key that is nobody here.
    LoggedIn { key: Option<PublicKey> },
    /// The key that the login claimed, when it is somebody here.
    LoginRefused { claimed: Option<PublicKey>, refusal: Refusal },
    /// A write or question; the first key logged in that is somebody here.
    Refused { key: Option<PublicKey>, refusal: Refusal },
    /// A key was taken out of an open session.
    Ended { key: PublicKey, refusal: Refusal },
}

impl Session {
    /// Facts since the last call.
    pub fn take_facts(&mut self) -> Vec<Fact> {
        std::mem::take(&mut self.facts)
    }

    /// Whether the audit takes nothing more: then nobody logs in.
    pub fn handle_audit(&mut self, full: bool) {
        self.audit_full = full;
    }

    /// A refusal of who is asking, not of what was sent: a program that errs is no matter of access, and a client that
    /// asks before it logs in is told to.
    pub(super) fn note_refused(&mut self, refusal: Refusal) {
        let concerns_access =
            matches!(refusal.class(), Class::Unauthenticated | Class::Forbidden | Class::RateLimited);
        if concerns_access && refusal != Refusal::AuthRequired {
            self.facts.push(Fact::Refused { key: self.named, refusal });
        }
    }
}
