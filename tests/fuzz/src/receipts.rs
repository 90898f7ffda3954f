//! Receipts: a JSON array of events; those of kind 2122 are receipts, the others what they name. The
//! verdict is about the last one.

use relaybox_protocol::receipts::{
    ChainKey, ChainState, NewReceipt, ROWS_MAX, Readership, Receipt, ReceiptBook, build, parse,
};
use relaybox_protocol::{Event, Keys, SecretKey, kinds};

use super::practice::{PRACTICE, events_of};
use super::{OK, Verdict};

/// Every verdict of this target alone.
pub const VERDICTS: [Verdict; 1] = ["shape"];

pub fn run(input: &[u8]) -> Verdict {
    let all = match events_of(input) {
        Ok(all) => all,
        Err(refusal) => return refusal.code(),
    };
    let (receipts, events): (Vec<Event>, Vec<Event>) =
        all.iter().cloned().partition(|event| event.kind.as_u16() == kinds::RECEIPT);
    for receipt in receipts.iter().filter_map(parse) {
        says_the_same_again(&receipt);
    }
    in_any_order(&receipts, &events);
    if all.last().is_some_and(|event| parse(event).is_some()) { OK } else { "shape" }
}

fn says_the_same_again(receipt: &Receipt) {
    assert!((1..=ROWS_MAX).contains(&receipt.rows.len()));
    let rows = u64::try_from(receipt.rows.len()).unwrap();
    assert!(receipt.n >= rows);
    // The compartment of a clinical chain stands in its epoch key alone.
    let clinical = ChainKey::from_bytes(&[1, 1]).unwrap();
    let chain = receipt.policy_chain.unwrap_or(match receipt.subject {
        None => clinical,
        Some(key) => ChainKey::from_bytes(&[&[1, 1][..], key.as_bytes()].concat()).unwrap(),
    });
    assert_eq!(ChainKey::from_bytes(&chain.to_bytes()), Some(chain));
    let new = NewReceipt {
        chain,
        epoch_key: receipt.epoch_key,
        before: receipt.n - rows,
        prev: receipt.prev,
        mark: receipt.mark,
        rows: &receipt.rows,
        created_at: PRACTICE.now,
    };
    let signer = Keys::new(SecretKey::from_slice(&[3; 32]).unwrap());
    let event = build(&signer, &new);
    let mut expected = receipt.clone();
    (expected.id, expected.signer) = (event.id, signer.public_key());
    assert_eq!(parse(&event), Some(expected));
}

/// What a reader makes of receipts does not hang on the order in which they came.
fn in_any_order(receipts: &[Event], events: &[Event]) {
    let mut receipts: Vec<Event> = receipts.iter().chain(&PRACTICE.receipts).cloned().collect();
    let mut events: Vec<Event> = events.iter().chain(&PRACTICE.events).cloned().collect();
    for readership in [Readership::Staff, Readership::Members] {
        let one = ReceiptBook::read(PRACTICE.key, readership, &receipts, &events);
        receipts.reverse();
        events.reverse();
        let other = ReceiptBook::read(PRACTICE.key, readership, &receipts, &events);
        assert_eq!(one.policy_state(), other.policy_state());
        let chains = |book: &ReceiptBook| -> Vec<(ChainKey, ChainState)> {
            book.chains().map(|(key, state)| (*key, state.clone())).collect()
        };
        assert_eq!(chains(&one), chains(&other));
        for event in &events {
            assert_eq!(one.receipted(event), other.receipted(event));
        }
        for (_, state) in chains(&one) {
            let mut ids = state.ids.clone();
            ids.sort_unstable();
            ids.dedup();
            assert_eq!(ids.len(), state.ids.len(), "an id counts once");
        }
    }
}
