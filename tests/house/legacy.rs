//! The former suite's cipher is read and never written (CRY-002): outside tests no code path can make
//! its format. What makes that format is its authenticator, Poly1305 over the bare ciphertext: it
//! stands in one file, in functions that are named here one by one, and is only ever compared.

use crate::tree;

/// The one file that knows the former cipher.
const READER: &str = "firmware/protocol/src/legacy.rs";

/// Its functions. One more must be looked at before it is named here.
const FUNCTIONS: [&str; 7] =
    ["open", "open_former", "message_cipher", "unpad", "current_kind", "former_kind", "is_former_kind"];

/// What only the former format needs.
const AUTHENTICATOR: [&str; 2] = ["poly1305", "compute_unpadded"];

/// What a writer of the format would need beside the cipher: randomness for a nonce, and an encoder.
const WRITING: [&str; 9] =
    ["Random", "rand", "getrandom", "encode(", "encrypt", "fn seal", "fn pad", "fn write", "base64"];

/// The product code of a file without comments.
fn code(source: &str) -> String {
    let lines = tree::product_code(source).lines().map(tree::without_comment);
    // A comment behind code says nothing that runs.
    lines.map(|line| line.split(" // ").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

fn functions(code: &str) -> Vec<&str> {
    let names = code.match_indices("fn ").filter(|(at, _)| {
        code[..*at].chars().next_back().is_none_or(|before| !before.is_alphanumeric() && before != '_')
    });
    names
        .map(|(at, _)| {
            let name = &code[at + 3..];
            &name[..name.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(name.len())]
        })
        .filter(|name| !name.is_empty())
        .collect()
}

/// Everything in the reader by which it could write.
fn faults_of_the_reader(source: &str) -> Vec<String> {
    let code = code(source);
    let mut faults: Vec<String> =
        WRITING.iter().filter(|word| code.contains(**word)).map(|word| format!("names {word}")).collect();
    for name in functions(&code) {
        if !FUNCTIONS.contains(&name) {
            faults.push(format!("function {name} was never looked at"));
        }
    }
    // One tag is computed, and the next thing is that it is compared with the one that came, before
    // the stream touches the text.
    let computed: Vec<_> = code.match_indices("compute_unpadded(").collect();
    let compared = code.find(".ct_eq(tag)");
    let turned = code.find("apply_keystream(&mut text)");
    let in_order = matches!(
        (&computed[..], compared, turned),
        ([(tag, _)], Some(compared), Some(turned)) if *tag < compared && compared < turned
    );
    if !in_order || code.matches("apply_keystream(").count() != 2 || code.matches("computed").count() != 2 {
        faults.push("a tag is made that is not compared first of all".to_owned());
    }
    // The authenticator and the stream stay inside.
    for line in code.lines().filter(|line| line.contains("pub ") && !line.contains("const fn")) {
        if ["ChaCha20", "Poly1305", "fn message_cipher", "fn open_former"].iter().any(|w| line.contains(w)) {
            faults.push(format!("hands out its cipher: {}", line.trim()));
        }
    }
    faults
}

/// The AEAD of RFC 8439 authenticates lengths as well: with it nobody can make the former format.
const AEAD: &str = "chacha20poly1305";

#[test]
fn no_code_path_outside_tests_can_make_the_former_format() {
    let mut seen = 0;
    for path in tree::files_with("firmware", "rs") {
        if tree::is_test_file(&path) {
            continue;
        }
        seen += 1;
        let source = tree::read(&path);
        if path.ends_with("protocol/src/legacy.rs") {
            continue;
        }
        let code = code(&source).to_lowercase().replace(AEAD, "");
        for word in AUTHENTICATOR.into_iter().chain(["chacha20", "apply_keystream"]) {
            assert!(!code.contains(word), "{} names {word}", path.display());
        }
        // Former numbers are read in filters and stored events; nothing signs one.
        assert!(!code.contains("former_kind(") || !code.contains("sign("), "{}", path.display());
    }
    assert!(seen > 100, "only {seen} files: the rule looks at the wrong place");
    for room in tree::rooms() {
        let manifest = tree::read(format!("firmware/{room}/Cargo.toml")).replace(AEAD, "");
        let named = AUTHENTICATOR.iter().any(|word| manifest.contains(word));
        assert_eq!(named, room == "protocol", "firmware/{room}/Cargo.toml");
    }
    assert_eq!(faults_of_the_reader(&tree::read(READER)), Vec::<String>::new());
}

#[test]
fn a_writer_of_the_former_format_would_be_found() {
    let reader = tree::read(READER);
    let planted = [
        // A new function, however it is called.
        ("const NONCE_BYTES", "pub fn close(key: &ConversationKey) {}\nconst NONCE_BYTES"),
        // The tag handed out instead of compared.
        (
            "if !bool::from(computed.as_slice().ct_eq(tag))",
            "return Ok(Opened::V2(computed.to_vec()));\nif false",
        ),
        // The stream turned before the tag was compared.
        ("let computed =", "cipher.apply_keystream(&mut payload.to_vec());\n    let computed ="),
        // The cipher given to others.
        ("fn message_cipher", "pub fn message_cipher"),
        // An encoder beside it.
        ("use subtle::", "use base64::Engine;\nuse subtle::"),
    ];
    for (from, to) in planted {
        assert!(reader.contains(from), "{from}");
        let faults = faults_of_the_reader(&reader.replacen(from, to, 1));
        assert!(!faults.is_empty(), "not found: {to}");
    }
    // What stands in comments and tests is none.
    let harmless = reader.replacen(
        "#[cfg(test)]\nmod tests;",
        "// encrypt\n#[cfg(test)]\nmod tests;\nfn encrypt() {}",
        1,
    );
    assert_ne!(harmless, reader);
    assert_eq!(faults_of_the_reader(&harmless), Vec::<String>::new());
}
