//! A front panel without hardware, for development and tests: its display is standard error, and a Unix socket `panel`
//! stands for button, lid and slot. Whoever connects reads what is shown, one JSON line for each change, and may send
//! a line: `press`, `hold`, `lid open`, `lid close`, `slot full`, `slot empty`.
//!
//! The lid stays as it was left, also while the box is off: a file beside the socket is the lid.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use relaybox_process::rpc::line;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{mpsc, watch};

use super::face::Face;
use super::{Board, Input};

/// Name of the socket.
const SOCKET: &str = "panel.sock";
/// There while the lid is open.
const LID_OPEN: &str = "panel.lid-open";
/// Longest line that is read.
const LINE_BYTES_MAX: u64 = 64;

/// The simulated panel.
pub(super) struct Simulated {
    button: bool,
    contacts: Arc<Contacts>,
    shown: watch::Sender<Option<Face>>,
}

/// Switches of the simulated panel.
struct Contacts {
    lid: PathBuf,
    slot: AtomicBool,
}

impl Simulated {
    /// With a button of its own, or one that the console presses. What happens goes to `inputs`.
    pub(super) fn open(sockets: &Path, button: bool, inputs: mpsc::Sender<Input>) -> std::io::Result<Self> {
        let path = sockets.join(SOCKET);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let listener = UnixListener::bind(&path)?;
        let contacts = Arc::new(Contacts { lid: sockets.join(LID_OPEN), slot: AtomicBool::new(false) });
        let (shown, watched) = watch::channel(None);
        tokio::spawn(listen(listener, Arc::clone(&contacts), inputs, watched));
        Ok(Self { button, contacts, shown })
    }
}

impl Board for Simulated {
    fn show(&mut self, face: &Face) {
        let mut text = String::from("  ┌ display\n");
        for line in &face.display {
            text.push_str("  │ ");
            text.push_str(line);
            text.push('\n');
        }
        // Nobody is left to tell when standard error is gone.
        let _ = std::io::stderr().lock().write_all(text.as_bytes());
        self.shown.send_replace(Some(face.clone()));
    }

    fn has_button(&self) -> bool {
        self.button
    }

    fn lid_open(&self) -> bool {
        self.contacts.lid.exists()
    }

    fn slot_full(&self) -> bool {
        self.contacts.slot.load(Ordering::Relaxed)
    }
}

impl Contacts {
    /// What a line does to the panel; none for one that is none of its words.
    fn touched(&self, line: &str) -> std::io::Result<Option<Input>> {
        Ok(Some(match line {
            "press" => Input::Press,
            "hold" => Input::Hold,
            "lid open" => {
                std::fs::write(&self.lid, "")?;
                Input::Lid(true)
            }
            "lid close" => match std::fs::remove_file(&self.lid) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
                _ => Input::Lid(false),
            },
            "slot full" | "slot empty" => {
                let full = line == "slot full";
                self.slot.store(full, Ordering::Relaxed);
                Input::Slot(full)
            }
            _ => return Ok(None),
        }))
    }
}

/// Ends with the panel, or with the vault that takes its inputs.
async fn listen(
    listener: UnixListener,
    contacts: Arc<Contacts>,
    inputs: mpsc::Sender<Input>,
    shown: watch::Receiver<Option<Face>>,
) {
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    tokio::spawn(serve(stream, Arc::clone(&contacts), inputs.clone(), shown.clone()));
                }
                Err(error) => return log::warn!("the simulated panel failed to accept: {error}"),
            },
            () = inputs.closed() => return,
        }
    }
}

/// One who looks and presses.
async fn serve(
    stream: UnixStream,
    contacts: Arc<Contacts>,
    inputs: mpsc::Sender<Input>,
    mut shown: watch::Receiver<Option<Face>>,
) {
    let (read, mut write) = stream.into_split();
    let pressing = async {
        let mut lines = BufReader::new(read);
        let mut text = String::new();
        loop {
            text.clear();
            match (&mut lines).take(LINE_BYTES_MAX).read_line(&mut text).await {
                Ok(0) | Err(_) => return,
                Ok(_) => {}
            }
            match contacts.touched(text.trim_end()) {
                Ok(Some(input)) if inputs.send(input).await.is_ok() => {}
                Ok(_) => log::warn!("the simulated panel has no such part"),
                Err(error) => log::warn!("the simulated panel failed to keep its lid: {error}"),
            }
        }
    };
    let showing = async {
        loop {
            let face = shown.borrow_and_update().clone();
            let written = match &face {
                Some(face) => line::write(&mut write, face).await.is_ok(),
                None => true,
            };
            if !written || shown.changed().await.is_err() {
                // Who looks no more may have said something before.
                return std::future::pending().await;
            }
        }
    };
    tokio::select! {
        () = pressing => {}
        () = showing => {}
    }
}
