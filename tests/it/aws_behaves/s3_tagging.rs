//! `GetObjectTagging`, `PutObjectTagging`, `DeleteObjectTagging`.

use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::types::{Tag, Tagging};
use serde_json::Value;

use super::{reported, s3, two_buckets};
use crate::aws::{Denial, HOME_KEY, Queue, TestObject};

fn tagging(tags: &[(&str, &str)]) -> Tagging {
    let tag = |(key, value): &(&str, &str)| Tag::builder().key(*key).value(*value).build();
    let tags: Result<Vec<_>, _> = tags.iter().map(tag).collect();
    let tagging = Tagging::builder().set_tag_set(Some(tags.unwrap()));
    tagging.build().unwrap()
}

async fn tags(s3: &Client, id: Option<&str>) -> Vec<(String, String)> {
    let get = s3.get_object_tagging().bucket("raw").key("k");
    let got = get.set_version_id(id.map(Into::into)).send().await.unwrap();
    let tags = got.tag_set.into_iter().map(|tag| (tag.key, tag.value));
    tags.collect()
}

fn pairs(tags: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = tags.iter().map(|(k, v)| ((*k).into(), (*v).into()));
    owned.collect()
}

#[tokio::test(start_paused = true)]
async fn tags_are_replaced_and_removed_without_touching_the_object() {
    let aws = two_buckets(true);
    let url = aws.create_queue(Queue::new("events", "us-east-1"));
    let older = aws.put("raw", TestObject::new("k", "1").tag("old", "1"));
    let older = older.id.as_deref();
    let before = aws.put("raw", TestObject::new("k", "2").tag("new", "2"));
    aws.notify("raw", &url);
    let s3 = s3(&aws, "us-east-1");
    assert_eq!(tags(&s3, None).await, pairs(&[("new", "2")]));
    assert_eq!(tags(&s3, older).await, pairs(&[("old", "1")]));

    tokio::time::advance(Duration::from_mins(1)).await;
    let strange = [("a + b", "/ü=@"), ("c", "")];
    let put = s3.put_object_tagging().bucket("raw").key("k");
    let put = put.tagging(tagging(&strange)).send().await.unwrap();
    assert_eq!(put.version_id(), before.id.as_deref());
    assert_eq!(tags(&s3, None).await, pairs(&strange));
    let put = s3.put_object_tagging().bucket("raw").key("k");
    let put = put.tagging(tagging(&[("old", "3")]));
    put.set_version_id(older.map(Into::into))
        .send()
        .await
        .unwrap();
    assert_eq!(tags(&s3, older).await, pairs(&[("old", "3")]));
    let delete = s3.delete_object_tagging().bucket("raw").key("k");
    delete.send().await.unwrap();
    assert_eq!(tags(&s3, None).await, pairs(&[]));
    assert_eq!(tags(&s3, older).await.len(), 1, "only the current one's");

    let after = aws.object("raw", "k").unwrap();
    assert_eq!(
        (after.modified, after.reign, &after.id),
        (before.modified, before.reign, &before.id)
    );
    assert_eq!(aws.history("raw", "k").0.len(), 2, "nothing was written");
    let queue = aws.queue(&url);
    let bodies = queue.messages().iter().skip(1).map(|m| {
        let body: Value = serde_json::from_str(&m.body).unwrap();
        body["Records"][0].clone()
    });
    let records: Vec<_> = bodies.collect();
    let names: Vec<_> = records.iter().map(|r| r["eventName"].clone()).collect();
    assert_eq!(
        names,
        [
            "ObjectTagging:Put",
            "ObjectTagging:Put",
            "ObjectTagging:Delete"
        ]
    );
    let object = &records[1]["s3"]["object"];
    assert_eq!(object["versionId"].as_str(), older);
    assert_eq!(object["eTag"], "c4ca4238a0b923820dcc509a6f75849b");
    assert_eq!(
        (&object["sequencer"], &object["size"]),
        (&Value::Null, &Value::Null)
    );
}

