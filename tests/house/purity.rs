//! What may do no IO, and which files stay small enough to be read.

use std::path::PathBuf;

use crate::tree;

/// Words that mean a socket, a file or a clock.
const IO: [&str; 10] = [
    "tokio::",
    "std::net",
    "std::fs",
    "std::os::unix",
    "std::process",
    "std::thread",
    "SystemTime",
    "Instant",
    "Timestamp::now",
    "std::env",
];

/// Most product lines in one file.
const PRODUCT_LINES_MAX: usize = 600;

/// State machines that live with their owner and do no IO (a file `name.rs` and a folder `name/`).
const MACHINES: [&str; 4] = [
    "firmware/relay/src/session",
    "firmware/relay/src/frame",
    "firmware/vault/src/ceremony",
    "firmware/audit/src/chain",
];

fn pure_files() -> Vec<PathBuf> {
    tree::files_with("firmware", "rs")
        .into_iter()
        .filter(|path| {
            let text = path.to_string_lossy();
            text.starts_with("firmware/protocol/src/")
                || MACHINES.iter().any(|machine| {
                    text.strip_prefix(machine).is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
                })
        })
        .collect()
}

/// The lines of product code that name IO, as (number from 1, word).
fn io_lines(source: &str) -> Vec<(usize, &'static str)> {
    let mut found = Vec::new();
    for (number, line) in tree::product_code(source).lines().enumerate() {
        let line = tree::without_comment(line);
        found.extend(IO.iter().filter(|word| line.contains(*word)).map(|word| (number + 1, *word)));
    }
    found
}

#[test]
fn protocol_and_state_machines_do_no_io() {
    let files = pure_files();
    assert!(files.len() > 20, "only {} files: the rule looks at the wrong place", files.len());
    for path in files.iter().filter(|path| !tree::is_test_file(path)) {
        let found = io_lines(&tree::read(path));
        assert!(found.is_empty(), "{}: {found:?}", path.display());
    }
}

#[test]
fn a_clock_in_product_code_is_found_and_one_in_tests_is_not() {
    let source = "use std::time::Instant;\n// std::fs\n\n#[cfg(test)]\nmod tests {\n use std::fs;\n}\n";
    assert_eq!(io_lines(source), [(1, "Instant")]);
}

#[test]
fn no_file_has_more_product_lines_than_the_limit() {
    for path in tree::files_with(".", "rs") {
        let source = tree::read(&path);
        let lines = if tree::is_test_file(&path) { &source } else { tree::product_code(&source) };
        let lines = lines.lines().count();
        assert!(lines <= PRODUCT_LINES_MAX, "{} has {lines} lines", path.display());
    }
}

#[test]
fn only_the_clock_asks_the_time() {
    for path in tree::files_with("firmware", "rs") {
        if path.ends_with("process/src/clock.rs") || tree::is_test_file(&path) {
            continue;
        }
        let source = tree::read(&path);
        for word in ["SystemTime::now", "Instant::now", "Timestamp::now"] {
            let hit = tree::product_code(&source).lines().any(|l| tree::without_comment(l).contains(word));
            assert!(!hit, "{} calls {word}", path.display());
        }
    }
}

#[test]
fn only_store_speaks_sql() {
    for path in tree::files_with("firmware", "rs") {
        if path.starts_with("firmware/store") {
            continue;
        }
        let source = tree::read(&path);
        assert!(!tree::product_code(&source).contains("rusqlite"), "{} names rusqlite", path.display());
    }
}

/// The bans of a `clippy.toml`, as (list, path).
fn bans(path: &str) -> Vec<(String, String)> {
    let table: toml::Table = tree::read(path).parse().unwrap();
    let mut found = Vec::new();
    for list in ["disallowed-methods", "disallowed-types", "disallowed-macros"] {
        for entry in table.get(list).and_then(toml::Value::as_array).into_iter().flatten() {
            found.push((list.to_owned(), entry["path"].as_str().unwrap().to_owned()));
        }
    }
    found
}

#[test]
fn the_protocols_own_bans_repeat_the_roots_and_add_files_and_sockets() {
    // A second clippy.toml replaces the first for its package; nothing is merged.
    let (root, protocol) = (bans("clippy.toml"), bans("firmware/protocol/clippy.toml"));
    for ban in &root {
        assert!(protocol.contains(ban), "firmware/protocol/clippy.toml lacks {ban:?}");
    }
    for path in ["std::fs::File", "std::net::TcpStream", "std::net::UdpSocket"] {
        assert!(protocol.contains(&("disallowed-types".to_owned(), path.to_owned())), "no ban of {path}");
    }
    let thresholds = |path: &str| -> toml::Table {
        let mut table: toml::Table = tree::read(path).parse().unwrap();
        table.retain(|name, _| !name.starts_with("disallowed"));
        table
    };
    assert_eq!(thresholds("clippy.toml"), thresholds("firmware/protocol/clippy.toml"));
}
