//! What Secrets Manager hands out, and to whom.

use aws_sdk_secretsmanager::Client;

use super::reported;
use crate::aws::{Aws, Denial, HOME_KEY};

#[tokio::test(start_paused = true)]
async fn a_secret_has_a_current_and_a_previous_version() {
    let aws = Aws::new(7);
    aws.keep_secret("us-east-1", "keys", "first");
    let get = async |stage: Option<&str>| {
        let get = Client::new(&aws.sdk("us-east-1")).get_secret_value();
        let get = get
            .secret_id("keys")
            .set_version_stage(stage.map(Into::into));
        let answer = get.send().await;
        let text = answer
            .as_ref()
            .ok()
            .and_then(|answer| answer.secret_string());
        text.map_or_else(|| reported(&answer), str::to_owned)
    };
    assert_eq!(get(None).await, "first");
    assert_eq!(get(Some("AWSCURRENT")).await, "first");
    let missing = "400 ResourceNotFoundException";
    assert_eq!(get(Some("AWSPREVIOUS")).await, missing);
    aws.keep_secret("us-east-1", "keys", "second");
    assert_eq!(get(None).await, "second");
    assert_eq!(get(Some("AWSPREVIOUS")).await, "first");
    assert_eq!(get(Some("AWSPENDING")).await, missing);
}

#[tokio::test(start_paused = true)]
async fn a_secret_is_of_one_region_and_of_another_account_only_by_its_arn() {
    let aws = Aws::new(7);
    aws.keep_secret("us-east-1", "keys", "hush");
    aws.access(|access| access.know("AKIATHEIRS", "arn:aws:iam::444455556666:user/brigade"));
    let arn = "arn:aws:secretsmanager:us-east-1:111122223333:secret:keys-a1B2c3";
    #[rustfmt::skip]
    let table = [
        ("by name",             HOME_KEY,     "us-east-1", "keys", "ok"),
        ("by ARN",              HOME_KEY,     "us-east-1", arn,    "ok"),
        ("by part of its ARN",  HOME_KEY,     "us-east-1", arn.trim_end_matches("-a1B2c3"), "ok"),
        ("another region",      HOME_KEY,     "eu-west-1", "keys", "400 ResourceNotFoundException"),
        ("another name",        HOME_KEY,     "us-east-1", "key",  "400 ResourceNotFoundException"),
        ("theirs, by name",     "AKIATHEIRS", "us-east-1", "keys", "400 ResourceNotFoundException"),
        ("theirs, by ARN",      "AKIATHEIRS", "us-east-1", arn,    "ok"),
        ("nobody's key",        "AKIANOONE",  "us-east-1", "keys", "400 UnrecognizedClientException"),
    ];
    for (why, key, region, id, want) in table {
        let get = Client::new(&aws.sdk_as(key, region)).get_secret_value();
        assert_eq!(reported(&get.secret_id(id).send().await), want, "{why}");
    }
    let denial = Denial {
        access_key: HOME_KEY.into(),
        action: "secretsmanager:GetSecretValue".into(),
        resource: "keys".into(),
    };
    aws.access(|access| access.deny(denial));
    let get = Client::new(&aws.sdk("us-east-1")).get_secret_value();
    let denied = reported(&get.secret_id("keys").send().await);
    assert_eq!(denied, "400 AccessDeniedException");
}
