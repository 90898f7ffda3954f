//! The rule for an event that has a receipt: reasons in the order of PROTOCOL 2.8.1.

use std::collections::BTreeSet;

use sha2::{Digest, Sha256};

use crate::body::{self, Body};
use crate::envelope::{self, Form};
use crate::event::{self, links, p_tag, tag_value};
use crate::fold::{Act, Author, ReceiptOrder, Record};
use crate::kinds;
use crate::legacy::current_kind;
use crate::permissions::{Compartment, Word, family_writes, kind_in, own_key_writes, word_for};
use crate::policy::{Member, Patient, Person, Position, View};
use crate::receipts::{ChainKey, Receipted};
use crate::{Event, PublicKey};

use super::claims::{claims_signature, may_be_signed};
use super::keys::{Opening, open, open_import};
use super::{Marks, Outcome, Reader, Reason, Sealed, Shown, Sight};

/// Judges an event whose id and signature hold and that a receipt names.
pub(super) fn with_receipt(reader: &Reader, event: &Event, row: &Receipted, position: Position) -> Outcome {
    let view = reader.book.policy().at(position, row.received);
    let verdict = if row.import {
        super::import::judge(&view, event, row, open_import(&reader.held, event))
    } else {
        let opening = match (form_of(event), p_tag(event, 0)) {
            (Some(form), Some(epoch_key)) => open(&reader.held, event, form, &epoch_key),
            _ => Opening::NoKey,
        };
        Case::new(reader, view, event, row, opening).judge()
    };
    verdict.unwrap_or_else(Outcome::Quarantine)
}

/// Judges an event whose body comes with it: the commitment shows that it is the body.
pub(super) fn with_body(
    reader: &Reader,
    event: &Event,
    row: &Receipted,
    position: Position,
    body: &str,
) -> Outcome {
    let view = reader.book.policy().at(position, row.received);
    let opening = Opening::Body { bytes: body.as_bytes().to_vec(), copies_differ: false };
    Case::new(reader, view, event, row, opening).judge().unwrap_or_else(Outcome::Quarantine)
}

fn form_of(event: &Event) -> Option<Form> {
    match tag_value(event, "enc", 0) {
        Some("nip44-dual") => Some(Form::Dual),
        Some("nip44") => Some(Form::OneCopy),
        _ => None,
    }
}

/// Receipt order of the row.
fn order(row: &Receipted) -> ReceiptOrder {
    ReceiptOrder { position: row.position.unwrap_or_default(), received: row.received, n: row.n }
}

/// The signer at the receipt.
enum Signer {
    Staff(Member),
    Family(Family),
}

/// A patient, own key or guardian, with the subjects for whom it may write.
struct Family {
    /// An own key that is not T: writes confidential only.
    own_only: bool,
    /// Subject and compartments; none: all but confidential.
    ties: Vec<(PublicKey, Option<BTreeSet<Compartment>>)>,
}

/// One event under judgement.
struct Case<'a> {
    reader: &'a Reader,
    view: View<'a>,
    event: &'a Event,
    row: &'a Receipted,
    kind: u16,
    form: Option<Form>,
    opening: Opening,
    body: Option<Body>,
}

impl<'a> Case<'a> {
    fn new(
        reader: &'a Reader,
        view: View<'a>,
        event: &'a Event,
        row: &'a Receipted,
        opening: Opening,
    ) -> Self {
        let (kind, form) = (event.kind.as_u16(), form_of(event));
        let body = match &opening {
            Opening::Body { bytes, .. } if kind == kinds::CONFIDENTIAL => {
                body::parse_confidential(bytes).ok()
            }
            Opening::Body { bytes, .. } => body::parse(bytes).ok(),
            Opening::Failed | Opening::NoKey => None,
        };
        Self { reader, view, event, row, kind, form, opening, body }
    }

