//! The exact tag shapes of policy kinds (PROTOCOL 2.7). Unknown tag names are refused, so that a
//! restriction that this version does not know is never overlooked.

use std::collections::BTreeSet;

use crate::event::{id_from_hex, key_from_hex, number_from_text};
use crate::permissions::{Compartment, Role, Word, may_hold};
use crate::refusal::Refusal;
use crate::{Event, EventId, PublicKey};
use crate::{epochs, kinds};

use super::facts::{AgentGrant, ClientTerms, LinkTerms, Roster};

const BAD: Refusal = Refusal::PolicyShape;

/// `["pop", key, sig]` tags of an event.
pub(super) type Proofs = Vec<(PublicKey, String)>;

#[derive(Debug, Clone)]
pub(super) enum Shape {
    Roster { member: PublicKey, terms: Roster, end: bool, proofs: Proofs },
    Agent { agent: PublicKey, terms: AgentGrant, end: bool, proofs: Proofs },
    Link { child: PublicKey, guardian: PublicKey, terms: LinkTerms, end: bool, proofs: Proofs },
    Epoch(EpochShape),
    LegacyEpoch { key: PublicKey, signers: Vec<PublicKey> },
    Share { recipient: PublicKey, ids: Vec<EventId>, until: u64 },
    Invitation { hash: [u8; 32], until: u64 },
    DisclosureEnd(EventId),
    Succession { practice: PublicKey, next: [u8; 32] },
    Suspend(Named),
    Lift(EventId),
    Client { client: String, subject: Option<PublicKey>, terms: ClientTerms, end: bool },
    Patient(PatientShape),
    Destruction(Vec<EventId>),
}

/// What a 2108 names.
#[derive(Debug, Clone)]
pub(super) enum Named {
    Key(PublicKey),
    Client(String),
    Link(EventId),
    Bar { member: PublicKey, subject: PublicKey },
}

#[derive(Debug, Clone)]
pub(super) struct EpochShape {
    pub(super) n: u64,
    /// desk, chart, confidential
    pub(super) keys: [PublicKey; 3],
    pub(super) escrow: PublicKey,
    pub(super) receipts: PublicKey,
    pub(super) audit: PublicKey,
    pub(super) grace: u64,
    pub(super) next: Option<[u8; 32]>,
}

#[derive(Debug, Clone)]
pub(super) struct PatientShape {
    pub(super) epoch_key: PublicKey,
    pub(super) subject: PublicKey,
    pub(super) own: Option<PublicKey>,
    pub(super) rekey: Option<PublicKey>,
    pub(super) legacy: bool,
    pub(super) proofs: Proofs,
}

/// Parses one event of kinds 2102–2110 and 2127.
pub(super) fn parse(event: &Event) -> Result<Shape, Refusal> {
    let fields = Fields(event);
    match event.kind.as_u16() {
        kinds::STAFF_ROSTER => roster(&fields),
        kinds::SERVICE_AGENT_GRANT => agent(&fields),
        kinds::GUARDIAN_LINK => link(&fields),
        kinds::PRACTICE_EPOCH => epoch(event),
        kinds::DISCLOSURE => disclosure(&fields),
        kinds::SUCCESSION => succession(&fields),
        kinds::SUSPENSION => suspension(&fields),
        kinds::FHIR_CLIENT_GRANT => client(&fields),
        kinds::PATIENT => patient(&fields),
        kinds::DESTRUCTION => {
            fields.only(&["e", "seq", "prev"])?;
            let ids = fields.ids("e", 1)?;
            (1..=1000).contains(&ids.len()).then_some(Shape::Destruction(ids)).ok_or(BAD)
        }
        _ => Err(BAD),
    }
}

/// `seq` of a P-signed event; `prev`, when there, must be an id.
pub(super) fn sequence(event: &Event) -> Result<Option<u64>, Refusal> {
    let fields = Fields(event);
    if let Some(prev) = fields.value("prev")? {
        event_id(prev)?;
    }
    fields.number("seq")
}

