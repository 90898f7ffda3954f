//! Steps that a claim, a recovery and a succession share: the owner's proof, two new slot keys, the two sheets, typed
//! words, and the drill.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use relaybox_process::rpc::vault::{Sheet, Status};
use relaybox_protocol::keys::{KeyRole, proof_holds};
use relaybox_protocol::{PublicKey, hex};
use zeroize::Zeroizing;

use super::Terms;
use super::enrol::{Ended, Enrolment, Fresh, order, slot_until};
use super::table::Table;
use crate::contents::Contents;
use crate::envelope::{self, EnvelopeError, Opener};
use crate::request::Joining;
use crate::sheets;
use crate::shown::Screen;
use crate::wire::{Order, Said, SlotKey};
use crate::words::{Purpose, RecoveryWords, WordsError};

/// The button that begins it.
pub(super) async fn button(table: &mut Table, screen: &Screen) -> Result<(), Ended> {
    table.show(screen.status("button", Some("button"), "press the button, or cancel")).await;
    order(table, |_, order| matches!(order, Order::Press).then_some(())).await
}

/// The owner's key proves itself for this P.
pub(super) async fn prove(
    table: &mut Table,
    screen: &Screen,
    owner: &mut Joining,
    practice: &PublicKey,
) -> Result<(), Ended> {
    let mut why = None;
    loop {
        let line = "the owner's device proves its key";
        let status = Status { why: why.take(), ..screen.status("proof", Some("proof"), line) };
        table.show(status).await;
        let proof = order(table, |_, order| match order {
            Order::Prove { pop } => Some(pop.clone()),
            _ => None,
        });
        let pop = proof.await?;
        if proof_holds(&owner.key, practice, KeyRole::Staff, &pop) {
            owner.pop = pop;
            return Ok(());
        }
        why = Some("proof".to_owned());
    }
}

/// Two security keys become the slot keys of a new file.
pub(super) async fn enrol_two(
    table: &mut Table,
    terms: &mut Terms,
    screen: &Screen,
    labels: &[String; 2],
    practice: PublicKey,
) -> Result<Vec<Fresh>, Ended> {
    let mut keys: Vec<Fresh> = Vec::new();
    for label in labels {
        let enrolment = Enrolment {
            screen,
            guard: &mut terms.guard,
            rp: &terms.rp,
            label,
            exclude: keys.iter().map(|key| key.key.credential.clone()).collect(),
            practice,
        };
        keys.push(enrolment.run(table).await?);
    }
    Ok(keys)
}

/// Shows what is wanted and takes what a person types.
pub(super) async fn typed(
    table: &mut Table,
    screen: &Screen,
    line: &str,
    why: Option<String>,
    sheets: Vec<Sheet>,
) -> Result<Zeroizing<String>, Ended> {
    let status = screen.status("words", Some("words"), line);
    table.show(Status { why, sheets, ..status }).await;
    order(table, |table, order| match order {
        Order::Type { from, sealed } => table.opened(from, sealed),
        _ => None,
    })
    .await
}

/// The words of a new file, shown once and typed back before anything is sealed. Gives them as they were typed.
pub(super) async fn recovery_words(
    table: &mut Table,
    screen: &Screen,
    practice_name: &str,
    practice: &PublicKey,
) -> Result<RecoveryWords, Ended> {
    let words =
        RecoveryWords::generate(&mut table.random).map_err(|error| Ended::Failed(error.to_string()))?;
    let sheet = sheets::recovery(practice_name, practice, &words);
    let line = "print or write down the recovery words, then type all 24 of them back";
    let mut why = None;
    loop {
        let shown = vec![sheet.clone()];
        why = match RecoveryWords::parse(&typed(table, screen, line, why.take(), shown).await?) {
            Ok(typed) if typed.same(&words) => return Ok(typed),
            Ok(_) => Some("words-differ".to_owned()),
            Err(error) => Some(words_code(&error)),
        };
    }
}

/// The key after this one: its words go on the second sheet and are forgotten. Gives SHA-256 of the key.
pub(super) async fn next_practice(
    table: &mut Table,
    screen: &Screen,
    (practice_name, host): (&str, &str),
    practice: &PublicKey,
) -> Result<[u8; 32], Ended> {
    let words =
        RecoveryWords::generate(&mut table.random).map_err(|error| Ended::Failed(error.to_string()))?;
    let hash = words.next_hash().ok_or_else(|| Ended::Failed("draw the next key".to_owned()))?;
    let sheet = sheets::succession(practice_name, host, (practice, &hex::encode(&hash)), &words);
    let line = "print or write down the succession sheet, take the key out, then press the button";
    let status = screen.status("succession", Some("button"), line);
    table.forget();
    table.show(Status { sheets: vec![sheet], ..status }).await;
    order(table, |_, order| matches!(order, Order::Press).then_some(())).await?;
    Ok(hash)
}

/// The new file, sealed to the keys and the words; its copy lies in another directory and is opened with the typed
/// words and with each key's answer, no slot key in. Gives the copy as it was read back.
pub(super) async fn seal_and_drill(
    table: &mut Table,
    screen: &Screen,
    contents: &Contents,
    keys: Vec<Fresh>,
    typed: &RecoveryWords,
) -> Result<(Vec<u8>, Vec<SlotKey>), Ended> {
    let (slot_keys, answers): (Vec<_>, Vec<_>) = keys.into_iter().map(|key| (key.key, key.answer)).unzip();
    let identity = typed.identity(Purpose::Vault);
    let failed = |error: EnvelopeError| Ended::Failed(error.to_string());
    let sealed = envelope::seal(contents, &answers, &identity.to_public()).map_err(failed)?;
    table.show(screen.status("drill", None, "the recovery drill: no key may be in")).await;
    slot_until(table, <[_]>::is_empty).await?;
    table.say(&Said::Copy { sealed: BASE64_STANDARD.encode(&sealed) }).await;
    let copy = match table.owed().await {
        Some(Order::Copied { sealed }) => BASE64_STANDARD.decode(sealed).unwrap_or_default(),
        Some(Order::Refused { text }) => return Err(Ended::Failed(text)),
        _ => return Err(Ended::Gone),
    };
    let slot_openers = answers.iter().map(Opener::SlotKey);
    for opener in std::iter::once(Opener::Words(&identity)).chain(slot_openers) {
        let found = envelope::open(&copy, &opener).map_err(failed)?.contents;
        if !found.same(contents) {
            return Err(Ended::Failed("open the copy in the drill".to_owned()));
        }
    }
    Ok((copy, slot_keys))
}

/// Stable code of words that are none.
pub(super) fn words_code(error: &WordsError) -> String {
    match error {
        WordsError::Count(_) => "words-count".to_owned(),
        WordsError::Unknown(place) => format!("words-unknown-{place}"),
        WordsError::Checksum => "words-checksum".to_owned(),
    }
}
