//! The whole history as a list of entries in the order in which they are published: pure, from the
//! seed and the day of the first start.

use relaybox_protocol::fold::CHANGE_URL;
use relaybox_protocol::kinds;
use relaybox_protocol::permissions::Compartment;
use serde_json::{Map, Value, json};
use time::Date;

use super::calendar::{iso, iso_at, months_before};
use super::cast::{CHILDREN, Child, Guardian, Staff};
use super::fhir;
use super::seed::Seed;
use super::{imported, register, story, visits};

/// Who writes an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Author {
    Staff(Staff),
    /// By id of the cast.
    Guardian(&'static str),
    /// The patient with T.
    Subject,
    /// The adolescent with C.
    Own,
}

/// Whom the second copy is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum To {
    /// T in force.
    Subject,
    /// C.
    Own,
    Guardian(&'static str),
    /// The practice's copy only: confidential without C, and what families write themselves.
    Nobody,
}

/// What happens to keys and links with an entry of kind 2110.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Registration {
    /// T enters, and the links of all guardians follow.
    New,
    /// C enters.
    Own,
    /// The link of this guardian ends, and T′ follows T.
    Rekey(&'static str),
}

/// Parties and times of a visit, in clear on a 2126.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Slot {
    pub provider: Staff,
    pub guardian: Option<&'static str>,
    /// Unix seconds.
    pub start: u64,
    pub end: u64,
}

/// One record.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    /// Unique; names the entry in links and tests.
    pub name: String,
    /// Index in [`CHILDREN`].
    pub child: usize,
    /// Clinical day and minute since eight o'clock: the order of publishing.
    pub day: Date,
    pub minute: u32,
    pub author: Author,
    pub to: To,
    /// The true kind.
    pub kind: u16,
    pub compartment: Compartment,
    pub sign: bool,
    /// Name of an earlier entry, and marker.
    pub links: Vec<(String, &'static str)>,
    pub resource: Value,
    pub registration: Option<Registration>,
    pub slot: Option<Slot>,
    /// The planted fault: the binding names this child (index) and not [`Entry::child`].
    pub bound_to: Option<usize>,
}

/// The practice on the day of its first start.
pub(crate) struct Plan {
    pub seed: Seed,
    pub today: Date,
    pub children: Vec<Child>,
    pub entries: Vec<Entry>,
}

/// First days of the second and of the third epoch.
pub(crate) fn epoch_days(today: Date) -> [Date; 2] {
    [months_before(today, 18), months_before(today, 5)]
}

/// The epoch in which an entry of this day is published: 1, 2 or 3.
pub(crate) fn epoch_of(day: Date, today: Date) -> u64 {
    let [second, third] = epoch_days(today);
    if day < second {
        1
    } else if day < third {
        2
    } else {
        3
    }
}

impl Plan {
    pub(crate) fn new(seed: Seed, today: Date) -> Self {
        let children: Vec<Child> = CHILDREN.iter().map(|cast| Child::new(cast, today, &seed)).collect();
        let mut entries = Vec::new();
        for index in 0..children.len() {
            let mut scribe = Scribe { seed: &seed, children: &children, index, today, entries: Vec::new() };
            register::write(&mut scribe);
            visits::write(&mut scribe);
            imported::write(&mut scribe);
            story::write(&mut scribe);
            entries.append(&mut scribe.entries);
        }
        // The sort is stable: of one moment, what was written first stays first.
        entries.sort_by_key(|entry| (entry.day, entry.minute));
        Self { seed, today, children, entries }
    }
}

/// Writes the entries of one child.
pub(crate) struct Scribe<'a> {
    pub seed: &'a Seed,
    children: &'a [Child],
    pub index: usize,
    pub today: Date,
    entries: Vec<Entry>,
}

