//! The branches of each kind of person (the table of PROTOCOL 3).
//!
//! E stands in the first `p` only, so a test for `p` = E is a test of the first `p`. Branches of
//! staff, agents and families name the kinds they mean wherever a key could also be the receiver of
//! a wrap or the party of a call: those are for that key alone.

use std::collections::BTreeSet;

use crate::permissions::Compartment;
use crate::policy::{Agent, GuardianLink, Member, Patient, Person, Share, View};
use crate::{EventId, PublicKey, kinds};

use super::{Branch, IndexKey, Scope};

/// What is addressed to one key and to nobody else.
const PERSONAL: [u16; 11] =
    [2100, 2101, 2106, 4050, 4051, 4052, 4053, 4054, 4055, kinds::GIFT_WRAP, kinds::EPHEMERAL_WRAP];
/// Policy that every member reads; 2108 comes with its own branch.
const POLICY_FOR_ALL: [u16; 4] = [2102, 2103, 2105, 2107];
/// Policy for staff that names no patient in clear, or binds staff themselves.
const POLICY_FOR_STAFF: [u16; 7] = [2102, 2103, 2105, 2107, 2108, 2127, 2128];
/// Policy for staff about one patient.
const POLICY_ABOUT_PATIENTS: [u16; 4] = [2100, 2104, 2109, 2110];
/// Policy that a family reads where it names the own key or the own child.
const POLICY_FOR_FAMILY: [u16; 5] = [2100, 2104, 2108, 2109, 2110];

/// Kinds of a record, its receipt and its access report; the former numbering of imports included.
fn record_kinds() -> BTreeSet<u16> {
    let clinical = (kinds::PATIENT..=kinds::VISIT).filter(|kind| kinds::is_clinical(*kind));
    clinical.chain([kinds::RECEIPT, kinds::ACCESS_REPORT]).chain(1000..=1015).collect()
}

/// What a share may list: records with their receipts, and the link that names a guardian.
fn lendable_kinds() -> BTreeSet<u16> {
    let mut kinds = record_kinds();
    kinds.insert(kinds::GUARDIAN_LINK);
    kinds
}

pub(super) fn scope_of(view: &View<'_>, key: &PublicKey) -> Scope {
    let mut branches = Vec::new();
    let person = view.person(key);
    // A 2108 ends a patient's writing, never the reading of own records.
    let patient = matches!(person, Person::Patient(_) | Person::Own(_));
    if !patient && view.suspended(key) {
        return Scope::default();
    }
    match person {
        Person::Member(member) => staff(view, &member, &mut branches),
        Person::Agent(agent) => service(view, &agent, &mut branches),
        Person::Guardian(links) => guardian(view, key, &links, &mut branches),
        Person::Patient(patient) => subject(view, &patient, &mut branches),
        Person::Own(patient) => own_key(view, key, &patient, &mut branches),
        // A rekeyed T and a replaced C authenticate nowhere.
        Person::Former if view.ever_subject(key) => return Scope::default(),
        Person::Practice => return Scope::default(),
        Person::Former | Person::Unknown => {}
    }
    let shares = view.shares_for(key);
    let live = shares.iter().filter(|share| shared(view, share, &mut branches)).count();
    if live > 0 && !branches.contains(&public_policy()) {
        branches.push(public_policy());
        branches.extend(public_chain(view));
    }
    Scope { branches }
}

fn staff(view: &View<'_>, member: &Member, branches: &mut Vec<Branch>) {
    let except = barred_keys(view, &member.key);
    let held: BTreeSet<_> = Compartment::ALL
        .into_iter()
        .filter(|compartment| member.holds(*compartment))
        .flat_map(|compartment| epoch_keys(view, compartment))
        .collect();
    if !held.is_empty() {
        branches.push(Branch { keys: held, except: except.clone(), ..Branch::default() });
    }
    branches.push(Branch { kinds: set(POLICY_FOR_STAFF), ..Branch::default() });
    branches.push(Branch { kinds: set(POLICY_ABOUT_PATIENTS), except, ..Branch::default() });
    branches.push(Branch {
        keys: [chain_key("policy"), chain_key("policy-staff")].into(),
        kinds: set([kinds::RECEIPT]),
        ..Branch::default()
    });
    branches.extend(published(view));
    own(&member.key, branches);
}

