//! How a PostgreSQL server is reached: by sockets, and by encrypted connections of every kind.

use std::process::{Command, Stdio};
use std::sync::Arc;

use mti_data::{Database as _, Encryption, PostgresDatabase, PostgresOptions, SslMode};
use mti_element::Secret;
use mti_testkit::database::{PostgresServer, PostgresSettings};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use tempfile::TempDir;
use tokio::task::block_in_place;
use tokio_postgres::NoTls;

use crate::fixtures::person;
use crate::postgres::{database, options, unavailable};

/// Connects by a URL, and says what failed if it does.
async fn connected(url: &str) -> Result<(), String> {
    let options = PostgresOptions::from_url(&Secret::new(url)).map_err(|error| error.to_string())?;
    let database = Arc::new(PostgresDatabase::new(options));
    let done = database.execute(Vec::new()).await.map(drop).map_err(|error| error.to_string());
    database.close().await.unwrap();
    done
}

#[tokio::test(flavor = "multi_thread")]
async fn sockets_are_taken_in_all_forms_and_never_encrypted() {
    let server = block_in_place(|| PostgresServer::start(&PostgresSettings::default()));
    let directory = server.socket_directory().to_str().unwrap();
    let (escaped, port) = (directory.replace('/', "%2F"), server.port());
    for url in [
        format!("postgres:///postgres?host={directory}&port={port}&user=mti"),
        format!("postgres:///postgres?host={escaped}&port={port}&user=mti&sslmode=disable"),
        format!("postgres://mti@/postgres?host={directory}&port={port}&sslmode=require"),
        format!("postgres://mti@/postgres?host={directory}&port={port}&sslmode=verify-full&sslrootcert=/nowhere"),
        format!("postgres://mti@{escaped}:{port}/postgres"),
        format!("postgresql://mti@{escaped}:{port}/postgres?sslmode=verify-full"),
        format!("postgres://mti@{escaped}:1,{escaped}:{port}/postgres?sslmode=require"),
    ] {
        assert_eq!(connected(&url).await, Ok(()), "{url}");
    }
    let config = PostgresOptions::at(directory, port, "postgres", "mti", None);
    PostgresDatabase::new(config).execute(Vec::new()).await.unwrap();
    let nobody = connected(&format!("postgres://mti@{escaped}:1/postgres")).await.unwrap_err();
    assert!(nobody.contains("No such file"), "{nobody}");
}

#[tokio::test(flavor = "multi_thread")]
async fn passwords_are_bound_to_the_encrypted_channel() {
    let certificate = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let pair = (certificate.cert.pem(), certificate.signing_key.serialize_pem());
    let settings = PostgresSettings { certificate: Some(pair), ..PostgresSettings::default() };
    let server = block_in_place(|| PostgresServer::start(&settings));
    for binding in ["disable", "prefer", "require"] {
        for mode in ["prefer", "require"] {
            let url = format!("{}?sslmode={mode}&channel_binding={binding}", server.url());
            assert_eq!(connected(&url).await, Ok(()), "{mode} {binding}");
        }
    }
    let refused = connected(&format!("{}?sslmode=disable&channel_binding=require", server.url())).await.unwrap_err();
    assert!(refused.contains("takes a connection with TLS"), "{refused}");

    // A server that lets anybody in does not prove that it knows the password.
    let settings = PostgresSettings { lets_anybody_in: true, ..settings };
    let server = block_in_place(|| PostgresServer::start(&settings));
    assert_eq!(connected(&format!("{}?channel_binding=prefer", server.url())).await, Ok(()));
    let refused = connected(&format!("{}?channel_binding=require", server.url())).await.unwrap_err();
    assert!(refused.contains("a user with a SCRAM password"), "{refused}");
}

/// A certificate of a server, and its key, in PEM.
struct Certificate {
    pem: String,
    key: String,
}

fn for_host(name: &str, change: impl FnOnce(&mut CertificateParams)) -> (CertificateParams, KeyPair) {
    let mut params = CertificateParams::new([name.to_owned()]).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    change(&mut params);
    (params, KeyPair::generate().unwrap())
}

fn self_signed(name: &str, change: impl FnOnce(&mut CertificateParams)) -> Certificate {
    let (params, key) = for_host(name, change);
    Certificate { pem: params.self_signed(&key).unwrap().pem(), key: key.serialize_pem() }
}

