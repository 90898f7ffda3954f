//! The helper of the key slot against software keys: the real protocol, by a program of its own.

mod harness;
mod hostile;
mod keys;
mod pins;
mod webauthn;