fn service(view: &View<'_>, agent: &Agent, branches: &mut Vec<Branch>) {
    let first: BTreeSet<_> =
        agent.compartments.iter().flat_map(|compartment| epoch_keys(view, *compartment)).collect();
    let mut record_kinds = agent.kinds.clone();
    record_kinds.insert(kinds::RECEIPT);
    // Grants of clients and links carry no E; their kinds count where the grant names them.
    let policy_kinds: BTreeSet<u16> =
        agent.kinds.iter().copied().filter(|kind| matches!(kind, 2104 | 2109)).collect();
    match agent.patients.as_str() {
        "all" => {
            if !first.is_empty() {
                let kinds = Some(record_kinds);
                branches.push(Branch { keys: first, kinds, ..Branch::default() });
            }
            if !policy_kinds.is_empty() {
                branches.push(Branch { kinds: Some(policy_kinds), ..Branch::default() });
            }
        }
        "clients" => {
            let keys = client_keys(view);
            if !keys.is_empty() {
                if !first.is_empty() {
                    branches.push(Branch {
                        keys: keys.clone(),
                        kinds: Some(record_kinds),
                        also: vec![first],
                        narrow: true,
                        ..Branch::default()
                    });
                }
                if !policy_kinds.is_empty() {
                    let kinds = Some(policy_kinds);
                    branches.push(Branch { keys, kinds, narrow: true, ..Branch::default() });
                }
            }
        }
        _ => {}
    }
    members_policy(view, branches);
    own(&agent.key, branches);
}

/// Every T of the lines that live 2109s name, as party and as author.
fn client_keys(view: &View<'_>) -> BTreeSet<IndexKey> {
    view.client_grants()
        .iter()
        .filter_map(|grant| view.patient(&grant.subject?))
        .flat_map(|patient| every_subject(&patient))
        .flat_map(|subject| [IndexKey::p(&subject), IndexKey::Author(subject)])
        .collect()
}

fn subject(view: &View<'_>, patient: &Patient, branches: &mut Vec<Branch>) {
    members_policy(view, branches);
    branches.push(everything_of(&patient.subject));
    // A rekey joins the scopes: what the former keys received and wrote as records, but neither
    // their wraps nor their own lists.
    let former: BTreeSet<_> =
        patient.former.iter().flat_map(|key| [IndexKey::p(key), IndexKey::Author(*key)]).collect();
    family_records(former, Vec::new(), branches);
}

fn own_key(view: &View<'_>, key: &PublicKey, patient: &Patient, branches: &mut Vec<Branch>) {
    members_policy(view, branches);
    branches.push(everything_of(key));
    let subjects = every_subject(patient).iter().map(IndexKey::p).collect();
    family_records(subjects, Vec::new(), branches);
}

fn guardian(view: &View<'_>, key: &PublicKey, links: &[GuardianLink], branches: &mut Vec<Branch>) {
    members_policy(view, branches);
    branches.push(everything_of(key));
    for link in links {
        let Some(patient) = view.patient(&link.child) else { continue };
        let subjects: BTreeSet<_> = every_subject(&patient).iter().map(IndexKey::p).collect();
        let first: BTreeSet<_> = link
            .compartments
            .iter()
            .filter(|compartment| **compartment != Compartment::Confidential)
            .flat_map(|compartment| epoch_keys(view, *compartment))
            .collect();
        family_records(subjects, vec![first], branches);
    }
}

/// Records by these keys, and the policy that names them.
fn family_records(keys: BTreeSet<IndexKey>, also: Vec<BTreeSet<IndexKey>>, branches: &mut Vec<Branch>) {
    if keys.is_empty() {
        return;
    }
    let named: BTreeSet<_> = keys.iter().filter(|key| matches!(key, IndexKey::Tag(..))).cloned().collect();
    if also.iter().all(|set| !set.is_empty()) {
        let kinds = Some(record_kinds());
        branches.push(Branch { keys, kinds, also, narrow: true, ..Branch::default() });
    }
    branches.push(Branch { keys: named, kinds: set(POLICY_FOR_FAMILY), narrow: true, ..Branch::default() });
}

