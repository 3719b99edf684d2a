//! The root certificates that an account trusts (`ca_bundle`), instead of the machine's.
//!
//! As with the AWS CLI, a bundle replaces what the machine trusts. All of it is read at the start, because the SDK's
//! client would panic over a broken certificate at the first call.

use std::fs;

use aws_smithy_http_client::tls::TrustStore;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use crate::config::{Fault, Refusal};

/// Reads the bundle that `key` names.
pub(super) fn read(key: &str, path: &str) -> Result<TrustStore, Refusal> {
    roots(path).map_err(|why| {
        let (key, value) = (key.to_owned(), Some(format!("{path:?}")));
        Refusal(vec![Fault { key, value, why }])
    })
}

fn roots(path: &str) -> Result<TrustStore, String> {
    let pem = fs::read(path).map_err(|e| format!("cannot be read: {e}"))?;
    let (mut count, mut roots) = (0, RootCertStore::empty());
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        count += 1;
        let broken = |e: &dyn std::fmt::Display| format!("its certificate {count} is broken: {e}");
        let certificate = certificate.map_err(|e| broken(&e))?;
        roots.add(certificate).map_err(|e| broken(&e))?;
    }
    if count == 0 {
        let why = "holds no certificate: expected PEM, with a line -----BEGIN CERTIFICATE-----";
        return Err(why.into());
    }
    Ok(TrustStore::empty().with_pem_certificate(pem))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = include_str!("../../tests/it/tls/ca.pem");

    #[test]
    fn a_bundle_is_read_whole_or_refused_with_the_reason() {
        let path = std::env::temp_dir().join(format!("brigade-{}-bundle", std::process::id()));
        let twice = format!("# two of them\n{GOOD}\n{GOOD}");
        let cut = format!("{GOOD}\n{}", &GOOD[..GOOD.len() / 2]);
        let no_certificate = GOOD.replace("CERTIFICATE", "PUBLIC KEY");
        let nonsense = "-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n";
        let broken = format!("{GOOD}{nonsense}");
        let none = "holds no certificate: expected PEM, with a line -----BEGIN CERTIFICATE-----";
        for (why, text, want) in [
            ("one", GOOD, ""),
            ("several", &twice, ""),
            ("nothing", "", none),
            ("no PEM", "hello", none),
            ("no certificate", &no_certificate, none),
            ("torn", &cut, "its certificate 2 is broken: "),
            ("not what it says", &broken, "its certificate 2 is broken: "),
        ] {
            fs::write(&path, text).unwrap();
            let said = roots(path.to_str().unwrap());
            match want {
                "" => assert!(said.is_ok(), "{why}: {said:?}"),
                want => {
                    let said = said.expect_err(why);
                    assert!(said.starts_with(want), "{why}: {said}");
                }
            }
        }
        fs::remove_file(&path).unwrap();
        let said = read("aws.ca_bundle", path.to_str().unwrap()).expect_err("it is gone");
        let said = said.to_string();
        assert!(said.starts_with("aws.ca_bundle = \"/"), "{said}");
        assert!(said.contains(": cannot be read: No such file"), "{said}");
    }
}
