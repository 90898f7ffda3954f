use super::*;
use crate::guard::{FreezeCause, WINDOW_SECONDS};

const NOW: u64 = 1_000;
const ONE: Rules =
    Rules { keys: 1, thaws: false, ceremony_seconds: CEREMONY_SECONDS, request_seconds: REQUEST_SECONDS };

fn known(device: u64) -> Known {
    Known { device: Device(device), fits: true, tries_left: 8, pin_least: 4 }
}

/// The PIN is typed, and the key is found to be this one.
fn pin_of(it: &mut Ceremony, label: &str) {
    it.handle_pin("1234").unwrap();
    it.handle_found(NOW + 1, Ok(Some(label.to_owned())));
}

fn output() -> PrfOutput {
    PrfOutput::new([[1; 32], [2; 32]])
}

fn begin(rules: Rules, guard: Guard, present: &[u64]) -> Ceremony {
    Ceremony::begin(NOW, rules, guard, present.iter().copied().map(Device).collect())
}

/// All steps shown since the last call, and the names of other effects.
fn seen(ceremony: &mut Ceremony) -> Vec<String> {
    std::iter::from_fn(|| ceremony.poll_effect())
        .map(|effect| match effect {
            Effect::Show(step) => format!("{step:?}"),
            Effect::Look(device) => format!("look {}", device.0),
            Effect::Find { device, pin } => format!("find {} {}", device.0, pin.as_str().len()),
            Effect::Ask { device, label, pin } => format!("ask {} {label} {}", device.0, pin.as_str().len()),
            Effect::Sign(answers) => {
                format!(
                    "sign {}",
                    answers.iter().map(|(label, _)| label.as_str()).collect::<Vec<_>>().join("+")
                )
            }
            Effect::KeepWrongPin => "keep".to_owned(),
            Effect::Exit => "exit".to_owned(),
        })
        .collect()
}

/// Up to the PIN of the key "desk" on device 1.
fn at_pin() -> Ceremony {
    let mut it = begin(ONE, Guard::default(), &[]);
    it.handle_button(NOW + 1);
    it.handle_present(vec![Device(1)]);
    it.handle_known(known(1));
    seen(&mut it);
    it
}

