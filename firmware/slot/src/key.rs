//! One security key, through the library.

use std::fmt::Display;
use std::os::unix::fs::MetadataExt as _;

use ctap_hid_fido2::auth_data::Flags;
use ctap_hid_fido2::fidokey::credential_management::credential_management_params::CredentialProtectionPolicy;
use ctap_hid_fido2::fidokey::get_assertion::get_assertion_params::Assertion;
use ctap_hid_fido2::fidokey::make_credential::Attestation;
use ctap_hid_fido2::fidokey::{
    AssertionExtension, CredentialExtension, GetAssertionArgsBuilder, MakeCredentialArgsBuilder,
};
use ctap_hid_fido2::public_key_credential_user_entity::PublicKeyCredentialUserEntity;
use ctap_hid_fido2::{FidoKeyHid, FidoKeyHidFactory, HidParam, LibCfg};
use relaybox_process::rpc::slot::{Failure, Key, Reply};
use relaybox_protocol::hex;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::answer::CREDENTIAL_BYTES_MAX;
use crate::failure::{failure, status, status_of};

/// Keys that are listed; a slot has one.
const KEYS_MAX: usize = 16;
const PRODUCT_CHARS_MAX: usize = 64;
/// What a silent question signs: nobody takes an answer without presence for an approval.
const SILENT: &[u8] = b"relaybox-slot: which of these is here";

/// The security keys that are in.
pub(crate) fn list() -> Vec<Key> {
    let product = |text: &str| text.chars().filter(|c| !c.is_control()).take(PRODUCT_CHARS_MAX).collect();
    ctap_hid_fido2::get_fidokey_devices()
        .into_iter()
        .filter_map(|device| match device.param {
            HidParam::Path(path) => {
                Some(Key { key: named(&path)?, product: product(&device.product_string) })
            }
            HidParam::VidPid { .. } => None,
        })
        .take(KEYS_MAX)
        .collect()
}

/// The path of a device node, and its inode: the kernel gives the same path to the next key, but another inode.
fn named(path: &str) -> Option<String> {
    Some(format!("{path}#{}", std::fs::metadata(path).ok()?.ino()))
}

/// What a new credential is made of.
pub(crate) struct Make<'a> {
    pub(crate) rp: &'a str,
    pub(crate) user: Vec<u8>,
    pub(crate) label: &'a str,
    pub(crate) exclude: Vec<Vec<u8>>,
    pub(crate) challenge: Vec<u8>,
    pub(crate) pin: &'a str,
}

/// What hmac-secret gave.
pub(crate) struct Output {
    pub(crate) outputs: Zeroizing<Vec<[u8; 32]>>,
    pub(crate) authenticator_data: Vec<u8>,
    pub(crate) signature: Vec<u8>,
}

/// What a key says of itself.
struct Traits {
    aaguid: Vec<u8>,
    fits: bool,
    pin_set: bool,
    /// It takes no PIN before that was changed.
    pin_change: bool,
    /// Code points.
    pin_least: usize,
    /// Credentials in one question.
    list_max: usize,
}

/// A key that was opened for one request.
pub(crate) struct Device {
    key: FidoKeyHid,
    traits: Traits,
}

impl Device {
    /// Opens the key of a list, if it is still in.
    pub(crate) fn open(key: &str) -> Result<Self, Failure> {
        let (path, _) = key.rsplit_once('#').ok_or(Failure::Request)?;
        if !list().iter().any(|listed| listed.key == key) {
            return Err(Failure::TakenOut);
        }
        let mut config = LibCfg::init();
        config.enable_keep_alive_msg = false;
        config.use_pre_bio_enrollment = false;
        config.use_pre_credential_management = false;
        let params = [HidParam::Path(path.to_owned())];
        let key = FidoKeyHidFactory::create_by_params(&params, &config).map_err(|e| failure(&e))?;
        let info = key.get_info().map_err(|error| match status_of(&error) {
            // A key of before CTAP 2.
            Some(status::INVALID_COMMAND) => Failure::Unfit,
            _ => failure(&error),
        })?;
        let offers = |extension: &str| info.extensions.iter().any(|offered| offered == extension);
        let option = |name: &str| info.options.iter().find(|(key, _)| key == name).map(|(_, value)| *value);
        // Two where it is offered, one else; a key of CTAP 2.0 lists none and speaks one.
        let protocol = match info.pin_uv_auth_protocols.as_slice() {
            offered if offered.contains(&2) => Some(2),
            offered if offered.is_empty() || offered.contains(&1) => Some(1),
            _ => None,
        };
        let pin = option("clientPin");
        let traits = Traits {
            fits: offers("hmac-secret") && offers("credProtect") && pin.is_some() && protocol.is_some(),
            pin_set: pin == Some(true),
            pin_change: info.force_pin_change,
            pin_least: usize::try_from(info.min_pin_length).unwrap_or(usize::MAX).max(4),
            list_max: usize::try_from(info.max_credential_count_in_list).unwrap_or(1).max(1),
            aaguid: info.aaguid,
        };
        Ok(Self { key: key.with_pin_protocol_version(protocol.unwrap_or(1)), traits })
    }

