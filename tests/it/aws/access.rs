//! Who may do what: access keys, their standing, and denials that come and go.
//!
//! Everybody may do everything until it is denied: policies are not simulated, their effect is. So
//! it is with secrets: signatures are not computed, a test says from when on a key's are wrong.

use std::collections::BTreeMap;

use jiff::Timestamp;

/// The account of whatever names no other.
pub(crate) const HOME_ACCOUNT: &str = "111122223333";
/// The access key that [`super::Aws::sdk`] signs with.
pub(crate) const HOME_KEY: &str = "AKIAHOME";

/// Known access keys and what they may not do.
#[derive(Debug)]
pub(crate) struct Access {
    identities: BTreeMap<String, Identity>,
    denials: Vec<Denial>,
    now: Timestamp,
}

#[derive(Debug)]
struct Identity {
    arn: String,
    standing: Standing,
    /// Of a session: what must come with each request, and until when it is good.
    session: Option<(String, Timestamp)>,
}

/// What AWS makes of requests that are signed with a known access key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    Good,
    /// The session token that goes with the key has expired.
    Expired,
    /// The caller's secret is not, or no longer, the one that AWS has.
    WrongSecret,
}

/// Takes one action away from one access key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Denial {
    pub(crate) access_key: String,
    /// As in IAM: `s3:PutObject`.
    pub(crate) action: String,
    /// What the resource starts with, after the colons of its ARN: `bucket`, `bucket/key`, a
    /// queue's name.
    pub(crate) resource: String,
}

/// Why a caller is turned away.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Nobody has this access key, or not in this partition.
    UnknownKey,
    /// Known, but its session is over.
    Expired,
    /// Known, but signed with another secret.
    WrongSecret,
    /// Known, but not allowed.
    Denied {
        /// The caller's ARN.
        user: String,
    },
}

impl Default for Access {
    fn default() -> Self {
        let mut access = Self {
            identities: BTreeMap::new(),
            denials: Vec::new(),
            now: Timestamp::UNIX_EPOCH,
        };
        access.know_home();
        access
    }
}

impl Access {
    /// Makes the home key known.
    pub(crate) fn know_home(&mut self) {
        let arn = format!("arn:aws:iam::{HOME_ACCOUNT}:user/brigade");
        self.know(HOME_KEY, &arn);
    }

    /// Makes an access key known, in good standing, as the user or role of this ARN.
    pub(crate) fn know(&mut self, access_key: &str, arn: &str) {
        let identity = Identity {
            arn: arn.to_owned(),
            standing: Standing::Good,
            session: None,
        };
        self.identities.insert(access_key.to_owned(), identity);
    }

    /// The same, for as long as a session lasts.
    pub(super) fn know_session(&mut self, access_key: &str, arn: &str, token: &str, to: Timestamp) {
        self.know(access_key, arn);
        let identity = self.identities.get_mut(access_key);
        identity.expect("just made known").session = Some((token.to_owned(), to));
    }

    /// It is this late by now.
    pub(super) fn tick(&mut self, now: Timestamp) {
        self.now = now;
    }

    /// Whether a request brings the token that belongs to its key.
    pub(super) fn vouches(&self, access_key: &str, token: Option<&str>) -> bool {
        let identity = self.identities.get(access_key);
        let session = identity.and_then(|identity| identity.session.as_ref());
        session.map(|(token, _)| token.as_str()) == token
    }

    /// From now on a known key is worth this.
    pub(crate) fn stand(&mut self, access_key: &str, standing: Standing) {
        let identity = self.identities.get_mut(access_key);
        identity.expect("a test makes the key known first").standing = standing;
    }

    /// Forgets an access key: deleted or disabled.
    pub(crate) fn forget(&mut self, access_key: &str) {
        self.identities.remove(access_key);
    }

    pub(crate) fn deny(&mut self, denial: Denial) {
        self.denials.push(denial);
    }

    pub(crate) fn allow(&mut self, denial: &Denial) {
        self.denials.retain(|d| d != denial);
    }

    /// Whether the key is known in the region's partition, and its signature good. Access keys do
    /// not work across partitions (AWS General Reference, partitions).
    pub(crate) fn known(&self, access_key: &str, region: &str) -> Result<&str, Refusal> {
        let home = format!("arn:{}:", partition(region));
        let identity = self.identities.get(access_key);
        let identity = identity.filter(|identity| identity.arn.starts_with(&home));
        let identity = identity.ok_or(Refusal::UnknownKey)?;
        let over = identity
            .session
            .as_ref()
            .is_some_and(|(_, to)| *to <= self.now);
        match identity.standing {
            Standing::Good if over => Err(Refusal::Expired),
            Standing::Good => Ok(&identity.arn),
            Standing::Expired => Err(Refusal::Expired),
            Standing::WrongSecret => Err(Refusal::WrongSecret),
        }
    }

    pub(crate) fn check(
        &self,
        (access_key, region): (&str, &str),
        action: &str,
        resource: &str,
    ) -> Result<(), Refusal> {
        let user = self.known(access_key, region)?.to_owned();
        let denied = self.denials.iter().any(|d| {
            d.access_key == access_key && d.action == action && resource.starts_with(&d.resource)
        });
        if denied {
            Err(Refusal::Denied { user })
        } else {
            Ok(())
        }
    }
}

/// The partition a region belongs to (AWS General Reference, regions and partitions).
pub(crate) fn partition(region: &str) -> &'static str {
    match region.split('-').next() {
        Some("cn") => "aws-cn",
        Some("us") if region.starts_with("us-gov-") => "aws-us-gov",
        Some("eusc") => "aws-eusc",
        Some(_) | None => "aws",
    }
}
