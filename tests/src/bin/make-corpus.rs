//! Writes the practice and the inputs from which fuzzing starts:
//! `cargo run --bin make-corpus -- tests/fuzz`. A test compares the committed files with these.

use std::path::PathBuf;

use anyhow::Context;
use relaybox_tests::vectors::corpus;

fn main() -> anyhow::Result<()> {
    let folder = std::env::args_os().nth(1).map(PathBuf::from).context("name the folder to write into")?;
    for input in corpus::all() {
        let path = folder.join(&input.path);
        let parent = path.parent().context("a file has a folder")?;
        std::fs::create_dir_all(parent).with_context(|| format!("failed to create {}", parent.display()))?;
        std::fs::write(&path, input.bytes).with_context(|| format!("failed to write {}", path.display()))?;
    }
    Ok(())
}
