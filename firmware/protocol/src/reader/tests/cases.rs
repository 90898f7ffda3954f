//! One case for each way in which the rule refuses a record, with the same record mended.

use serde_json::json;

use super::world::{Draft, World, draft, message, resign, signed_note, weight};
use crate::body::{self, Binding};
use crate::envelope::EpochSecret;
use crate::epochs::{Import, build_import, build_legacy_grant};
use crate::event::{self, key_tag, tag};
use crate::kinds;
use crate::permissions::{Compartment, Role};
use crate::reader::Reason;
use crate::{Event, Keys, PublicKey, Tag};

/// A refused record and the same one mended; both received unless the case says otherwise.
pub(in crate::reader) struct Case {
    pub(in crate::reader) refused: Event,
    pub(in crate::reader) reason: Reason,
    pub(in crate::reader) mended: Event,
}

pub(in crate::reader) type Build = fn(&mut World) -> Case;

/// Every case by name; the names are those of the vectors.
pub(in crate::reader) const CASES: &[(&str, Build)] = &[
    ("content changed after signing", content_changed),
    ("signature of another event", other_signature),
    ("no receipt", no_receipt),
    ("import by an unknown signer", import_by_stranger),
    ("signer never known", stranger),
    ("signer no longer a member", ended_member),
    ("signer suspended", suspended_member),
    ("practice key as signer", practice_as_signer),
    ("kind outside the permissions", order_by_nurse),
    ("family form by staff", one_copy_by_staff),
    ("staff form by family", dual_by_family),
    ("true kind outside the permissions", confidential_order_by_nurse),
    ("kind no family writes", observation_by_parent),
    ("own key outside confidential", own_key_in_chart),
    ("signed without the permission", signed_by_nurse),
    ("signed, attester not legal", signed_without_attester),
    ("signed kind that is never signed", signed_observation),
    ("front desk in chart", desk_in_chart),
    ("chart kind in desk", observation_in_desk),
    ("guardian of desk only in chart", desk_guardian_in_chart),
    ("epoch key no longer current", old_epoch),
    ("epoch key not of this practice", rogue_epoch),
    ("commitment of another body", other_commitment),
    ("resource of another kind", wrong_type),
    ("duplicate keys", duplicate_keys),
    ("byte order mark", byte_order_mark),
    ("confidential without padding", no_padding),
    ("copy does not open", does_not_open),
    ("binding names another child", binding_other_child),
    ("binding names another kind", binding_other_kind),
    ("binding names another practice", binding_other_practice),
    ("binding names another signer", binding_other_signer),
    ("binding names another epoch key", binding_other_epoch),
    ("confidential to T that is not C", confidential_to_subject),
    ("message to a stranger", message_to_stranger),
    ("patient never registered", unregistered),
    ("former subject key", former_subject),
    ("guardian writes for another child", parent_of_other),
    ("guardian without a live link", ended_guardian),
    ("registration without possession", registration_without_pop),
    ("retry with another body", retry_differs),
];

fn case(world: &mut World, reason: Reason, refused: Event, mended: Event) -> Case {
    world.receive(&refused);
    world.receive(&mended);
    Case { refused, reason, mended }
}

fn observation(world: &mut World) -> Event {
    let (doctor, child) = (world.doctor.clone(), world.child.public_key());
    world.staff(&doctor, &draft(kinds::OBSERVATION, weight(9.5), &child))
}

/// A staff record whose body bytes and binding are as given.
pub(in crate::reader) fn raw(
    world: &mut World,
    author: &Keys,
    kind: u16,
    epoch: &EpochSecret,
    reader: Option<&PublicKey>,
    body: &[u8],
) -> Event {
    let content = epoch.practice_key().unwrap().encrypt(body, &mut world.random).unwrap();
    let mut tags = vec![key_tag("p", &epoch.public)];
    if let Some(reader) = reader {
        let copy = epoch.reader_key(reader).unwrap().encrypt(body, &mut world.random).unwrap();
        tags.extend([key_tag("p", reader), tag("patient-content", [&copy])]);
    }
    tags.extend([tag("enc", ["nip44-dual"]), tag("pc", [&body::commitment(body)])]);
    event::sign(author, kind, tags, content, world.now)
}

