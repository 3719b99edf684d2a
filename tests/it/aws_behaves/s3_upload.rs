//! Uploads in parts: from `CreateMultipartUpload` to `CompleteMultipartUpload` or
//! `AbortMultipartUpload`.

use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart, StorageClass};
use md5::{Digest, Md5};
use tokio::time::advance;

use super::{reported, s3, two_buckets};
use crate::aws::{Aws, Bucket, Denial, HOME_KEY, Queue, TestObject};

/// The least a part may have that is not the last.
const FIVE_MB: usize = 5 << 20;

pub(super) async fn begin(s3: &Client, key: &str) -> String {
    let create = s3.create_multipart_upload().bucket("raw").key(key);
    create.send().await.unwrap().upload_id.unwrap()
}

/// Uploads a part and lists it as `CompleteMultipartUpload` wants it.
async fn upload(s3: &Client, id: &str, number: i32, body: &[u8]) -> CompletedPart {
    let part = s3.upload_part().bucket("raw").key("k").upload_id(id);
    let part = part.part_number(number).body(body.to_vec().into());
    listed(number, &part.send().await.unwrap().e_tag.unwrap())
}

pub(super) fn listed(number: i32, etag: &str) -> CompletedPart {
    let part = CompletedPart::builder().part_number(number);
    part.e_tag(etag).build()
}

pub(super) fn list(parts: &[&CompletedPart]) -> CompletedMultipartUpload {
    let parts = parts.iter().map(|part| (*part).clone()).collect();
    CompletedMultipartUpload::builder()
        .set_parts(Some(parts))
        .build()
}

#[tokio::test(start_paused = true)]
async fn parts_become_one_object_with_all_that_was_said_at_the_beginning() {
    let aws = two_buckets(false);
    let url = aws.create_queue(Queue::new("events", "us-east-1"));
    aws.notify("raw", &url);
    let s3 = s3(&aws, "us-east-1");
    let create = s3.create_multipart_upload().bucket("raw").key("k");
    let create = create.content_type("text/csv").metadata("team", "blue");
    let create = create
        .tagging("a=1")
        .storage_class(StorageClass::StandardIa);
    let id = create.send().await.unwrap().upload_id.unwrap();

    let (large, small) = (vec![b'a'; FIVE_MB], b"bcd");
    let last = upload(&s3, &id, 7, small).await;
    upload(&s3, &id, 2, b"replaced").await;
    let first = upload(&s3, &id, 2, &large).await;
    upload(&s3, &id, 9, b"never listed").await;
    assert!(aws.object("raw", "k").is_none(), "not an object yet");
    let open = aws.uploads("raw");
    assert_eq!(open.len(), 1);
    assert_eq!(
        (open[0].key.as_str(), open[0].initiated),
        ("k", aws.now()),
        "the clock stands still"
    );
    assert_eq!(open[0].parts.keys().collect::<Vec<_>>(), [&2, &7, &9]);
    assert_eq!(open[0].parts[&7].content.slice(0..3), &small[..]);
    assert_eq!(Some(format!("\"{}\"", open[0].parts[&2].etag)), first.e_tag);

    let complete = s3.complete_multipart_upload().bucket("raw").key("k");
    let complete = complete
        .upload_id(&id)
        .multipart_upload(list(&[&first, &last]));
    let answer = complete.send().await.unwrap();
    let object = aws.object("raw", "k").unwrap().object.unwrap();
    let digests = [Md5::digest(&large), Md5::digest(small)].concat();
    let want = format!(
        "{:032x}-2",
        u128::from_be_bytes(Md5::digest(digests).into())
    );
    assert_eq!(object.etag, want);
    assert_eq!(answer.e_tag(), Some(format!("\"{want}\"").as_str()));
    assert_eq!(
        answer.checksum_crc64_nvme(),
        Some(object.checksum.value.as_str())
    );
    assert!(object.checksum.full, "S3 adds a CRC64NVME over the whole");
    assert_eq!(object.content.len(), 3 + large.len() as u64);
    assert_eq!(
        object
            .content
            .slice(large.len() as u64 - 1..object.content.len()),
        b"abcd"[..]
    );
    assert_eq!(object.meta.headers["content-type"], "text/csv");
    assert_eq!(object.meta.user["team"], "blue");
    assert_eq!(object.tags["a"], "1");
    assert_eq!(object.storage_class, "STANDARD_IA");
    assert!(aws.uploads("raw").is_empty());
    let queue = aws.queue(&url);
    let bodies: Vec<_> = queue.messages().iter().map(|m| m.body.clone()).collect();
    assert_eq!(bodies.len(), 2, "the test event and one more");
    assert!(bodies[1].contains("ObjectCreated:CompleteMultipartUpload"));
    assert!(bodies[1].contains(&format!("\"eTag\":\"{want}\"")));
}

