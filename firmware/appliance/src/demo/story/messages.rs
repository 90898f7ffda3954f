//! Messages both ways. Families write the one-copy form; each answer goes to one key, so that
//! parents who live apart do not read each other's.

use relaybox_protocol::kinds;
use serde_json::{Value, json};
use time::Date;

use super::threads::{Family, Said, THREADS, Thread};
use crate::demo::calendar::plus_days;
use crate::demo::cast::{Holds, guardian_of};
use crate::demo::fhir;
use crate::demo::plan::{Author, Entry, Scribe, To};

pub(crate) fn write(scribe: &mut Scribe<'_>) {
    let id = scribe.child().cast.id;
    for thread in THREADS.iter().filter(|thread| thread.child == id) {
        conversation(scribe, thread);
    }
}

/// Each message answers the one before it.
fn conversation(scribe: &mut Scribe<'_>, thread: &Thread) {
    let mut before: Option<(String, String)> = None;
    for (number, said) in (0_u32..).zip(thread.said) {
        let at = (plus_days(scribe.today, -thread.days_ago), 240 + 45 * number);
        let short = format!("message/{}/{number}", thread.name);
        let Some(mut entry) = message(scribe, thread, said, &short, at) else { return };
        if let Some((name, id)) = before {
            entry.resource["inResponseTo"] = json!([{"reference": format!("Communication/{id}")}]);
            entry = entry.linked(&name, "reply");
        }
        let Some(name) = scribe.keep(entry) else { return };
        before = Some((name, scribe.id(&short)));
    }
}

fn message(scribe: &Scribe<'_>, thread: &Thread, said: &Said, name: &str, at: (Date, u32)) -> Option<Entry> {
    let person = match thread.with {
        Family::Guardian(id) => scribe.guardian(guardian_of(id)?),
        Family::Subject => {
            let key = scribe.child().subject(scribe.seed).public_key();
            fhir::person(&key.to_hex(), &scribe.child().full_name())
        }
    };
    let (author, sender, recipient): (Author, Value, Value) = match (said.by, thread.with) {
        (Some(by), _) => (Author::Staff(by), scribe.staff(by), person),
        (None, Family::Guardian(id)) => (Author::Guardian(id), person, json!({"display": "The practice"})),
        (None, Family::Subject) => {
            debug_assert_eq!(scribe.child().cast.holds, Holds::Subject, "only a holder of T writes with it");
            (Author::Subject, person, json!({"display": "The practice"}))
        }
    };
    let members = json!({
        "status": "completed",
        "subject": scribe.patient(),
        "topic": {"text": thread.topic},
        "sent": scribe.moment(at),
        "sender": sender,
        "recipient": [recipient],
        "payload": [{"contentString": said.text}],
    });
    let to = match (said.by, thread.with) {
        (None, _) => To::Nobody,
        (Some(_), Family::Guardian(id)) => To::Guardian(id),
        (Some(_), Family::Subject) => To::Subject,
    };
    Some(
        scribe
            .entry(name, kinds::MESSAGE, at, author, "Communication", members)
            .within(thread.compartment)
            .to(to),
    )
}
