//! The cases: how many objects of what size, which way, and who copies them.

use std::time::Duration;

/// What is copied.
#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) count: usize,
    pub(crate) size: u64,
    /// Until the first byte of each answer of S3.
    pub(crate) delay: Duration,
    pub(crate) messages: Messages,
    /// To another endpoint, so through the client.
    pub(crate) apart: bool,
    pub(crate) clients: Vec<Client>,
}

/// What the queue holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Messages {
    /// One of each object.
    Plain,
    /// The same, made as large as SQS takes them.
    Padded,
    /// Beside each a message of a thousand records, none of whose objects is there.
    Beside,
}

/// Who copies.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) name: String,
    pub(crate) what: What,
}

#[derive(Debug)]
pub(crate) enum What {
    /// `brigade run`, with so many workers and so much memory.
    Brigade { workers: u32, memory: &'static str },
    /// A program with arguments, in which `A` and `B` are the endpoints' addresses.
    Other(Vec<&'static str>),
}

impl Client {
    /// What its memory may be, where that is promised: 64 MiB and `work.buffer_memory`.
    pub(crate) fn bound(&self) -> String {
        match &self.what {
            What::Brigade { memory, .. } => {
                let memory: u64 = memory.trim_end_matches("MiB").parse().unwrap_or_default();
                format!("{} MiB", 64 + memory)
            }
            What::Other(_) => "–".into(),
        }
    }

    /// Whether its program is installed.
    pub(crate) fn is_there(&self) -> bool {
        let What::Other(command) = &self.what else {
            return true;
        };
        let path = std::env::var_os("PATH").unwrap_or_default();
        std::env::split_paths(&path).any(|folder| folder.join(command[0]).is_file())
    }
}

const GIB: u64 = 1 << 30;

/// rclone without all that it need not do here.
const LEAN: [&str; 5] = [
    "--no-check-dest",
    "--use-server-modtime",
    "--s3-no-head",
    "--s3-no-head-object",
    "--ignore-checksum",
];

#[expect(clippy::too_many_lines, reason = "a table")]
pub(crate) fn cases() -> Vec<Case> {
    let s5cmd = || {
        let copy = ["cp", "s3://src/small/*", "s3://dst/small/"];
        other(
            "s5cmd",
            &[
                &[
                    "s5cmd",
                    "--log",
                    "error",
                    "--numworkers",
                    "1024",
                    "--endpoint-url",
                    "http://A",
                ],
                &copy,
            ],
        )
    };
    let rclone = |from: &'static str, to: &'static str, more: &[&'static str]| {
        other(
            "rclone",
            &[&["rclone", "copy", from, to, "--s3-no-check-bucket"], more],
        )
    };
    let small = |name, delay, apart, count, clients| Case {
        name,
        count,
        size: 4_096,
        delay: Duration::from_millis(delay),
        messages: Messages::Plain,
        apart,
        clients,
    };
    let tuned = [
        &[
            "--s3-use-unsigned-payload=true",
            "--transfers",
            "64",
            "--checkers",
            "64",
        ],
        &LEAN[..],
    ]
    .concat();
    vec![
        small(
            "small",
            0,
            false,
            10_000,
            vec![s5cmd(), brigade(64, "256MiB"), brigade(256, "256MiB")],
        ),
        small(
            "small, 30 ms",
            30,
            false,
            10_000,
            vec![s5cmd(), brigade(256, "256MiB")],
        ),
        small(
            "small, streamed",
            0,
            true,
            5_000,
            vec![
                rclone("A:src/small", "B:dst/small", &tuned),
                brigade(64, "256MiB"),
                brigade(256, "256MiB"),
            ],
        ),
        Case {
            name: "large, streamed",
            count: 4,
            size: GIB,
            delay: Duration::ZERO,
            messages: Messages::Plain,
            apart: true,
            clients: vec![
                rclone(
                    "A:src/large",
                    "B:dst/large",
                    &["--s3-use-multipart-etag=false"],
                ),
                brigade(64, "64MiB"),
                brigade(64, "128MiB"),
            ],
        },
        Case {
            name: "2 GiB and parts, streamed",
            count: 2,
            size: 2 * GIB,
            delay: Duration::from_millis(30),
            messages: Messages::Plain,
            apart: true,
            clients: vec![
                brigade(64, "16MiB"),
                brigade(64, "64MiB"),
                brigade(64, "256MiB"),
            ],
        },
        Case {
            name: "16 MiB, streamed",
            count: 200,
            size: 16 << 20,
            delay: Duration::ZERO,
            messages: Messages::Plain,
            apart: true,
            clients: vec![brigade(64, "64MiB"), brigade(64, "256MiB")],
        },
        Case {
            messages: Messages::Padded,
            ..small(
                "messages of 1 MiB",
                0,
                false,
                300,
                vec![brigade(64, "16MiB"), brigade(64, "256MiB")],
            )
        },
        Case {
            messages: Messages::Beside,
            ..small(
                "beside 128 messages of 1,000 records",
                5,
                false,
                128,
                vec![brigade(64, "16MiB")],
            )
        },
    ]
}

fn brigade(workers: u32, memory: &'static str) -> Client {
    Client {
        name: format!("brigade, {workers} workers, {memory}"),
        what: What::Brigade { workers, memory },
    }
}

fn other(name: &str, command: &[&[&'static str]]) -> Client {
    Client {
        name: name.into(),
        what: What::Other(command.concat()),
    }
}
