//! The keys of a folder, and the commands for them: one line on the socket `control`, one line back.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::key::{Inserted, Switches};

/// The helper's name in the folder.
pub const HELPER: &str = "relaybox-slot";
const CONTROL: &str = "control";
/// How long `awaits` and `rests` wait.
const WAITS: Duration = Duration::from_secs(30);

#[derive(Default)]
struct Slot {
    switches: Arc<Switches>,
    inserted: Option<Inserted>,
}

/// The software keys of one folder.
pub struct Keys {
    folder: PathBuf,
    control: UnixListener,
    slots: BTreeMap<String, Slot>,
    insertions: usize,
}

impl Keys {
    /// Takes the folder over: sockets of an earlier run go, flashes stay. `helper` is linked there as `relaybox-slot`.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn new(folder: &Path, helper: &Path) -> std::io::Result<Self> {
        std::fs::create_dir_all(folder)?;
        let folder = folder.canonicalize()?;
        for entry in std::fs::read_dir(&folder)? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if name.ends_with(".hid") || name == CONTROL || name == HELPER {
                std::fs::remove_file(&path)?;
            }
        }
        std::os::unix::fs::symlink(helper, folder.join(HELPER))?;
        let control = UnixListener::bind(folder.join(CONTROL))?;
        Ok(Self { folder, control, slots: BTreeMap::new(), insertions: 0 })
    }

    /// Obeys until the process ends.
    ///
    /// # Errors
    /// When the control socket fails.
    pub fn run(mut self) -> std::io::Result<()> {
        loop {
            let (stream, _) = self.control.accept()?;
            let mut line = String::new();
            if BufReader::new(&stream).read_line(&mut line).is_ok() {
                let words: Vec<&str> = line.split_whitespace().collect();
                let told = self.obey(&words).unwrap_or_else(|| "no".to_owned());
                let _ = writeln!(&stream, "{told}");
            }
        }
    }

    /// None for what is no command, or cannot be done.
    fn obey(&mut self, words: &[&str]) -> Option<String> {
        let [command, name, rest @ ..] = words else { return None };
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if name.len() > 32 || !name.bytes().all(plain) {
            return None;
        }
        let slot = self.slots.entry((*name).to_owned()).or_default();
        let finger = &slot.switches.finger;
        match (*command, rest) {
            ("insert", []) if slot.inserted.is_none() => {
                self.insertions += 1;
                let path = self.folder.join(format!("{name}.{}.hid", self.insertions));
                let flash = self.folder.join(format!("{name}.flash"));
                slot.inserted = Some(Inserted::new(name, &path, &flash, slot.switches.clone()).ok()?);
                return Some(format!("ok {}", path.display()));
            }
            ("remove", []) => slot.inserted.take()?.take_out(),
            ("touch", ["always"]) => finger.set(|touch| touch.always = true),
            ("touch", ["never"]) => finger.set(|touch| (touch.always, touch.times) = (false, 0)),
            ("touch", ["once"]) => finger.set(|touch| touch.times += 1),
            ("awaits", []) => finger.until(WAITS, |touch| touch.waited_for).then_some(())?,
            ("rests", []) => finger.until(WAITS, |touch| !touch.waited_for).then_some(())?,
            ("manner", words) => slot.switches.manner().learn(words)?,
            _ => return None,
        }
        Some("ok".to_owned())
    }
}

/// Sends a command to the keys of a folder.
///
/// # Errors
/// When nobody listens there.
pub fn command(folder: &Path, command: &str) -> std::io::Result<String> {
    let mut stream = UnixStream::connect(folder.join(CONTROL))?;
    writeln!(stream, "{command}")?;
    let mut told = String::new();
    BufReader::new(stream).read_line(&mut told)?;
    Ok(told.trim_end().to_owned())
}
