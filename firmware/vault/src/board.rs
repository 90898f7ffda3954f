//! The front panel: display, lights, button, lid and the mouth of the key slot. The vault alone drives it, so that
//! nobody else can put words on the display that a person approves.
//!
//! Drivers of real parts implement [`Board`] and push what happens into the queue that [`open`] gives; times (how long
//! a button is held, how long a contact bounces) are theirs.

pub(crate) mod face;
mod simulated;

use std::path::Path;

use relaybox_process::config::Panel;
use tokio::sync::mpsc;

use face::Face;

/// Inputs that wait for the vault.
const INPUTS: usize = 16;

/// What a front panel can do.
pub(crate) trait Board: Send {
    /// Replaces display and lights.
    fn show(&mut self, face: &Face);
    /// Whether it has a button: then nobody presses it from a console.
    fn has_button(&self) -> bool {
        false
    }
    /// Whether the lid is open now; a panel without a lid switch says no.
    fn lid_open(&self) -> bool {
        false
    }
    /// Whether something is in the key slot now; a panel without that contact says no.
    fn slot_full(&self) -> bool {
        false
    }
}

/// What happens at a panel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Input {
    /// The button was pressed, and let go within five seconds.
    Press,
    /// It has been down for five seconds.
    Hold,
    /// The lid switch changed: open or closed.
    Lid(bool),
    /// The contact of the key slot changed: full or empty. It says nothing of what is in.
    Slot(bool),
}

/// A panel and what happens at it.
pub(crate) type Opened = (Box<dyn Board>, mpsc::Receiver<Input>);

/// The panel of the configuration. `sockets` is the folder in which a simulated one listens. Call inside the runtime.
///
/// # Errors
/// When a simulated panel cannot listen.
pub(crate) fn open(panel: Panel, sockets: &Path) -> std::io::Result<Opened> {
    let (inputs, received) = mpsc::channel(INPUTS);
    let board: Box<dyn Board> = match panel {
        Panel::None => Box::new(Dark),
        Panel::Console => Box::new(simulated::Simulated::open(sockets, false, inputs)?),
        Panel::Simulated => Box::new(simulated::Simulated::open(sockets, true, inputs)?),
    };
    Ok((board, received))
}

/// A box without a panel: the console that asks shows the lines.
struct Dark;

impl Board for Dark {
    fn show(&mut self, _: &Face) {}
}