#[tokio::test(start_paused = true)]
async fn tags_have_limits() {
    let aws = two_buckets(false);
    aws.put("raw", TestObject::new("k", "abc"));
    let s3 = s3(&aws, "us-east-1");
    let (long, longer) = ("k".repeat(128), "k".repeat(129));
    let (value, too_much) = ("v".repeat(256), "v".repeat(257));
    let names: Vec<_> = (0..11).map(|n| format!("t{n}")).collect();
    let many: Vec<_> = names.iter().map(|name| (name.as_str(), "1")).collect();
    #[rustfmt::skip]
    let table: [(_, &[(&str, &str)], _); 11] = [
        ("ten",                 &many[..10],             "ok"),
        ("eleven",              &many,                   "400 BadRequest"),
        ("a long key",          &[(&long, "1")],         "ok"),
        ("too long a key",      &[(&longer, "1")],       "400 InvalidTag"),
        ("no key",              &[("", "1")],            "400 InvalidTag"),
        ("a key twice",         &[("a", "1"), ("a", "2")], "400 InvalidTag"),
        ("an odd key",          &[("a,b", "1")],         "400 InvalidTag"),
        ("an odd value",        &[("a", "1,2")],         "400 InvalidTag"),
        ("a key of AWS's own",  &[("aws:a", "1")],       "400 InvalidTag"),
        ("too long a value",    &[("a", &too_much)],     "400 InvalidTag"),
        ("a long value",        &[("a", &value)],        "ok"),
    ];
    for (why, set, want) in table {
        let before = tags(&s3, None).await;
        let put = s3.put_object_tagging().bucket("raw").key("k");
        let result = put.tagging(tagging(set)).send().await;
        assert_eq!(reported(&result), want, "{why}");
        let mut after = pairs(set);
        after.sort();
        let want = if result.is_ok() { after } else { before };
        assert_eq!(tags(&s3, None).await, want, "{why}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_has_no_tags_says_why() {
    #[rustfmt::skip]
    let table = [
        ("there",                "k",      None,         "",                            "ok"),
        ("a version of it",      "k",      Some("{id}"), "",                            "ok"),
        ("absent",               "absent", None,         "",                            "404 NoSuchKey"),
        ("absent, and secret",   "absent", None,         "s3:ListBucket",               "403 AccessDenied"),
        ("no such version",      "k",      Some("feed"), "",                            "404 NoSuchVersion"),
        ("deleted",              "gone",   None,         "",                            "405 MethodNotAllowed"),
        ("denied",               "k",      None,         "s3:{}ObjectTagging",          "403 AccessDenied"),
        ("a version is another", "k",      Some("{id}"), "s3:{}ObjectTagging",          "ok"),
        ("a version denied",     "k",      Some("{id}"), "s3:{}ObjectVersionTagging",   "403 AccessDenied"),
    ];
    for (why, key, id, denied, want) in table {
        for call in ["Get", "Put", "Delete"] {
            let aws = two_buckets(true);
            let version = aws.put("raw", TestObject::new("k", "abc")).id.unwrap();
            aws.put("raw", TestObject::new("gone", "abc"));
            aws.delete("raw", "gone", None);
            let (action, resource) = (denied.replace("{}", call), "raw".to_owned());
            let access_key = HOME_KEY.to_owned();
            aws.access(|access| {
                access.deny(Denial {
                    access_key,
                    action,
                    resource,
                });
            });
            let id = id.map(|id| id.replace("{id}", &version));
            let s3 = s3(&aws, "us-east-1");
            let reported = match call {
                "Get" => {
                    let get = s3.get_object_tagging().bucket("raw").key(key);
                    reported(&get.set_version_id(id).send().await)
                }
                "Put" => {
                    let put = s3.put_object_tagging().bucket("raw").key(key);
                    let put = put.set_version_id(id).tagging(tagging(&[("a", "1")]));
                    reported(&put.send().await)
                }
                _ => {
                    let delete = s3.delete_object_tagging().bucket("raw").key(key);
                    reported(&delete.set_version_id(id).send().await)
                }
            };
            assert_eq!(reported, want, "{call}, {why}");
        }
    }
}