#[tokio::test(start_paused = true)]
async fn a_list_of_parts_must_be_what_was_uploaded() {
    let aws = two_buckets(false);
    let s3 = s3(&aws, "us-east-1");
    let id = begin(&s3, "k").await;
    let large = upload(&s3, &id, 1, &vec![b'a'; FIVE_MB]).await;
    let small = upload(&s3, &id, 2, &vec![b'b'; FIVE_MB - 1]).await;
    let last = upload(&s3, &id, 3, b"c").await;
    let (absent, other) = (
        listed(4, last.e_tag().unwrap()),
        listed(3, small.e_tag().unwrap()),
    );
    let (none, length) = (Vec::new(), (5 << 20) + 1);
    let unlisted = s3.complete_multipart_upload().bucket("raw").key("k");
    let unlisted = unlisted.upload_id(&id).send().await;
    assert_eq!(reported(&unlisted), "400 InvalidRequest", "no list at all");
    let right = vec![&large, &last];
    #[rustfmt::skip]
    let table = [
        ("out of order",            &id[..],  "k", vec![&last, &large],          None,             "400 InvalidPartOrder"),
        ("twice",                   &id,      "k", vec![&large, &large],         None,             "400 InvalidPartOrder"),
        ("never uploaded",          &id,      "k", vec![&large, &absent],        None,             "400 InvalidPart"),
        ("another ETag",            &id,      "k", vec![&large, &other],         None,             "400 InvalidPart"),
        ("a byte short of 5 MiB",   &id,      "k", vec![&large, &small, &last],  None,             "400 EntityTooSmall"),
        ("nothing",                 &id,      "k", none,                         None,             "400 MalformedXML"),
        ("another size",            &id,      "k", right.clone(),                Some(length - 1), "400 InvalidRequest"),
        ("no such upload",          "feed",   "k", right.clone(),                None,             "404 NoSuchUpload"),
        ("another key's upload",    &id,      "j", right.clone(),                None,             "404 NoSuchUpload"),
        ("at last",                 &id,      "k", right.clone(),                Some(length),     "ok"),
        ("once more",               &id,      "k", right,                        Some(length),     "404 NoSuchUpload"),
    ];
    let mut completed = false;
    for (why, id, key, parts, size, want) in table {
        let complete = s3.complete_multipart_upload().bucket("raw").key(key);
        let complete = complete.upload_id(id).multipart_upload(list(&parts));
        let result = complete.set_mpu_object_size(size).send().await;
        assert_eq!(reported(&result), want, "{why}");
        completed |= want == "ok";
        assert_eq!(aws.object("raw", "k").is_some(), completed, "{why}");
        assert_eq!(aws.uploads("raw").is_empty(), completed, "{why}");
    }
    assert_eq!(aws.versions("raw", "k").len(), 1, "made once");
    assert_eq!(aws.history("raw", "k").0.len(), 1, "made once");
}

