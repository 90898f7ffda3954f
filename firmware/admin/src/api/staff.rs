//! Members and agents: who they are, and the ceremonies by which they join, change and end. What the practice's policy
//! would refuse is refused here already, before somebody walks to the box; the vault judges it again.

use relaybox_protocol::PublicKey;
use relaybox_protocol::event::key_from_hex;
use relaybox_protocol::keys::{KeyRole, four_words, proof_holds};
use relaybox_protocol::permissions::{Role, Word, may_hold};
use relaybox_protocol::policy::{Agent, Member, Person, View};
use relaybox_protocol::refusal::{Class, Refusal};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{ADMIN, ceremonies, key_of, read};
use crate::login::{Asked, not_known};
use crate::members::present;
use crate::reply::{Answer, Refused, ok};
use crate::run::Shared;

/// A new member, as the vault's operation names them.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Joining {
    key: String,
    name: String,
    role: String,
    words: Vec<String>,
    until: Option<u64>,
    replaces: Option<String>,
    pop: String,
}

/// What a service may do, as the vault's operation names it.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Grant {
    key: String,
    service: String,
    kinds: Vec<u16>,
    compartments: Vec<String>,
    patients: String,
    until: Option<u64>,
    pop: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Words {
    words: Vec<String>,
}

/// The roster as policy tells it. Names of the front desk are sealed; only the pages of staff can open them.
pub(super) async fn members(shared: &Shared, asked: &Asked) -> Answer {
    shared.member(asked, ADMIN).await?;
    let now = shared.clock.now();
    let members = present(&shared.following, now).ok_or_else(not_known)?;
    let view = members.view(now);
    let shown = |member: &Member| {
        json!({
            "key": member.key.to_hex(),
            "name": member.name,
            "role": member.role.as_str(),
            "permissions": member.words.iter().map(|word| word.as_str()).collect::<Vec<_>>(),
            "suspended": view.suspended(&member.key),
            "until": view.ends(&member.key),
            "words": four_words(member.key.as_bytes()),
            "entry": member.entry.to_hex(),
        })
    };
    ok(&view.members().iter().map(shown).collect::<Vec<_>>())
}

/// Prepares a member's joining, with the key that they enrolled.
pub(super) async fn join(shared: &Shared, asked: &Asked) -> Answer {
    let by = shared.member(asked, ADMIN).await?.key;
    let joining: Joining = read(asked)?;
    judged(shared, |view| {
        let role = Role::parse(&joining.role).ok_or_else(|| Refused::malformed("there is no such role"))?;
        fitting(role, &joining.words)?;
        entering(view, &joining.key, KeyRole::Staff, &joining.pop)?;
        if let Some(former) = &joining.replaces {
            key_from_hex(former).and_then(|key| view.member(&key)).ok_or_else(Refused::not_found)?;
        }
        Ok(())
    })?;
    let mut change = serde_json::to_value(&joining).unwrap_or_default();
    change["change"] = json!("join");
    ceremonies::begin(shared, by, roster(change)).await
}

/// Prepares the complete new list of a member's permissions.
pub(super) async fn permit(shared: &Shared, asked: &Asked, key: &str) -> Answer {
    let by = shared.member(asked, ADMIN).await?.key;
    let Words { words } = read(asked)?;
    let admin = words.iter().any(|word| word == Word::Admin.as_str());
    judged(shared, |view| {
        let member = member_of(view, key)?;
        fitting(member.role, &words)?;
        stays_administered(view, &member, admin)
    })?;
    let change = json!({"change": "words", "key": key, "words": words});
    ceremonies::begin(shared, by, roster(change)).await
}

/// Prepares a member's end, with new locks.
pub(super) async fn end(shared: &Shared, asked: &Asked, key: &str) -> Answer {
    let by = shared.member(asked, ADMIN).await?.key;
    judged(shared, |view| stays_administered(view, &member_of(view, key)?, false))?;
    ceremonies::begin(shared, by, roster(json!({"change": "leave", "key": key}))).await
}