    pub(crate) fn look(&self) -> Result<Reply, Failure> {
        let aaguid: [u8; 16] = self.traits.aaguid.as_slice().try_into().map_err(|_| Failure::Unfit)?;
        Ok(Reply::Looked {
            aaguid: hex::encode(&aaguid),
            pin_set: self.traits.pin_set,
            tries_left: if self.traits.pin_set && self.traits.fits { self.tries_left()? } else { 0 },
            pin_least: self.traits.pin_least,
            fits: self.traits.fits,
        })
    }

    /// The first PIN.
    pub(crate) fn set_pin(&self, pin: &str) -> Result<(), Failure> {
        if !self.traits.fits {
            return Err(Failure::Unfit);
        }
        if self.traits.pin_set {
            return Err(Failure::Request);
        }
        if pin.chars().count() < self.traits.pin_least {
            return Err(Failure::PinPolicy);
        }
        self.key.set_new_pin(pin).map_err(|error| failure(&error))
    }

    /// Which of these the key holds. Under the PIN, since credProtect hides them otherwise; no touch.
    pub(crate) fn find(
        &self,
        rp: &str,
        credentials: &[Vec<u8>],
        pin: &str,
    ) -> Result<Option<Vec<u8>>, Failure> {
        self.judge(pin)?;
        if credentials.is_empty() {
            self.under_pin(|key| key.get_pin_token(pin))?;
            return Ok(None);
        }
        for some in credentials.chunks(self.traits.list_max) {
            match self.under_pin(|key| {
                key.get_assertion_with_args(&asked(rp, SILENT, some).pin(pin).without_up().build())
            }) {
                Err(Failure::Foreign) => {}
                Err(why) => return Err(why),
                Ok(assertions) => return found(rp, some, &assertions).map(Some),
            }
        }
        Ok(None)
    }

    /// A credential that gives secrets: not discoverable, hidden without user verification.
    pub(crate) fn make(&self, make: &Make<'_>, touch: &mut dyn FnMut() -> bool) -> Result<Reply, Failure> {
        // Asked before the touch, and before a second credential could come to be beside the first.
        if self.find(make.rp, &make.exclude, make.pin)?.is_some() {
            return Err(Failure::AlreadyHere);
        }
        if !touch() {
            return Err(Failure::NotTouched);
        }
        let user = PublicKeyCredentialUserEntity::new(Some(&make.user), Some(make.label), Some(make.label));
        let mut args = MakeCredentialArgsBuilder::new(make.rp, &make.challenge)
            .pin(make.pin)
            .user_entity(&user)
            .extensions(&[
                CredentialExtension::CredProtect(Some(CredentialProtectionPolicy::UserVerificationRequired)),
                CredentialExtension::HmacSecret(Some(true)),
            ]);
        for credential in make.exclude.iter().take(self.traits.list_max) {
            args = args.exclude_authenticator(credential);
        }
        let args = args.build();
        made(make.rp, &self.under_pin(|key| key.make_credential_with_args(&args))?)
    }

    /// hmac-secret of one or two salts.
    pub(crate) fn secret(
        &self,
        rp: &str,
        credential: &Vec<u8>,
        salts: &[[u8; 32]],
        challenge: &[u8],
        pin: &str,
        touch: &mut dyn FnMut() -> bool,
    ) -> Result<Output, Failure> {
        let asked_for = std::slice::from_ref(credential);
        // A wrong PIN and a foreign key show before anybody touches.
        if self.find(rp, asked_for, pin)?.is_none() {
            return Err(Failure::Foreign);
        }
        if !touch() {
            return Err(Failure::NotTouched);
        }
        let extension = match *salts {
            [one] => AssertionExtension::HmacSecret(Some(one)),
            [one, two] => AssertionExtension::HmacSecret2(Some((one, two))),
            _ => return Err(Failure::Request),
        };
        let args = asked(rp, challenge, asked_for).pin(pin).extensions(&[extension]).build();
        let assertions = self.under_pin(|key| key.get_assertion_with_args(&args))?;
        found(rp, asked_for, &assertions)?;
        let assertion = assertions.into_iter().next().ok_or(Failure::Unfit)?;
        if !assertion.flags.user_present_result {
            return Err(Failure::NotTouched);
        }
        Ok(Output {
            outputs: outputs(&assertion, salts.len())?,
            authenticator_data: assertion.auth_data,
            signature: assertion.signature,
        })
    }

