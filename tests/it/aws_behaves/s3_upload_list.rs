//! `ListParts` and `ListMultipartUploads`.

use std::time::Duration;

use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{ChecksumAlgorithm, ChecksumType};

use super::s3_upload::begin;
use super::{s3, two_buckets};

#[tokio::test(start_paused = true)]
async fn parts_are_listed_by_number_in_pages() {
    let aws = two_buckets(false);
    let s3 = s3(&aws, "us-east-1");
    let create = s3.create_multipart_upload().bucket("raw").key("k");
    let create = create.checksum_algorithm(ChecksumAlgorithm::Crc32C);
    let id = create.send().await.unwrap().upload_id.unwrap();
    for number in [10, 2, 7, 10_000] {
        let part = s3.upload_part().bucket("raw").key("k").upload_id(&id);
        let part = part.checksum_algorithm(ChecksumAlgorithm::Crc32C);
        let part = part
            .part_number(number)
            .body(ByteStream::from_static(b"abc"));
        part.send().await.unwrap();
    }
    for page in [1, 3, 4, 1000] {
        let parts = s3.list_parts().bucket("raw").key("k").upload_id(&id);
        let mut pages = parts.max_parts(page).into_paginator().send();
        let mut numbers = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.unwrap();
            assert_eq!(page.checksum_type(), Some(&ChecksumType::Composite));
            for part in page.parts() {
                assert_eq!(part.e_tag(), Some("\"900150983cd24fb0d6963f7d28e17f72\""));
                assert_eq!(part.size(), Some(3));
                assert_eq!(part.checksum_crc32_c(), Some("Nks/tw=="));
                numbers.push(part.part_number().unwrap());
            }
        }
        assert_eq!(numbers, [2, 7, 10, 10_000], "{page} a page");
    }
}

#[tokio::test(start_paused = true)]
async fn uploads_are_listed_by_key_and_age_in_pages() {
    let aws = two_buckets(false);
    let s3 = s3(&aws, "us-east-1");
    let mut begun = Vec::new();
    for key in ["b", "a/1", "b", "a/2", "b", "c"] {
        tokio::time::advance(Duration::from_secs(1)).await;
        begun.push((key.to_owned(), begin(&s3, key).await));
    }
    let expected = |prefix: &str| {
        let mut under: Vec<_> = begun
            .iter()
            .filter(|(k, _)| k.starts_with(prefix))
            .collect();
        under.sort_by_key(|(key, _)| key.clone());
        under.into_iter().cloned().collect::<Vec<_>>()
    };
    for prefix in ["", "a/", "b", "d"] {
        for most in [1, 2, 1000] {
            let (mut listed, mut key, mut id) = (Vec::new(), None, None);
            loop {
                let list = s3.list_multipart_uploads().bucket("raw").prefix(prefix);
                let list = list.set_key_marker(key).set_upload_id_marker(id);
                let page = list.max_uploads(most).send().await.unwrap();
                let found = page.uploads().iter().map(|upload| {
                    let key = upload.key().unwrap().to_owned();
                    (key, upload.upload_id().unwrap().to_owned())
                });
                listed.extend(found);
                assert!(listed.len() <= begun.len(), "pages that never end");
                if page.is_truncated() == Some(false) {
                    break;
                }
                (key, id) = (page.next_key_marker, page.next_upload_id_marker);
            }
            assert_eq!(listed, expected(prefix), "{prefix:?}, {most} a page");
        }
    }
    let keys: Vec<_> = aws.uploads("raw").into_iter().map(|u| u.key).collect();
    assert_eq!(keys, ["a/1", "a/2", "b", "b", "b", "c"]);
    let after = s3.list_multipart_uploads().bucket("raw").key_marker("b");
    let after = after.send().await.unwrap();
    let keys: Vec<_> = after.uploads().iter().filter_map(|u| u.key()).collect();
    assert_eq!(keys, ["c"], "a key alone means what comes after it");
}
