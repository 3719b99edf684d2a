//! What each service says to access keys that are unknown, expired or signed with a wrong secret.

use super::{reported, s3, two_buckets};
use crate::aws::{Access, HOME_KEY, Queue, Standing};

#[tokio::test(start_paused = true)]
async fn each_service_has_its_own_words_for_bad_credentials() {
    type Change = fn(&mut Access);
    #[rustfmt::skip]
    let table: [(_, Change, [&str; 4]); 4] = [
        ("good",      |_| {},
         ["ok", "ok", "ok", "400 EntityNotFoundException"]),
        ("forgotten", |access| access.forget(HOME_KEY),
         ["403 InvalidAccessKeyId", "403 -", "403 InvalidClientTokenId", "403 InvalidClientTokenId"]),
        ("expired",   |access| access.stand(HOME_KEY, Standing::Expired),
         ["400 ExpiredToken", "400 -", "403 ExpiredToken", "403 ExpiredTokenException"]),
        ("wrong",     |access| access.stand(HOME_KEY, Standing::WrongSecret),
         ["403 SignatureDoesNotMatch", "403 -", "403 SignatureDoesNotMatch", "403 InvalidSignatureException"]),
    ];
    for (why, change, [put, head, send, crawl]) in table {
        let aws = two_buckets(false);
        let url = aws.create_queue(Queue::new("events", "us-east-1"));
        let s3 = s3(&aws, "us-east-1");
        aws.access(change);
        let result = s3.put_object().bucket("raw").key("k").send().await;
        assert_eq!(reported(&result), put, "{why}, PutObject");
        let result = s3.head_bucket().bucket("raw").send().await;
        assert_eq!(
            reported(&result),
            head,
            "{why}, HeadBucket has no body to say it in"
        );
        let queue = super::sqs(&aws).send_message();
        let result = queue.queue_url(&url).message_body("x").send().await;
        assert_eq!(reported(&result), send, "{why}, SendMessage");
        let glue = aws_sdk_glue::Client::new(&aws.sdk("us-east-1"));
        let result = glue.start_crawler().name("none").send().await;
        assert_eq!(reported(&result), crawl, "{why}, StartCrawler");
        let done = aws.object("raw", "k").is_some();
        assert_eq!(done, why == "good", "{why}");
        assert_eq!(aws.queue(&url).messages().len(), usize::from(done), "{why}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_rotation_leaves_only_the_new_key() {
    let aws = two_buckets(false);
    let put = async |key: &str| {
        let s3 = aws_sdk_s3::Client::new(&aws.sdk_as(key, "us-east-1"));
        reported(&s3.put_object().bucket("raw").key("k").send().await)
    };
    let arn = "arn:aws:iam::111122223333:user/brigade";
    aws.access(|access| access.know("AKIANEW", arn));
    assert_eq!(put(HOME_KEY).await, "ok", "both, for a while");
    assert_eq!(put("AKIANEW").await, "ok");
    aws.access(|access| access.forget(HOME_KEY));
    assert_eq!(put(HOME_KEY).await, "403 InvalidAccessKeyId");
    assert_eq!(put("AKIANEW").await, "ok");
    aws.access(|access| access.stand("AKIANEW", Standing::WrongSecret));
    assert_eq!(put("AKIANEW").await, "403 SignatureDoesNotMatch");
    aws.access(|access| access.stand("AKIANEW", Standing::Good));
    assert_eq!(put("AKIANEW").await, "ok", "the right secret at last");
    aws.access(|access| access.stand("AKIANEW", Standing::Expired));
    assert_eq!(put("AKIANEW").await, "400 ExpiredToken");
    aws.access(|access| access.know("AKIANEW", arn));
    assert_eq!(put("AKIANEW").await, "ok", "known anew");
}
