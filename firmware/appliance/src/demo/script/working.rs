//! Working papers of the staff, which no family reads: an unsigned note and marks of the inbox.

use relaybox_protocol::drafts::{Draft, build, draft_name, shared_name};
use relaybox_protocol::kinds;
use relaybox_protocol::permissions::Compartment;
use relaybox_protocol::random::Random;
use serde_json::{Map, Value, json};

use super::{Script, ScriptError, Step};
use crate::demo::cast::Staff;

/// A draft of a visit that took place lives 400 days, shared marks as long.
const LIFE: u64 = 399 * 86_400;

impl<Give: FnMut(Step) -> bool> Script<'_, Give> {
    pub(super) fn working_papers(&mut self) -> Result<(), ScriptError> {
        let child = self.plan.children.iter().find(|child| child.cast.id == "six");
        let patient = child.map(|child| child.fhir_id.clone()).unwrap_or_default();
        let note = json!({
            "patient": patient, "title": "Call about the school plan",
            "text": "Mother asks about a second auto-injector for school. ***",
        });
        let name = draft_name(&mut Random::os());
        self.paper(Staff::Doctor, kinds::DRAFT, Compartment::Chart, &name, note)?;

        let desk_mark = json!({"key": "inbox/read", "done": self.event_hex("toddler/message/cita/2"), "by": Staff::FrontDesk.name()});
        let name = shared_name(&self.current()?.desk.secret, "inbox/read");
        self.paper(Staff::FrontDesk, kinds::SHARED_STATE, Compartment::Desk, &name, desk_mark)?;

        let phrase = json!({"key": "phrases/.fever", "text": "Call if the fever lasts more than three days, or at once if the child is limp."});
        let name = shared_name(&self.current()?.chart.secret, "phrases/.fever");
        self.paper(Staff::Owner, kinds::SHARED_STATE, Compartment::Chart, &name, phrase)
    }

    fn event_hex(&self, name: &str) -> Option<String> {
        self.ids.get(name).map(relaybox_protocol::EventId::to_hex)
    }

    fn paper(
        &mut self,
        by: Staff,
        kind: u16,
        compartment: Compartment,
        d: &str,
        state: Value,
    ) -> Result<(), ScriptError> {
        let state: Map<String, Value> = state.as_object().cloned().unwrap_or_default();
        let created_at = self.next_moment();
        let draft = Draft { kind, d, state: &state, expiration: self.now + LIFE, created_at };
        let keys = self.staff(by);
        let event = build(&keys, self.current()?.of(compartment), &draft, &mut Random::os())?;
        self.publish(keys, "a working paper", event, false)?;
        Ok(())
    }
}