fn roster(fields: &Fields<'_>) -> Result<Shape, Refusal> {
    fields.only(&["p", "from", "until", "end", "name", "replaces", "pop", "epoch", "seq", "prev"])?;
    let [_, member, role, words] = fields.exactly_one("p")? else { return Err(BAD) };
    let role = Role::parse(role);
    let words = role.map_or_else(BTreeSet::new, |role| {
        words.split(',').filter_map(Word::parse).filter(|word| may_hold(role, *word)).collect()
    });
    let name = fields.value("name")?.map(str::to_owned);
    // A front desk's name stands under the desk key only.
    if name.is_some() && role == Some(Role::FrontDesk) {
        return Err(BAD);
    }
    let terms = Roster {
        role,
        words,
        name,
        from: fields.number("from")?.ok_or(BAD)?,
        until: fields.number("until")?,
        replaces: fields.key("replaces")?,
    };
    Ok(Shape::Roster { member: key(member)?, terms, end: fields.flag("end")?, proofs: fields.proofs()? })
}

fn agent(fields: &Fields<'_>) -> Result<Shape, Refusal> {
    fields.only(&["p", "kinds", "compartments", "patients", "until", "end", "pop", "seq", "prev"])?;
    let [_, agent, word, service] = fields.exactly_one("p")? else { return Err(BAD) };
    let known = matches!(service.as_str(), "fhir" | "billing" | "scheduling" | "mail");
    let patients = fields.value("patients")?.ok_or(BAD)?;
    if word != "agent" || !known || !matches!(patients, "none" | "clients" | "all") {
        return Err(BAD);
    }
    let kinds = fields.exactly_one("kinds")?[1..]
        .iter()
        .map(|kind| number_from_text(kind).and_then(|n| u16::try_from(n).ok()).ok_or(BAD))
        .collect::<Result<_, _>>()?;
    let terms = AgentGrant {
        service: service.clone(),
        kinds,
        compartments: fields.compartments()?,
        patients: patients.to_owned(),
        until: fields.number("until")?,
    };
    Ok(Shape::Agent { agent: key(agent)?, terms, end: fields.flag("end")?, proofs: fields.proofs()? })
}

fn link(fields: &Fields<'_>) -> Result<Shape, Refusal> {
    fields.only(&["p", "compartments", "until", "end", "pop", "epoch", "seq", "prev"])?;
    let parties: Vec<_> = fields.all("p").collect();
    let [[_, child, first], [_, guardian, second]] = parties.as_slice() else { return Err(BAD) };
    let mut compartments = fields.compartments()?;
    if first != "child" || second != "guardian" || compartments.is_empty() {
        return Err(BAD);
    }
    // Whoever reads the chart reads the visits as well (PROTOCOL 2.8.5).
    compartments.insert(Compartment::Desk);
    let terms = LinkTerms { compartments, until: fields.number("until")? };
    Ok(Shape::Link {
        child: key(child)?,
        guardian: key(guardian)?,
        terms,
        end: fields.flag("end")?,
        proofs: fields.proofs()?,
    })
}

fn epoch(event: &Event) -> Result<Shape, Refusal> {
    let shape = epochs::parse(event).ok_or(BAD)?;
    let key_of = |compartment| shape.key(compartment).ok_or(BAD);
    if shape.n == 0 {
        return Ok(Shape::LegacyEpoch { key: key_of(Compartment::Chart)?, signers: shape.signers });
    }
    if !matches!(shape.grace, 0 | 600) {
        return Err(BAD);
    }
    let [desk, chart, confidential] = Compartment::ALL.map(key_of);
    Ok(Shape::Epoch(EpochShape {
        n: shape.n,
        keys: [desk?, chart?, confidential?],
        escrow: shape.escrow.ok_or(BAD)?,
        receipts: shape.receipts_box.ok_or(BAD)?,
        audit: shape.audit_box.ok_or(BAD)?,
        grace: shape.grace,
        next: shape.next,
    }))
}

