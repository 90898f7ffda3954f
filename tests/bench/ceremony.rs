//! A practice whose key lies in a vault: claimed, staffed and rotated by ceremonies with software keys; and a member's
//! software that writes the key grants which a rotation leaves to be written.

use std::time::Duration;

use anyhow::{Context, Result, anyhow, ensure};
use relaybox_process::clock::Clock;
use relaybox_process::rpc::ceremony::CeremonyClient;
use relaybox_process::rpc::vault::Request;
use relaybox_protocol::envelope::{EpochSecret, Record, seal_staff};
use relaybox_protocol::epochs::Keyring;
use relaybox_protocol::event::tag;
use relaybox_protocol::grants::missing::{GrantBook, Writer, build_missing, missing};
use relaybox_protocol::grants::{Desk, LinkEntry, build_link, open_patient_grant};
use relaybox_protocol::keys::{KeyRole, prove};
use relaybox_protocol::permissions::{Compartment, Role};
use relaybox_protocol::random::Random;
use relaybox_protocol::receipts::{Completeness, Readership, ReceiptBook};
use relaybox_protocol::{Event, EventId, Keys, PublicKey, kinds};
use relaybox_tests::client::Client;
use relaybox_tests::dev::DevBox;
use relaybox_tests::vault::{Hand, SoftKeys, join};
use serde_json::json;
use tempfile::TempDir;

use crate::server::Place;
use crate::table::millis;
use crate::wire::{Door, Wire, accepted, frame};

/// Events under way.
const WINDOW: usize = 64;

/// A child and a parent.
struct Family {
    child: Keys,
    parent: Keys,
}

/// The practice, its box and its slot keys.
pub(crate) struct Sealed {
    pub(crate) dev: DevBox,
    keys: SoftKeys,
    owner: Keys,
    practice: PublicKey,
    families: Vec<Family>,
    /// 2100s written so far.
    grants: GrantBook,
    random: Random,
    _folder: TempDir,
}

/// What one rotation took, milliseconds.
pub(crate) struct Rotation {
    /// From the request to its text on the display.
    pub(crate) shown: f64,
    /// From the slot key's answer to `done`: the events are stored then.
    pub(crate) done: f64,
    pub(crate) events: usize,
}

/// What writing the missing grants took.
pub(crate) struct Written {
    pub(crate) grants: usize,
    /// From the first look at what is missing to the last OK.
    pub(crate) wall: Duration,
    /// Of it in the member's software: what is missing, drawing the keys, sealing and signing.
    pub(crate) made: Duration,
}

/// What a member's software has read of the practice.
struct Known {
    book: ReceiptBook,
    epochs: Vec<Event>,
    keyring: Keyring,
}

impl Known {
    fn desk(&self) -> Result<&EpochSecret> {
        self.keyring.newest(Compartment::Desk).context("the owner holds desk")
    }
}

impl Sealed {
    /// Claims a box, and has `staff` people, the owner among them, and patients with one guardian each join.
    pub(crate) async fn make(staff: usize, patients: usize) -> Result<Self> {
        let folder = TempDir::new()?;
        let keys = SoftKeys::over(&folder.path().join("keys"))?;
        let vault = format!("[vault]\nslot_helper = {:?}\nsoft = true\n", keys.helper());
        let dev = Place::new(folder.path(), &vault)?.dev(&["--empty"])?;
        let mut random = Random::seeded([8; 32]);
        let owner = random.keys();
        let mut hand = Hand::at(dev.folder(), &keys);
        hand.claim(&owner, &mut |_| true).await?.done()?;
        let practice = hand.state().await?.practice.context("a claimed box has a practice")?;
        let practice = PublicKey::from_hex(&practice)?;
        let roles = [Role::Nurse, Role::Nurse, Role::Ma, Role::Doctor, Role::FrontDesk];
        let joining = roles.into_iter().cycle().take(staff.saturating_sub(1));
        let changes: Vec<_> =
            joining.map(|role| join(&random.keys(), "Synthetic Person", role, &practice)).collect();
        hand.perform(json!({"verb": "roster", "changes": changes})).await?.done()?;
        drop(hand);
        let families =
            (0..patients).map(|_| Family { child: random.keys(), parent: random.keys() }).collect();
        let grants = GrantBook::default();
        let mut made = Self { dev, keys, owner, practice, families, grants, random, _folder: folder };
        made.register().await?;
        Ok(made)
    }

    pub(crate) fn patients(&self) -> usize {
        self.families.len()
    }

