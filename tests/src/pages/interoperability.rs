//! `docs/ref/interoperability.md` and `examples.json`.

use std::fmt::Write as _;

use anyhow::Result;
use relaybox_protocol::kinds::{self, Keeping};
use relaybox_protocol::permissions::{Compartment, family_writes, kind_in, word_for};
use relaybox_protocol::refusal::Refusal;
use serde_json::{Value, json};

use super::examples::Example;
use super::tags;

const HEAD: &str = "\
# Interoperability

Kinds, refusals, tags, schema and examples, made from the code; a test keeps this page and its two JSON files
equal to it. [The protocol](protocol.md) says what they mean.

## Connection strings

Enrolment, on paper or as a QR code; it never holds a secret:

```text
nostr+ehr://<host>?pk=<P>&next=<h>&name=<practice>&t=<token>
```

The same as JSON, for a program:

```json
{ \"relay\": \"wss://<host>\", \"practice_pk\": \"<P>\", \"practice_next\": \"<h>\", \"practice_name\": \"<practice>\" }
```

P is the practice key, h the SHA-256 of the next practice key, both 64 lower-case hex characters.

";

/// Kinds with their names, in the order of the page.
const KINDS: [(u16, &str); 47] = [
    (0, "profile"),
    (5, "deletion request; never for 2100–2129"),
    (1059, "gift wrap"),
    (2100, "PatientKeyGrant"),
    (2101, "PracticeKeyGrant"),
    (2102, "StaffRoster entry"),
    (2103, "ServiceAgentGrant"),
    (2104, "GuardianLink"),
    (2105, "PracticeEpoch"),
    (2106, "Disclosure"),
    (2107, "Succession"),
    (2108, "Suspension"),
    (2109, "FhirClientGrant"),
    (2110, "Patient"),
    (2111, "Encounter and note"),
    (2112, "Medication list entry"),
    (2113, "Observation"),
    (2114, "Condition"),
    (2115, "Allergy"),
    (2116, "Immunization"),
    (2117, "Message"),
    (2118, "Order"),
    (2119, "Report"),
    (2120, "Prescription"),
    (2121, "Document"),
    (2122, "Receipt"),
    (2123, "Confidential record"),
    (2124, "Other FHIR resource"),
    (2125, "Outside record"),
    (2126, "Visit"),
    (2127, "Destruction order"),
    (2128, "Audit anchor"),
    (2129, "Access report"),
    (4050, "signalling: join"),
    (4051, "signalling: offer"),
    (4052, "signalling: answer"),
    (4053, "signalling: candidate"),
    (4054, "signalling: media state"),
    (4055, "signalling: end of call"),
    (10_002, "relay list"),
    (10_050, "inbox list"),
    (10_063, "Blossom list"),
    (21_059, "ephemeral gift wrap"),
    (30_078, "application data, sealed to self"),
    (32_110, "Draft"),
    (32_111, "Shared state"),
    (32_225, "NIP-82 share"),
];

/// The page in Markdown.
///
/// # Errors
/// When an example cannot be written down.
pub fn page(examples: &[Example]) -> Result<String> {
    let mut page = HEAD.to_owned();
    page.push_str(
        "## Kinds\n\nWord: the permission a member needs. Family: patients and guardians write it. Grants, drafts and \
         policy by P follow rules of their own.\n\n\
         | kind | what | kept as | compartments | word | family |\n|---|---|---|---|---|---|\n",
    );
    for (kind, name) in KINDS {
        let kept = match kinds::keeping(kind) {
            Keeping::Regular => "regular",
            Keeping::Replaceable => "replaceable",
            Keeping::Addressable => "addressable",
            Keeping::Ephemeral => "ephemeral",
        };
        let compartments: Vec<&str> =
            Compartment::ALL.into_iter().filter(|c| kind_in(kind, *c)).map(Compartment::as_str).collect();
        let word = word_for(kind).map_or("", |word| word.as_str());
        let family = if family_writes(kind) { "yes" } else { "" };
        writeln!(page, "| {kind} | {name} | {kept} | {} | {word} | {family} |", compartments.join(" "))?;
    }
    page.push_str(
        "\n## Refusals\n\nThe text of OK, CLOSED and NEG-ERR. The prefix is for programs, the rest for people; \
         programs may rely on the prefix alone.\n\n| code | class | text |\n|---|---|---|\n",
    );
    for refusal in Refusal::ALL {
        let class = format!("{:?}", refusal.class());
        let text = refusal.message().replace('\n', "\\n").replace('|', "\\|");
        writeln!(page, "| `{}` | {class} | `{text}` |", refusal.code())?;
    }
    page.push_str(
        "\n## Tags\n\nThe tags of each kind, in any order but that of `p`. `key`, `id` and `hash` are 64 lower-case hex \
         characters, `sig` 128, `d16` 32; `n` is a decimal number; `payload` is NIP-44. `?`: may be missing, `*`: any \
         number, `{a,b}`: from a to b. [events.schema.json](events.schema.json) says the same as JSON Schema (2020-12); \
         signatures, ciphertexts and who may write what are not its subject.\n\n| kind | tags |\n|---|---|\n",
    );
    for (kinds, tags) in tags::lists()? {
        writeln!(page, "| {kinds} | {} |", tags.replace('|', "\\|"))?;
    }
    page.push_str(
        "\n## Examples\n\n[examples.json](examples.json) holds one whole event of each kind below, drawn from one \
         seed, with the plaintext where there is a body. Ciphertexts are cut here.\n",
    );
    for example in examples {
        let event: Value = serde_json::from_str(&example.event.as_json())?;
        let shown = serde_json::to_string_pretty(&cut(event))?;
        let kind = example.event.kind.as_u16();
        write!(page, "\n### {kind}: {}\n\n```json\n{shown}\n```\n", example.about)?;
    }
    Ok(page)
}

/// Long strings, shortened for the eye.
fn cut(value: Value) -> Value {
    match value {
        Value::String(text) if text.len() > 128 => {
            json!(format!("{}… ({} characters)", text.chars().take(24).collect::<String>(), text.len()))
        }
        Value::Array(cells) => cells.into_iter().map(cut).collect(),
        Value::Object(fields) => fields.into_iter().map(|(name, value)| (name, cut(value))).collect(),
        other => other,
    }
}

/// The examples whole.
///
/// # Errors
/// When an example cannot be written down.
pub fn examples_json(examples: &[Example]) -> Result<String> {
    let rows: Result<Vec<Value>> = examples
        .iter()
        .map(|example| {
            let event: Value = serde_json::from_str(&example.event.as_json())?;
            Ok(json!({"about": example.about, "event": event, "plaintext": example.plaintext}))
        })
        .collect();
    Ok(serde_json::to_string_pretty(&rows?)? + "\n")
}
