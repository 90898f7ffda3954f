//! Who asks: a login of each request (NIP-98), and what the practice's policy says of its key.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use relaybox_process::rpc::audit::Entry;
use relaybox_protocol::permissions::Word;
use relaybox_protocol::policy::{Member, Person};
use relaybox_protocol::refusal::{Class, Refusal};
use relaybox_protocol::{EventId, PublicKey};
use relaybox_web::login::{self, LoginError};

use crate::members::present;
use crate::reply::Refused;
use crate::run::Shared;

/// After this long without a request, the next one of a key is entered as a login again.
const LOGIN_SECONDS: u64 = 600;

/// One request as it came.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) method: String,
    /// `https://`, the host of the connection, path and query.
    pub(crate) url: String,
    pub(crate) authorization: Option<String>,
    pub(crate) body: Vec<u8>,
}

/// When each key was here last.
#[derive(Debug, Default)]
pub(crate) struct Logins(Mutex<HashMap<PublicKey, u64>>);

impl Logins {
    /// Whether this is the beginning of a login.
    fn begins(&self, key: PublicKey, now: u64) -> bool {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.retain(|_, last| now < last.saturating_add(LOGIN_SECONDS));
        seen.insert(key, now).is_none()
    }
}

impl Asked {
    /// The host of the connection, with its port if it has one.
    pub(crate) fn host(&self) -> &str {
        let rest = self.url.split_once("://").map_or("", |(_, rest)| rest);
        rest.split('/').next().unwrap_or_default()
    }
}

impl Shared {
    /// The key that signed this request, whoever it is.
    pub(crate) async fn signer(&self, asked: &Asked) -> Result<PublicKey, Refused> {
        self.proved(asked).await.inspect_err(|refused| self.turned_away(refused))
    }

    fn turned_away(&self, refused: &Refused) {
        let entry = Entry::new(self.clock.now(), "login-refused").fact("code", refused.code.clone());
        self.journal.enter(entry);
    }

    /// The key that signed this request, somebody of this practice whose access has not ended.
    pub(crate) async fn person(&self, asked: &Asked) -> Result<(PublicKey, Person), Refused> {
        let key = self.signer(asked).await?;
        let person = self.judged(&key).inspect_err(|refused| self.turned_away(refused))?;
        let now = self.clock.now();
        if self.logins.begins(key, now) && !self.journal.enter(Entry::new(now, "login").by(key.to_hex())) {
            return Err(Refused::from(Refusal::Storage));
        }
        Ok((key, person))
    }

    /// The member of staff that signed this request, who has this word.
    pub(crate) async fn member(&self, asked: &Asked, word: Word) -> Result<Member, Refused> {
        let (key, person) = self.person(asked).await?;
        match person {
            Person::Member(member) if member.has(word) => Ok(member),
            _ => {
                let entry = Entry::new(self.clock.now(), "refusal").by(key.to_hex()).fact("code", "role");
                self.journal.enter(entry);
                Err(no_word())
            }
        }
    }

    /// Whether this key may still do what needs the word: asked again while an answer goes on.
    pub(crate) fn still_has(&self, key: &PublicKey, word: Word) -> bool {
        matches!(self.judged(key), Ok(Person::Member(member)) if member.has(word))
    }

    /// Whether policy, where it is known, says that this key was somebody's and is nobody's now.
    pub(crate) fn has_ended(&self, key: &[u8; 32]) -> bool {
        let now = self.clock.now();
        let key = PublicKey::from_byte_array(*key);
        present(&self.following, now)
            .is_some_and(|members| matches!(members.view(now).person(&key), Person::Former))
    }

    async fn proved(&self, asked: &Asked) -> Result<PublicKey, Refused> {
        // A queue that is full would let somebody in unseen.
        if self.journal.full() {
            return Err(Refused::from(Refusal::Storage));
        }
        let request = login::Request { method: &asked.method, url: &asked.url, body: &asked.body };
        let now = self.clock.now();
        let once = async |id: EventId, until: u64| {
            let first = self.store.once(id.to_bytes(), until, now).await;
            first.inspect_err(|error| log::error!("failed to {error}")).unwrap_or(false)
        };
        let proved = login::verify(asked.authorization.as_deref(), request, now, once).await;
        proved.map_err(|error| Refused::new(error.class(), code(error), &format!("failed to {error}")))
    }

    fn judged(&self, key: &PublicKey) -> Result<Person, Refused> {
        let now = self.clock.now();
        let members = present(&self.following, now).ok_or_else(not_known)?;
        let view = members.view(now);
        match view.person(key) {
            Person::Unknown | Person::Practice => Err(Refused::from(Refusal::NotMember)),
            Person::Former => Err(Refused::from(Refusal::FormerKey)),
            // A suspension ends no patient's reading, and a wrapped key is read without a login.
            _ if view.suspended(key) => Err(Refused::from(Refusal::Suspended)),
            person => Ok(person),
        }
    }
}

/// Policy is not known, or nobody has confirmed it lately.
pub(crate) fn not_known() -> Refused {
    Refused::new(Class::Unavailable, "relay", "the relay does not say who may do what: try again in a minute")
}

fn no_word() -> Refused {
    Refused::new(Class::Forbidden, "role", "this person may not do this here")
}

const fn code(error: LoginError) -> &'static str {
    match error {
        LoginError::Missing => "login-missing",
        LoginError::Malformed => "login-malformed",
        LoginError::Time => "login-time",
        LoginError::Url => "login-url",
        LoginError::Method => "login-method",
        LoginError::Payload => "login-payload",
        LoginError::Replay => "login-replay",
    }
}
