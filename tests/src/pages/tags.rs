//! The tags of each kind: one table, from which the page's list and the JSON Schema are made.
//!
//! A row is how often the tag stands, its name, and its cells. How often: `1`, `?`, `*`, `a-b`.
//! A cell is a type (`key`, `id`, `hash`, `sig`, `d16`, `n`, `text`, `payload`), words in quotes, or
//! words separated by `|`. `?` after a cell: it may be missing; `*`: it may stand many times.

use std::fmt::Write as _;
use std::ops::RangeInclusive;

use anyhow::{Context, Result, bail};
use serde_json::{Map, Value, json};

/// Tags that all kinds of the range may have.
type Rows = (RangeInclusive<u16>, &'static [&'static str]);

const ENVELOPE: &[&str] = &[
    "1-2 p key",
    "? patient-content|recipient-content payload",
    "1 enc nip44-dual|nip44",
    "1 pc hash",
    "* e id '' addendum|status-update|deletion|cancelled|result|correction|accept|reply|ref",
    "* x hash",
];
const SIGNED: &[&str] = &["? act 'sign'"];
/// By P: `seq` always. By members: none.
const BY_PRACTICE: &[&str] = &["1 seq n", "? prev id"];
const BY_PRACTICE_OR_MEMBER: &[&str] = &["? seq n", "? prev id"];

const TABLE: &[Rows] = &[
    (2100..=2100, &["1 p key", "1 authority id", "1 ek key", "1-250 row key key"]),
    (2101..=2101, &["1 p key", "1 n n", "1 ek key"]),
    (
        2102..=2102,
        &[
            "1 p key doctor|nurse|ma|frontdesk text",
            "1 from n",
            "? until n",
            "? end",
            "? name text",
            "? replaces key",
            "? pop key sig",
            "? epoch n",
        ],
    ),
    (
        2103..=2103,
        &[
            "1 p key 'agent' fhir|billing|scheduling|mail",
            "1 kinds n*",
            "1 compartments desk|chart*",
            "1 patients none|clients|all",
            "? until n",
            "? end",
            "? pop key sig",
        ],
    ),
    (2102..=2103, BY_PRACTICE),
    (
        2104..=2104,
        &[
            "1 p key 'child'",
            "1 p key 'guardian'",
            "1 compartments desk|chart*",
            "? until n",
            "? end",
            "? pop key sig",
            "? epoch n",
        ],
    ),
    (2104..=2104, BY_PRACTICE_OR_MEMBER),
    (
        2105..=2105,
        &[
            "1 n n",
            "1-3 p key desk|chart|confidential",
            "* signer key",
            "? v key",
            "0-2 box key receipts|audit",
            "1 ek key",
            "1-3 sealed desk|chart|confidential payload",
            "0-3 keyring desk|chart|confidential payload",
            "? grace 0|600",
            "? next hash",
        ],
    ),
    (2105..=2105, BY_PRACTICE),
    (2106..=2106, &["? invite hash", "? p key", "0-1000 e id", "? e id '' 'end'", "? until n", "? x hash"]),
    (2107..=2107, &["1 p key", "1 e id", "1 next hash"]),
    (2107..=2107, BY_PRACTICE),
    (2108..=2108, &["? p key", "? p key 'scope'", "? client text", "? e id", "? lift id"]),
    (
        2109..=2109,
        &[
            "1 client text",
            "? p key",
            "? patients 'all'",
            "? export",
            "? jwk text",
            "? key key",
            "* scope text*",
            "1 until n",
            "? end",
            "? epoch n",
        ],
    ),
    (2108..=2109, BY_PRACTICE_OR_MEMBER),
    (2110..=2121, ENVELOPE),
    (2110..=2110, &["0-2 pop key sig", "? own key", "? rekey key", "? legacy"]),
    (2111..=2111, SIGNED),
    (2119..=2119, SIGNED),
    (
        2122..=2122,
        &[
            "0-2 p key",
            "? c policy|policy-staff",
            "1 n n",
            "? prev id",
            "? policy text text?",
            "1-500 e id n 'import'?",
        ],
    ),
    (2123..=2126, ENVELOPE),
    (2123..=2123, SIGNED),
    (2126..=2126, &["* p key provider|guardian", "1 start n", "1 end n"]),
    (2127..=2127, &["1-1000 e id"]),
    (2127..=2127, BY_PRACTICE),
    (2128..=2128, &["* head text n hash", "? prev id"]),
    (2129..=2129, &["1-2 p key", "1 day text", "* read key n n n*"]),
    (4050..=4055, &["1 p key", "1 expiration n"]),
    (32_110..=32_110, &["1 d d16"]),
    (32_111..=32_111, &["1 d hash"]),
    (32_110..=32_111, &["1 p key", "1 enc 'nip44'", "1 expiration n"]),
];

