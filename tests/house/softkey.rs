//! The software security keys stay where they are: nothing that is shipped knows them.

use crate::tree;

/// The only manifest that may replace a crate: the helper of the key slot is built there a second time, for
/// software keys.
const SOFT: &str = "tests/softkey/Cargo.toml";
/// Crates and names of the software keys.
const SOFT_WORDS: [&str; 5] = ["softkey", "relaybox-slot-soft", "fido-authenticator", "trussed", "littlefs"];

fn patches(manifest: &str) -> bool {
    let table: toml::Table = manifest.parse().unwrap();
    table.contains_key("patch") || table.contains_key("replace")
}

#[test]
fn no_manifest_but_the_software_keys_patches_a_crate() {
    let mut manifests = tree::files_with(".", "toml");
    manifests.retain(|path| path.file_name().is_some_and(|name| name == "Cargo.toml"));
    assert!(manifests.len() > 10, "only {} manifests", manifests.len());
    for path in manifests {
        let soft = path == std::path::Path::new(SOFT);
        assert_eq!(patches(&tree::read(&path)), soft, "{}", path.display());
    }
    // What cargo would patch without a manifest.
    for config in [".cargo/config.toml", ".cargo/config"] {
        assert!(!tree::root().join(config).exists(), "{config}");
    }
}

#[test]
fn only_hidapi_is_replaced_and_the_helper_is_built_from_the_shipped_source() {
    let manifest: toml::Table = tree::read(SOFT).parse().unwrap();
    let patched: Vec<&String> = manifest["patch"]["crates-io"].as_table().unwrap().keys().collect();
    assert_eq!(patched, ["hidapi"]);
    let bins = manifest["bin"].as_array().unwrap();
    let helper = bins.iter().find(|bin| bin["name"].as_str() == Some("relaybox-slot-soft")).unwrap();
    assert_eq!(helper["path"].as_str(), Some("../../firmware/slot/src/main.rs"));
}

#[test]
fn no_shipped_crate_knows_a_software_key() {
    let lock = tree::read("Cargo.lock");
    for word in ["fido-authenticator", "trussed", "littlefs", "relaybox-softkey"] {
        assert!(!lock.contains(word), "Cargo.lock holds {word}");
    }
    let shipped = tree::files("firmware/slot").into_iter().chain(tree::files_with("firmware", "toml"));
    let mut read = 0;
    for path in shipped {
        let text = tree::read(&path);
        let found = SOFT_WORDS.iter().find(|word| text.contains(*word));
        assert_eq!(found, None, "{}", path.display());
        read += 1;
    }
    assert!(read > 10, "only {read} files");
}

#[test]
fn the_helper_of_the_lock_file_is_the_library_from_the_registry() {
    let lock: toml::Table = tree::read("Cargo.lock").parse().unwrap();
    let hidapi: Vec<_> = lock["package"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|package| package["name"].as_str() == Some("hidapi"))
        .collect();
    assert_eq!(hidapi.len(), 1);
    assert!(hidapi[0].get("checksum").is_some(), "hidapi is not the one of the registry");
}
