//! The shim that is preloaded into the program under test, and the record it writes.

use std::collections::HashMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use relaybox_protocol::EventId;

/// Bytes of a record before its rest.
const HEAD: usize = 25;

/// A built shim that watches one folder.
pub(crate) struct Shim {
    library: PathBuf,
    folder: PathBuf,
    log: Option<PathBuf>,
    fault: PathBuf,
}

/// How the folder's disk fails.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Fault {
    /// Nothing that needs room is written.
    Full,
    ReadOnly,
    /// A sync reports an error.
    Sync,
}

impl Shim {
    /// Builds the shim with the machine's C compiler. `place` is a folder that is not watched.
    pub(crate) fn build(place: &Path, folder: &Path, record: bool) -> Self {
        let library = place.join("shim.so");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("crash/shim.c");
        let flags = ["-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror", "-o"];
        let mut cc = Command::new("cc");
        cc.args(flags).arg(&library).arg(source).args(["-ldl", "-lpthread"]);
        let output = cc.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let log = record.then(|| place.join("shim.log"));
        Self { library, folder: folder.to_path_buf(), log, fault: place.join("fault") }
    }

    /// What the program under test is started with.
    pub(crate) fn environment(&self) -> Vec<(&'static str, OsString)> {
        let mut environment = vec![
            ("LD_PRELOAD", self.library.clone().into_os_string()),
            ("SHIM_FOLDER", self.folder.clone().into_os_string()),
            ("SHIM_FAULT", self.fault.clone().into_os_string()),
        ];
        environment.extend(self.log.clone().map(|log| ("SHIM_LOG", log.into_os_string())));
        environment
    }

    /// From now on the disk fails this way.
    pub(crate) fn fail(&self, fault: Fault) {
        let letter = match fault {
            Fault::Full => "f",
            Fault::ReadOnly => "r",
            Fault::Sync => "s",
        };
        // A half-written letter would be no fault: it comes whole.
        let draft = self.fault.with_extension("new");
        std::fs::write(&draft, letter).unwrap();
        std::fs::rename(draft, &self.fault).unwrap();
    }

    /// The disk works again.
    pub(crate) fn mend(&self) {
        std::fs::remove_file(&self.fault).unwrap();
    }

    pub(crate) fn tape(&self) -> Tape {
        Tape::read(self.log.as_deref().unwrap(), &self.folder)
    }
}

/// One step of the program.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// A process begins; what the one before had open is closed.
    Process,
    Open {
        fd: i32,
        name: Option<String>,
        cut: bool,
    },
    Close {
        fd: i32,
    },
    Write {
        fd: i32,
        offset: u64,
        bytes: std::ops::Range<usize>,
    },
    Cut {
        fd: i32,
        length: u64,
    },
    Sync {
        fd: i32,
    },
    Unlink {
        name: String,
    },
    Rename {
        from: String,
        to: String,
    },
    /// An OK true has left the process.
    Acknowledged(EventId),
}

/// Everything the program did, in order.
pub(crate) struct Tape {
    pub(crate) bytes: Vec<u8>,
    pub(crate) steps: Vec<Step>,
}

impl Tape {
    fn read(log: &Path, folder: &Path) -> Self {
        let bytes = std::fs::read(log).unwrap();
        let mut steps = Vec::new();
        let mut said: HashMap<i32, Vec<u8>> = HashMap::new();
        let mut at = 0;
        // A kill may leave a part of a record; what it tells had not happened for anybody else.
        while let Some(head) = bytes.get(at..at + HEAD) {
            let number = |from: usize| u64::from_le_bytes(head[from..from + 8].try_into().unwrap());
            let fd = i32::from_le_bytes(head[1..5].try_into().unwrap());
            let length = u32::from_le_bytes(head[21..25].try_into().unwrap()) as usize;
            let rest = at + HEAD..at + HEAD + length;
            let Some(text) = bytes.get(rest.clone()) else { break };
            let path = |text: &[u8]| name(folder, text);
            match head[0] {
                b'P' => {
                    said.clear();
                    steps.push(Step::Process);
                }
                b'O' => {
                    let cut = number(5) & u64::from(libc_o_trunc()) != 0;
                    steps.push(Step::Open { fd, name: path(text), cut });
                }
                b'C' => steps.push(Step::Close { fd }),
                b'W' => steps.push(Step::Write { fd, offset: number(5), bytes: rest.clone() }),
                b'T' => steps.push(Step::Cut { fd, length: number(5) }),
                b'S' => steps.push(Step::Sync { fd }),
                b'U' => steps.push(Step::Unlink { name: path(text).unwrap() }),
                b'R' => {
                    let middle = text.iter().position(|b| *b == 0).unwrap();
                    let (from, to) = (path(&text[..middle]).unwrap(), path(&text[middle + 1..]).unwrap());
                    steps.push(Step::Rename { from, to });
                }
                b'N' => {
                    let stream = said.entry(fd).or_default();
                    stream.extend_from_slice(text);
                    steps.extend(acknowledged(stream).into_iter().map(Step::Acknowledged));
                }
                other => panic!("an operation of no name: {other}"),
            }
            at = rest.end;
        }
        Self { bytes, steps }
    }
}

fn libc_o_trunc() -> u32 {
    rustix::fs::OFlags::TRUNC.bits()
}

/// The name inside the folder; none for the folder itself.
fn name(folder: &Path, path: &[u8]) -> Option<String> {
    let path = Path::new(std::str::from_utf8(path).unwrap());
    let name = path.strip_prefix(folder).unwrap();
    (!name.as_os_str().is_empty()).then(|| name.to_str().unwrap().to_owned())
}

/// Takes the acknowledgements out of what a socket said so far: OKs of the relay, and the ids of a
/// ceremony's reply. What may be the beginning of one stays.
fn acknowledged(stream: &mut Vec<u8>) -> Vec<EventId> {
    const OK: &[u8] = b"[\"OK\",\"";
    const TRUE: &[u8] = b"\",true";
    const STORED: &[u8] = b"{\"stored\":";
    const ID: usize = 64;
    let mut found = Vec::new();
    let mut at = 0;
    while at < stream.len() {
        let rest = &stream[at..];
        if rest.starts_with(OK) {
            let end = OK.len() + ID;
            if rest.len() < end + TRUE.len() {
                break;
            }
            if rest[end..].starts_with(TRUE) {
                found.push(EventId::from_hex(std::str::from_utf8(&rest[OK.len()..end]).unwrap()).unwrap());
            }
        } else if rest.starts_with(STORED) {
            let Some(end) = rest.iter().position(|b| *b == b'\n') else { break };
            let reply: serde_json::Value = serde_json::from_slice(&rest[..end]).unwrap();
            let rows = reply["stored"]["events"].as_array().unwrap().iter();
            found.extend(rows.map(|row| EventId::from_hex(row[0].as_str().unwrap()).unwrap()));
        } else if OK.starts_with(rest) || STORED.starts_with(rest) {
            break;
        }
        at += 1;
    }
    stream.drain(..at);
    found
}
