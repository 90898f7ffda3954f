//! The keyboard: lines read apart from everything else, and typing that is not shown.

use std::io::BufRead as _;

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use tokio::sync::mpsc;
use zeroize::Zeroizing;

/// Standard input.
pub(super) struct Console {
    lines: mpsc::Receiver<Zeroizing<String>>,
    /// The terminal as it was; none when input is no terminal.
    before: Option<Termios>,
}

impl Console {
    pub(super) fn open() -> Self {
        let (send, lines) = mpsc::channel(1);
        // A thread of its own: a read from a terminal cannot be given up.
        std::thread::spawn(move || {
            let mut input = std::io::stdin().lock();
            loop {
                let mut line = Zeroizing::new(String::new());
                match input.read_line(&mut line) {
                    Ok(0) | Err(_) => return,
                    Ok(_) => {
                        let line = Zeroizing::new(line.trim_end_matches(['\n', '\r']).to_owned());
                        if send.blocking_send(line).is_err() {
                            return;
                        }
                    }
                }
            }
        });
        Self { lines, before: tcgetattr(rustix::stdio::stdin()).ok() }
    }

    /// The next line without its end; none when there is no more.
    pub(super) async fn line(&mut self) -> Option<Zeroizing<String>> {
        self.lines.recv().await
    }

    /// What is typed from now on is not shown.
    pub(super) fn hide(&self) {
        if let Some(before) = &self.before {
            let mut hidden = before.clone();
            hidden.local_modes.remove(LocalModes::ECHO);
            self.set(&hidden);
        }
    }

    pub(super) fn show(&self) {
        if let Some(before) = &self.before {
            self.set(before);
        }
    }

    fn set(&self, modes: &Termios) {
        // A terminal that is gone shows nothing either.
        let _ = tcsetattr(rustix::stdio::stdin(), OptionalActions::Now, modes);
    }
}

impl Drop for Console {
    fn drop(&mut self) {
        self.show();
    }
}
