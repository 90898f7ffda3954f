//! What the lock file may hold: one TLS stack, one runtime, no git sources, licences of a short list.

use std::collections::{BTreeMap, BTreeSet};

use crate::tree;

/// Second TLS stacks, second runtimes, C libraries that need a tool chain of their own.
const BANNED: [&str; 9] = [
    "aws-lc-rs",
    "aws-lc-sys",
    "openssl",
    "openssl-sys",
    "native-tls",
    "smol",
    "async-std",
    "async-io",
    "async-global-executor",
];

/// Crates of which two versions in one binary would be a fault, not a nuisance.
const SINGLE: [&str; 8] =
    ["rustls", "tokio", "tokio-rustls", "ring", "hyper", "rusqlite", "nostr", "tokio-tungstenite"];

/// Licences that a dependency may offer (one of its alternatives is enough).
const LICENCES: [&str; 11] = [
    "MIT",
    "MIT-0",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "Zlib",
    "Unicode-3.0",
    "CC0-1.0",
    "0BSD",
];

/// The lock files: of the workspace, and of the fuzz targets and the software keys, which are workspaces of their own.
const LOCKS: [&str; 3] = ["Cargo.lock", "tests/fuzz/Cargo.lock", "tests/softkey/Cargo.lock"];

fn packages() -> Vec<(String, String, Option<String>)> {
    packages_of(LOCKS[0])
}

/// Name, version and source of each locked package.
fn packages_of(lock: &str) -> Vec<(String, String, Option<String>)> {
    let lock: toml::Table = tree::read(lock).parse().unwrap();
    let field = |package: &toml::Value, name: &str| {
        package.get(name).and_then(toml::Value::as_str).map(str::to_owned)
    };
    lock["package"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| (field(p, "name").unwrap(), field(p, "version").unwrap(), field(p, "source")))
        .collect()
}

#[test]
fn the_lock_file_holds_no_banned_crate_and_no_git_source() {
    for lock in LOCKS {
        let packages = packages_of(lock);
        assert!(packages.len() > 50, "{lock} was not read");
        for (name, version, source) in packages {
            assert!(!BANNED.contains(&name.as_str()), "{name} {version} came in through a dependency");
            let from_git = source.is_some_and(|source| source.starts_with("git+"));
            assert!(!from_git, "{name} {version} comes from git");
        }
    }
}

type Locked = Vec<(String, String, Option<String>)>;

/// Packages that both lock files hold, in a version that the first one has not, and how many both hold.
fn drifted(root: &Locked, other: &Locked) -> (Vec<String>, usize) {
    let mut versions: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (name, version, _) in root {
        versions.entry(name).or_default().insert(version);
    }
    let shared: Vec<(&str, &str, bool)> = other
        .iter()
        .filter_map(|(name, version, _)| {
            versions
                .get(name.as_str())
                .map(|known| (name.as_str(), version.as_str(), known.contains(version.as_str())))
        })
        .collect();
    let drifted =
        shared.iter().filter(|(.., same)| !same).map(|(name, version, _)| format!("{name} {version}"));
    (drifted.collect(), shared.len())
}

#[test]
fn the_fuzz_targets_take_the_versions_of_the_workspace() {
    let (drifted, shared) = drifted(&packages_of(LOCKS[0]), &packages_of(LOCKS[1]));
    assert!(shared > 100, "only {shared} packages are shared");
    assert!(drifted.is_empty(), "tests/fuzz/Cargo.lock: {drifted:?}; copy the lock file of the root there");
}

/// What this package is built of, as names and versions, by the lock file; without what stands below `hidapi`.
fn closure(lock: &str, package: &str) -> BTreeSet<(String, String)> {
    let lock: toml::Table = tree::read(lock).parse().unwrap();
    let text =
        |value: &toml::Value, name: &str| value.get(name).and_then(toml::Value::as_str).map(str::to_owned);
    let packages = lock["package"].as_array().unwrap();
    let (mut found, mut open) = (BTreeSet::new(), vec![package.to_owned()]);
    while let Some(next) = open.pop() {
        // `name`, or `name version` where there are several.
        let mut parts = next.split(' ');
        let (name, version) = (parts.next().unwrap(), parts.next());
        let named = |p: &&toml::Value| {
            text(p, "name").as_deref() == Some(name)
                && version.is_none_or(|v| text(p, "version").as_deref() == Some(v))
        };
        let package = packages.iter().find(named).unwrap();
        if name == "hidapi" || !found.insert((name.to_owned(), text(package, "version").unwrap())) {
            continue;
        }
        let below = package.get("dependencies").and_then(toml::Value::as_array);
        open.extend(below.into_iter().flatten().map(|one| one.as_str().unwrap().to_owned()));
    }
    found
}

