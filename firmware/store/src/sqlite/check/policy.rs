//! Policy folded twice, as the relay does (by arrival) and as every reader does (by receipts): both
//! must give the same members, links and keys.

use std::collections::{BTreeSet, HashSet};

use relaybox_protocol::event::parse_unverified;
use relaybox_protocol::kinds;
use relaybox_protocol::policy::{GuardianLink, Policy, View};
use relaybox_protocol::receipts::{ChainKey, Receipt};
use relaybox_protocol::{Event, EventId, PublicKey};
use rusqlite::{Connection, OptionalExtension};

use super::Faults;
use super::chains::PolicyReceipts;
use super::rows::Folded;
use crate::Result;
use crate::sqlite::error::fail;
use crate::sqlite::insert::find;
use crate::sqlite::keys::unsigned;
use crate::sqlite::sql;

pub(super) fn check(
    conn: &Connection,
    folded: &Folded,
    receipts: &PolicyReceipts,
    faults: &mut Faults,
) -> Result<()> {
    let (Some(by_arrival), Some(practice)) = (&folded.policy, folded.practice) else { return Ok(()) };
    let by_receipts = fold_by_receipts(conn, practice, receipts)?;
    let (a, b) = (summary(&by_arrival.now(0)), summary(&by_receipts.now(0)));
    for (part, same) in [
        ("epochs", a.epochs == b.epochs),
        ("members", a.members == b.members),
        ("agents", a.agents == b.agents),
        ("patients", a.patients == b.patients),
        ("links", a.links == b.links),
        ("client grants", a.clients == b.clients),
        ("suspensions", a.suspended == b.suspended),
    ] {
        if !same {
            faults.add(format!("policy: {part} by arrival are not those by receipts"));
        }
    }
    Ok(())
}

/// Order of policy (PROTOCOL 2.5): the rows of each public receipt, then those of the staff receipts that
/// name it, and last what no receipt names yet, by arrival.
fn fold_by_receipts(conn: &Connection, practice: PublicKey, receipts: &PolicyReceipts) -> Result<Policy> {
    let public: Vec<&Receipt> = of(receipts, ChainKey::Policy).collect();
    let mut order: Vec<&Receipt> = Vec::with_capacity(receipts.len());
    for place in std::iter::once(None).chain(public.into_iter().map(Some)) {
        order.extend(place);
        let id = place.map(|receipt| receipt.id);
        order.extend(of(receipts, ChainKey::PolicyStaff).filter(|receipt| receipt.mark.public == id));
    }
    let mut policy = Policy::new(practice);
    let mut done: HashSet<EventId> = HashSet::new();
    let mut position = 0;
    for receipt in order {
        position += 1;
        for row in &receipt.rows {
            if done.insert(row.id)
                && let Some(event) = load(conn, &row.id)?
            {
                // An event that does not count says so; the relay's fold ignored it as well.
                let _ = policy.apply(&event, position, row.received);
            }
        }
    }
    let mut statement = conn.prepare_cached(sql::CHANGES).map_err(fail)?;
    let mut rows = statement.query([0, -1]).map_err(fail)?;
    while let Some(row) = rows.next().map_err(fail)? {
        let json: String = row.get(2).map_err(fail)?;
        let Ok(event) = parse_unverified(&json, json.len()) else { continue };
        if kinds::is_policy(event.kind.as_u16()) && done.insert(event.id) {
            position += 1;
            let _ = policy.apply(&event, position, unsigned(row.get(1).map_err(fail)?));
        }
    }
    Ok(policy)
}

fn of(receipts: &PolicyReceipts, wanted: ChainKey) -> impl Iterator<Item = &Receipt> {
    receipts.iter().filter(move |(chain, _)| *chain == wanted).map(|(_, receipt)| receipt)
}

fn load(conn: &Connection, id: &EventId) -> Result<Option<Event>> {
    let Some((seq, _, _)) = find(conn, id)? else { return Ok(None) };
    let mut statement = conn.prepare_cached(sql::ROW).map_err(fail)?;
    let json: Option<String> = statement.query_row([seq], |row| row.get(4)).optional().map_err(fail)?;
    Ok(json.and_then(|json| parse_unverified(&json, json.len()).ok()))
}

/// What counts of a policy, in an order that does not depend on the fold.
struct Summary {
    epochs: Vec<EventId>,
    members: BTreeSet<String>,
    agents: BTreeSet<String>,
    patients: BTreeSet<String>,
    links: BTreeSet<String>,
    clients: BTreeSet<String>,
    suspended: BTreeSet<PublicKey>,
}

fn summary(view: &View<'_>) -> Summary {
    let members = view.members();
    let agents = view.agents();
    let patients = view.patients();
    let links: Vec<GuardianLink> =
        patients.iter().flat_map(|patient| view.guardians_of(&patient.subject)).collect();
    let keys = members
        .iter()
        .map(|member| member.key)
        .chain(agents.iter().map(|agent| agent.key))
        .chain(patients.iter().flat_map(|patient| [Some(patient.subject), patient.own]).flatten())
        .chain(links.iter().map(|link| link.guardian));
    Summary {
        suspended: keys.filter(|key| view.suspended(key)).collect(),
        epochs: view.epochs().iter().map(|epoch| epoch.event).collect(),
        members: texts(&members),
        agents: texts(&agents),
        patients: texts(&patients),
        links: texts(&links),
        clients: texts(&view.client_grants()),
    }
}

fn texts<T: std::fmt::Debug>(facts: &[T]) -> BTreeSet<String> {
    facts.iter().map(|fact| format!("{fact:?}")).collect()
}
