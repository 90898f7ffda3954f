//! The box's own certificate authority: made at the first start, name-constrained (RFC 5280 section
//! 4.2.1.10), so that whoever steals its key cannot pass for any name but those of the box.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DnType, ExtendedKeyUsagePurpose, GeneralSubtree, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, NameConstraints, PKCS_ECDSA_P256_SHA256,
};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use time::OffsetDateTime;
use x509_parser::prelude::{FromDer as _, GeneralName, ParsedExtension, X509Certificate};

use relaybox_process::files;

const DAY: u64 = 86_400;
const CA_DAYS: u64 = 3_652;
/// Browsers refuse longer ones (CA/Browser Forum: 398 days).
const LEAF_DAYS: u64 = 397;
const RENEW_DAYS: u64 = 30;
/// A box without a running clock must not make certificates of 1970: 2026-01-01.
const EARLIEST: u64 = 1_767_225_600;

const CA_FILE: &str = "ca.pem";
/// The certificate alone, for people and for the start page.
const CA_PUBLIC_FILE: &str = "ca.crt";
const LEAF_FILE: &str = "tls.pem";
/// Where the certificate begins, behind the key in the same file.
const CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----";

/// Why there is no certificate.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    #[error("read or write {path}")]
    File {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error(
        "use {path}: it is damaged; bring it back from a backup, or remove it and let every device trust the new certificate"
    )]
    Damaged { path: PathBuf },
    #[error("make a certificate")]
    Make(#[from] rcgen::Error),
}

/// A certificate chain and its key, ready for TLS.
#[derive(Debug)]
pub(crate) struct Leaf {
    pub(crate) chain: Vec<CertificateDer<'static>>,
    pub(crate) key: PrivateKeyDer<'static>,
}

/// A key and its certificate as they lie in one file.
struct Pair {
    key: KeyPair,
    certificate: CertificateDer<'static>,
    /// The certificate in PEM (RFC 7468).
    pem: String,
}

/// The box's CA and the certificate of its names, made or renewed when needed. `names` are DNS names
/// and addresses without ports; `now` is unix seconds.
///
/// # Errors
/// A damaged CA is never replaced silently, because every device would have to trust the new one.
pub(crate) fn open(state: &Path, names: &BTreeSet<String>, now: u64) -> Result<Leaf, AuthorityError> {
    let now = now.max(EARLIEST);
    let ca = open_ca(state, names, now)?;
    let path = state.join(LEAF_FILE);
    let pair = match load(&path)? {
        Some(pair) if leaf_serves(&pair, &ca, names, now) => pair,
        _ => {
            let pair = make_leaf(&ca, names, now)?;
            store(&path, &pair)?;
            log::info!("made the certificate of {} names, valid for {LEAF_DAYS} days", names.len());
            pair
        }
    };
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(pair.key.serialize_der()));
    Ok(Leaf { chain: vec![pair.certificate], key })
}

/// The CA certificate in PEM.
pub(crate) fn public_pem(state: &Path) -> std::io::Result<Option<String>> {
    files::read(&state.join(CA_PUBLIC_FILE))
}

fn open_ca(state: &Path, names: &BTreeSet<String>, now: u64) -> Result<Pair, AuthorityError> {
    let path = state.join(CA_FILE);
    let ca = match load(&path)? {
        Some(ca) if ca_serves(&ca, names, now) => ca,
        found => {
            if found.is_some() {
                log::warn!(
                    "made a new CA: the old one does not cover a name or has expired; devices must trust the new one"
                );
            }
            let ca = make_ca(names, now)?;
            store(&path, &ca)?;
            ca
        }
    };
    let public = state.join(CA_PUBLIC_FILE);
    let file = |source| AuthorityError::File { path: public.clone(), source };
    if files::read(&public).map_err(file)?.as_deref() != Some(&ca.pem) {
        files::write(&public, 0o644, ca.pem.as_bytes()).map_err(file)?;
    }
    Ok(ca)
}

fn load(path: &Path) -> Result<Option<Pair>, AuthorityError> {
    let damaged = || AuthorityError::Damaged { path: path.to_owned() };
    let text = files::read(path).map_err(|source| AuthorityError::File { path: path.to_owned(), source })?;
    let Some(text) = text else { return Ok(None) };
    let key = PrivatePkcs8KeyDer::from_pem_slice(text.as_bytes()).map_err(|_| damaged())?;
    let key = KeyPair::try_from(key.secret_pkcs8_der()).map_err(|_| damaged())?;
    let certificate = CertificateDer::from_pem_slice(text.as_bytes()).map_err(|_| damaged())?;
    let (_, parsed) = X509Certificate::from_der(&certificate).map_err(|_| damaged())?;
    if parsed.public_key().subject_public_key.data.as_ref() != key.public_key_raw() {
        return Err(damaged());
    }
    let pem = text.split_once(CERTIFICATE).map(|(_, rest)| format!("{CERTIFICATE}{rest}"));
    Ok(Some(Pair { key, certificate, pem: pem.ok_or_else(damaged)? }))
}