#[test]
fn button_key_pin_and_touch_lead_to_a_signature() {
    let mut it = begin(ONE, Guard::default(), &[]);
    assert_eq!(seen(&mut it), ["Button"]);
    it.handle_button(NOW + 1);
    assert_eq!(seen(&mut it), ["KeyIn"]);
    it.handle_present(vec![Device(1)]);
    assert_eq!(seen(&mut it), ["look 1"]);
    it.handle_known(known(1));
    assert_eq!(seen(&mut it), ["Pin { tries_left: 8, wrong: false }"]);
    it.handle_pin("1234").unwrap();
    assert_eq!(seen(&mut it), ["Checking", "find 1 4"]);
    it.handle_found(NOW + 4, Ok(Some("desk".to_owned())));
    assert_eq!(seen(&mut it), [r#"Touch { label: "desk" }"#, "ask 1 desk 4"]);
    it.handle_answer(NOW + 5, Ok(output()));
    assert_eq!(seen(&mut it), ["Signing", "sign desk"]);
    it.handle_signed(true);
    assert_eq!(seen(&mut it), ["Done", "exit"]);
    assert_eq!(it.poll_timeout(), None);
}

#[test]
fn a_key_that_was_in_before_has_to_come_out() {
    let mut it = begin(ONE, Guard::default(), &[1]);
    it.handle_button(NOW + 1);
    assert_eq!(seen(&mut it), ["Button", "TakeOut"]);
    it.handle_known(known(1));
    it.handle_pin("1234").unwrap();
    assert_eq!(seen(&mut it), Vec::<String>::new());
    it.handle_present(vec![]);
    it.handle_present(vec![Device(2)]);
    assert_eq!(seen(&mut it), ["KeyIn", "look 2"]);
}

#[test]
fn nothing_but_the_button_begins() {
    let mut it = begin(ONE, Guard::default(), &[]);
    it.handle_present(vec![Device(1)]);
    it.handle_known(known(1));
    pin_of(&mut it, "desk");
    it.handle_answer(NOW, Ok(output()));
    it.handle_signed(true);
    assert_eq!(seen(&mut it), ["Button"]);
}

#[test]
fn it_ends_sixty_seconds_after_the_button_at_every_step() {
    let mut it = at_pin();
    it.handle_time(NOW + CEREMONY_SECONDS);
    assert_eq!(seen(&mut it), Vec::<String>::new());
    it.handle_time(NOW + 1 + CEREMONY_SECONDS);
    assert_eq!(seen(&mut it), ["Stopped(TimeOver)", "exit"]);
    it.handle_pin("1234").unwrap();
    it.handle_answer(NOW, Ok(output()));
    assert_eq!(seen(&mut it), Vec::<String>::new());
}

#[test]
fn a_request_that_nobody_confirms_ends() {
    let mut it = begin(ONE, Guard::default(), &[]);
    assert_eq!(it.poll_timeout(), Some(NOW + REQUEST_SECONDS));
    it.handle_button(NOW + REQUEST_SECONDS);
    assert_eq!(seen(&mut it), ["Button", "Stopped(TimeOver)", "exit"]);
}

#[test]
fn a_key_pulled_before_its_answer_stops_it() {
    let mut it = at_pin();
    it.handle_present(vec![]);
    assert_eq!(seen(&mut it), ["Stopped(TakenOut)", "exit"]);
    let mut it = at_pin();
    pin_of(&mut it, "desk");
    it.handle_answer(NOW, Err(SlotError::TakenOut));
    assert!(seen(&mut it).contains(&"Stopped(TakenOut)".to_owned()));
}

#[test]
fn two_keys_at_once_have_to_come_out() {
    let mut it = begin(ONE, Guard::default(), &[]);
    it.handle_button(NOW + 1);
    it.handle_present(vec![Device(1), Device(2)]);
    assert_eq!(seen(&mut it), ["Button", "KeyIn", "TwoKeys"]);
    it.handle_present(vec![Device(1)]);
    assert_eq!(seen(&mut it), Vec::<String>::new());
    it.handle_present(vec![]);
    it.handle_present(vec![Device(3)]);
    assert_eq!(seen(&mut it), ["KeyIn", "look 3"]);
    let mut it = at_pin();
    it.handle_present(vec![Device(1), Device(9)]);
    assert_eq!(seen(&mut it), ["TwoKeys"]);
}

#[test]
fn a_foreign_key_is_named_and_another_may_follow() {
    let mut it = begin(ONE, Guard::default(), &[]);
    it.handle_button(NOW + 1);
    it.handle_present(vec![Device(1)]);
    it.handle_known(Known { fits: false, ..known(1) });
    assert_eq!(seen(&mut it), ["Button", "KeyIn", "look 1", "OtherKey"]);
    it.handle_present(vec![]);
    it.handle_present(vec![Device(2)]);
    it.handle_known(known(2));
    it.handle_pin("1234").unwrap();
    it.handle_found(NOW + 3, Ok(None));
    assert_eq!(seen(&mut it).last().unwrap(), "OtherKey");
    it.handle_present(vec![]);
    it.handle_present(vec![Device(3)]);
    it.handle_known(known(3));
    pin_of(&mut it, "desk");
    assert_eq!(seen(&mut it).last().unwrap(), "ask 3 desk 4");
}

#[test]
fn a_pin_that_cannot_be_right_spends_no_try() {
    let mut it = at_pin();
    assert!(it.handle_pin("12").is_err());
    assert_eq!(seen(&mut it), Vec::<String>::new());
    it.handle_pin("1234").unwrap();
    assert_eq!(seen(&mut it).len(), 2);
}

#[test]
fn a_wrong_pin_is_kept_first_and_the_third_ends_it() {
    let mut it = at_pin();
    for tries_left in [7, 6] {
        it.handle_pin("1234").unwrap();
        seen(&mut it);
        it.handle_found(NOW + 2, Err(SlotError::WrongPin { tries_left }));
        let expected = format!("Pin {{ tries_left: {tries_left}, wrong: true }}");
        assert_eq!(seen(&mut it), ["keep".to_owned(), expected]);
    }
    it.handle_pin("1234").unwrap();
    seen(&mut it);
    it.handle_found(NOW + 3, Err(SlotError::WrongPin { tries_left: 5 }));
    let until = NOW + 3 + WINDOW_SECONDS;
    assert_eq!(
        seen(&mut it),
        ["keep".to_owned(), format!("Stopped(Closed(Paused({until})))"), "exit".to_owned()]
    );
    let again = &mut Ceremony::begin(NOW + 4, ONE, it.guard().clone(), Vec::new());
    assert_eq!(seen(again), [format!("Stopped(Closed(Paused({until})))"), "exit".to_owned()]);
}

#[test]
fn a_key_that_looks_at_no_more_pins_has_to_come_out_and_may_come_back() {
    let mut it = at_pin();
    it.handle_pin("1234").unwrap();
    seen(&mut it);
    it.handle_found(NOW + 2, Err(SlotError::Unplug));
    assert_eq!(seen(&mut it), ["TakeOut"]);
    it.handle_present(vec![]);
    it.handle_present(vec![Device(2)]);
    it.handle_known(Known { tries_left: 5, ..known(2) });
    assert_eq!(seen(&mut it), ["KeyIn", "look 2", "Pin { tries_left: 5, wrong: false }"]);
}

#[test]
fn the_last_try_of_a_key_is_never_spent() {
    let mut it = begin(ONE, Guard::default(), &[]);
    it.handle_button(NOW + 1);
    it.handle_present(vec![Device(1)]);
    it.handle_known(Known { tries_left: 1, ..known(1) });
    assert!(seen(&mut it).contains(&"Stopped(Closed(FewTries(1)))".to_owned()));
    let mut it = at_pin();
    it.handle_pin("1234").unwrap();
    it.handle_found(NOW, Err(SlotError::WrongPin { tries_left: 1 }));
    assert!(seen(&mut it).contains(&"Stopped(Closed(FewTries(1)))".to_owned()));
}

#[test]
fn with_the_two_person_rule_two_different_keys_approve() {
    let mut it = begin(Rules { keys: 2, ..ONE }, Guard::default(), &[]);
    it.handle_button(NOW + 1);
    it.handle_present(vec![Device(1)]);
    it.handle_known(known(1));
    pin_of(&mut it, "desk");
    it.handle_answer(NOW + 2, Ok(output()));
    assert_eq!(seen(&mut it).last().unwrap(), "TakeOut");
    it.handle_present(vec![]);
    it.handle_present(vec![Device(2)]);
    it.handle_known(known(2));
    pin_of(&mut it, "desk");
    assert_eq!(seen(&mut it).last().unwrap(), "OtherKey");
    it.handle_present(vec![]);
    it.handle_present(vec![Device(3)]);
    it.handle_known(known(3));
    pin_of(&mut it, "bank");
    it.handle_answer(NOW + 9, Ok(output()));
    assert_eq!(seen(&mut it).last().unwrap(), "sign desk+bank");
}

#[test]
fn a_frozen_slot_shows_no_request_and_thaws_by_another_key() {
    let mut guard = Guard::default();
    guard.completed("desk");
    guard.freeze(None, NOW, FreezeCause::Lid);
    let mut it = begin(ONE, guard.clone(), &[]);
    assert_eq!(seen(&mut it), ["Stopped(Closed(Frozen))", "exit"]);
    let mut it = begin(Rules { thaws: true, ..ONE }, guard, &[]);
    it.handle_button(NOW + 1);
    it.handle_present(vec![Device(1)]);
    it.handle_known(known(1));
    pin_of(&mut it, "desk");
    assert_eq!(seen(&mut it).last().unwrap(), "OtherKey");
    it.handle_present(vec![]);
    it.handle_present(vec![Device(2)]);
    it.handle_known(known(2));
    pin_of(&mut it, "bank");
    it.handle_answer(NOW + 9, Ok(output()));
    it.handle_signed(true);
    assert_eq!(seen(&mut it).last().unwrap(), "exit");
    assert!(it.guard().frozen().is_none());
}

#[test]
fn a_freeze_and_a_cancel_stop_it_at_once() {
    let mut it = at_pin();
    it.handle_freeze();
    assert_eq!(seen(&mut it), ["Stopped(Closed(Frozen))", "exit"]);
    let mut it = at_pin();
    it.handle_cancel();
    it.handle_cancel();
    assert_eq!(seen(&mut it), ["Stopped(Cancelled)", "exit"]);
}

#[test]
fn a_hanging_or_locked_key_ends_it_with_its_name() {
    for (error, shown) in [
        (SlotError::Hangs, "Stopped(Hangs)"),
        (SlotError::NotTouched, "Stopped(Hangs)"),
        (SlotError::Locked, "Stopped(KeyLocked)"),
    ] {
        let mut it = at_pin();
        it.handle_pin("1234").unwrap();
        it.handle_found(NOW, Err(error.clone()));
        assert!(seen(&mut it).contains(&shown.to_owned()), "{shown}");
        let mut it = at_pin();
        pin_of(&mut it, "desk");
        it.handle_answer(NOW, Err(error));
        assert!(seen(&mut it).contains(&shown.to_owned()), "{shown}");
    }
}

#[test]
fn a_refused_operation_is_not_called_done() {
    let mut it = at_pin();
    pin_of(&mut it, "desk");
    it.handle_answer(NOW, Ok(output()));
    it.handle_signed(false);
    let shown = seen(&mut it);
    assert!(shown.contains(&"Stopped(Failed)".to_owned()) && !shown.contains(&"Done".to_owned()));
}
