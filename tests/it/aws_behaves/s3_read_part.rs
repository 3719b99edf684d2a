//! `GetObject` and `HeadObject` of one part.

use aws_sdk_s3::types::{ChecksumMode, ChecksumType};

use super::{reported, s3, two_buckets};
use crate::aws::TestObject;

#[tokio::test(start_paused = true)]
async fn a_part_is_read_by_its_number() {
    let aws = two_buckets(false);
    aws.put("raw", TestObject::new("single", "0123456789"));
    aws.put("raw", TestObject::new("empty", ""));
    aws.put("raw", TestObject::new("one", "0123456789").multipart(1));
    aws.put("raw", TestObject::new("multi", "0123456789").multipart(3));
    let composite = TestObject::new("composite", "0123456789").multipart(3);
    aws.put("raw", composite.composite());
    let s3 = s3(&aws, "us-east-1");
    let invalid = "416 InvalidPartNumber";
    #[rustfmt::skip]
    let table = [
        ("the first",             "multi",     1,      Ok(("012",  "bytes 0-2/10")), Some(3), None),
        ("the second",            "multi",     2,      Ok(("345",  "bytes 3-5/10")), Some(3), None),
        ("the last",              "multi",     3,      Ok(("6789", "bytes 6-9/10")), Some(3), None),
        ("one too many",          "multi",     4,      Err(invalid), None, None),
        ("of a composite one",    "composite", 2,      Ok(("345",  "bytes 3-5/10")), Some(3), Some(ChecksumType::Composite)),
        ("the only one",          "one",       1,      Ok(("0123456789", "bytes 0-9/10")), Some(1), Some(ChecksumType::FullObject)),
        ("not uploaded in parts", "single",    1,      Ok(("0123456789", "bytes 0-9/10")), None, Some(ChecksumType::FullObject)),
        ("nor a second",          "single",    2,      Err(invalid), None, None),
        ("of nothing",            "empty",     1,      Ok(("", "")), None, Some(ChecksumType::FullObject)),
        ("no part",               "multi",     0,      Err("400 InvalidArgument"), None, None),
        ("beyond what can be",    "multi",     10_001, Err("400 InvalidArgument"), None, None),
    ];
    for (why, key, number, want, count, kind) in table {
        let get = s3.get_object().bucket("raw").key(key).part_number(number);
        let got = get.send().await;
        let head = s3.head_object().bucket("raw").key(key).part_number(number);
        let head = head.checksum_mode(ChecksumMode::Enabled).send().await;
        match want {
            Err(want) => {
                assert_eq!(reported(&got), want, "{why}");
                assert_eq!(reported(&head)[..3], want[..3], "{why}, HEAD");
            }
            Ok((body, range)) => {
                let (got, head) = (got.unwrap(), head.unwrap());
                assert_eq!(got.content_range().unwrap_or_default(), range, "{why}");
                assert_eq!(
                    head.content_range().unwrap_or_default(),
                    range,
                    "{why}, HEAD"
                );
                assert_eq!(got.parts_count(), count, "{why}");
                assert_eq!(head.parts_count(), count, "{why}, HEAD");
                let length = i64::try_from(body.len()).unwrap();
                assert_eq!(head.content_length(), Some(length), "{why}, HEAD");
                assert_eq!(got.checksum_type(), kind.as_ref(), "{why}");
                assert_eq!(head.checksum_type(), kind.as_ref(), "{why}, HEAD");
                // The SDK holds the body against the checksum, a part's own too.
                let checked = got.checksum_crc32().or(got.checksum_crc64_nvme());
                assert_eq!(checked.is_some(), kind.is_some(), "{why}");
                let looked = head.checksum_crc32().or(head.checksum_crc64_nvme());
                assert_eq!(looked, checked, "{why}, HEAD");
                let got = got.body.collect().await.unwrap().to_vec();
                assert_eq!(got, body.as_bytes(), "{why}");
            }
        }
    }
    let both = s3.get_object().bucket("raw").key("multi").part_number(1);
    let both = both.range("bytes=0-1").send().await;
    assert_eq!(reported(&both), "400 InvalidRequest", "a part or a range");
    let whole = s3.get_object().bucket("raw").key("multi").send().await;
    assert_eq!(whole.unwrap().parts_count(), None, "not asked, not told");
}
