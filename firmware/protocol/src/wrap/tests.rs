use super::*;
use crate::event::{Verified, tag};
use crate::testing::{keys, random};

const NOW: u64 = 1_790_000_000;

fn wrapped(ephemeral: bool) -> Event {
    let rumor = Rumor::chat(&keys("b").public_key(), "hello", NOW);
    wrap(&keys("a"), &keys("b").public_key(), &rumor, ephemeral, NOW - 5, NOW - 9, &mut random("wrap"))
        .unwrap()
}

#[test]
fn a_wrapped_rumor_reaches_its_receiver_with_its_sender() {
    for (ephemeral, kind) in [(false, 1059), (true, 21059)] {
        let event = wrapped(ephemeral);
        assert_eq!((event.kind.as_u16(), event.created_at.as_secs()), (kind, NOW - 9));
        assert_ne!(event.pubkey, keys("a").public_key());
        let (sender, rumor) = unwrap(&keys("b"), &event).unwrap();
        assert_eq!(sender, keys("a").public_key());
        assert_eq!(rumor, Rumor::chat(&keys("b").public_key(), "hello", NOW));
        assert_eq!(unwrap(&keys("c"), &event), Err(UnwrapError::Crypto(CryptoError::Mac)));
        assert!(Verified::from_event(event).is_ok());
    }
}

#[test]
fn crate_nostr_opens_our_wraps_and_we_open_its() {
    use nostr::nips::nip59::UnwrappedGift;
    let theirs = UnwrappedGift::from_gift_wrap(&keys("b"), &wrapped(false)).unwrap();
    assert_eq!((theirs.sender, theirs.rumor.content.as_str()), (keys("a").public_key(), "hello"));
    assert_eq!(theirs.rumor.created_at.as_secs(), NOW);
}

/// A wrap around any seal and rumor text.
fn around(seal_by: &Keys, kind: u16, tags: Vec<Tag>, rumor: &str, spoil: bool) -> Event {
    let (to, once) = (keys("b").public_key(), keys("once"));
    let mut random = random("around");
    let content = encrypt(seal_by, &to, rumor, &mut random).unwrap();
    let mut seal = event::sign(seal_by, kind, tags, content, NOW);
    if spoil {
        seal.sig = event::sign(seal_by, 1, vec![], "", NOW).sig;
    }
    let content = encrypt(&once, &to, &serde_json::to_string(&seal).unwrap(), &mut random).unwrap();
    event::sign(&once, kinds::GIFT_WRAP, vec![key_tag("p", &to)], content, NOW)
}

#[test]
fn a_forged_or_odd_wrap_is_refused() {
    let sender = keys("a");
    let rumor = Rumor::chat(&keys("b").public_key(), "hello", NOW);
    let text = rumor.to_json(&sender.public_key());
    let open = |event: &Event| unwrap(&keys("b"), event).map(|_| ());
    assert_eq!(open(&around(&sender, 13, vec![], &text, false)), Ok(()));
    let without_id = text.replace(&format!("\"id\":\"{}\",", rumor.id(&sender.public_key())), "");
    assert_ne!(without_id, text);
    assert_eq!(open(&around(&sender, 13, vec![], &without_id, false)), Ok(()));
    let false_id = text.replace("hello", "other");
    let signed = text.replacen('{', &format!("{{\"sig\":\"{}\",", "ab".repeat(64)), 1);
    for bad in [&false_id, &signed, &format!("[{text}]"), &text.replacen('{', "{\"kind\":1,", 1)] {
        assert_eq!(open(&around(&sender, 13, vec![], bad, false)), Err(UnwrapError::Shape), "{bad}");
    }
    let impersonated = around(&keys("mallory"), 13, vec![], &text, false);
    assert_eq!(open(&impersonated), Err(UnwrapError::Sender));
    assert_eq!(open(&around(&sender, 13, vec![], &text, true)), Err(UnwrapError::Signature));
    assert_eq!(open(&around(&sender, 14, vec![], &text, false)), Err(UnwrapError::Shape));
    assert_eq!(open(&around(&sender, 13, vec![tag("p", ["x"])], &text, false)), Err(UnwrapError::Shape));
    assert_eq!(open(&event::sign(&sender, 1, vec![], "", NOW)), Err(UnwrapError::Shape));
}

#[test]
fn two_forged_wraps_among_twenty_good_ones_are_named_and_harm_no_other() {
    let doctor = keys("doctor");
    let chat = |n: usize| Rumor::chat(&keys("b").public_key(), &format!("message {n}"), NOW);
    let good = |n: usize| around(&doctor, 13, vec![], &chat(n).to_json(&doctor.public_key()), false);
    let mut batch: Vec<Event> = (0..20).map(good).collect();
    let text = chat(20).to_json(&doctor.public_key());
    batch.insert(3, around(&keys("mallory"), 13, vec![], &text, false));
    batch.insert(11, around(&doctor, 13, vec![], &text, true));
    let opened: Vec<_> = batch.iter().map(|event| unwrap(&keys("b"), event)).collect();
    assert_eq!(opened[3], Err(UnwrapError::Sender));
    assert_eq!(opened[11], Err(UnwrapError::Signature));
    let shown: Vec<_> = opened.into_iter().flatten().collect();
    assert_eq!(shown, (0..20).map(|n| (doctor.public_key(), chat(n))).collect::<Vec<_>>());
}

#[test]
fn a_wrap_carries_more_than_a_record_body() {
    let text = "x".repeat(150_000);
    let rumor = Rumor::chat(&keys("b").public_key(), &text, NOW);
    let event =
        wrap(&keys("a"), &keys("b").public_key(), &rumor, false, NOW, NOW, &mut random("large")).unwrap();
    assert_eq!(unwrap(&keys("b"), &event).unwrap().1.content, text);
    assert!(Verified::from_event(event).is_ok());
    let above = Rumor::chat(&keys("b").public_key(), &"x".repeat(200_000), NOW);
    let refused = wrap(&keys("a"), &keys("b").public_key(), &above, false, NOW, NOW, &mut random("large"));
    assert_eq!(refused, Err(CryptoError::Size));
}

#[test]
fn a_rumor_whose_time_no_other_language_reads_is_refused() {
    let opened = |created_at| {
        let rumor = Rumor { created_at, ..Rumor::chat(&keys("b").public_key(), "hello", NOW) };
        let event =
            wrap(&keys("a"), &keys("b").public_key(), &rumor, false, NOW, NOW, &mut random("time")).unwrap();
        unwrap(&keys("b"), &event).map(|(_, rumor)| rumor.created_at)
    };
    assert_eq!(opened(NUMBER_MAX), Ok(NUMBER_MAX));
    assert_eq!(opened(NUMBER_MAX + 1), Err(UnwrapError::Shape));
}
