//! Writes the vectors that our own code makes: `cargo run -p relaybox-tests --bin make-vectors -- DIR`.
//! A test compares the committed files with these, so a change of the wire shows as a change of files.

use std::path::PathBuf;

use anyhow::Context;
use relaybox_tests::vectors;

fn main() -> anyhow::Result<()> {
    let folder = std::env::args_os().nth(1).map(PathBuf::from).context("name the folder to write into")?;
    for (name, text) in vectors::all() {
        let path = folder.join(name);
        std::fs::write(&path, text).with_context(|| format!("failed to write {}", path.display()))?;
    }
    Ok(())
}
