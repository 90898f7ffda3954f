//! The faces: what a file of TypeScript may hold, and what stands in two languages and must agree.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::tree;

/// Most lines of one file; words of two languages side by side may have more.
const LINES_MAX: usize = 400;
const WORD_LINES_MAX: usize = 600;

/// What `lib/protocol` may import beside its own files: arithmetic without IO.
const PURE: [&str; 4] = ["@noble/hashes/", "@noble/curves/", "@noble/ciphers/", "@scure/"];

/// Words that mean a network, a clock, storage, a document or chance.
const IO: [&str; 14] = [
    "fetch(",
    "Date.now",
    "new Date(",
    "performance.",
    "setTimeout",
    "setInterval",
    "localStorage",
    "sessionStorage",
    "indexedDB",
    "WebSocket",
    "document.",
    "navigator.",
    "Math.random",
    "process.",
];

/// Colours have names; their values stand in one file.
const COLOURS: &str = "appliance-ui/portal/src/kit/tokens.ts";

fn sources(extensions: &[&str]) -> Vec<PathBuf> {
    extensions.iter().flat_map(|extension| tree::files_with("appliance-ui", extension)).collect()
}

/// Tests, and what only tests and tools use.
fn is_of_tests(path: &Path) -> bool {
    let text = path.to_string_lossy();
    text.contains(".test.")
        || text.contains(".test-helper.")
        || text.contains("/testing")
        || text.contains("/e2e/")
}

#[test]
fn no_file_of_a_face_is_too_long_to_be_read() {
    let files = sources(&["ts", "tsx"]);
    assert!(files.len() > 50, "only {} files were read", files.len());
    for path in files.iter().filter(|path| !is_of_tests(path)) {
        let lines = tree::read(path).lines().count();
        let words = path.components().any(|part| part.as_os_str() == "words");
        let most = if words { WORD_LINES_MAX } else { LINES_MAX };
        assert!(lines <= most, "{}: {lines} lines, {most} are the most", path.display());
    }
}

/// The module that a line imports.
fn imported(line: &str) -> Option<&str> {
    let (before, rest) = line.split_once(" from '")?;
    let begins = ["import ", "export ", "}"].iter().any(|word| before.starts_with(word));
    begins.then(|| rest.split('\'').next().unwrap_or_default())
}

/// Lines of a file of `lib/protocol` that reach outside, as (number from 1, what).
fn outside(source: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (number, line) in source.lines().enumerate() {
        let line = line.trim_start();
        if line.starts_with("//") || line.starts_with('*') || line.starts_with("/*") {
            continue;
        }
        found.extend(
            IO.iter().filter(|word| line.contains(*word)).map(|word| (number + 1, (*word).to_owned())),
        );
        let foreign = imported(line).filter(|name| {
            let own = name.starts_with("./") || name.starts_with("../");
            // Out of the folder: `lib/protocol/policy/x.ts` may say `../event.ts`, no file may say more.
            let out = name.starts_with("../../../") || name.contains("/lib/");
            out || !(own || PURE.iter().any(|pure| name.starts_with(pure)))
        });
        found.extend(foreign.map(|name| (number + 1, name.to_owned())));
    }
    found
}

#[test]
fn the_protocol_in_typescript_reaches_no_network_clock_or_storage() {
    let files: Vec<PathBuf> = tree::files_with("appliance-ui/lib/protocol", "ts")
        .into_iter()
        // `vectors.ts` reads the vectors for its tests.
        .filter(|path| !is_of_tests(path) && !path.ends_with("vectors.ts"))
        .collect();
    assert!(files.len() > 30, "only {} files were read", files.len());
    for path in files {
        let found = outside(&tree::read(&path));
        assert!(found.is_empty(), "{}: {found:?}", path.display());
    }
}

#[test]
fn what_reaches_outside_is_found_and_a_comment_is_not() {
    let source = "// fetch(x)\n * Date.now\nimport { a } from './b.ts';\nimport x from 'dexie';\nconst n = Date.now();\n\
                  import { sha256 } from '@noble/hashes/sha2.js';\n} from 'node:fs';\n";
    let found: Vec<(usize, String)> = outside(source);
    assert_eq!(found, [(4, "dexie".to_owned()), (5, "Date.now".to_owned()), (7, "node:fs".to_owned())]);
}

