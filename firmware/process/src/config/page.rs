//! The page `docs/ref/config.md`, written from the rows of the sections.

use std::fmt::Write as _;

use serde_json::Value;

use super::{Config, Section};

const HEAD: &str = "# Configuration\n\n\
`relaybox.toml`, one file for all roles. Every field has a default, so the file may be empty or left \
out; a field that is not on this page is an error. Secrets are never in it: they are credentials of \
the unit (a directory in development). `relaybox config check --config FILE` says whether a file can \
be used, and which field to change when it cannot.\n\n\
This page is written by `relaybox config doc`; a test keeps it equal to the code.\n";

impl Config {
    /// The reference page in Markdown, defaults included.
    ///
    /// # Errors
    /// When a default cannot be written down.
    pub fn page() -> Result<String, serde_json::Error> {
        let defaults = serde_json::to_value(Self::default())?;
        let mut page = HEAD.to_owned();
        for section in Self::SECTIONS {
            write_section(&mut page, section, defaults.get(section.name));
        }
        Ok(page)
    }
}

fn write_section(page: &mut String, section: &Section, defaults: Option<&Value>) {
    // Writing to a string cannot fail.
    let _ = write!(
        page,
        "\n## `[{}]`\n\n{}\n\n| field | default | meaning |\n|---|---|---|\n",
        section.name, section.about
    );
    for field in section.fields {
        let default = defaults.and_then(|table| table.get(field.name)).map(shown).unwrap_or_default();
        let _ = writeln!(page, "| `{}` | `{default}` | {} |", field.name, field.about);
    }
}

/// The values in use are written alike in JSON and TOML, but for the underscores.
fn shown(value: &Value) -> String {
    match value {
        Value::Number(number) => grouped(number),
        other => other.to_string(),
    }
}

/// TOML allows underscores between digits, and people count zeros badly.
fn grouped(number: &serde_json::Number) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push('_');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_of_the_file_stands_on_the_page_with_its_default() {
        let page = Config::page().unwrap();
        let defaults = serde_json::to_value(Config::default()).unwrap();
        for (section, table) in defaults.as_object().unwrap() {
            assert!(page.contains(&format!("## `[{section}]`")), "{section}");
            for field in table.as_object().unwrap().keys() {
                assert!(page.contains(&format!("| `{field}` | `")), "{section}.{field}");
            }
        }
        assert!(page.contains("| `event_bytes_max` | `393_216` |"));
    }

    #[test]
    fn the_committed_page_equals_the_code() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/ref/config.md");
        let committed = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            committed == Config::page().unwrap(),
            "docs/ref/config.md is stale: run `relaybox config doc > docs/ref/config.md`"
        );
    }
}
