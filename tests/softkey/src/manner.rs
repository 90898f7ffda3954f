//! What a key does beside what it should: the broken, the hostile and the old ones.

use std::collections::BTreeMap;

use ciborium::Value;

use crate::frames::{REPORT, Report};

/// CTAP 2.1, section 6.
pub const MAKE: u8 = 0x01;
pub const GET: u8 = 0x02;
pub const INFO: u8 = 0x04;
pub const CLIENT_PIN: u8 = 0x06;
const INVALID_PARAMETER: u8 = 0x02;

/// An honest key by default; each word of [`Manner::learn`] adds to it.
#[derive(Debug, Default, Clone)]
pub struct Manner {
    /// Takes questions and never answers.
    pub hangs: bool,
    /// Sends keep-alives of this status for ever.
    pub pulses: Option<u8>,
    /// Sent in place of the answer to INIT.
    pub at_init: Vec<Report>,
    /// Sent in place of any other answer.
    pub at_message: Vec<Report>,
    /// Status and CBOR in place of the answer to a CTAP command.
    pub answers: BTreeMap<u8, Vec<u8>>,
    protocols: Option<Vec<u8>>,
    without: Vec<String>,
    pin_least: Option<u8>,
    changes_pin: bool,
    /// Milliseconds for which a key waits for a touch, from its next insertion.
    pub patience: Option<u32>,
    lie: Option<String>,
}

impl Manner {
    /// One command of the control socket; none when it makes no sense.
    pub fn learn(&mut self, words: &[&str]) -> Option<()> {
        match words {
            ["honest"] => *self = Self::default(),
            ["hangs"] => self.hangs = true,
            ["pulses", status] => self.pulses = Some(status.parse().ok()?),
            ["frames", "init", frames @ ..] => self.at_init = reports(frames)?,
            ["frames", "message", frames @ ..] => self.at_message = reports(frames)?,
            ["answers", command, answer] => {
                self.answers.insert(u8::from_str_radix(command, 16).ok()?, unhex(answer)?);
            }
            ["protocols", all @ ..] => {
                self.protocols = Some(all.iter().map(|one| one.parse()).collect::<Result<_, _>>().ok()?);
            }
            ["without", extension] => self.without.push((*extension).to_owned()),
            ["pin-least", least] => self.pin_least = Some(least.parse().ok()?),
            ["patience", milliseconds] => self.patience = Some(milliseconds.parse().ok()?),
            ["changes-pin"] => self.changes_pin = true,
            ["lies", about @ ("rp" | "uv" | "up" | "credential" | "secret")] => {
                self.lie = Some((*about).to_owned());
            }
            _ => return None,
        }
        Some(())
    }

    /// The answer to a question in a protocol that this key does not speak.
    pub fn refusal(&self, request: &[u8]) -> Option<Vec<u8>> {
        let (command, map) = request.split_first()?;
        let spoken = self.protocols.as_ref()?;
        // Where the number of the PIN protocol stands.
        let at = match *command {
            CLIENT_PIN => 1,
            GET => 7,
            MAKE => 9,
            _ => return None,
        };
        let number = member(&decoded(map)?, at).and_then(|value| value.as_integer())?;
        let speaks = spoken.iter().any(|one| number == (*one).into());
        (!speaks).then(|| vec![INVALID_PARAMETER])
    }

    /// What leaves the key in place of the authenticator's own answer.
    pub fn told(&self, command: u8, answer: Vec<u8>) -> Vec<u8> {
        match (command, answer.split_first()) {
            (INFO, Some((0, map))) => decoded(map).map_or(answer, |map| encoded(self.info(map))),
            (MAKE | GET, Some((0, map))) if self.lie.is_some() => {
                decoded(map).map_or(answer, |map| encoded(self.lied(command, map)))
            }
            _ => answer,
        }
    }

    fn info(&self, mut map: Vec<(Value, Value)>) -> Vec<(Value, Value)> {
        if let Some(protocols) = &self.protocols {
            let list = protocols.iter().map(|one| Value::from(*one)).collect();
            put(&mut map, 6, Value::Array(list));
        }
        if let Some(Value::Array(extensions)) = member_mut(&mut map, 2) {
            extensions.retain(|one| !self.without.iter().any(|name| one.as_text() == Some(name)));
        }
        if let Some(least) = self.pin_least {
            put(&mut map, 0x0d, least.into());
        }
        if self.changes_pin {
            put(&mut map, 0x0c, true.into());
        }
        map
    }

    fn lied(&self, command: u8, mut map: Vec<(Value, Value)>) -> Vec<(Value, Value)> {
        let lie = self.lie.as_deref().unwrap_or_default();
        if let (GET, "credential", Some(Value::Map(credential))) = (command, lie, member_mut(&mut map, 1)) {
            for (_, value) in credential {
                if let Value::Bytes(id) = value {
                    id[0] ^= 1;
                }
            }
        }
        if let Some(Value::Bytes(data)) = member_mut(&mut map, 2) {
            match lie {
                "rp" => data[0] ^= 1,
                "up" => data[32] &= !0x01,
                "uv" => data[32] &= !0x04,
                "secret" => data[32] &= !0x80,
                _ => {}
            }
        }
        map
    }
}

fn reports(frames: &[&str]) -> Option<Vec<Report>> {
    let report = |hex: &&str| {
        let mut report = [0; REPORT];
        let bytes = unhex(hex)?;
        report.get_mut(..bytes.len())?.copy_from_slice(&bytes);
        Some(report)
    };
    frames.iter().map(report).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let byte = |at: usize| u8::from_str_radix(text.get(at..at + 2)?, 16).ok();
    (0..text.len()).step_by(2).map(byte).collect()
}

fn decoded(bytes: &[u8]) -> Option<Vec<(Value, Value)>> {
    ciborium::from_reader::<Value, _>(bytes).ok()?.into_map().ok()
}

/// A good status and the map.
fn encoded(map: Vec<(Value, Value)>) -> Vec<u8> {
    let mut answer = vec![0];
    let _ = ciborium::into_writer(&Value::Map(map), &mut answer);
    answer
}

fn member(map: &[(Value, Value)], number: u8) -> Option<&Value> {
    map.iter().find(|(key, _)| *key == Value::from(number)).map(|(_, value)| value)
}

fn member_mut(map: &mut [(Value, Value)], number: u8) -> Option<&mut Value> {
    map.iter_mut().find(|(key, _)| *key == Value::from(number)).map(|(_, value)| value)
}

fn put(map: &mut Vec<(Value, Value)>, number: u8, value: Value) {
    match member_mut(map, number) {
        Some(old) => *old = value,
        None => map.push((number.into(), value)),
    }
}
