//! `brigade health`: for container health checks, where there is no curl.

use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use anyhow::Context;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::catalog::printable;
use crate::config::Config;

/// Of an answer: whatever listens there may be no daemon of ours.
const LONGEST: u64 = 64 << 10;

/// ECS gives a check 5 s.
const PATIENCE: Duration = Duration::from_secs(4);

/// Ask a running daemon whether it is well
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  brigade health
  brigade health --ready   # also fails while AWS does not answer

Prints which check was asked and what it says. Exit code: 0 if it is well, 1 otherwise.")]
pub(super) struct Health {
    /// Ask /ready instead of /live
    #[arg(long)]
    ready: bool,
}

impl Health {
    /// Asks the daemon that `admin.listen` names, and prints what it says.
    pub(super) async fn run(self, config: &Config, out: &mut impl Write) -> anyhow::Result<()> {
        let at = reachable(config.admin.listen);
        let path = if self.ready { "/ready" } else { "/live" };
        let asked = tokio::time::timeout(PATIENCE, ask(at, path)).await;
        let answer = asked
            .with_context(|| format!("http://{at}{path} has not answered in {PATIENCE:?}"))?
            .with_context(|| format!("http://{at}{path} cannot be reached"))?;
        let (is_well, verdict) = verdict(&answer);
        let verdict = format!("http://{at}{path}: {verdict}");
        anyhow::ensure!(is_well, "{verdict}");
        Ok(writeln!(out, "{verdict}")?)
    }
}

async fn ask(at: SocketAddr, path: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(at).await?;
    let request = format!("GET {path} HTTP/1.0\r\nHost: {at}\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.take(LONGEST).read_to_end(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// Whether an answer is a 200; its status, and what it says in one line.
fn verdict(answer: &str) -> (bool, String) {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((answer, ""));
    let status = head.split_whitespace().nth(1).unwrap_or("no status");
    let said: Vec<_> = body.lines().filter(|line| !line.is_empty()).collect();
    let said = printable(&said.join("; "));
    (status == "200", format!("{} {said}", printable(status)))
}

/// Whoever listens on all addresses is asked on this machine's own.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip @ (IpAddr::V4(_) | IpAddr::V6(_)) => ip,
    };
    SocketAddr::new(ip, listen.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_found_is_said_in_one_line() {
        for (answer, well, want) in [
            ("HTTP/1.0 200 OK\r\na: b\r\n\r\nok\n", true, "200 ok"),
            (
                "HTTP/1.0 503 Service Unavailable\r\n\r\nqueue events: no answer\nroute r: paused\n",
                false,
                "503 queue events: no answer; route r: paused",
            ),
            ("HTTP/1.0 404 \r\n\r\n\u{1b}[2J", false, r"404 \u{1b}[2J"),
            ("", false, "no status "),
        ] {
            assert_eq!(verdict(answer), (well, want.to_owned()), "{answer:?}");
        }
    }

    #[tokio::test]
    async fn a_daemon_is_asked_and_its_verdict_printed() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut config = Config::default();
        config.admin.listen = listener.local_addr().unwrap();
        let answer = async {
            for status in ["200 OK", "503 Service Unavailable"] {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut asked = [0; 512];
                let read = stream.read(&mut asked).await.unwrap();
                assert!(asked[..read].starts_with(b"GET /ready HTTP/1.0\r\n"));
                let said = format!("HTTP/1.0 {status}\r\n\r\nso it is\n");
                stream.write_all(said.as_bytes()).await.unwrap();
            }
        };
        let ask = async {
            let mut out = Vec::new();
            Health { ready: true }.run(&config, &mut out).await.unwrap();
            let said = String::from_utf8(out).unwrap();
            assert!(said.ends_with("/ready: 200 so it is\n"), "{said}");
            let bad = Health { ready: true }.run(&config, &mut Vec::new()).await;
            let bad = bad.unwrap_err().to_string();
            assert!(bad.ends_with("/ready: 503 so it is"), "{bad}");
        };
        tokio::join!(answer, ask);
    }

    #[test]
    fn a_daemon_on_all_addresses_is_asked_on_this_machine() {
        for (listen, want) in [
            ("0.0.0.0:9900", "127.0.0.1:9900"),
            ("[::]:9900", "[::1]:9900"),
            ("127.0.0.1:9900", "127.0.0.1:9900"),
            ("10.0.0.5:80", "10.0.0.5:80"),
        ] {
            let at = |text: &str| text.parse::<SocketAddr>().expect("an address");
            assert_eq!(reachable(at(listen)), at(want), "{listen}");
        }
    }
}
