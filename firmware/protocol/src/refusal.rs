//! Every refusal a client can meet, in one table: name, class, NIP-01 prefix, text.
//! To change a refusal text, change its row; a new refusal is a new row.

/// What kind of failure a refusal or error is; each face maps classes through one total table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    Unauthenticated,
    Forbidden,
    Invalid,
    TooLarge,
    RateLimited,
    NotFound,
    Conflict,
    Unavailable,
    Internal,
}

impl Class {
    /// The machine-readable first word of OK, CLOSED and NEG-ERR (NIP-01, NIP-42).
    pub const fn nip01_prefix(self) -> &'static str {
        match self {
            Self::Unauthenticated => "auth-required",
            Self::Forbidden => "restricted",
            Self::Invalid | Self::TooLarge => "invalid",
            Self::RateLimited => "rate-limited",
            Self::NotFound | Self::Unavailable | Self::Internal => "error",
            Self::Conflict => "blocked",
        }
    }
}

macro_rules! refusals {
    ($($name:ident, $class:ident, $code:literal, $text:literal;)*) => {
        /// A refusal: stable code, class, and a text that says what to do.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Refusal { $(#[doc = $text] $name,)* }

        impl Refusal {
            /// All rows, for the interoperability page and for tests.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            pub const fn class(self) -> Class { match self { $(Self::$name => Class::$class,)* } }
            /// Stable name, used by vectors and fuzz corpora.
            pub const fn code(self) -> &'static str { match self { $(Self::$name => $code,)* } }
            pub const fn text(self) -> &'static str { match self { $(Self::$name => $text,)* } }
        }
    };
}

