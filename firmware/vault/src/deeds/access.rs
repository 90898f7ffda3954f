//! Who outside the staff reads by P's own word: guardians and FHIR clients.

use relaybox_protocol::grants::{ClientEntry, ClientSubject, LinkEntry, build_client_grant, build_link};
use relaybox_protocol::{Event, EventId};

use super::{DeedError, Desk, KeyRole, SignerDesk};
use crate::request::{ClientChange, ClientGrant, LinkChange, LinkGrant, Whom};

impl SignerDesk<'_> {
    pub(super) fn link(&mut self, change: &LinkChange) -> Result<(), DeedError> {
        let event = match change {
            LinkChange::Grant(grant) => self.link_grant(grant)?,
            LinkChange::End { child, guardian } => {
                let entry = self.history.view(self.now).link_entry(child, guardian);
                self.ended(entry).ok_or(DeedError::NoLink)?
            }
        };
        self.keep(event);
        Ok(())
    }

    fn link_grant(&mut self, grant: &LinkGrant) -> Result<Event, DeedError> {
        self.proved(&grant.guardian, KeyRole::Guardian, &grant.pop)?;
        let (sequence, created_at) = (Some(self.sequence()), self.now);
        let current = self.epoch.as_ref().ok_or(DeedError::Epoch)?;
        let entry = LinkEntry {
            child: grant.child,
            guardian: grant.guardian,
            compartments: &grant.compartments()?,
            until: grant.until,
            ended: false,
            pop: &grant.pop,
            name: &grant.name,
            relationship: &grant.relationship,
            desk: Desk { n: current.n, pair: &current.desk },
            sequence,
            created_at,
        };
        Ok(build_link(&self.contents.practice, &entry, self.random)?)
    }

    pub(super) fn client(&mut self, change: &ClientChange) -> Result<(), DeedError> {
        match change {
            ClientChange::Grant(grant) => match &grant.patients {
                Whom::All { export } => self.client_grant(grant, ClientSubject::All { export: *export }),
                Whom::Named { keys } => {
                    keys.iter().try_for_each(|key| self.client_grant(grant, ClientSubject::Patient(key)))
                }
            },
            ClientChange::End { client } => {
                let entries = self.history.view(self.now).client_entries(client);
                if entries.is_empty() {
                    return Err(DeedError::NoClient);
                }
                for entry in entries {
                    let event = self.ended(Some(entry)).ok_or(DeedError::NoClient)?;
                    self.keep(event);
                }
                Ok(())
            }
        }
    }

    fn client_grant(&mut self, grant: &ClientGrant, subject: ClientSubject<'_>) -> Result<(), DeedError> {
        let (sequence, created_at) = (Some(self.sequence()), self.now);
        let current = self.epoch.as_ref().ok_or(DeedError::Epoch)?;
        let scopes: Vec<&str> = grant.scopes.iter().map(String::as_str).collect();
        let entry = ClientEntry {
            client: &grant.client,
            subject,
            key: grant.key.as_tag(),
            scopes: &scopes,
            until: grant.until,
            ended: false,
            purpose: &grant.purpose,
            desk: Desk { n: current.n, pair: &current.desk },
            sequence,
            created_at,
        };
        let event = build_client_grant(&self.contents.practice, &entry, self.random)?;
        self.keep(event);
        Ok(())
    }

    /// The ending of an event of the history.
    fn ended(&self, entry: Option<EventId>) -> Option<Event> {
        self.history.event(&entry?).map(|event| self.ending(event))
    }
}

#[cfg(test)]
mod tests {
    use relaybox_protocol::grants::{ClientKey, Suspended, Suspension, build_suspension};
    use relaybox_protocol::kinds;
    use relaybox_protocol::permissions::{Compartment, Role};
    use relaybox_protocol::refusal::Refusal;

    use super::*;
    use crate::request::{KeyName, Operation, RosterChange};
    use crate::testing::{START, TestBox, keys, pk};

    const YEAR: u64 = 366 * 86_400;

