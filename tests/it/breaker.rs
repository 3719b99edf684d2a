//! Objects that can never be copied do not stop those that can, and an outage dead-letters nothing.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::sleep;

use crate::aws::{Denial, Fault, HOME_KEY, Mischief, Rule, Tear, TestObject};
use crate::seeds::setting;
use crate::stage::{Daemon, Stage, events, until, work};

/// Objects that cannot be copied, unless `BAD` says otherwise: `BAD=1000` takes minutes.
const BAD: usize = 300;

/// A good object comes as often.
const APART: Duration = Duration::from_secs(2);

/// So long there is live traffic.
const TRAFFIC: Duration = Duration::from_mins(10);

/// Why objects cannot be copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flaw {
    /// Encrypted with a key of its owner's: 400 `InvalidRequest`.
    CustomerKey,
    Archived,
    Denied,
    KmsKey,
    Corrupt,
    Throttled,
    Unanswered,
}

impl Flaw {
    fn reason(self) -> &'static str {
        match self {
            Self::CustomerKey => "refused",
            Self::Archived => "archived",
            Self::Denied => "denied",
            Self::KmsKey => "kms_key",
            Self::Corrupt => "integrity",
            Self::Throttled => "throttled",
            Self::Unanswered => "unanswered",
        }
    }

    /// Puts so many of them.
    fn put(self, stage: &Stage, count: usize) {
        let prefix = format!("in/{}-", self.reason());
        let struck = format!("/{}-", self.reason());
        let on = |fault, op| {
            let struck = struck.clone();
            let rule = Rule::new(fault).on("s3", op);
            stage
                .aws
                .inject(rule.when(move |call| call.key.contains(&struck)));
        };
        match self {
            Self::CustomerKey | Self::Archived => {}
            Self::Denied => stage
                .aws
                .access(|access| access.deny(denial("s3:GetObject", &format!("raw/{prefix}")))),
            Self::KmsKey => on(Fault::KeyDisabled, "CopyObject"),
            Self::Corrupt => on(Fault::Torn(Tear::Flip), "GetObject"),
            Self::Throttled => on(Fault::SlowDown, "CopyObject"),
            Self::Unanswered => on(Fault::InternalError, "CopyObject"),
        }
        for n in 0..count {
            let seed = TestObject::new(&format!("{prefix}{n}"), "bad");
            let seed = match self {
                Self::CustomerKey => seed.customer_key(),
                Self::Archived => seed.storage_class("GLACIER"),
                Self::Corrupt => seed.unsummed(),
                Self::Denied | Self::KmsKey | Self::Throttled | Self::Unanswered => seed,
            };
            stage.aws.put("raw", seed);
        }
    }
}

fn denial(action: &str, resource: &str) -> Denial {
    Denial {
        access_key: HOME_KEY.into(),
        action: action.into(),
        resource: resource.into(),
    }
}

/// A queue that hands out whatever it likes.
fn shuffled(seed: u64) -> Stage {
    let stage = Stage::new(seed);
    stage.aws.make_mischief(Mischief {
        shuffle: true,
        ..Mischief::default()
    });
    stage
}

async fn start(stage: &Stage, streamed: bool) -> Daemon {
    let mut config = stage.config(if streamed {
        "transfer = \"stream\""
    } else {
        ""
    });
    let queue = events(&mut config);
    queue.max_attempts = 5;
    queue.visibility_timeout = Duration::from_secs(30);
    stage.start(&config).await
}

/// Puts good objects while bad ones are in the queue; when each was put.
async fn traffic(stage: &Stage) -> Vec<(String, Timestamp)> {
    let count = TRAFFIC.as_secs() / APART.as_secs();
    let mut put = Vec::new();
    for n in 0..count {
        let name = format!("good-{n}");
        put.push((name.clone(), stage.aws.now()));
        stage.put(&name, "good");
        sleep(APART).await;
    }
    put
}

/// The lag that 99 of 100 good objects kept within.
fn p99(stage: &Stage, put: &[(String, Timestamp)]) -> Duration {
    let lag = |(name, at): &(String, Timestamp)| {
        let history = stage.aws.history("lake", &format!("orders/{name}")).0;
        let copied = history.first().map(|write| write.at);
        let lag = copied.map(|copied| copied.duration_since(*at));
        lag.and_then(|lag| lag.try_into().ok())
            .unwrap_or(Duration::MAX)
    };
    let mut lags: Vec<_> = put.iter().map(lag).collect();
    lags.sort();
    lags[lags.len() * 99 / 100]
}

