//! The command line as a whole: its examples, its manual, its exit codes.

use clap::Command as Definition;

use super::*;
use crate::queue::SqsError;

#[test]
fn the_command_line_is_sound() {
    Cli::command().debug_assert();
}

#[test]
fn only_what_starting_again_cannot_mend_ends_with_64() {
    let key = || "queue.events.url".to_owned();
    let refused = |why: &str| StartError::Refused {
        key: key(),
        url: "u".into(),
        error: SqsError::Refused {
            op: "GetQueueAttributes",
            why: why.into(),
        },
    };
    let no_queue = StartError::NoQueue {
        key: key(),
        url: "u".into(),
    };
    for (why, error, code) in [
        ("a configuration", Refusal(Vec::new()).into(), 64),
        (
            "regions that contradict it",
            StartError::Config(Refusal(Vec::new())).into(),
            64,
        ),
        ("a queue that is not there", no_queue.into(), 64),
        (
            "no dead-letter queue",
            StartError::NoDeadLetterQueue {
                name: "events".into(),
            }
            .into(),
            64,
        ),
        (
            "no credentials",
            refused("no usable credentials: none in chain").into(),
            1,
        ),
        ("no permission", refused("AccessDenied: no").into(), 1),
        ("interrupted", Interrupted("asked to".into()).into(), 130),
        ("anything else", anyhow::anyhow!("a stage has died"), 1),
    ] {
        assert_eq!(exit_code(&error), code, "{why}");
    }
}

/// The help of each command, by its name.
fn helps() -> Vec<(String, String)> {
    let mut all = Cli::command();
    all.build();
    let of = |command: &Definition| {
        (
            command.get_name().to_owned(),
            command.clone().render_long_help().to_string(),
        )
    };
    let mut helps: Vec<_> = all
        .get_subcommands()
        .map(of)
        .filter(|(name, _)| name != "help")
        .collect();
    helps.push(of(&all));
    helps
}

#[test]
fn each_command_has_an_example_that_its_own_parser_takes() {
    for (name, help) in helps() {
        let examples = help
            .split("Examples:\n")
            .nth(1)
            .unwrap_or_else(|| panic!("{name}: {help}"));
        let lines = examples.lines().take_while(|line| line.starts_with("  "));
        let mut taken = 0;
        for line in lines {
            for part in line.split(" && ").flat_map(|part| part.split(" | ")) {
                let part = part.split(['#', '>']).next().unwrap_or_default();
                let Some(at) = part.find("brigade ") else {
                    continue;
                };
                let words = words(&part[at..]);
                if let Err(refused) = Cli::try_parse_from(&words) {
                    panic!("{name}: {words:?}: {refused}");
                }
                taken += 1;
            }
        }
        assert!(taken > 0, "{name} has no example of itself: {help}");
    }
}

/// As a shell would split it, single quotes obeyed.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quoted) = (Vec::new(), String::new(), false);
    for c in line.chars() {
        match c {
            '\'' => quoted = !quoted,
            ' ' if !quoted => words.push(std::mem::take(&mut word)),
            c => word.push(c),
        }
    }
    words.push(word);
    words.retain(|word| !word.is_empty());
    words
}

#[test]
fn the_help_says_where_to_read_on_what_the_codes_mean_and_which_variables_count() {
    let help = Cli::command().render_long_help().to_string();
    for reported in [
        "Documentation:",
        "README.md",
        "Exit codes:",
        "64 ",
        "130 ",
        "BRIGADE_CONFIG ",
        "BRIGADE_CONFIG_TOML",
        "BRIGADE_<SECTION>__<KEY>",
        "RUST_LOG",
        "AWS_*",
        "--log-level",
        "--verbose",
        "--quiet",
    ] {
        assert!(help.contains(reported), "{reported} is not in:\n{help}");
    }
    assert!(
        help.lines().all(|line| line.chars().count() <= 120),
        "{help}"
    );
}

#[test]
fn the_manual_has_a_page_for_brigade_and_one_for_each_command() {
    for (line, reported) in [
        (
            &["brigade", "man"][..],
            &[
                ".TH brigade 1",
                "Exit codes",
                "BRIGADE_CONFIG_TOML",
                "brigade\\-query(1)",
            ][..],
        ),
        (
            &["brigade", "man", "query"],
            &[
                ".TH brigade-query 1",
                "\\-\\-workgroup",
                "\\-\\-log\\-level",
            ],
        ),
    ] {
        let Command::Man(page) = Cli::try_parse_from(line).unwrap().command else {
            panic!("{line:?}")
        };
        let mut out = Vec::new();
        page.print(&mut out).unwrap();
        let page = String::from_utf8(out).unwrap();
        for reported in reported {
            assert!(page.contains(reported), "{reported} is not in:\n{page}");
        }
    }
    let refused = Cli::try_parse_from(["brigade", "man", "qurey"]).unwrap_err();
    assert!(refused.to_string().contains("query"), "{refused}");
}

#[test]
fn the_version_says_of_which_commit_and_for_which_machine() {
    for (line, reported) in [
        (
            &["brigade", "version"][..],
            &["brigade 0", "\ncommit: ", "\ndate: ", "\ntarget: "][..],
        ),
        (
            &["brigade", "version", "--json"],
            &[
                "\"commit\": ",
                "\"date\": ",
                "\"target\": ",
                "\"version\": ",
            ],
        ),
    ] {
        let Command::Version(version) = Cli::try_parse_from(line).unwrap().command else {
            panic!("{line:?}")
        };
        let mut out = Vec::new();
        version.print(&mut out).unwrap();
        let out = String::from_utf8(out).unwrap();
        assert!(
            reported.iter().all(|reported| out.contains(reported)),
            "{out}"
        );
    }
    let long = Cli::try_parse_from(["brigade", "--version"])
        .unwrap_err()
        .to_string();
    assert!(long.contains("\ncommit: "), "{long}");
    let short = Cli::try_parse_from(["brigade", "-V"])
        .unwrap_err()
        .to_string();
    assert_eq!(short.lines().count(), 1, "{short}");
}

#[test]
fn what_is_missing_on_the_command_line_is_usage() {
    let args = Cli::try_parse_from([
        "brigade",
        "init",
        "--from",
        "s3://raw/",
        "--output",
        "new.toml",
    ])
    .unwrap();
    let Command::Init(args) = args.command else {
        panic!("init was asked for");
    };
    let wrong = init::init(&args, &[], false, &mut io::empty(), &mut Vec::new()).unwrap_err();
    assert!(wrong.is_usage(), "{wrong}");
    assert_eq!(exit_code(&Usage(wrong.to_string()).into()), USAGE);
}

#[test]
fn an_error_commands_no_terminal() {
    assert_eq!(lines("a\u{1b}[2J\nb\r"), "a\\u{1b}[2J\nb\\r");
}
