//! What happens to single children beyond the schedule: each shows one thing the practice must
//! handle.

mod allergies;
mod appointments;
mod care;
mod changes;
mod confidential;
mod labs;
mod messages;
mod threads;

use super::plan::Scribe;

pub(crate) fn write(scribe: &mut Scribe<'_>) {
    allergies::write(scribe);
    labs::write(scribe);
    care::write(scribe);
    changes::write(scribe);
    confidential::write(scribe);
    messages::write(scribe);
    appointments::write(scribe);
}
