//! What a server has to prove before rustls encrypts connections to it.

use std::io;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::options::{Encryption, SslMode};
use crate::DataError;

/// What encrypts the connections of a pool. Reads the certificates to trust from a file or from the system, which
/// blocks.
pub(super) fn connector(encryption: &Encryption) -> Result<MakeRustlsConnect, DataError> {
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| unusable(error.to_string()))?;
    let verifier: Arc<dyn ServerCertVerifier> = match encryption.mode {
        SslMode::Disable | SslMode::Prefer | SslMode::Require => Arc::new(AcceptAnyCertificate(provider)),
        SslMode::VerifyCa => Arc::new(IgnoreHostname(TrustedRoots::read(encryption, provider)?)),
        SslMode::VerifyFull => Arc::new(TrustedRoots::read(encryption, provider)?),
    };
    let config = builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}

/// Says in words why a connection was not encrypted, if that is what an error of the system is about.
pub(super) fn explained(error: &io::Error) -> Option<String> {
    let error = error.get_ref()?.downcast_ref::<rustls::Error>()?;
    let rustls::Error::InvalidCertificate(problem) = error else { return Some(error.to_string()) };
    let what = match problem {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "has expired".to_owned(),
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "is not valid yet: compare the clocks".to_owned()
        }
        CertificateError::UnknownIssuer => {
            "is signed by no authority that is trusted: name the file with its authority in `sslRootCert`".to_owned()
        }
        CertificateError::NotValidForName => "is for another host".to_owned(),
        CertificateError::NotValidForNameContext { expected, presented } => {
            let presented = if presented.is_empty() { "no host".to_owned() } else { presented.join(", ") };
            format!("is for {presented}, not for `{}` (its subjectAltName counts)", expected.to_str())
        }
        CertificateError::Revoked => "was revoked".to_owned(),
        CertificateError::BadSignature => "has a signature that is wrong".to_owned(),
        CertificateError::BadEncoding => "cannot be read".to_owned(),
        problem if is_of_authority(problem) => "is that of an authority (CA:TRUE): name this very certificate in \
                                                `sslRootCert`, or have it sign one for the server (CA:FALSE)"
            .to_owned(),
        _ => "is of a kind that this program does not accept: make one of version 3, with a key of RSA (at least \
              2048 bits) or ECDSA (P-256, P-384)"
            .to_owned(),
    };
    Some(format!("the server's certificate {what}"))
}

/// Whether a server showed the certificate of an authority as its own.
fn is_of_authority(problem: &CertificateError) -> bool {
    let CertificateError::Other(other) = problem else { return false };
    matches!(other.0.downcast_ref::<webpki::Error>(), Some(webpki::Error::CaUsedAsEndEntity))
}

/// Accepts a certificate that a trusted authority signed for the host, or that is itself one of those to trust.
#[derive(Debug)]
struct TrustedRoots {
    verifier: Arc<WebPkiServerVerifier>,
    certificates: Vec<CertificateDer<'static>>,
}

impl TrustedRoots {
    fn read(encryption: &Encryption, provider: Arc<CryptoProvider>) -> Result<Self, DataError> {
        let mut store = RootCertStore::empty();
        let certificates = if let Some(file) = &encryption.root_certificates {
            let unreadable = |problem: String| unusable(format!("`sslRootCert`: `{}` {problem}", file.display()));
            let certificates = CertificateDer::pem_file_iter(file)
                .and_then(Iterator::collect::<Result<Vec<_>, _>>)
                .map_err(|error| unreadable(format!("cannot be read: {error}")))?;
            let (usable, _) = store.add_parsable_certificates(certificates.iter().cloned());
            if usable == 0 {
                return Err(unreadable("holds no certificate in PEM".to_owned()));
            }
            certificates
        } else {
            let (usable, _) = store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            if usable == 0 {
                let message =
                    "the system has no certificates to trust: install them, or name a file with `sslRootCert`";
                return Err(unusable(message.to_owned()));
            }
            Vec::new()
        };
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(store), provider)
            .build()
            .map_err(|error| unusable(error.to_string()))?;
        Ok(Self { verifier, certificates })
    }
}

impl ServerCertVerifier for TrustedRoots {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        revocation: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        match self.verifier.verify_server_cert(certificate, intermediates, name, revocation, now) {
            // What `openssl req -x509` makes is its own authority. Its validity in time was looked at before.
            Err(rustls::Error::InvalidCertificate(problem))
                if is_of_authority(&problem) && self.certificates.iter().any(|trusted| trusted == certificate) =>
            {
                verify_server_name(&ParsedCertificate::try_from(certificate)?, name)?;
                Ok(ServerCertVerified::assertion())
            }
            verified => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.verifier.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.verifier.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.verifier.supported_verify_schemes()
    }
}

fn unusable(message: String) -> DataError {
    DataError::Unavailable { message, retryable: false }
}

/// Accepts any certificate: what `require` means to PostgreSQL's own clients. The channel is private, but with whom is
/// not known, unless the password is bound to the channel (`channel_binding`).
#[derive(Debug)]
struct AcceptAnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AcceptAnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

/// Accepts a certificate that is trusted, whatever host it is for.
#[derive(Debug)]
struct IgnoreHostname(TrustedRoots);

impl ServerCertVerifier for IgnoreHostname {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        revocation: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        // The name is looked at last: a certificate that is not trusted fails before.
        match self.0.verify_server_cert(certificate, intermediates, name, revocation, now) {
            Err(rustls::Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(ServerCertVerified::assertion()),
            verified => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}