/// Services and what they may read.
pub(super) async fn agents(shared: &Shared, asked: &Asked) -> Answer {
    shared.member(asked, ADMIN).await?;
    let now = shared.clock.now();
    let members = present(&shared.following, now).ok_or_else(not_known)?;
    let view = members.view(now);
    let shown = |agent: &Agent| {
        json!({
            "key": agent.key.to_hex(),
            "service": agent.service,
            "kinds": agent.kinds,
            "compartments": agent.compartments.iter().map(|of| of.as_str()).collect::<Vec<_>>(),
            "patients": agent.patients,
            "suspended": view.suspended(&agent.key),
            "until": agent.until,
            "words": four_words(agent.key.as_bytes()),
            "entry": agent.entry.to_hex(),
        })
    };
    ok(&view.agents().iter().map(shown).collect::<Vec<_>>())
}

/// Prepares the grant of a service's key: a new one, or another scope of one that stands. A service changes its key by a
/// grant of the new one and, when it runs with it, the end of the old one.
pub(super) async fn grant(shared: &Shared, asked: &Asked) -> Answer {
    let by = shared.member(asked, ADMIN).await?.key;
    let grant: Grant = read(asked)?;
    judged(shared, |view| entering(view, &grant.key, KeyRole::Agent, &grant.pop))?;
    let mut operation = serde_json::to_value(&grant).unwrap_or_default();
    operation["verb"] = json!("agent");
    operation["change"] = json!("grant");
    ceremonies::begin(shared, by, operation).await
}

/// Prepares a service's end.
pub(super) async fn revoke(shared: &Shared, asked: &Asked, key: &str) -> Answer {
    let by = shared.member(asked, ADMIN).await?.key;
    let agent = key_of(key)?;
    judged(shared, |view| {
        let live = view.agents().iter().any(|live| live.key.to_bytes() == agent);
        if live { Ok(()) } else { Err(Refused::not_found()) }
    })?;
    ceremonies::begin(shared, by, json!({"verb": "agent", "change": "end", "key": key})).await
}

fn roster(change: Value) -> Value {
    json!({"verb": "roster", "changes": [change]})
}

/// What policy says at this moment.
fn judged<T>(shared: &Shared, judge: impl FnOnce(&View<'_>) -> Result<T, Refused>) -> Result<T, Refused> {
    let now = shared.clock.now();
    let members = present(&shared.following, now).ok_or_else(not_known)?;
    judge(&members.view(now))
}

fn member_of(view: &View<'_>, key: &str) -> Result<Member, Refused> {
    key_from_hex(key).and_then(|key| view.member(&key)).ok_or_else(Refused::not_found)
}

/// Permissions that exist, and that the role may have.
fn fitting(role: Role, words: &[String]) -> Result<(), Refused> {
    let fits = |word: &String| Word::parse(word).is_some_and(|word| may_hold(role, word));
    if words.iter().all(fits) {
        return Ok(());
    }
    Err(Refused::malformed("there is no such permission, or the role may not have it"))
}

/// A key comes with its proof, and has no other use. A service's key may be granted again.
fn entering(view: &View<'_>, key: &str, role: KeyRole, pop: &str) -> Result<(), Refused> {
    let key = key_from_hex(key).ok_or_else(|| Refused::malformed("the key is none"))?;
    if !proof_holds(&key, &view.practice(), role, pop) {
        return Err(Refused::from(Refusal::ProofOfPossession));
    }
    let free = match view.person(&key) {
        Person::Unknown => view.compartment_of(&key).is_none(),
        Person::Agent(_) => role == KeyRole::Agent,
        _ => false,
    };
    if free { Ok(()) } else { Err(Refused::from(Refusal::KeyInUse)) }
}

/// Somebody who administers is left, when this member administers or not afterwards.
fn stays_administered(view: &View<'_>, member: &Member, admin: bool) -> Result<(), Refused> {
    if admin || others_administer(view, &member.key) {
        return Ok(());
    }
    Err(Refused::new(Class::Conflict, "last-admin", "nobody would be left who administers the practice"))
}

/// Whether somebody else has `admin` and is not suspended.
pub(super) fn others_administer(view: &View<'_>, key: &PublicKey) -> bool {
    let acting = |member: &Member| member.has(Word::Admin) && !view.suspended(&member.key);
    view.members().iter().any(|member| member.key != *key && acting(member))
}
