//! People of a practice with programs of their own: a member of staff who registers, grants and writes, and a parent,
//! patient or agent who reads. They do what the pages do, with the same library, over the relay alone.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, bail};
use relaybox_process::clock::Clock;
use relaybox_protocol::envelope::{EpochSecret, Record, seal_staff};
use relaybox_protocol::epochs::Keyring;
use relaybox_protocol::event::Link;
use relaybox_protocol::grants::missing::{GrantBook, MissingGrants, Writer, build_missing, missing};
use relaybox_protocol::grants::{Desk, open_patient_grant};
use relaybox_protocol::permissions::Compartment;
use relaybox_protocol::policy::Policy;
use relaybox_protocol::random::Random;
use relaybox_protocol::reader::{Held, Outcome, Reader, Sight};
use relaybox_protocol::registration::{Registrar, Registration, RegistrationError};
use relaybox_protocol::{Event, EventId, Keys, PublicKey, kinds};
use serde_json::{Value, json};

use crate::client::Client;
use crate::dev::DevBox;

/// Policy as staff read it, and as everybody does.
const STAFF_POLICY: [u16; 9] = [2102, 2103, 2104, 2105, 2107, 2108, 2109, 2110, 2127];

/// One person with one open connection.
pub struct Person {
    pub client: Client,
    pub keys: Keys,
    pub practice: PublicKey,
}

impl Person {
    /// # Errors
    /// When the relay refuses the key.
    pub async fn login(dev: &DevBox, keys: &Keys, practice: PublicKey) -> Result<Self> {
        let client = Client::login(dev.ready.plain()?, None, keys).await?;
        Ok(Self { client, keys: keys.clone(), practice })
    }

    async fn events(&mut self, filter: Value) -> Result<Vec<Event>> {
        self.client.query(filter).await?.events()
    }

    /// # Errors
    /// When the relay refuses an event; the message is its text.
    pub async fn publish(&mut self, events: &[Event]) -> Result<()> {
        for event in events {
            let (accepted, text) = self.client.publish(event).await?;
            if !accepted {
                bail!("{}: {text}", event.kind);
            }
        }
        Ok(())
    }

    /// Policy events and their receipts, as staff read them.
    ///
    /// # Errors
    /// When the relay does not give them.
    pub async fn policy_events(&mut self) -> Result<Vec<Event>> {
        let mut events = self.events(json!({"kinds": STAFF_POLICY})).await?;
        let chains = ["policy", "policy-staff"];
        events.extend(self.events(json!({"kinds": [kinds::RECEIPT], "#c": chains})).await?);
        Ok(events)
    }

    /// Policy by its receipts, once they name all of these events.
    ///
    /// # Errors
    /// When the relay does not give it.
    pub async fn policy(&mut self, with: &[EventId]) -> Result<Policy> {
        loop {
            let events = self.policy_events().await?;
            let reader = Reader::new(self.practice, Held::default(), Sight::Staff, &events);
            let policy = reader.book().policy();
            // The receipt of a policy event follows it within a second.
            if with.iter().all(|id| policy.counted(id)) {
                return Ok(policy.clone());
            }
        }
    }

    /// Every epoch key that this person holds.
    ///
    /// # Errors
    /// When the relay does not answer.
    pub async fn keyring(&mut self) -> Result<Keyring> {
        let epochs = self.events(json!({"kinds": [kinds::PRACTICE_EPOCH]})).await?;
        let own = self.keys.public_key().to_hex();
        let grants = self.events(json!({"kinds": [kinds::PRACTICE_KEY_GRANT], "#p": [own]})).await?;
        Ok(Keyring::collect(self.keys.secret_key(), &epochs, &grants))
    }

    /// The newest key of a compartment.
    ///
    /// # Errors
    /// When this person holds none.
    pub async fn newest(&mut self, compartment: Compartment) -> Result<EpochSecret> {
        let keyring = self.keyring().await?;
        keyring.newest(compartment).cloned().context("no key of this compartment")
    }