/// Key and certificate in one file, so that no power cut can part them.
fn store(path: &Path, pair: &Pair) -> Result<(), AuthorityError> {
    let text = format!("{}{}", pair.key.serialize_pem(), pair.pem);
    files::write(path, 0o600, text.as_bytes())
        .map_err(|source| AuthorityError::File { path: path.to_owned(), source })
}

fn make_ca(names: &BTreeSet<String>, now: u64) -> Result<Pair, AuthorityError> {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    // Two boxes in one list of trusted authorities must be told apart.
    let mark: String =
        key.public_key_raw().iter().skip(1).take(4).map(|byte| format!("{byte:02x}")).collect();
    let mut params = ca_params(&format!("Relaybox {mark}"));
    params.not_before = time_of(now.saturating_sub(DAY));
    params.not_after = time_of(now + CA_DAYS * DAY);
    params.name_constraints =
        Some(NameConstraints { permitted_subtrees: permitted(names), excluded_subtrees: Vec::new() });
    let made = params.self_signed(&key)?;
    Ok(Pair { key, certificate: made.der().clone(), pem: made.pem() })
}

fn ca_params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

/// The box's names, and those that mean this machine or this network whatever the box is called. A
/// DNS subtree contains the name itself and everything below it.
fn permitted(names: &BTreeSet<String>) -> Vec<GeneralSubtree> {
    let always = ["localhost", "local", "127.0.0.1", "::1"];
    let mut seen = BTreeSet::new();
    always
        .into_iter()
        .chain(names.iter().map(String::as_str))
        .filter(|name| seen.insert(*name))
        .map(|name| match name.parse::<IpAddr>() {
            Ok(ip) => {
                let bits = if ip.is_ipv4() { 32 } else { 128 };
                GeneralSubtree::IpAddress(CidrSubnet::from_addr_prefix(ip, bits))
            }
            Err(_) => GeneralSubtree::DnsName(name.to_owned()),
        })
        .collect()
}

fn make_leaf(ca: &Pair, names: &BTreeSet<String>, now: u64) -> Result<Pair, AuthorityError> {
    let name = common_name(&ca.certificate).unwrap_or_default();
    let issuer = Issuer::new(ca_params(&name), &ca.key);
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    let mut params = CertificateParams::new(names.iter().cloned().collect::<Vec<_>>())?;
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, "Relaybox");
    params.not_before = time_of(now.saturating_sub(DAY));
    params.not_after = time_of(now.saturating_sub(DAY) + LEAF_DAYS * DAY);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    let made = params.signed_by(&key, &issuer)?;
    Ok(Pair { key, certificate: made.der().clone(), pem: made.pem() })
}

/// Whether the CA is valid now and for the life of the next certificate, and covers every name.
fn ca_serves(ca: &Pair, names: &BTreeSet<String>, now: u64) -> bool {
    let Ok((_, parsed)) = X509Certificate::from_der(&ca.certificate) else { return false };
    let constraints = parsed.extensions().iter().find_map(|extension| match extension.parsed_extension() {
        ParsedExtension::NameConstraints(constraints) => constraints.permitted_subtrees.as_ref(),
        _ => None,
    });
    let covered = |name: &String| {
        constraints.is_some_and(|subtrees| subtrees.iter().any(|subtree| covers(&subtree.base, name)))
    };
    valid(&parsed, now, RENEW_DAYS * DAY) && names.iter().all(covered)
}

fn covers(subtree: &GeneralName<'_>, name: &str) -> bool {
    match (subtree, name.parse::<IpAddr>()) {
        (GeneralName::DNSName(base), Err(_)) => {
            name == *base || name.strip_suffix(base).is_some_and(|rest| rest.ends_with('.'))
        }
        (GeneralName::IPAddress(range), Ok(ip)) => {
            let octets = match ip {
                IpAddr::V4(v4) => v4.octets().to_vec(),
                IpAddr::V6(v6) => v6.octets().to_vec(),
            };
            range.len() == octets.len() * 2 && range.starts_with(&octets)
        }
        _ => false,
    }
}

/// Whether the certificate is of this CA, names exactly these names, and is not due for renewal.
fn leaf_serves(leaf: &Pair, ca: &Pair, names: &BTreeSet<String>, now: u64) -> bool {
    let parsed = X509Certificate::from_der(&leaf.certificate);
    let issuer = X509Certificate::from_der(&ca.certificate);
    let (Ok((_, parsed)), Ok((_, issuer))) = (parsed, issuer) else { return false };
    let ours = parsed.issuer() == issuer.subject();
    ours && valid(&parsed, now, RENEW_DAYS * DAY) && names_of(&parsed) == *names
}

fn names_of(certificate: &X509Certificate<'_>) -> BTreeSet<String> {
    let Ok(Some(names)) = certificate.subject_alternative_name() else { return BTreeSet::new() };
    names
        .value
        .general_names
        .iter()
        .filter_map(|name| match name {
            GeneralName::DNSName(name) => Some((*name).to_owned()),
            GeneralName::IPAddress(octets) => address(octets).map(|ip| ip.to_string()),
            _ => None,
        })
        .collect()
}

