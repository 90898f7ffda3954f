//! A shell script stands for the helper: what the client makes of each way in which one may end.

use std::os::unix::fs::PermissionsExt as _;

use super::*;

/// A helper that does what the script says.
struct Script(tempfile::TempDir);

impl Script {
    fn new(body: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("helper");
        std::fs::write(&path, format!("#!/bin/sh\nread -r request\n{body}\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700)).unwrap();
        Self(folder)
    }

    fn slot(&self) -> Slot {
        Slot::new(&self.0.path().join("helper"))
    }

    /// What the script left behind.
    fn note(&self, name: &str) -> String {
        std::fs::read_to_string(self.0.path().join(name)).unwrap()
    }
}

fn pin() -> Pin {
    Pin::parse("cafe\u{301}1", 4).unwrap()
}

async fn secret(slot: &Slot, touches: &mut usize) -> Result<Approval, SlotFault> {
    let salts = Salts([[1; 32], [2; 32]]);
    let question = Question { rp: "b.invalid", credential: "ab", salts, challenge: [3; 32] };
    slot.secret("/dev/hidraw0#7", question, &pin(), || *touches += 1).await
}

#[tokio::test]
async fn secrets_come_after_the_touch_and_the_pin_is_sent_in_form_c() {
    let (one, two) = ("11".repeat(32), "22".repeat(32));
    let script = Script::new(&format!(
        "printf '%s' \"$request\" >\"$(dirname \"$0\")/request\"
        echo '{{\"answer\":\"touch\"}}'
        echo '{{\"answer\":\"secret\",\"outputs\":[\"{one}\",\"{two}\"],\"authenticator_data\":\"aa\",\"signature\":\"bb\"}}'"
    ));
    let mut touches = 0;
    let approval = secret(&script.slot(), &mut touches).await.unwrap();
    assert!(approval.output.same(&PrfOutput::new([[0x11; 32], [0x22; 32]])));
    assert_eq!((touches, approval.authenticator_data.as_str(), approval.signature.as_str()), (1, "aa", "bb"));
    let request: Request = serde_json::from_str(&script.note("request")).unwrap();
    let Request::Secret { pin, salts, .. } = request else { panic!("another request") };
    assert_eq!((pin.0.as_str(), salts.len()), ("caf\u{e9}1", 2));
}

#[tokio::test]
async fn a_failure_of_the_key_reaches_the_ceremony_under_its_name() {
    for (failure, expected) in [
        ("wrong-pin\",\"tries_left\":5,\"x\":\"", None),
        ("locked", Some(SlotError::Locked)),
        ("unplug", Some(SlotError::Unplug)),
        ("taken-out", Some(SlotError::TakenOut)),
        ("not-touched", Some(SlotError::NotTouched)),
        ("foreign", Some(SlotError::Foreign)),
        ("unfit", Some(SlotError::Foreign)),
        ("request", Some(SlotError::Hangs)),
    ] {
        let script =
            Script::new(&format!("echo '{{\"answer\":\"failed\",\"why\":{{\"failure\":\"{failure}\"}}}}'"));
        let fault = secret(&script.slot(), &mut 0).await.unwrap_err();
        match expected {
            Some(expected) => assert_eq!(SlotError::from(fault), expected, "{failure}"),
            // A member too many is no answer.
            None => assert!(matches!(fault, SlotFault::NoAnswer), "{fault:?}"),
        }
    }
    let script =
        Script::new("echo '{\"answer\":\"failed\",\"why\":{\"failure\":\"wrong-pin\",\"tries_left\":5}}'");
    let fault = secret(&script.slot(), &mut 0).await.unwrap_err();
    assert_eq!(SlotError::from(fault), SlotError::WrongPin { tries_left: 5 });
}

#[tokio::test]
async fn a_helper_that_hangs_is_dead_when_its_time_is_over() {
    let script =
        Script::new("echo $$ >\"$(dirname \"$0\")/pid\"\necho '{\"answer\":\"touch\"}'\nexec sleep 600");
    let mut touches = 0;
    let slot = script.slot().within(Duration::from_millis(1_500));
    let fault = secret(&slot, &mut touches).await.unwrap_err();
    assert!(matches!(fault, SlotFault::Late), "{fault:?}");
    assert_eq!(touches, 1, "it had begun");
    assert!(!Path::new("/proc").join(script.note("pid").trim()).exists(), "it runs on");
}

#[tokio::test]
async fn a_helper_is_dead_when_nobody_waits_for_it_any_more() {
    let script =
        Script::new("echo $$ >\"$(dirname \"$0\")/pid\"\necho '{\"answer\":\"touch\"}'\nexec sleep 600");
    let slot = script.slot();
    let (touched, wait) = tokio::sync::oneshot::channel();
    let mut touched = Some(touched);
    let ask = slot.ask(&Request::List {}, || {
        if let Some(touched) = touched.take() {
            touched.send(()).unwrap();
        }
    });
    tokio::select! {
        _ = ask => panic!("it answered"),
        _ = wait => {}
    }
    assert!(!Path::new("/proc").join(script.note("pid").trim()).exists(), "it runs on");
}

#[tokio::test]
async fn what_is_no_answer_to_the_question_is_no_answer() {
    let touches = "echo '{\"answer\":\"touch\"}'\n".repeat(TOUCHES_MAX + 2);
    let one_output = format!(
        "echo '{{\"answer\":\"secret\",\"outputs\":[\"{}\"],\"authenticator_data\":\"\",\"signature\":\"\"}}'",
        "11".repeat(32)
    );
    let endless = "head -c 70000 /dev/zero | tr '\\0' x";
    for body in
        ["exit 101", "echo", "echo nonsense", "echo '{\"answer\":\"done\"}'", &touches, &one_output, endless]
    {
        let fault = secret(&Script::new(body).slot(), &mut 0).await.unwrap_err();
        assert!(matches!(fault, SlotFault::NoAnswer), "{body}: {fault:?}");
    }
    // The positive control of this question stands above: secrets_come_after_the_touch.
    let missing = Slot::new(Path::new("/nonexistent/relaybox-slot"));
    assert!(matches!(secret(&missing, &mut 0).await, Err(SlotFault::Start(_))));
}

#[tokio::test]
async fn the_helper_gets_no_environment_of_ours() {
    let script = Script::new("env >\"$(dirname \"$0\")/env\"\necho '{\"answer\":\"keys\",\"keys\":[]}'");
    assert_eq!(script.slot().list().await.unwrap(), []);
    let environment = script.note("env");
    assert!(environment.contains("PWD=/") && !environment.contains("CARGO"), "{environment}");
}
