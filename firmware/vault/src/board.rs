//! The front panel: display, button and lid. The vault alone drives it, so that nobody else can put words on the
//! display that a person approves.

use std::io::Write as _;

use relaybox_process::config::Panel;

/// What a front panel can do.
pub(crate) trait Board: Send {
    /// Replaces what the display shows.
    fn show(&mut self, lines: &[String]);
    /// Whether it has a button: then nobody presses it from a console.
    fn has_button(&self) -> bool {
        false
    }
}

/// The panel of the configuration.
pub(crate) fn of(panel: Panel) -> Box<dyn Board> {
    match panel {
        Panel::Console => Box::new(Console),
        Panel::None => Box::new(Dark),
    }
}

/// A simulated panel: its display is standard error. For development, where no name is a person's.
struct Console;

impl Board for Console {
    fn show(&mut self, lines: &[String]) {
        let mut text = String::from("  ┌ display\n");
        for line in lines {
            text.push_str("  │ ");
            text.push_str(line);
            text.push('\n');
        }
        // Nobody is left to tell when standard error is gone.
        let _ = std::io::stderr().lock().write_all(text.as_bytes());
    }
}

/// A box without a panel: the console that asks shows the lines.
struct Dark;

impl Board for Dark {
    fn show(&mut self, _: &[String]) {}
}
