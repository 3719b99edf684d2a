//! Roles: who gets a session, and what it is good for.

use std::error::Error;
use std::time::Duration;

use aws_config::sts::AssumeRoleProvider;
use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_smithy_async::time::SystemTimeSource;

use super::{reported, two_buckets};
use crate::aws::Aws;

const ROLE: &str = "arn:aws:iam::444455556666:role/brigade";

/// A session, or why there is none.
async fn assume(
    aws: &Aws,
    role: &str,
    session: &str,
    id: Option<&str>,
) -> Result<Credentials, String> {
    let sdk = aws.sdk("eu-west-1").into_builder();
    let sdk = sdk.time_source(SystemTimeSource::new()).build();
    let mut role = AssumeRoleProvider::builder(role).session_name(session);
    if let Some(id) = id {
        role = role.external_id(id);
    }
    let role = role.configure(&sdk).build().await;
    role.provide_credentials().await.map_err(|error| {
        let mut reported = String::new();
        let mut cause: Option<&dyn Error> = Some(&error);
        while let Some(error) = cause {
            reported = format!("{reported}{error:?}");
            cause = error.source();
        }
        reported
    })
}

#[tokio::test(start_paused = true)]
async fn a_role_is_assumed_by_who_says_what_its_owner_wants_to_hear() {
    let aws = two_buckets(false);
    aws.create_role(ROLE, Some("the-word"));
    aws.create_role("arn:aws-cn:iam::444455556666:role/brigade", None);
    #[rustfmt::skip]
    let table = [
        ("with the word",       ROLE,                                         "brigade",  Some("the-word"), None),
        ("with another",        ROLE,                                         "brigade",  Some("a-guess"),  Some("AccessDenied")),
        ("with none",           ROLE,                                         "brigade",  None,             Some("AccessDenied")),
        ("no such role",        "arn:aws:iam::444455556666:role/other",       "brigade",  None,             Some("AccessDenied")),
        ("another partition's", "arn:aws-cn:iam::444455556666:role/brigade",  "brigade",  None,             Some("AccessDenied")),
        ("a name with a space", ROLE,                                         "my name",  Some("the-word"), Some("ValidationError")),
    ];
    for (why, role, session, id, refused) in table {
        match (assume(&aws, role, session, id).await, refused) {
            (Ok(credentials), None) => {
                assert!(credentials.session_token().is_some() && credentials.expiry().is_some());
            }
            (Err(reported), Some(code)) => assert!(reported.contains(code), "{why}: {reported}"),
            (got, want) => panic!("{why}: {got:?}, expected {want:?}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_session_is_good_for_an_hour_and_with_its_token_only() {
    let aws = two_buckets(false);
    aws.create_role(ROLE, None);
    let session = assume(&aws, ROLE, "brigade", None).await.unwrap();
    let without = Credentials::new(session.access_key_id(), "secret", None, None, "test");
    let put = async |credentials: &Credentials| {
        let sdk = aws.sdk("us-east-1").into_builder();
        let provider = SharedCredentialsProvider::new(credentials.clone());
        let s3 = aws_sdk_s3::Client::new(&sdk.credentials_provider(provider).build());
        reported(&s3.put_object().bucket("raw").key("k").send().await)
    };
    assert_eq!(put(&session).await, "ok");
    assert_eq!(put(&without).await, "403 InvalidAccessKeyId");
    tokio::time::advance(Duration::from_mins(59)).await;
    assert_eq!(put(&session).await, "ok");
    tokio::time::advance(Duration::from_mins(1)).await;
    assert_eq!(put(&session).await, "400 ExpiredToken");
}