/// How often something stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Times {
    least: usize,
    most: Option<usize>,
}

const ONCE: Times = Times { least: 1, most: Some(1) };
const MAYBE: Times = Times { least: 0, most: Some(1) };
const ANY: Times = Times { least: 0, most: None };

impl Times {
    fn suffix(self) -> String {
        match self {
            ONCE => String::new(),
            MAYBE => "?".to_owned(),
            ANY => "*".to_owned(),
            Self { least, most } => {
                format!("{{{least},{}}}", most.map(|most| most.to_string()).unwrap_or_default())
            }
        }
    }
}

#[derive(Debug)]
struct Cell {
    /// As a person reads it.
    shown: String,
    schema: Value,
    times: Times,
}

/// One tag that may stand, its name being the first cell.
#[derive(Debug)]
struct Row {
    times: Times,
    cells: Vec<Cell>,
}

/// Kinds of ours that the table describes.
fn kinds() -> Vec<u16> {
    (0..=u16::MAX).filter(|kind| TABLE.iter().any(|(range, _)| range.contains(kind))).collect()
}

fn rows(kind: u16) -> Result<Vec<Row>> {
    let of_kind = TABLE.iter().filter(|(range, _)| range.contains(&kind));
    of_kind.flat_map(|(_, rows)| rows.iter()).map(|row| parse(row)).collect()
}

fn parse(row: &str) -> Result<Row> {
    let mut words = row.split(' ');
    let times = times(words.next().context("a row begins with how often")?)?;
    let name = words.next().context("a row has a name")?;
    let names: Vec<&str> = name.split('|').collect();
    let mut cells = vec![Cell {
        shown: names.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join("|"),
        schema: json!({"enum": names}),
        times: ONCE,
    }];
    for word in words {
        cells.push(cell(word)?);
    }
    Ok(Row { times, cells })
}

fn times(word: &str) -> Result<Times> {
    Ok(match word {
        "1" => ONCE,
        "?" => MAYBE,
        "*" => ANY,
        range => {
            let (least, most) = range.split_once('-').context("how often a tag stands")?;
            Times { least: least.parse()?, most: Some(most.parse()?) }
        }
    })
}

fn cell(word: &str) -> Result<Cell> {
    let (word, times) = match word.strip_suffix('?') {
        Some(word) => (word, MAYBE),
        None => match word.strip_suffix('*') {
            Some(word) => (word, ANY),
            None => (word, ONCE),
        },
    };
    let pattern = |pattern: &str| json!({"type": "string", "pattern": pattern});
    let schema = match word {
        "key" | "id" | "hash" => pattern("^[0-9a-f]{64}$"),
        "sig" => pattern("^[0-9a-f]{128}$"),
        "d16" => pattern("^[0-9a-f]{32}$"),
        "n" => pattern("^(0|[1-9][0-9]*)$"),
        "text" | "payload" => json!({"type": "string"}),
        quoted if quoted.starts_with('\'') => json!({"enum": [quoted.trim_matches('\'')]}),
        words if words.contains('|') => json!({"enum": words.split('|').collect::<Vec<_>>()}),
        other => bail!("no cell is called {other}"),
    };
    let shown = match schema.get("enum").and_then(Value::as_array).map(Vec::as_slice) {
        Some([word]) => word.to_string(),
        Some(words) => {
            format!("({})", words.iter().map(Value::to_string).collect::<Vec<_>>().join("|"))
        }
        None => word.to_owned(),
    };
    Ok(Cell { shown, schema, times })
}

