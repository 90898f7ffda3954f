//! Visits in the calendar, kind 2126: what was kept, what lies ahead, one moved, one booked by the
//! patient.

use relaybox_protocol::kinds;
use serde_json::{Value, json};
use time::Date;

use crate::demo::calendar::{iso_at, plus_days, unix_at, weekday_from};
use crate::demo::cast::{Holds, Staff};
use crate::demo::fhir;
use crate::demo::plan::{Author, Entry, Scribe, Slot, To};

/// Minutes a visit lasts.
const LENGTH: u32 = 30;

pub(crate) fn write(scribe: &mut Scribe<'_>) {
    kept(scribe);
    ahead(scribe);
    if scribe.child().cast.holds == Holds::Subject {
        booked_by_patient(scribe);
    }
}

/// The newest well visit: booked before, fulfilled on the day.
fn kept(scribe: &mut Scribe<'_>) {
    let Some(visit) = scribe.last_kept("well/") else { return };
    let day = visit.day;
    let slot_at = (day, scribe.minute(day));
    let booked_on = plus_days(day, -10).max(scribe.child().birth);
    let entry = appointment(scribe, "visit/kept", (booked_on, 30), slot_at, "booked");
    let Some(before) = scribe.keep(entry) else { return };
    let mut entry = appointment(scribe, "visit/kept/fulfilled", (day, slot_at.1 + 40), slot_at, "fulfilled")
        .with_id(&scribe.id("visit/kept"))
        .linked(&before, "status-update");
    entry.resource["description"] = "Well visit".into();
    scribe.keep(entry);
}

/// The next visit. The toddler's is moved to the afternoon at the mother's wish.
fn ahead(scribe: &mut Scribe<'_>) {
    let days = 4 + i64::from(scribe.seed.below(40, &scribe.label("visit/ahead")));
    let day = weekday_from(plus_days(scribe.today, days));
    let slot_at = (day, scribe.minute(day) / 2);
    let booked_at = (plus_days(scribe.today, -12).max(scribe.child().birth), 120);
    let entry = appointment(scribe, "visit/ahead", booked_at, slot_at, "booked");
    let Some(before) = scribe.keep(entry) else { return };
    if scribe.child().cast.id == "toddler" {
        let moved =
            appointment(scribe, "visit/ahead/moved", (plus_days(scribe.today, -9), 10), (day, 450), "booked")
                .with_id(&scribe.id("visit/ahead"))
                .linked(&before, "correction");
        scribe.keep(moved);
    }
}

/// Booked by the one who holds T, in the family's form.
fn booked_by_patient(scribe: &mut Scribe<'_>) {
    let day = weekday_from(plus_days(scribe.today, 21));
    let mut entry =
        appointment(scribe, "visit/own", (plus_days(scribe.today, -2), 600), (day, 420), "booked");
    entry.author = Author::Subject;
    entry.to = To::Nobody;
    if let Some(slot) = entry.slot.as_mut() {
        slot.guardian = None;
    }
    scribe.keep(entry);
}

fn appointment(
    scribe: &Scribe<'_>,
    name: &str,
    written: (Date, u32),
    slot: (Date, u32),
    status: &str,
) -> Entry {
    let doctor = scribe.doctor();
    let guardian = scribe.child().guardians().next();
    let mut participants: Vec<Value> = vec![
        json!({"actor": scribe.patient(), "status": "accepted"}),
        json!({"actor": scribe.staff(doctor), "status": "accepted"}),
    ];
    if let Some(guardian) = guardian {
        participants.push(json!({"actor": scribe.guardian(guardian), "status": "accepted"}));
    }
    let members = json!({
        "status": status,
        "serviceType": [{"text": "Office visit"}],
        "appointmentType": fhir::hl7_concept("v2-0276", "ROUTINE", "Routine appointment - default if not valued"),
        "start": iso_at(slot.0, slot.1),
        "end": iso_at(slot.0, slot.1 + LENGTH),
        "minutesDuration": LENGTH,
        "created": scribe.moment(written),
        "participant": participants,
    });
    let mut entry =
        scribe.entry(name, kinds::VISIT, written, Author::Staff(Staff::FrontDesk), "Appointment", members);
    let start = unix_at(slot.0, slot.1);
    entry.slot = Some(Slot {
        provider: doctor,
        guardian: guardian.map(|guardian| guardian.id),
        start,
        end: start + u64::from(LENGTH) * 60,
    });
    entry
}
