//! What a browser would get of the same credential: a CTAP client that shares no code with the helper's library.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;

use aes::cipher::block_padding::NoPadding;
use aes::cipher::{BlockModeDecrypt as _, BlockModeEncrypt as _, KeyIvInit as _};
use ciborium::Value;
use relaybox_softkey::frames::{Assembler, BROADCAST, CBOR, INIT, KEEPALIVE, REPORT, reports};
use ring::agreement::{ECDH_P256, EphemeralPrivateKey, UnparsedPublicKey, agree_ephemeral};
use ring::rand::{SecureRandom as _, SystemRandom};
use ring::{hkdf, hmac};
use sha2::{Digest as _, Sha256};

use crate::harness::{Keys, PIN, RP, bytes, outputs, question, text};

const NO_CREDENTIALS: u8 = 0x2e;
const CLIENT_PIN: u8 = 6;
const GET: u8 = 2;

fn map(members: Vec<(impl Into<Value>, Value)>) -> Value {
    Value::Map(members.into_iter().map(|(key, value)| (key.into(), value)).collect())
}

fn member(value: &Value, number: impl Into<Value>) -> &Value {
    let number = number.into();
    &value.as_map().unwrap().iter().find(|(key, _)| *key == number).unwrap().1
}

/// One connection to a key.
struct Browser {
    stream: UnixStream,
    channel: [u8; 4],
}

impl Browser {
    fn new(key: &str) -> Self {
        let stream = UnixStream::connect(key.rsplit_once('#').unwrap().0).unwrap();
        let mut it = Self { stream, channel: BROADCAST };
        let greeting = it.exchange(INIT, &[7; 8]);
        it.channel = greeting[8..12].try_into().unwrap();
        it
    }

    fn exchange(&mut self, command: u8, payload: &[u8]) -> Vec<u8> {
        for report in reports(self.channel, command, payload) {
            self.stream.write_all(&report).unwrap();
        }
        let (mut assembler, mut report) = (Assembler::default(), [0; REPORT]);
        loop {
            self.stream.read_exact(&mut report).unwrap();
            match assembler.take(&report) {
                Some(message) if message.command == command => return message.payload,
                Some(message) => assert_eq!(message.command, KEEPALIVE),
                None => {}
            }
        }
    }

    /// The map of the answer, or its status.
    fn call(&mut self, command: u8, request: Vec<(u8, Value)>) -> Result<Value, u8> {
        let mut payload = vec![command];
        ciborium::into_writer(&map(request), &mut payload).unwrap();
        let answer = self.exchange(CBOR, &payload);
        if answer[0] == 0 { Ok(ciborium::from_reader(&answer[1..]).unwrap()) } else { Err(answer[0]) }
    }

    fn shared(&mut self) -> Shared {
        let answer = self.call(CLIENT_PIN, vec![(1, 2.into()), (2, 2.into())]).unwrap();
        let theirs = member(&answer, 1);
        let coordinate = |number: i32| member(theirs, number).as_bytes().unwrap().as_slice();
        let theirs = [&[4], coordinate(-2), coordinate(-3)].concat();
        let ours = EphemeralPrivateKey::generate(&ECDH_P256, &SystemRandom::new()).unwrap();
        let public = ours.compute_public_key().unwrap();
        let z = agree_ephemeral(ours, &UnparsedPublicKey::new(&ECDH_P256, theirs), <[u8]>::to_vec).unwrap();
        let derived = |info: &[u8]| {
            let (mut key, info) = ([0; 32], [info]);
            let prk = hkdf::Salt::new(hkdf::HKDF_SHA256, &[0; 32]).extract(&z);
            prk.expand(&info, hkdf::HKDF_SHA256).unwrap().fill(&mut key).unwrap();
            key
        };
        let (x, y) = public.as_ref()[1..].split_at(32);
        let cose = map(vec![
            (1, 2.into()),
            (3, (-25).into()),
            (-1, 1.into()),
            (-2, x.to_vec().into()),
            (-3, y.to_vec().into()),
        ]);
        Shared { cose, hmac: derived(b"CTAP2 HMAC key"), aes: derived(b"CTAP2 AES key") }
    }

