//! Storage class, encryption, ACL, owners and payers: as the route says, by every transfer.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::{TRANSFERS, Transfer, many_tags, reported};
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

    fn plain(transfer: Transfer) -> Self {
        Self {
            class: "STANDARD".into(),
            sse: if transfer.kms { "aws:kms" } else { "AES256" },
            key: None,
            context: BTreeMap::new(),
            bucket_key: false,
            acl: None,
        }
    }
}

fn object(stage: &Stage, bucket: &str, key: &str) -> Object {
    let version = stage.aws.object(bucket, key);
    let object = version.and_then(|version| version.object);
    object.unwrap_or_else(|| panic!("nothing at {bucket}/{key}"))
}

#[tokio::test(start_paused = true)]
async fn every_way_makes_copies_as_the_route_says() {
    for transfer in TRANSFERS {
        let context = BTreeMap::from([("team".to_owned(), "orders".to_owned())]);
        for (lines, want) in [
            ("", Made::plain(transfer)),
            (
                "storage_class = \"GLACIER_IR\"",
                Made {
                    class: "GLACIER_IR".into(),
                    ..Made::plain(transfer)
                },
            ),
            (
                "sse = \"AES256\"\nstorage_class = \"DEEP_ARCHIVE\"",
                Made {
                    class: "DEEP_ARCHIVE".into(),
                    sse: "AES256",
                    ..Made::plain(transfer)
                },
            ),
            (
                "sse = \"aws:kms\"\nsse_kms_key_id = \"alias/k\"\nsse_kms_context = \"team=orders\"\n\
                 bucket_key_enabled = true",
                Made {
                    sse: "aws:kms",
                    key: Some("alias/k".into()),
                    context,
                    bucket_key: true,
                    ..Made::plain(transfer)
                },
            ),
            (
                "sse = \"aws:kms:dsse\"\nacl = \"bucket-owner-full-control\"",
                Made {
                    sse: "aws:kms:dsse",
                    acl: Some("bucket-owner-full-control".into()),
                    ..Made::plain(transfer)
                },
            ),
        ] {
            let why = format!("{}: {lines:?}", transfer.name);
            let stage = transfer.stage();
            transfer.copy(&stage, &transfer.source(), lines).await;
            let dead_lettered = stage.dead_lettered().await;
            assert!(dead_lettered.is_empty(), "{why}: {dead_lettered:?}");
            let copy = object(&stage, "lake", "orders/a.bin");
            assert_eq!(Made::of(&copy), want, "{why}");
            let (is, should) = (
                reported(&stage, "lake", "orders/a.bin").await,
                reported(&stage, "raw", "in/a.bin").await,
            );
            assert_eq!(is, should, "{why}");
            let copies = stage.aws.history("lake", "orders/a.bin").0.len();
            assert_eq!(copies, 1, "{why}: made again");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_acl_takes_a_right_and_a_bucket_that_knows_it() {
    for transfer in TRANSFERS {
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
            let lake = if transfer.kms { lake.kms() } else { lake };
            stage
                .aws
                .create_bucket(if acls { lake.acls() } else { lake });
            if denied {
                let denial = Denial {
                    access_key: HOME_KEY.into(),
                    action: "s3:PutObjectAcl".into(),
                    resource: "lake".into(),
                };
                stage.aws.access(|access| access.deny(denial));
            }
            stage.aws.put("raw", transfer.source());
            let config = stage.config(&format!("{}\nacl = \"{acl}\"", transfer.config));
            let daemon = stage.start(&config).await;
            if reason.is_none() && !acls {
                until("the route is held", || daemon.is_paused("orders")).await;
                daemon.stop().await;
                continue;
            }
            stage.drained().await;
            daemon.stop().await;
            let dead_lettered = stage.dead_lettered().await;
            let reported = dead_lettered.first().map(|(reason, _)| reason.as_str());
            assert_eq!(
                reported, reason,
                "{}, {why}: {dead_lettered:?}",
                transfer.name
            );
            if reason.is_none() {
                let copy = object(&stage, "lake", "orders/a.bin");
                assert_eq!(copy.acl.as_deref(), Some(acl), "{}, {why}", transfer.name);
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn every_call_names_the_owner_of_its_bucket() {
    let other = "999999999999";
    for transfer in TRANSFERS {
        // A source that denies may deny a key; a destination that denies its check denies the route.
        for (from, to, arrives, paused) in [
            (HOME_ACCOUNT, HOME_ACCOUNT, true, false),
            (other, HOME_ACCOUNT, false, false),
            (HOME_ACCOUNT, other, false, true),
        ] {
            let why = format!("{}: from {from}, to {to}", transfer.name);
            let stage = transfer.stage();
            // Tags too long for a header, so that every call of the way is made.
            stage.aws.put("raw", many_tags(transfer.bare()));
            let owners = format!(
                "from_expected_bucket_owner = \"{from}\"\nto_expected_bucket_owner = \"{to}\"\n"
            );
            let config = stage.config(&format!("{}\n{owners}", transfer.config));
            let daemon = stage.start(&config).await;
            if paused {
                until("the route is paused", || daemon.is_paused("orders")).await;
            } else {
                stage.drained().await;
            }
            daemon.stop().await;
            let copy = stage.aws.object("lake", "orders/a.bin");
            assert_eq!(copy.is_some(), arrives, "{why}");
            let ended = stage.dead_lettered().await.is_empty();
            assert_eq!(ended, arrives || paused, "{why}");
            assert_eq!(stage.aws.uploads("lake").len(), 0, "{why}");
            for call in stage.aws.calls().0 {
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
    for transfer in TRANSFERS {
        for (pays, arrives) in [("true", true), ("false", false)] {
            let stage = transfer.stage();
            let raw = Bucket::new("raw", "us-east-1").owner("999999999999");
            stage.aws.create_bucket(raw.requester_pays());
            stage.aws.notify("raw", &stage.queue);
            stage.aws.put("raw", transfer.source());
            let config = stage.config(&format!("{}\nrequest_payer = {pays}", transfer.config));
            let daemon = stage.start(&config).await;
            stage.drained().await;
            daemon.stop().await;
            let copy = stage.aws.object("lake", "orders/a.bin");
            assert_eq!(copy.is_some(), arrives, "{}: {pays}", transfer.name);
            assert_eq!(
                stage.dead_lettered().await.is_empty(),
                arrives,
                "{}",
                transfer.name
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn who_moves_originals_aside_pays_for_that_too() {
    for transfer in TRANSFERS {
        let stage = transfer.stage();
        let raw = Bucket::new("raw", "us-east-1").owner("999999999999");
        stage.aws.create_bucket(raw.requester_pays());
        stage.aws.notify("raw", &stage.queue);
        stage.aws.put("raw", transfer.source());
        let moves = "request_payer = true\nafter_copy = \"move\"\nmove_to = \"done/{path}\"";
        let config = stage.config(&format!("{}\n{moves}", transfer.config));
        let daemon = stage.start(&config).await;
        stage.drained().await;
        daemon.stop().await;
        assert!(stage.dead_lettered().await.is_empty(), "{}", transfer.name);
        let there = |key| {
            stage
                .aws
                .object("raw", key)
                .is_some_and(|version| version.object.is_some())
        };
        assert_eq!(
            (there("in/a.bin"), there("done/a.bin")),
            (false, true),
            "{}",
            transfer.name
        );
    }
}

#[tokio::test(start_paused = true)]
async fn an_upload_that_was_opened_with_other_properties_is_not_gone_on_with() {
    let transfer = TRANSFERS[2];
    let stage = transfer.stage();
    stage.aws.put("raw", transfer.source());
    let calls = AtomicUsize::new(0);
    let some = Rule::new(Fault::SlowDown).on("s3", "UploadPartCopy");
    let some = some.when(move |_| (2..40).contains(&calls.fetch_add(1, Ordering::Relaxed)));
    stage.aws.inject(some);
    let daemon = stage.start(&stage.config("")).await;
    until("a try has failed", || {
        stage
            .aws
            .calls()
            .count("sqs", "ChangeMessageVisibilityBatch")
            > 0
    })
    .await;
    daemon.stop().await;
    assert_eq!(stage.aws.uploads("lake").len(), 1);
    let daemon = stage
        .start(&stage.config("storage_class = \"GLACIER_IR\""))
        .await;
    stage.drained().await;
    daemon.stop().await;
    let copy = object(&stage, "lake", "orders/a.bin");
    assert_eq!(copy.storage_class, "GLACIER_IR");
    assert_eq!(stage.aws.uploads("lake").len(), 0, "uploads are left");
}