    /// A box with an owner, a front desk and a registered child.
    fn with_child() -> TestBox {
        let mut it = TestBox::claimed();
        let desk = it.joining("desk", "Fern Deskson", Role::FrontDesk);
        it.perform(&Operation::Roster { changes: vec![RosterChange::Join(desk)] }).unwrap();
        it.register("desk", "child", false).unwrap();
        it
    }

    fn grant(it: &mut TestBox, guardian: &str) -> LinkGrant {
        LinkGrant {
            child: pk("child"),
            guardian: pk(guardian),
            name: "Mia Testwell".to_owned(),
            relationship: "mother".to_owned(),
            compartments: ["desk", "chart"].map(str::to_owned).into(),
            until: None,
            pop: it.pop(guardian, KeyRole::Guardian),
        }
    }

    fn by_practice(it: &mut TestBox, guardian: &str) -> Result<Vec<Event>, DeedError> {
        let grant = grant(it, guardian);
        it.perform(&Operation::Link(LinkChange::Grant(grant)))
    }

    fn end_by_practice(it: &mut TestBox, guardian: &str) -> Result<Vec<Event>, DeedError> {
        it.perform(&Operation::Link(LinkChange::End { child: pk("child"), guardian: pk(guardian) }))
    }

    /// The front desk links, or unlinks.
    fn by_desk(it: &mut TestBox, guardian: &str, ended: bool) -> Result<Event, Refusal> {
        let (epoch, pop) = (it.epoch(), it.pop(guardian, KeyRole::Guardian));
        let entry = LinkEntry {
            child: pk("child"),
            guardian: pk(guardian),
            compartments: &[Compartment::Desk, Compartment::Chart],
            until: None,
            ended,
            pop: &pop,
            name: "Mia Testwell",
            relationship: "mother",
            desk: TestBox::desk(&epoch),
            sequence: None,
            created_at: it.now,
        };
        let event = build_link(&keys("desk"), &entry, &mut it.random).unwrap();
        it.take(std::slice::from_ref(&event))?;
        Ok(event)
    }

    fn reads(it: &TestBox, guardian: &str) -> bool {
        !it.policy.now(0).links_of(&pk(guardian)).is_empty()
    }

    #[test]
    fn what_the_practice_key_ended_no_front_desk_restores_and_it_alone_does() {
        let mut it = with_child();
        by_desk(&mut it, "mother", false).unwrap();
        by_desk(&mut it, "mother", true).unwrap();
        by_desk(&mut it, "mother", false).unwrap();
        assert!(reads(&it, "mother"), "what the front desk ended it restores");
        end_by_practice(&mut it, "mother").unwrap();
        assert!(!reads(&it, "mother"));
        assert_eq!(by_desk(&mut it, "mother", false).unwrap_err(), Refusal::EndedByPractice);
        let events = by_practice(&mut it, "mother").unwrap();
        assert_eq!((events.len(), events[0].kind.as_u16()), (1, kinds::GUARDIAN_LINK));
        assert!(reads(&it, "mother"));
        assert!(events.iter().all(|event| !event.as_json().contains("Mia")), "her name is under a key");
    }

    #[test]
    fn a_link_that_is_suspended_or_ended_by_staff_is_ended_for_good_too() {
        for suspended in [true, false] {
            let mut it = with_child();
            let link = by_desk(&mut it, "mother", false).unwrap();
            if suspended {
                let of = Suspended::Link(&link.id);
                let suspension = Suspension { of, scope: None, sequence: None, created_at: it.now };
                it.take(&[build_suspension(&keys("owner"), &suspension)]).unwrap();
            } else {
                by_desk(&mut it, "mother", true).unwrap();
            }
            end_by_practice(&mut it, "mother").unwrap();
            assert_eq!(by_desk(&mut it, "mother", false).unwrap_err(), Refusal::EndedByPractice);
            assert!(matches!(end_by_practice(&mut it, "mother"), Err(DeedError::NoLink)), "it is ended");
        }
    }

