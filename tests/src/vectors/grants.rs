//! 2100 grants, and the policy events in their exact shapes (PROTOCOL 2.7).

use relaybox_protocol::epochs::Sequence;
use relaybox_protocol::event::{self, tag};
use relaybox_protocol::grants::{
    AgentEntry, ClientEntry, ClientKey, ClientSubject, Desk, GrantRow, LinkEntry, Name, Patients,
    RosterEntry, Said, Service, Share, Suspended, Suspension, build_agent, build_client_grant,
    build_destruction, build_invitation, build_lift, build_link, build_patient_grant, build_roster,
    build_share, build_share_end, build_succession, build_suspension,
};
use relaybox_protocol::keys::{KeyRole, prove};
use relaybox_protocol::permissions::{Compartment, Role, Word};
use relaybox_protocol::{Event, EventId, Tag, kinds};
use serde_json::{Value, json};

use super::{NOW, key, key_hex, pair, public, random, secrets, to_json};

pub(crate) fn make() -> Value {
    json!({
        "about": "patient_grants: a 2100 and the rows that its reader opens. events: each policy event as its \
                  builder writes it; text: content under X1 of desk (epoch 2), of a share under conv(author, recipient).",
        "practice": public("practice"),
        "secrets": secrets(&["reader", "desk", "patient", "recipient"]),
        "patient_grants": patient_grants(),
        "refused": refused(),
        "events": events(),
    })
}

fn rows(count: usize) -> Vec<GrantRow> {
    (0..count)
        .map(|n| {
            let (epoch, subject) =
                (pair(&format!("epoch {}", n % 2)), key(&format!("subject {}", n / 2)).public_key());
            GrantRow { epoch_key: epoch.public, subject, key: epoch.reader_key(&subject).unwrap() }
        })
        .collect()
}

fn patient_grant(count: usize) -> Event {
    let (reader, authority) = (key("reader").public_key(), id("ab"));
    build_patient_grant(&key("doctor"), &reader, &authority, &rows(count), NOW, &mut random("2100")).unwrap()
}

fn id(pair: &str) -> EventId {
    event::id_from_hex(&pair.repeat(32)).unwrap()
}

fn patient_grants() -> Vec<Value> {
    let case = |count: usize| {
        let opened: Vec<Value> = rows(count)
            .iter()
            .map(|row| json!([row.epoch_key.to_hex(), row.subject.to_hex(), key_hex(&row.key)]))
            .collect();
        json!({"event": to_json(&patient_grant(count)), "authority": id("ab").to_hex(), "rows": opened})
    };
    vec![case(1), case(4)]
}

fn refused() -> Vec<Value> {
    let event = patient_grant(2);
    let mut more_rows = event.tags.clone().to_vec();
    more_rows.push(more_rows[4].clone());
    let mut with_sequence = event.tags.clone().to_vec();
    with_sequence.push(tag("seq", ["1"]));
    let without = |name: &str| event.tags.iter().filter(|tag| tag.kind() != name).cloned().collect();
    let rows: Vec<(&str, Vec<Tag>)> = vec![
        ("more rows than keys", more_rows),
        ("a sequence", with_sequence),
        ("no authority", without("authority")),
        ("no ek", without("ek")),
        ("no row", without("row")),
    ];
    rows.into_iter()
        .map(|(name, tags)| {
            let event =
                event::sign(&key("doctor"), kinds::PATIENT_KEY_GRANT, tags, event.content.clone(), NOW);
            json!({"name": name, "event": to_json(&event)})
        })
        .collect()
}

fn sequence(seq: u64) -> Sequence {
    Sequence { seq, prev: (seq > 1).then(|| id("cd")) }
}

fn pop(name: &str, role: KeyRole) -> String {
    prove(&key(name), &key("practice").public_key(), role, &mut random(name))
}