    /// Whether this PIN can be the key's, before a try is spent on it.
    fn judge(&self, pin: &str) -> Result<(), Failure> {
        let Traits { fits, pin_set, pin_change, pin_least, .. } = self.traits;
        match () {
            () if !fits => Err(Failure::Unfit),
            () if !pin_set => Err(Failure::PinNotSet),
            // Such a key calls the right PIN wrong.
            () if pin_change || pin.chars().count() < pin_least => Err(Failure::PinPolicy),
            () => Ok(()),
        }
    }

    /// Does what spends a try when the PIN is wrong.
    fn under_pin<T, E: Display>(&self, act: impl FnOnce(&FidoKeyHid) -> Result<T, E>) -> Result<T, Failure> {
        let before = self.tries_left()?;
        act(&self.key).map_err(|error| match status_of(&error) {
            // Unknown tries are none: then nobody tries again.
            Some(status::PIN_INVALID) => Failure::WrongPin { tries_left: self.tries_left().unwrap_or(0) },
            // The third wrong PIN in a row is answered like the fourth, which the key did not look at any more.
            Some(status::PIN_AUTH_BLOCKED) => match self.tries_left() {
                Ok(tries_left) if tries_left < before => Failure::WrongPin { tries_left },
                _ => Failure::Unplug,
            },
            _ => failure(&error),
        })
    }

    fn tries_left(&self) -> Result<u8, Failure> {
        let tries = self.key.get_pin_retries().map_err(|error| failure(&error))?;
        Ok(u8::try_from(tries.clamp(0, i32::from(u8::MAX))).unwrap_or(0))
    }
}

fn asked<'a>(rp: &str, challenge: &[u8], credentials: &[Vec<u8>]) -> GetAssertionArgsBuilder<'a> {
    credentials
        .iter()
        .fold(GetAssertionArgsBuilder::new(rp, challenge), |args, one| args.add_credential_id(one))
}

/// The one credential of those asked for that an answer is about.
fn found(rp: &str, asked: &[Vec<u8>], assertions: &[Assertion]) -> Result<Vec<u8>, Failure> {
    let assertion = assertions.first().ok_or(Failure::Unfit)?;
    verified(rp, &assertion.flags, &assertion.rpid_hash)?;
    match asked {
        // A key may leave out what was the only choice.
        [only] if assertion.credential_id.is_empty() => Ok(only.clone()),
        _ if asked.contains(&assertion.credential_id) => Ok(assertion.credential_id.clone()),
        _ => Err(lie("credential")),
    }
}

/// The secrets of an answer, as many as salts were sent.
fn outputs(assertion: &Assertion, salts: usize) -> Result<Zeroizing<Vec<[u8; 32]>>, Failure> {
    let outputs = assertion.extensions.iter().find_map(|extension| match extension {
        AssertionExtension::HmacSecret(Some(one)) => Some(vec![*one]),
        AssertionExtension::HmacSecret2(Some((one, two))) => Some(vec![*one, *two]),
        _ => None,
    });
    outputs.filter(|outputs| outputs.len() == salts).map(Zeroizing::new).ok_or(Failure::Unfit)
}

fn made(rp: &str, attestation: &Attestation) -> Result<Reply, Failure> {
    verified(rp, &attestation.flags, &attestation.rpid_hash)?;
    let has = |test: fn(&CredentialExtension) -> bool| attestation.extensions.iter().any(test);
    let secret = has(|extension| matches!(extension, CredentialExtension::HmacSecret(Some(true))));
    let hidden = has(|extension| {
        let required = CredentialProtectionPolicy::UserVerificationRequired as u8;
        matches!(extension, CredentialExtension::CredProtect(Some(policy)) if *policy as u8 == required)
    });
    if !attestation.flags.user_present_result || !secret || !hidden {
        return Err(Failure::Unfit);
    }
    let credential = &attestation.credential_descriptor.id;
    let public_key = &attestation.credential_publickey.der;
    if !(1..=CREDENTIAL_BYTES_MAX).contains(&credential.len()) {
        return Err(lie("credential"));
    }
    if public_key.len() != 65 || public_key.first() != Some(&4) {
        return Err(lie("public-key"));
    }
    Ok(Reply::Made { credential: hex::encode(credential), public_key: hex::encode(public_key) })
}

/// User verified, and the relying party that was asked for.
fn verified(rp: &str, flags: &Flags, rp_hash: &[u8]) -> Result<(), Failure> {
    if rp_hash != Sha256::digest(rp.as_bytes()).as_slice() {
        return Err(lie("rp"));
    }
    if !flags.user_verified_result {
        return Err(lie("user-verification"));
    }
    Ok(())
}

/// The key answered something else than what was asked.
fn lie(about: &str) -> Failure {
    Failure::Other { code: format!("other-{about}") }
}