fn binding(world: &mut World, author: &Keys, kind: u16, epoch: &EpochSecret) -> Binding {
    Binding {
        signer: author.public_key(),
        subject: world.child.public_key(),
        kind,
        epoch_key: epoch.public,
        practice: world.p(),
        r: world.random.bytes32(),
    }
}

/// An observation of the child by the doctor, body and binding changed by `change`.
fn with_binding(world: &mut World, change: impl FnOnce(&World, &mut Binding)) -> Event {
    let (doctor, child, epoch) =
        (world.doctor.clone(), world.child.public_key(), world.pair(Compartment::Chart));
    let mut binding = binding(world, &doctor, kinds::OBSERVATION, &epoch);
    change(world, &mut binding);
    let bytes = body::write(&weight(9.5), &binding, false).unwrap();
    raw(world, &doctor, kinds::OBSERVATION, &epoch, Some(&child), &bytes)
}

fn with_text(world: &mut World, change: impl FnOnce(String) -> String) -> Event {
    let (doctor, child, epoch) =
        (world.doctor.clone(), world.child.public_key(), world.pair(Compartment::Chart));
    let binding = binding(world, &doctor, kinds::OBSERVATION, &epoch);
    let bytes = body::write(&weight(9.5), &binding, false).unwrap();
    let text = change(String::from_utf8(bytes).unwrap());
    raw(world, &doctor, kinds::OBSERVATION, &epoch, Some(&child), text.as_bytes())
}

fn content_changed(w: &mut World) -> Case {
    let mended = observation(w);
    let mut refused = observation(w);
    refused.content.clone_from(&mended.content);
    case(w, Reason::Id, refused, mended)
}

fn other_signature(w: &mut World) -> Case {
    let mended = observation(w);
    let mut refused = observation(w);
    refused.sig = mended.sig;
    case(w, Reason::Sig, refused, mended)
}

fn no_receipt(w: &mut World) -> Case {
    let (refused, mended) = (observation(w), observation(w));
    w.receive(&mended);
    Case { refused, reason: Reason::NoReceipt, mended }
}

/// The former practice's key, and its epoch 0 in the chain.
pub(in crate::reader) fn former_epoch(w: &mut World) -> Keys {
    let former = crate::random::Random::seeded([9; 32]).keys();
    if w.policy.now(w.now).legacy_epoch().is_none() {
        let seq = w.next_sequence();
        let x1 = crate::nip44::ConversationKey::derive(former.secret_key(), &former.public_key()).unwrap();
        let import = Import {
            former: &former.public_key(),
            signers: &[former.public_key()],
            practice_key: &x1,
            escrow: &w.escrow.public_key(),
            sequence: seq,
            created_at: w.now,
        };
        let event = build_import(&w.practice.clone(), &import, &mut w.random).unwrap();
        w.ceremony(event);
        let doctor = w.doctor.public_key();
        let grant = build_legacy_grant(&w.practice.clone(), &doctor, &x1, w.now, &mut w.random).unwrap();
        w.grants.push(grant);
    }
    former
}

/// An event of the former system: real NIP-44 v2, its other cipher has vectors of its own.
pub(in crate::reader) fn former_event(w: &mut World, former: &Keys, signer: &Keys) -> Event {
    let x1 = crate::nip44::ConversationKey::derive(former.secret_key(), &former.public_key()).unwrap();
    let x2 = crate::nip44::ConversationKey::derive(former.secret_key(), &w.child.public_key()).unwrap();
    let body = serde_json::to_vec(&weight(4.0)).unwrap();
    let copy = x2.encrypt(&body, &mut w.random).unwrap();
    let tags = vec![
        key_tag("p", &former.public_key()),
        key_tag("p", &w.child.public_key()),
        tag("patient-content", [&copy]),
        tag("enc", ["nip44-v2"]),
    ];
    let content = x1.encrypt(&body, &mut w.random).unwrap();
    event::sign(signer, 1003, tags, content, 1_600_000_000)
}

