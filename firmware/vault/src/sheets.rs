//! The two sheets of a claim: lines to print, never kept.

use relaybox_process::rpc::vault::Sheet;
use relaybox_protocol::PublicKey;
use relaybox_protocol::address::Address;

use crate::words::{ROW, RecoveryWords, check};

/// The words that open the vault when all slot keys are lost.
pub(crate) fn recovery(practice_name: &str, practice: &PublicKey, words: &RecoveryWords) -> Sheet {
    let mut lines = vec![
        format!("RECOVERY SHEET of {practice_name}"),
        format!("practice key {}", practice.to_hex()),
        String::new(),
        "These 24 words and the file vault.age open the practice's key without any slot key.".to_owned(),
        "Keep this sheet where nobody finds it by chance: a bank, a notary. Make no photograph.".to_owned(),
        "When all slot keys are lost: a new box, this sheet, a copy of vault.age, two new slot keys."
            .to_owned(),
        String::new(),
    ];
    lines.extend(rows(words));
    Sheet { name: "recovery".to_owned(), lines }
}

/// The next practice key's words, and what families scan.
pub(crate) fn succession(
    practice_name: &str,
    host: &str,
    (practice, next_hash): (&PublicKey, &str),
    words: &RecoveryWords,
) -> Sheet {
    let mut lines = vec![
        format!("SUCCESSION SHEET of {practice_name}"),
        String::new(),
        "These 24 words are the practice's next key. They are nowhere else, not even in this box.".to_owned(),
        "When the practice's key was stolen: start a succession and type them. Keep them apart from the"
            .to_owned(),
        "recovery sheet.".to_owned(),
        String::new(),
    ];
    lines.extend(rows(words));
    lines.push(String::new());
    lines.push("For families to scan; holds no secret:".to_owned());
    let address = Address { host, practice, next: Some(next_hash), name: practice_name, token: None };
    lines.push(address.text());
    Sheet { name: "succession".to_owned(), lines }
}

/// Four words a line, and two check digits: a word that was copied wrong is found on its line.
fn rows(words: &RecoveryWords) -> Vec<String> {
    let words: Vec<&str> = words.words().collect();
    let numbered = |(row, words): (usize, &[&str])| {
        let cells: Vec<String> = words
            .iter()
            .enumerate()
            .map(|(at, word)| format!("{:>2}. {word:<9}", row * ROW + at + 1))
            .collect();
        format!("{} check {:02}", cells.join(" "), check(words))
    };
    words.chunks(ROW).enumerate().map(numbered).collect()
}

#[cfg(test)]
mod tests {
    use relaybox_protocol::random::Random;

    use super::*;

    #[test]
    fn each_line_of_words_bears_numbers_and_check_digits_that_a_wrong_word_changes() {
        let words = RecoveryWords::generate(&mut Random::seeded([7; 32])).unwrap();
        let sheet = recovery("Test", &Random::seeded([1; 32]).keys().public_key(), &words);
        let rows: Vec<&String> = sheet.lines.iter().filter(|line| line.contains(" check ")).collect();
        assert_eq!(rows.len(), 6);
        for (number, word) in words.words().enumerate() {
            assert!(rows[number / 4].contains(&format!("{}. {word}", number + 1)), "{word}");
        }
        assert_ne!(check(&["able", "acid", "also", "apex"]), check(&["able", "acid", "also", "apes"]));
    }

    #[test]
    fn what_families_scan_names_the_practice_and_the_hash_of_its_next_key_and_no_word() {
        let words = RecoveryWords::generate(&mut Random::seeded([7; 32])).unwrap();
        let key = Random::seeded([1; 32]).keys().public_key();
        let sheet = succession("Kids & Co", "clinic.example", (&key, "abcd"), &words);
        let scanned = sheet.lines.last().unwrap();
        assert_eq!(
            *scanned,
            format!("nostr+ehr://clinic.example?pk={}&next=abcd&name=Kids%20%26%20Co", key.to_hex())
        );
        assert!(words.words().all(|word| !scanned.contains(word)));
    }
}