/// What `openssl req -x509` makes: it is its own authority.
fn of_openssl(directory: &TempDir) -> Certificate {
    let path = |name: &str| directory.path().join(name);
    let made = Command::new("openssl")
        .args(["req", "-new", "-x509", "-nodes", "-days", "2", "-newkey", "rsa:2048", "-subj", "/CN=localhost"])
        .args(["-addext", "subjectAltName=DNS:localhost", "-out"])
        .arg(path("openssl.pem"))
        .arg("-keyout")
        .arg(path("openssl.key"))
        .stderr(Stdio::null())
        .status();
    assert!(made.expect("`openssl` starts").success());
    let read = |name: &str| std::fs::read_to_string(path(name)).unwrap();
    Certificate { pem: read("openssl.pem"), key: read("openssl.key") }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_is_its_own_root_is_accepted_and_what_is_wrong_with_others_is_said_in_words() {
    let directory = tempfile::tempdir().unwrap();
    let file = |name: &str, pem: &str| {
        let path = directory.path().join(name);
        std::fs::write(&path, pem).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let authority = for_host("authority", |params| params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained));
    let authority_pem = authority.0.self_signed(&authority.1).unwrap().pem();
    let issuer = Issuer::new(authority.0, authority.1);
    let signed = {
        let (params, key) = for_host("localhost", |_| {});
        Certificate { pem: params.signed_by(&key, &issuer).unwrap().pem(), key: key.serialize_pem() }
    };
    let expired = self_signed("localhost", |params| {
        params.not_before = rcgen::date_time_ymd(2019, 1, 1);
        params.not_after = rcgen::date_time_ymd(2020, 1, 1);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    });
    let as_authority = |params: &mut CertificateParams| params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let elsewhere = self_signed("db.example.com", as_authority);
    let other = self_signed("localhost", as_authority);
    let (ca, other_root) = (file("authority.pem", &authority_pem), file("other.pem", &other.pem));
    let own = |certificate: &Certificate, name: &str| file(name, &certificate.pem);

    let of_openssl = of_openssl(&directory);
    let root = own(&of_openssl, "own.pem");
    let good = Ok(());
    let cases = [
        (&of_openssl, root.clone(), "verify-full", good),
        (&of_openssl, root.clone(), "verify-ca", good),
        (&of_openssl, other_root.clone(), "verify-full", Err("is that of an authority (CA:TRUE)")),
        (&elsewhere, own(&elsewhere, "elsewhere.pem"), "verify-ca", good),
        (&elsewhere, own(&elsewhere, "elsewhere.pem"), "verify-full", Err("not for `localhost`")),
        (&expired, own(&expired, "expired.pem"), "verify-full", Err("has expired")),
        (&signed, ca, "verify-full", good),
        (&signed, other_root, "verify-full", Err("is signed by no authority that is trusted")),
    ];
    for (certificate, root, mode, expected) in cases {
        let pair = (certificate.pem.clone(), certificate.key.clone());
        let settings = PostgresSettings { certificate: Some(pair), ..PostgresSettings::default() };
        let server = block_in_place(|| PostgresServer::start(&settings));
        let done = connected(&format!("{}?sslmode={mode}&sslrootcert={root}", server.url())).await;
        match expected {
            Ok(()) => assert_eq!(done, Ok(()), "{root} {mode}"),
            Err(part) => {
                let message = done.unwrap_err();
                assert!(message.contains(part), "{root} {mode}: {message}");
                for debug in ["CaUsedAsEndEntity", "UnknownIssuer", "OtherError", "Context {"] {
                    assert!(!message.contains(debug), "{message}");
                }
            }
        }
    }
}

#[test]
fn options_are_read_from_a_url_and_show_no_password() {
    for url in [
        "postgres://u:canary@h/d",
        "postgresql://u:canary@h:5433/d?sslmode=verify-full&sslrootcert=/a/b.pem&application_name=x",
        "postgres://u:canary@h1:1,h2:2/d?schema=s&poolSize=4&timeoutMs=100&connect_timeout=3",
        "postgres://u@%2Frun%2Fpostgresql/d",
        "postgres:///d?host=/run/postgresql&user=u&sslmode=require",
        "postgres://u:canary@h1,h2:5433/d?target_session_attrs=read-write&channel_binding=require",
        "postgres://u@h/d?target_session_attrs=primary",
    ] {
        let options = PostgresOptions::from_url(&Secret::new(url)).unwrap();
        assert!(!format!("{options:?}").contains("canary"));
    }
    for (url, part) in [
        ("canary", "begins with neither"),
        ("postgres://u:canary@h:port/d", "port"),
        ("postgres:///canary", "names no host"),
        ("postgres://u:canary@:5432/d", "names no host"),
        ("postgres://u:canary@h1,h2/d?port=1", "another number of hosts"),
        ("postgres://u:canary@h/d?target_session_attrs=standby", "`read-write`"),
        ("postgres://u:canary@h/d?channel_binding=canary", "`require`"),
        ("postgres://u:canary@h/d?sslmode=allow", "`verify-full`"),
        ("postgres://u:canary@h/d?poolSize=0", "1 to 1000"),
        ("postgres://u:canary@h/d?timeoutMs=soon", "`timeoutMs`"),
        ("postgres://u:canary@h/d?schema=pg_catalog", "`schema`"),
        ("postgres://u:canary@h/d?nonsense=1", "nonsense"),
    ] {
        let error = PostgresOptions::from_url(&Secret::new(url)).unwrap_err();
        assert!(error.to_string().contains(part) && !error.to_string().contains("canary"), "{url}: {error}");
    }
}

#[tokio::test]
async fn a_wrong_password_is_told_without_it() {
    let server = tokio::task::spawn_blocking(|| PostgresServer::start(&PostgresSettings::default())).await.unwrap();
    let password = Secret::new("canary");
    let database = database(PostgresOptions::at("localhost", server.port(), "postgres", "mti", Some(&password)));
    let error = database.prepare(person(), Vec::new()).await.unwrap_err();
    assert!(error.to_string().contains("28P01") && !error.to_string().contains("canary"), "{error}");
    assert!(!format!("{database:?} {error:?}").contains("canary"));
    let nowhere = options("postgres://mti:canary@localhost:1/db");
    let (message, _) = unavailable(crate::postgres::database(nowhere).prepare(person(), Vec::new()).await);
    assert!(message.contains("cannot connect to `localhost:1`") && !message.contains("canary"), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_are_encrypted_and_servers_prove_who_they_are() {
    let certificate = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let (pem, key) = (certificate.cert.pem(), certificate.signing_key.serialize_pem());
    let settings = PostgresSettings { certificate: Some((pem.clone(), key)), ..PostgresSettings::default() };
    let server = tokio::task::block_in_place(|| PostgresServer::start(&settings));
    let directory = tempfile::tempdir().unwrap();
    let trusted = directory.path().join("root.pem");
    std::fs::write(&trusted, pem).unwrap();
    let other = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let foreign = directory.path().join("foreign.pem");
    std::fs::write(&foreign, other.cert.pem()).unwrap();

    let (bystander, connection) = tokio_postgres::connect(&server.url(), NoTls).await.unwrap();
    tokio::spawn(connection);
    let try_with = async |host: &str, mode: SslMode, root: Option<&std::path::Path>| {
        let password = Secret::new(server.password());
        let encryption = Encryption { mode, root_certificates: root.map(Into::into) };
        let options = PostgresOptions::at(host, server.port(), "postgres", "mti", Some(&password));
        let database = database(options.encryption(encryption));
        database.execute(Vec::new()).await.map_err(|error| error.to_string())?;
        let encrypted =
            "SELECT bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE application_name = 'mti'";
        let encrypted: bool = bystander.query_one(encrypted, &[]).await.unwrap().get(0);
        database.close().await.unwrap();
        // Its connection has to be gone before the next one is looked at.
        let open =
            "SELECT count(pg_terminate_backend(pid, 10000)) FROM pg_stat_activity WHERE application_name = 'mti'";
        drop(bystander.query(open, &[]).await.unwrap());
        Ok::<bool, String>(encrypted)
    };
    assert_eq!(try_with("localhost", SslMode::Disable, None).await, Ok(false));
    for mode in [SslMode::Prefer, SslMode::Require] {
        assert_eq!(try_with("localhost", mode, None).await, Ok(true), "{mode:?}");
    }
    for mode in [SslMode::VerifyCa, SslMode::VerifyFull] {
        assert_eq!(try_with("localhost", mode, Some(&trusted)).await, Ok(true), "{mode:?}");
        let refused = try_with("localhost", mode, Some(&foreign)).await.unwrap_err();
        assert!(refused.contains("certificate"), "{refused}");
        assert!(try_with("localhost", mode, Some(&directory.path().join("missing"))).await.is_err());
    }
    assert_eq!(try_with("127.0.0.1", SslMode::VerifyCa, Some(&trusted)).await, Ok(true));
    let refused = try_with("127.0.0.1", SslMode::VerifyFull, Some(&trusted)).await.unwrap_err();
    assert!(refused.contains("certificate"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_encryption_is_not_talked_to_when_that_is_required() {
    let server = tokio::task::block_in_place(|| PostgresServer::start(&PostgresSettings::default()));
    let encryption = Encryption { mode: SslMode::Require, root_certificates: None };
    let (message, _) = unavailable(database(options(&server.url()).encryption(encryption)).execute(Vec::new()).await);
    assert!(message.contains("TLS"), "{message}");
}
