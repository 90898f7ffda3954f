//! CTAPHID (CTAP 2.1, section 11.2): messages in reports of 64 bytes.

pub const REPORT: usize = 64;
pub const BROADCAST: [u8; 4] = [0xff; 4];

pub const MSG: u8 = 0x03;
pub const INIT: u8 = 0x06;
pub const CBOR: u8 = 0x10;
pub const KEEPALIVE: u8 = 0x3b;
pub const ERROR: u8 = 0x3f;

const FIRST: usize = REPORT - 7;
const NEXT: usize = REPORT - 5;

pub type Report = [u8; REPORT];

/// A whole message of the host.
#[derive(Debug, PartialEq, Eq)]
pub struct Message {
    pub channel: [u8; 4],
    /// Without its high bit.
    pub command: u8,
    pub payload: Vec<u8>,
}

/// Puts reports together.
#[derive(Default)]
pub struct Assembler {
    begun: Option<(Message, usize)>,
}

impl Assembler {
    /// The message that this report completes. A report that does not fit is dropped, with what had begun.
    pub fn take(&mut self, report: &Report) -> Option<Message> {
        let channel = [report[0], report[1], report[2], report[3]];
        let (mut message, length) = if report[4] & 0x80 != 0 {
            let length = usize::from(u16::from_be_bytes([report[5], report[6]]));
            let payload = report[7..7 + length.min(FIRST)].to_vec();
            (Message { channel, command: report[4] & 0x7f, payload }, length)
        } else {
            let (mut message, length) = self.begun.take()?;
            let missing = length - message.payload.len();
            message.payload.extend_from_slice(&report[5..5 + missing.min(NEXT)]);
            (message, length)
        };
        if message.payload.len() < length {
            self.begun = Some((message, length));
            return None;
        }
        message.payload.truncate(length);
        Some(message)
    }
}

/// A message of the key.
pub fn reports(channel: [u8; 4], command: u8, payload: &[u8]) -> Vec<Report> {
    let head = |channel: [u8; 4]| {
        let mut report = [0; REPORT];
        report[..4].copy_from_slice(&channel);
        report
    };
    let mut first = head(channel);
    first[4] = command | 0x80;
    first[5..7].copy_from_slice(&u16::try_from(payload.len()).unwrap_or(u16::MAX).to_be_bytes());
    let (now, later) = payload.split_at(payload.len().min(FIRST));
    first[7..7 + now.len()].copy_from_slice(now);
    let mut all = vec![first];
    for (number, part) in later.chunks(NEXT).enumerate() {
        let mut report = head(channel);
        report[4] = u8::try_from(number).unwrap_or(0x7f);
        report[5..5 + part.len()].copy_from_slice(part);
        all.push(report);
    }
    all
}