impl<'a> Scribe<'a> {
    pub(crate) fn child(&self) -> &'a Child {
        &self.children[self.index]
    }

    /// A label that belongs to this child alone.
    pub(crate) fn label(&self, part: &str) -> String {
        format!("{}/{part}", self.child().cast.id)
    }

    /// The FHIR id of the record of this name.
    pub(crate) fn id(&self, name: &str) -> String {
        self.seed.uuid(&format!("record/{}", self.label(name)))
    }

    /// The nurse of that day.
    pub(crate) fn nurse(&self, day: Date) -> Staff {
        if Staff::FormerNurse.member_in(epoch_of(day, self.today)) {
            Staff::FormerNurse
        } else {
            Staff::Nurse
        }
    }

    /// One of the two doctors, by the child.
    pub(crate) fn doctor(&self) -> Staff {
        if self.index.is_multiple_of(2) { Staff::Owner } else { Staff::Doctor }
    }

    pub(crate) fn patient(&self) -> Value {
        json!({"reference": format!("Patient/{}", self.child().fhir_id), "display": self.child().full_name()})
    }

    pub(crate) fn staff(&self, staff: Staff) -> Value {
        fhir::practitioner(&staff.keys(self.seed).public_key().to_hex(), staff.name())
    }

    pub(crate) fn guardian(&self, guardian: &Guardian) -> Value {
        fhir::person(&guardian.public(self.seed).to_hex(), guardian.name)
    }

    /// Minutes since eight o'clock at which this child is seen on a day, in steps of ten.
    pub(crate) fn minute(&self, day: Date) -> u32 {
        self.seed.below(40, &self.label(&iso(day))) * 10
    }

    /// A chart record of kind `kind` by staff, with the second copy for the patient. `members` are
    /// the members of the resource beyond type, id and mark.
    pub(crate) fn chart(
        &self,
        name: &str,
        kind: u16,
        at: (Date, u32),
        author: Staff,
        members: Value,
    ) -> Entry {
        self.entry(name, kind, at, Author::Staff(author), fhir_type(kind), members)
    }

    /// As [`Scribe::chart`], for kind 2124 and 2125 where the type is free, and for family authors.
    pub(crate) fn entry(
        &self,
        name: &str,
        kind: u16,
        at: (Date, u32),
        author: Author,
        kind_of: &str,
        members: Value,
    ) -> Entry {
        let map: Map<String, Value> = fhir::resource(kind_of, &self.id(name));
        Entry {
            name: self.label(name),
            child: self.index,
            day: at.0,
            minute: at.1,
            author,
            to: if matches!(author, Author::Staff(_)) { To::Subject } else { To::Nobody },
            kind,
            compartment: if matches!(kind, kinds::PATIENT | kinds::VISIT) {
                Compartment::Desk
            } else {
                Compartment::Chart
            },
            sign: false,
            links: Vec::new(),
            resource: fhir::extend(map, members),
            registration: None,
            slot: None,
            bound_to: None,
        }
    }

    /// Keeps an entry; one of a day that has not ended yet is left out, for nothing is recorded
    /// before it happened. Returns its name.
    pub(crate) fn keep(&mut self, entry: Entry) -> Option<String> {
        if entry.day >= self.today {
            return None;
        }
        let name = entry.name.clone();
        self.entries.push(entry);
        Some(name)
    }

    /// The kept entry of this name.
    pub(crate) fn kept(&self, name: &str) -> Option<&Entry> {
        let label = self.label(name);
        self.entries.iter().find(|entry| entry.name == label)
    }

    /// Whether this child has an entry whose name starts so.
    pub(crate) fn last_kept(&self, prefix: &str) -> Option<&Entry> {
        let label = self.label(prefix);
        self.entries.iter().filter(|entry| entry.name.starts_with(&label)).max_by_key(|e| (e.day, e.minute))
    }

    pub(crate) fn moment(&self, at: (Date, u32)) -> String {
        iso_at(at.0, at.1)
    }
}

impl Entry {
    #[must_use]
    pub(crate) fn linked(mut self, to: &str, marker: &'static str) -> Self {
        self.links.push((to.to_owned(), marker));
        self
    }
    #[must_use]
    pub(crate) fn signed(mut self) -> Self {
        self.sign = true;
        self
    }
    #[must_use]
    pub(crate) fn to(mut self, to: To) -> Self {
        self.to = to;
        self
    }
    #[must_use]
    pub(crate) fn within(mut self, compartment: Compartment) -> Self {
        self.compartment = compartment;
        self
    }
    /// Says why a successor was written (PROTOCOL 2.2, fold).
    #[must_use]
    pub(crate) fn because(mut self, code: &str, text: &str) -> Self {
        let change = json!({
            "url": CHANGE_URL,
            "extension": [{"url": "code", "valueCode": code}, {"url": "text", "valueString": text}],
        });
        match self.resource["extension"].as_array_mut() {
            Some(extensions) => extensions.push(change),
            None => self.resource["extension"] = json!([change]),
        }
        self
    }
    /// Makes the record a successor of the resource with this id.
    #[must_use]
    pub(crate) fn with_id(mut self, id: &str) -> Self {
        self.resource["id"] = id.into();
        self
    }
}

/// The type that a kind carries; 2124 and 2125 name their own.
fn fhir_type(kind: u16) -> &'static str {
    match kind {
        kinds::PATIENT => "Patient",
        kinds::ENCOUNTER => "Encounter",
        kinds::MEDICATION | kinds::PRESCRIPTION => "MedicationRequest",
        kinds::OBSERVATION => "Observation",
        kinds::CONDITION => "Condition",
        kinds::ALLERGY => "AllergyIntolerance",
        kinds::IMMUNIZATION => "Immunization",
        kinds::MESSAGE => "Communication",
        kinds::ORDER => "ServiceRequest",
        kinds::REPORT => "DiagnosticReport",
        kinds::DOCUMENT => "DocumentReference",
        kinds::VISIT => "Appointment",
        _ => "Basic",
    }
}

#[cfg(test)]
mod tests;
