//! Epochs, and how long one lasts before the practice is reminded of new locks. The rotation itself is a ceremony.

use relaybox_process::rpc::audit::Entry;
use relaybox_protocol::policy::View;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{ADMIN, read};
use crate::login::{Asked, not_known};
use crate::members::present;
use crate::reply::{Answer, Refused, done, ok};
use crate::run::Shared;
use crate::settings::ROTATION_SECONDS;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Interval {
    seconds: u64,
}

pub(super) async fn list(shared: &Shared, asked: &Asked) -> Answer {
    shared.member(asked, ADMIN).await?;
    let now = shared.clock.now();
    let members = present(&shared.following, now).ok_or_else(not_known)?;
    let view = members.view(now);
    let epochs: Vec<Value> = view
        .epochs()
        .iter()
        .map(|epoch| json!({"n": epoch.n, "event": epoch.event.to_hex(), "received": epoch.received}))
        .collect();
    ok(&json!({"epochs": epochs, "rotation": rotation(shared, &view, now)}))
}

/// Sets the interval.
pub(super) async fn set(shared: &Shared, asked: &Asked) -> Answer {
    let by = shared.member(asked, ADMIN).await?.key.to_hex();
    let Interval { seconds } = read(asked)?;
    if !ROTATION_SECONDS.contains(&seconds) {
        return Err(Refused::malformed("an interval is one week at least and five years at most"));
    }
    let entry = Entry::new(shared.clock.now(), "rotation-interval").by(by);
    shared.enter(entry.fact("seconds", seconds.to_string())).await?;
    shared.settings.set_rotation(seconds).map_err(|error| Refused::unavailable("storage", &error))?;
    done()
}

/// Interval, when the next rotation is due, and whether it is time.
pub(super) fn rotation(shared: &Shared, view: &View<'_>, now: u64) -> Value {
    told(view.epoch().map(|epoch| epoch.received), shared.settings.rotation(), now)
}

fn told(begun: Option<u64>, seconds: u64, now: u64) -> Value {
    let due = begun.map(|begun| begun.saturating_add(seconds));
    json!({"seconds": seconds, "due": due, "reminder": due.is_some_and(|due| due <= now)})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_practice_is_reminded_of_new_locks_when_its_interval_is_over() {
        const WEEK: u64 = 7 * 86_400;
        let at = |now| told(Some(1_000), WEEK, now)["reminder"].clone();
        assert_eq!((at(1_000), at(999 + WEEK), at(1_000 + WEEK)), (json!(false), json!(false), json!(true)));
        assert_eq!(told(None, WEEK, 5), json!({"seconds": WEEK, "due": null, "reminder": false}));
    }
}
