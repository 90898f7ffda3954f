//! Our sealed file for a foreign program: one JSON request on standard input, one JSON answer on standard output.
//! `appliance-ui/e2e/sealed-file.test.ts` has typage open in a browser what this seals, and the other way round.

use std::io::{Read as _, Write as _};

use age::secrecy::ExposeSecret as _;
use anyhow::{Context as _, bail};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use relaybox_protocol::hex;
use relaybox_protocol::random::Random;
use relaybox_vault::contents::Contents;
use relaybox_vault::envelope::{self, Opener, SlotAnswer};
use relaybox_vault::prf::{Nonce, PrfOutput};
use relaybox_vault::words::{Purpose, RecoveryWords};
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
#[serde(tag = "ask", rename_all = "kebab-case", deny_unknown_fields)]
enum Request {
    /// New recovery words and as many nonces as there are slot keys.
    Begin {
        slot_keys: usize,
    },
    /// Seals the fresh secrets of a practice.
    Seal {
        slot_keys: Vec<Answer>,
        words: String,
    },
    Nonces {
        file: String,
    },
    /// Opens by a slot key's answer, or by the words.
    Open {
        file: String,
        slot_key: Option<Answer>,
        words: Option<String>,
    },
}

/// A slot key's answer: Base64 without padding as in the stanza, and two secrets as hex.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Answer {
    nonce: String,
    outputs: [String; 2],
}

#[derive(Serialize)]
#[serde(tag = "answer", rename_all = "kebab-case")]
enum Reply {
    Begun {
        words: String,
        /// age's own spelling of the `vault` identity and of its recipient.
        identity: String,
        recipient: String,
        nonces: Vec<String>,
    },
    Sealed {
        file: String,
        contents: String,
    },
    Nonces {
        nonces: Vec<String>,
    },
    Opened {
        contents: String,
    },
    Refused {
        why: String,
    },
}

fn main() -> anyhow::Result<()> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text)?;
    let reply = answer(serde_json::from_str(&text).context("read the request")?)?;
    serde_json::to_writer(std::io::stdout().lock(), &reply)?;
    Ok(writeln!(std::io::stdout())?)
}

fn answer(request: Request) -> anyhow::Result<Reply> {
    Ok(match request {
        Request::Begin { slot_keys } => begin(slot_keys)?,
        Request::Seal { slot_keys, words } => {
            let mut random = Random::os();
            let contents = Contents { practice: random.keys(), escrow: random.keys(), legacy: None };
            let answers: Vec<SlotAnswer> = slot_keys.iter().map(slot_answer).collect::<Result<_, _>>()?;
            let recovery = RecoveryWords::parse(&words)?.identity(Purpose::Vault).to_public();
            let file = envelope::seal(&contents, &answers, &recovery)?;
            Reply::Sealed { file: BASE64_STANDARD.encode(file), contents: text_of(&contents)? }
        }
        Request::Nonces { file } => {
            let nonces = envelope::nonces(&BASE64_STANDARD.decode(file)?)?;
            Reply::Nonces { nonces: nonces.into_iter().map(Nonce::to_text).collect() }
        }
        Request::Open { file, slot_key, words } => {
            let file = BASE64_STANDARD.decode(file)?;
            let opened = match (slot_key, words) {
                (Some(answer), None) => envelope::open(&file, &Opener::SlotKey(&slot_answer(&answer)?)),
                (None, Some(words)) => {
                    let identity = RecoveryWords::parse(&words)?.identity(Purpose::Vault);
                    envelope::open(&file, &Opener::Words(&identity))
                }
                _ => bail!("name a slot key or the words"),
            };
            match opened {
                Ok(opened) => Reply::Opened { contents: text_of(&opened.contents)? },
                Err(error) => Reply::Refused { why: error.to_string() },
            }
        }
    })
}

fn begin(slot_keys: usize) -> anyhow::Result<Reply> {
    let mut random = Random::os();
    let words = RecoveryWords::generate(&mut random)?;
    let identity = words.identity(Purpose::Vault);
    Ok(Reply::Begun {
        words: words.words().collect::<Vec<_>>().join(" "),
        recipient: identity.to_public().to_string(),
        identity: identity.to_string().expose_secret().to_owned(),
        nonces: (0..slot_keys).map(|_| Nonce::new(&mut random).to_text()).collect(),
    })
}

fn slot_answer(answer: &Answer) -> anyhow::Result<SlotAnswer> {
    let [first, second] = &answer.outputs;
    let output = |text: &str| hex::decode::<32>(text).context("read an output of 32 bytes");
    Ok(SlotAnswer {
        nonce: Nonce::parse(&answer.nonce).context("read a nonce of 16 bytes")?,
        output: PrfOutput::new([output(first)?, output(second)?]),
    })
}

fn text_of(contents: &Contents) -> anyhow::Result<String> {
    Ok(String::from_utf8(contents.to_bytes().to_vec())?)
}
