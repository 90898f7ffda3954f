//! The promise and its proofs: `docs/ref/features.csv` is the acceptance list, `tests/coverage.csv`
//! (id, test) names the tests that prove a row. A row without its test is a failure, and so is a test
//! that asserts nothing.

use std::collections::{BTreeMap, BTreeSet};

use crate::tree;

/// Rows of the acceptance list.
const FEATURES: usize = 557;

/// Splits a CSV text into rows of cells (RFC 4180 quotes, no line breaks inside cells).
fn csv(text: &str) -> Vec<Vec<String>> {
    text.lines()
        .map(|line| {
            let mut cells = vec![String::new()];
            let mut quoted = false;
            for c in line.chars() {
                match c {
                    '"' => quoted = !quoted,
                    ',' if !quoted => cells.push(String::new()),
                    _ => cells.last_mut().unwrap().push(c),
                }
            }
            cells
        })
        .collect()
}

fn feature_ids() -> BTreeSet<String> {
    let rows = csv(&tree::read("docs/ref/features.csv"));
    assert_eq!(rows[0], ["id", "app", "feature", "acceptance"]);
    for row in &rows[1..] {
        assert!(row.len() == 4 && row.iter().all(|cell| !cell.is_empty()), "a row lacks a cell: {row:?}");
    }
    rows[1..].iter().map(|row| row[0].clone()).collect()
}

/// `S-01`, `C-06`, `B-12`: weaknesses of the field that a test shows we do not have.
fn is_weakness(id: &str) -> bool {
    let Some((letter, number)) = id.split_once('-') else { return false };
    matches!(letter, "S" | "C" | "B") && number.len() == 2 && number.bytes().all(|b| b.is_ascii_digit())
}

/// The text from `start` to the brace that closes the first one opened after it.
fn block(source: &str, start: usize) -> &str {
    let mut depth = 0_usize;
    for (at, c) in source[start..].char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 1 => return &source[start..=start + at],
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    &source[start..]
}

/// All tests of the tree by name, with their bodies: Rust functions under a test attribute (or in a
/// `proptest!`), `test('…')` of the Node scripts, and `test('…')` of the faces.
fn tests() -> BTreeMap<String, Vec<String>> {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for path in tree::files_with("firmware", "rs").into_iter().chain(tree::files_with("tests", "rs")) {
        let source = tree::read(&path);
        for (at, _) in source.match_indices("fn ") {
            let before = source[..at].trim_end().trim_end_matches("async").trim_end();
            // Attributes between the test attribute and the function are rare: look two lines up.
            let attributes: Vec<&str> = before.lines().rev().take(3).map(str::trim).collect();
            let is_test = attributes
                .iter()
                .take_while(|line| line.starts_with("#[") || line.ends_with(']'))
                .any(|line| line.starts_with("#[test]") || line.starts_with("#[tokio::test"));
            if is_test {
                let name: String =
                    source[at + 3..].chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                found.entry(name).or_default().push(block(&source, at).to_owned());
            }
        }
    }
    for path in tree::files_with("tests", "mjs") {
        let source = tree::read(&path);
        for (at, _) in source.match_indices("\ntest(") {
            let mut rest = source[at + 6..].chars();
            let quote = rest.next();
            let name: String = rest.take_while(|c| Some(*c) != quote).collect();
            found.entry(name).or_default().push(block(&source, at).to_owned());
        }
    }
    for extension in ["ts", "tsx"] {
        for path in tree::files_with("appliance-ui", extension) {
            if !path.to_string_lossy().contains(".test.") {
                continue;
            }
            let source = tree::read(&path);
            let starts: Vec<usize> = source
                .match_indices("test(")
                .map(|(at, _)| at)
                .filter(|at| source[..*at].rsplit('\n').next().is_some_and(|before| before.trim().is_empty()))
                .collect();
            for (n, at) in starts.iter().enumerate() {
                let end = starts.get(n + 1).copied().unwrap_or(source.len());
                let mut rest = source[at + 5..end].trim_start().chars();
                let quote = rest.next();
                let name: String = rest.take_while(|c| Some(*c) != quote).collect();
                found.entry(name).or_default().push(source[*at..end].to_owned());
            }
        }
    }
    found
}

