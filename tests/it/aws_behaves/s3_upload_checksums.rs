//! The checksums of an upload in parts, and what a part may be.

use aws_sdk_s3::Client;
use aws_sdk_s3::config::RequestChecksumCalculation;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{ChecksumAlgorithm, ChecksumType, CompletedPart};

use super::s3_upload::list;
use super::{reported, s3, two_buckets};
use crate::aws::{Aws, TestObject};

/// What goes wrong with a list of parts.
type Change<'a> = &'a dyn Fn(Vec<CompletedPart>) -> Vec<CompletedPart>;

/// A part before the last.
fn large() -> Vec<u8> {
    (0..=250).cycle().take(5 << 20).collect()
}

async fn begin(
    s3: &Client,
    algorithm: Option<&ChecksumAlgorithm>,
    kind: Option<&ChecksumType>,
) -> String {
    let create = s3.create_multipart_upload().bucket("raw").key("k");
    let create = create
        .set_checksum_algorithm(algorithm.cloned())
        .set_checksum_type(kind.cloned());
    let answer = create.send().await.unwrap();
    assert_eq!(answer.checksum_algorithm(), algorithm);
    answer.upload_id.unwrap()
}

/// Uploads parts, each with the checksum asked for.
async fn upload(
    s3: &Client,
    id: &str,
    algorithm: Option<&ChecksumAlgorithm>,
    bodies: &[&[u8]],
) -> Vec<CompletedPart> {
    let mut parts = Vec::new();
    for (number, body) in (1..).zip(bodies) {
        let part = s3.upload_part().bucket("raw").key("k").upload_id(id);
        let part = part.set_checksum_algorithm(algorithm.cloned());
        let part = part.part_number(number).body(body.to_vec().into());
        let part = part.send().await.unwrap();
        let listed = CompletedPart::builder().part_number(number);
        let listed = listed
            .set_e_tag(part.e_tag)
            .set_checksum_crc32(part.checksum_crc32)
            .set_checksum_crc32_c(part.checksum_crc32_c)
            .set_checksum_crc64_nvme(part.checksum_crc64_nvme)
            .set_checksum_sha1(part.checksum_sha1)
            .set_checksum_sha256(part.checksum_sha256);
        parts.push(listed.build());
    }
    parts
}

/// The object of the same content that is put in one piece, and its checksum.
async fn whole(aws: &Aws, algorithm: ChecksumAlgorithm) -> String {
    let body = [large(), b"abc".to_vec()].concat();
    let put = s3(aws, "us-east-1").put_object().bucket("raw").key("p");
    let put = put.checksum_algorithm(algorithm).body(body.into());
    put.send().await.unwrap();
    let object = aws.object("raw", "p").unwrap().object.unwrap();
    object.checksum.value
}