/// What a live share lists, as far as its author may read it at this moment, and the share itself.
/// False when the author may read nothing any more.
fn shared(view: &View<'_>, share: &Share, branches: &mut Vec<Branch>) -> bool {
    let ids: BTreeSet<EventId> = share.ids.iter().copied().collect();
    // The author's own shares are left out, so that a share never lends on what was lent.
    let mut readable = Vec::new();
    match view.person(&share.author) {
        Person::Patient(patient) => subject(view, &patient, &mut readable),
        Person::Own(patient) => own_key(view, &share.author, &patient, &mut readable),
        Person::Guardian(links) if !view.suspended(&share.author) => {
            guardian(view, &share.author, &links, &mut readable);
        }
        _ => return false,
    }
    let lendable = lendable_kinds();
    branches.extend(readable.into_iter().map(|branch| {
        let kinds = match &branch.kinds {
            Some(kinds) => kinds.intersection(&lendable).copied().collect(),
            None => lendable.clone(),
        };
        Branch { kinds: Some(kinds), ids: Some(ids.clone()), ..branch }
    }));
    branches.push(Branch {
        keys: [IndexKey::p(&share.recipient)].into(),
        kinds: set([kinds::DISCLOSURE]),
        ids: Some([share.entry].into()),
        narrow: true,
        ..Branch::default()
    });
    true
}

/// Everything that names the key, and everything it signed.
fn everything_of(key: &PublicKey) -> Branch {
    let keys = [IndexKey::p(key), IndexKey::Author(*key)].into();
    Branch { keys, narrow: true, ..Branch::default() }
}

/// Own events of staff and agents, and what is addressed to them alone.
fn own(key: &PublicKey, branches: &mut Vec<Branch>) {
    branches.push(Branch { keys: [IndexKey::Author(*key)].into(), narrow: true, ..Branch::default() });
    branches.push(Branch {
        keys: [IndexKey::p(key)].into(),
        kinds: set(PERSONAL),
        narrow: true,
        ..Branch::default()
    });
}

fn members_policy(view: &View<'_>, branches: &mut Vec<Branch>) {
    branches.push(public_policy());
    branches.extend(public_chain(view));
    branches.extend(published(view));
}

fn public_policy() -> Branch {
    Branch { kinds: set(POLICY_FOR_ALL), ..Branch::default() }
}

/// Receipts of the chain of all members, and the unscoped 2108 of staff and agents with their lifts.
fn public_chain(view: &View<'_>) -> Vec<Branch> {
    let mut branches = vec![Branch {
        keys: [chain_key("policy")].into(),
        kinds: set([kinds::RECEIPT]),
        ..Branch::default()
    }];
    let ids: BTreeSet<EventId> = view.public_suspensions().into_iter().collect();
    if !ids.is_empty() {
        branches.push(Branch {
            kinds: set([kinds::SUSPENSION]),
            ids: Some(ids),
            narrow: true,
            ..Branch::default()
        });
    }
    branches
}

/// Kinds 0 and 10050 of P and agents; of P the other lists as well, since P itself reads nothing.
fn published(view: &View<'_>) -> [Branch; 2] {
    let by = |keys: BTreeSet<IndexKey>, kinds| Branch { keys, kinds, narrow: true, ..Branch::default() };
    let agents = view.agents().into_iter().map(|agent| agent.key);
    let practices = view.practices();
    let lists = [kinds::RELAY_LIST, kinds::BLOSSOM_LIST];
    [
        by(
            practices.iter().copied().chain(agents).map(IndexKey::Author).collect(),
            set([kinds::METADATA, kinds::INBOX_LIST]),
        ),
        by(practices.into_iter().map(IndexKey::Author).collect(), set(lists)),
    ]
}

/// Keys under which the records of the patients stand from whom a 2108 bars the member: each T, C,
/// and the guardians whose messages about the child form chains of their own.
fn barred_keys(view: &View<'_>, member: &PublicKey) -> BTreeSet<IndexKey> {
    let subjects = view.barred(member);
    let mut keys: BTreeSet<PublicKey> = BTreeSet::new();
    for subject in subjects {
        keys.insert(subject);
        keys.extend(view.patient(&subject).and_then(|patient| patient.own));
        keys.extend(view.guardians_ever(&subject));
    }
    keys.into_iter().flat_map(|key| [IndexKey::p(&key), IndexKey::Author(key)]).collect()
}

fn every_subject(patient: &Patient) -> Vec<PublicKey> {
    patient.former.iter().chain([&patient.subject]).copied().collect()
}

fn epoch_keys(view: &View<'_>, compartment: Compartment) -> Vec<IndexKey> {
    view.epoch_keys(compartment).iter().map(IndexKey::p).collect()
}

fn chain_key(word: &str) -> IndexKey {
    IndexKey::Tag(b'c', word.to_owned())
}

#[allow(clippy::unnecessary_wraps, reason = "the field is an option and every caller sets it")]
fn set<const N: usize>(kinds: [u16; N]) -> Option<BTreeSet<u16>> {
    Some(kinds.into())
}
