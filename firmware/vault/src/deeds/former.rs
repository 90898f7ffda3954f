//! Epoch 0: the former practice's key certifies nothing and opens old records only. Here alone P does ECDH, with that
//! key (PROTOCOL 2.6).

use std::collections::BTreeSet;

use relaybox_protocol::PublicKey;
use relaybox_protocol::envelope::EpochSecret;
use relaybox_protocol::epochs::{Import, build_import, build_legacy_grant, open_legacy_escrow};
use relaybox_protocol::grants::{GrantRow, ROWS_MAX, build_patient_grant};
use relaybox_protocol::nip44::ConversationKey;
use relaybox_protocol::permissions::{Compartment, Role, Word, holds};
use relaybox_protocol::policy::Member;

use super::{DeedError, SignerDesk};
use crate::request::LegacyImport;

/// Most key rows of one transaction: what the relay's line holds.
const ROWS_OF_ALL_MAX: usize = 50_000;

impl SignerDesk<'_> {
    /// The 2105 of epoch 0, once; X1 and the rows of these patients and guardians to each holder of `chart`.
    pub(super) fn import(&mut self, import: &LegacyImport) -> Result<(), DeedError> {
        let secret = self.contents.legacy.clone().ok_or(DeedError::NoFormerKey)?;
        let former = EpochSecret::new(secret);
        let x1 = former.practice_key()?;
        if former.public != import.former {
            return Err(DeedError::OtherFormer);
        }
        self.former_epoch(import, &x1)?;
        let readers: BTreeSet<PublicKey> = import.patients.iter().chain(&import.guardians).copied().collect();
        let holders: Vec<Member> = self.staying(&BTreeSet::new());
        let holders: Vec<&Member> =
            holders.iter().filter(|member| member.holds(Compartment::Chart)).collect();
        if readers.len() * holders.len() > ROWS_OF_ALL_MAX {
            return Err(DeedError::TooManyRows(ROWS_OF_ALL_MAX / holders.len().max(1)));
        }
        let row = |subject: PublicKey| {
            let key = former.reader_key(&subject)?;
            Ok::<_, DeedError>(GrantRow { epoch_key: former.public, subject, key })
        };
        let rows = readers.into_iter().map(row).collect::<Result<Vec<_>, _>>()?;
        for holder in holders {
            let practice = &self.contents.practice;
            let grant = build_legacy_grant(practice, &holder.key, &x1, self.now, self.random)?;
            self.events.push(grant);
            for rows in rows.chunks(ROWS_MAX) {
                let (key, entry) = (&holder.key, &holder.entry);
                let grant = build_patient_grant(practice, key, entry, rows, self.now, self.random)?;
                self.events.push(grant);
            }
        }
        Ok(())
    }

    /// Whose former events count is said once. Later imports bring rows only.
    fn former_epoch(&mut self, import: &LegacyImport, x1: &ConversationKey) -> Result<(), DeedError> {
        let mut signers = vec![import.former];
        signers.extend(import.staff.iter().chain(&import.guardians));
        if let Some(epoch) = self.history.view(self.now).legacy_epoch() {
            if epoch.chart != import.former {
                return Err(DeedError::OtherFormer);
            }
            let known: BTreeSet<&PublicKey> = epoch.signers.iter().collect();
            return if signers.iter().all(|key| known.contains(key)) {
                Ok(())
            } else {
                Err(DeedError::Signers)
            };
        }
        let mut seen = BTreeSet::new();
        signers.retain(|key| seen.insert(*key));
        let import = Import {
            former: &import.former,
            signers: &signers,
            escrow: &self.contents.escrow.public_key(),
            practice_key: x1,
            sequence: self.sequence(),
            created_at: self.now,
        };
        let event = build_import(&self.contents.practice, &import, self.random)?;
        self.keep(event);
        Ok(())
    }

    /// A new colleague who holds `chart` gets X1 of the former practice as well.
    pub(super) fn former_secret(
        &mut self,
        member: &PublicKey,
        role: Role,
        words: &[Word],
    ) -> Result<(), DeedError> {
        let words: BTreeSet<Word> = words.iter().copied().collect();
        let event =
            self.history.view(self.now).legacy_epoch().and_then(|epoch| self.history.event(&epoch.event));
        let Some(event) = event.filter(|_| holds(role, &words, Compartment::Chart)) else { return Ok(()) };
        let x1 = open_legacy_escrow(self.contents.escrow.secret_key(), event).ok_or(DeedError::Epoch)?;
        let grant = build_legacy_grant(&self.contents.practice, member, &x1, self.now, self.random)?;
        self.events.push(grant);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use relaybox_protocol::epochs::Keyring;
    use relaybox_protocol::event::{self, tag_value};
    use relaybox_protocol::grants::open_patient_grant;
    use relaybox_protocol::policy::Person;
    use relaybox_protocol::refusal::Refusal;
    use relaybox_protocol::{Event, kinds};

    use super::*;
    use crate::request::{LinkChange, LinkGrant, Operation, RosterChange};
    use crate::testing::{TestBox, keys, pk};

    /// A box with an owner, a nurse and a front desk, whose sealed file holds the former key.
    fn furnished() -> TestBox {
        let mut it = TestBox::claimed();
        let nurse = it.joining("nurse", "Nils Formerly, RN", Role::Nurse);
        let desk = it.joining("desk", "Fern Deskson", Role::FrontDesk);
        let changes = vec![RosterChange::Join(nurse), RosterChange::Join(desk)];
        it.perform(&Operation::Roster { changes }).unwrap();
        it.contents = it.contents.with_legacy(keys("former").secret_key().clone());
        it
    }

    fn asked(patients: &[&str], guardians: &[&str]) -> LegacyImport {
        let all = |names: &[&str]| names.iter().map(|name| pk(name)).collect();
        LegacyImport {
            former: pk("former"),
            staff: all(&["old nurse"]),
            guardians: all(guardians),
            patients: all(patients),
        }
    }

    fn import(it: &mut TestBox, import: LegacyImport) -> Result<Vec<Event>, DeedError> {
        it.perform(&Operation::ImportLegacy(import))
    }

    fn to<'e>(events: &'e [Event], kind: u16, member: &str) -> Vec<&'e Event> {
        let of = |event: &&Event| event.kind.as_u16() == kind && event::p_tag(event, 0) == Some(pk(member));
        events.iter().filter(of).collect()
    }

    fn x1_of(it: &TestBox, member: &str) -> Option<ConversationKey> {
        let grants: Vec<Event> =
            to(&it.events, kinds::PRACTICE_KEY_GRANT, member).into_iter().cloned().collect();
        Keyring::collect(keys(member).secret_key(), &[], &grants).legacy().cloned()
    }

    fn conversation(secret: &str, with: &str) -> ConversationKey {
        ConversationKey::derive(keys(secret).secret_key(), &pk(with)).unwrap()
    }

    #[test]
    fn an_import_is_epoch_0_and_what_each_holder_of_the_chart_opens_with() {
        let mut it = furnished();
        let events = import(&mut it, asked(&["child", "other"], &["mother", "child"])).unwrap();
        let epoch = it.policy.now(0).legacy_epoch().unwrap().clone();
        assert_eq!((epoch.n, epoch.chart), (0, pk("former")));
        assert_eq!(epoch.signers, ["former", "old nurse", "mother", "child"].map(pk));
        assert_eq!(it.policy.now(0).epoch().unwrap().n, 1, "it is never current");
        assert_eq!(tag_value(&events[0], "n", 0), Some("0"));
        assert!(to(&events, kinds::PRACTICE_KEY_GRANT, "desk").is_empty(), "the front desk holds no chart");
        for member in ["owner", "nurse"] {
            assert_eq!(x1_of(&it, member), Some(conversation("former", "former")), "{member}");
            let [grant] = to(&events, kinds::PATIENT_KEY_GRANT, member)[..] else { panic!("one 2100") };
            let entry = it.policy.now(0).member(&pk(member)).unwrap().entry;
            assert_eq!(tag_value(grant, "authority", 0), Some(entry.to_hex().as_str()));
            let rows = open_patient_grant(keys(member).secret_key(), grant).unwrap();
            let opened: BTreeSet<PublicKey> = rows.iter().map(|row| row.subject).collect();
            assert_eq!(opened, ["child", "other", "mother"].map(pk).into(), "a key that is both stands once");
            for (row, name) in
                rows.iter().flat_map(|row| ["child", "other", "mother"].map(|name| (row, name)))
            {
                assert_eq!(row.key == conversation(name, "former"), row.subject == pk(name));
            }
        }
        let v = it.contents.escrow.secret_key();
        assert_eq!(open_legacy_escrow(v, &events[0]), Some(conversation("former", "former")));
    }

    #[test]
    fn a_second_import_brings_rows_and_no_new_signer() {
        let mut it = furnished();
        import(&mut it, asked(&["child"], &["mother"])).unwrap();
        let events = import(&mut it, asked(&["later"], &["mother"])).unwrap();
        assert!(events.iter().all(|event| event.kind.as_u16() != kinds::PRACTICE_EPOCH));
        assert_eq!(to(&events, kinds::PATIENT_KEY_GRANT, "nurse").len(), 1);
        let stranger = import(&mut it, asked(&["later"], &["stranger"]));
        assert!(matches!(stranger, Err(DeedError::Signers)));
        it.contents = it.contents.with_legacy(keys("other practice").secret_key().clone());
        let other = LegacyImport { former: pk("other practice"), ..asked(&[], &[]) };
        assert!(matches!(import(&mut it, other), Err(DeedError::OtherFormer)));
    }

    #[test]
    fn without_the_former_key_or_with_another_one_nothing_is_signed() {
        let mut it = furnished();
        it.contents.legacy = None;
        assert!(matches!(import(&mut it, asked(&["child"], &[])), Err(DeedError::NoFormerKey)));
        it.contents = it.contents.with_legacy(keys("other").secret_key().clone());
        assert!(matches!(import(&mut it, asked(&["child"], &[])), Err(DeedError::OtherFormer)));
        it.contents = it.contents.with_legacy(keys("former").secret_key().clone());
        import(&mut it, asked(&["child"], &[])).unwrap();
    }

    #[test]
    fn a_key_of_this_practice_is_no_former_practice() {
        let mut it = furnished();
        it.contents = it.contents.with_legacy(keys("nurse").secret_key().clone());
        let own = LegacyImport { former: pk("nurse"), ..asked(&["child"], &[]) };
        assert!(matches!(import(&mut it, own), Err(DeedError::Refused(Refusal::KeyInUse))));
    }

    #[test]
    fn more_rows_than_one_event_holds_become_several_and_too_many_are_refused() {
        let mut it = furnished();
        let names: Vec<String> = (0..=ROWS_MAX).map(|n| format!("child {n}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let events = import(&mut it, asked(&names, &[])).unwrap();
        assert_eq!(to(&events, kinds::PATIENT_KEY_GRANT, "nurse").len(), 2);
        let many: Vec<PublicKey> = (1..=25_001_u32)
            .map(|n| {
                let mut bytes = [0; 32];
                bytes[..4].copy_from_slice(&n.to_be_bytes());
                PublicKey::from_byte_array(bytes)
            })
            .collect();
        let many = LegacyImport { patients: many, ..asked(&[], &[]) };
        assert!(matches!(import(&mut it, many), Err(DeedError::TooManyRows(25_000))));
    }

    #[test]
    fn who_joins_after_the_import_opens_the_former_records_if_they_hold_the_chart() {
        let mut it = furnished();
        import(&mut it, asked(&["child"], &[])).unwrap();
        let doctor = it.joining("doctor", "Dr. Basil Mockford", Role::Doctor);
        let clerk = it.joining("clerk", "Cleo Deskson", Role::FrontDesk);
        let changes = vec![RosterChange::Join(doctor), RosterChange::Join(clerk)];
        it.perform(&Operation::Roster { changes }).unwrap();
        assert_eq!(x1_of(&it, "doctor"), Some(conversation("former", "former")));
        assert_eq!(x1_of(&it, "clerk"), None);
        let leave = vec![RosterChange::Leave { key: pk("nurse") }, {
            let late = it.joining("late", "Lia Testwell, RN", Role::Nurse);
            RosterChange::Join(late)
        }];
        it.perform(&Operation::Roster { changes: leave }).unwrap();
        assert_eq!(x1_of(&it, "late"), Some(conversation("former", "former")));
    }

    #[test]
    fn a_patient_of_the_import_counts_in_the_vaults_history_and_gets_a_guardian() {
        let mut it = furnished();
        assert_eq!(it.register("desk", "child", true).unwrap_err(), Refusal::ProofOfPossession);
        import(&mut it, asked(&["child"], &[])).unwrap();
        // The relay sees the imported events; the vault is given policy and receipts only.
        it.policy.note_import(pk("child"));
        it.register("desk", "child", true).unwrap();
        let history = it.history().unwrap();
        assert!(matches!(history.view(0).person(&pk("child")), Person::Patient(_)));
        let grant = LinkGrant {
            child: pk("child"),
            guardian: pk("mother"),
            name: "Mia Testwell".to_owned(),
            relationship: "mother".to_owned(),
            compartments: vec!["desk".to_owned()],
            until: None,
            pop: it.pop("mother", relaybox_protocol::keys::KeyRole::Guardian),
        };
        it.perform(&Operation::Link(LinkChange::Grant(grant))).unwrap();
    }
}
