//! A hash map whose clone costs one reference count and whose change copies one part of 64, so
//! that the relay can make a new policy per event with thousands of patients in it.

use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::sync::Arc;

use crate::{EventId, PublicKey};

const PARTS: usize = 64;

/// Keys that are hashes or curve points: their first byte spreads them evenly.
pub(super) trait Spread: Eq + Hash + Clone {
    fn first_byte(&self) -> u8;
}

impl Spread for PublicKey {
    fn first_byte(&self) -> u8 {
        self.as_bytes()[0]
    }
}

impl Spread for EventId {
    fn first_byte(&self) -> u8 {
        self.as_bytes()[0]
    }
}

impl Spread for [u8; 32] {
    fn first_byte(&self) -> u8 {
        self[0]
    }
}

#[derive(Clone)]
pub(super) struct Shards<K, V> {
    parts: Arc<Vec<Arc<HashMap<K, V>>>>,
}

impl<K, V> fmt::Debug for Shards<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Shards({})", self.parts.iter().map(|part| part.len()).sum::<usize>())
    }
}

impl<K: Spread, V: Clone> Default for Shards<K, V> {
    fn default() -> Self {
        Self { parts: Arc::new((0..PARTS).map(|_| Arc::default()).collect()) }
    }
}

impl<K: Spread, V: Clone> Shards<K, V> {
    pub(super) fn get(&self, key: &K) -> Option<&V> {
        self.parts[usize::from(key.first_byte()) % PARTS].get(key)
    }

    pub(super) fn contains(&self, key: &K) -> bool {
        self.get(key).is_some()
    }

    /// The part of the key, copied if another clone still reads it.
    fn part_mut(&mut self, key: &K) -> &mut HashMap<K, V> {
        let parts = Arc::make_mut(&mut self.parts);
        Arc::make_mut(&mut parts[usize::from(key.first_byte()) % PARTS])
    }

    pub(super) fn insert(&mut self, key: K, value: V) {
        self.part_mut(&key).insert(key, value);
    }

    pub(super) fn entry(&mut self, key: K) -> &mut V
    where
        V: Default,
    {
        self.part_mut(&key).entry(key).or_default()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.parts.iter().flat_map(|part| part.iter())
    }
}
