//! A model of a disk that loses power: what was synced is there, and of the rest any part.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use relaybox_protocol::EventId;
use relaybox_protocol::random::Random;

use crate::shim::{Step, Tape};

/// How much of what was not synced survives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Loss {
    Everything,
    Nothing,
    /// What came after some point.
    Suffix,
    /// Any writes.
    Writes,
    /// Any pieces of this many bytes: torn writes.
    Pieces(u64),
}

impl Loss {
    pub(crate) const ALL: [Self; 6] =
        [Self::Everything, Self::Nothing, Self::Suffix, Self::Writes, Self::Pieces(4_096), Self::Pieces(512)];
}

#[derive(Debug, Clone)]
enum Change {
    Write { offset: u64, bytes: std::ops::Range<usize> },
    Cut(u64),
}

#[derive(Debug, Clone, Default)]
struct File {
    synced: Vec<u8>,
    pending: Vec<Change>,
}

#[derive(Debug, Clone)]
enum Naming {
    Link(String, usize),
    Unlink(String),
    Rename(String, String),
}

#[derive(Debug, Clone, Copy)]
enum Open {
    File(usize),
    Folder,
}

/// The disk under the watched folder after some steps of a tape.
#[derive(Debug, Default)]
pub(crate) struct Disk {
    files: Vec<File>,
    names: BTreeMap<String, usize>,
    synced_names: BTreeMap<String, usize>,
    pending_names: Vec<Naming>,
    open: HashMap<i32, Open>,
    /// What had been acknowledged by then.
    pub(crate) acknowledged: Vec<EventId>,
    /// With `true`, a disk that lies: it says synced and has nothing.
    lies: bool,
}

impl Disk {
    pub(crate) fn new(lies: bool) -> Self {
        Self { lies, ..Self::default() }
    }

    pub(crate) fn step(&mut self, step: &Step, tape: &[u8]) {
        match step {
            Step::Process => self.open.clear(),
            Step::Acknowledged(id) => self.acknowledged.push(*id),
            Step::Open { fd, name, cut } => {
                let open = name.as_ref().map_or(Open::Folder, |name| Open::File(self.find_or_make(name)));
                self.open.insert(*fd, open);
                if *cut {
                    self.change(*fd, Change::Cut(0));
                }
            }
            Step::Close { fd } => {
                self.open.remove(fd);
            }
            Step::Write { fd, offset, bytes } => {
                self.change(*fd, Change::Write { offset: *offset, bytes: bytes.clone() });
            }
            Step::Cut { fd, length } => self.change(*fd, Change::Cut(*length)),
            Step::Sync { fd } => self.sync(*fd, tape),
            Step::Unlink { name } => self.name(Naming::Unlink(name.clone())),
            Step::Rename { from, to } => self.name(Naming::Rename(from.clone(), to.clone())),
        }
    }

    fn find_or_make(&mut self, name: &str) -> usize {
        if let Some(file) = self.names.get(name) {
            return *file;
        }
        self.files.push(File::default());
        let file = self.files.len() - 1;
        self.name(Naming::Link(name.to_owned(), file));
        file
    }

    fn name(&mut self, naming: Naming) {
        rename(&mut self.names, &naming);
        self.pending_names.push(naming);
    }

    fn change(&mut self, fd: i32, change: Change) {
        if let Open::File(file) = self.open[&fd] {
            self.files[file].pending.push(change);
        }
    }

    fn sync(&mut self, fd: i32, tape: &[u8]) {
        if self.lies {
            return;
        }
        match self.open[&fd] {
            Open::File(file) => {
                let file = &mut self.files[file];
                for change in std::mem::take(&mut file.pending) {
                    apply(&mut file.synced, &change, tape, &mut |_| true, u64::MAX);
                }
            }
            Open::Folder => {
                for naming in std::mem::take(&mut self.pending_names) {
                    rename(&mut self.synced_names, &naming);
                }
            }
        }
    }

