//! The claim, the one thing that a box without a practice does here. Nobody is a member yet: what lets somebody begin is
//! the claim code that the box shows, and the vault alone knows and checks it. The owner's key signs each request, so
//! the sheets, the proof and what is typed pass between the vault and one page.

use std::sync::{Arc, Mutex, PoisonError};

use hyper::StatusCode;
use relaybox_process::rpc::audit::Entry;
use relaybox_process::rpc::vault::{Reply, Request, State};
use relaybox_protocol::PublicKey;
use relaybox_protocol::refusal::Class;
use serde::Deserialize;
use serde_json::json;

use super::ceremonies::{self, Typed, Watcher};
use super::read;
use crate::login::Asked;
use crate::reply::{Answer, Refused, json as reply_json, ok};
use crate::run::Shared;

/// The claim that was begun here, and who began it. A role that was started anew has forgotten it; the vault ends it.
#[derive(Debug, Default)]
pub(crate) struct Claims {
    /// Codes are tried one at a time.
    trying: tokio::sync::Mutex<()>,
    begun: Mutex<Option<(String, PublicKey)>>,
}

impl Claims {
    fn begin(&self, ceremony: String, owner: PublicKey) {
        *self.begun.lock().unwrap_or_else(PoisonError::into_inner) = Some((ceremony, owner));
    }

    fn is_of(&self, ceremony: &str, owner: PublicKey) -> bool {
        let begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        begun.as_ref().is_some_and(|(id, by)| id == ceremony && *by == owner)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Claim {
    code: String,
    practice_name: String,
    owner: Owner,
    labels: [String; 2],
}

/// The first member; the key is the one that signs the request.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Owner {
    name: String,
    role: String,
    words: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Proof {
    pop: String,
}

/// Whether this box can be claimed: 404 when it belongs to a practice.
pub(super) async fn state(shared: &Shared) -> Answer {
    let state = unclaimed(shared).await?;
    ok(&json!({"soft": state.soft, "busy": state.ceremony.is_some()}))
}

/// Begins it.
pub(super) async fn begin(shared: &Shared, asked: &Asked) -> Answer {
    unclaimed(shared).await?;
    let owner = shared.signer(asked).await?;
    let Claim { code, practice_name, owner: of, labels } = read(asked)?;
    let Ok(_one) = shared.claims.trying.try_lock() else {
        return Err(Refused::new(Class::RateLimited, "busy", "another claim code is being looked at"));
    };
    shared.enter(Entry::new(shared.clock.now(), "claim-asked").by(owner.to_hex())).await?;
    let owner_of = json!({
        "key": owner.to_hex(),
        "name": of.name,
        "role": of.role,
        "words": of.words,
        "until": null,
        "replaces": null,
        "pop": "",
    });
    match ceremonies::ask(shared, &Request::Claim { code, practice_name, owner: owner_of, labels }).await? {
        Reply::Prepared { ceremony, key } => {
            shared.claims.begin(ceremony.clone(), owner);
            Ok(reply_json(StatusCode::CREATED, &json!({"ceremony": ceremony, "key": key})))
        }
        Reply::Refused { code, text } if code == "code" => {
            Err(Refused { class: Class::Forbidden, code, text })
        }
        Reply::Refused { code, .. } if code == "claimed" => Err(Refused::not_found()),
        other => Err(ceremonies::refused(other)),
    }
}

/// Where it stands. The sheets are in the lines of their step, and nowhere else.
pub(super) async fn watch(shared: &Arc<Shared>, asked: &Asked, id: &str) -> Answer {
    claimant(shared, asked, id).await?;
    ceremonies::follow(shared, Watcher::Claimant, id).await
}

/// The owner's proof of possession for the P that the claim has made.
pub(super) async fn prove(shared: &Shared, asked: &Asked, id: &str) -> Answer {
    claimant(shared, asked, id).await?;
    let Proof { pop } = read(asked)?;
    ceremonies::act(shared, &Request::Prove { ceremony: id.to_owned(), pop }).await
}

pub(super) async fn typed(shared: &Shared, asked: &Asked, id: &str) -> Answer {
    claimant(shared, asked, id).await?;
    let Typed { from, sealed } = read(asked)?;
    ceremonies::act(shared, &Request::Type { ceremony: id.to_owned(), from, sealed }).await
}

pub(super) async fn cancel(shared: &Shared, asked: &Asked, id: &str) -> Answer {
    let by = claimant(shared, asked, id).await?;
    let entry = Entry::new(shared.clock.now(), "ceremony-cancelled").by(by.to_hex()).about(id.to_owned());
    shared.enter(entry).await?;
    ceremonies::act(shared, &Request::Cancel { ceremony: id.to_owned() }).await
}

/// The vault's state, while there is no practice here.
async fn unclaimed(shared: &Shared) -> Result<State, Refused> {
    if shared.following.borrow().is_some() {
        return Err(Refused::not_found());
    }
    match ceremonies::ask(shared, &Request::State {}).await? {
        Reply::State(state) if state.practice.is_none() => Ok(state),
        Reply::State(_) => Err(Refused::not_found()),
        other => Err(ceremonies::refused(other)),
    }
}

/// Who began this claim; for everybody else there is none. It may be asked after its end, until this role stops: the
/// last line says how it ended.
async fn claimant(shared: &Shared, asked: &Asked, id: &str) -> Result<PublicKey, Refused> {
    let key = shared.signer(asked).await?;
    if shared.claims.is_of(id, key) { Ok(key) } else { Err(Refused::not_found()) }
}
