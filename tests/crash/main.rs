//! What an OK is worth: kills, power cuts, failing disks and copies under load, with the real binary.
//!
//! The short form runs with every `make test`. `make heavy` sets `RELAYBOX_KILLS` and `RELAYBOX_IMAGES`
//! for the long one; only these tests read them.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

mod copy;
mod disk;
mod image;
mod kept;
mod kills;
mod load;
mod power;
mod resend;
mod shim;

/// The number in an environment variable, or the short form's.
fn times(name: &str, short: usize) -> usize {
    #[allow(clippy::disallowed_methods, reason = "the switch between the short and the long form")]
    let text = std::env::var(name);
    text.map_or(short, |text| text.parse().unwrap())
}
