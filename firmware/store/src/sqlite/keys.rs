//! Index keys as bytes and as dictionary numbers.

use std::collections::HashMap;

use relaybox_protocol::scope::IndexKey;
use relaybox_protocol::{EventId, PublicKey};
use rusqlite::{Connection, OptionalExtension};

use super::error::{corrupt, fail};
use super::sql;
use crate::Result;

/// As a key: any event.
pub(super) const ANY: i64 = 0;

const AUTHOR: u8 = 0;
const TEXT: u8 = 0;
const HEX: u8 = 1;

/// Bytes of a key in the dictionary: an author as 0 and 32 bytes; a tag as its letter, a form byte and
/// the value, where 64 lower-case hex characters shrink to 32 bytes.
pub(super) fn encode(key: &IndexKey) -> Vec<u8> {
    match key {
        IndexKey::Author(author) => [&[AUTHOR], author.as_bytes().as_slice()].concat(),
        IndexKey::Tag(letter, value) => match from_hex(value) {
            Some(bytes) => [&[*letter, HEX], bytes.as_slice()].concat(),
            None => [&[*letter, TEXT], value.as_bytes()].concat(),
        },
    }
}

pub(super) fn decode(bytes: &[u8]) -> Option<IndexKey> {
    match bytes {
        [AUTHOR, author @ ..] => Some(IndexKey::Author(PublicKey::from_slice(author).ok()?)),
        [letter, HEX, value @ ..] => Some(IndexKey::Tag(*letter, EventId::from_slice(value).ok()?.to_hex())),
        [letter, TEXT, value @ ..] => Some(IndexKey::Tag(*letter, String::from_utf8(value.to_vec()).ok()?)),
        _ => None,
    }
}

fn from_hex(value: &str) -> Option<[u8; 32]> {
    let lower = value.len() == 64 && value.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    if lower { EventId::from_hex(value).ok().map(EventId::to_bytes) } else { None }
}

/// The number of a key, if any event ever had it.
pub(super) fn number(conn: &Connection, key: &IndexKey) -> Result<Option<i64>> {
    let mut statement = conn.prepare_cached(sql::NUMBER).map_err(fail)?;
    statement.query_row([encode(key)], |row| row.get(0)).optional().map_err(fail)
}

/// Numbers that the writer looked up before. Whatever takes a number back must take it out here, since
/// the number may be given again: a removal its own, a rollback all.
#[derive(Debug, Default)]
pub(super) struct Numbers(HashMap<IndexKey, i64>);

impl Numbers {
    const MAX: usize = 4_096;

    /// The number of a key, given now if it is new.
    pub(super) fn of(&mut self, conn: &Connection, key: &IndexKey) -> Result<i64> {
        if let Some(number) = self.0.get(key) {
            return Ok(*number);
        }
        let number = number_or_new(conn, key)?;
        if self.0.len() >= Self::MAX {
            self.0.clear();
        }
        self.0.insert(key.clone(), number);
        Ok(number)
    }

    /// Takes out these numbers, which may be free now.
    pub(super) fn forget(&mut self, numbers: &[i64]) {
        self.0.retain(|_, number| !numbers.contains(number));
    }

    /// After a rollback.
    pub(super) fn forget_all(&mut self) {
        self.0.clear();
    }
}

fn number_or_new(conn: &Connection, key: &IndexKey) -> Result<i64> {
    let bytes = encode(key);
    let mut find = conn.prepare_cached(sql::NUMBER).map_err(fail)?;
    if let Some(number) = find.query_row([&bytes], |row| row.get(0)).optional().map_err(fail)? {
        return Ok(number);
    }
    let mut add = conn.prepare_cached(sql::ADD_KEY).map_err(fail)?;
    add.insert([&bytes]).map_err(fail)
}

/// The key behind a number.
pub(super) fn key(conn: &Connection, number: i64) -> Result<IndexKey> {
    let mut statement = conn.prepare_cached(sql::KEY).map_err(fail)?;
    let bytes: Option<Vec<u8>> = statement.query_row([number], |row| row.get(0)).optional().map_err(fail)?;
    bytes.and_then(|bytes| decode(&bytes)).ok_or_else(|| corrupt("a dictionary number without a key"))
}

/// Numbers as stored with the event. A practice does not reach 2^32 keys; one that did is refused
/// rather than wrapped.
pub(super) fn pack(numbers: &[i64]) -> Result<Vec<u8>> {
    let mut packed = Vec::with_capacity(numbers.len() * 4);
    for number in numbers {
        let number = u32::try_from(*number).map_err(|_| corrupt("the dictionary is full"))?;
        packed.extend_from_slice(&number.to_le_bytes());
    }
    Ok(packed)
}

pub(super) fn unpack(packed: &[u8]) -> impl Iterator<Item = i64> + '_ {
    packed.as_chunks::<4>().0.iter().map(|bytes| i64::from(u32::from_le_bytes(*bytes)))
}

/// First 64 bits of an id, as the id index holds them.
pub(super) fn prefix(id: &EventId) -> i64 {
    let mut first = [0; 8];
    first.copy_from_slice(&id.as_bytes()[..8]);
    i64::from_be_bytes(first)
}

/// Rises as the id falls, so that reading the index backwards gives the lowest id first.
pub(super) fn rank(id: &EventId) -> i64 {
    // Flipping the sign bit turns unsigned order into signed order; the complement turns it round.
    !(prefix(id) ^ i64::MIN)
}

/// Unix seconds or an arrival number as SQLite holds them.
pub(super) fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

pub(super) fn unsigned(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(first: u8) -> EventId {
        let mut bytes = [0; 32];
        bytes[0] = first;
        EventId::from_byte_array(bytes)
    }

    #[test]
    fn rank_orders_ids_from_high_to_low() {
        assert!(rank(&id(0)) > rank(&id(1)));
        assert!(rank(&id(0x7f)) > rank(&id(0x80)));
        assert!(rank(&id(0x80)) > rank(&id(0xff)));
    }

    #[test]
    fn keys_survive_their_encoding_and_do_not_meet() {
        let hex = "ab".repeat(32);
        let keys = [
            IndexKey::Author(PublicKey::from_hex(&hex).unwrap()),
            IndexKey::Tag(b'p', hex.clone()),
            IndexKey::Tag(b'p', hex.to_uppercase()),
            IndexKey::Tag(b'e', hex),
            IndexKey::Tag(b'c', "policy".into()),
            IndexKey::Tag(b'c', String::new()),
        ];
        for (n, key) in keys.iter().enumerate() {
            assert_eq!(decode(&encode(key)).as_ref(), Some(key));
            for other in &keys[n + 1..] {
                assert_ne!(encode(key), encode(other));
            }
        }
    }
}
