//! The arrows: `docs/ARCHITECTURE.md` holds the complete table of who may depend on whom, and every
//! manifest is compared with it. The page is the rule, so it cannot go stale.

use std::collections::{BTreeMap, BTreeSet};

use crate::tree;

/// What one row of the table allows.
struct Row {
    rooms: BTreeSet<String>,
    others: BTreeSet<String>,
}

/// The words in back-ticks of a table cell.
fn quoted(cell: &str) -> BTreeSet<String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// The lines of the first table below this heading, without its two head lines.
fn table<'a>(page: &'a str, heading: &str) -> Vec<Vec<&'a str>> {
    let (_, rest) = page.split_once(heading).unwrap_or_else(|| panic!("no heading {heading}"));
    rest.lines()
        .skip_while(|line| !line.starts_with('|'))
        .take_while(|line| line.starts_with('|'))
        .skip(2)
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
        .collect()
}

fn rows() -> BTreeMap<String, Row> {
    let page = tree::read("docs/ARCHITECTURE.md");
    table(&page, "### Arrows")
        .into_iter()
        .map(|cells| {
            let name = quoted(cells[0]).pop_first().unwrap();
            (name, Row { rooms: quoted(cells[1]), others: quoted(cells[2]) })
        })
        .collect()
}

/// The common ground that every crate may name.
fn common() -> BTreeSet<String> {
    let page = tree::read("docs/ARCHITECTURE.md");
    let line = page.lines().find(|line| line.starts_with("Common ground:")).unwrap();
    quoted(line)
}

/// Crates that only tests may name.
fn harness() -> BTreeSet<String> {
    let page = tree::read("docs/ARCHITECTURE.md");
    let line = page.lines().find(|line| line.starts_with("Harness:")).unwrap();
    quoted(line)
}

fn manifest(room: &str) -> toml::Table {
    tree::read(format!("firmware/{room}/Cargo.toml")).parse().unwrap()
}

fn names(manifest: &toml::Table, section: &str) -> BTreeSet<String> {
    manifest
        .get(section)
        .and_then(toml::Value::as_table)
        .into_iter()
        .flatten()
        .map(|(k, _)| k.clone())
        .collect()
}

/// `relaybox-store` to `store`; the binary's package is the room `appliance`.
fn room_of(package: &str) -> Option<String> {
    if package == "relaybox" {
        return Some("appliance".to_owned());
    }
    package.strip_prefix("relaybox-").map(str::to_owned)
}

/// What this manifest names beyond its row.
fn strangers(dependencies: &BTreeSet<String>, row: &Row, common: &BTreeSet<String>) -> Vec<String> {
    dependencies
        .iter()
        .filter(|name| match room_of(name) {
            Some(room) => !row.rooms.contains(&room),
            None => !row.others.contains(*name) && !common.contains(*name),
        })
        .cloned()
        .collect()
}

#[test]
fn every_manifest_keeps_to_the_arrows() {
    let (rows, common, harness) = (rows(), common(), harness());
    for room in tree::rooms() {
        let row = rows.get(&room).unwrap_or_else(|| panic!("{room} has no row in docs/ARCHITECTURE.md"));
        let manifest = manifest(&room);
        let beyond = strangers(&names(&manifest, "dependencies"), row, &common);
        assert!(beyond.is_empty(), "{room} may not depend on {beyond:?}");
        let with_harness = common.union(&harness).cloned().collect();
        let beyond = strangers(&names(&manifest, "dev-dependencies"), row, &with_harness);
        assert!(beyond.is_empty(), "the tests of {room} may not depend on {beyond:?}");
        for section in ["build-dependencies", "target", "features"] {
            assert!(!manifest.contains_key(section), "{room} has [{section}]");
        }
    }
}

#[test]
fn a_manifest_that_leaves_its_row_is_found() {
    let row = Row { rooms: BTreeSet::from(["protocol".to_owned()]), others: BTreeSet::new() };
    let asked = ["relaybox-protocol", "relaybox-store", "rusqlite", "serde"].map(str::to_owned).into();
    let beyond = strangers(&asked, &row, &BTreeSet::from(["serde".to_owned()]));
    assert_eq!(beyond, ["relaybox-store", "rusqlite"]);
}

#[test]
fn every_crate_is_under_the_workspace_lints() {
    let mut manifests: Vec<String> =
        tree::rooms().iter().map(|room| format!("firmware/{room}/Cargo.toml")).collect();
    manifests.push("tests/Cargo.toml".to_owned());
    for path in manifests {
        let manifest: toml::Table = tree::read(&path).parse().unwrap();
        let under = manifest.get("lints").and_then(|l| l.get("workspace")).and_then(toml::Value::as_bool);
        assert_eq!(under, Some(true), "{path} lacks [lints] workspace = true");
        let license = manifest["package"].get("license").and_then(|l| l.get("workspace"));
        assert!(license.is_some(), "{path} does not take the workspace's licence");
    }
}

#[test]
fn versions_stand_in_the_workspace_manifest_alone() {
    for room in tree::rooms() {
        for section in ["dependencies", "dev-dependencies"] {
            for (name, value) in
                manifest(&room).get(section).and_then(toml::Value::as_table).into_iter().flatten()
            {
                let shared = value.get("workspace").and_then(toml::Value::as_bool);
                assert_eq!(shared, Some(true), "{room}: {name} does not take the workspace's version");
            }
        }
    }
}
