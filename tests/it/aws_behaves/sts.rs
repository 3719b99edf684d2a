//! Roles: who gets a session, and what it is good for.

use std::error::Error;
use std::time::Duration;

use aws_config::sts::AssumeRoleProvider;
use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_smithy_async::time::SystemTimeSource;

use super::{told, two_buckets};
use crate::aws::World;

const ROLE: &str = "arn:aws:iam::444455556666:role/brigade";

/// A session, or why there is none.
async fn assume(
    world: &World,
    role: &str,
    session: &str,
    id: Option<&str>,
) -> Result<Credentials, String> {
    let sdk = world.sdk("eu-west-1").into_builder();
    let sdk = sdk.time_source(SystemTimeSource::new()).build();
    let mut role = AssumeRoleProvider::builder(role).session_name(session);
    if let Some(id) = id {
        role = role.external_id(id);
    }
    let role = role.configure(&sdk).build().await;
    role.provide_credentials().await.map_err(|error| {
        let mut told = String::new();
        let mut cause: Option<&dyn Error> = Some(&error);
        while let Some(error) = cause {
            told = format!("{told}{error:?}");
            cause = error.source();
        }
        told
    })
}

#[tokio::test(start_paused = true)]
async fn a_role_is_assumed_by_who_says_what_its_owner_wants_to_hear() {
    let world = two_buckets(false);
    world.create_role(ROLE, Some("the-word"));
    world.create_role("arn:aws-cn:iam::444455556666:role/brigade", None);
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
        match (assume(&world, role, session, id).await, refused) {
            (Ok(credentials), None) => {
                assert!(credentials.session_token().is_some() && credentials.expiry().is_some());
            }
            (Err(told), Some(code)) => assert!(told.contains(code), "{why}: {told}"),
            (got, want) => panic!("{why}: {got:?}, expected {want:?}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_session_is_good_for_an_hour_and_with_its_token_only() {
    let world = two_buckets(false);
    world.create_role(ROLE, None);
    let session = assume(&world, ROLE, "brigade", None).await.unwrap();
    let without = Credentials::new(session.access_key_id(), "secret", None, None, "test");
    let put = async |credentials: &Credentials| {
        let sdk = world.sdk("us-east-1").into_builder();
        let provider = SharedCredentialsProvider::new(credentials.clone());
        let s3 = aws_sdk_s3::Client::new(&sdk.credentials_provider(provider).build());
        told(&s3.put_object().bucket("raw").key("k").send().await)
    };
    assert_eq!(put(&session).await, "ok");
    assert_eq!(put(&without).await, "403 InvalidAccessKeyId");
    tokio::time::advance(Duration::from_mins(59)).await;
    assert_eq!(put(&session).await, "ok");
    tokio::time::advance(Duration::from_mins(1)).await;
    assert_eq!(put(&session).await, "400 ExpiredToken");
}