async fn flawed(flaws: &[Flaw], seed: u64) {
    let stage = shuffled(seed);
    let why = format!("{flaws:?}, seed {seed}");
    let streamed = flaws.contains(&Flaw::Corrupt);
    let bad = setting("BAD").map_or(BAD, |bad| usize::try_from(bad).expect("a number"));
    for flaw in flaws {
        flaw.put(&stage, bad / flaws.len());
    }
    stage.put("first", "good");
    let daemon = start(&stage, streamed).await;
    let put = traffic(&stage).await;
    let lag = p99(&stage, &put);
    assert!(lag <= Duration::from_secs(30), "{why}: p99 lag is {lag:?}");
    let dead_lettered = stage.dead_lettered().await;
    for flaw in flaws {
        let named = dead_lettered
            .iter()
            .filter(|(reason, _)| reason == flaw.reason());
        assert_eq!(named.count(), bad / flaws.len(), "{why}: {}", flaw.reason());
    }
    assert!(!daemon.is_paused("orders"), "{why}");
    daemon.stop().await;
    for (name, _) in put {
        assert!(stage.copy(&name).is_some(), "{why}: {name}");
    }
}

#[tokio::test(start_paused = true)]
async fn many_objects_that_cannot_be_copied_delay_nobody() {
    for flaw in [
        Flaw::CustomerKey,
        Flaw::Archived,
        Flaw::Denied,
        Flaw::KmsKey,
        Flaw::Corrupt,
        Flaw::Throttled,
        Flaw::Unanswered,
    ] {
        flawed(&[flaw], 1).await;
    }
}

