//! Ciphertext of one record in an envelope of another author, person, kind, epoch or time is never shown
//! (S-05, CRY-011).

use std::sync::LazyLock;

use proptest::prelude::*;
use serde_json::json;

use super::world::{Draft, World, draft, message, weight};
use crate::envelope::EpochSecret;
use crate::event::{self, key_tag, tag};
use crate::kinds;
use crate::permissions::Compartment;
use crate::reader::Outcome;
use crate::{Event, Keys, PublicKey, Tag};

struct Setting {
    /// Records that are shown.
    records: Vec<Event>,
    signers: Vec<Keys>,
    subjects: Vec<PublicKey>,
    epochs: Vec<EpochSecret>,
}

static SETTING: LazyLock<Setting> = LazyLock::new(|| {
    let mut w = World::new();
    let setting = build(&mut w);
    for event in &setting.records {
        w.receive(event);
    }
    let doctor = w.doctor.clone();
    let out = w.reader(&doctor).read(&setting.records, None);
    assert!(out.values().all(|outcome| matches!(outcome, Outcome::Shown(_))));
    setting
});

/// The same events every time: the world is seeded.
fn build(w: &mut World) -> Setting {
    let (doctor, nurse, parent, own) = (w.doctor.clone(), w.nurse.clone(), w.parent.clone(), w.own.clone());
    let (child, teen) = (w.child.public_key(), w.teen.public_key());
    let allergy = json!({"resourceType": "AllergyIntolerance", "code": {"text": "Peanut"}});
    let records = vec![
        w.staff(&doctor, &draft(kinds::OBSERVATION, weight(9.5), &child)),
        w.staff(&nurse, &draft(kinds::ALLERGY, allergy, &teen)),
        w.staff(&doctor, &draft(kinds::MESSAGE, message("answer"), &child)),
        w.staff(
            &doctor,
            &Draft {
                reader: Some(own.public_key()),
                compartment: Compartment::Confidential,
                ..draft(kinds::OBSERVATION, weight(50.0), &teen)
            },
        ),
        w.family(&parent, &Draft { reader: None, ..draft(kinds::MESSAGE, message("question"), &child) }),
    ];
    Setting {
        records,
        signers: vec![
            doctor,
            nurse,
            w.ma.clone(),
            w.desk.clone(),
            parent,
            own,
            w.child.clone(),
            w.random.keys(),
        ],
        subjects: vec![child, teen, w.own.public_key(), w.parent.public_key()],
        epochs: Compartment::ALL.map(|c| w.pair(c)).to_vec(),
    }
}

#[derive(Debug, Clone)]
struct Change {
    record: usize,
    signer: usize,
    second: Option<usize>,
    kind: Option<u16>,
    epoch: Option<usize>,
    /// Which copy becomes the content.
    swap: bool,
    form: bool,
    drop_pc: bool,
    links: bool,
}

fn change() -> impl Strategy<Value = Change> {
    let kinds = prop::option::of(prop::sample::select(
        (2110..=2126).filter(|k| *k != kinds::RECEIPT).collect::<Vec<u16>>(),
    ));
    (
        0..5usize,
        0..8usize,
        prop::option::of(0..5usize),
        kinds,
        prop::option::of(0..3usize),
        any::<[bool; 4]>(),
    )
        .prop_map(|(record, signer, second, kind, epoch, [swap, form, drop_pc, links])| Change {
            record,
            signer,
            second,
            kind,
            epoch,
            swap,
            form,
            drop_pc,
            links,
        })
}

/// The ciphertexts of a record in another envelope; none when nothing is other than before.
fn transplant(setting: &Setting, change: &Change) -> Option<Event> {
    let from = &setting.records[change.record];
    let mut signer = &setting.signers[change.signer];
    if signer.public_key() == from.pubkey
        && change.second.is_none()
        && change.kind.is_none()
        && change.epoch.is_none()
    {
        // The author's own words in own envelope with other links are an act of the author.
        signer = setting.signers.last()?;
    }
    let mut tags: Vec<Tag> = Vec::new();
    let first = change.epoch.map_or_else(|| event::p_tag(from, 0), |n| Some(setting.epochs[n].public))?;
    tags.push(key_tag("p", &first));
    let second = match change.second {
        Some(4) => None,
        Some(n) => Some(setting.subjects[n]),
        None => event::p_tag(from, 1),
    };
    tags.extend(second.map(|key| key_tag("p", &key)));
    let copy = event::tag_value(from, "patient-content", 0);
    let (content, copy) = match copy {
        Some(copy) if change.swap => (copy.to_owned(), Some(from.content.clone())),
        copy => (from.content.clone(), copy.map(str::to_owned)),
    };
    if second.is_some() {
        tags.extend(copy.map(|copy| tag("patient-content", [&copy])));
    }
    let dual = (event::tag_value(from, "enc", 0) == Some("nip44-dual")) != change.form;
    tags.push(tag("enc", [if dual { "nip44-dual" } else { "nip44" }]));
    if !change.drop_pc {
        tags.push(tag("pc", [event::tag_value(from, "pc", 0)?]));
    }
    if change.links {
        tags.push(tag("e", [&from.id.to_hex(), "", "ref"]));
    }
    let kind = change.kind.unwrap_or(from.kind.as_u16());
    // An author may address own messages, and own confidential records, to other persons of the child.
    let addressed_anew = matches!(kind, kinds::MESSAGE | kinds::CONFIDENTIAL);
    let same = signer.public_key() == from.pubkey
        && Some(first) == event::p_tag(from, 0)
        && (second == event::p_tag(from, 1) || addressed_anew)
        && kind == from.kind.as_u16();
    (!same).then(|| event::sign(signer, kind, tags, content, from.created_at.as_secs()))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn prop_transplanted_ciphertext_is_never_shown(changes in prop::collection::vec(change(), 12)) {
        let setting = &*SETTING;
        let mut w = World::new();
        build(&mut w);
        let events: Vec<Event> = changes.iter().filter_map(|change| transplant(setting, change)).collect();
        for event in &events {
            // The box is honest about what it took, whatever it is.
            w.receive(event);
        }
        let (doctor, parent, child) = (w.doctor.clone(), w.parent.clone(), w.child.clone());
        let rows = w.rows(&parent, &child.public_key(), &Compartment::ALL);
        let readers = [w.reader(&doctor), w.person_reader(&parent, rows, &[child.public_key()]),
            w.person_reader(&child, Vec::new(), &[])];
        for mut reader in readers {
            reader.add(&w.events);
            for (id, outcome) in reader.read(&events, None) {
                prop_assert!(!matches!(outcome, Outcome::Shown(_)), "{id}: {outcome:?}");
            }
        }
    }
}
