//! Software security keys, for tests and the demo.
//!
//!   softkey FOLDER                   holds the keys of this folder until it is killed; says `ready`
//!   softkey FOLDER --with-parent     the same, until the process that started it ends
//!   softkey FOLDER COMMAND NAME …    to the one that runs:
//!       insert | remove              puts the key in or takes it out; its PIN and credentials stay in FOLDER
//!       touch always|never|once      what the finger does
//!       awaits | rests               returns when the key waits for a touch, or does not any more
//!       manner …                     see `manner.rs`

use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

use relaybox_softkey::control::{Keys, command};

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let done = match words.split_first() {
        None => Err(std::io::Error::other("softkey FOLDER [COMMAND NAME …]")),
        Some((folder, [])) => hold(Path::new(folder)),
        Some((folder, [word])) if word == "--with-parent" => {
            rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::TERM))
                .map_err(Into::into)
                .and_then(|()| hold(Path::new(folder)))
        }
        Some((folder, words)) => match command(Path::new(folder), &words.join(" ")) {
            Ok(told) if told.starts_with("ok") => {
                println!("{told}");
                Ok(())
            }
            Ok(_) => Err(std::io::Error::other("not done")),
            Err(error) => Err(error),
        },
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("softkey: {error}");
            ExitCode::FAILURE
        }
    }
}

fn hold(folder: &Path) -> std::io::Result<()> {
    let helper = std::env::current_exe()?.with_file_name("relaybox-slot-soft");
    let keys = Keys::new(folder, &helper)?;
    println!("ready");
    std::io::stdout().flush()?;
    keys.run()
}