#[tokio::test(start_paused = true)]
async fn a_checksum_is_over_the_whole_or_over_those_of_the_parts() {
    use ChecksumAlgorithm::{Crc32, Crc32C, Crc64Nvme, Sha1, Sha256};
    use ChecksumType::{Composite, FullObject};
    #[rustfmt::skip]
    let table = [
        (Sha1,      None,             Composite),
        (Sha256,    Some(Composite),  Composite),
        (Crc64Nvme, None,             FullObject),
        (Crc64Nvme, Some(FullObject), FullObject),
        (Crc32,     Some(FullObject), FullObject),
        (Crc32C,    Some(Composite),  Composite),
        (Crc32C,    None,             Composite),
    ];
    for (algorithm, asked, want) in table {
        let why = format!("{algorithm} {asked:?}");
        let aws = two_buckets(false);
        let s3 = s3(&aws, "us-east-1");
        let id = begin(&s3, Some(&algorithm), asked.as_ref()).await;
        let parts = upload(&s3, &id, Some(&algorithm), &[&large(), b"abc"]).await;
        let complete = s3.complete_multipart_upload().bucket("raw").key("k");
        let complete = complete.upload_id(&id);
        let complete = complete.multipart_upload(list(&parts.iter().collect::<Vec<_>>()));
        complete.send().await.unwrap();
        let held = aws.object("raw", "k").unwrap().object.unwrap().checksum;
        assert_eq!(held.full, want == FullObject, "{why}");
        let whole = whole(&aws, algorithm).await;
        assert_eq!(held.value == whole, want == FullObject, "{why}");
        assert_eq!(held.value.ends_with("-2"), want == Composite, "{why}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_composite_checksum_is_that_of_the_parts_in_a_row() {
    let aws = two_buckets(false);
    let s3 = s3(&aws, "us-east-1");
    let id = begin(&s3, Some(&ChecksumAlgorithm::Crc32C), None).await;
    let part = s3.upload_part().bucket("raw").key("k").upload_id(&id);
    // CRC32C of `abc`, and of its four bytes, from elsewhere.
    let (sum, of_sum) = ("Nks/tw==", "ZpGMMA==-1");
    let part = part.part_number(1).checksum_crc32_c(sum);
    let part = part.body(ByteStream::from_static(b"abc"));
    let part = part.send().await.unwrap();
    assert_eq!(part.checksum_crc32_c(), Some(sum));
    let listed = CompletedPart::builder().part_number(1);
    let listed = listed.set_e_tag(part.e_tag).checksum_crc32_c(sum).build();
    let complete = s3.complete_multipart_upload().bucket("raw").key("k");
    let complete = complete.upload_id(&id).multipart_upload(list(&[&listed]));
    let answer = complete.checksum_crc32_c(of_sum).send().await.unwrap();
    assert_eq!(answer.checksum_crc32_c(), Some(of_sum));
    assert_eq!(answer.checksum_type(), Some(&ChecksumType::Composite));
}

#[tokio::test(start_paused = true)]
async fn a_complete_is_refused_for_checksums_that_are_missing_or_wrong() {
    use ChecksumAlgorithm::{Crc32, Crc32C, Crc64Nvme};
    let without = |mut parts: Vec<CompletedPart>| {
        for part in &mut parts {
            part.checksum_crc32_c = None;
        }
        parts
    };
    let wrong = |mut parts: Vec<CompletedPart>| {
        parts[0].checksum_crc32_c = Some("AAAAAA==".into());
        parts
    };
    let another = |mut parts: Vec<CompletedPart>| {
        // It is that of `abc`, and yet.
        parts[0].checksum_crc32_c = Some("Nks/tw==".into());
        parts
    };
    let same = |parts: Vec<CompletedPart>| parts;
    let (zeros, right) = ("AAAAAAAAAAA=", "BeXKuz/B+us=");
    let (composite, full) = (ChecksumType::Composite, ChecksumType::FullObject);
    #[rustfmt::skip]
    let table: [(&str, _, Change<'_>, _, _, &str); 13] = [
        ("each part's is told",            Some(Crc32C),    &same,    None,        Some(composite.clone()), "ok"),
        ("no part's is told",              Some(Crc32C),    &without, None,        None,                    "400 InvalidRequest"),
        ("a part's is wrong",              Some(Crc32C),    &wrong,   None,        None,                    "400 InvalidPart"),
        ("another kind",                   Some(Crc32C),    &same,    None,        Some(full.clone()),      "400 InvalidRequest"),
        ("a part's of another algorithm",  Some(Crc32),     &another, None,        None,                    "400 BadDigest"),
        ("and where it is over the whole", Some(Crc64Nvme), &another, None,        None,                    "400 BadDigest"),
        ("of the whole",                   Some(Crc64Nvme), &same,    Some(right), Some(full.clone()),      "ok"),
        ("of the whole, wrong",            Some(Crc64Nvme), &same,    Some(zeros), Some(full.clone()),      "400 BadDigest"),
        ("of the whole, no kind",          Some(Crc64Nvme), &same,    Some(right), None,                    "400 BadDigest"),
        ("of the whole, another kind",     Some(Crc64Nvme), &same,    None,        Some(composite),         "400 InvalidRequest"),
        ("undeclared, a kind",             None,            &without, None,        Some(full),              "400 InvalidRequest"),
        ("undeclared, of a part",          None,            &same,    None,        None,                    "400 InvalidPart"),
        ("of another algorithm",           Some(Crc32),     &same,    Some(zeros), None,                    "400 BadDigest"),
    ];
    for (why, algorithm, change, sum, kind, want) in table {
        let aws = two_buckets(false);
        let s3 = s3(&aws, "us-east-1");
        let id = begin(&s3, algorithm.as_ref(), None).await;
        let parts = change(upload(&s3, &id, algorithm.as_ref(), &[b"abc"]).await);
        let complete = s3.complete_multipart_upload().bucket("raw").key("k");
        let complete = complete.upload_id(&id).set_checksum_type(kind);
        let complete = complete.set_checksum_crc64_nvme(sum.map(Into::into));
        let complete = complete.multipart_upload(list(&parts.iter().collect::<Vec<_>>()));
        assert_eq!(reported(&complete.send().await), want, "{why}");
        assert_eq!(aws.object("raw", "k").is_some(), want == "ok", "{why}");
        assert_eq!(aws.uploads("raw").is_empty(), want == "ok", "{why}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_algorithm_and_its_kind_must_go_together() {
    use ChecksumAlgorithm::{Crc32, Crc64Nvme, Sha256, Xxhash3};
    use ChecksumType::{Composite, FullObject};
    let aws = two_buckets(false);
    #[rustfmt::skip]
    let table = [
        ("over the parts",       Some(Crc32),     Some(Composite),        "ok"),
        ("only over the whole",  Some(Crc64Nvme), Some(Composite),        "400 InvalidRequest"),
        ("only over the parts",  Some(Sha256),    Some(FullObject),       "400 InvalidRequest"),
        ("a kind of nothing",    None,            Some(FullObject),       "400 InvalidRequest"),
        ("no such kind",         Some(Crc32),     Some("HALF".into()),    "400 InvalidRequest"),
        ("not simulated",        Some(Xxhash3),   None,                   "501 NotImplemented"),
    ];
    for (why, algorithm, kind, want) in table {
        let create = s3(&aws, "us-east-1").create_multipart_upload();
        let create = create.bucket("raw").key("k").set_checksum_type(kind);
        let result = create.set_checksum_algorithm(algorithm).send().await;
        assert_eq!(reported(&result), want, "{why}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_part_has_a_number_and_the_checksum_that_was_declared() {
    use ChecksumAlgorithm::{Crc32, Crc32C, Crc64Nvme};
    #[rustfmt::skip]
    let table = [
        ("the first number",             1,      None,            Some(Crc32),     None,             "ok"),
        ("the last number",              10_000, None,            Some(Crc32),     None,             "ok"),
        ("no number",                    0,      None,            Some(Crc32),     None,             "400 InvalidArgument"),
        ("a number more",                10_001, None,            Some(Crc32),     None,             "400 InvalidArgument"),
        ("undeclared, not the default",  1,      None,            Some(Crc32C),    None,             "400 InvalidRequest"),
        ("declared, another",            1,      Some(Crc64Nvme), Some(Crc32),     None,             "400 InvalidRequest"),
        ("declared, none",               1,      Some(Crc64Nvme), None,            None,             "ok"),
        ("composite, none",              1,      Some(Crc32C),    None,            None,             "400 InvalidRequest"),
        ("a wrong one",                  1,      Some(Crc64Nvme), None,            Some("AAAAAAAAAAA="), "400 BadDigest"),
        ("a right one",                  1,      Some(Crc64Nvme), None,            Some("BeXKuz/B+us="), "ok"),
    ];
    for (why, number, declared, sent, value, want) in table {
        let aws = two_buckets(false);
        let config = aws_sdk_s3::config::Builder::from(&aws.sdk("us-east-1"));
        let config = config.request_checksum_calculation(match sent {
            Some(_) => RequestChecksumCalculation::WhenSupported,
            None => RequestChecksumCalculation::WhenRequired,
        });
        let s3 = Client::from_conf(config.build());
        let id = begin(&s3, declared.as_ref(), None).await;
        let part = s3.upload_part().bucket("raw").key("k").upload_id(&id);
        let part = part.part_number(number).set_checksum_algorithm(sent);
        let part = part.set_checksum_crc64_nvme(value.map(Into::into));
        let result = part.body(ByteStream::from_static(b"abc")).send().await;
        assert_eq!(reported(&result), want, "{why}");
        let held = !aws.uploads("raw")[0].parts.is_empty();
        assert_eq!(held, want == "ok", "{why}");
        if let Ok(part) = result {
            let said = part.checksum_crc64_nvme();
            assert_eq!(said, value, "{why}: said back only if sent");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_copied_part_tells_the_checksum_that_s3_made() {
    let aws = two_buckets(false);
    aws.put("raw", TestObject::new("a", "abc"));
    let s3 = s3(&aws, "us-east-1");
    let id = begin(&s3, Some(&ChecksumAlgorithm::Crc32C), None).await;
    let copy = s3.upload_part_copy().bucket("raw").key("k").upload_id(&id);
    let copy = copy.part_number(1).copy_source("raw/a").send();
    let result = copy.await.unwrap().copy_part_result.unwrap();
    assert_eq!(result.checksum_crc32_c(), Some("Nks/tw=="));
}
