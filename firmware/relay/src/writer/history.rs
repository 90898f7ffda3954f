//! What the vault builds on: policy events and the receipts of their chains, in arrival order, page by page.

use relaybox_process::rpc::ceremony::{HISTORY_BYTES_MAX, HISTORY_MAX, Reply};
use relaybox_protocol::event::{EVENT_BYTES_MAX, parse_unverified};
use relaybox_store::Change;
use serde_json::value::RawValue;

use super::{Writer, refused};
use crate::service::refusal_of;

impl Writer {
    pub(super) async fn history(&self, after: u64) -> Reply {
        // One more than a page shows that there is more.
        match self.shared.store.changes_page(after, HISTORY_MAX + 1).await {
            Ok(changes) => page(changes, after),
            Err(error) => refused(0, refusal_of(&error)),
        }
    }
}

fn page(changes: Vec<Change>, after: u64) -> Reply {
    let (mut left, mut bytes, mut last) = (changes.len(), 0, after);
    let mut events = Vec::new();
    for change in changes.into_iter().take(HISTORY_MAX) {
        if bytes >= HISTORY_BYTES_MAX {
            break;
        }
        left -= 1;
        bytes += change.bytes.len();
        last = change.seq;
        events.extend(one_line(change.bytes));
    }
    Reply::History { events, last, more: left > 0 }
}

/// An event may have come with line breaks between its tokens; a line of the socket has none.
fn one_line(bytes: String) -> Option<Box<RawValue>> {
    if !bytes.contains('\n') {
        return RawValue::from_string(bytes).ok();
    }
    let event = parse_unverified(&bytes, EVENT_BYTES_MAX).ok()?;
    serde_json::value::to_raw_value(&event).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(seq: u64, bytes: String) -> Change {
        Change { seq, received: 1, bytes }
    }

    fn shape(reply: Reply) -> (usize, u64, bool) {
        match reply {
            Reply::History { events, last, more } => (events.len(), last, more),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_page_ends_at_its_number_of_events_or_bytes_and_says_whether_more_follow() {
        let small = |count: usize| (1..=count as u64).map(|seq| change(seq, "{}".to_owned())).collect();
        assert_eq!(shape(page(small(0), 9)), (0, 9, false));
        assert_eq!(shape(page(small(HISTORY_MAX), 0)), (HISTORY_MAX, HISTORY_MAX as u64, false));
        assert_eq!(shape(page(small(HISTORY_MAX + 1), 0)), (HISTORY_MAX, HISTORY_MAX as u64, true));
        let large = format!("\"{}\"", "x".repeat(HISTORY_BYTES_MAX / 2));
        let three = (1..=3).map(|seq| change(seq, large.clone())).collect();
        assert_eq!(shape(page(three, 0)), (2, 2, true));
    }

    #[test]
    fn an_event_that_came_over_several_lines_goes_out_on_one() {
        let keys = relaybox_protocol::Keys::generate();
        let event = relaybox_protocol::event::sign(&keys, 2108, vec![], "", 1);
        let broken = serde_json::to_string_pretty(&event).unwrap();
        let sent = one_line(broken).unwrap();
        assert!(!sent.get().contains('\n'));
        assert_eq!(parse_unverified(sent.get(), EVENT_BYTES_MAX).unwrap().id, event.id);
    }
}
