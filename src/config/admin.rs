//! `[admin]`: where health, metrics and status are served.

use std::net::{Ipv4Addr, SocketAddr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::text;

/// `[admin]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Admin {
    /// Address and port. Loopback by default: nothing here asks who is calling.
    #[serde(deserialize_with = "text::one")]
    #[schemars(with = "String")]
    pub listen: SocketAddr,
}

impl Default for Admin {
    fn default() -> Self {
        Self {
            listen: (Ipv4Addr::LOCALHOST, 9900).into(),
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
}
