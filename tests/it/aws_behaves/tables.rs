//! Tables and their partitions.

use aws_sdk_glue::operation::batch_create_partition::BatchCreatePartitionOutput;
use aws_sdk_glue::types::{PartitionInput, StorageDescriptor};

use super::reported;
use crate::aws::{Aws, Denial, Fault, HOME_KEY, Rule, Table};

const REGION: &str = "eu-west-1";

fn input(values: &[&str]) -> PartitionInput {
    let location = format!("s3://lake/{}/", values.join("/"));
    PartitionInput::builder()
        .set_values(Some(values.iter().map(|value| (*value).into()).collect()))
        .storage_descriptor(StorageDescriptor::builder().location(location).build())
        .build()
}

fn aws() -> (Aws, aws_sdk_glue::Client) {
    let aws = Aws::new(1);
    aws.create_table(Table::new(REGION, "lake", "orders", &["dt", "region"]));
    let glue = aws_sdk_glue::Client::new(&aws.sdk(REGION));
    (aws, glue)
}

/// The code of each item that failed, by its values.
fn errors(output: &BatchCreatePartitionOutput) -> Vec<(String, String)> {
    let error = |error: &aws_sdk_glue::types::PartitionError| {
        let detail = error.error_detail().unwrap();
        (
            error.partition_values().join("/"),
            detail.error_code().unwrap().to_owned(),
        )
    };
    output.errors().iter().map(error).collect()
}

#[tokio::test(start_paused = true)]
async fn a_table_shows_its_keys_and_its_partitions_once_they_are_made() {
    let (aws, glue) = aws();
    let get = async |name: &str| {
        glue.get_table()
            .database_name("lake")
            .name(name)
            .send()
            .await
    };
    let table = get("orders").await.unwrap().table.unwrap();
    let keys: Vec<_> = table
        .partition_keys()
        .iter()
        .map(aws_sdk_glue::types::Column::name)
        .collect();
    assert_eq!(keys, ["dt", "region"]);
    let storage = table.storage_descriptor().unwrap();
    assert_eq!(storage.location(), Some("s3://lake/orders/"));
    assert_eq!(reported(&get("stock").await), "400 EntityNotFoundException");
    let elsewhere = aws_sdk_glue::Client::new(&aws.sdk("us-east-1"));
    let elsewhere = elsewhere.get_table().database_name("lake").name("orders");
    assert_eq!(
        reported(&elsewhere.send().await),
        "400 EntityNotFoundException",
        "another region"
    );

    let create = async |list: Vec<PartitionInput>| {
        let call = glue.batch_create_partition().database_name("lake");
        let call = call
            .table_name("orders")
            .set_partition_input_list(Some(list));
        call.send().await
    };
    let made = create(vec![input(&["1", "eu"]), input(&["2", "eu"])]).await;
    assert_eq!(errors(&made.unwrap()), []);
    // What is there already, and what is asked for twice, is told of each; the others are made.
    let list = vec![
        input(&["3", "eu"]),
        input(&["1", "eu"]),
        input(&["3", "eu"]),
    ];
    let there = |values: &str| (values.to_owned(), "AlreadyExistsException".to_owned());
    let made = create(list).await.unwrap();
    assert_eq!(errors(&made), [there("1/eu"), there("3/eu")]);

    let list = glue
        .get_partitions()
        .database_name("lake")
        .table_name("orders");
    let list = list.send().await.unwrap();
    let listed: Vec<_> = list
        .partitions()
        .iter()
        .map(|p| p.values().join("/"))
        .collect();
    assert_eq!(listed, ["1/eu", "2/eu", "3/eu"]);
    let locations = aws.table(REGION, "lake", "orders").partitions();
    let locations: Vec<_> = locations.into_values().collect();
    assert_eq!(
        locations,
        ["s3://lake/1/eu/", "s3://lake/2/eu/", "s3://lake/3/eu/"]
    );
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_a_partition_is_refused_with_all_that_came_with_it() {
    let (aws, glue) = aws();
    let many = |n: usize| (0..n).map(|i| input(&[&i.to_string(), "eu"])).collect();
    let long = "x".repeat(1025);
    for (list, want) in [
        (
            vec![input(&["1", "eu"]), input(&["1"])],
            "400 InvalidInputException",
        ),
        (
            vec![input(&["1", "eu"]), input(&["1", ""])],
            "400 InvalidInputException",
        ),
        (
            vec![input(&["1", "eu"]), input(&[&long, "eu"])],
            "400 InvalidInputException",
        ),
        (many(101), "400 ValidationException"),
        (many(100), "ok"),
    ] {
        let call = glue.batch_create_partition().database_name("lake");
        let call = call
            .table_name("orders")
            .set_partition_input_list(Some(list));
        assert_eq!(reported(&call.send().await), want);
        let made = aws.table(REGION, "lake", "orders").partitions().len();
        assert_eq!(made, if want == "ok" { 100 } else { 0 });
    }
}

#[tokio::test(start_paused = true)]
async fn partitions_can_be_denied_throttled_contended_and_fail_one_by_one() {
    let (aws, glue) = aws();
    let create = async || {
        let list = vec![input(&["1", "eu"]), input(&["2", "eu"])];
        let call = glue.batch_create_partition().database_name("lake");
        let call = call
            .table_name("orders")
            .set_partition_input_list(Some(list));
        call.send().await
    };
    let denial = Denial {
        access_key: HOME_KEY.into(),
        action: "glue:BatchCreatePartition".into(),
        resource: "table/lake/orders".into(),
    };
    aws.access(|access| access.deny(denial.clone()));
    assert_eq!(reported(&create().await), "400 AccessDeniedException");
    aws.access(|access| access.allow(&denial));
    for (fault, want) in [
        (Fault::SlowDown, "400 ThrottlingException"),
        (Fault::Conflict, "400 ConcurrentModificationException"),
        (Fault::InternalError, "500 InternalServiceException"),
    ] {
        aws.inject(Rule::new(fault).on("glue", "BatchCreatePartition").times(1));
        assert_eq!(reported(&create().await), want);
    }
    let rule = Rule::new(Fault::Entries(vec![0])).on("glue", "BatchCreatePartition");
    aws.inject(rule.times(1));
    let failed = ("1/eu".to_owned(), "InternalServiceException".to_owned());
    assert_eq!(errors(&create().await.unwrap()), [failed]);
    let made = aws.table(REGION, "lake", "orders").partitions();
    assert_eq!(made.into_keys().collect::<Vec<_>>(), [["2", "eu"]]);
}
