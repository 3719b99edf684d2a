//! What a copy keeps, by every transfer there is.

mod archived;
mod dropped_attributes;
mod properties;
mod raw;
mod tags;

use std::collections::BTreeMap;

use aws_sdk_s3::Client;
use aws_sdk_s3::operation::head_object::HeadObjectOutput;
use aws_sdk_s3::types::ChecksumMode;

use crate::aws::{Algorithm, Bucket, TestObject};
use crate::stage::{Stage, work};

const MIB: u64 = 1 << 20;
const STREAM: &str = "transfer = \"stream\"";

/// A way that copies go, and what makes them go it.
#[derive(Debug, Clone, Copy)]
struct Transfer {
    name: &'static str,
    /// Of the source.
    size: u64,
    /// The call that makes the copy.
    call: &'static str,
    /// The route's `transfer`.
    config: &'static str,
    /// The destination encrypts with KMS, so that copies carry our provenance metadata.
    kms: bool,
}

const TRANSFERS: [Transfer; 5] = [
    Transfer {
        name: "CopyObject",
        size: MIB,
        call: "CopyObject",
        config: "",
        kms: false,
    },
    Transfer {
        name: "CopyObject with a mark",
        size: MIB,
        call: "CopyObject",
        config: "",
        kms: true,
    },
    Transfer {
        name: "UploadPartCopy",
        size: 500 * MIB,
        call: "UploadPartCopy",
        config: "",
        kms: false,
    },
    Transfer {
        name: "streamed",
        size: MIB,
        call: "PutObject",
        config: STREAM,
        kms: false,
    },
    Transfer {
        name: "streamed in parts",
        size: 17 * MIB,
        call: "UploadPart",
        config: STREAM,
        kms: false,
    },
];

impl Transfer {
    /// A stage whose destination makes copies go this way.
    fn stage(self) -> Stage {
        let stage = Stage::without_target(1);
        let lake = Bucket::new("lake", "eu-west-1");
        stage
            .aws
            .create_bucket(if self.kms { lake.kms() } else { lake });
        stage
    }

    /// A source that goes this way.
    fn bare(self) -> TestObject {
        let seed = TestObject::claimed("in/a.bin", self.size, 7);
        // The copy of what was uploaded in parts has another ETag.
        if self.kms { seed.multipart(2) } else { seed }
    }

    /// … with everything that travels.
    fn source(self) -> TestObject {
        self.bare()
            .header("content-type", "text/csv; charset=utf-8")
            .header("content-encoding", "zstd")
            .header("content-language", "de, en")
            .header("content-disposition", "attachment; filename=\"a b.csv\"")
            .header("cache-control", "no-cache")
            .header("expires", "Wed, 21 Oct 2026 07:28:00 GMT")
            .meta("owner", "ann")
            .meta("odd", "a=b&c; d")
            .tag("stage", "one + a half")
            .tag("ümlaut/+=", "x y:z@_-.")
            .tag("empty", "")
    }

    /// Copies `source`, and returns how often this way was gone.
    async fn copy(self, stage: &Stage, source: &TestObject, more: &str) {
        stage.aws.put("raw", source.clone());
        let config = stage.config(&format!("{}\n{more}", self.config));
        let daemon = stage.start(&config).await;
        stage.drained().await;
        daemon.stop().await;
        let gone = stage.aws.calls().count("s3", self.call);
        assert!(gone > 0, "{}: not gone", self.name);
        let copy = stage.aws.object("lake", "orders/a.bin");
        let user = copy
            .and_then(|version| version.object)
            .map(|object| object.meta.user);
        let with_provenance = user.is_some_and(|user| user.contains_key("brigade-source"));
        let should = self.name != "CopyObject" || more.contains("aws:kms");
        assert_eq!(with_provenance, should, "{}: marked", self.name);
    }
}

/// The largest set of tags that S3 takes; too long for a header.
fn many_tags(mut seed: TestObject) -> TestObject {
    for n in 0..10 {
        seed = seed.tag(&format!("{n}{}", "k".repeat(127)), &"ü".repeat(256));
    }
    seed
}

/// Everything that HEAD tells and a copy keeps.
async fn reported(stage: &Stage, bucket: &str, key: &str) -> BTreeMap<&'static str, String> {
    let s3 = Client::new(&stage.aws.sdk(if bucket == "raw" {
        "us-east-1"
    } else {
        "eu-west-1"
    }));
    let head = s3.head_object().bucket(bucket).key(key);
    let head = head.checksum_mode(ChecksumMode::Enabled).send().await;
    let head = head.expect("it is there");
    let mut user: BTreeMap<_, _> = head.metadata().cloned().into_iter().flatten().collect();
    user.remove("brigade-source");
    let text = |value: Option<&str>| value.unwrap_or("(none)").to_owned();
    BTreeMap::from([
        ("type", text(head.content_type())),
        ("encoding", text(head.content_encoding())),
        ("language", text(head.content_language())),
        ("disposition", text(head.content_disposition())),
        ("cache", text(head.cache_control())),
        ("expires", text(head.expires_string())),
        ("length", format!("{:?}", head.content_length())),
        ("metadata", format!("{user:?}")),
        ("checksum", checksum(&head)),
        ("tags", format!("{:?}", tags(stage, bucket, key))),
    ])
}

