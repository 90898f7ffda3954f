//! From an empty box to a staffed practice, and back to one member less.

use super::*;

#[tokio::test]
async fn a_box_is_claimed_with_two_slot_keys_and_a_drill_and_then_serves_ceremonies() {
    let (unclaimed, owner, practice, held) = claimed("").await;
    let told = held.words("recovery");
    assert_eq!(told.split(' ').count(), 24);
    assert_ne!(told, held.words("succession"));
    assert!(held.steps.contains(&"drill".to_owned()), "{:?}", held.steps);
    let events = unclaimed.history().await;
    assert_eq!((of_kind(&events, 2105), of_kind(&events, 2102), of_kind(&events, 2122)), (1, 1, 1));
    assert!(events.iter().all(|event| event.kind.as_u16() == 2122 || event.pubkey == practice));
    let state = unclaimed.hand().state().await.unwrap();
    let labels: Vec<&str> = state.slot_keys.iter().map(|key| key.label.as_str()).collect();
    assert_eq!((labels, state.claim_code, state.soft), (vec!["front office", "bank"], None, true));
    assert_eq!(files_of(&unclaimed.started.folder().join("vault")), ["vault.age", "vault.json"]);
    let mut hand = unclaimed.hand();
    let staff: Vec<(Keys, &str, Role)> = [
        ("Dr. Bo Testwell", Role::Doctor),
        ("Cleo Testwell", Role::Nurse),
        ("Dana Testwell", Role::Ma),
        ("Eli Testwell", Role::FrontDesk),
    ]
    .map(|(name, role)| (Random::os().keys(), name, role))
    .into();
    let changes: Vec<_> = staff.iter().map(|(keys, name, role)| join(keys, name, *role, &practice)).collect();
    let held = hand.perform(json!({"verb": "roster", "changes": changes})).await.unwrap();
    held.done().unwrap();
    assert_eq!(held.last.events.len(), 8, "a 2102 and a 2101 for each");
    hand.order = vec!["two".to_owned()];
    let nurse = staff[1].0.public_key().to_hex();
    let ended = json!({"verb": "roster", "changes": [{"change": "leave", "key": nurse}]});
    hand.perform(ended).await.unwrap().done().unwrap();
    let events = unclaimed.history().await;
    assert_eq!(of_kind(&events, 2105), 2, "a leaver brings new locks");
    drop(owner);
}
