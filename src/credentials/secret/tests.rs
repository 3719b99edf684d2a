use serde_json::{Value, json};

use super::*;
use crate::catalog::scripted::{Answer, Scripted};

const OP: &str = "GetSecretValue";

fn keys(name: &str) -> Value {
    json!({ "AccessKeyId": name, "SecretAccessKey": format!("{name}-hush") })
}

/// Secrets Manager with these two versions; each `None` is not there.
fn manager(current: Option<&'static str>, previous: Option<&'static str>) -> Scripted {
    Scripted::new(move |_, asked| {
        let key = match asked["VersionStage"].as_str() {
            Some("AWSCURRENT") => current,
            Some("AWSPREVIOUS") => previous,
            other => panic!("no such stage: {other:?}"),
        };
        match key {
            Some("away") => Answer::Broken,
            Some(key) => Answer::Is(json!({ "SecretString": keys(key).to_string() })),
            None => Answer::Error("ResourceNotFoundException"),
        }
    })
}

fn secret(manager: &Scripted) -> Secret {
    Secret::new(manager.secrets(), "brigade/china", Metrics::new("test").0)
}

async fn key(secret: &Secret) -> String {
    let found = secret.provide_credentials().await.unwrap();
    found.access_key_id().to_owned()
}

#[tokio::test(start_paused = true)]
async fn many_ask_and_one_call_is_made_until_it_is_old() {
    let manager = manager(Some("A"), None);
    let secret = secret(&manager);
    let all = futures_util::future::join_all((0..64).map(|_| secret.ready())).await;
    assert!(all.iter().all(|answer| *answer == Ok(0)), "{all:?}");
    assert_eq!(manager.bodies(OP).len(), 1);
    tokio::time::advance(CACHED_FOR.mul_f64(0.99)).await;
    assert_eq!(key(&secret).await, "A");
    assert_eq!(manager.bodies(OP).len(), 1, "not yet old");
    tokio::time::advance(CACHED_FOR.mul_f64(0.02)).await;
    let all = futures_util::future::join_all((0..64).map(|_| secret.ready())).await;
    assert!(
        all.iter().all(|answer| *answer == Ok(0)),
        "the same key is no other generation"
    );
    assert_eq!(manager.bodies(OP).len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_brings_the_newer_key_or_the_one_before() {
    #[rustfmt::skip]
    let table = [
        ("rotated",                 Some("B"), None,      true,  "B", 2),
        ("rotated, S3 is ahead",    Some("A"), Some("Z"), true,  "Z", 3),
        ("nothing else",            Some("A"), Some("A"), false, "A", 3),
        ("no version before",       Some("A"), None,      false, "A", 3),
        ("gone",                    None,      Some("Z"), false, "A", 2),
        ("away",                    Some("away"), None,   false, "A", 2),
    ];
    for (why, current, previous, renewed, want, calls) in table {
        let mut first = true;
        let manager = manager(current, previous);
        let script = manager.clone();
        // Secrets Manager as it was, then as it is.
        let both = Scripted::new(move |op, asked| {
            if std::mem::take(&mut first) {
                return Answer::Is(json!({ "SecretString": keys("A").to_string() }));
            }
            script.answer(op, asked)
        });
        let secret = secret(&both);
        assert_eq!(key(&secret).await, "A", "{why}");
        let all = futures_util::future::join_all((0..64).map(|_| secret.renew(0))).await;
        assert!(
            all.iter().all(|answer| *answer == renewed),
            "{why}: {all:?}"
        );
        assert_eq!(key(&secret).await, want, "{why}");
        assert_eq!(both.bodies(OP).len(), calls, "{why}: one asks for all");
        let late = secret.renew(0).await;
        assert_eq!(
            late, renewed,
            "{why}: an old generation is not asked about again"
        );
        assert_eq!(both.bodies(OP).len(), calls, "{why}");
    }
}

#[tokio::test(start_paused = true)]
async fn keys_that_are_wrong_in_both_stages_are_not_asked_about_all_the_time() {
    let manager = manager(Some("A"), Some("Z"));
    let secret = secret(&manager);
    let mut generation = secret.ready().await.unwrap();
    for _ in 0..1_000 {
        secret.renew(generation).await;
        generation = secret.ready().await.unwrap();
        tokio::time::advance(Duration::from_millis(50)).await;
    }
    let calls = manager.bodies(OP).len();
    assert!(calls <= 1 + 2 * 11, "{calls} calls in 50 s");
    assert!(calls > 10, "{calls}: it goes on trying");
}

#[tokio::test(start_paused = true)]
async fn what_was_read_stays_good_while_secrets_manager_is_away() {
    let mut calls = 0;
    let manager = Scripted::new(move |_, _| {
        calls += 1;
        match calls {
            1 => Answer::Is(json!({ "SecretString": keys("A").to_string() })),
            2 => Answer::Broken,
            _ => Answer::Is(json!({ "SecretString": keys("B").to_string() })),
        }
    });
    let secret = secret(&manager);
    assert_eq!(key(&secret).await, "A");
    tokio::time::advance(CACHED_FOR).await;
    assert_eq!(key(&secret).await, "A");
    assert!(secret.status().error.unwrap().contains("brigade/china"));
    assert_eq!(key(&secret).await, "A");
    assert_eq!(manager.bodies(OP).len(), 2, "not at once again");
    tokio::time::advance(TRY_AGAIN).await;
    assert_eq!(key(&secret).await, "B");
    assert_eq!(secret.status().error, None);
}

#[tokio::test(start_paused = true)]
async fn an_error_names_the_secret_and_what_is_missing_and_never_a_value() {
    #[rustfmt::skip]
    let table = [
        ("not there",  Answer::Error("ResourceNotFoundException"), "not found by this caller in this region: GetSecretValue: so it is"),
        ("forbidden",  Answer::Error("AccessDeniedException"), "cannot be read: GetSecretValue: AccessDeniedException: so it is"),
        ("no text",    Answer::Is(json!({ "SecretBinary": "aHVzaA==" })), "no text in it (SecretString)"),
        ("malformed",  Answer::Is(json!({ "SecretString": "hush" })), "not JSON"),
        ("incomplete", Answer::Is(json!({ "SecretString": "{\"AccessKeyId\": \"hush\"}" })), "no SecretAccessKey, in any usual spelling"),
    ];
    for (why, answer, want) in table {
        let manager = Scripted::new(move |_, _| answer.clone());
        let secret = secret(&manager);
        let said = secret.ready().await.unwrap_err().to_string();
        assert_eq!(said, format!("secret \"brigade/china\": {want}"), "{why}");
        secret.ready().await.unwrap_err();
        assert_eq!(
            manager.bodies(OP).len(),
            1,
            "{why}: not asked again at once"
        );
        tokio::time::advance(SOONEST).await;
        secret.ready().await.unwrap_err();
        assert_eq!(manager.bodies(OP).len(), 2, "{why}: but soon");
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_that_is_printed_shows_a_value() {
    let secret = secret(&manager(Some("A"), None));
    let credentials = secret.provide_credentials().await.unwrap();
    assert_eq!(
        credentials.secret_access_key(),
        "A-hush",
        "there is something to hide"
    );
    let printed = format!("{secret:?} {:?} {credentials:?}", secret.status());
    assert!(
        printed.contains("brigade/china") && !printed.contains("hush"),
        "{printed}"
    );
}