fn events() -> Vec<Value> {
    let row = |name: &str, event: &Event, text: Option<&str>| json!({"name": name, "event": to_json(event), "text": text});
    vec![
        row("2102 doctor, owner", &roster(Role::Doctor), None),
        row("2102 front desk, ended", &roster(Role::FrontDesk), Some(r#"{"name":"Fred Front"}"#)),
        row("2103 fhir", &agent(), None),
        row("2104 by register", &link(false), Some(r#"{"name":"Gerda Guardian","relationship":"mother"}"#)),
        row("2104 by P, ended", &link(true), Some(r#"{"name":"Gerda Guardian","relationship":"mother"}"#)),
        row("2106 invitation", &build_invitation(&key("patient"), b"token", NOW + 60, NOW), None),
        row("2106 share", &share(), Some(r#"{"purpose":"second opinion","said":"selection"}"#)),
        row("2106 end", &build_share_end(&key("patient"), &id("ef"), NOW), None),
        row("2107", &succession(), None),
        row("2108 of a member", &suspension(Suspended::Person(&key("nurse").public_key()), false), None),
        row(
            "2108 of a member from a patient",
            &suspension(Suspended::Person(&key("nurse").public_key()), true),
            None,
        ),
        row("2108 of a client", &suspension(Suspended::Client("growth-app"), false), None),
        row("2108 of a link", &suspension(Suspended::Link(&id("ef")), false), None),
        row("2108 lift", &build_lift(&key("practice"), &id("ef"), sequence(9), NOW), None),
        row("2109 one patient", &client(false), Some("growth charts")),
        row("2109 all patients, by P", &client(true), Some("growth charts")),
        row("2127", &build_destruction(&key("practice"), &[id("01"), id("02")], sequence(10), NOW), None),
    ]
}

fn roster(role: Role) -> Event {
    let desk = pair("desk");
    let (clear, ended) = (role == Role::Doctor, role == Role::FrontDesk);
    let name = if clear { "doctor" } else { "front" };
    let pop = pop(name, KeyRole::Staff);
    let entry = RosterEntry {
        member: key(name).public_key(),
        role,
        words: if clear { &Word::ALL } else { &[Word::Messages, Word::Schedule, Word::Register] },
        from: NOW,
        until: ended.then_some(NOW + 60),
        ended,
        name: if clear {
            Name::Clear("Dora Doctor")
        } else {
            Name::Desk("Fred Front", Desk { n: 2, pair: &desk })
        },
        replaces: ended.then(|| key("old front").public_key()),
        pop: &pop,
        sequence: sequence(if clear { 1 } else { 2 }),
        created_at: NOW,
    };
    build_roster(&key("practice"), &entry, &mut random("roster")).unwrap()
}

fn agent() -> Event {
    let pop = pop("agent", KeyRole::Agent);
    let entry = AgentEntry {
        agent: key("agent").public_key(),
        service: Service::Fhir,
        kinds: &[2110, 2113, 2116],
        compartments: &[Compartment::Desk, Compartment::Chart],
        patients: Patients::Clients,
        until: Some(NOW + 60),
        ended: false,
        pop: &pop,
        sequence: sequence(3),
        created_at: NOW,
    };
    build_agent(&key("practice"), &entry)
}

fn link(by_practice: bool) -> Event {
    let desk = pair("desk");
    let pop = pop("guardian", KeyRole::Guardian);
    let entry = LinkEntry {
        child: key("patient").public_key(),
        guardian: key("guardian").public_key(),
        compartments: &[Compartment::Desk, Compartment::Chart],
        until: Some(NOW + 60),
        ended: by_practice,
        pop: &pop,
        name: "Gerda Guardian",
        relationship: "mother",
        desk: Desk { n: 2, pair: &desk },
        sequence: by_practice.then(|| sequence(4)),
        created_at: NOW,
    };
    let signer = key(if by_practice { "practice" } else { "front" });
    build_link(&signer, &entry, &mut random("link")).unwrap()
}

fn share() -> Event {
    let ids = [id("01"), id("02")];
    let blob = "cd".repeat(32);
    let share = Share {
        recipient: key("recipient").public_key(),
        ids: &ids,
        until: NOW + 60,
        blob: Some(&blob),
        purpose: "second opinion",
        said: Some(Said::Selection),
        created_at: NOW,
    };
    build_share(&key("patient"), &share, &mut random("share")).unwrap()
}

fn succession() -> Event {
    let former = key("practice").public_key();
    build_succession(&key("next practice"), &former, &id("ab"), &[0xee; 32], sequence(5), NOW)
}

fn suspension(of: Suspended<'_>, scoped: bool) -> Event {
    let patient = key("patient").public_key();
    let suspension = Suspension { of, scope: scoped.then_some(&patient), sequence: None, created_at: NOW };
    build_suspension(&key("doctor"), &suspension)
}

fn client(by_practice: bool) -> Event {
    let (desk, patient, client) = (pair("desk"), key("patient").public_key(), key("client").public_key());
    let entry = ClientEntry {
        client: "growth-app",
        subject: if by_practice {
            ClientSubject::All { export: true }
        } else {
            ClientSubject::Patient(&patient)
        },
        key: if by_practice {
            ClientKey::Key(&client)
        } else {
            ClientKey::Thumbprint("NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs")
        },
        scopes: &["system/Observation.rs", "system/Patient.r"],
        until: NOW + 60,
        ended: false,
        purpose: "growth charts",
        desk: Desk { n: 2, pair: &desk },
        sequence: by_practice.then(|| sequence(6)),
        created_at: NOW,
    };
    let signer = key(if by_practice { "practice" } else { "doctor" });
    build_client_grant(&signer, &entry, &mut random("client")).unwrap()
}
