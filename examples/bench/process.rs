//! One run: two endpoints, one client process, and what it took.

use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::time::Instant;

use super::PATIENCE;
use super::cases::{Case, Client, What};
use super::endpoint::Endpoint;
use super::objects::Objects;
use super::queue::Queue;

/// What a run took.
#[derive(Debug)]
pub(crate) struct Cost {
    /// From the first request to the last write.
    pub(crate) took: Duration,
    /// Of the client, in user and in kernel.
    pub(crate) cpu: Duration,
    /// The most memory it ever had.
    pub(crate) rss: u64,
    pub(crate) s3: usize,
    pub(crate) sqs: usize,
}

/// Runs a client on fresh endpoints.
pub(crate) fn run(case: &Case, client: &Client) -> Result<Cost> {
    let runtime = Runtime::new()?;
    let prefix = if case.size > 1 << 20 {
        "large/"
    } else {
        "small/"
    };
    let objects = Objects::new(prefix, case.count, case.size);
    let queue = Queue::of(&objects, case.messages);
    let messages = queue.waiting.len();
    let queue = Arc::new(Mutex::new(queue));
    let endpoint = || Endpoint {
        objects: objects.clone(),
        delay: case.delay,
        queue: queue.clone(),
        seen: Arc::default(),
    };
    let (a, b) = (endpoint(), endpoint());
    let (at_a, at_b) = (serve(&runtime, &a)?, serve(&runtime, &b)?);
    let mut child = start(case, client, prefix, (&at_a, &at_b))?;
    let began = Instant::now();
    let is_brigade = matches!(client.what, What::Brigade { .. });
    let mut usage = None;
    loop {
        std::thread::sleep(Duration::from_millis(20));
        usage = read_usage(child.id()).or(usage);
        let copied = a.written() + b.written();
        let settled = a.queue().deleted >= messages;
        if is_brigade && copied >= case.count && settled || child.try_wait()?.is_some() {
            break;
        }
        if began.elapsed() > PATIENCE {
            child.kill()?;
            bail!("not done in {PATIENCE:?}: {copied} of {}", case.count);
        }
    }
    let (cpu, rss) = usage.context("it ended before it was looked at")?;
    child.kill()?;
    let mut told = String::new();
    if let Some(mut err) = child.stderr.take() {
        err.read_to_string(&mut told)?;
    }
    child.wait()?;
    let (a, b) = (a.seen(), b.seen());
    let right = a.right + b.right;
    let wrong = a.wrong + b.wrong;
    ensure!(
        right == case.count && wrong == 0,
        "{right} of {} right, {wrong} wrong: {told}",
        case.count
    );
    let dead_lettered = queue
        .lock()
        .map(|queue| queue.dead_lettered)
        .unwrap_or_default();
    ensure!(
        dead_lettered == 0,
        "{dead_lettered} messages were dead-lettered: {told}"
    );
    let first = [a.first, b.first]
        .into_iter()
        .flatten()
        .min()
        .context("no request came")?;
    let last = [a.last, b.last]
        .into_iter()
        .flatten()
        .max()
        .context("nothing was written")?;
    Ok(Cost {
        took: last - first,
        cpu,
        rss,
        s3: a.calls + b.calls,
        sqs: queue.lock().map(|queue| queue.calls).unwrap_or_default(),
    })
}

fn serve(runtime: &Runtime, endpoint: &Endpoint) -> Result<String> {
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
    let address = listener.local_addr()?.to_string();
    let router = endpoint.router();
    runtime.spawn(async move { axum::serve(listener, router).await });
    Ok(address)
}

fn start(case: &Case, client: &Client, prefix: &str, (a, b): (&str, &str)) -> Result<Child> {
    let mut command = match &client.what {
        What::Brigade { workers, memory } => {
            let target = if case.apart { "to_account = \"b\"" } else { "" };
            let config = format!(
                r#"
                admin.listen = "127.0.0.1:0"
                aws.region = "us-east-1"
                aws.endpoint_url = "http://{a}"
                aws.conditional_writes = "on"
                [account.b]
                region = "us-east-1"
                endpoint_url = "http://{b}"
                conditional_writes = "on"
                profile = "b"
                [queue.events]
                url = "http://{a}/000000000000/events"
                max_pollers = 8
                [work]
                workers = {workers}
                buffer_memory = "{memory}"
                [route.bench]
                from = "s3://src/{prefix}"
                to = "s3://dst/{prefix}"
                tags = "skip"
                {target}
                "#
            );
            let folder = std::env::temp_dir().join(format!("brigade-bench-{}", std::process::id()));
            std::fs::create_dir_all(&folder)?;
            let profile = folder.join("config");
            std::fs::write(
                &profile,
                "[profile b]\nregion = us-east-1\naws_access_key_id = test\naws_secret_access_key = test\n",
            )?;
            let mut command = Command::new("target/release/brigade");
            command
                .arg("run")
                .env("BRIGADE_CONFIG_TOML", config)
                .env("AWS_CONFIG_FILE", profile);
            command
        }
        What::Other(words) => {
            let mut command = Command::new(words[0]);
            command.args(
                words[1..]
                    .iter()
                    .map(|word| word.replace("http://A", &format!("http://{a}"))),
            );
            for (name, address) in [("A", a), ("B", b)] {
                let remote = [
                    ("TYPE", "s3".to_owned()),
                    ("PROVIDER", "AWS".to_owned()),
                    ("ENDPOINT", format!("http://{address}")),
                    ("REGION", "us-east-1".to_owned()),
                    ("ACCESS_KEY_ID", "test".to_owned()),
                    ("SECRET_ACCESS_KEY", "test".to_owned()),
                    ("FORCE_PATH_STYLE", "true".to_owned()),
                ];
                for (key, value) in remote {
                    command.env(format!("RCLONE_CONFIG_{name}_{key}"), value);
                }
            }
            command
        }
    };
    let name = command.get_program().to_owned();
    command
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .env("AWS_REGION", "us-east-1")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("RUST_LOG", "warn")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start {}: cargo build --release", name.display()))
}

/// Processor time and peak memory of a process, as Linux tells.
fn read_usage(process: u32) -> Option<(Duration, u64)> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let peak = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = peak.split_whitespace().next()?.parse().ok()?;
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // After the name, which may hold anything but ends in the last parenthesis.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks: u64 = fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?;
    // Linux counts in hundredths of a second towards processes.
    Some((Duration::from_millis(ticks * 10), kib << 10))
}