    #[test]
    fn nobody_is_linked_without_proof_and_to_nobody_who_is_no_patient() {
        let mut it = with_child();
        assert!(matches!(end_by_practice(&mut it, "mother"), Err(DeedError::NoLink)));
        let unproved = LinkGrant { pop: it.pop("other", KeyRole::Guardian), ..grant(&mut it, "mother") };
        let unproved = it.perform(&Operation::Link(LinkChange::Grant(unproved)));
        assert!(matches!(unproved, Err(DeedError::Key)));
        let stranger = LinkGrant { child: pk("stranger"), ..grant(&mut it, "mother") };
        let stranger = it.perform(&Operation::Link(LinkChange::Grant(stranger)));
        assert!(matches!(stranger, Err(DeedError::Refused(Refusal::Subject))));
        by_practice(&mut it, "mother").unwrap();
    }

    fn client(patients: Whom, until: u64) -> ClientGrant {
        ClientGrant {
            client: "growth-charts".to_owned(),
            patients,
            key: KeyName::Key { key: pk("program") },
            scopes: vec!["patient/Observation.rs".to_owned()],
            until,
            purpose: "growth charts".to_owned(),
        }
    }

    fn by_practice_client(it: &mut TestBox, grant: ClientGrant) -> Result<Vec<Event>, DeedError> {
        it.perform(&Operation::Client(ClientChange::Grant(grant)))
    }

    /// The same by the owner, who holds `admin`.
    fn by_admin(it: &mut TestBox, subject: ClientSubject<'_>, until: u64) -> Result<(), Refusal> {
        let (epoch, program) = (it.epoch(), pk("program"));
        let entry = ClientEntry {
            client: "growth-charts",
            subject,
            key: ClientKey::Key(&program),
            scopes: &["patient/Observation.rs"],
            until,
            ended: false,
            purpose: "growth charts",
            desk: TestBox::desk(&epoch),
            sequence: None,
            created_at: it.now,
        };
        let event = build_client_grant(&keys("owner"), &entry, &mut it.random).unwrap();
        it.take(&[event])
    }

    fn live(it: &TestBox) -> usize {
        it.policy.now(0).client_grants().len()
    }

    #[test]
    fn more_than_a_year_and_all_patients_are_granted_by_the_practice_key_only() {
        let mut it = with_child();
        let (child, now) = (pk("child"), it.now);
        let one = Whom::Named { keys: vec![child] };
        by_admin(&mut it, ClientSubject::Patient(&child), now + YEAR).unwrap();
        let long = now + 3 * YEAR;
        let refused = Err(Refusal::PolicyAuthority);
        assert_eq!(by_admin(&mut it, ClientSubject::Patient(&child), long), refused);
        by_practice_client(&mut it, client(one, long)).unwrap();
        for export in [false, true] {
            assert_eq!(by_admin(&mut it, ClientSubject::All { export }, now + 1_000), refused);
            by_practice_client(&mut it, client(Whom::All { export }, now + 1_000)).unwrap();
        }
        assert_eq!(live(&it), 2);
        let events = it.perform(&Operation::Client(ClientChange::End { client: "growth-charts".to_owned() }));
        assert_eq!((events.unwrap().len(), live(&it)), (2, 0));
        let again = by_admin(&mut it, ClientSubject::Patient(&child), now + YEAR);
        assert_eq!(again, Err(Refusal::EndedByPractice));
        let again = it.perform(&Operation::Client(ClientChange::End { client: "growth-charts".to_owned() }));
        assert!(matches!(again, Err(DeedError::NoClient)));
    }

    #[test]
    fn the_fifty_first_patient_of_a_client_is_granted_by_the_practice_key_only() {
        let mut it = with_child();
        let children: Vec<String> = (0..51).map(|n| format!("child {n}")).collect();
        for child in &children {
            it.register("desk", child, false).unwrap();
        }
        let until = START + YEAR;
        for child in &children[..50] {
            by_admin(&mut it, ClientSubject::Patient(&pk(child)), until).unwrap();
        }
        let last = by_admin(&mut it, ClientSubject::Patient(&pk(&children[50])), until);
        assert_eq!(last, Err(Refusal::ClientPatients));
        let keys = children.iter().map(|child| pk(child)).collect();
        by_practice_client(&mut it, client(Whom::Named { keys }, until)).unwrap();
        assert_eq!(live(&it), 51);
    }
}
