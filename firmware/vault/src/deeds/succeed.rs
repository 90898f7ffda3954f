//! The transaction of a succession: one 2107 by the next practice key.

use super::{DeedError, Event, History, Keys};
use relaybox_protocol::grants::build_succession;

/// The next key takes the place of P; `hash` is SHA-256 of the key after it (PROTOCOL 2.2, 2107).
///
/// # Errors
/// When it is not the key whose hash the first 2105 or the last 2107 named.
pub fn succeed(next: &Keys, history: &History, hash: &[u8; 32], now: u64) -> Result<Vec<Event>, DeedError> {
    let view = history.view(now);
    let head = history.head().ok_or(DeedError::Epoch)?;
    let (former, now) = (view.practice(), view.time());
    let events = vec![build_succession(next, &former, &head, hash, history.next(), now)];
    history.try_on(&events, now).map_err(DeedError::Refused)?;
    Ok(events)
}
