//! `ListObjectsV2`.

use super::{s3, two_buckets};
use crate::aws::TestObject;

#[tokio::test(start_paused = true)]
async fn a_listing_is_in_order_in_pages_and_rolled_up() {
    let aws = two_buckets(true);
    for key in ["b", "a/2", "a/1 & <x>", "a/3/4", "c/1", "ü", "gone"] {
        aws.put("raw", TestObject::new(key, "abc"));
    }
    aws.delete("raw", "gone", None);
    let s3 = s3(&aws, "us-east-1");
    #[rustfmt::skip]
    let table = [
        ("all",              "",   "",  "",    vec!["a/1 & <x>", "a/2", "a/3/4", "b", "c/1", "ü"]),
        ("under a prefix",   "a/", "",  "",    vec!["a/1 & <x>", "a/2", "a/3/4"]),
        ("after a key",      "",   "",  "a/2", vec!["a/3/4", "b", "c/1", "ü"]),
        ("rolled up",        "",   "/", "",    vec!["b", "ü", "a/", "c/"]),
        ("rolled up, after", "",   "/", "a/2", vec!["b", "ü", "a/", "c/"]),
    ];
    for (why, prefix, delimiter, after, want) in table {
        for page in [1, 2, 1000] {
            let list = s3
                .list_objects_v2()
                .bucket("raw")
                .prefix(prefix)
                .max_keys(page);
            let list =
                list.set_delimiter(Some(delimiter.into()).filter(|d: &String| !d.is_empty()));
            let mut pages = list.start_after(after).into_paginator().send();
            let (mut keys, mut rolled) = (Vec::new(), Vec::new());
            while let Some(page) = pages.next().await {
                let page = page.unwrap();
                keys.extend(page.contents().iter().map(|o| o.key().unwrap().to_owned()));
                rolled.extend(
                    page.common_prefixes()
                        .iter()
                        .map(|p| p.prefix().unwrap().to_owned()),
                );
            }
            keys.extend(rolled);
            assert_eq!(keys, want, "{why}, {page} a page");
        }
    }
}