    /// The owner registers every child and links its parent.
    async fn register(&mut self) -> Result<()> {
        let known = self.known().await?;
        let pair = known.desk()?;
        let door = Door::Plain { url: self.dev.ready.plain()?.to_owned() };
        let mut sender = Sender::login(&door, &self.owner).await?;
        let now = Clock::System.now();
        for n in 0..self.families.len() {
            let child = self.families[n].child.clone();
            sender.send(&self.entry(&child, pair)?).await?;
        }
        // A link is taken for a patient that is there.
        sender.settle(0).await?;
        for family in &self.families {
            let pop = prove(&family.parent, &self.practice, KeyRole::Guardian, &mut self.random);
            let entry = LinkEntry {
                child: family.child.public_key(),
                guardian: family.parent.public_key(),
                compartments: &[Compartment::Desk, Compartment::Chart],
                until: None,
                ended: false,
                pop: &pop,
                name: "Synthetic parent",
                relationship: "parent",
                desk: Desk { n: 1, pair },
                sequence: None,
                created_at: now,
            };
            sender.send(&build_link(&self.owner, &entry, &mut self.random)?).await?;
        }
        sender.settle(0).await
    }

    /// The owner's 2110 of a child.
    fn entry(&mut self, child: &Keys, desk: &EpochSecret) -> Result<Event> {
        let key = child.public_key();
        let pop = prove(child, &self.practice, KeyRole::Subject, &mut self.random);
        let extra = [tag("pop", [&key.to_hex(), &pop])];
        let resource = json!({"resourceType": "Patient", "name": [{"text": "Synthetic child"}]});
        let (act, now) = (self.random.bytes32(), Clock::System.now());
        let record = Record { extra: &extra, ..Record::plain(2110, &resource, key, act, now) };
        Ok(seal_staff(&self.owner, &self.practice, desk, Some(&key), false, &record, &mut self.random)?)
    }

    /// New locks for all records, from the request to the stored events. With `meanwhile` a patient is registered after
    /// the request was shown, so that the vault's process reads the whole history again before it signs.
    pub(crate) async fn rotate(&mut self, meanwhile: bool) -> Result<Rotation> {
        let known = self.known().await?;
        let child = self.random.keys();
        let mut entry = if meanwhile { Some(self.entry(&child, known.desk()?)?) } else { None };
        let url = self.dev.ready.plain()?.to_owned();
        let clock = Clock::System;
        let (mut shown, mut approved, mut done) = (None, None, None);
        let mut hand = Hand::at(self.dev.folder(), &self.keys);
        let request = Request::Prepare { operation: json!({"verb": "rotate"}), by: None };
        let start = clock.instant();
        let held = hand
            .hold(&request, &mut |status| {
                let at = clock.instant();
                match status.step.as_str() {
                    "button" => shown = shown.or(Some(at)),
                    // Should the step be over before it is seen, the touch counts as well.
                    "touch" | "signing" => approved = Some(at),
                    "done" => done = Some(at),
                    "pin" => {
                        return entry.take().is_none_or(|entry| published(&url, &self.owner, &entry).is_ok());
                    }
                    _ => {}
                }
                true
            })
            .await?;
        held.done()?;
        let shown = shown.context("the request was shown")?;
        let (approved, done) = approved.zip(done).context("the ceremony was approved")?;
        let events = held.last.events.len();
        Ok(Rotation { shown: millis(shown - start), done: millis(done - approved), events })
    }

    async fn known(&self) -> Result<Known> {
        let mut ceremony = CeremonyClient::connect(&self.dev.folder().join("run/ceremony.sock")).await?;
        let (events, _) = ceremony.history(0).await?;
        let events = events.iter().map(|event| serde_json::from_str(event.get()));
        let events: Vec<Event> = events.collect::<Result<_, _>>()?;
        let (receipts, events): (Vec<Event>, Vec<Event>) =
            events.into_iter().partition(|event| event.kind.as_u16() == kinds::RECEIPT);
        let book = ReceiptBook::read(self.practice, Readership::Staff, &receipts, &events);
        ensure!(book.policy_state() == Completeness::Whole, "the practice's policy is not whole");
        let epochs: Vec<Event> =
            events.into_iter().filter(|event| event.kind.as_u16() == kinds::PRACTICE_EPOCH).collect();
        let mut client = Client::login(self.dev.ready.plain()?, None, &self.owner).await?;
        let mine = json!({"kinds": [kinds::PRACTICE_KEY_GRANT], "#p": [self.owner.public_key().to_hex()]});
        let secrets = client.query(mine).await?.events()?;
        let keyring = Keyring::collect(self.owner.secret_key(), &epochs, &secrets);
        Ok(Known { book, epochs, keyring })
    }