fn asserts(body: &str) -> bool {
    ["assert", "expect_", "expect(", "refused", "check("].iter().any(|word| body.contains(word))
}

#[test]
fn the_acceptance_list_is_whole() {
    assert_eq!(feature_ids().len(), FEATURES);
}

#[test]
fn every_row_of_the_coverage_is_proved_by_a_test_that_asserts() {
    let (features, tests) = (feature_ids(), tests());
    assert!(tests.len() > 20, "the tests were not read");
    let rows = csv(&tree::read("tests/coverage.csv"));
    assert_eq!(rows[0], ["id", "test"]);
    let mut proved = BTreeSet::new();
    let mut seen = BTreeSet::new();
    for row in &rows[1..] {
        let [id, test] = row.as_slice() else { panic!("{row:?} is not (id,test)") };
        assert!(features.contains(id) || is_weakness(id), "{id} is no row of docs/ref/features.csv");
        assert!(seen.insert(row.clone()), "{row:?} stands twice");
        let bodies = tests.get(test).unwrap_or_else(|| panic!("{id}: there is no test {test}"));
        assert!(bodies.iter().all(|body| asserts(body)), "{id}: {test} asserts nothing");
        proved.insert(id.clone());
    }
    let of_features = proved.iter().filter(|id| features.contains(*id)).count();
    println!("coverage: {of_features} of {FEATURES} rows proved, {} weaknesses", proved.len() - of_features);
}

/// Names of tests that a page gives in backquotes: words of a sentence joined by underscores.
fn named_tests(page: &str) -> Vec<&str> {
    let sentence = |name: &&str| {
        name.matches('_').count() >= 4
            && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
    };
    page.split('`').skip(1).step_by(2).filter(sentence).collect()
}

#[test]
fn every_test_that_a_page_names_exists() {
    let tests = tests();
    for (page, least) in [("docs/ARCHITECTURE.md", 15), ("docs/SECURITY.md", 30)] {
        let text = tree::read(page);
        let named = named_tests(&text);
        assert!(named.len() >= least, "{page} names {} tests", named.len());
        for name in named {
            assert!(tests.contains_key(name), "{page}: there is no test {name}");
        }
    }
    assert_eq!(
        named_tests("of `a_b` and `one_two_three_four_five`, `A_b_c_d_e`"),
        ["one_two_three_four_five"]
    );
}

#[test]
fn every_role_with_sessions_has_a_probe_that_shows_how_a_suspension_ends_them() {
    let tests = tests();
    let reached = |role: &relaybox::roles::Role| {
        role.sockets.iter().any(|socket| socket.callers.contains(&"relaybox-gateway"))
    };
    let with_sessions: Vec<&str> =
        relaybox::roles::ROLES.iter().filter(|role| reached(role)).map(|role| role.name).collect();
    assert!(with_sessions.contains(&"relay"), "{with_sessions:?}");
    for role in with_sessions {
        let probe = relaybox::roles::SUSPENSION_PROBES.iter().find(|(name, _)| *name == role);
        let (_, test) = probe.unwrap_or_else(|| panic!("{role} has sessions and no probe of a suspension"));
        let bodies = tests.get(*test).unwrap_or_else(|| panic!("{role}: there is no test {test}"));
        assert!(bodies.iter().all(|body| asserts(body)), "{role}: {test} asserts nothing");
    }
}

#[test]
fn a_test_without_assertion_is_told_from_one_with() {
    let source = "fn a() { run(); }\nfn b() { if x { y } assert!(true); }\nfn c() {}";
    assert!(!asserts(block(source, 0)));
    assert!(asserts(block(source, source.find("fn b").unwrap())));
    assert!(is_weakness("S-17") && !is_weakness("REL-001") && !is_weakness("S-1"));
    assert_eq!(csv("a,\"b, c\",d"), [["a", "b, c", "d"]]);
}
