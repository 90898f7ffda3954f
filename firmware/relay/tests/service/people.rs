//! A practice with everybody in it: each role, an own key, guardians with more and with less, agents,
//! and those who may no longer; and every event that one of them can write.

use relaybox_protocol::Event;
use relaybox_protocol::drafts::{self, Draft};
use relaybox_protocol::envelope::{Record, seal_family, seal_staff};
use relaybox_protocol::event::tag;
use relaybox_protocol::grants::{Patients, Service, Suspended, Suspension, build_suspension};
use relaybox_protocol::keys::KeyRole;
use relaybox_protocol::permissions::{Compartment, Role, Word, preticked};
use relaybox_protocol::visits;
use serde_json::json;

use crate::practice::{Practice, keys, pk};
use crate::relay::Relay;

impl Practice {
    /// Beside [`Practice::staff`]: "ma", "confidential-nurse", "barred" (the same words, barred from
    /// "teen"), "suspended", "former" and "former-guardian"; "teen" with own key "own", "parent" (desk
    /// and chart) and "aunt" (desk); "scheduling" for the patients of clients, which "teen" is.
    pub(crate) async fn everybody(&mut self, relay: &Relay) {
        let confidential: Vec<Word> = [preticked(Role::Nurse), &[Word::Confidential][..]].concat();
        let hired = [
            self.roster("ma", Role::Ma, false),
            self.roster_of("confidential-nurse", Role::Nurse, &confidential, false),
            self.roster_of("barred", Role::Nurse, &confidential, false),
            self.roster("suspended", Role::Nurse, false),
            self.roster("former", Role::Nurse, false),
            self.agent_of("scheduling", Service::Scheduling, Patients::Clients, &[2126]),
        ];
        for event in &hired {
            relay.append(&[event]).await.unwrap();
        }
        let mut doctor = relay.login("doctor").await;
        let teen = self.with_own_key("doctor", "teen", "own");
        let links = [
            self.link("doctor", "teen", "parent", false),
            self.link_to("doctor", "teen", "aunt", &[Compartment::Desk], false),
            self.link("doctor", "teen", "former-guardian", false),
        ];
        let client = self.client("doctor", "school", "teen");
        for event in [&teen].into_iter().chain(&links).chain([&client]) {
            doctor.publish(event).await.stored();
        }
        relay.pass_seconds(1);
        let left = self.roster("former", Role::Nurse, true);
        relay.append(&[&left]).await.unwrap();
        let ended = self.link("doctor", "teen", "former-guardian", true);
        doctor.publish(&ended).await.stored();
        doctor.publish(&self.suspension("doctor", "suspended")).await.stored();
        doctor.publish(&self.suspension("doctor", "other-child")).await.stored();
        doctor.publish(&self.bar("doctor", "barred", "teen")).await.stored();
    }

    fn with_own_key(&mut self, author: &str, name: &str, own: &str) -> Event {
        let subject = self.prove(name, KeyRole::Subject);
        let proof = self.prove(own, KeyRole::Own);
        let extra = [
            tag("pop", [&pk(name).to_hex(), &subject]),
            tag("own", [&pk(own).to_hex()]),
            tag("pop", [&pk(own).to_hex(), &proof]),
        ];
        self.patient_with(author, name, &extra)
    }

    /// A 2108 that bars a member from one patient's records.
    pub(crate) fn bar(&self, author: &str, member: &str, child: &str) -> Event {
        let (of, scope) = (pk(member), pk(child));
        let bar = Suspension {
            of: Suspended::Person(&of),
            scope: Some(&scope),
            sequence: None,
            created_at: self.now(),
        };
        build_suspension(&keys(author), &bar)
    }

    /// A record of a member; the resource names no type that the relay could see.
    pub(crate) fn by_staff(
        &mut self,
        author: &str,
        kind: u16,
        compartment: Compartment,
        second_p: Option<&str>,
        sign: bool,
    ) -> Event {
        let extra = self.visit_tags(kind);
        let resource = json!({"resourceType": "Basic"});
        let plain = Record::plain(kind, &resource, pk("teen"), self.random.bytes32(), self.now());
        let record = Record { sign, extra: &extra, ..plain };
        let (pair, p, second) = (self.secret(compartment), self.p.public_key(), second_p.map(pk));
        let confidential = kind == 2123;
        seal_staff(&keys(author), &p, &pair, second.as_ref(), confidential, &record, &mut self.random)
            .unwrap()
    }

    /// A record of a patient, own key or guardian, in one copy.
    pub(crate) fn by_family(
        &mut self,
        author: &str,
        kind: u16,
        compartment: Compartment,
        second_p: Option<&str>,
        sign: bool,
    ) -> Event {
        let extra = self.visit_tags(kind);
        let resource = json!({"resourceType": "Basic"});
        let plain = Record::plain(kind, &resource, pk("teen"), self.random.bytes32(), self.now());
        let record = Record { sign, extra: &extra, ..plain };
        let (e, p, second) = (self.secret(compartment).public, self.p.public_key(), second_p.map(pk));
        let confidential = kind == 2123;
        seal_family(&keys(author), &p, &e, second.as_ref(), confidential, &record, &mut self.random).unwrap()
    }

    fn visit_tags(&self, kind: u16) -> Vec<relaybox_protocol::Tag> {
        if kind == 2126 { visits::tags(&[], &[], self.now(), self.now() + 900) } else { Vec::new() }
    }

    /// A draft or shared state in a slot of its own.
    pub(crate) fn draft(&mut self, author: &str, kind: u16, compartment: Compartment) -> Event {
        let name = relaybox_protocol::hex::encode(&self.random.bytes32());
        let d = if kind == 32110 { &name[..32] } else { &name };
        let state = serde_json::Map::new();
        let created_at = self.now();
        let draft = Draft { kind, d, state: &state, expiration: created_at + 100, created_at };
        let pair = self.secret(compartment);
        drafts::build(&keys(author), &pair, &draft, &mut self.random).unwrap()
    }

    /// What a person of the table writes: staff in two copies, families in one.
    pub(crate) fn writes(
        &mut self,
        author: &str,
        family: bool,
        kind: u16,
        act: bool,
        compartment: Compartment,
    ) -> Event {
        match kind {
            32110 | 32111 => self.draft(author, kind, compartment),
            _ if family => {
                let second = (kind == 2126).then_some("teen");
                self.by_family(author, kind, compartment, second, act)
            }
            2123 => self.by_staff(author, kind, compartment, Some("own"), act),
            _ => self.by_staff(author, kind, compartment, Some("teen"), act),
        }
    }
}
