//! Which objects are meant, and where they come from: the command line, a listing, or standard input.

use std::io::{self, BufRead, BufReader, Read};

use anyhow::Context;

use crate::s3::{Bucket, ObjectLocation, S3};
use crate::work::Replicator;

/// A line is `s3://`, a bucket of 63 characters and a key of 1,024 bytes at most.
const LONGEST_LINE: u64 = 2048;

/// Lines that are read before they are worked.
const LINES: usize = 1000;

const WANTED: &str =
    "expected s3://BUCKET/KEY, s3://BUCKET/PREFIX/ or - for a list on standard input";

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum What {
    Object(ObjectLocation),
    /// All objects whose keys begin with the spot's.
    Below(ObjectLocation),
    /// Objects on standard input, one a line.
    List,
}

impl What {
    /// Reads the argument.
    pub(super) fn of(text: &str, recursive: bool) -> Result<Self, String> {
        if text == "-" {
            return Ok(Self::List);
        }
        let place = text
            .strip_prefix("s3://")
            .map(|rest| match rest.split_once('/') {
                Some((bucket, key)) => (bucket, key, true),
                None => (rest, "", false),
            });
        match place {
            Some((bucket, key, has_key)) if !bucket.is_empty() && (has_key || recursive) => {
                let below = recursive || key.is_empty() || key.ends_with('/');
                let location = ObjectLocation {
                    bucket: bucket.to_owned(),
                    key: key.to_owned(),
                };
                Ok(if below {
                    Self::Below(location)
                } else {
                    Self::Object(location)
                })
            }
            Some(_) | None => Err(format!("{text:?}: {WANTED}")),
        }
    }

    /// The bucket, where it is the same for all.
    pub(super) fn bucket(&self) -> Option<&str> {
        match self {
            Self::Object(location) | Self::Below(location) => Some(&location.bucket),
            Self::List => None,
        }
    }
}

/// Where objects come from, page by page.
pub(super) enum Objects<'a, R> {
    One(Option<ObjectLocation>),
    Listing(Listing<'a>),
    Lines {
        input: &'a mut BufReader<R>,
        /// How many have been read.
        read: u64,
    },
}

/// A prefix of a bucket, and how far it has been listed.
pub(super) struct Listing<'a> {
    s3: &'a S3,
    bucket: &'a Bucket,
    prefix: String,
    next: Next,
}

enum Next {
    First,
    From(String),
    End,
}

impl<'a, R: Read> Objects<'a, R> {
    pub(super) fn of(
        what: &What,
        replicator: &'a Replicator,
        input: &'a mut BufReader<R>,
    ) -> anyhow::Result<Self> {
        Ok(match what {
            What::Object(location) => Self::One(Some(location.clone())),
            What::Below(location) => Self::Listing(Listing::of(location, replicator)?),
            What::List => Self::Lines { input, read: 0 },
        })
    }

    /// The next objects, or lines that name none; nothing after the last.
    pub(super) async fn next(
        &mut self,
    ) -> anyhow::Result<Option<Vec<Result<ObjectLocation, String>>>> {
        match self {
            Self::One(location) => Ok(location.take().map(|location| vec![Ok(location)])),
            Self::Listing(listing) => listing.next().await,
            Self::Lines { input, read } => {
                Ok(lines(input, read).context("cannot read standard input")?)
            }
        }
    }
}

impl<'a> Listing<'a> {
    /// Through the first route that takes from there; no further than the routes reach.
    fn of(location: &ObjectLocation, replicator: &'a Replicator) -> anyhow::Result<Self> {
        let routes = replicator.routes.iter().filter(|route| {
            let (wanted, taken) = (&location.key, &route.from.prefix);
            route.from.bucket == location.bucket
                && (wanted.starts_with(taken) || taken.starts_with(wanted))
        });
        let routes: Vec<_> = routes.collect();
        let Some(first) = routes.first() else {
            anyhow::bail!("no route takes objects from {location}");
        };
        let shared = routes
            .iter()
            .fold(first.from.prefix.as_str(), |shared, route| {
                common(shared, &route.from.prefix)
            });
        let prefix = if shared.starts_with(&location.key) {
            shared
        } else {
            &location.key
        };
        Ok(Self {
            s3: replicator.s3_clients.of(first.from_account.as_deref()),
            bucket: &first.source_bucket,
            prefix: prefix.to_owned(),
            next: Next::First,
        })
    }

    async fn next(&mut self) -> anyhow::Result<Option<Vec<Result<ObjectLocation, String>>>> {
        let from = match &self.next {
            Next::First => None,
            Next::From(from) => Some(from.as_str()),
            Next::End => return Ok(None),
        };
        let page = self.s3.list(self.bucket, &self.prefix, from).await?;
        self.next = page.next.map_or(Next::End, Next::From);
        let bucket = &self.bucket.name;
        let spots = page.keys.into_iter().map(|key| {
            Ok(ObjectLocation {
                bucket: bucket.clone(),
                key,
            })
        });
        Ok(Some(spots.collect()))
    }
}

/// What two texts begin with.
fn common<'t>(one: &'t str, other: &str) -> &'t str {
    let pairs = one.char_indices().zip(other.chars());
    let differ = pairs.into_iter().find(|((_, a), b)| a != b);
    let end = differ.map_or(one.len().min(other.len()), |((at, _), _)| at);
    &one[..end]
}

/// The lines that are there, a page at most; waits for the first only, so that a slow writer's are worked as
/// they come. A blank line is left out.
fn lines(
    input: &mut BufReader<impl Read>,
    read: &mut u64,
) -> io::Result<Option<Vec<Result<ObjectLocation, String>>>> {
    let mut page = Vec::new();
    while page.len() < LINES && (page.is_empty() || input.buffer().contains(&b'\n')) {
        let mut line = Vec::new();
        let count = input
            .by_ref()
            .take(LONGEST_LINE)
            .read_until(b'\n', &mut line)?;
        if count == 0 {
            break;
        }
        *read += 1;
        if count as u64 == LONGEST_LINE && !line.ends_with(b"\n") {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                format!("line {read} is longer than any s3://BUCKET/KEY"),
            ));
        }
        let text = String::from_utf8_lossy(&line);
        let text = text.strip_suffix('\n').unwrap_or(&text);
        let text = text.strip_suffix('\r').unwrap_or(text);
        if !text.is_empty() {
            page.push(
                object(text).ok_or_else(|| format!("line {read} is no s3://BUCKET/KEY: {text}")),
            );
        }
    }
    Ok((!page.is_empty()).then_some(page))
}

/// One object of a list, whose key may end in a slash.
fn object(text: &str) -> Option<ObjectLocation> {
    let (bucket, key) = text.strip_prefix("s3://")?.split_once('/')?;
    let is_whole = !bucket.is_empty() && !key.is_empty();
    is_whole.then(|| ObjectLocation {
        bucket: bucket.to_owned(),
        key: key.to_owned(),
    })
}
