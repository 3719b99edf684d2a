//! The list of safeguards is in step with the code: what is to be taken out is there, once.

use figment::Figment;
use figment::providers::{Format, Toml};
use serde::Deserialize;

#[derive(Deserialize)]
struct List {
    safeguard: Vec<Safeguard>,
}

#[derive(Deserialize)]
struct Safeguard {
    name: String,
    file: String,
    find: String,
    put: String,
}

#[test]
fn each_safeguard_is_in_the_code_once() {
    let root = env!("CARGO_MANIFEST_DIR");
    let list = Toml::file_exact(format!("{root}/tests/safeguards/list.toml"));
    let list: List = Figment::from(list).extract().expect("a list of safeguards");
    assert!(!list.safeguard.is_empty());
    for Safeguard {
        name,
        file,
        find,
        put,
    } in list.safeguard
    {
        let code = std::fs::read_to_string(format!("{root}/{file}"));
        let code = code.unwrap_or_else(|e| panic!("{name}: {file}: {e}"));
        assert_eq!(code.matches(&find).count(), 1, "{name}: `find` in {file}");
        assert_ne!(find, put, "{name}");
    }
}
