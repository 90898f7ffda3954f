//! What `relaybox dev` says when it is ready: one JSON line for programs, a page of text for people.

use std::fmt::Write as _;
use std::path::PathBuf;

use serde::Serialize;

use crate::demo::vault::DemoVault;
use crate::demo::{DemoEpoch, DemoPerson};

/// The line on standard output with `--json`. A contract: it grows by fields and never changes one.
#[derive(Debug, Clone, Serialize)]
pub struct Ready {
    pub ready: bool,
    pub origins: Origins,
    /// `wss://` URL, certificate by `ca`.
    pub relay: String,
    /// `ws://` URL on loopback, with `--plain-relay`.
    pub relay_plain: Option<String>,
    /// Path of the CA certificate in PEM.
    pub ca: PathBuf,
    /// P, hex; none when no practice is claimed.
    pub practice: Option<String>,
    pub epochs: Vec<DemoEpoch>,
    pub persons: Vec<DemoPerson>,
    /// What opens the demo's vault; none when its key lies in no vault.
    pub vault: Option<DemoVault>,
}

/// Where the faces answer.
#[derive(Debug, Clone, Serialize)]
pub struct Origins {
    /// The start page.
    pub start: String,
    /// The face of families.
    pub portal: String,
    /// The interface of staff who run the box.
    pub admin: String,
}

impl Ready {
    /// One line with its line break.
    ///
    /// # Errors
    /// When a path is not UTF-8.
    pub fn line(&self) -> Result<String, serde_json::Error> {
        Ok(format!("{}\n", serde_json::to_string(self)?))
    }

    /// The text for a person at a terminal.
    pub fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = self.write_text(&mut text);
        text
    }

    fn write_text(&self, text: &mut String) -> std::fmt::Result {
        writeln!(text, "\nRelaybox is running. Ctrl-C stops it; its data stays for the next start.\n")?;
        writeln!(text, "  start page   {}", self.origins.start)?;
        writeln!(text, "  portal       {}", self.origins.portal)?;
        writeln!(text, "  relay        {}", self.relay)?;
        if let Some(plain) = &self.relay_plain {
            writeln!(text, "  without TLS  {plain}")?;
        }
        writeln!(text, "  certificate  {}", self.ca.display())?;
        let Some(practice) = &self.practice else {
            return writeln!(
                text,
                "\nNo practice is claimed: the box answers with its state and nothing else.\n\
                 To claim it, with two security keys and a slot helper: relaybox claim --help\n\
                 For synthetic people and records: relaybox dev --demo --reset\n"
            );
        };
        writeln!(text, "  practice     {practice}\n")?;
        if self.persons.is_empty() {
            return Ok(());
        }
        writeln!(text, "Demo people. All of them are invented; their keys are public.\n")?;
        let width = self.persons.iter().map(|person| person.name.chars().count()).max().unwrap_or(0);
        for person in &self.persons {
            let secret = person.secret.as_deref().unwrap_or("(secret thrown away)");
            writeln!(text, "  {:<9}  {:<width$}  {secret}", person.role, person.name)?;
        }
        self.write_vault(text)?;
        writeln!(text, "\nTry:")?;
        writeln!(text, "  curl --cacert {} {}health", self.ca.display(), self.origins.start)?;
        writeln!(
            text,
            "  curl --cacert {} -H 'Accept: application/nostr+json' {}",
            self.ca.display(),
            self.origins.start
        )?;
        writeln!(text, "  a child's record with the parent's key: docs/guide/read-a-record.md\n")
    }
}

impl Ready {
    fn write_vault(&self, text: &mut String) -> std::fmt::Result {
        let Some(vault) = &self.vault else {
            return writeln!(
                text,
                "\nThe practice's key lies in no vault here, so no ceremony can be held: `make run` brings a key slot of\n\
                 software keys."
            );
        };
        writeln!(
            text,
            "\nThe practice's key is sealed to two software keys, which protect nothing, and to 24 words."
        )?;
        writeln!(text, "  PIN of both  {}", vault.pin)?;
        let words: Vec<&str> = vault.words.split(' ').collect();
        for (row, words) in words.chunks(8).enumerate() {
            let name = if row == 0 { "24 words" } else { "" };
            writeln!(text, "  {name:<11}  {}", words.join(" "))?;
        }
        writeln!(text, "To hold a ceremony, with `make key` for the slot: docs/guide/hold-a-ceremony.md")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> Ready {
        Ready {
            ready: true,
            origins: Origins {
                start: "https://localhost:8443/".to_owned(),
                portal: "https://portal.localhost:8443/".to_owned(),
                admin: "https://admin.localhost:8443/".to_owned(),
            },
            relay: "wss://localhost:8443".to_owned(),
            relay_plain: None,
            ca: PathBuf::from("/data/ca.crt"),
            practice: Some("aa".to_owned()),
            epochs: vec![DemoEpoch {
                n: 1,
                desk: "d1".to_owned(),
                chart: "c1".to_owned(),
                confidential: "f1".to_owned(),
            }],
            persons: vec![DemoPerson {
                name: "Ana Demo".to_owned(),
                role: "guardian".to_owned(),
                pubkey: "bb".to_owned(),
                secret: None,
                children: vec!["cc".to_owned()],
            }],
            vault: Some(DemoVault { pin: "1234".to_owned(), words: "able acid".to_owned() }),
        }
    }

    #[test]
    fn the_line_has_the_fields_of_the_contract() {
        assert_eq!(
            example().line().unwrap(),
            concat!(
                r#"{"ready":true,"origins":{"start":"https://localhost:8443/","#,
                r#""portal":"https://portal.localhost:8443/","admin":"https://admin.localhost:8443/"},"#,
                r#""relay":"wss://localhost:8443","relay_plain":null,"ca":"/data/ca.crt","practice":"aa","#,
                r#""epochs":[{"n":1,"desk":"d1","chart":"c1","confidential":"f1"}],"#,
                r#""persons":[{"name":"Ana Demo","role":"guardian","pubkey":"bb","secret":null,"children":["cc"]}],"#,
                r#""vault":{"pin":"1234","words":"able acid"}}"#,
                "\n"
            )
        );
    }

    #[test]
    fn the_text_names_urls_people_and_what_to_try() {
        let text = example().text();
        for part in ["https://localhost:8443/", "wss://localhost:8443", "Ana Demo", "thrown away", "Try:"] {
            assert!(text.contains(part), "{part}");
        }
    }

    #[test]
    fn the_text_of_a_demo_says_what_opens_its_vault_or_that_there_is_none() {
        let text = example().text();
        assert!(text.contains("PIN of both  1234") && text.contains("24 words     able acid"), "{text}");
        let text = Ready { vault: None, ..example() }.text();
        assert!(text.contains("no ceremony can be held") && !text.contains("PIN"), "{text}");
    }

    #[test]
    fn an_empty_box_says_that_it_serves_its_state_only() {
        let mut ready = example();
        ready.practice = None;
        ready.persons.clear();
        assert!(ready.text().contains("No practice is claimed"));
        assert!(!ready.text().contains("Try:"));
    }
}
