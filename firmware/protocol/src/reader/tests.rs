mod cases;
mod chains;
mod clocks;
mod disclosure;
mod former;
mod shown;
mod transplant;
mod vectors;
mod world;

use std::collections::BTreeSet;

use super::*;
use cases::CASES;
use world::World;

/// The refused record is in quarantine with its reason, and the mended one is shown to the same reader.
fn proves(name: &str) {
    let (_, build) = CASES.iter().find(|(n, _)| *n == name).unwrap();
    let mut world = World::new();
    let case = build(&mut world);
    let doctor = world.doctor.clone();
    let mut reader = world.reader(&doctor);
    let out = reader.read(&[case.refused.clone(), case.mended.clone()], None);
    let refused = if case.refused.id == case.mended.id {
        reader.read(std::slice::from_ref(&case.refused), None)[&case.refused.id].clone()
    } else {
        out[&case.refused.id].clone()
    };
    assert_eq!(refused, Outcome::Quarantine(case.reason), "{name}");
    assert!(matches!(out[&case.mended.id], Outcome::Shown(_)), "{name}: {:?}", out[&case.mended.id]);
}

macro_rules! refusals {
    ($($test:ident, $name:literal;)*) => {
        $(#[test] fn $test() { proves($name); })*

        #[test]
        fn every_case_has_its_named_test() {
            let named = BTreeSet::from([$($name),*]);
            assert_eq!(named, CASES.iter().map(|(name, _)| *name).collect::<BTreeSet<_>>());
        }
    };
}

refusals! {
    content_changed_after_signing_is_id, "content changed after signing";
    signature_of_another_event_is_sig, "signature of another event";
    record_without_receipt_is_no_receipt, "no receipt";
    import_by_an_unknown_signer_is_import_signer, "import by an unknown signer";
    unknown_signer_is_not_member, "signer never known";
    ended_member_is_not_member, "signer no longer a member";
    suspended_member_is_not_member, "signer suspended";
    practice_key_as_signer_is_not_member, "practice key as signer";
    kind_outside_the_permissions_is_role, "kind outside the permissions";
    family_form_by_staff_is_role, "family form by staff";
    staff_form_by_family_is_role, "staff form by family";
    true_kind_outside_the_permissions_is_role, "true kind outside the permissions";
    kind_no_family_writes_is_role, "kind no family writes";
    own_key_outside_confidential_is_role, "own key outside confidential";
    signing_without_the_permission_is_act, "signed without the permission";
    signing_without_legal_attester_is_act, "signed, attester not legal";
    signing_what_is_never_signed_is_act, "signed kind that is never signed";
    front_desk_in_chart_is_compartment, "front desk in chart";
    chart_kind_in_desk_is_compartment, "chart kind in desk";
    guardian_of_desk_only_in_chart_is_compartment, "guardian of desk only in chart";
    old_epoch_key_is_epoch, "epoch key no longer current";
    epoch_key_of_nobody_is_epoch, "epoch key not of this practice";
    commitment_of_another_body_is_commitment, "commitment of another body";
    resource_of_another_kind_is_body, "resource of another kind";
    duplicate_keys_are_body, "duplicate keys";
    byte_order_mark_is_body, "byte order mark";
    confidential_without_padding_is_body, "confidential without padding";
    copy_that_does_not_open_is_body, "copy does not open";
    binding_to_another_child_is_binding, "binding names another child";
    binding_to_another_kind_is_binding, "binding names another kind";
    binding_to_another_practice_is_binding, "binding names another practice";
    binding_to_another_signer_is_binding, "binding names another signer";
    binding_to_another_epoch_is_binding, "binding names another epoch key";
    confidential_record_to_a_subject_key_is_binding, "confidential to T that is not C";
    message_to_a_stranger_is_binding, "message to a stranger";
    unregistered_patient_is_subject, "patient never registered";
    former_subject_key_is_subject, "former subject key";
    guardian_of_another_child_is_subject, "guardian writes for another child";
    guardian_without_a_live_link_is_subject, "guardian without a live link";
    registration_without_possession_is_subject, "registration without possession";
    retry_with_another_body_is_retry_differs, "retry with another body";
}