fn disclosure(fields: &Fields<'_>) -> Result<Shape, Refusal> {
    fields.only(&["invite", "until", "p", "e", "x"])?;
    let count = |name| fields.all(name).count();
    if let Some(hash) = fields.hash("invite")? {
        let until = fields.number("until")?.ok_or(BAD)?;
        let bare = count("p") + count("e") + count("x") == 0;
        return bare.then_some(Shape::Invitation { hash, until }).ok_or(BAD);
    }
    if count("p") == 0 {
        let [_, id, _, marker] = fields.exactly_one("e")? else { return Err(BAD) };
        let bare = count("until") + count("x") == 0 && marker == "end";
        return if bare { Ok(Shape::DisclosureEnd(event_id(id)?)) } else { Err(BAD) };
    }
    let [_, recipient] = fields.exactly_one("p")? else { return Err(BAD) };
    let ids = fields.ids("e", 1)?;
    if !(1..=1000).contains(&ids.len()) || count("x") > 1 {
        return Err(BAD);
    }
    let until = fields.number("until")?.ok_or(BAD)?;
    Ok(Shape::Share { recipient: key(recipient)?, ids, until })
}

fn succession(fields: &Fields<'_>) -> Result<Shape, Refusal> {
    fields.only(&["p", "e", "next", "seq", "prev"])?;
    let [_, practice] = fields.exactly_one("p")? else { return Err(BAD) };
    event_id(fields.value("e")?.ok_or(BAD)?)?;
    Ok(Shape::Succession { practice: key(practice)?, next: fields.hash("next")?.ok_or(BAD)? })
}

fn suspension(fields: &Fields<'_>) -> Result<Shape, Refusal> {
    fields.only(&["p", "client", "e", "lift", "seq", "prev"])?;
    let parties: Vec<_> = fields.all("p").collect();
    let client = fields.value("client")?;
    let link = fields.value("e")?;
    let lift = fields.value("lift")?;
    Ok(match (parties.as_slice(), client, link, lift) {
        ([[_, person]], None, None, None) => Shape::Suspend(Named::Key(key(person)?)),
        ([[_, member], [_, subject, scope]], None, None, None) if scope == "scope" => {
            Shape::Suspend(Named::Bar { member: key(member)?, subject: key(subject)? })
        }
        ([], Some(client), None, None) => Shape::Suspend(Named::Client(client.to_owned())),
        ([], None, Some(link), None) => Shape::Suspend(Named::Link(event_id(link)?)),
        ([], None, None, Some(lift)) => Shape::Lift(event_id(lift)?),
        _ => return Err(BAD),
    })
}

fn client(fields: &Fields<'_>) -> Result<Shape, Refusal> {
    fields.only(&[
        "client", "p", "jwk", "key", "scope", "until", "end", "patients", "export", "epoch", "seq", "prev",
    ])?;
    let client = fields.value("client")?.filter(|id| !id.is_empty()).ok_or(BAD)?;
    let subject = fields.key("p")?;
    let all = fields.value("patients")?;
    let export = fields.flag("export")?;
    let named_by = match (fields.value("jwk")?, fields.key("key")?) {
        (Some(thumbprint), None) => ("jwk".to_owned(), thumbprint.to_owned()),
        (None, Some(key)) => ("key".to_owned(), key.to_hex()),
        _ => return Err(BAD),
    };
    let whole = all == Some("all");
    if subject.is_some() == whole || (all.is_some() && !whole) || (export && !whole) {
        return Err(BAD);
    }
    let terms = ClientTerms {
        scopes: fields.all("scope").flat_map(|tag| tag[1..].iter().cloned()).collect(),
        key: named_by,
        until: fields.number("until")?.ok_or(BAD)?,
        export,
    };
    Ok(Shape::Client { client: client.to_owned(), subject, terms, end: fields.flag("end")? })
}

