//! Certificates for clients that know WeChat by its host names and insist on HTTPS.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use mti_secret::Secret;
use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DnType, ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, NameConstraints, PublicKeyData as _, SanType,
};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::error::SimulatorError;

/// The names under which browsers and servers know WeChat. A simulator with a [`TestAuthority`] answers to
/// them.
pub const WECHAT_HOSTS: [&str; 7] = [
    "open.weixin.qq.com",
    "api.weixin.qq.com",
    "lp.open.weixin.qq.com",
    "long.open.weixin.qq.com",
    "localhost.weixin.qq.com",
    "res.wx.qq.com",
    "thirdwx.qlogo.cn",
];

/// Outside these domains no certificate of the authority counts.
const PERMITTED_DOMAINS: [&str; 4] = ["weixin.qq.com", "res.wx.qq.com", "thirdwx.qlogo.cn", "localhost"];

const DAY: Duration = Duration::from_hours(24);
const AUTHORITY_LIFE: Duration = Duration::from_hours(24 * 3650);
const CERTIFICATE_LIFE: Duration = Duration::from_hours(24 * 90);

/// A certificate authority for tests.
///
/// Whoever trusts it trusts it for WeChat's names and this machine only: its certificate says so. Still, trust
/// it in the process under test and not in a system's store: who has its key can play WeChat there.
pub struct TestAuthority {
    certificate: String,
    key: KeyPair,
}

impl TestAuthority {
    /// Makes a new one, good for ten years.
    pub fn generate() -> Result<Self, SimulatorError> {
        let key = KeyPair::generate().map_err(failed)?;
        let certificate = authority_parameters()?.self_signed(&key).map_err(failed)?.pem();
        Ok(Self { certificate, key })
    }

    /// Reads one that was written by [`certificate_pem`](Self::certificate_pem) and [`key_pem`](Self::key_pem).
    pub fn from_pem(certificate: impl Into<String>, key: &Secret) -> Result<Self, SimulatorError> {
        let certificate = certificate.into();
        let read = CertificateDer::from_pem_slice(certificate.as_bytes()).map_err(failed)?;
        let key = KeyPair::from_pem(key.reveal()).map_err(failed)?;
        let public_key = key.subject_public_key_info();
        if !read.windows(public_key.len()).any(|window| window == public_key) {
            return Err(failed("the key is not that of the certificate"));
        }
        Ok(Self { certificate, key })
    }

    /// The certificate that clients have to trust, as PEM.
    pub fn certificate_pem(&self) -> &str {
        &self.certificate
    }

    /// The key, as PEM.
    pub fn key_pem(&self) -> Secret {
        Secret::new(self.key.serialize_pem())
    }

    /// TLS with a fresh certificate for [`WECHAT_HOSTS`] and this machine.
    pub(crate) fn server_config(&self) -> Result<Arc<ServerConfig>, SimulatorError> {
        let issuer = Issuer::new(authority_parameters()?, &self.key);
        let key = KeyPair::generate().map_err(failed)?;
        let certificate = certificate_parameters()?.signed_by(&key, &issuer).map_err(failed)?;
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(failed)?
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .map_err(failed)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }
}

impl fmt::Debug for TestAuthority {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("TestAuthority").finish_non_exhaustive()
    }
}

fn authority_parameters() -> Result<CertificateParams, SimulatorError> {
    let mut parameters = parameters(Vec::new(), "MTI test authority for a simulated WeChat", AUTHORITY_LIFE)?;
    parameters.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let domains = PERMITTED_DOMAINS.map(|domain| GeneralSubtree::DnsName(domain.to_owned()));
    let addresses = [
        GeneralSubtree::IpAddress(CidrSubnet::V4([127, 0, 0, 0], [255, 0, 0, 0])),
        GeneralSubtree::IpAddress(CidrSubnet::V6(Ipv6Addr::LOCALHOST.octets(), [255; 16])),
    ];
    let permitted_subtrees = domains.into_iter().chain(addresses).collect();
    parameters.name_constraints = Some(NameConstraints { permitted_subtrees, excluded_subtrees: Vec::new() });
    Ok(parameters)
}

fn certificate_parameters() -> Result<CertificateParams, SimulatorError> {
    let names = WECHAT_HOSTS.into_iter().chain(["localhost"]).map(str::to_owned).collect();
    let mut parameters = parameters(names, "Simulated WeChat", CERTIFICATE_LIFE)?;
    let addresses = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
    parameters.subject_alt_names.extend(addresses.map(SanType::IpAddress));
    parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    parameters.use_authority_key_identifier_extension = true;
    Ok(parameters)
}

fn parameters(names: Vec<String>, title: &str, life: Duration) -> Result<CertificateParams, SimulatorError> {
    let mut parameters = CertificateParams::new(names).map_err(failed)?;
    let now = SystemTime::now();
    // The clocks of machines and containers differ.
    parameters.not_before = (now - DAY).into();
    parameters.not_after = (now + life).into();
    parameters.distinguished_name.remove(DnType::CommonName);
    parameters.distinguished_name.push(DnType::CommonName, title);
    Ok(parameters)
}

fn failed(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> SimulatorError {
    SimulatorError::Authority(error.into())
}