    fn judge(self) -> Result<Outcome, Reason> {
        let signer = self.signer()?;
        self.role(&signer)?;
        self.act(&signer)?;
        let compartment = self.compartment(&signer)?;
        self.epoch()?;
        let Opening::Body { bytes, copies_differ } = &self.opening else {
            return self.not_opened(compartment);
        };
        if tag_value(self.event, "pc", 0) != Some(body::commitment(bytes).as_str()) {
            return Err(Reason::Commitment);
        }
        let body = self.body()?;
        self.binding(body, &signer)?;
        self.subject(body, &signer)?;
        Ok(Outcome::Shown(Box::new(self.shown(bytes, *copies_differ, body, compartment, &signer))))
    }

    /// A member, or one who is or was a family key.
    fn signer(&self) -> Result<Signer, Reason> {
        let key = &self.event.pubkey;
        let suspended = self.view.suspended(key);
        let ties = match self.view.person(key) {
            Person::Member(member) if !suspended => return Ok(Signer::Staff(member)),
            _ if suspended => Vec::new(),
            Person::Patient(patient) | Person::Own(patient) => vec![(patient.subject, None)],
            Person::Guardian(links) => {
                links.into_iter().map(|link| (link.child, Some(link.compartments))).collect()
            }
            _ => Vec::new(),
        };
        if self.reader.sight == Sight::Public
            && let Some(family) = self.disclosed_ties()
        {
            return Ok(Signer::Family(family));
        }
        if !self.view.ever_family(key) {
            return Err(Reason::NotMember);
        }
        let own_only = matches!(self.view.person(key), Person::Own(_));
        Ok(Signer::Family(Family { own_only, ties }))
    }

    /// The 2110 or 2104 that comes with a disclosure, signed by one who may register.
    fn disclosed_ties(&self) -> Option<Family> {
        let may = |signer: &PublicKey| match self.view.person(signer) {
            Person::Practice => true,
            Person::Member(member) => member.has(Word::Register),
            // Who has left since may have signed it; the box's receipt vouches for the moment.
            Person::Former => !self.view.ever_family(signer),
            _ => false,
        };
        let ties: Vec<_> = self
            .reader
            .ties
            .iter()
            .filter(|tie| tie.person == self.event.pubkey && may(&tie.signer))
            .collect();
        let own_only = ties.first()?.own;
        Some(Family { own_only, ties: ties.iter().map(|t| (t.subject, t.compartments.clone())).collect() })
    }

    /// The true kind, when the body says it.
    fn true_kind(&self) -> Option<u16> {
        if self.kind == kinds::CONFIDENTIAL {
            self.body.as_ref().map(|body| body.binding.kind)
        } else {
            Some(self.kind)
        }
    }

    fn role(&self, signer: &Signer) -> Result<(), Reason> {
        let second = p_tag(self.event, 1).is_some();
        let holds = match signer {
            Signer::Staff(member) => {
                let word = |kind: u16| word_for(kind).is_some_and(|word| member.has(word));
                self.form == Some(Form::Dual) && word(self.kind) && self.true_kind().is_none_or(word)
            }
            Signer::Family(family) if family.own_only => {
                let confidential =
                    self.kind == kinds::CONFIDENTIAL && self.true_kind().is_none_or(own_key_writes);
                self.form == Some(Form::OneCopy) && !second && confidential
            }
            Signer::Family(_) => {
                let writes = family_writes(self.kind);
                self.form == Some(Form::OneCopy) && writes && (!second || self.kind == kinds::VISIT)
            }
        };
        if holds { Ok(()) } else { Err(Reason::Role) }
    }

    fn act(&self, signer: &Signer) -> Result<(), Reason> {
        if !self.signs() {
            return Ok(());
        }
        let Signer::Staff(member) = signer else { return Err(Reason::Act) };
        let kind = self.true_kind();
        let claims = match (&self.body, kind) {
            (Some(body), Some(kind)) => claims_signature(kind, &body.resource, &self.event.pubkey),
            _ => true,
        };
        if member.has(Word::Sign) && kind.is_none_or(may_be_signed) && claims {
            Ok(())
        } else {
            Err(Reason::Act)
        }
    }

    fn signs(&self) -> bool {
        self.event.tags.iter().any(|tag| tag.kind() == "act")
    }