fn patient(fields: &Fields<'_>) -> Result<Shape, Refusal> {
    let parties: Vec<_> = fields.all("p").collect();
    let [[_, epoch_key], [_, subject]] = parties.as_slice() else { return Err(BAD) };
    Ok(Shape::Patient(PatientShape {
        epoch_key: key(epoch_key)?,
        subject: key(subject)?,
        own: fields.key("own")?,
        rekey: fields.key("rekey")?,
        legacy: fields.flag("legacy")?,
        proofs: fields.proofs()?,
    }))
}

fn key(hex: &str) -> Result<PublicKey, Refusal> {
    key_from_hex(hex).ok_or(BAD)
}

fn event_id(hex: &str) -> Result<EventId, Refusal> {
    id_from_hex(hex).ok_or(BAD)
}

/// Tags by name, each read strictly.
struct Fields<'a>(&'a Event);

impl<'a> Fields<'a> {
    fn only(&self, names: &[&str]) -> Result<(), Refusal> {
        let known = self.0.tags.iter().all(|tag| names.contains(&tag.kind()));
        known.then_some(()).ok_or(BAD)
    }

    fn all(&self, name: &str) -> impl Iterator<Item = &'a [String]> {
        self.0.tags.iter().map(|tag| tag.as_slice()).filter(move |tag| tag[0] == name)
    }

    fn at_most_one(&self, name: &str) -> Result<Option<&'a [String]>, Refusal> {
        let mut hits = self.all(name);
        match (hits.next(), hits.next()) {
            (_, Some(_)) => Err(BAD),
            (hit, None) => Ok(hit),
        }
    }

    fn exactly_one(&self, name: &str) -> Result<&'a [String], Refusal> {
        self.at_most_one(name)?.ok_or(BAD)
    }

    /// The value of a tag of two elements.
    fn value(&self, name: &str) -> Result<Option<&'a str>, Refusal> {
        match self.at_most_one(name)? {
            None => Ok(None),
            Some([_, value]) => Ok(Some(value)),
            Some(_) => Err(BAD),
        }
    }

    fn flag(&self, name: &str) -> Result<bool, Refusal> {
        match self.at_most_one(name)? {
            None => Ok(false),
            Some([_]) => Ok(true),
            Some(_) => Err(BAD),
        }
    }

    fn number(&self, name: &str) -> Result<Option<u64>, Refusal> {
        self.value(name)?.map(|text| number_from_text(text).ok_or(BAD)).transpose()
    }

    fn key(&self, name: &str) -> Result<Option<PublicKey>, Refusal> {
        self.value(name)?.map(key).transpose()
    }

    /// 64 hex characters as 32 bytes.
    fn hash(&self, name: &str) -> Result<Option<[u8; 32]>, Refusal> {
        self.value(name)?.map(|hex| event_id(hex).map(EventId::to_bytes)).transpose()
    }

    /// Ids of all tags of this name that have `values` values.
    fn ids(&self, name: &str, values: usize) -> Result<Vec<EventId>, Refusal> {
        self.all(name).map(|tag| if tag.len() == values + 1 { event_id(&tag[1]) } else { Err(BAD) }).collect()
    }

    /// Never `confidential` for agents and links (PROTOCOL 2.2).
    fn compartments(&self) -> Result<BTreeSet<Compartment>, Refusal> {
        self.exactly_one("compartments")?[1..]
            .iter()
            .map(|word| Compartment::parse(word).filter(|c| *c != Compartment::Confidential).ok_or(BAD))
            .collect()
    }

    fn proofs(&self) -> Result<Proofs, Refusal> {
        self.all("pop")
            .map(|tag| match tag {
                [_, holder, sig] => Ok((key(holder)?, sig.clone())),
                _ => Err(BAD),
            })
            .collect()
    }
}
