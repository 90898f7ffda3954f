//! Who reads what, over the wire: every row of `tests/vectors/reading.json`, which a script writes from
//! the text of the protocol, by REQ, COUNT, negentropy and live delivery.

use std::collections::{BTreeMap, BTreeSet};

use relaybox_protocol::epochs::build_grant;
use relaybox_protocol::event::{key_tag, sign, tag};
use relaybox_protocol::grants::{GrantRow, Patients, Said, Service, Share, build_patient_grant, build_share};
use relaybox_protocol::permissions::{Compartment, Role};
use relaybox_protocol::{Event, EventId, Keys};
use serde_json::{Value, json};

use crate::calls::Visit;
use crate::client::Client;
use crate::practice::{Practice, keys, pk};
use crate::relay::{Relay, config};
use crate::sync::sync;

const AUTH_REQUIRED: &str = "auth-required: log in with NIP-42 first";
/// Those who have no way to log in.
const CLOSED_OUT: [&str; 4] = ["anonymous", "suspended", "former", "former-guardian"];

/// One event of the table and who reads it.
struct Row {
    kind: u16,
    by: String,
    to: Option<String>,
    /// A compartment; of a receipt also a chain of policy.
    place: Option<String>,
    scope: Option<String>,
    lent: Option<String>,
    readers: BTreeSet<String>,
}

fn strings(value: &Value) -> impl Iterator<Item = String> {
    value.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned())
}

fn table() -> (Vec<String>, Vec<Row>) {
    let file: Value = serde_json::from_str(include_str!("../../../../tests/vectors/reading.json")).unwrap();
    let row = |row: &Value| {
        let text = |name: &str| row[name].as_str().map(str::to_owned);
        Row {
            kind: u16::try_from(row["kind"].as_u64().unwrap()).unwrap(),
            by: text("by").unwrap(),
            to: text("to"),
            place: text("compartment"),
            scope: text("scope"),
            lent: text("lent"),
            readers: strings(&row["readers"]).collect(),
        }
    };
    let rows = file["events"].as_array().unwrap().iter().map(row).collect();
    (strings(&file["readers"]).collect(), rows)
}

impl Row {
    fn compartment(&self) -> Compartment {
        Compartment::parse(self.place.as_deref().unwrap()).unwrap()
    }

    fn to(&self) -> &str {
        self.to.as_deref().unwrap()
    }

    /// The row's event. Every party of it is a name of the practice.
    fn event(&self, practice: &mut Practice, lent: Option<EventId>) -> Event {
        let (by, kind) = (self.by.as_str(), self.kind);
        let family = ["teen", "own", "parent", "aunt"].contains(&by);
        match kind {
            2110..=2126 if family => {
                practice.by_family(by, kind, self.compartment(), self.to.as_deref(), false)
            }
            2110..=2126 => practice.by_staff(by, kind, self.compartment(), self.to.as_deref(), false),
            32110 | 32111 => practice.draft(by, kind, self.compartment()),
            2100..=2109 | 2127..=2129 => self.policy(practice, lent),
            1059 => {
                let sender = practice.random.keys();
                sign(&sender, kind, vec![key_tag("p", &pk(self.to()))], "sealed", practice.now())
            }
            4050..=4055 => {
                let mut signal = practice.signal(by, self.to(), practice.now() + 3_600);
                if kind != 4050 {
                    signal = sign(&keys(by), kind, signal.tags.to_vec(), "sealed", practice.now());
                }
                signal
            }
            30078 => sign(&keys(by), kind, vec![tag("d", ["x"])], "sealed", practice.now()),
            _ => sign(&keys(by), kind, vec![], "", practice.now()),
        }
    }

