//! Reading the tree: files below the root, Rust sources split into product and test code.

use std::path::{Path, PathBuf};

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

/// The whole text of a file, by its path below the root.
pub(crate) fn read(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("read {}: {error}", path.display()))
}

/// Every file of ours below `folder` (relative to the root), relative, sorted.
pub(crate) fn files(folder: &str) -> Vec<PathBuf> {
    const NOT_OURS: [&str; 6] = ["target", "node_modules", ".git", ".relaybox-dev", "corpus", "dist"];
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(&next).unwrap_or_else(|e| panic!("list {}: {e}", next.display())) {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if NOT_OURS.contains(&name.as_str()) {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path.strip_prefix(root()).unwrap().to_path_buf());
            }
        }
    }
    found.sort();
    found
}

/// The files below `folder` whose name ends with `.extension`.
pub(crate) fn files_with(folder: &str, extension: &str) -> Vec<PathBuf> {
    files(folder).into_iter().filter(|path| path.extension().is_some_and(|e| e == extension)).collect()
}

/// True for a Rust file that holds nothing but tests.
pub(crate) fn is_test_file(path: &Path) -> bool {
    path.starts_with("tests")
        || path.components().any(|part| part.as_os_str() == "tests")
        || path.file_name().is_some_and(|name| name == "tests.rs")
}

/// The product part of a Rust file: what stands before its test module.
pub(crate) fn product_code(source: &str) -> &str {
    let end = source.find("\n#[cfg(test)]\nmod ").map_or(source.len(), |at| at + 1);
    &source[..end]
}

/// The test part of a Rust file.
pub(crate) fn test_code<'a>(path: &Path, source: &'a str) -> &'a str {
    if is_test_file(path) { source } else { &source[product_code(source).len()..] }
}

/// A line without its comment, as far as a search for names needs it.
pub(crate) fn without_comment(line: &str) -> &str {
    let line = line.trim_start();
    if line.starts_with("//") { "" } else { line }
}

/// The folders below `firmware/`: one crate each.
pub(crate) fn rooms() -> Vec<String> {
    let mut rooms: Vec<String> = std::fs::read_dir(root().join("firmware"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    rooms.sort();
    rooms
}