    /// The compartment in which the record's chain stands.
    fn compartment(&self, signer: &Signer) -> Result<Compartment, Reason> {
        let ChainKey::Clinical { compartment, .. } = self.row.chain else { return Err(Reason::NoReceipt) };
        let Some(own) = p_tag(self.event, 0).and_then(|key| self.view.compartment_of(&key)) else {
            return Err(Reason::Epoch);
        };
        let may = match signer {
            Signer::Staff(member) => member.holds(own),
            Signer::Family(family) => {
                family.ties.iter().all(|(_, named)| named.is_none())
                    || family.ties.iter().any(|(_, named)| named.as_ref().is_none_or(|n| n.contains(&own)))
            }
        };
        if may && kind_in(self.kind, own) && own == compartment { Ok(own) } else { Err(Reason::Compartment) }
    }

    fn epoch(&self) -> Result<(), Reason> {
        let key = p_tag(self.event, 0).ok_or(Reason::Epoch)?;
        self.view.current(&key).map(drop).ok_or(Reason::Epoch)
    }

    fn not_opened(&self, compartment: Compartment) -> Result<Outcome, Reason> {
        if self.opening == Opening::Failed {
            return Err(Reason::Body);
        }
        Ok(Outcome::Sealed(Sealed {
            kind: self.kind,
            signer: self.event.pubkey,
            compartment,
            received: self.row.received,
        }))
    }

    /// The body keeps the rules, its type is that of its true kind, and the envelope has its shape.
    fn body(&self) -> Result<&Body, Reason> {
        let body = self.body.as_ref().ok_or(Reason::Body)?;
        let kind = if self.kind == kinds::CONFIDENTIAL { body.binding.kind } else { self.kind };
        // Without a true kind there is no type to compare; the binding is judged next.
        let fits = body::type_fits(kind, body.resource_type()) || !is_true_kind(kind);
        if fits && envelope::parse(self.event).is_some() { Ok(body) } else { Err(Reason::Body) }
    }

    fn binding(&self, body: &Body, signer: &Signer) -> Result<(), Reason> {
        let binding = &body.binding;
        let kind_fits = if self.kind == kinds::CONFIDENTIAL {
            is_true_kind(binding.kind)
        } else {
            binding.kind == self.kind
        };
        let fits = binding.signer == self.event.pubkey
            && kind_fits
            && Some(binding.epoch_key) == p_tag(self.event, 0)
            && binding.practice == self.view.practice()
            && self.second_fits(&binding.subject, signer);
        if fits { Ok(()) } else { Err(Reason::Binding) }
    }

    /// T = second `p`, with the exceptions of PROTOCOL 2.1.
    fn second_fits(&self, subject: &PublicKey, signer: &Signer) -> bool {
        let second = p_tag(self.event, 1);
        match (signer, second) {
            (Signer::Family(_), None) => self.kind != kinds::VISIT,
            (Signer::Family(_), Some(second)) => second == *subject,
            (Signer::Staff(_), None) => self.kind == kinds::CONFIDENTIAL,
            // The recipient of a disclosure does not see who is tied to T: the receipt vouches.
            (Signer::Staff(_), Some(_))
                if self.reader.sight == Sight::Public
                    && matches!(self.kind, kinds::MESSAGE | kinds::CONFIDENTIAL) =>
            {
                true
            }
            (Signer::Staff(_), Some(second)) if self.kind == kinds::CONFIDENTIAL => {
                self.patient(subject).is_some_and(|patient| patient.own == Some(second))
            }
            (Signer::Staff(_), Some(second)) if self.kind == kinds::MESSAGE => {
                let own = || self.patient(subject).is_some_and(|patient| patient.own == Some(second));
                let guardian = || self.view.guardians_of(subject).iter().any(|l| l.guardian == second);
                second == *subject || own() || guardian()
            }
            (Signer::Staff(_), Some(second)) => second == *subject,
        }
    }

    fn patient(&self, subject: &PublicKey) -> Option<Patient> {
        self.view.patient(subject).filter(|patient| patient.subject == *subject)
    }

