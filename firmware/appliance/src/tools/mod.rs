//! Commands that run no role: they look at a configuration or at data.

pub(crate) mod audit;
pub(crate) mod ceremony;
pub(crate) mod panel;
pub(crate) mod store;

use std::io::Write as _;
use std::path::Path;

use relaybox_process::config::Config;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Says whether a file can be used.
pub(crate) fn config_check(path: &Path) -> Result<(), Failure> {
    Config::load(path)?;
    say(&format!("{} can be used\n", path.display()))
}

/// The reference page of the configuration.
pub(crate) fn config_doc() -> Result<(), Failure> {
    say(&Config::page()?)
}

/// Writes to standard output at once.
pub(crate) fn say(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    Ok(out.flush()?)
}