    fn policy(&self, practice: &mut Practice, lent: Option<EventId>) -> Event {
        let by = self.by.as_str();
        match self.kind {
            2100 => grant(practice, by, self.to()),
            2101 => practice.grant(self.to()),
            2102 => practice.roster("new-nurse", Role::Nurse, false),
            2103 => practice.agent("new-agent", Service::Billing, Patients::None),
            2104 => practice.link(by, self.to(), "uncle", false),
            2106 => share(practice, by, self.to(), lent.unwrap()),
            2108 => match &self.scope {
                Some(child) => practice.bar(by, self.to(), child),
                None => practice.suspension(by, self.to()),
            },
            2109 => practice.client(by, "camp", self.to()),
            2127 => practice.destruction(&[EventId::from_hex(&"ab".repeat(32)).unwrap()]),
            2128 => sign(
                &keys("audit"),
                2128,
                vec![tag("head", ["relay", "1", &"ab".repeat(32)])],
                "",
                practice.now(),
            ),
            _ => {
                let mut tags = vec![key_tag("p", &practice.secret(self.compartment()).public)];
                tags.extend(self.to.as_deref().map(|name| key_tag("p", &pk(name))));
                tags.push(tag("day", ["2026-01-01"]));
                sign(&keys("audit"), 2129, tags, "", practice.now())
            }
        }
    }
}

/// A 2100 of the chart's row of "teen".
fn grant(practice: &mut Practice, by: &str, reader: &str) -> Event {
    let pair = practice.secret(Compartment::Chart);
    let subject = pk("teen");
    let row = GrantRow { epoch_key: pair.public, subject, key: pair.reader_key(&subject).unwrap() };
    let authority = EventId::from_hex(&"cd".repeat(32)).unwrap();
    let now = practice.now();
    build_patient_grant(&keys(by), &pk(reader), &authority, &[row], now, &mut practice.random).unwrap()
}

fn share(practice: &mut Practice, by: &str, recipient: &str, id: EventId) -> Event {
    let now = practice.now();
    let share = Share {
        recipient: pk(recipient),
        ids: &[id],
        until: now + 86_400,
        blob: None,
        purpose: "second opinion",
        said: Some(Said::Selection),
        created_at: now,
    };
    build_share(&keys(by), &share, &mut practice.random).unwrap()
}

/// The practice, its readers with a live subscription of everything, and the published table.
struct Stage {
    relay: Relay,
    practice: Practice,
    clients: BTreeMap<String, Client>,
    rows: Vec<Row>,
    /// Ids of the rows; a receipt's row has those of its whole chain.
    ids: Vec<BTreeSet<String>>,
}

impl Stage {
    async fn set() -> Self {
        let (relay, mut practice) = Relay::staffed(config()).await;
        practice.everybody(&relay).await;
        let locum = practice.roster("locum", Role::Nurse, false);
        relay.append(&[&locum]).await.unwrap();
        // One person suspends five others an hour at most.
        relay.pass_seconds(3_600);
        // The table's calls are of this visit.
        let visit =
            Visit { child: "teen", providers: &["doctor"], guardians: &["parent"], begins_in: 0, lasts: 900 };
        relay.login("doctor").await.publish(&practice.visit(&visit, None)).await.stored();
        let (readers, rows) = table();
        let mut clients = BTreeMap::new();
        for name in readers {
            let mut client = relay.connect().await;
            if CLOSED_OUT.contains(&name.as_str()) {
                if name != "anonymous" {
                    assert!(!client.login(&keys(&name), relay.now()).await.accepted, "{name}");
                }
            } else {
                client.login(&keys(&name), relay.now()).await.stored();
                assert_eq!(client.req("live", &[json!({"limit": 0})]).await, Ok(vec![]), "{name}");
            }
            clients.insert(name, client);
        }
        Self { relay, practice, clients, rows, ids: Vec::new() }
    }

    /// Publishes each row by its author, and waits until the box has receipted all records.
    async fn publish(&mut self) {
        let mut writers: BTreeMap<String, Client> = BTreeMap::new();
        let mut lent = None;
        let mut receipted = BTreeSet::new();
        for row in &self.rows {
            if row.kind == 2122 {
                continue;
            }
            let event = row.event(&mut self.practice, lent);
            lent = lent.or(row.lent.as_ref().map(|_| event.id));
            let by = if row.kind == 1059 { "nurse" } else { row.by.as_str() };
            if ["practice", "audit"].contains(&by) {
                self.relay.append(&[&event]).await.unwrap();
            } else {
                if !writers.contains_key(by) {
                    writers.insert(by.to_owned(), self.relay.login(by).await);
                }
                let answer = writers.get_mut(by).unwrap().publish(&event).await;
                assert!(answer.accepted, "{} {:?} {:?}: {}", row.kind, row.by, row.to, answer.message);
            }
            if (2110..=2126).contains(&row.kind) {
                receipted.insert(event.id.to_hex());
            }
            self.ids.push([event.id.to_hex()].into());
        }
        self.receipts(receipted).await;
    }

