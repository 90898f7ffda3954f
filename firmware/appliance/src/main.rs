use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;

/// Runs the command; a failure is told once, with all its causes.
fn main() -> ExitCode {
    match relaybox::cli::run(relaybox::cli::Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "relaybox: failed to {}", relaybox::cli::chain(&*error));
            ExitCode::FAILURE
        }
    }
}
