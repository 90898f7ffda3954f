//! Whether a live event is one that a filter asks for (NIP-01). Limits do not count here.

use relaybox_protocol::Filter;
use relaybox_protocol::scope::IndexKey;

use super::Live;

pub(super) fn matches(filter: &Filter, live: &Live) -> bool {
    let event = &live.event;
    filter.kinds.as_ref().is_none_or(|kinds| kinds.contains(&event.kind))
        && filter.since.is_none_or(|since| event.created_at >= since)
        && filter.until.is_none_or(|until| event.created_at <= until)
        && filter.authors.as_ref().is_none_or(|authors| authors.contains(&event.pubkey))
        && filter.ids.as_ref().is_none_or(|ids| ids.contains(&event.id))
        && filter.generic_tags.iter().all(|(letter, values)| {
            live.keys.iter().any(|key| match key {
                IndexKey::Tag(name, value) => *name == letter.as_byte() && values.contains(value),
                IndexKey::Author(_) => false,
            })
        })
}
