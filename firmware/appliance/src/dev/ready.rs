//! What `relaybox dev` says when it is ready: one JSON line for programs, a page of text for people.

use std::fmt::Write as _;
use std::path::PathBuf;

use serde::Serialize;

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
                r#""persons":[{"name":"Ana Demo","role":"guardian","pubkey":"bb","secret":null,"children":["cc"]}]}"#,
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
    fn an_empty_box_says_that_it_serves_its_state_only() {
        let mut ready = example();
        ready.practice = None;
        ready.persons.clear();
        assert!(ready.text().contains("No practice is claimed"));
        assert!(!ready.text().contains("Try:"));
    }
}
