//! A key in the slot: a socket on which it speaks CTAPHID, until it is taken out.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use ctaphid_app::Command;

use crate::authenticator::{Finger, PATIENCE, powered};
use crate::frames::{Assembler, BROADCAST, CBOR, ERROR, INIT, KEEPALIVE, MSG, Message, REPORT, reports};
use crate::manner::Manner;

/// Between two keep-alives (CTAP 2.1, section 11.2.9.2.1 asks for 100 ms at most).
const PULSE: Duration = Duration::from_millis(100);
const PROCESSING: u8 = 1;
const TOUCH_NEEDED: u8 = 2;

type Ask<'a> = &'a mut dyn FnMut(Command, &[u8]) -> Vec<u8>;

/// What is done to a key from outside, in or out.
#[derive(Default)]
pub struct Switches {
    pub finger: Finger,
    manner: Mutex<Manner>,
    gone: AtomicBool,
    /// The connection that is served.
    open: Mutex<Option<UnixStream>>,
}

impl Switches {
    pub fn manner(&self) -> MutexGuard<'_, Manner> {
        self.manner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn open(&self) -> MutexGuard<'_, Option<UnixStream>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A key that is in.
pub struct Inserted {
    pub path: PathBuf,
    switches: Arc<Switches>,
    runs: JoinHandle<()>,
}

impl Inserted {
    /// # Errors
    /// When the socket cannot be made.
    pub fn new(name: &str, path: &Path, flash: &Path, switches: Arc<Switches>) -> std::io::Result<Self> {
        let listener = UnixListener::bind(path)?;
        switches.gone.store(false, Ordering::SeqCst);
        let (name, flash, inside) = (name.to_owned(), flash.to_owned(), switches.clone());
        let runs = std::thread::Builder::new().stack_size(16 * 1024 * 1024).spawn(move || {
            let patience = inside.manner().patience.unwrap_or(PATIENCE);
            powered(&name, &flash, &inside.finger, patience, |ask| serve(&listener, &inside, ask));
        })?;
        Ok(Self { path: path.to_owned(), switches, runs })
    }

    /// Takes it out: what it was doing ends, whoever speaks to it reads an error.
    pub fn take_out(self) {
        self.switches.gone.store(true, Ordering::SeqCst);
        if let Some(stream) = self.switches.open().as_ref() {
            let _ = stream.shutdown(Shutdown::Both);
        }
        // Wakes the one who waits for the next connection.
        let _ = UnixStream::connect(&self.path);
        let _ = std::fs::remove_file(&self.path);
        let _ = self.runs.join();
    }
}

fn serve(listener: &UnixListener, switches: &Switches, ask: Ask<'_>) {
    for stream in listener.incoming() {
        let Ok(stream) = stream else { return };
        *switches.open() = stream.try_clone().ok();
        if switches.gone.load(Ordering::SeqCst) {
            return;
        }
        let _ = speak(&stream, switches, ask);
        *switches.open() = None;
    }
}

/// One connection, until either side ends it.
fn speak(mut stream: &UnixStream, switches: &Switches, ask: Ask<'_>) -> std::io::Result<()> {
    let (mut assembler, mut report, mut channels) = (Assembler::default(), [0; REPORT], 0u32);
    loop {
        stream.read_exact(&mut report)?;
        let Some(message) = assembler.take(&report) else { continue };
        let manner = switches.manner().clone();
        if message.command == INIT && message.channel == BROADCAST {
            channels += 1;
            let told = if manner.at_init.is_empty() { greeting(&message, channels) } else { manner.at_init };
            told.iter().try_for_each(|report| stream.write_all(report))?;
        } else if manner.hangs {
            // Says nothing.
            switches.finger.set(|touch| touch.waited_for = true);
        } else if let Some(status) = manner.pulses {
            stream.set_read_timeout(Some(PULSE))?;
            loop {
                pulse(stream, message.channel, status)?;
                switches.finger.set(|touch| touch.waited_for = true);
                match stream.read(&mut report) {
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                    _ => return Ok(()),
                }
            }
        } else if !manner.at_message.is_empty() {
            manner.at_message.iter().try_for_each(|report| stream.write_all(report))?;
        } else {
            let (command, answer) = answer(stream, switches, &manner, &message, ask);
            let reports = reports(message.channel, command, &answer);
            reports.iter().try_for_each(|report| stream.write_all(report))?;
        }
    }
}

fn greeting(message: &Message, channel: u32) -> Vec<[u8; REPORT]> {
    let mut told = message.payload.clone();
    told.extend_from_slice(&channel.to_be_bytes());
    // Version 2 of the protocol, no version of a device; CBOR.
    told.extend_from_slice(&[2, 0, 0, 0, 4]);
    reports(BROADCAST, INIT, &told)
}

fn pulse(mut stream: &UnixStream, channel: [u8; 4], status: u8) -> std::io::Result<()> {
    reports(channel, KEEPALIVE, &[status]).iter().try_for_each(|report| stream.write_all(report))
}

/// Command and payload of the answer.
fn answer(
    stream: &UnixStream,
    switches: &Switches,
    manner: &Manner,
    message: &Message,
    ask: Ask<'_>,
) -> (u8, Vec<u8>) {
    let first = message.payload.first().copied().unwrap_or_default();
    let command = match message.command {
        CBOR => Command::Cbor,
        MSG => Command::Msg,
        _ => return (ERROR, vec![1]),
    };
    if let Some(answer) = manner.answers.get(&first) {
        return (CBOR, answer.clone());
    }
    if let Some(refusal) = manner.refusal(&message.payload) {
        return (CBOR, refusal);
    }
    let finger = &switches.finger;
    let told = std::thread::scope(|scope| {
        let (done, wait) = mpsc::channel::<()>();
        scope.spawn(move || {
            while wait.recv_timeout(PULSE) == Err(mpsc::RecvTimeoutError::Timeout) {
                let status = if finger.get().waited_for { TOUCH_NEEDED } else { PROCESSING };
                if pulse(stream, message.channel, status).is_err() {
                    finger.set(|touch| touch.alone = true);
                }
            }
        });
        let told = ask(command, &message.payload);
        drop(done);
        told
    });
    finger.set(|touch| {
        touch.alone = false;
        touch.waited_for = false;
    });
    (message.command, manner.told(first, told))
}