refusals! {
    AuthRequired, Unauthenticated, "auth-required", "log in with NIP-42 first";
    AuthInvalid, Unauthenticated, "auth-invalid", "the login event does not fit this relay, challenge or time";
    // Shape of an event.
    Malformed, Invalid, "malformed", "not a well-formed Nostr event";
    ControlCharacter, Invalid, "control-character", "control characters other than \\b \\t \\n \\f \\r cannot be hashed alike everywhere";
    TooLarge, TooLarge, "too-large", "the event is larger than this relay takes";
    BadId, Invalid, "bad-id", "the id is not the hash of the event";
    BadSignature, Invalid, "bad-signature", "the signature does not hold";
    TooOld, Invalid, "too-old", "created_at is more than seven days back: build the event anew";
    InFuture, Invalid, "in-future", "created_at is more than ten minutes ahead: check this device's clock";
    Expired, Invalid, "expired", "the event has expired";
    Expiration, Invalid, "expiration", "this kind's expiration tag is missing, too far or not allowed";
    // Who and what.
    AuthorNotAuthenticated, Unauthenticated, "author-not-authenticated", "log in with the key that signed the event";
    NotMember, Forbidden, "not-member", "this key may not write here";
    Suspended, Forbidden, "suspended", "this person's access is suspended: ask the practice";
    Role, Forbidden, "role", "this person may not write this kind";
    Act, Forbidden, "act", "this person may not sign, or this kind is not signed";
    Compartment, Forbidden, "compartment", "this kind or person does not write into this compartment";
    Epoch, Invalid, "epoch", "the first p tag is not a current epoch key: fetch the newest epoch and build the event anew";
    Envelope, Invalid, "envelope", "the tags are not those of a record envelope";
    Subject, Forbidden, "subject", "the record's person is not one this key may write for";
    Visit, Forbidden, "visit", "calls are open to the parties of a visit, from 15 minutes before it until two hours after it";
    EpochKeyAsAuthor, Forbidden, "epoch-key-author", "epoch keys sign nothing";
    PracticeOverNetwork, Forbidden, "practice-over-network", "events of the practice key enter by a ceremony only";
    LegacyKind, Forbidden, "legacy-kind", "the former numbering is read, never written";
    KindNotTaken, Forbidden, "kind-not-taken", "this relay does not take this kind";
    BareNip82, Forbidden, "bare-nip82", "medical data in clear is not taken: send it inside a gift wrap";
    Protected, Forbidden, "protected", "a protected event is taken from its author only";
    // Deleting.
    ClinicalDelete, Forbidden, "clinical-delete", "health records cannot be deleted here: ask the practice";
    ClinicalVanish, Forbidden, "clinical-vanish", "health records cannot be erased by request to the relay: ask the practice";
    // Policy.
    PolicyShape, Invalid, "policy-shape", "not the shape this policy kind has";
    PolicyAuthority, Forbidden, "policy-authority", "the signer may not do this";
    ProofOfPossession, Invalid, "pop", "the key's proof of possession is missing or does not hold";
    KeyInUse, Conflict, "key-in-use", "the key already has another role here";
    EndedByPractice, Forbidden, "ended-by-practice", "the practice key ended this: only a ceremony restores it";
    EndedNow, Conflict, "ended-now", "this ended in the same second: send it again";
    Counted, Conflict, "counted", "this policy event has counted already";
    ClientPatients, Forbidden, "client-patients", "an admin grants one client at most fifty patients";
    SequenceGap, Conflict, "seq", "not the next policy event of the practice key";
    SuspensionLimit, RateLimited, "suspension-limit", "five suspensions an hour by one person: change the roster instead";
    NoPractice, Unavailable, "no-practice", "this box has no practice yet";
    // Wraps.
    WrapRecipient, Forbidden, "wrap-recipient", "this relay keeps messages for its own people only";
    WrapSender, Unauthenticated, "wrap-sender", "log in before you write to this person";
    // Limits.
    RateLimited, RateLimited, "rate-limited", "slow down and try again in a minute";
    Quota, RateLimited, "quota", "the quota of this key is used up";
    AuthKeys, RateLimited, "auth-keys", "too many keys on one connection: open another";
    AuthLate, Unauthenticated, "auth-late", "log in sooner after connecting";
    FormerKey, Forbidden, "former-key", "this key was replaced or ended: log in with the newer one";
    FrameMalformed, Invalid, "frame", "not a message this relay understands";
    BinaryFrame, Invalid, "binary-frame", "text frames only";
    SubscriptionId, Invalid, "subscription-id", "the subscription id is empty, too long or not a string";
    FrameTooLarge, TooLarge, "frame-too-large", "the frame is larger than this relay takes";
    Filter, Invalid, "filter", "the filter is not one this relay understands";
    FilterLimit, Invalid, "filter-limit", "the filter is larger than this relay takes";
    Subscriptions, RateLimited, "subscriptions", "too many open subscriptions: close one";
    ReceiptsByEvent, Invalid, "receipts-by-event", "ask receipts by #p or #c";
    NegTooMany, TooLarge, "neg-too-many", "too many events for one negentropy session: narrow the filter";
    NegSessions, RateLimited, "neg-sessions", "too many open negentropy sessions: close one";
    NegChanged, Conflict, "neg-changed", "access has changed: open the session again";
    NegClosed, NotFound, "neg-closed", "no such negentropy session";
    // State of the store.
    Superseded, Conflict, "superseded", "a newer version is stored";
    Deleted, Conflict, "deleted", "the event was deleted and does not come back";
    BoxNotCertified, Unavailable, "box-not-certified", "this box may not sign receipts yet: the practice certifies its key first";
    Storage, Unavailable, "storage", "the box could not store this: nothing was kept, try again";
    Stopping, Unavailable, "stopping", "the relay is stopping: connect again";
}

impl Refusal {
    /// The text of OK, CLOSED and NEG-ERR: prefix, colon, text.
    pub fn message(self) -> String {
        let prefix = match self {
            Self::ReceiptsByEvent => "unsupported",
            _ => self.class().nip01_prefix(),
        };
        format!("{prefix}: {}", self.text())
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.text())
    }
}

impl std::error::Error for Refusal {}
