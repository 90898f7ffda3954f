//! Destruction orders (2127): the end of retention. The order is stored first, so that a power cut in
//! between is made good at the next start.

use relaybox_protocol::event::{id_from_hex, tag_value};
use relaybox_protocol::{Event, EventId, kinds};
use relaybox_store::Result;

use super::Writer;
use crate::receipts;

impl Writer {
    /// Removes the records that the order names. Policy events and receipts stay, whatever it names:
    /// membership, order and completeness rest on them.
    pub(crate) async fn destroy(&self, order: &Event) -> Result<usize> {
        // What goes must have stood in its chain, or the chain could not say what is missing.
        receipts::write_due(&self.shared).await?;
        let ids = (0..).map_while(|n| tag_value(order, "e", n)).filter_map(id_from_hex);
        let stored = self.stored_kinds(ids).await?;
        let goes = stored.into_iter().filter(|(_, kind)| kinds::is_destructible(*kind));
        let ids: Vec<EventId> = goes.map(|(id, _)| id).collect();
        if ids.is_empty() {
            return Ok(0);
        }
        self.shared.store.purge(&ids, order.id).await
    }
}
