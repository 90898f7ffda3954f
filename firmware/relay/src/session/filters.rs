//! Whether a live event is one that a filter asks for (NIP-01). Limits do not count here.

use relaybox_protocol::Filter;
use relaybox_protocol::scope::IndexKey;
use relaybox_store::Delivered;

pub(super) fn matches(filter: &Filter, live: &Delivered) -> bool {
    filter.kinds.as_ref().is_none_or(|kinds| kinds.iter().any(|kind| kind.as_u16() == live.kind))
        && filter.since.is_none_or(|since| live.created_at >= since.as_secs())
        && filter.until.is_none_or(|until| live.created_at <= until.as_secs())
        && filter.authors.as_ref().is_none_or(|authors| authors.contains(&live.author))
        && filter.ids.as_ref().is_none_or(|ids| ids.contains(&live.id))
        && filter.generic_tags.iter().all(|(letter, values)| {
            live.keys.iter().any(|key| match key {
                IndexKey::Tag(name, value) => *name == letter.as_byte() && values.contains(value),
                IndexKey::Author(_) => false,
            })
        })
}
