//! Words: the project stands alone, its pages say something, its tests wait for events.

use std::path::PathBuf;

use crate::tree;

/// Places of one machine and hosts of registries. Split, so that this file does not hold them.
const MACHINE_WORDS: [(&str, &str); 12] = [
    ("/wo", "rk/"),
    ("/ro", "ot/"),
    ("/ho", "me/"),
    ("shared/", "design"),
    ("shared/", "reference"),
    ("../sha", "red"),
    ("registry.", "npmjs.org"),
    ("index.", "crates.io"),
    ("static.", "crates.io"),
    ("files.", "pythonhosted"),
    ("HOUSE", ".md"),
    ("BRIEF", ".md"),
];

/// Files of ours that hold text.
fn texts() -> Vec<PathBuf> {
    const EXTENSIONS: [&str; 18] = [
        "rs",
        "md",
        "toml",
        "sh",
        "mjs",
        "js",
        "json",
        "csv",
        "sql",
        "py",
        "html",
        "css",
        "patch",
        "lock",
        "txt",
        "ts",
        "tsx",
        "webmanifest",
    ];
    tree::files(".")
        .into_iter()
        .filter(|path| path.extension().is_none_or(|e| EXTENSIONS.contains(&e.to_string_lossy().as_ref())))
        .collect()
}

#[test]
fn nothing_names_a_machines_folders_or_a_registrys_host() {
    let files = texts();
    assert!(files.len() > 60, "only {} files were read", files.len());
    for path in files {
        let Ok(text) = std::fs::read_to_string(tree::root().join(&path)) else { continue };
        for (left, right) in MACHINE_WORDS {
            let word = format!("{left}{right}");
            let line = text.lines().position(|line| line.contains(&word));
            assert!(line.is_none(), "{} line {}: {word}", path.display(), line.unwrap_or(0) + 1);
        }
    }
}

/// Headings without a word below them, as line numbers.
fn empty_headings(page: &str) -> Vec<usize> {
    let level = |line: &str| line.bytes().take_while(|b| *b == b'#').count();
    let mut fenced = false;
    let mut open: Option<(usize, usize)> = None;
    let mut empty = Vec::new();
    for (number, line) in page.lines().enumerate() {
        if line.starts_with("```") {
            fenced = !fenced;
            open = None;
        } else if !fenced && line.starts_with('#') {
            if let Some((at, above)) = open
                && level(line) <= above
            {
                empty.push(at);
            }
            open = Some((number + 1, level(line)));
        } else if !line.trim().is_empty() {
            open = None;
        }
    }
    empty.extend(open.map(|(at, _)| at));
    empty
}

#[test]
fn no_page_has_an_empty_heading() {
    let pages = tree::files_with(".", "md");
    assert!(pages.len() > 3);
    for path in pages {
        let empty = empty_headings(&tree::read(&path));
        assert!(empty.is_empty(), "{}: nothing below the heading in line {empty:?}", path.display());
    }
}

#[test]
fn an_empty_heading_is_found_and_a_nested_one_is_not() {
    assert_eq!(empty_headings("# A\n\n## B\n\ntext\n\n## C\n## D\ntext\n# E\n"), [7, 10]);
    assert_eq!(empty_headings("# A\n```\n# a comment\n```\n"), [] as [usize; 0]);
}

/// What a test may not do, split for the same reason as above.
const TEST_WORDS: [(&str, &str, &str); 5] = [
    ("#[ig", "nore", "an ignored test proves nothing"),
    ("should_", "panic", "assert the refusal and its reason"),
    ("thread::", "sleep", "wait for the event"),
    ("time::", "sleep(", "wait for the event"),
    ("CLIPPY_", "CONF_DIR", "it overrides every package's bans"),
];

#[test]
fn no_test_is_ignored_or_panics_on_purpose_or_sleeps() {
    for path in tree::files_with(".", "rs") {
        let source = tree::read(&path);
        let tests = tree::test_code(&path, &source);
        for (left, right, why) in TEST_WORDS {
            let word = format!("{left}{right}");
            let hit = tests.lines().any(|line| tree::without_comment(line).contains(&word));
            assert!(!hit, "{}: {word}: {why}", path.display());
        }
    }
}

#[test]
fn nothing_sets_the_variable_that_replaces_every_crates_bans() {
    let word = ["CLIPPY_", "CONF_DIR"].concat();
    for path in texts().into_iter().filter(|path| !path.ends_with("text.rs")) {
        if path.extension().is_some_and(|e| e == "md") {
            continue;
        }
        let Ok(text) = std::fs::read_to_string(tree::root().join(&path)) else { continue };
        assert!(!text.contains(&word), "{} sets {word}", path.display());
    }
}
