//! `brigade health`: for container health checks, where there is no curl.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use anyhow::Context;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::config::Config;

/// ECS gives a check 5 s.
const PATIENCE: Duration = Duration::from_secs(4);

/// Ask a running daemon whether it is well
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  brigade health
  brigade health --ready   # also fails while AWS does not answer")]
pub(super) struct Health {
    /// Ask /ready instead of /live
    #[arg(long)]
    ready: bool,
}

impl Health {
    /// Asks the daemon that `admin.listen` names.
    pub(super) async fn run(self, config: &Config) -> anyhow::Result<()> {
        let at = reachable(config.admin.listen);
        let path = if self.ready { "/ready" } else { "/live" };
        let asked = tokio::time::timeout(PATIENCE, ask(at, path)).await;
        let answer = asked
            .with_context(|| format!("http://{at}{path} has not answered in {PATIENCE:?}"))?
            .with_context(|| format!("http://{at}{path} cannot be reached"))?;
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        let well = head.split_whitespace().nth(1) == Some("200");
        anyhow::ensure!(well, "{}", body.trim());
        Ok(())
    }
}

async fn ask(at: SocketAddr, path: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(at).await?;
    let request = format!("GET {path} HTTP/1.0\r\nHost: {at}\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer)
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