/// Kinds that have the same tags, and these as a person reads them.
///
/// # Errors
/// When the table holds a row that it cannot read.
pub(super) fn lists() -> Result<Vec<(String, String)>> {
    let mut lists: Vec<(String, String)> = Vec::new();
    for kind in kinds() {
        let tags = listed(kind)?;
        match lists.iter_mut().find(|(_, known)| *known == tags) {
            Some((kinds, _)) => write!(kinds, " {kind}")?,
            None => lists.push((kind.to_string(), tags)),
        }
    }
    Ok(lists)
}

fn listed(kind: u16) -> Result<String> {
    let row = |row: Row| {
        let cells = row.cells.iter().map(|cell| format!("{}{}", cell.shown, cell.times.suffix()));
        format!("`[{}]{}`", cells.collect::<Vec<_>>().join(", "), row.times.suffix())
    };
    Ok(rows(kind)?.into_iter().map(row).collect::<Vec<_>>().join(" "))
}

/// The JSON Schema (2020-12) of our kinds; one line a kind.
///
/// # Errors
/// When the table holds a row that it cannot read.
pub fn schema() -> Result<String> {
    let mut text = String::from("{\n");
    let head = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Event of one of our kinds, by the shape of its tags",
        "type": "object",
        "additionalProperties": false,
        "required": ["id", "pubkey", "created_at", "kind", "tags", "content", "sig"],
        "properties": {
            "id": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
            "pubkey": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
            "created_at": {"type": "integer", "minimum": 0, "maximum": (1_u64 << 53) - 1},
            "kind": {"enum": kinds()},
            "tags": {"type": "array"},
            "content": {"type": "string"},
            "sig": {"type": "string", "pattern": "^[0-9a-f]{128}$"},
        },
    });
    let members = head.as_object().cloned().unwrap_or_default();
    for (name, value) in &members {
        writeln!(text, "  {}: {value},", json!(name))?;
    }
    text.push_str("  \"oneOf\": [\n");
    let lines: Result<Vec<String>> =
        kinds().into_iter().map(|kind| Ok(format!("    {}", of_kind(kind)?))).collect();
    text.push_str(&lines?.join(",\n"));
    text.push_str("\n  ]\n}\n");
    Ok(text)
}

fn of_kind(kind: u16) -> Result<Value> {
    let rows = rows(kind)?;
    let shapes: Vec<Value> = rows.iter().map(Row::schema).collect();
    let counts: Vec<Value> = rows
        .iter()
        .filter(|row| row.times != ANY)
        .map(|row| {
            let mut count = Map::from_iter([
                ("contains".to_owned(), row.schema()),
                ("minContains".to_owned(), json!(row.times.least)),
            ]);
            count.extend(row.times.most.map(|most| ("maxContains".to_owned(), json!(most))));
            Value::Object(count)
        })
        .collect();
    Ok(json!({
        "properties": {
            "kind": {"const": kind},
            "tags": {"type": "array", "items": {"anyOf": shapes}, "allOf": counts},
        },
    }))
}

impl Row {
    fn schema(&self) -> Value {
        let many = self.cells.iter().find(|cell| cell.times.most.is_none());
        let single = self.cells.iter().filter(|cell| cell.times.most.is_some());
        json!({
            "type": "array",
            "prefixItems": single.map(|cell| cell.schema.clone()).collect::<Vec<_>>(),
            "minItems": self.cells.iter().filter(|cell| cell.times.least > 0).count(),
            "items": many.map_or(json!(false), |cell| cell.schema.clone()),
        })
    }
}
