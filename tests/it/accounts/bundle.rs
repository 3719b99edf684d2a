//! Roots of one's own: asked of a server on loopback that only they vouch for. The key in `tls/` is
//! this test's alone.

use std::sync::Arc;

use brigade::account::Accounts;
use brigade::edge::{Clock, Edge};
use brigade::metrics::Metrics;
use brigade::s3::Bucket;
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use super::load;
use crate::aws::Aws;
use crate::stage;

const ROOTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/tls/ca.pem");
const SERVER: &[u8] = include_bytes!("../tls/server.pem");
const KEY: &[u8] = include_bytes!("../tls/server.key");

/// Says 200 to every request over TLS, until dropped; and where.
async fn server() -> (JoinSet<()>, u16) {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(SERVER).collect();
    let key = PrivateKeyDer::from_pem_slice(KEY).expect("a key");
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(chain.expect("a certificate"), key)
        .expect("they belong together");
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let mut serving = JoinSet::new();
    serving.spawn(async move {
        loop {
            let (line, _) = listener.accept().await.expect("a caller");
            // A client that does not believe us hangs up.
            if let Ok(mut line) = acceptor.accept(line).await {
                let _ = line.read(&mut [0; 8_192]).await;
                let ok = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
                let _ = line.write_all(ok).await;
                let _ = line.shutdown().await;
            }
        }
    });
    (serving, port)
}

#[tokio::test]
async fn an_account_trusts_its_own_roots_and_nobody_else_does() {
    let (_serving, port) = server().await;
    let config = load(&format!(
        r#"
        aws.region = "us-east-1"
        [account.own]
        endpoint_url = "https://localhost:{port}"
        ca_bundle = "{ROOTS}"
        [account.machines]
        endpoint_url = "https://localhost:{port}"
        "#
    ));
    // The default account's credentials and randomness of a simulation that nobody calls.
    let aws = Aws::new(1);
    let edge = Edge {
        http: Edge::real().http,
        clock: Clock::new(jiff::Timestamp::default),
        ..stage::edge(&aws, aws.http(), 1)
    };
    let metrics = Metrics::new("test").0;
    let accounts = Accounts::open(&config, &edge, &metrics)
        .await
        .expect("a bundle");
    let s3_clients = accounts.s3_clients(&config.retry, &edge, metrics);
    let own = s3_clients
        .of(Some("own"))
        .may_list(&Bucket::new("bucket", None))
        .await;
    assert!(own.is_ok(), "{own:?}");
    let machines = s3_clients
        .of(Some("machines"))
        .may_list(&Bucket::new("bucket", None))
        .await;
    let said = machines.expect_err("nobody vouches for it").to_string();
    assert!(said.contains("UnknownIssuer"), "{said}");
}

#[tokio::test]
async fn a_bundle_that_is_not_there_is_refused_at_the_start() {
    let aws = Aws::new(1);
    let edge = stage::edge(&aws, aws.http(), 1);
    for (section, key) in [("aws", "aws"), ("account.lab", "account.lab")] {
        let config = load(&format!("[{section}]\nca_bundle = \"/no/such/file\""));
        let opened = Accounts::open(&config, &edge, &Metrics::new("test").0).await;
        let said = opened.expect_err("there is no file").to_string();
        let want = format!("{key}.ca_bundle = \"/no/such/file\": cannot be read: ");
        assert!(said.starts_with(&want), "{said}");
    }
}