fn import_by_stranger(w: &mut World) -> Case {
    let former = former_epoch(w);
    let stranger = w.random.keys();
    let refused = former_event(w, &former, &stranger);
    let mended = former_event(w, &former, &former);
    w.receive_as(&refused, true);
    w.receive_as(&mended, true);
    Case { refused, reason: Reason::ImportSigner, mended }
}

fn stranger(w: &mut World) -> Case {
    let (key, child) = (w.random.keys(), w.child.public_key());
    let refused = w.staff(&key, &draft(kinds::OBSERVATION, weight(9.5), &child));
    let mended = observation(w);
    case(w, Reason::NotMember, refused, mended)
}

fn ended_member(w: &mut World) -> Case {
    let (key, child) = (w.random.keys(), w.child.public_key());
    w.member(&key, Role::Nurse, &super::world::words_of(Role::Nurse));
    let record = draft(kinds::OBSERVATION, weight(9.5), &child);
    let mended = w.staff(&key, &record);
    w.receive(&mended);
    w.end(&key, Role::Nurse);
    let refused = w.staff(&key, &record);
    w.receive(&refused);
    Case { refused, reason: Reason::NotMember, mended }
}

fn suspended_member(w: &mut World) -> Case {
    let (key, child) = (w.random.keys(), w.child.public_key());
    w.member(&key, Role::Nurse, &super::world::words_of(Role::Nurse));
    let record = draft(kinds::OBSERVATION, weight(9.5), &child);
    let mended = w.staff(&key, &record);
    w.receive(&mended);
    let suspension =
        event::sign(&w.doctor, kinds::SUSPENSION, vec![key_tag("p", &key.public_key())], "", w.now);
    w.admit_policy(suspension).unwrap();
    let refused = w.staff(&key, &record);
    w.receive(&refused);
    Case { refused, reason: Reason::NotMember, mended }
}

fn practice_as_signer(w: &mut World) -> Case {
    let (practice, child) = (w.practice.clone(), w.child.public_key());
    let refused = w.staff(&practice, &draft(kinds::OBSERVATION, weight(9.5), &child));
    let mended = observation(w);
    case(w, Reason::NotMember, refused, mended)
}

fn order_by_nurse(w: &mut World) -> Case {
    let (nurse, doctor, child) = (w.nurse.clone(), w.doctor.clone(), w.child.public_key());
    let record = draft(kinds::ORDER, json!({"resourceType": "ServiceRequest", "status": "active"}), &child);
    let (refused, mended) = (w.staff(&nurse, &record), w.staff(&doctor, &record));
    case(w, Reason::Role, refused, mended)
}

fn one_copy_by_staff(w: &mut World) -> Case {
    let (doctor, child) = (w.doctor.clone(), w.child.public_key());
    let record = draft(kinds::MESSAGE, message("a"), &child);
    let refused = w.family(&doctor, &Draft { reader: None, ..record.clone() });
    let mended = w.staff(&doctor, &record);
    case(w, Reason::Role, refused, mended)
}

fn dual_by_family(w: &mut World) -> Case {
    let (parent, child) = (w.parent.clone(), w.child.public_key());
    let record = draft(kinds::MESSAGE, message("a"), &child);
    let refused = w.staff(&parent, &record);
    let mended = w.family(&parent, &Draft { reader: None, ..record });
    case(w, Reason::Role, refused, mended)
}

fn confidential_order_by_nurse(w: &mut World) -> Case {
    let (nurse, doctor, teen, own) =
        (w.nurse.clone(), w.doctor.clone(), w.teen.public_key(), w.own.public_key());
    let mut record =
        draft(kinds::ORDER, json!({"resourceType": "ServiceRequest", "status": "active"}), &teen);
    record.compartment = Compartment::Confidential;
    record.reader = Some(own);
    let (refused, mended) = (w.staff(&nurse, &record), w.staff(&doctor, &record));
    case(w, Reason::Role, refused, mended)
}