    /// The owner, who holds every e, writes what is missing for every patient.
    pub(crate) async fn write_grants(&mut self, door: &Door) -> Result<Written> {
        let known = self.known().await?;
        let now = Clock::System.now();
        let view = known.book.policy().now(now);
        let guardians = |child: &PublicKey| view.guardians_of(child).into_iter().map(|link| link.entry);
        let links: Vec<EventId> =
            self.families.iter().flat_map(|family| guardians(&family.child.public_key())).collect();
        ensure!(links.len() == self.families.len(), "{} links of {}", links.len(), self.families.len());
        let key = self.owner.public_key();
        let mut sender = Sender::login(door, &self.owner).await?;
        let clock = Clock::System;
        let (mut made, mut grants) = (Duration::ZERO, 0);
        let start = clock.instant();
        for (family, link) in self.families.iter().zip(&links) {
            let before = clock.instant();
            let confirmed = std::slice::from_ref(link);
            let writer = Writer { key, keyring: &known.keyring, rows: &[], confirmed };
            let found = missing(&view, &self.grants, &family.child.public_key(), &writer).write;
            let events = build_missing(&self.owner, &found, &writer, now, &mut self.random)?;
            made += clock.instant() - before;
            for event in &events {
                sender.send(event).await?;
                self.grants.add(event);
            }
            grants += events.len();
        }
        sender.settle(0).await?;
        let wall = clock.instant() - start;
        for family in &self.families {
            let writer = Writer { key, keyring: &known.keyring, rows: &[], confirmed: &links };
            let left = missing(&view, &self.grants, &family.child.public_key(), &writer);
            ensure!(left.write.is_empty() && left.waiting.is_empty(), "a grant is missing still");
        }
        let newest = known.keyring.newest(Compartment::Chart).context("the owner holds chart")?.public;
        ensure!(known.epochs.len() == known.book.policy().now(now).epochs().len(), "an epoch did not count");
        self.opened_by_a_parent(&newest).await?;
        Ok(Written { grants, wall, made })
    }

    /// The last parent of the list finds the row of the newest epoch, and it opens.
    async fn opened_by_a_parent(&self, epoch_key: &PublicKey) -> Result<()> {
        let family = self.families.last().context("there are families")?;
        let mut client = Client::login(self.dev.ready.plain()?, None, &family.parent).await?;
        let mine = json!({"kinds": [kinds::PATIENT_KEY_GRANT], "#p": [family.parent.public_key().to_hex()]});
        let grants = client.query(mine).await?.events()?;
        let opened = grants.iter().filter_map(|grant| open_patient_grant(family.parent.secret_key(), grant));
        let found = opened.flatten().any(|row| row.epoch_key == *epoch_key);
        ensure!(found, "a parent lacks the newest key");
        Ok(())
    }
}

/// Publishes while the caller waits: a step of a ceremony is none that could await.
fn published(url: &str, keys: &Keys, event: &Event) -> Result<()> {
    let publish = async {
        let (accepted, text) = Client::login(url, None, keys).await?.publish(event).await?;
        ensure!(accepted, "refused: {text}");
        Ok(())
    };
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build();
    std::thread::scope(|scope| scope.spawn(|| runtime()?.block_on(publish)).join())
        .map_err(|_| anyhow!("publishing ended"))?
}

/// A connection that has several events under way.
struct Sender {
    wire: Wire,
    open: usize,
}

impl Sender {
    async fn login(door: &Door, keys: &Keys) -> Result<Self> {
        Ok(Self { wire: Wire::login(door, keys).await?, open: 0 })
    }

    async fn send(&mut self, event: &Event) -> Result<()> {
        self.settle(WINDOW - 1).await?;
        self.open += 1;
        self.wire.send(&frame(&format!("[\"EVENT\",{}]", event.as_json()))).await
    }

    /// Reads until no more than `left` events wait for their OK.
    async fn settle(&mut self, left: usize) -> Result<()> {
        while self.open > left {
            let answer = self.wire.next().await?;
            if !answer.starts_with(b"[\"OK\"") {
                continue;
            }
            ensure!(accepted(answer), "refused: {}", String::from_utf8_lossy(answer));
            self.open -= 1;
        }
        Ok(())
    }
}
