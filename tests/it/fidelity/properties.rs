//! Storage class, encryption, ACL, owners and payers: as the route says, on every way.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::{WAYS, Way, many_tags, told};
use crate::aws::{Bucket, Denial, Fault, HOME_ACCOUNT, HOME_KEY, Object, Rule};
use crate::stage::{Stage, until};

/// What a copy was made with beside its content.
#[derive(Debug, PartialEq, Eq)]
struct Made {
    class: String,
    sse: &'static str,
    key: Option<String>,
    context: BTreeMap<String, String>,
    bucket_key: bool,
    acl: Option<String>,
}

impl Made {
    fn of(object: &Object) -> Self {
        let encryption = &object.encryption;
        Self {
            class: object.storage_class.clone(),
            sse: match (encryption.kms, encryption.dsse) {
                (false, _) => "AES256",
                (true, false) => "aws:kms",
                (true, true) => "aws:kms:dsse",
            },
            key: encryption.key_id.clone(),
            context: encryption.context.clone(),
            bucket_key: encryption.bucket_key,
            acl: object.acl.clone(),
        }
    }

    fn plain(way: Way) -> Self {
        Self {
            class: "STANDARD".into(),
            sse: if way.kms { "aws:kms" } else { "AES256" },
            key: None,
            context: BTreeMap::new(),
            bucket_key: false,
            acl: None,
        }
    }
}

fn object(stage: &Stage, bucket: &str, key: &str) -> Object {
    let version = stage.world.object(bucket, key);
    let object = version.and_then(|version| version.object);
    object.unwrap_or_else(|| panic!("nothing at {bucket}/{key}"))
}

