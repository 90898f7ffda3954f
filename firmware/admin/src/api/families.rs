//! What the front desk's pages ask about families. Events of families are signed in the browser of a member with
//! `register` and published to the relay; here stands what policy makes of them, and what families are handed.

use relaybox_protocol::address::Address;
use relaybox_protocol::event::key_from_hex;
use relaybox_protocol::keys::four_words;
use relaybox_protocol::permissions::Word;
use relaybox_protocol::policy::{GuardianLink, Patient, View};
use relaybox_protocol::{PublicKey, hex};
use serde_json::{Value, json};

use crate::login::{Asked, not_known};
use crate::members::present;
use crate::reply::{Answer, Refused, ok};
use crate::run::Shared;

/// All patients with their links.
pub(super) async fn patients(shared: &Shared, asked: &Asked) -> Answer {
    let by = shared.member(asked, Word::Register).await?.key;
    let now = shared.clock.now();
    let members = present(&shared.following, now).ok_or_else(not_known)?;
    let view = members.view(now);
    let barred = view.barred(&by);
    let patients = view.patients();
    let open = patients.iter().filter(|patient| !barred.contains(&patient.subject));
    ok(&open.map(|patient| shown(&view, patient)).collect::<Vec<_>>())
}

/// One patient, by any key of the line or the own key: what the next 2110 has to name.
pub(super) async fn patient(shared: &Shared, asked: &Asked, key: &str) -> Answer {
    let by = shared.member(asked, Word::Register).await?.key;
    let now = shared.clock.now();
    let members = present(&shared.following, now).ok_or_else(not_known)?;
    let view = members.view(now);
    let key = key_from_hex(key).ok_or_else(Refused::not_found)?;
    let found = view.patient(&key).or_else(|| view.patient_of_own(&key));
    let open = found.filter(|patient| !view.barred(&by).contains(&patient.subject));
    ok(&shown(&view, &open.ok_or_else(Refused::not_found)?))
}

fn shown(view: &View<'_>, patient: &Patient) -> Value {
    let links: Vec<Value> =
        view.guardians_of(&patient.subject).iter().map(|link| of_link(view, link)).collect();
    json!({
        "key": patient.subject.to_hex(),
        "words": four_words(patient.subject.as_bytes()),
        "former": patient.former.iter().map(PublicKey::to_hex).collect::<Vec<_>>(),
        "own": patient.own.map(|own| own.to_hex()),
        "entry": patient.entry.to_hex(),
        "links": links,
    })
}

fn of_link(view: &View<'_>, link: &GuardianLink) -> Value {
    json!({
        "guardian": link.guardian.to_hex(),
        "words": four_words(link.guardian.as_bytes()),
        "compartments": link.compartments.iter().map(|of| of.as_str()).collect::<Vec<_>>(),
        "until": link.until,
        "suspended": view.suspended(&link.guardian),
        "entry": link.entry.to_hex(),
    })
}

/// What families scan, without a token: how a device finds the practice and whose answers it believes.
pub(super) async fn connection(shared: &Shared, asked: &Asked) -> Answer {
    shared.member(asked, Word::Register).await?;
    ok(&address(shared, asked, None)?)
}

/// The address of this practice as QR text and in its JSON form (PROTOCOL 2.7), with a token or without.
pub(super) fn address(shared: &Shared, asked: &Asked, token: Option<&str>) -> Result<Value, Refused> {
    let now = shared.clock.now();
    let members = present(&shared.following, now).ok_or_else(not_known)?;
    let view = members.view(now);
    let host = asked.host();
    let relay = shared.hosts.relay_of(host).ok_or_else(Refused::not_found)?;
    let practice = view.practice();
    let next = view.next_practice().map(|next| hex::encode(&next));
    let name = &shared.name;
    let address = Address { host: &relay, practice: &practice, next: next.as_deref(), name, token };
    Ok(json!({
        "text": address.text(),
        "connection": {
            "relay": format!("wss://{relay}"),
            "practice_pk": practice.to_hex(),
            "practice_next": next,
            "practice_name": name,
        },
    }))
}