fn observation_by_parent(w: &mut World) -> Case {
    let (parent, child) = (w.parent.clone(), w.child.public_key());
    let refused =
        w.family(&parent, &Draft { reader: None, ..draft(kinds::OBSERVATION, weight(9.0), &child) });
    let mended =
        w.family(&parent, &Draft { reader: None, ..draft(kinds::OUTSIDE_RECORD, weight(9.0), &child) });
    case(w, Reason::Role, refused, mended)
}

fn own_key_in_chart(w: &mut World) -> Case {
    let (own, teen) = (w.own.clone(), w.teen.public_key());
    let mut record = Draft { reader: None, ..draft(kinds::MESSAGE, message("private"), &teen) };
    let refused = w.family(&own, &record);
    record.compartment = Compartment::Confidential;
    let mended = w.family(&own, &record);
    case(w, Reason::Role, refused, mended)
}

fn note(w: &mut World, author: &Keys) -> Draft {
    let child = w.child.public_key();
    Draft { sign: true, ..draft(kinds::ENCOUNTER, signed_note(&author.public_key()), &child) }
}

fn signed_by_nurse(w: &mut World) -> Case {
    let (nurse, doctor) = (w.nurse.clone(), w.doctor.clone());
    let (by_nurse, by_doctor) = (note(w, &nurse), note(w, &doctor));
    let (refused, mended) = (w.staff(&nurse, &by_nurse), w.staff(&doctor, &by_doctor));
    case(w, Reason::Act, refused, mended)
}

fn signed_without_attester(w: &mut World) -> Case {
    let doctor = w.doctor.clone();
    let signed = note(w, &doctor);
    let mut unsigned = signed.clone();
    unsigned.resource["contained"][0]["attester"][0]["mode"] = json!("personal");
    let (refused, mended) = (w.staff(&doctor, &unsigned), w.staff(&doctor, &signed));
    case(w, Reason::Act, refused, mended)
}

fn signed_observation(w: &mut World) -> Case {
    let (doctor, child) = (w.doctor.clone(), w.child.public_key());
    let record = draft(kinds::OBSERVATION, weight(9.5), &child);
    let refused = w.staff(&doctor, &Draft { sign: true, ..record.clone() });
    let mended = w.staff(&doctor, &record);
    case(w, Reason::Act, refused, mended)
}

fn desk_in_chart(w: &mut World) -> Case {
    let (desk, child) = (w.desk.clone(), w.child.public_key());
    let record = draft(kinds::MESSAGE, message("office"), &child);
    let refused = w.staff(&desk, &record);
    let mended = w.staff(&desk, &Draft { compartment: Compartment::Desk, ..record });
    case(w, Reason::Compartment, refused, mended)
}

fn observation_in_desk(w: &mut World) -> Case {
    let (doctor, child) = (w.doctor.clone(), w.child.public_key());
    let record = draft(kinds::OBSERVATION, weight(9.5), &child);
    let refused = w.staff(&doctor, &Draft { compartment: Compartment::Desk, ..record.clone() });
    let mended = w.staff(&doctor, &record);
    case(w, Reason::Compartment, refused, mended)
}

fn desk_guardian_in_chart(w: &mut World) -> Case {
    let (child, other) = (w.child.clone(), w.random.keys());
    w.link(&child, &other, &["desk"]);
    let mut record = Draft { reader: None, ..draft(kinds::MESSAGE, message("a"), &child.public_key()) };
    let refused = w.family(&other, &record);
    record.compartment = Compartment::Desk;
    let mended = w.family(&other, &record);
    case(w, Reason::Compartment, refused, mended)
}

fn old_epoch(w: &mut World) -> Case {
    let before = w.pair(Compartment::Chart);
    let (doctor, child) = (w.doctor.clone(), w.child.public_key());
    let record = draft(kinds::OBSERVATION, weight(9.5), &child);
    w.rotate(0);
    let refused = w.staff(&doctor, &Draft { epoch: Some(before), ..record.clone() });
    let mended = w.staff(&doctor, &record);
    case(w, Reason::Epoch, refused, mended)
}