/// Colours written as hex, but for black, white and the greys of paper. In a script they stand in quotes.
fn hex_colours(source: &str, style: bool) -> Vec<String> {
    let mut found = Vec::new();
    for (at, _) in source.match_indices('#') {
        let digits: String = source[at + 1..].chars().take_while(char::is_ascii_hexdigit).collect();
        let next = source[at + 1 + digits.len()..].chars().next();
        let whole = next.is_none_or(|c| !c.is_alphanumeric() && c != '-' && c != '_');
        let before = source[..at].chars().next_back();
        let colour = matches!(digits.len(), 3 | 4 | 6 | 8)
            && whole
            && before
                .is_some_and(|c| matches!(c, '\'' | '"') || (style && matches!(c, ' ' | ':' | '(' | ',')));
        let grey = digits.len().is_multiple_of(3) && {
            let part = digits.len() / 3;
            digits[..part] == digits[part..2 * part] && digits[..part] == digits[2 * part..]
        };
        if colour && !grey {
            found.push(format!("#{digits}"));
        }
    }
    found
}

#[test]
fn colours_have_names_and_their_values_stand_in_one_file() {
    assert!(hex_colours(&tree::read(COLOURS), false).len() > 80, "{COLOURS} holds the colours");
    let files = sources(&["ts", "tsx", "css"]);
    for path in files.iter().filter(|path| !path.ends_with(COLOURS) && !is_of_tests(path)) {
        let style = path.extension().is_some_and(|extension| extension == "css");
        let found = hex_colours(&tree::read(path), style);
        assert!(found.is_empty(), "{}: {found:?}", path.display());
    }
    assert_eq!(hex_colours("this.#add(1) #abc 'x' '#123456'", false), ["#123456"]);
    assert_eq!(
        hex_colours("a { color: #abc; b: #fff } '#123456' #999 #dev=1 &#39; x#abc", true),
        ["#abc", "#123456"]
    );
}

/// Texts in quotes of the first list that begins with this line.
fn listed(source: &str, begin: &str, end: &str, quote: char) -> BTreeSet<String> {
    let (_, rest) = source.split_once(begin).unwrap_or_else(|| panic!("no {begin}"));
    let (list, _) = rest.split_once(end).unwrap_or_else(|| panic!("no end of {begin}"));
    list.split(quote).skip(1).step_by(2).map(str::to_owned).collect()
}

#[test]
fn the_gateway_answers_the_addresses_that_the_portals_router_knows() {
    let paths =
        listed(&tree::read("appliance-ui/portal/src/app/paths.ts"), "export const paths = [", "]", '\'');
    let first: BTreeSet<String> = paths
        .iter()
        .filter_map(|path| path.split('/').nth(1))
        .filter(|part| !part.is_empty())
        .map(str::to_owned)
        .collect();
    assert!(first.len() > 5, "{first:?}");
    let routes = listed(&tree::read("firmware/gateway/src/faces.rs"), "const ROUTES", ";\n\n", '"');
    assert_eq!(routes, first);
}

/// The box draws no growth chart and computes no percentile.
const FACES_ONLY: [&str; 1] = ["growth.json"];

#[test]
fn every_vector_file_has_a_reader_in_rust() {
    let sources: Vec<String> = tree::files_with("firmware", "rs")
        .into_iter()
        .chain(tree::files_with("tests", "rs"))
        .filter(|path| !path.ends_with("faces.rs"))
        .map(tree::read)
        .collect();
    let files = tree::files_with("tests/vectors", "json");
    assert!(files.len() > 20, "only {} vector files", files.len());
    for path in files {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let stem = name.trim_end_matches(".json");
        let read = sources
            .iter()
            .any(|source| source.contains(&format!("{name}\"")) || source.contains(&format!("(\"{stem}\"")));
        assert!(read || FACES_ONLY.contains(&name.as_str()), "{name} has no reader in Rust");
    }
}
