//! registration.json.

use relaybox_protocol::envelope::EpochSecret;
use relaybox_protocol::grants::Desk;
use relaybox_protocol::hex;
use relaybox_protocol::policy::Policy;
use relaybox_protocol::random::Random;
use relaybox_protocol::registration::Registrar;
use relaybox_tests::vectors::registration::{outcome, perform};

use crate::cases::{event, file, number, public, rows, secret_from, string};

#[test]
fn registration_vectors_are_signed_or_refused_alike() {
    let file = file("registration.json");
    let secrets = &file["secrets"];
    for case in rows(&file, "cases") {
        let mut policy = Policy::new(public(&file, "practice"));
        let steps = usize::try_from(number(case, "steps")).unwrap();
        for step in &rows(&file, "history")[..steps] {
            policy.apply(&event(step, "event"), number(step, "at"), number(step, "received")).unwrap();
        }
        let keys = secret_from(string(secrets, string(case, "by")));
        let pair = EpochSecret::new(secret_from(string(&case["desk"], "secret")).secret_key().clone());
        let desk = Desk { n: number(&case["desk"], "n"), pair: &pair };
        let registrar = Registrar { keys: &keys, desk, policy: &policy, now: number(case, "now") };
        let mut random = Random::seeded(hex::decode(string(case, "seed")).unwrap());
        let made = perform(string(case, "call"), &case["input"], &registrar, &mut random);
        assert_eq!(outcome(&made), case["expected"], "{}", case["name"]);
    }
}