    /// Writes what the disk may hold after the power comes back. A folder's journal keeps the order of
    /// its names; the content of files has none.
    pub(crate) fn image(&self, loss: Loss, random: &mut Random, tape: &[u8], into: &Path) {
        let mut names = self.synced_names.clone();
        let kept = match loss {
            Loss::Everything => 0,
            Loss::Nothing => self.pending_names.len(),
            _ => below(random, self.pending_names.len() + 1),
        };
        self.pending_names.iter().take(kept).for_each(|naming| rename(&mut names, naming));
        for (name, file) in names {
            std::fs::write(into.join(name), self.files[file].survives(loss, random, tape)).unwrap();
        }
    }
}

impl File {
    fn survives(&self, loss: Loss, random: &mut Random, tape: &[u8]) -> Vec<u8> {
        let mut content = self.synced.clone();
        let prefix = below(random, self.pending.len() + 1);
        let mut coins = Coins { random, bits: 0, left: 0 };
        for (n, change) in self.pending.iter().enumerate() {
            let kept = match loss {
                Loss::Everything => false,
                Loss::Nothing => true,
                Loss::Suffix => n < prefix,
                Loss::Writes => coins.toss(),
                Loss::Pieces(_) => !matches!(change, Change::Cut(_)) || coins.toss(),
            };
            match loss {
                _ if !kept => {}
                Loss::Pieces(size) => apply(&mut content, change, tape, &mut |_| coins.toss(), size),
                _ => apply(&mut content, change, tape, &mut |_| true, u64::MAX),
            }
        }
        content
    }
}

/// Fair coins, 256 from one draw.
struct Coins<'a> {
    random: &'a mut Random,
    bits: u64,
    left: u32,
}

impl Coins<'_> {
    fn toss(&mut self) -> bool {
        if self.left == 0 {
            self.bits = u64::from_le_bytes(self.random.bytes32()[..8].try_into().unwrap());
            self.left = 64;
        }
        self.left -= 1;
        self.bits >> self.left & 1 == 1
    }
}

pub(crate) fn below(random: &mut Random, bound: usize) -> usize {
    let draw = u64::from_le_bytes(random.bytes32()[..8].try_into().unwrap());
    usize::try_from(draw % bound as u64).unwrap()
}

fn rename(names: &mut BTreeMap<String, usize>, naming: &Naming) {
    match naming {
        Naming::Link(name, file) => {
            names.insert(name.clone(), *file);
        }
        Naming::Unlink(name) => {
            names.remove(name);
        }
        Naming::Rename(from, to) => {
            if let Some(file) = names.remove(from) {
                names.insert(to.clone(), file);
            }
        }
    }
}

/// Applies a change, of a write only the pieces (of `size` bytes, aligned) that `keep` wants.
fn apply(content: &mut Vec<u8>, change: &Change, tape: &[u8], keep: &mut dyn FnMut(u64) -> bool, size: u64) {
    match change {
        Change::Cut(length) => content.resize(usize::try_from(*length).unwrap(), 0),
        Change::Write { offset, bytes } => {
            let bytes = &tape[bytes.clone()];
            let end = offset + bytes.len() as u64;
            let mut from = *offset;
            while from < end {
                let to = ((from / size).saturating_add(1)).saturating_mul(size).min(end);
                if keep(from / size) {
                    let (start, stop) = (usize::try_from(from).unwrap(), usize::try_from(to).unwrap());
                    if content.len() < stop {
                        content.resize(stop, 0);
                    }
                    let piece =
                        usize::try_from(from - offset).unwrap()..usize::try_from(to - offset).unwrap();
                    content[start..stop].copy_from_slice(&bytes[piece]);
                }
                from = to;
            }
        }
    }
}

/// Cut points in rising order: half of them anywhere, half right behind an acknowledgement.
pub(crate) fn cuts(tape: &Tape, count: usize, random: &mut Random) -> Vec<usize> {
    let behind: Vec<usize> = (1..)
        .zip(&tape.steps)
        .filter(|(_, step)| matches!(step, Step::Acknowledged(_)))
        .map(|(n, _)| n)
        .collect();
    assert!(behind.len() > 100, "only {} acknowledgements were recorded", behind.len());
    let mut cuts: Vec<usize> = (0..count)
        .map(|n| match n % 2 {
            0 => below(random, tape.steps.len() + 1),
            _ => behind[below(random, behind.len())],
        })
        .collect();
    cuts.sort_unstable();
    cuts
}