    /// Does something at the front desk, and publishes it.
    ///
    /// # Errors
    /// When it is refused, by the library or by the relay.
    pub async fn register(
        &mut self,
        with: impl FnOnce(&Registrar<'_>, &mut Random) -> Result<Registration, RegistrationError>,
    ) -> Result<Registration> {
        let (policy, pair) = (self.policy(&[]).await?, self.newest(Compartment::Desk).await?);
        let now = Clock::System.now();
        let n = policy.now(now).epoch().context("an epoch")?.n;
        let keys = self.keys.clone();
        let registrar = Registrar { keys: &keys, desk: Desk { n, pair: &pair }, policy: &policy, now };
        let made = with(&registrar, &mut Random::os())?;
        self.publish(&made.events).await?;
        Ok(made)
    }

    /// Writes the key grants that a patient's readers miss, with the links that this person has confirmed. Gives what is
    /// left.
    ///
    /// # Errors
    /// When the relay refuses one.
    pub async fn grant(&mut self, subject: &PublicKey, confirmed: &[EventId]) -> Result<MissingGrants> {
        let (policy, keyring) = (self.policy(confirmed).await?, self.keyring().await?);
        let mut book = GrantBook::default();
        self.events(json!({"kinds": [kinds::PATIENT_KEY_GRANT]}))
            .await?
            .iter()
            .for_each(|event| book.add(event));
        let now = Clock::System.now();
        let writer = Writer { key: self.keys.public_key(), keyring: &keyring, rows: &[], confirmed };
        let found = missing(&policy.now(now), &book, subject, &writer);
        let events = build_missing(&self.keys, &found.write, &writer, now, &mut Random::os())?;
        self.publish(&events).await?;
        Ok(found)
    }

    /// A record about a patient in the newest chart epoch; whoever writes also gives the missing keys.
    ///
    /// # Errors
    /// When the relay refuses it.
    pub async fn write(&mut self, subject: &PublicKey, text: &str, links: &[Link]) -> Result<Event> {
        self.grant(subject, &[]).await?;
        let event = self.sealed(subject, text, links).await?;
        self.publish(std::slice::from_ref(&event)).await?;
        Ok(event)
    }

    /// The same, not published.
    ///
    /// # Errors
    /// When this person holds no chart key.
    pub async fn sealed(&mut self, subject: &PublicKey, text: &str, links: &[Link]) -> Result<Event> {
        let pair = self.newest(Compartment::Chart).await?;
        let resource = json!({
            "resourceType": "Observation", "status": "final", "code": {"text": "note"}, "note": [{"text": text}],
        });
        let mut random = Random::os();
        let r = random.bytes32();
        let record = Record { links, ..Record::plain(2113, &resource, *subject, r, Clock::System.now()) };
        Ok(seal_staff(&self.keys, &self.practice, &pair, Some(subject), false, &record, &mut random)?)
    }

    /// What the reader rule says of a patient's records, once receipts name all of these, or the reader rule has
    /// something else to say of them.
    ///
    /// # Errors
    /// When the relay does not answer.
    pub async fn read(
        &mut self,
        subjects: &[PublicKey],
        with: &[EventId],
    ) -> Result<BTreeMap<EventId, Outcome>> {
        let subjects: Vec<String> = subjects.iter().map(PublicKey::to_hex).collect();
        let records = self.events(json!({"kinds": [2110, 2111, 2113, 2117], "#p": subjects})).await?;
        let filter = json!({"kinds": [kinds::RECEIPT], "#p": subjects});
        let name = self.client.subscribe(filter).await?;
        let mut receipts = self.client.stored(&name).await?.events()?;
        let named = |receipts: &[Event]| -> BTreeSet<String> {
            let tags = receipts.iter().flat_map(|receipt| receipt.tags.iter());
            tags.filter(|tag| tag.kind() == "e").filter_map(|tag| tag.content().map(str::to_owned)).collect()
        };
        while !with.iter().all(|id| named(&receipts).contains(&id.to_hex())) {
            let frame = self.client.wait(|frame| frame[0] == "EVENT" && frame[1] == name.as_str()).await?;
            receipts.push(Event::from_json(frame[2].to_string())?);
        }
        self.client.send(&json!(["CLOSE", name])).await?;
        let mut known = self.policy_events().await?;
        known.extend(receipts);
        let held = self.held().await?;
        let sight = if self.is_staff(&known) { Sight::Staff } else { Sight::Own };
        let mut reader = Reader::new(self.practice, held, sight, &known);
        Ok(reader.read(&records, Some(Clock::System.now())))
    }

    fn is_staff(&self, known: &[Event]) -> bool {
        let own = self.keys.public_key().to_hex();
        known.iter().any(|event| {
            event.kind.as_u16() == 2102 && event.tags.iter().any(|tag| tag.content() == Some(&own))
        })
    }

    /// The keys in this person's hands.
    async fn held(&mut self) -> Result<Held> {
        let own = self.keys.public_key().to_hex();
        let grants = self.events(json!({"kinds": [kinds::PATIENT_KEY_GRANT], "#p": [own]})).await?;
        let secret = self.keys.secret_key();
        let rows = grants.iter().filter_map(|grant| open_patient_grant(secret, grant)).flatten();
        let held = Held::person(secret.clone()).with_rows(rows);
        Ok(held.with_keyring(self.keyring().await?))
    }
}

/// The note of a record that is shown.
pub fn note(outcome: Option<&Outcome>) -> Option<String> {
    match outcome {
        Some(Outcome::Shown(shown)) => {
            Some(shown.record.resource.pointer("/note/0/text")?.as_str()?.to_owned())
        }
        _ => None,
    }
}
