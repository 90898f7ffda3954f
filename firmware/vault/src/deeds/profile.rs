//! P's profile and lists. They are neither numbered nor receipted; each replaces the one before.

use relaybox_protocol::{Tag, event, kinds};
use serde_json::json;

use super::SignerDesk;
use crate::request::Profile;

impl SignerDesk<'_> {
    /// Kinds 0, 10002, 10050 and 10063, all four: what the request leaves out is taken back.
    pub(super) fn profile(&mut self, profile: &Profile) {
        let mut said = serde_json::Map::new();
        said.insert("name".to_owned(), json!(profile.name));
        for (name, text) in [("about", &profile.about), ("website", &profile.website)] {
            said.extend(text.as_ref().map(|text| (name.to_owned(), json!(text))));
        }
        let list = |name: &str, addresses: &[String]| -> Vec<Tag> {
            addresses.iter().map(|address| event::tag(name, [address.as_str()])).collect()
        };
        let content = serde_json::Value::Object(said).to_string();
        for (kind, tags, content) in [
            (kinds::METADATA, Vec::new(), content),
            (kinds::RELAY_LIST, list("r", &profile.relays), String::new()),
            (kinds::INBOX_LIST, list("relay", &profile.inboxes), String::new()),
            (kinds::BLOSSOM_LIST, list("server", &profile.servers), String::new()),
        ] {
            let event = event::sign(self.practice(), kind, tags, content, self.now);
            self.events.push(event);
        }
    }
}

#[cfg(test)]
mod tests {
    use relaybox_protocol::Event;

    use super::*;
    use crate::request::Operation;
    use crate::testing::TestBox;

    fn tags_of(event: &Event) -> Vec<Vec<String>> {
        event.tags.iter().map(|tag| tag.as_slice().to_vec()).collect()
    }

    #[test]
    fn a_profile_is_four_events_that_move_no_policy() {
        let mut it = TestBox::claimed();
        let next = it.history().unwrap().next();
        let profile = Profile {
            name: "Sample Pediatrics".to_owned(),
            about: None,
            website: Some("https://sample.example".to_owned()),
            relays: vec!["wss://sample.example".to_owned()],
            inboxes: vec!["wss://sample.example".to_owned(), "wss://other.example".to_owned()],
            servers: Vec::new(),
        };
        let events = it.perform(&Operation::Profile(profile)).unwrap();
        let kinds: Vec<u16> = events.iter().map(|event| event.kind.as_u16()).collect();
        assert_eq!(kinds, [0, 10_002, 10_050, 10_063]);
        let said: serde_json::Value = serde_json::from_str(&events[0].content).unwrap();
        assert_eq!(said, json!({"name": "Sample Pediatrics", "website": "https://sample.example"}));
        assert_eq!(tags_of(&events[1]), [["r", "wss://sample.example"]]);
        assert_eq!(
            tags_of(&events[2]),
            [["relay", "wss://sample.example"], ["relay", "wss://other.example"]]
        );
        assert!(events[3].tags.is_empty() && events[3].content.is_empty());
        assert!(events.iter().all(|event| event.pubkey == it.contents.practice.public_key()));
        assert_eq!(it.history().unwrap().next().seq, next.seq);
    }
}
