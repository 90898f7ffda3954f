//! Guardians, clients and the profile in words for the display.

use relaybox_protocol::PublicKey;

use super::{day, spelled, words_of};
use crate::request::{ClientChange, ClientGrant, KeyName, LegacyImport, LinkChange, Profile, Whom};

/// Patients that are spelled on the display; the number says how many there are.
const SPELLED_MAX: usize = 8;

pub(super) fn link(change: &LinkChange) -> Vec<String> {
    match change {
        LinkChange::Grant(grant) => {
            let mut lines = vec![
                format!("LET A GUARDIAN READ: {}", grant.name),
                words_of(&grant.guardian),
                format!("{} of the child {}", grant.relationship, spelled(&grant.child)),
                format!("reads: {}", grant.compartments.join(" ")),
            ];
            lines.extend(until(grant.until));
            lines
        }
        LinkChange::End { child, guardian } => vec![
            "END A GUARDIAN FOR GOOD".to_owned(),
            words_of(guardian),
            format!("of the child {}", spelled(child)),
        ],
    }
}

pub(super) fn client(change: &ClientChange) -> Vec<String> {
    match change {
        ClientChange::Grant(grant) => granted(grant),
        ClientChange::End { client } => vec![format!("END THE PROGRAM {client}")],
    }
}

fn granted(grant: &ClientGrant) -> Vec<String> {
    let mut lines = vec![format!("LET THE PROGRAM {} READ", grant.client)];
    match &grant.patients {
        Whom::All { export: false } => lines.push("ALL PATIENTS".to_owned()),
        Whom::All { export: true } => lines.push("ALL PATIENTS, IN BULK AS WELL".to_owned()),
        Whom::Named { keys } => lines.extend(named(keys)),
    }
    lines.push(match &grant.key {
        KeyName::Jwk { thumbprint } => format!("key: {thumbprint}"),
        KeyName::Key { key } => words_of(key),
    });
    lines.push(format!("reads: {}", grant.scopes.join(" ")));
    lines.push(format!("for: {}", grant.purpose));
    lines.extend(until(Some(grant.until)));
    lines
}

fn named(keys: &[PublicKey]) -> Vec<String> {
    let spelled = keys.iter().take(SPELLED_MAX).map(|key| format!("- {}", spelled(key)));
    let mut lines: Vec<String> =
        std::iter::once(format!("{} patients:", keys.len())).chain(spelled).collect();
    if keys.len() > SPELLED_MAX {
        lines.push(format!("- and {} more", keys.len() - SPELLED_MAX));
    }
    lines
}

pub(super) fn profile(profile: &Profile) -> Vec<String> {
    let mut lines = vec![format!("THE PRACTICE IS CALLED {}", profile.name)];
    lines.extend(profile.about.clone());
    lines.extend(profile.website.iter().map(|address| format!("website: {address}")));
    for (name, list) in [("relay", &profile.relays), ("inbox", &profile.inboxes), ("files", &profile.servers)]
    {
        lines.extend(list.iter().map(|address| format!("{name}: {address}")));
    }
    lines
}

pub(super) fn import(import: &LegacyImport) -> Vec<String> {
    vec![
        "OPEN THE RECORDS OF A FORMER PRACTICE".to_owned(),
        words_of(&import.former),
        format!(
            "signed by {} staff and {} guardians, about {} patients",
            import.staff.len(),
            import.guardians.len(),
            import.patients.len()
        ),
    ]
}

/// When it ends by itself.
pub(super) fn until(until: Option<u64>) -> Option<String> {
    until.map(|until| format!("until {}", day(until)))
}
