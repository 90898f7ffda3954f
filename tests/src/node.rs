//! Foreign programs: scripts under the project's own Node (`tests/node`).

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::dev::DevBox;

/// The root of the repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new(".")).to_path_buf()
}

/// Node's binary.
///
/// # Errors
/// When it is not installed.
pub fn binary() -> Result<PathBuf> {
    let path = root().join("tests/node/node_modules/.bin/node");
    if !path.exists() {
        bail!("{} is missing: run scripts/setup.sh tests", path.display());
    }
    Ok(path)
}

/// Runs a script with the box's ready line in a file as its first argument. It trusts the box's authority.
///
/// # Errors
/// When it cannot be started.
pub fn run(script: &str, dev: &DevBox, arguments: &[&str]) -> Result<Output> {
    run_with(script, dev, &dev.line, arguments)
}

/// The same with what a test tells the script in place of the ready line.
///
/// # Errors
/// When it cannot be started.
pub fn tell(script: &str, dev: &DevBox, told: &Value, arguments: &[&str]) -> Result<Output> {
    run_with(script, dev, &told.to_string(), arguments)
}

fn run_with(script: &str, dev: &DevBox, input: &str, arguments: &[&str]) -> Result<Output> {
    let file = dev.folder().with_extension("ready.json");
    std::fs::write(&file, input)?;
    Command::new(binary()?)
        .arg(script)
        .arg(&file)
        .args(arguments)
        .current_dir(root())
        .env("NODE_EXTRA_CA_CERTS", &dev.ready.ca)
        .output()
        .with_context(|| format!("run {script}"))
}

/// What a script printed, for the message of a failed assertion.
pub fn said(output: &Output) -> String {
    format!("{}\n{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}