#[tokio::test(start_paused = true)]
async fn every_way_makes_copies_as_the_route_says() {
    for way in WAYS {
        let context = BTreeMap::from([("team".to_owned(), "orders".to_owned())]);
        for (lines, want) in [
            ("", Made::plain(way)),
            (
                "storage_class = \"GLACIER_IR\"",
                Made {
                    class: "GLACIER_IR".into(),
                    ..Made::plain(way)
                },
            ),
            (
                "sse = \"AES256\"\nstorage_class = \"DEEP_ARCHIVE\"",
                Made {
                    class: "DEEP_ARCHIVE".into(),
                    sse: "AES256",
                    ..Made::plain(way)
                },
            ),
            (
                "sse = \"aws:kms\"\nsse_kms_key_id = \"alias/k\"\nsse_kms_context = \"team=orders\"\n\
                 bucket_key = true",
                Made {
                    sse: "aws:kms",
                    key: Some("alias/k".into()),
                    context,
                    bucket_key: true,
                    ..Made::plain(way)
                },
            ),
            (
                "sse = \"aws:kms:dsse\"\nacl = \"bucket-owner-full-control\"",
                Made {
                    sse: "aws:kms:dsse",
                    acl: Some("bucket-owner-full-control".into()),
                    ..Made::plain(way)
                },
            ),
        ] {
            let why = format!("{}: {lines:?}", way.name);
            let stage = way.stage();
            way.copy(&stage, &way.source(), lines).await;
            let parked = stage.parked().await;
            assert!(parked.is_empty(), "{why}: {parked:?}");
            let copy = object(&stage, "lake", "orders/a.bin");
            assert_eq!(Made::of(&copy), want, "{why}");
            let (is, should) = (
                told(&stage, "lake", "orders/a.bin").await,
                told(&stage, "raw", "in/a.bin").await,
            );
            assert_eq!(is, should, "{why}");
            let copies = stage.world.history("lake", "orders/a.bin").0.len();
            assert_eq!(copies, 1, "{why}: made again");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_acl_takes_a_right_and_a_bucket_that_knows_it() {
    for way in WAYS {
        for (why, acls, denied, acl, reason) in [
            ("known", true, false, "public-read", None),
            ("not known", false, false, "public-read", None),
            (
                "no right",
                false,
                true,
                "bucket-owner-full-control",
                Some("denied"),
            ),
        ] {
            let stage = Stage::without_target(1);
            let lake = Bucket::new("lake", "eu-west-1");
            let lake = if way.kms { lake.kms() } else { lake };
            stage
                .world
                .create_bucket(if acls { lake.acls() } else { lake });
            if denied {
                let denial = Denial {
                    access_key: HOME_KEY.into(),
                    action: "s3:PutObjectAcl".into(),
                    resource: "lake".into(),
                };
                stage.world.access(|access| access.deny(denial));
            }
            stage.world.put("raw", way.source());
            let config = stage.config(&format!("{}\nacl = \"{acl}\"", way.config));
            let daemon = stage.start(&config).await;
            if reason.is_none() && !acls {
                until("the route is held", || daemon.is_held("orders")).await;
                daemon.stop().await;
                continue;
            }
            stage.drained().await;
            daemon.stop().await;
            let parked = stage.parked().await;
            let told = parked.first().map(|(reason, _)| reason.as_str());
            assert_eq!(told, reason, "{}, {why}: {parked:?}", way.name);
            if reason.is_none() {
                let copy = object(&stage, "lake", "orders/a.bin");
                assert_eq!(copy.acl.as_deref(), Some(acl), "{}, {why}", way.name);
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn every_call_names_the_owner_of_its_bucket() {
    let other = "999999999999";
    for way in WAYS {
        // A source that denies may deny a key; a destination that denies its check denies the route.
        for (from, to, arrives, paused) in [
            (HOME_ACCOUNT, HOME_ACCOUNT, true, false),
            (other, HOME_ACCOUNT, false, false),
            (HOME_ACCOUNT, other, false, true),
        ] {
            let why = format!("{}: from {from}, to {to}", way.name);
            let stage = way.stage();
            // Tags too long for a header, so that every call of the way is made.
            stage.world.put("raw", many_tags(way.bare()));
            let owners = format!("from_bucket_owner = \"{from}\"\nto_bucket_owner = \"{to}\"\n");
            let config = stage.config(&format!("{}\n{owners}", way.config));
            let daemon = stage.start(&config).await;
            if paused {
                until("the route is paused", || daemon.is_held("orders")).await;
            } else {
                stage.drained().await;
            }
            daemon.stop().await;
            let copy = stage.world.object("lake", "orders/a.bin");
            assert_eq!(copy.is_some(), arrives, "{why}");
            let ended = stage.parked().await.is_empty();
            assert_eq!(ended, arrives || paused, "{why}");
            assert_eq!(stage.world.uploads("lake").len(), 0, "{why}");
            for call in stage.world.calls().0 {
                if call.service != "s3" {
                    continue;
                }
                let bucket = if call.place == "raw" { from } else { to };
                assert_eq!(call.owner.as_deref(), Some(bucket), "{why}: {call:?}");
                if ["CopyObject", "UploadPartCopy"].contains(&call.operation.as_str()) {
                    assert_eq!(call.source_owner.as_deref(), Some(from), "{why}");
                }
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn who_reads_pays_if_the_route_says_so() {
    for way in WAYS {
        for (pays, arrives) in [("true", true), ("false", false)] {
            let stage = way.stage();
            let raw = Bucket::new("raw", "us-east-1").owner("999999999999");
            stage.world.create_bucket(raw.requester_pays());
            stage.world.notify("raw", &stage.queue);
            stage.world.put("raw", way.source());
            let config = stage.config(&format!("{}\nrequest_payer = {pays}", way.config));
            let daemon = stage.start(&config).await;
            stage.drained().await;
            daemon.stop().await;
            let copy = stage.world.object("lake", "orders/a.bin");
            assert_eq!(copy.is_some(), arrives, "{}: {pays}", way.name);
            assert_eq!(stage.parked().await.is_empty(), arrives, "{}", way.name);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn who_moves_originals_aside_pays_for_that_too() {
    for way in WAYS {
        let stage = way.stage();
        let raw = Bucket::new("raw", "us-east-1").owner("999999999999");
        stage.world.create_bucket(raw.requester_pays());
        stage.world.notify("raw", &stage.queue);
        stage.world.put("raw", way.source());
        let moves = "request_payer = true\noriginal = \"move\"\nmove_to = \"done/{path}\"";
        let config = stage.config(&format!("{}\n{moves}", way.config));
        let daemon = stage.start(&config).await;
        stage.drained().await;
        daemon.stop().await;
        assert!(stage.parked().await.is_empty(), "{}", way.name);
        let there = |key| {
            stage
                .world
                .object("raw", key)
                .is_some_and(|version| version.object.is_some())
        };
        assert_eq!(
            (there("in/a.bin"), there("done/a.bin")),
            (false, true),
            "{}",
            way.name
        );
    }
}

#[tokio::test(start_paused = true)]
async fn an_upload_that_was_opened_with_other_properties_is_not_gone_on_with() {
    let way = WAYS[2];
    let stage = way.stage();
    stage.world.put("raw", way.source());
    let calls = AtomicUsize::new(0);
    let some = Rule::new(Fault::SlowDown).on("s3", "UploadPartCopy");
    let some = some.when(move |_| (2..40).contains(&calls.fetch_add(1, Ordering::Relaxed)));
    stage.world.inject(some);
    let daemon = stage.start(&stage.config("")).await;
    until("a try has failed", || {
        stage
            .world
            .calls()
            .count("sqs", "ChangeMessageVisibilityBatch")
            > 0
    })
    .await;
    daemon.stop().await;
    assert_eq!(stage.world.uploads("lake").len(), 1);
    let daemon = stage
        .start(&stage.config("storage_class = \"GLACIER_IR\""))
        .await;
    stage.drained().await;
    daemon.stop().await;
    let copy = object(&stage, "lake", "orders/a.bin");
    assert_eq!(copy.storage_class, "GLACIER_IR");
    assert_eq!(stage.world.uploads("lake").len(), 0, "uploads are left");
}