fn rogue_epoch(w: &mut World) -> Case {
    let rogue = EpochSecret::new(w.random.keys().secret_key().clone());
    let (doctor, child) = (w.doctor.clone(), w.child.public_key());
    let record = draft(kinds::OBSERVATION, weight(9.5), &child);
    let refused = w.staff(&doctor, &Draft { epoch: Some(rogue), ..record.clone() });
    let mended = w.staff(&doctor, &record);
    case(w, Reason::Epoch, refused, mended)
}

fn other_commitment(w: &mut World) -> Case {
    let mended = observation(w);
    let doctor = w.doctor.clone();
    let refused = resign(&mended, &doctor, |tags| {
        tags.retain(|t| t.kind() != "pc");
        tags.push(tag("pc", [&body::commitment(b"{}")]));
    });
    case(w, Reason::Commitment, refused, mended)
}

fn wrong_type(w: &mut World) -> Case {
    let refused = with_text(w, |text| text.replace("\"Observation\"", "\"Condition\""));
    let mended = with_text(w, |text| text);
    case(w, Reason::Body, refused, mended)
}

fn duplicate_keys(w: &mut World) -> Case {
    let refused = with_text(w, |text| text.replacen('{', "{\"status\":\"final\",", 1));
    let mended = with_text(w, |text| text.replacen('{', "{\"language\":\"en\",", 1));
    case(w, Reason::Body, refused, mended)
}

fn byte_order_mark(w: &mut World) -> Case {
    let refused = with_text(w, |text| format!("\u{feff}{text}"));
    let mended = with_text(w, |text| format!(" {text}"));
    case(w, Reason::Body, refused, mended)
}

fn no_padding(w: &mut World) -> Case {
    let (doctor, epoch) = (w.doctor.clone(), w.pair(Compartment::Confidential));
    let binding = binding(w, &doctor, kinds::OBSERVATION, &epoch);
    let bare = body::write(&weight(9.5), &binding, false).unwrap();
    let padded = body::write(&weight(9.5), &binding, true).unwrap();
    let refused = raw(w, &doctor, kinds::CONFIDENTIAL, &epoch, None, &bare);
    let mended = raw(w, &doctor, kinds::CONFIDENTIAL, &epoch, None, &padded);
    case(w, Reason::Body, refused, mended)
}

fn does_not_open(w: &mut World) -> Case {
    let mended = observation(w);
    let doctor = w.doctor.clone();
    let copy = event::tag_value(&mended, "patient-content", 0).unwrap().to_owned();
    let tags: Vec<Tag> = mended.tags.iter().cloned().collect();
    // The practice's copy is the patient's ciphertext, which X1 does not open.
    let refused = event::sign(&doctor, kinds::OBSERVATION, tags, copy, w.now);
    case(w, Reason::Body, refused, mended)
}

fn binding_other_child(w: &mut World) -> Case {
    let refused = with_binding(w, |w, b| b.subject = w.teen.public_key());
    let mended = with_binding(w, |_, _| {});
    case(w, Reason::Binding, refused, mended)
}

fn binding_other_kind(w: &mut World) -> Case {
    let refused = with_binding(w, |_, b| b.kind = kinds::CONDITION);
    let mended = with_binding(w, |_, _| {});
    case(w, Reason::Binding, refused, mended)
}

fn binding_other_practice(w: &mut World) -> Case {
    let refused = with_binding(w, |w, b| b.practice = w.escrow.public_key());
    let mended = with_binding(w, |_, _| {});
    case(w, Reason::Binding, refused, mended)
}

fn binding_other_signer(w: &mut World) -> Case {
    let refused = with_binding(w, |w, b| b.signer = w.nurse.public_key());
    let mended = with_binding(w, |_, _| {});
    case(w, Reason::Binding, refused, mended)
}

