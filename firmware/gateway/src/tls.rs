//! TLS 1.2 and 1.3 with ring, HTTP/1.1 only, for the box's names only.

use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::server::{ClientHello, NoServerSessionStorage, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use crate::GatewayError;
use crate::authority;
use relaybox_web::hosts::Hosts;

/// The certificate in use; it is replaced while the gateway runs.
#[derive(Debug)]
pub(crate) struct Certificates {
    state: PathBuf,
    hosts: Hosts,
    current: RwLock<Arc<CertifiedKey>>,
}

impl Certificates {
    pub(crate) fn open(state: PathBuf, hosts: Hosts, now: u64) -> Result<Arc<Self>, GatewayError> {
        let current = RwLock::new(load(&state, &hosts, now)?);
        Ok(Arc::new(Self { state, hosts, current }))
    }

    /// Renews the certificate when it is due. New connections get the new one.
    pub(crate) fn renew(&self, now: u64) -> Result<(), GatewayError> {
        let renewed = load(&self.state, &self.hosts, now)?;
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = renewed;
        Ok(())
    }
}

impl ResolvesServerCert for Certificates {
    /// A client that names a foreign host gets no certificate: the handshake fails.
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        if hello.server_name().is_some_and(|name| !self.hosts.has(name)) {
            return None;
        }
        Some(Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

fn load(state: &std::path::Path, hosts: &Hosts, now: u64) -> Result<Arc<CertifiedKey>, GatewayError> {
    let leaf = authority::open(state, hosts.names(), now)?;
    Ok(Arc::new(CertifiedKey::from_der(leaf.chain, leaf.key, &ring::default_provider())?))
}

pub(crate) fn server_config(certificates: Arc<Certificates>) -> Result<Arc<ServerConfig>, GatewayError> {
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])?
        .with_no_client_auth()
        .with_cert_resolver(certificates);
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    // Sessions are resumed from sealed tickets, so that clients cost no memory after they left.
    config.ticketer = ring::Ticketer::new()?;
    config.session_storage = Arc::new(NoServerSessionStorage {});
    Ok(Arc::new(config))
}