fn address(octets: &[u8]) -> Option<IpAddr> {
    let v4 = <[u8; 4]>::try_from(octets).map(IpAddr::from);
    v4.or_else(|_| <[u8; 16]>::try_from(octets).map(IpAddr::from)).ok()
}

/// Valid at `now` and for `left` seconds more.
fn valid(certificate: &X509Certificate<'_>, now: u64, left: u64) -> bool {
    let second = |seconds: i64| u64::try_from(seconds).unwrap_or(0);
    let validity = certificate.validity();
    second(validity.not_before.timestamp()) <= now
        && now.saturating_add(left) < second(validity.not_after.timestamp())
}

fn common_name(certificate: &[u8]) -> Option<String> {
    let (_, parsed) = X509Certificate::from_der(certificate).ok()?;
    let name = parsed.subject().iter_common_name().next()?.as_str().ok()?.to_owned();
    Some(name)
}

fn time_of(seconds: u64) -> OffsetDateTime {
    let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
    OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_800_000_000;

    fn names(list: &[&str]) -> BTreeSet<String> {
        list.iter().map(|name| (*name).to_owned()).collect()
    }

    fn ca_of(directory: &Path) -> String {
        public_pem(directory).unwrap().unwrap()
    }

    fn validity(leaf: &Leaf) -> (i64, i64) {
        let (_, parsed) = X509Certificate::from_der(&leaf.chain[0]).unwrap();
        (parsed.validity().not_before.timestamp(), parsed.validity().not_after.timestamp())
    }

    #[test]
    fn a_certificate_lives_at_most_398_days_and_is_renewed_thirty_days_before_its_end() {
        let directory = tempfile::tempdir().unwrap();
        let names = names(&["localhost", "127.0.0.1"]);
        let first = open(directory.path(), &names, NOW).unwrap();
        let (begin, end) = validity(&first);
        assert!(end - begin <= 398 * 86_400);
        let end = u64::try_from(end).unwrap();
        let kept = open(directory.path(), &names, end - 31 * DAY).unwrap();
        assert_eq!(kept.chain, first.chain);
        let ca = ca_of(directory.path());
        let renewed = open(directory.path(), &names, end - 29 * DAY).unwrap();
        assert_ne!(renewed.chain, first.chain);
        assert_eq!(ca_of(directory.path()), ca);
    }

    #[test]
    fn a_new_name_under_the_constraints_renews_the_certificate_and_keeps_the_authority() {
        let directory = tempfile::tempdir().unwrap();
        let first = open(directory.path(), &names(&["localhost"]), NOW).unwrap();
        let ca = ca_of(directory.path());
        let second = open(directory.path(), &names(&["localhost", "relaybox-portal.local"]), NOW).unwrap();
        assert_ne!(second.chain, first.chain);
        assert_eq!(ca_of(directory.path()), ca);
        let (_, parsed) = X509Certificate::from_der(&second.chain[0]).unwrap();
        assert_eq!(names_of(&parsed), names(&["localhost", "relaybox-portal.local"]));
    }

    #[test]
    fn a_name_beyond_the_constraints_needs_a_new_authority() {
        let directory = tempfile::tempdir().unwrap();
        open(directory.path(), &names(&["localhost"]), NOW).unwrap();
        let ca = ca_of(directory.path());
        open(directory.path(), &names(&["localhost", "clinic.example"]), NOW).unwrap();
        assert_ne!(ca_of(directory.path()), ca);
    }

    #[test]
    fn a_damaged_authority_is_never_replaced_silently() {
        let directory = tempfile::tempdir().unwrap();
        let names = names(&["localhost"]);
        open(directory.path(), &names, NOW).unwrap();
        let path = directory.path().join(CA_FILE);
        let whole = std::fs::read(&path).unwrap();
        std::fs::write(&path, &whole[..whole.len() / 2]).unwrap();
        assert!(matches!(open(directory.path(), &names, NOW), Err(AuthorityError::Damaged { .. })));
        std::fs::write(&path, whole).unwrap();
        assert!(open(directory.path(), &names, NOW).is_ok());
    }

    #[test]
    fn a_key_that_is_not_the_certificates_is_damage() {
        let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let names = names(&["localhost"]);
        open(here.path(), &names, NOW).unwrap();
        open(there.path(), &names, NOW).unwrap();
        let foreign = std::fs::read_to_string(there.path().join(CA_FILE)).unwrap();
        let key = foreign.split("-----BEGIN CERTIFICATE").next().unwrap().to_owned();
        std::fs::write(here.path().join(CA_FILE), format!("{key}{}", ca_of(here.path()))).unwrap();
        assert!(matches!(open(here.path(), &names, NOW), Err(AuthorityError::Damaged { .. })));
    }

    #[test]
    fn a_clock_that_stands_in_1970_makes_no_certificate_of_1970() {
        let directory = tempfile::tempdir().unwrap();
        let leaf = open(directory.path(), &names(&["localhost"]), 0).unwrap();
        assert!(validity(&leaf).0 >= i64::try_from(EARLIEST - DAY).unwrap());
    }
}