fn binding_other_epoch(w: &mut World) -> Case {
    let refused = with_binding(w, |w, b| b.epoch_key = w.pair(Compartment::Desk).public);
    let mended = with_binding(w, |_, _| {});
    case(w, Reason::Binding, refused, mended)
}

fn confidential_to_subject(w: &mut World) -> Case {
    let (doctor, teen, own) = (w.doctor.clone(), w.teen.public_key(), w.own.public_key());
    let mut record = draft(kinds::OBSERVATION, weight(50.0), &teen);
    record.compartment = Compartment::Confidential;
    let refused = w.staff(&doctor, &record);
    record.reader = Some(own);
    let mended = w.staff(&doctor, &record);
    case(w, Reason::Binding, refused, mended)
}

fn message_to_stranger(w: &mut World) -> Case {
    let (doctor, child, parent, stranger) =
        (w.doctor.clone(), w.child.public_key(), w.parent.public_key(), w.random.keys());
    let record = draft(kinds::MESSAGE, message("answer"), &child);
    let refused = w.staff(&doctor, &Draft { reader: Some(stranger.public_key()), ..record.clone() });
    let mended = w.staff(&doctor, &Draft { reader: Some(parent), ..record });
    case(w, Reason::Binding, refused, mended)
}

fn unregistered(w: &mut World) -> Case {
    let (doctor, nobody) = (w.doctor.clone(), w.random.keys().public_key());
    let refused = w.staff(&doctor, &draft(kinds::OBSERVATION, weight(9.5), &nobody));
    let mended = observation(w);
    case(w, Reason::Subject, refused, mended)
}

fn former_subject(w: &mut World) -> Case {
    let (doctor, old, new) = (w.doctor.clone(), w.random.keys(), w.random.keys());
    w.patient(&old, None, None);
    let record = draft(kinds::OBSERVATION, weight(9.5), &old.public_key());
    let mended = w.staff(&doctor, &record);
    w.receive(&mended);
    w.patient(&new, None, Some(&old.public_key()));
    let refused = w.staff(&doctor, &record);
    w.receive(&refused);
    Case { refused, reason: Reason::Subject, mended }
}

fn parent_of_other(w: &mut World) -> Case {
    let (parent, child, teen) = (w.parent.clone(), w.child.public_key(), w.teen.public_key());
    let record = Draft { reader: None, ..draft(kinds::MESSAGE, message("a"), &teen) };
    let refused = w.family(&parent, &record);
    let mended = w.family(&parent, &Draft { subject: child, ..record });
    case(w, Reason::Subject, refused, mended)
}

fn ended_guardian(w: &mut World) -> Case {
    let (child, other) = (w.child.clone(), w.random.keys());
    w.link(&child, &other, &["desk", "chart"]);
    let record = Draft { reader: None, ..draft(kinds::MESSAGE, message("a"), &child.public_key()) };
    let mended = w.family(&other, &record);
    w.receive(&mended);
    w.end_link(&child, &other);
    let refused = w.family(&other, &record);
    w.receive(&refused);
    Case { refused, reason: Reason::Subject, mended }
}

fn registration_without_pop(w: &mut World) -> Case {
    let (one, two) = (w.random.keys(), w.random.keys());
    let refused = w.patient_event(&one, None, None, false);
    w.receive(&refused);
    w.refused_policy(refused.clone());
    let mended = w.patient(&two, None, None);
    Case { refused, reason: Reason::Subject, mended }
}

fn retry_differs(w: &mut World) -> Case {
    let (doctor, child) = (w.doctor.clone(), w.child.public_key());
    let r = Some(w.random.bytes32());
    let mended = w.staff(&doctor, &Draft { r, ..draft(kinds::OBSERVATION, weight(9.5), &child) });
    let refused = w.staff(&doctor, &Draft { r, ..draft(kinds::OBSERVATION, weight(9.6), &child) });
    w.receive(&mended);
    w.receive(&refused);
    Case { refused, reason: Reason::RetryDiffers, mended }
}
