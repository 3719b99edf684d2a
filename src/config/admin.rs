//! `[admin]`: where health, metrics and status are served.

use std::net::{Ipv4Addr, SocketAddr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::read::faults::Faults;
use crate::config::value::{list::OneOrMany, text};

/// `[admin]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Admin {
    /// Address and port. Loopback by default: nothing here asks who is calling.
    #[serde(deserialize_with = "text::read")]
    #[schemars(with = "String")]
    pub listen: SocketAddr,
    /// Names it answers to beside addresses and `localhost`, without a port; default: none. For whoever asks it by a name: a
    /// web page could otherwise read it through the browser of somebody who can reach it.
    #[schemars(with = "OneOrMany<String>")]
    pub allowed_hosts: Vec<String>,
}

impl Default for Admin {
    fn default() -> Self {
        Self {
            listen: (Ipv4Addr::LOCALHOST, 9900).into(),
            allowed_hosts: Vec::new(),
        }
    }
}

impl Admin {
    pub(crate) fn check(&self, faults: &mut Faults<'_>) {
        let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
        for name in &self.allowed_hosts {
            if name.is_empty() || !name.chars().all(is_part) {
                let why = format!(
                    "{name:?} is no host name: expected one without a port, such as \"brigade.internal\""
                );
                faults.refuse("admin.allowed_hosts", why);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::config::{Config, Sources};

    #[test]
    fn an_address_without_port_or_with_a_name_is_refused() {
        for listen in ["127.0.0.1", "localhost:9900", ":9900"] {
            let file = format!("[admin]\nlisten = \"{listen}\"");
            let said = Config::load(&Sources::text("f", &file))
                .unwrap_err()
                .to_string();
            let want = format!(
                "admin.listen in f = \"{listen}\": expected a numeric address and a port, such as \"127.0.0.1:9900\""
            );
            assert_eq!(said, want);
        }
    }

    #[test]
    fn a_host_is_a_name_without_anything_else() {
        for (host, good) in [
            ("brigade.internal", true),
            ("a.example, b.example", true),
            ("brigade:9900", false),
            ("http://brigade", false),
            ("*", false),
        ] {
            let file = format!("[admin]\nallowed_hosts = \"{host}\"");
            let loaded = Config::load(&Sources::text("f", &file));
            assert_eq!(loaded.is_ok(), good, "{host}");
        }
    }
}