/// Algorithm, type and value.
fn checksum(head: &HeadObjectOutput) -> String {
    let sums = [
        ("crc32", head.checksum_crc32()),
        ("crc32c", head.checksum_crc32_c()),
        ("crc64nvme", head.checksum_crc64_nvme()),
        ("sha1", head.checksum_sha1()),
        ("sha256", head.checksum_sha256()),
    ];
    format!(
        "{:?} {sums:?}",
        head.checksum_type().map(ToString::to_string)
    )
}

/// As the in-memory AWS has them: what a caller may read does not matter.
fn tags(stage: &Stage, bucket: &str, key: &str) -> BTreeMap<String, String> {
    let object = stage
        .aws
        .object(bucket, key)
        .and_then(|version| version.object);
    object
        .unwrap_or_else(|| panic!("nothing at {bucket}/{key}"))
        .tags
}

/// Copies `source`, which arrives as it is; and what is equal is seen to be.
async fn arrives(transfer: Transfer, stage: &Stage, source: &TestObject) {
    transfer.copy(stage, source, "").await;
    let is = reported(stage, "lake", "orders/a.bin").await;
    assert_eq!(
        is,
        reported(stage, "raw", "in/a.bin").await,
        "{}",
        transfer.name
    );
    let copies = || stage.aws.calls().count("s3", transfer.call);
    let made = copies();
    let daemon = stage.start(&stage.config(transfer.config)).await;
    stage.send(&work("in/a.bin")).await;
    stage.drained().await;
    daemon.stop().await;
    assert_eq!(copies(), made, "{}", transfer.name);
}

#[tokio::test(start_paused = true)]
async fn what_is_no_date_is_kept_as_expires_all_the_same() {
    for transfer in TRANSFERS {
        let stage = transfer.stage();
        arrives(transfer, &stage, &transfer.source().header("expires", "0")).await;
        let is = reported(&stage, "lake", "orders/a.bin").await;
        assert_eq!(is["expires"], "0", "{}", transfer.name);
    }
}

#[tokio::test(start_paused = true)]
async fn metadata_that_leaves_little_room_is_marked_in_little() {
    for transfer in TRANSFERS {
        let stage = transfer.stage();
        // "owner" and "odd" have 19 bytes, the little mark 85: S3 takes 2,048.
        let source = transfer
            .source()
            .meta("long", &"x".repeat(2_048 - 19 - 85 - 4));
        arrives(transfer, &stage, &source).await;
        let copy = stage.aws.object("lake", "orders/a.bin");
        let user = copy
            .and_then(|version| version.object)
            .expect("it is there")
            .meta
            .user;
        let with_provenance = user
            .get("brigade-source")
            .is_none_or(|provenance| provenance.starts_with("sha256:"));
        assert!(with_provenance, "{}: {user:?}", transfer.name);
    }
}

#[tokio::test(start_paused = true)]
async fn every_way_keeps_the_same() {
    for transfer in TRANSFERS {
        for (algorithm, many) in [
            (Algorithm::Crc64Nvme, false),
            (Algorithm::Crc64Nvme, true),
            (Algorithm::Crc32, false),
            (Algorithm::Crc32c, false),
            (Algorithm::Sha256, false),
        ] {
            let why = format!("{}, {algorithm:?}, many tags: {many}", transfer.name);
            if algorithm == Algorithm::Sha256 && transfer.kms {
                // What was uploaded in parts has none such.
                continue;
            }
            let stage = transfer.stage();
            let mut source = transfer.source().summed(algorithm);
            if many {
                source = many_tags(transfer.bare());
            }
            transfer.copy(&stage, &source, "").await;
            assert!(stage.dead_lettered().await.is_empty(), "{why}");
            let mut is = reported(&stage, "lake", "orders/a.bin").await;
            let mut should = reported(&stage, "raw", "in/a.bin").await;
            if algorithm == Algorithm::Sha256 && transfer.size > 16 * MIB {
                // Parts cannot be put together to a whole with this checksum; S3's own is taken.
                let (sum, _) = (is.remove("checksum").unwrap(), should.remove("checksum"));
                assert!(sum.contains("(\"crc64nvme\", Some("), "{why}: {sum}");
            }
            assert_eq!(is, should, "{why}");
            let puts = stage.aws.calls().count("s3", "PutObjectTagging");
            let by_hand = !transfer.name.starts_with("CopyObject");
            assert_eq!(puts, usize::from(many && by_hand), "{why}");
        }
    }
}

/// S3 sums up the bytes of a copy where the source has no such checksum, and so do we.
#[tokio::test(start_paused = true)]
async fn every_way_sums_up_the_whole_in_the_sources_algorithm() {
    type ObjectAttributes = fn(TestObject) -> TestObject;
    let kinds: [(ObjectAttributes, &str); 2] = [
        (TestObject::unsummed, "crc64nvme"),
        (|seed| seed.multipart(2).composite(), "crc32"),
    ];
    for transfer in TRANSFERS {
        for (kind, algorithm) in kinds {
            let why = format!("{}, {algorithm}", transfer.name);
            let stage = transfer.stage();
            stage.aws.put("raw", kind(transfer.source()));
            let daemon = stage.start(&stage.config(transfer.config)).await;
            stage.drained().await;
            daemon.stop().await;
            assert!(stage.aws.calls().count("s3", transfer.call) > 0, "{why}");
            let is = reported(&stage, "lake", "orders/a.bin").await;
            let sum = &is["checksum"];
            assert!(sum.starts_with("Some(\"FULL_OBJECT\")"), "{why}: {sum}");
            assert!(
                sum.contains(&format!("(\"{algorithm}\", Some(")),
                "{why}: {sum}"
            );
        }
    }
}
