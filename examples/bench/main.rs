//! What a copy costs, measured: the daemon against an endpoint that costs next to nothing.
//!
//! ```text
//! cargo build --release && cargo run --release --example bench -- [CASE…] [--runs 3]
//! ```
//!
//! A case starts two endpoints (source and queue; destination), then `target/release/brigade` as a
//! process of its own, and waits until each object was copied right and each message deleted. Told
//! are the medians of the runs: objects or megabytes a second from the first request to the last
//! write, processor seconds of the daemon, its peak memory, and calls. s5cmd and rclone are
//! measured beside it, run by run, where they are installed. What integrity work each does is
//! told in docs/performance.md.

#![expect(clippy::print_stdout, reason = "a table is what it is for")]

mod cases;
mod endpoint;
mod objects;
mod process;
mod queue;

use std::time::Duration;

use anyhow::{Context, Result, bail};

use cases::{Case, Client, Messages, cases};
use process::Cost;

fn main() -> Result<()> {
    let mut wanted = Vec::new();
    let mut runs = 3;
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        if arg == "--runs" {
            runs = args.next().context("--runs needs a number")?.parse()?;
        } else {
            wanted.push(arg);
        }
    }
    let cases: Vec<Case> = cases();
    if let Some(unknown) = wanted
        .iter()
        .find(|w| cases.iter().all(|case| case.name != **w))
    {
        let names: Vec<&str> = cases.iter().map(|case| case.name).collect();
        bail!("no case {unknown}: there are {}", names.join(", "));
    }
    println!(
        "| case | client | rate | CPU | peak RSS | bound | S3 calls an object | SQS calls an object |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    for case in cases {
        if wanted.is_empty() || wanted.iter().any(|name| name == case.name) {
            measure(&case, runs)?;
        }
    }
    Ok(())
}

/// Runs all clients of a case in turn, and prints a row for each.
fn measure(case: &Case, runs: usize) -> Result<()> {
    let there: Vec<&Client> = case
        .clients
        .iter()
        .filter(|client| client.is_there())
        .collect();
    let mut costs: Vec<Vec<Cost>> = there.iter().map(|_| Vec::new()).collect();
    for _ in 0..runs {
        for (client, costs) in there.iter().zip(&mut costs) {
            let cost = process::run(case, client)
                .with_context(|| format!("{}: {}", case.name, client.name))?;
            costs.push(cost);
        }
    }
    for (client, costs) in there.iter().zip(&costs) {
        println!("{}", row(case, client, costs));
    }
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "told with three digits")]
fn row(case: &Case, client: &Client, costs: &[Cost]) -> String {
    let median = |of: &dyn Fn(&Cost) -> f64| {
        let mut all: Vec<f64> = costs.iter().map(of).collect();
        all.sort_by(f64::total_cmp);
        all[all.len() / 2]
    };
    let (count, bytes) = (case.count as f64, case.count as f64 * case.size as f64);
    let seconds = median(&|cost| cost.took.as_secs_f64());
    let cpu = median(&|cost| cost.cpu.as_secs_f64());
    let (rate, cpu) = if case.messages != Messages::Plain {
        // The others are what there is to wait for: how long the last of them did.
        let last = format!("the last copied after {seconds:.1} s");
        (last, format!("{cpu:.1} s"))
    } else if case.size > 1 << 20 {
        (
            format!("{:.0} MB/s", bytes / seconds / 1e6),
            format!("{:.2} s per GB", cpu / bytes * 1e9),
        )
    } else {
        (
            format!("{:.0}/s", count / seconds),
            format!("{:.3} s per 1,000", cpu / count * 1e3),
        )
    };
    let rss = median(&|cost| cost.rss as f64) / f64::from(1 << 20);
    let (s3, sqs) = (
        median(&|cost| cost.s3 as f64),
        median(&|cost| cost.sqs as f64),
    );
    format!(
        "| {} | {} | {rate} | {cpu} | {rss:.0} MiB | {} | {:.2} | {:.2} |",
        case.name,
        client.name,
        client.bound(),
        s3 / count,
        sqs / count
    )
}

/// No case takes longer.
const PATIENCE: Duration = Duration::from_mins(5);
