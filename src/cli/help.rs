//! What stands under the help of the command line, and of the commands that have no file for it.

/// Under `brigade -h`.
pub(super) const SHORT: &str = "Examples:
  brigade init              # write a starter configuration
  brigade check             # can it work, and if not, why
  brigade run               # the daemon

--help says more: exit codes, variables, documentation. 'brigade man' prints the manual.";

pub(super) const RUN: &str = "Examples:
  brigade run --config /etc/brigade/config.toml
  BRIGADE_QUEUE__EVENTS__URL=… BRIGADE_ROUTE__ORDERS__FROM=s3://raw/in/ BRIGADE_ROUTE__ORDERS__TO=s3://lake/orders/ brigade run

SIGTERM or SIGINT drains it; a second one exits at once. It ends with 64 where starting it again cannot help (the
configuration, a queue that does not exist), and with 1 where it may (credentials, permissions, a used port).";

pub(super) const INIT: &str = "Examples:
  brigade init
  brigade init --queue https://sqs.eu-west-1.amazonaws.com/111122223333/events --from s3://raw/in/ --to s3://lake/orders/";

pub(super) const CONFIG: &str = "Examples:
  brigade config show
  brigade config schema > brigade.schema.json";

pub(super) const COMPLETIONS: &str = "Examples:
  brigade completions bash > /etc/bash_completion.d/brigade";

/// Under `brigade --help`, and in the manual.
pub(super) fn long() -> String {
    let documentation = match env!("CARGO_PKG_REPOSITORY") {
        "" => "README.md, config.toml (every key with its default) and docs/, beside the source",
        address => address,
    };
    format!(
        "{LONG_START}

Documentation:
  {documentation}"
    )
}

const LONG_START: &str = "Examples:
  brigade init              # write a starter configuration
  brigade check             # can it work, and if not, why
  brigade run               # the daemon
  brigade run -v            # the same, and log every object

Exit codes:
  0    done
  1    failed
  64   refused: the configuration, or the command line
  130  interrupted
  141  nobody reads the output

Variables:
  BRIGADE_CONFIG            the configuration file, if there is no --config
  BRIGADE_CONFIG_TOML       the text of a whole configuration file
  BRIGADE_<SECTION>__<KEY>  one key, e.g. BRIGADE_WORK__WORKERS or BRIGADE_ROUTE__ORDERS__FROM
  BRIGADE__<KEY>            a key of no section, e.g. BRIGADE__ENVIRONMENT
  RUST_LOG                  what is logged, unless a flag says so; default: warn,brigade=info
  AWS_*                     region, credentials, profile and endpoints, as for the AWS CLI
  HTTPS_PROXY, HTTP_PROXY, NO_PROXY

Logs go to stderr: text on a terminal, else one JSON object a line.";