#[test]
fn the_helper_of_the_software_keys_is_built_of_the_versions_that_are_shipped() {
    let mut shipped = closure(LOCKS[0], "relaybox-slot");
    shipped.retain(|(name, _)| name != "relaybox-slot");
    assert!(shipped.len() > 100 && shipped.iter().any(|(name, _)| name == "ctap-hid-fido2"), "{shipped:?}");
    let soft: BTreeSet<(String, String)> =
        packages_of(LOCKS[2]).into_iter().map(|(name, version, _)| (name, version)).collect();
    // What only tests of ours use stands in the first lock file alone.
    let known = |name: &str| soft.iter().any(|(known, _)| known == name);
    let other: Vec<_> = shipped.difference(&soft).filter(|(name, _)| known(name)).collect();
    assert!(other.is_empty(), "{}: {other:?}; copy the lock file of the root there", LOCKS[2]);
}

#[test]
fn a_version_that_drifted_is_found_and_a_package_of_one_side_is_not() {
    let lock = |packages: &[(&str, &str)]| -> Locked {
        packages.iter().map(|(name, version)| ((*name).to_owned(), (*version).to_owned(), None)).collect()
    };
    let root = lock(&[("serde", "1.0.2"), ("rand", "0.8.5"), ("rand", "0.9.0"), ("tokio", "1.54.0")]);
    let other = lock(&[("serde", "1.0.3"), ("rand", "0.9.0"), ("libfuzzer-sys", "0.4.13")]);
    assert_eq!(drifted(&root, &other), (vec!["serde 1.0.3".to_owned()], 2));
}

#[test]
fn crates_that_must_be_single_have_one_version() {
    let mut versions: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (name, version, _) in packages() {
        versions.entry(name).or_default().insert(version);
    }
    for name in SINGLE {
        let found = versions.get(name).map_or(0, BTreeSet::len);
        assert_eq!(found, 1, "{name}: {:?}", versions.get(name));
    }
}

/// True when one alternative of an SPDX expression consists of allowed licences only. Enough for
/// the expressions crates use: `OR` binds loosest, `AND` next, parentheses group alternatives.
fn allowed(expression: &str) -> bool {
    let expression = expression.replace('/', " OR ");
    if let Some((left, rest)) = expression.split_once('(') {
        let (inside, right) = rest.split_once(')').unwrap();
        let inside = if allowed(inside) { "MIT" } else { "none" };
        return allowed(&format!("{left}{inside}{right}"));
    }
    expression.split(" OR ").any(|one| one.split(" AND ").all(|name| LICENCES.contains(&name.trim())))
}

#[test]
fn an_expression_is_allowed_by_one_alternative_and_refused_by_a_missing_part() {
    assert!(allowed("MIT OR GPL-3.0"));
    assert!(allowed("Apache-2.0/MIT"));
    assert!(allowed("(MIT OR Apache-2.0) AND Unicode-3.0"));
    assert!(!allowed("MIT AND GPL-3.0"));
    assert!(!allowed("MPL-2.0"));
}

#[test]
fn every_dependency_has_an_allowed_licence() {
    // The fuzz targets add nothing to the first but libFuzzer.
    for workspace in ["Cargo.toml", "tests/softkey/Cargo.toml"] {
        let output = std::process::Command::new(env!("CARGO"))
            .args(["metadata", "--locked", "--format-version", "1", "--filter-platform", HOST])
            .args(["--manifest-path", workspace])
            .current_dir(tree::root())
            .output()
            .unwrap();
        assert!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
        let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let packages = metadata["packages"].as_array().unwrap();
        assert!(packages.len() > 50);
        for package in packages {
            let licence = package["license"].as_str().unwrap_or("none named");
            assert!(allowed(licence), "{workspace}: {} is under {licence}", package["name"]);
        }
    }
}

/// Crates of other systems are neither built nor shipped.
const HOST: &str =
    if cfg!(target_arch = "aarch64") { "aarch64-unknown-linux-gnu" } else { "x86_64-unknown-linux-gnu" };

#[test]
fn curve_arithmetic_comes_from_libsecp256k1_alone() {
    // Implementations of the curve in plain Rust, which do not promise constant time.
    const OTHERS: [&str; 4] = ["k256", "libsecp256k1", "secp256kfun", "ark-secp256k1"];
    let packages = packages();
    assert!(packages.iter().any(|(name, _, _)| name == "secp256k1-sys"));
    let found: Vec<&String> =
        packages.iter().map(|(name, _, _)| name).filter(|name| OTHERS.contains(&name.as_str())).collect();
    assert!(found.is_empty(), "{found:?} came in through a dependency");
}