    async fn receipts(&mut self, mut wanted: BTreeSet<String>) {
        let mut nurse = self.relay.login("confidential-nurse").await;
        nurse.login(&keys("doctor"), self.relay.now()).await.stored();
        nurse.send(r#"["REQ","receipts",{"kinds":[2122]}]"#).await;
        let mut receipts = Vec::new();
        while !wanted.is_empty() {
            let receipt: Event = serde_json::from_value(nurse.until("EVENT").await[2].take()).unwrap();
            for tag in receipt.tags.iter().filter(|tag| tag.kind() == "e") {
                wanted.remove(tag.content().unwrap());
            }
            receipts.push(receipt);
        }
        let rows: Vec<_> = self.rows.iter().filter(|row| row.kind == 2122).collect();
        for row in rows {
            let of_row = |event: &&Event| match row.place.as_deref().unwrap() {
                chain @ ("policy" | "policy-staff") => cells(event, "c") == [chain],
                _ => {
                    let first = self.practice.secret(row.compartment()).public;
                    let subject = row.to.as_deref().map(pk);
                    let keys = [Some(first), subject].into_iter().flatten();
                    cells(event, "p") == keys.map(|key| key.to_hex()).collect::<Vec<_>>()
                }
            };
            let ids: BTreeSet<_> = receipts.iter().filter(of_row).map(|event| event.id.to_hex()).collect();
            assert!(!ids.is_empty(), "no receipt of {:?} {:?}", row.place, row.to);
            self.ids.push(ids);
        }
    }

    /// Ids that this person reads according to the table.
    fn expected(&self, name: &str) -> BTreeSet<String> {
        let rows = self.rows.iter().zip(&self.ids);
        let read = rows.filter(|(row, _)| row.readers.contains(name));
        read.flat_map(|(_, ids)| ids.clone()).collect()
    }

    /// What a session that was open all the while must have received: no receipt of what came before
    /// it, and by a share, which opens what is stored, only what came after the share.
    fn expected_live(&self, name: &str) -> BTreeSet<String> {
        let share = self.rows.iter().position(|row| row.kind == 2106).unwrap();
        let from = if name == "specialist" { share } else { 0 };
        let rows = self.rows.iter().zip(&self.ids).skip(from);
        let read = rows.filter(|(row, _)| row.kind != 2122 && row.readers.contains(name));
        read.flat_map(|(_, ids)| ids.clone()).collect()
    }

    fn title(&self, id: &str) -> String {
        let at = self.ids.iter().position(|ids| ids.contains(id)).unwrap();
        let row = &self.rows[at];
        format!("{} by {} to {:?} in {:?}", row.kind, row.by, row.to, row.place)
    }

    fn compare(&self, name: &str, way: &str, found: &BTreeSet<String>, expected: &BTreeSet<String>) {
        let titles =
            |ids: &mut dyn Iterator<Item = &String>| ids.map(|id| self.title(id)).collect::<Vec<_>>();
        let (more, less) = (titles(&mut found.difference(expected)), titles(&mut expected.difference(found)));
        assert!(more.is_empty() && less.is_empty(), "{name} by {way}: too much {more:?}; missing {less:?}");
    }
}

/// First values of all tags of this name.
fn cells(event: &Event, name: &str) -> Vec<String> {
    let tags = event.tags.iter().filter(|tag| tag.kind() == name);
    tags.map(|tag| tag.content().unwrap().to_owned()).collect()
}

fn ids(events: &[Value]) -> BTreeSet<String> {
    events.iter().map(|event| event["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn every_row_of_the_table_of_readers_is_read_by_its_readers_and_by_nobody_else() {
    let mut stage = Stage::set().await;
    stage.publish().await;
    let all: BTreeSet<String> = stage.ids.iter().flatten().cloned().collect();
    let kinds: BTreeSet<u16> = stage.rows.iter().map(|row| row.kind).collect();
    let names: Vec<String> = stage.clients.keys().cloned().collect();
    for name in names.iter().filter(|name| !CLOSED_OUT.contains(&name.as_str())) {
        let expected = stage.expected(name);
        let mut client = stage.relay.login(name).await;
        let within = |found: BTreeSet<String>| found.intersection(&all).cloned().collect::<BTreeSet<_>>();
        let by_ids = ids(&client.req("ids", &[json!({"ids": all})]).await.unwrap());
        stage.compare(name, "ids", &by_ids, &expected);
        let by_all = ids(&client.req("all", &[json!({})]).await.unwrap());
        stage.compare(name, "{}", &within(by_all), &expected);
        let by_kinds = ids(&client.req("kinds", &[json!({"kinds": kinds})]).await.unwrap());
        stage.compare(name, "kinds", &within(by_kinds), &expected);
        let counted = client.count(json!({"ids": all})).await;
        assert_eq!(counted, Ok(expected.len() as u64), "{name} by count");
        let by_sync = sync(&mut client, json!({"kinds": kinds})).await.unwrap();
        stage.compare(name, "negentropy", &within(by_sync), &expected);
    }
    for name in CLOSED_OUT {
        let client = stage.clients.get_mut(name).unwrap();
        let refused = Err(AUTH_REQUIRED.to_owned());
        assert_eq!(client.req("ids", &[json!({"ids": all})]).await, refused.clone(), "{name}");
        assert_eq!(client.count(json!({"ids": all})).await, refused.clone().map(|_: Vec<Value>| 0), "{name}");
        assert_eq!(sync(client, json!({})).await, refused.map(|_: Vec<Value>| BTreeSet::new()), "{name}");
        assert_eq!(client.settled().await.iter().filter(|m| m[0] == "EVENT").count(), 0, "{name}");
    }
    live(&mut stage).await;
}

/// What the open subscriptions received, up to an event that closes the play for everybody: a new epoch.
async fn live(stage: &mut Stage) {
    let last = stage.practice.epoch(600);
    stage.relay.append(&[&last]).await.unwrap();
    let all: BTreeSet<String> = stage.ids.iter().flatten().cloned().collect();
    let mut clients = std::mem::take(&mut stage.clients);
    for (name, client) in clients.iter_mut().filter(|(name, _)| !CLOSED_OUT.contains(&name.as_str())) {
        // The last event is for members: a stranger gets nothing, before and after it.
        if name == "stranger" {
            let rest = client.settled().await;
            assert!(rest.iter().all(|message| message[0] != "EVENT"), "{rest:?}");
            continue;
        }
        let mut received = BTreeSet::new();
        loop {
            let event = client.find(|message| message[0] == "EVENT" && message[1] == "live").await;
            let id = event[2]["id"].as_str().unwrap().to_owned();
            if id == last.id.to_hex() {
                break;
            }
            assert!(received.insert(id), "{name}: twice");
        }
        let found: BTreeSet<_> = received.intersection(&all).cloned().collect();
        let (must, may) = (stage.expected_live(name), stage.expected(name));
        stage.compare(name, "live delivery", &found, &found.union(&must).cloned().collect());
        stage.compare(name, "live delivery", &found, &found.intersection(&may).cloned().collect());
    }
}

/// A 2101 is not the practice's alone: a member who holds the secrets may deliver them.
#[tokio::test]
async fn a_members_grant_is_read_by_its_addressee_and_its_author() {
    let (relay, mut practice) = Relay::staffed(config()).await;
    let epoch = practice.epochs.last().unwrap();
    let secrets = [(Compartment::Chart, &epoch.chart.secret)];
    let doctor: Keys = keys("doctor");
    let grant =
        build_grant(&doctor, &pk("nurse"), epoch.n, &secrets, practice.now(), &mut practice.random).unwrap();
    relay.login("doctor").await.publish(&grant).await.stored();
    let asked = json!({"ids": [grant.id.to_hex()]});
    for (name, reads) in [("doctor", 1), ("nurse", 1), ("desk", 0), ("mother", 0), ("fhir", 0)] {
        assert_eq!(relay.login(name).await.count(asked.clone()).await, Ok(reads), "{name}");
    }
}
