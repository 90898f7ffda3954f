//! Clinical records, registration and guardian links, each by its author.

use relaybox_protocol::envelope::{Record, seal_family, seal_staff};
use relaybox_protocol::event::{Link as RecordLink, key_tag, tag};
use relaybox_protocol::grants::{Desk, LinkEntry, build_link};
use relaybox_protocol::keys::{KeyRole, prove};
use relaybox_protocol::permissions::Compartment;
use relaybox_protocol::random::Random;
use relaybox_protocol::{Event, Keys, PublicKey, Tag, visits};

use super::ceremonies::holds;
use super::{Link, Script, ScriptError, Step};
use crate::demo::calendar::{months_after, unix_at};
use crate::demo::cast::{Guardian, Staff, guardian_of};
use crate::demo::plan::{Author, Entry, Registration, To};

impl<Give: FnMut(Step) -> bool> Script<'_, Give> {
    /// Publishes one entry and what comes with it.
    pub(super) fn record(&mut self, entry: &Entry) -> Result<(), ScriptError> {
        if let Author::Staff(staff) = entry.author {
            let registering = entry.registration.is_some();
            if !registering && holds(staff, Compartment::Chart) && !self.settled.contains(&entry.child) {
                self.write_grants(staff, entry.child)?;
            }
        }
        match entry.registration {
            None => {
                let waits = entry.links.iter().any(|(name, _)| self.open.contains(name));
                self.send(entry, Vec::new(), waits)
            }
            Some(registration) => self.register(entry, registration),
        }
    }

    fn send(&mut self, entry: &Entry, extra: Vec<Tag>, after_all: bool) -> Result<(), ScriptError> {
        let author = self.author(entry)?;
        let event = self.seal(entry, &author, &extra)?;
        let id = self.publish(author, &entry.name, event, after_all)?;
        self.ids.insert(entry.name.clone(), id);
        Ok(())
    }

    fn author(&self, entry: &Entry) -> Result<Keys, ScriptError> {
        let plan = self.plan;
        let (seed, child) = (&plan.seed, &plan.children[entry.child]);
        let missing = || ScriptError::Missing(entry.name.clone());
        match entry.author {
            Author::Staff(staff) => Ok(staff.keys(seed)),
            Author::Guardian(id) => Ok(guardian_of(id).ok_or_else(missing)?.keys(seed)),
            Author::Subject => Ok(child.subject(seed)),
            Author::Own => child.own(seed).ok_or_else(missing),
        }
    }

    fn seal(&mut self, entry: &Entry, author: &Keys, extra: &[Tag]) -> Result<Event, ScriptError> {
        let missing = || ScriptError::Missing(entry.name.clone());
        let subject = self.subjects[entry.child].newest().ok_or_else(missing)?;
        let bound = self.subjects[entry.bound_to.unwrap_or(entry.child)].newest().ok_or_else(missing)?;
        let links = self.links_of(entry)?;
        let mut extra = extra.to_vec();
        if let Some(slot) = &entry.slot {
            let provider = self.staff(slot.provider).public_key();
            let guardian =
                slot.guardian.and_then(guardian_of).map(|guardian| guardian.public(&self.plan.seed));
            extra.extend(visits::tags(&[provider], guardian.as_slice(), slot.start, slot.end));
        }
        let record = Record {
            kind: entry.kind,
            resource: &entry.resource,
            subject: bound,
            r: self.plan.seed.bytes(&format!("r/{}", entry.name)),
            sign: entry.sign,
            links: &links,
            blobs: &[],
            extra: &extra,
            created_at: self.next_moment(),
        };
        let reader = self.reader(entry, subject)?;
        let confidential = entry.compartment == Compartment::Confidential;
        let practice = self.practice.public_key();
        let mut random = Random::os();
        let epoch = self.current()?.of(entry.compartment);
        let sealed = if matches!(entry.author, Author::Staff(_)) {
            seal_staff(author, &practice, epoch, reader.as_ref(), confidential, &record, &mut random)
        } else {
            let second = entry.slot.as_ref().map(|_| &subject);
            seal_family(author, &practice, &epoch.public, second, confidential, &record, &mut random)
        };
        sealed.map_err(|error| ScriptError::Record(entry.name.clone(), error))
    }

    fn reader(&self, entry: &Entry, subject: PublicKey) -> Result<Option<PublicKey>, ScriptError> {
        let missing = || ScriptError::Missing(entry.name.clone());
        Ok(match entry.to {
            To::Subject => Some(subject),
            To::Own => Some(self.subjects[entry.child].own.ok_or_else(missing)?),
            To::Guardian(id) => Some(guardian_of(id).ok_or_else(missing)?.public(&self.plan.seed)),
            To::Nobody => None,
        })
    }

    fn links_of(&self, entry: &Entry) -> Result<Vec<RecordLink>, ScriptError> {
        let link = |(name, marker): &(String, &'static str)| {
            let id = *self.ids.get(name).ok_or_else(|| ScriptError::Missing(name.clone()))?;
            Ok(RecordLink { id, marker: (*marker).to_owned() })
        };
        entry.links.iter().map(link).collect()
    }

    /// A 2110 and the keys and links that change with it.
    fn register(&mut self, entry: &Entry, registration: Registration) -> Result<(), ScriptError> {
        let plan = self.plan;
        let (seed, child) = (&plan.seed, &plan.children[entry.child]);
        let practice = self.practice.public_key();
        match registration {
            Registration::New => {
                let subject = child.subject(seed);
                let pop = prove(&subject, &practice, KeyRole::Subject, &mut Random::os());
                self.subjects[entry.child].line.push(subject.public_key());
                self.send(entry, vec![tag("pop", [&subject.public_key().to_hex(), &pop])], true)?;
                for guardian in child.guardians() {
                    self.link(entry.child, guardian, false)?;
                }
            }
            Registration::Own => {
                let own = child.own(seed).ok_or_else(|| ScriptError::Missing(entry.name.clone()))?;
                let pop = prove(&own, &practice, KeyRole::Own, &mut Random::os());
                let key = own.public_key();
                self.subjects[entry.child].own = Some(key);
                self.send(entry, vec![key_tag("own", &key), tag("pop", [&key.to_hex(), &pop])], true)?;
            }
            Registration::Rekey(ended) => {
                if let Some(guardian) = guardian_of(ended) {
                    self.link(entry.child, guardian, true)?;
                }
                let old = self.subjects[entry.child].newest();
                let old = old.ok_or_else(|| ScriptError::Missing(entry.name.clone()))?;
                let next = child.second_subject(seed);
                let pop = prove(&next, &practice, KeyRole::Subject, &mut Random::os());
                self.subjects[entry.child].line.push(next.public_key());
                let tags = vec![tag("pop", [&next.public_key().to_hex(), &pop]), key_tag("rekey", &old)];
                self.send(entry, tags, true)?;
            }
        }
        self.settled.remove(&entry.child);
        self.barrier = true;
        Ok(())
    }

    /// Writes or ends a 2104, by the front desk. It runs until the eighteenth birthday.
    fn link(&mut self, child: usize, guardian: &'static Guardian, ended: bool) -> Result<(), ScriptError> {
        let keys = guardian.keys(&self.plan.seed);
        let pop = prove(&keys, &self.practice.public_key(), KeyRole::Guardian, &mut Random::os());
        let subject =
            self.subjects[child].newest().ok_or_else(|| ScriptError::Missing(guardian.id.to_owned()))?;
        let created_at = self.next_moment();
        let majority = months_after(self.plan.children[child].birth, 18 * 12);
        let current = self.current()?;
        let entry = LinkEntry {
            child: subject,
            guardian: keys.public_key(),
            compartments: &[Compartment::Desk, Compartment::Chart],
            until: Some(unix_at(majority, 0)),
            ended,
            pop: &pop,
            name: guardian.name,
            relationship: guardian.relationship.1,
            desk: Desk { n: current.n, pair: &current.desk },
            sequence: None,
            created_at,
        };
        let front_desk = self.staff(Staff::FrontDesk);
        let event = build_link(&front_desk, &entry, &mut Random::os())?;
        let name = format!("link of {}", guardian.name);
        self.publish(front_desk, &name, event, true)?;
        if ended {
            for link in
                self.links.iter_mut().filter(|link| link.child == child && link.guardian == guardian.id)
            {
                link.live = false;
            }
        } else {
            self.links.push(Link { child, guardian: guardian.id, live: true });
        }
        self.barrier = true;
        Ok(())
    }
}