#[tokio::test(start_paused = true)]
async fn nor_do_several_kinds_of_them() {
    let inside = [
        Flaw::CustomerKey,
        Flaw::Archived,
        Flaw::Denied,
        Flaw::KmsKey,
        Flaw::Unanswered,
    ];
    for seed in 1..3 {
        flawed(&inside, seed).await;
        flawed(&[Flaw::CustomerKey, Flaw::Corrupt], seed).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_real_outage_among_them_dead_letters_nothing_that_is_good() {
    for (why, action, resource) in [
        ("nothing can be read", "s3:GetObject", "raw"),
        ("nothing can be written", "s3:PutObject", "lake"),
        ("no bucket can be asked", "s3:PutObject", ""),
    ] {
        let stage = shuffled(1);
        let daemon = start(&stage, false).await;
        stage.put("first", "good");
        until("it works", || stage.copy("first").is_some()).await;
        Flaw::CustomerKey.put(&stage, 100);
        let denial = denial(action, resource);
        stage.aws.access(|access| access.deny(denial.clone()));
        for n in 0..300 {
            stage.put(&format!("good-{n}"), "good");
        }
        until("the route is paused", || daemon.is_paused("orders")).await;
        let before = stage.aws.calls_made();
        sleep(Duration::from_hours(2)).await;
        let probes = stage.aws.calls_made() - before;
        assert!(probes < 3_000, "{why}: {probes} calls in two hours");
        stage.aws.access(|access| access.allow(&denial));
        stage.drained().await;
        daemon.stop().await;
        let dead_lettered = stage.dead_lettered().await;
        assert!(
            dead_lettered.iter().all(|(reason, _)| reason == "refused"),
            "{why}: {dead_lettered:?}"
        );
        for n in 0..300 {
            assert!(stage.copy(&format!("good-{n}")).is_some(), "{why}: {n}");
        }
    }
}

/// Answers that would stop a route if they were given for all its objects.
const OF_A_ROUTE: [(&str, u16, &str); 2] = [
    (
        "not_implemented",
        501,
        "<Error><Code>NotImplemented</Code><Message>x-amz-tagging</Message></Error>",
    ),
    (
        "credentials",
        403,
        "<Error><Code>SignatureDoesNotMatch</Code><Message>m</Message></Error>",
    ),
];

/// Copies of these keys are answered so.
fn answer(stage: &Stage, key: &'static str, status: u16, body: &'static str) {
    let rule = Rule::new(Fault::Answer { status, body }).on("s3", "CopyObject");
    let rule = rule.when(move |call| call.key.contains(key));
    stage.aws.inject(rule);
}

#[tokio::test(start_paused = true)]
async fn an_answer_about_the_route_that_only_some_objects_get_delays_nobody() {
    for (reason, status, body) in OF_A_ROUTE {
        let stage = shuffled(1);
        let daemon = start(&stage, false).await;
        stage.put("first", "good");
        until("it works", || stage.copy("first").is_some()).await;
        answer(&stage, "/odd-", status, body);
        for n in 0..BAD {
            stage.put(&format!("odd-{n}"), "bad");
        }
        let put = traffic(&stage).await;
        let lag = p99(&stage, &put);
        assert!(lag <= Duration::from_secs(30), "{reason}: {lag:?}");
        assert!(!daemon.is_paused("orders"), "{reason}");
        daemon.stop().await;
        let dead_lettered = stage.dead_lettered().await;
        assert_eq!(dead_lettered.len(), BAD, "{reason}");
        assert!(
            dead_lettered.iter().all(|(named, _)| named == reason),
            "{reason}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_about_the_route_that_all_objects_get_dead_letters_nothing() {
    for (reason, status, body) in OF_A_ROUTE {
        for count in [1, 300] {
            let stage = shuffled(1);
            let daemon = start(&stage, false).await;
            stage.put("first", "good");
            until("it works", || stage.copy("first").is_some()).await;
            let rule = Rule::new(Fault::Answer { status, body });
            let rule = rule.when(|call| call.service == "s3");
            stage.aws.inject(rule);
            for n in 0..count {
                stage.put(&format!("good-{n}"), "good");
            }
            sleep(Duration::from_hours(1)).await;
            assert!(daemon.is_paused("orders"), "{reason}, {count}");
            stage.aws.calm();
            stage.drained().await;
            daemon.stop().await;
            assert_eq!(stage.dead_lettered().await, [], "{reason}, {count}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_route_whose_own_setting_is_refused_is_paused_by_its_check() {
    let stage = Stage::new(1);
    // As for a storage class that the endpoint does not have.
    for op in ["CopyObject", "CreateMultipartUpload"] {
        stage.aws.inject(Rule::new(Fault::Invalid).on("s3", op));
    }
    for n in 0..300 {
        stage.put(&n.to_string(), "x");
    }
    let daemon = start(&stage, false).await;
    until("the route is paused", || daemon.is_paused("orders")).await;
    assert_eq!(daemon.route("orders")["reason"], "refused");
    sleep(Duration::from_hours(1)).await;
    stage.aws.calm();
    stage.drained().await;
    daemon.stop().await;
    let dead_lettered = stage.dead_lettered().await.len();
    assert_eq!(
        dead_lettered, 7,
        "those before the eighth, which was checked"
    );
}

#[tokio::test(start_paused = true)]
async fn an_outage_of_a_quiet_route_dead_letters_nothing() {
    let all = |fault| Some(Rule::new(fault).when(|call| call.service == "s3"));
    for (why, action, rule) in [
        ("nothing can be read", Some(("s3:GetObject", "raw")), None),
        (
            "nothing can be written",
            Some(("s3:PutObject", "lake")),
            None,
        ),
        ("all is throttled", None, all(Fault::SlowDown)),
        ("nothing is answered", None, all(Fault::InternalError)),
    ] {
        let stage = Stage::new(1);
        let daemon = start(&stage, false).await;
        stage.put("first", "good");
        until("it works", || stage.copy("first").is_some()).await;
        let denial = action.map(|(action, resource)| denial(action, resource));
        if let Some(denial) = denial.clone() {
            stage.aws.access(|access| access.deny(denial));
        }
        if let Some(rule) = rule {
            stage.aws.inject(rule);
        }
        for n in 0..3 {
            stage.put(&n.to_string(), "good");
            sleep(Duration::from_mins(1)).await;
        }
        sleep(Duration::from_hours(2)).await;
        if let Some(denial) = denial {
            stage.aws.access(|access| access.allow(&denial));
        }
        stage.aws.calm();
        stage.drained().await;
        daemon.stop().await;
        assert_eq!(stage.dead_lettered().await, [], "{why}");
    }
}

#[tokio::test(start_paused = true)]
async fn duplicates_hide_no_outage() {
    for (why, denied) in [
        ("nothing can be written", true),
        ("the source's key is disabled", false),
    ] {
        let stage = shuffled(1);
        let daemon = start(&stage, false).await;
        stage.put("first", "good");
        until("it works", || stage.copy("first").is_some()).await;
        stage.drained().await;
        let denial = denial("s3:PutObject", "lake");
        if denied {
            stage.aws.access(|access| access.deny(denial.clone()));
        } else {
            for op in ["CopyObject", "GetObject"] {
                stage.aws.inject(Rule::new(Fault::KeyDisabled).on("s3", op));
            }
        }
        for n in 0..300 {
            stage.put(&format!("good-{n}"), "good");
            stage.send(&work("in/first")).await;
            sleep(Duration::from_secs(1)).await;
        }
        assert!(daemon.is_paused("orders"), "{why}");
        stage.aws.access(|access| access.allow(&denial));
        stage.aws.calm();
        stage.drained().await;
        daemon.stop().await;
        assert_eq!(stage.dead_lettered().await, [], "{why}");
    }
}