#[tokio::test(start_paused = true)]
async fn what_is_complete_or_aborted_is_no_upload_any_more() {
    for ending in ["complete", "abort"] {
        let aws = two_buckets(false);
        let s3 = s3(&aws, "us-east-1");
        let id = begin(&s3, "k").await;
        let part = upload(&s3, &id, 1, b"abc").await;
        aws.put("raw", TestObject::new("source", "abc"));
        let complete = || {
            let complete = s3.complete_multipart_upload().bucket("raw").key("k");
            let complete = complete.upload_id(&id).multipart_upload(list(&[&part]));
            complete.send()
        };
        let abort = || {
            let abort = s3.abort_multipart_upload().bucket("raw").key("k");
            abort.upload_id(&id).send()
        };
        match ending {
            "complete" => drop(complete().await.unwrap()),
            _ => drop(abort().await.unwrap()),
        }
        let is_object = aws.object("raw", "k").is_some();
        assert_eq!(is_object, ending == "complete", "{ending}");
        assert!(aws.uploads("raw").is_empty(), "{ending}");
        let upload = s3.upload_part().bucket("raw").key("k").upload_id(&id);
        let copy = s3.upload_part_copy().bucket("raw").key("k").upload_id(&id);
        let copy = copy.part_number(2).copy_source("raw/source");
        let list = s3.list_parts().bucket("raw").key("k").upload_id(&id);
        for (call, reported) in [
            ("UploadPart", reported(&upload.part_number(2).send().await)),
            ("UploadPartCopy", reported(&copy.send().await)),
            ("ListParts", reported(&list.send().await)),
            ("CompleteMultipartUpload", reported(&complete().await)),
            ("AbortMultipartUpload", reported(&abort().await)),
        ] {
            assert_eq!(reported, "404 NoSuchUpload", "{call} after {ending}");
            assert_ne!(aws.calls().count("s3", call), 0, "{call}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_second_complete_may_get_the_first_answer_again() {
    let aws = two_buckets(true);
    aws.repeat_completes(Duration::from_mins(1));
    let s3 = s3(&aws, "us-east-1");
    let id = begin(&s3, "k").await;
    let part = upload(&s3, &id, 1, b"abc").await;
    let other = upload(&s3, &id, 2, b"def").await;
    let complete = |key: &str, parts: &[&CompletedPart]| {
        let complete = s3.complete_multipart_upload().bucket("raw").key(key);
        let complete = complete.upload_id(&id).multipart_upload(list(parts));
        complete.send()
    };
    let first = complete("k", &[&part]).await.unwrap();
    advance(Duration::from_secs(59)).await;
    let again = complete("k", &[&part]).await.unwrap();
    assert_eq!(again.e_tag(), first.e_tag());
    assert_eq!(again.version_id(), first.version_id());
    assert_eq!(aws.versions("raw", "k").len(), 1, "made once");
    let gone = "404 NoSuchUpload";
    let another = complete("k", &[&other]).await;
    assert_eq!(reported(&another), gone, "another list");
    assert_eq!(
        reported(&complete("j", &[&part]).await),
        gone,
        "another key"
    );
    advance(Duration::from_secs(1)).await;
    assert_eq!(reported(&complete("k", &[&part]).await), gone, "too late");
}

/// What happens to the key while the upload goes on.
fn meanwhile(aws: &Aws, what: &str) {
    match what {
        "put" => drop(aws.put("raw", TestObject::new("k", "theirs"))),
        "put the same" => drop(aws.put("raw", TestObject::new("k", "abc"))),
        // Only where there are versions.
        "delete the oldest" => {
            if let Some(oldest) = &aws.versions("raw", "k")[0].id {
                aws.delete("raw", "k", Some(oldest));
            }
        }
        "delete" => aws.delete("raw", "k", None),
        "delete, put" => {
            aws.delete("raw", "k", None);
            aws.put("raw", TestObject::new("k", "abc"));
        }
        "put, delete" => {
            aws.put("raw", TestObject::new("k", "theirs"));
            aws.delete("raw", "k", None);
        }
        _ => {}
    }
}

#[tokio::test(start_paused = true)]
async fn a_condition_looks_at_the_key_as_it_is_when_the_upload_ends() {
    // Of `abc` and of `theirs`.
    let etag = Some("900150983cd24fb0d6963f7d28e17f72");
    let other = Some("ce97a90ef59e9c768263754682f68bd6");
    #[rustfmt::skip]
    let table = [
        ("absent, as wanted",         false, "",                  Some("*"), None,  "ok",                             false),
        ("somebody was faster",       false, "put",               Some("*"), None,  "412 PreconditionFailed",         true),
        ("faster, and gone again",    false, "put, delete",       Some("*"), None,  "409 ConditionalRequestConflict", false),
        ("deleted meanwhile",         true,  "delete",            Some("*"), None,  "409 ConditionalRequestConflict", false),
        ("no condition, no conflict", true,  "delete",            None,      None,  "ok",                             false),
        ("present, as wanted",        true,  "",                  None,      etag,  "ok",                             false),
        ("overwritten meanwhile",     true,  "put",               None,      etag,  "412 PreconditionFailed",         true),
        ("overwritten, and named so", true,  "put",               None,      other, "409 ConditionalRequestConflict", false),
        ("overwritten with the same", true,  "put the same",      None,      etag,  "409 ConditionalRequestConflict", false),
        ("what lay below is gone",    true,  "delete the oldest", None,      etag,  "ok",                             false),
        ("the expected one is gone",  true,  "delete",            None,      etag,  "404 NoSuchKey",                  true),
        ("gone, and back again",      true,  "delete, put",       None,      etag,  "409 ConditionalRequestConflict", false),
    ];
    for versioned in [false, true] {
        for (why, before, what, none_match, if_match, want, stays) in table {
            let why = format!("{why}, versioned: {versioned}");
            let aws = two_buckets(versioned);
            // What happened before the upload began is no conflict.
            meanwhile(&aws, "put, delete");
            if before {
                aws.put("raw", TestObject::new("k", "abc"));
            }
            let s3 = s3(&aws, "us-east-1");
            let id = begin(&s3, "k").await;
            let part = upload(&s3, &id, 1, b"ours").await;
            meanwhile(&aws, what);
            let complete = s3.complete_multipart_upload().bucket("raw").key("k");
            let complete = complete.upload_id(&id).multipart_upload(list(&[&part]));
            let complete = complete
                .set_if_none_match(none_match.map(Into::into))
                .set_if_match(if_match.map(Into::into));
            assert_eq!(reported(&complete.send().await), want, "{why}");
            let ours = aws
                .object("raw", "k")
                .is_some_and(|v| v.object.unwrap().etag.ends_with("-1"));
            assert_eq!(ours, want == "ok", "{why}");
            assert_eq!(!aws.uploads("raw").is_empty(), stays, "{why}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn each_call_needs_its_permission() {
    #[rustfmt::skip]
    let table = [
        ("s3:PutObject",                   "CreateMultipartUpload, UploadPart, CompleteMultipartUpload"),
        ("s3:PutObjectTagging",            "CreateMultipartUpload"),
        ("s3:GetObject",                   "CompleteMultipartUpload"),
        ("s3:AbortMultipartUpload",        "AbortMultipartUpload"),
        ("s3:ListMultipartUploadParts",    "ListParts"),
        ("s3:ListBucketMultipartUploads",  "ListMultipartUploads"),
    ];
    for (action, denied) in table {
        let aws = two_buckets(false);
        let s3 = s3(&aws, "us-east-1");
        let id = begin(&s3, "k").await;
        let part = upload(&s3, &id, 1, b"abc").await;
        let denial = Denial {
            access_key: HOME_KEY.to_owned(),
            action: action.to_owned(),
            resource: "raw".to_owned(),
        };
        aws.access(|access| access.deny(denial));
        let create = s3.create_multipart_upload().bucket("raw").key("j");
        let create = reported(&create.tagging("a=1").send().await);
        let upload = s3.upload_part().bucket("raw").key("k").upload_id(&id);
        let upload = reported(&upload.part_number(2).send().await);
        let complete = s3.complete_multipart_upload().bucket("raw").key("k");
        let complete = complete.upload_id(&id).multipart_upload(list(&[&part]));
        // The key is absent: a 404 says that it was allowed to look.
        let complete = reported(&complete.if_match("feed").send().await);
        let parts = s3.list_parts().bucket("raw").key("k").upload_id(&id);
        let parts = reported(&parts.send().await);
        let uploads = reported(&s3.list_multipart_uploads().bucket("raw").send().await);
        let abort = s3.abort_multipart_upload().bucket("raw").key("k");
        let abort = reported(&abort.upload_id(&id).send().await);
        let reported = [
            ("CreateMultipartUpload", create),
            ("UploadPart", upload),
            ("CompleteMultipartUpload", complete),
            ("ListParts", parts),
            ("ListMultipartUploads", uploads),
            ("AbortMultipartUpload", abort),
        ];
        let refused = reported
            .iter()
            .filter(|(_, reported)| reported == "403 AccessDenied")
            .map(|(call, _)| *call);
        assert_eq!(refused.collect::<Vec<_>>().join(", "), denied, "{action}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_created_does_not_follow_the_bucket() {
    let aws = two_buckets(false);
    aws.create_bucket(Bucket::new("vault", "us-east-1").kms());
    let s3 = s3(&aws, "us-east-1");
    for (why, bucket, want) in [("a plain bucket", "raw", false), ("KMS", "vault", true)] {
        let create = s3.create_multipart_upload().bucket(bucket).key("k");
        let id = create.send().await.unwrap().upload_id.unwrap();
        let part = s3.upload_part().bucket(bucket).key("k").upload_id(&id);
        let part = part.part_number(1).body(ByteStream::from_static(b"abc"));
        let part = part.send().await.unwrap();
        let is_md5 = part.e_tag() == Some("\"900150983cd24fb0d6963f7d28e17f72\"");
        assert_eq!(is_md5, !want, "{why}: with KMS an ETag says nothing");
        let listed = listed(1, part.e_tag().unwrap());
        let complete = s3.complete_multipart_upload().bucket(bucket).key("k");
        let complete = complete.upload_id(&id).multipart_upload(list(&[&listed]));
        complete.send().await.unwrap();
        assert_eq!(
            aws.object(bucket, "k")
                .unwrap()
                .object
                .unwrap()
                .encryption
                .kms,
            want,
            "{why}"
        );
    }
}