    /// A token for assertions of one relying party alone (CTAP 2.1, section 6.5.5.7.2), as browsers ask for it.
    fn token(&mut self, pin: &str) -> Vec<u8> {
        let shared = self.shared();
        let request = vec![
            (1, 2.into()),
            (2, 9.into()),
            (3, shared.cose.clone()),
            (6, shared.encrypt(&Sha256::digest(pin)[..16]).into()),
            (9, 2.into()),
            (10, RP.into()),
        ];
        let answer = self.call(CLIENT_PIN, request).unwrap();
        shared.decrypt(member(&answer, 2).as_bytes().unwrap())
    }

    /// WebAuthn's PRF of two inputs, with or without user verification.
    fn prf(&mut self, credential: &[u8], inputs: [&[u8]; 2], pin: Option<&str>) -> Result<Vec<u8>, u8> {
        let hash = Sha256::digest(b"{\"type\":\"webauthn.get\"}").to_vec();
        let auth = pin.map(|pin| authenticated(&self.token(pin), &hash));
        let shared = self.shared();
        let salts = shared.encrypt(&inputs.map(salt).concat());
        let secret = map(vec![
            (1, shared.cose.clone()),
            (2, salts.clone().into()),
            (3, authenticated(&shared.hmac, &salts).into()),
            (4, 2.into()),
        ]);
        let allowed = map(vec![("id", credential.to_vec().into()), ("type", "public-key".into())]);
        let mut request = vec![
            (1, RP.into()),
            (2, hash.into()),
            (3, Value::Array(vec![allowed])),
            (4, map(vec![("hmac-secret", secret)])),
        ];
        if let Some(auth) = auth {
            request.extend([(6, auth.into()), (7, 2.into())]);
        }
        let answer = self.call(GET, request)?;
        let data = member(&answer, 2).as_bytes().unwrap();
        let extensions: Value = ciborium::from_reader(&data[37..]).unwrap();
        Ok(shared.decrypt(member(&extensions, "hmac-secret").as_bytes().unwrap()))
    }
}

/// PIN protocol two.
struct Shared {
    cose: Value,
    hmac: [u8; 32],
    aes: [u8; 32],
}

impl Shared {
    fn encrypt(&self, plain: &[u8]) -> Vec<u8> {
        let (mut iv, mut buffer) = ([0; 16], plain.to_vec());
        SystemRandom::new().fill(&mut iv).unwrap();
        let cipher = cbc::Encryptor::<aes::Aes256>::new(&self.aes.into(), &iv.into());
        [&iv, cipher.encrypt_padded::<NoPadding>(&mut buffer, plain.len()).unwrap()].concat()
    }

    fn decrypt(&self, sealed: &[u8]) -> Vec<u8> {
        let (iv, sealed) = sealed.split_at(16);
        let iv: [u8; 16] = iv.try_into().unwrap();
        let mut buffer = sealed.to_vec();
        let cipher = cbc::Decryptor::<aes::Aes256>::new(&self.aes.into(), &iv.into());
        cipher.decrypt_padded::<NoPadding>(&mut buffer).unwrap().to_vec()
    }
}

fn authenticated(key: &[u8], message: &[u8]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), message).as_ref().to_vec()
}

/// WebAuthn 3, section 10.1.4: the salt of what a page gives.
fn salt(input: &[u8]) -> Vec<u8> {
    Sha256::digest([b"WebAuthn PRF\0", input].concat()).to_vec()
}

#[test]
fn the_slot_gets_the_secrets_that_a_browser_gets_by_webauthns_prf() {
    let keys = Keys::new();
    let (key, credential) = keys.enrolled("desk");
    let inputs: [&[u8]; 2] = [b"relaybox one", b"relaybox two"];
    let of_browser = Browser::new(&key).prf(&bytes(&credential), inputs, Some(PIN)).unwrap();
    let salts = inputs.map(|input| text(&salt(input)));
    for protocol in ["1", "2"] {
        keys.tell(&format!("manner desk protocols {protocol}"));
        let of_slot = outputs(keys.ask(&question(&key, &credential, &salts)));
        assert_eq!(of_slot.concat(), text(&of_browser), "protocol {protocol}");
    }
}

#[test]
fn without_user_verification_a_key_does_not_even_know_the_credential() {
    let keys = Keys::new();
    let (key, credential) = keys.enrolled("desk");
    let prf = |pin| Browser::new(&key).prf(&bytes(&credential), [b"one", b"two"], pin);
    assert_eq!(prf(None), Err(NO_CREDENTIALS));
    assert_eq!(prf(Some(PIN)).unwrap().len(), 64);
}
