//! `relaybox-slot`: the vault's helper, the one program that speaks CTAP to a security key, and the second
//! executable of the image. It is started for one request of [`relaybox_process::rpc::slot`] (a JSON line on its
//! standard input), answers with lines on its standard output, and ends.
//!
//! It exists because the library behind it blocks without a deadline, copies secrets without wiping them, prints,
//! and panics on what a device may send. Here all of that ends with the process: whoever started it kills it in
//! time, and so does it itself.
//!
//! It deliberately knows no vault, keeps no state, reads no file and no argument, and normalises no PIN (the vault
//! does; here only what the protocol cannot carry is refused). Invariants:
//! - On standard output there are lines of the protocol and nothing else; what the library prints goes nowhere.
//! - No success without what was asked: user verified and present, the hash of the rp, the credential, as many
//!   secrets as salts. A panic ends with another exit status than 0 and without a last line, and shows neither
//!   PIN nor secret.
//! - No try of a PIN is spent on a request that cannot be answered.

mod answer;
mod failure;
mod key;

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::fd::AsFd as _;
use std::process::ExitCode;
use std::time::Duration;

use relaybox_process::rpc::slot::{Failure, LINE_BYTES_MAX, Reply, Request, SLOT_SECONDS};
use rustix::process::{DumpableBehavior, Resource, Rlimit, Signal};
use zeroize::Zeroizing;

fn main() -> ExitCode {
    std::panic::set_hook(Box::new(|panic| {
        // The place only: a message may quote what a device or a person sent.
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let _ = writeln!(std::io::stderr(), "relaybox-slot: stopped at {place}");
    }));
    match prepare().and_then(|mut output| serve(&mut output)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "relaybox-slot: failed to answer: {error}");
            ExitCode::FAILURE
        }
    }
}

/// No core file, no debugger, an end in any case; and standard output for the protocol alone.
fn prepare() -> std::io::Result<File> {
    rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    rustix::process::setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })?;
    std::thread::Builder::new().spawn(|| {
        std::thread::sleep(Duration::from_secs(SLOT_SECONDS));
        let _ = rustix::process::kill_process(rustix::process::getpid(), Signal::KILL);
    })?;
    let output = std::io::stdout().as_fd().try_clone_to_owned()?;
    rustix::stdio::dup2_stdout(OpenOptions::new().write(true).open("/dev/null")?)?;
    Ok(output.into())
}

fn serve(output: &mut File) -> std::io::Result<()> {
    let request = read_line().and_then(|line| serde_json::from_slice::<Request>(&line).ok());
    let reply = match request {
        Some(request) => answer::answer(&request, &mut || say(output, &Reply::Touch))?,
        None => Reply::Failed { why: Failure::Request },
    };
    say(output, &reply)
}

/// The request without its line break; none for a line that is too long.
fn read_line() -> Option<Zeroizing<Vec<u8>>> {
    let mut input = std::io::stdin().lock();
    // As large as it may become: a vector that grows leaves a copy behind.
    let mut line = Zeroizing::new(Vec::with_capacity(LINE_BYTES_MAX));
    let mut byte = Zeroizing::new([0; 1]);
    while line.len() < LINE_BYTES_MAX {
        match input.read(&mut *byte) {
            Ok(1) if byte[0] != b'\n' => line.push(byte[0]),
            Ok(_) => return Some(line),
            Err(_) => return None,
        }
    }
    None
}

fn say(output: &mut File, reply: &Reply) -> std::io::Result<()> {
    let mut line = Zeroizing::new(Vec::with_capacity(LINE_BYTES_MAX));
    serde_json::to_writer(&mut *line, reply)?;
    line.push(b'\n');
    output.write_all(&line)
}
