//! What one member can open: granted secrets, and the walk back along the keyrings.

use std::collections::BTreeMap;

use zeroize::Zeroizing;

use super::{EpochShape, keyring_key, matching, parse};
use crate::body::parse_strict;
use crate::envelope::EpochSecret;
use crate::event::{key_from_hex, number_from_text, tag_value};
use crate::keys::open_sealed;
use crate::nip44::{ConversationKey, secret_from_hex};
use crate::permissions::Compartment;
use crate::{Event, PublicKey, SecretKey, hex, kinds};

/// All epoch secrets a member can reach: from 2101 events addressed to it and the keyrings of the
/// 2105 events, walked back. Checks e·G = E for each.
#[derive(Debug)]
pub struct Keyring {
    secrets: Vec<(u64, Compartment, EpochSecret)>,
    legacy: Option<ConversationKey>,
}

impl Keyring {
    /// `epochs` are the counted 2105 events in any order, `grants` the 2101 to this member. A grant
    /// or keyring row that does not open or does not fit its E is left out.
    pub fn collect(member: &SecretKey, epochs: &[Event], grants: &[Event]) -> Self {
        let shapes: BTreeMap<u64, EpochShape> =
            epochs.iter().filter_map(parse).map(|shape| (shape.n, shape)).collect();
        let mut keyring = Self { secrets: Vec::new(), legacy: None };
        for grant in grants {
            keyring.take_grant(member, grant, &shapes);
        }
        for shape in shapes.values().rev() {
            keyring.walk_back(shape, &shapes);
        }
        keyring.secrets.sort_by_key(|(n, compartment, _)| (*n, *compartment));
        keyring
    }

    /// The secret of this E, if held.
    pub fn secret_of(&self, epoch_key: &PublicKey) -> Option<&SecretKey> {
        self.pair_of(epoch_key).map(|pair| &pair.secret)
    }

    /// The key pair of this E, if held.
    pub fn pair_of(&self, epoch_key: &PublicKey) -> Option<&EpochSecret> {
        self.secrets.iter().find(|(_, _, pair)| pair.public == *epoch_key).map(|(_, _, pair)| pair)
    }

    pub fn newest(&self, compartment: Compartment) -> Option<&EpochSecret> {
        self.secrets.iter().rev().find(|(_, of, _)| *of == compartment).map(|(_, _, pair)| pair)
    }

    /// Every pair held: epoch number, compartment, pair; oldest first.
    pub fn pairs(&self) -> impl Iterator<Item = (u64, Compartment, &EpochSecret)> {
        self.secrets.iter().map(|(n, compartment, pair)| (*n, *compartment, pair))
    }

    /// X1 of epoch 0, if granted. Nothing proves it but an imported event that it opens.
    pub fn legacy(&self) -> Option<&ConversationKey> {
        self.legacy.as_ref()
    }

    fn holds(&self, n: u64, compartment: Compartment) -> Option<&EpochSecret> {
        self.secrets.iter().find(|(at, of, _)| (*at, *of) == (n, compartment)).map(|(_, _, pair)| pair)
    }

    fn add(&mut self, n: u64, compartment: Compartment, pair: EpochSecret) {
        if self.holds(n, compartment).is_none() {
            self.secrets.push((n, compartment, pair));
        }
    }

    fn take_grant(
        &mut self,
        member: &SecretKey,
        grant: &Event,
        shapes: &BTreeMap<u64, EpochShape>,
    ) -> Option<()> {
        if grant.kind.as_u16() != kinds::PRACTICE_KEY_GRANT {
            return None;
        }
        let n = number_from_text(tag_value(grant, "n", 0)?)?;
        let ek = key_from_hex(tag_value(grant, "ek", 0)?)?;
        let text = Zeroizing::new(open_sealed(member, &ek, &grant.content).ok()?);
        // Two readers that pick different ones of two equal keys would hold different secrets.
        let rows = parse_strict(std::str::from_utf8(&text).ok()?, 1)?;
        let rows: Vec<(&str, &str)> = rows
            .iter()
            .map(|(name, secret)| Some((name.as_str(), secret.as_str()?)))
            .collect::<Option<_>>()?;
        if n == 0 {
            let legacy = rows.iter().find(|(name, _)| *name == "legacy");
            self.legacy = legacy.and_then(|(_, x1)| hex::decode(x1)).map(ConversationKey::from_bytes);
            return Some(());
        }
        let shape = shapes.get(&n)?;
        for (name, secret) in rows {
            let Some(compartment) = Compartment::parse(name) else { continue };
            let pair = secret_from_hex(secret.as_bytes())
                .zip(shape.key(compartment))
                .and_then(|(secret, public)| matching(secret, &public));
            if let Some(pair) = pair {
                self.add(n, compartment, pair);
            }
        }
        Some(())
    }

    /// From e(n) to e(n−1) in each compartment that is held.
    fn walk_back(&mut self, shape: &EpochShape, shapes: &BTreeMap<u64, EpochShape>) {
        let Some(before) = shape.n.checked_sub(1).and_then(|n| shapes.get(&n)) else { return };
        for (compartment, payload) in &shape.keyring {
            let pair = self.holds(shape.n, *compartment).and_then(|pair| {
                let text = Zeroizing::new(keyring_key(&pair.secret).decrypt(payload).ok()?);
                matching(secret_from_hex(&text)?, &before.key(*compartment)?)
            });
            if let Some(pair) = pair {
                self.add(before.n, *compartment, pair);
            }
        }
    }
}