    /// T is the key of a registered patient at the receipt, and one that a family signer may write for. A
    /// 2110 is judged with itself applied (PROTOCOL 2.8.5).
    fn subject(&self, body: &Body, signer: &Signer) -> Result<(), Reason> {
        let subject = &body.binding.subject;
        let registered = match self.reader.sight {
            Sight::Public => true,
            _ if self.kind == kinds::PATIENT => self.view.policy().counted(&self.event.id),
            _ => self.patient(subject).is_some(),
        };
        let may = match signer {
            Signer::Staff(_) => true,
            Signer::Family(family) => family.ties.iter().any(|(tied, compartments)| {
                let own = p_tag(self.event, 0).and_then(|key| self.view.compartment_of(&key));
                tied == subject
                    && compartments.as_ref().is_none_or(|c| own.is_some_and(|own| c.contains(&own)))
            }),
        };
        if registered && may { Ok(()) } else { Err(Reason::Subject) }
    }

    fn shown(
        &self,
        bytes: &[u8],
        copies_differ: bool,
        body: &Body,
        compartment: Compartment,
        signer: &Signer,
    ) -> Shown {
        let event = self.event;
        let kind = body.binding.kind;
        let claims = claims_signature(kind, &body.resource, &event.pubkey);
        let marks = Marks {
            copies_differ,
            unsigned: claims && !self.signs(),
            outside: kind == kinds::OUTSIDE_RECORD,
            former: false,
        };
        let record = Record {
            id: event.id,
            aliases: Vec::new(),
            kind,
            signer: event.pubkey,
            author: if matches!(signer, Signer::Staff(_)) { Author::Staff } else { Author::Family },
            subject: body.binding.subject,
            compartment,
            act: Some(Act { r: body.binding.r, same: sameness(event, bytes, &body.binding.epoch_key) }),
            resource: body.resource.clone(),
            links: links(event),
            sign: self.signs(),
            order: order(self.row),
            created_at: event.created_at.as_secs(),
        };
        Shown { record, marks, chain: self.row.chain }
    }
}

/// Kinds that a binding may name.
const fn is_true_kind(kind: u16) -> bool {
    matches!(kind, 2110..=2121 | 2124..=2126)
}

/// A digest of all that a retry may not change (PROTOCOL 2.8.9): kind, second `p`, `act`, `e` and `x` tags,
/// and the body but for E in the binding.
fn sameness(event: &Event, body: &[u8], epoch_key: &PublicKey) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(event.kind.as_u16().to_be_bytes());
    let second = p_tag(event, 1).map(|key| key.to_hex()).unwrap_or_default();
    let tags = event.tags.iter().filter(|tag| matches!(tag.kind(), "act" | "e" | "x"));
    let lists: Vec<&[String]> = tags.map(|tag| tag.as_slice()).collect();
    // JSON keeps the cells apart, whatever they hold.
    hash.update(serde_json::to_vec(&(second, lists)).unwrap_or_default());
    hash.update(without(body, epoch_key.to_hex().as_bytes()));
    hash.finalize().into()
}

/// The body with the one place of E in the binding blanked: between the kind and P, spaces around it.
fn without(body: &[u8], epoch_key: &[u8]) -> Vec<u8> {
    let mut out = body.to_vec();
    let needle = [b" ".as_slice(), epoch_key, b" "].concat();
    if let Some(at) = body.windows(needle.len()).position(|window| window == needle) {
        out[at + 1..at + 1 + epoch_key.len()].fill(b'0');
    }
    out
}

/// The record of an import that passed.
pub(super) fn import_record(
    event: &Event,
    row: &Receipted,
    subject: PublicKey,
    resource: serde_json::Value,
    copies_differ: bool,
) -> Shown {
    let kind = current_kind(event.kind.as_u16());
    let marks =
        Marks { copies_differ, unsigned: false, outside: kind == kinds::OUTSIDE_RECORD, former: true };
    let record = Record {
        id: event.id,
        aliases: Vec::new(),
        kind,
        signer: event.pubkey,
        author: Author::Former,
        subject,
        compartment: Compartment::Chart,
        act: None,
        resource,
        links: event::links(event),
        sign: false,
        order: order(row),
        created_at: event.created_at.as_secs(),
    };
    Shown { record, marks, chain: row.chain }
}
