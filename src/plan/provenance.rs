//! Provenance metadata: the source version a copy was made from, where S3 cannot show that the two are equal.
//!
//! It is the user metadata `brigade-source` of the copy: JSON that names the source version, or its SHA-256 where the
//! source's own metadata leaves no room for more. With it a duplicate event costs two HEADs and never a second copy.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::expected::{ExpectedCopy, Identity, RulesHash};
use crate::event::to_percent;
use crate::hex::hex;
use crate::s3::{ETag, Object};

/// The metadata's name, without `x-amz-meta-`.
const NAME: &str = "brigade-source";

/// S3: names and values of an object's user metadata together, in bytes.
const LARGEST: usize = 2_048;

/// A longer key is represented by its SHA-256.
const LONGEST_KEY: usize = 512;

/// What stands before a digest.
const DIGEST: &str = "sha256:";

/// What stands after it where the tags are to follow.
const TAGS_FOLLOW: &str = ",tags";

/// Which source version a copy was made from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provenance {
    brigade: u32,
    kind: String,
    bucket: String,
    key: String,
    etag: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    /// Stands in for the version where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    modified: Option<Timestamp>,
    /// The copy was written without its tags; they were put onto it afterwards, or still are to be.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    tags_follow: bool,
    /// The MD5 of what was sent, where nobody was known to compare it. Not in the short form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    md5: Option<String>,
    /// The hash of the rules that derived its bytes from the source's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rules: Option<String>,
}

impl Provenance {
    /// What a copy carries.
    #[must_use]
    pub fn of(copy: &ExpectedCopy<'_>) -> Self {
        let object = copy.source();
        Self {
            brigade: 1,
            kind: "copy".into(),
            bucket: copy.from().bucket.clone(),
            key: key(&copy.from().key),
            etag: object.etag.as_str().to_owned(),
            version: object.version_id.clone(),
            modified: object.version_id.is_none().then_some(object.last_modified),
            tags_follow: false,
            md5: None,
            rules: match copy.identity() {
                Identity::SameBytes => None,
                Identity::DerivedBy(RulesHash(hash)) => Some(hex(&hash)),
            },
        }
    }

    /// Whether `copy` was made so, and has arrived as it was sent.
    pub(super) fn is_on(&self, copy: &Object) -> bool {
        let Some(value) = copy.metadata.get(NAME) else {
            return false;
        };
        if let Some(provenance) = Self::read(value) {
            let sent = provenance.md5.as_deref();
            let is_whole = !copy.is_md5() || sent.is_none_or(|md5| copy.etag.as_str() == md5);
            return is_whole && provenance.before_its_tags(false).of_body(None) == *self;
        }
        value.strip_suffix(TAGS_FOLLOW).unwrap_or(value) == self.short()
    }

    /// The same provenance, of a copy that may arrive otherwise than it was sent.
    #[must_use]
    pub fn of_body(self, md5: Option<&ETag>) -> Self {
        let md5 = md5.map(ToString::to_string);
        Self { md5, ..self }
    }

    /// The same provenance, of a copy that gets its tags after it was written.
    #[must_use]
    pub fn before_its_tags(self, tags_follow: bool) -> Self {
        Self {
            tags_follow,
            ..self
        }
    }

    /// Marks the user metadata that a copy is to have: in full where there is room, else by digest.
    pub(super) fn put_into(&self, metadata: &mut BTreeMap<String, String>) {
        let own = metadata.iter();
        let own: usize = own.map(|(name, value)| name.len() + value.len()).sum();
        let mut value = self.value();
        if own + NAME.len() + value.len() > LARGEST {
            value = self.short();
        }
        metadata.insert(NAME.to_owned(), value);
    }

    /// One line of ASCII.
    ///
    /// # Panics
    /// Never: strings and times can always be written as JSON.
    #[must_use]
    fn value(&self) -> String {
        serde_json::to_string(self).expect("strings and times can always be written as JSON")
    }

    /// The same in little.
    fn short(&self) -> String {
        let tags = if self.tags_follow { TAGS_FOLLOW } else { "" };
        let bare = self.clone().before_its_tags(false).of_body(None);
        let digest = digest(&bare.value());
        format!("{digest}{tags}")
    }

    /// Reads what is not a digest. What is not ours, or is of a newer release, proves nothing.
    fn read(value: &str) -> Option<Self> {
        let marker: Self = serde_json::from_str(value).ok()?;
        (marker.brigade == 1).then_some(marker)
    }
}

impl ExpectedCopy<'_> {
    /// Its user metadata: the source's own, and its provenance where it carries that.
    #[must_use]
    pub fn metadata(&self, provenance: Option<&Provenance>) -> BTreeMap<String, String> {
        let own = without(&self.source().metadata);
        let mut metadata: BTreeMap<_, _> = own.map(|(n, v)| (n.clone(), v.clone())).collect();
        if let Some(provenance) = provenance {
            provenance.put_into(&mut metadata);
        }
        metadata
    }
}

/// User metadata without our own: a source may itself be a copy.
pub(super) fn without(
    metadata: &BTreeMap<String, String>,
) -> impl Iterator<Item = (&String, &String)> {
    metadata.iter().filter(|(name, _)| *name != NAME)
}

/// Whether an object carries provenance metadata, whatever it says.
pub(super) fn has_provenance(object: &Object) -> bool {
    object.metadata.contains_key(NAME)
}

/// Whether a copy was left without the tags that should have followed. Others may have put theirs
/// onto it since, which are none of ours.
pub(super) fn lacks_tags(source: &Object, copy: &Object) -> bool {
    let follow = copy.metadata.get(NAME).is_some_and(|value| {
        let in_short = value.starts_with(DIGEST) && value.ends_with(TAGS_FOLLOW);
        in_short || Provenance::read(value).is_some_and(|provenance| provenance.tags_follow)
    });
    follow && source.tag_count.is_some_and(|count| count > 0) && copy.tag_count.unwrap_or(0) == 0
}

fn key(key: &str) -> String {
    let encoded = to_percent(key);
    if encoded.len() <= LONGEST_KEY {
        return encoded;
    }
    digest(key)
}

/// What stands for a text that is too long.
fn digest(text: &str) -> String {
    format!("{DIGEST}{}", hex(&Sha256::digest(text.as_bytes())))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::samples::object;
    use super::*;
    use crate::s3::{ETag, ObjectLocation};

    fn of(location: &ObjectLocation, object: &Object) -> Provenance {
        Provenance::of(&ExpectedCopy::of(location, object, Identity::SameBytes))
    }

    fn is_of(copy: &Object, location: &ObjectLocation, object: &Object) -> bool {
        of(location, object).is_on(copy)
    }

    fn location(key: &str) -> ObjectLocation {
        ObjectLocation {
            bucket: "raw".into(),
            key: key.into(),
        }
    }

    /// What a copy's metadata is, with so many bytes of the user's own.
    fn with_provenance(marker: &Provenance, bytes: usize) -> BTreeMap<String, String> {
        let own = (bytes > 0).then(|| ("k".to_owned(), "v".repeat(bytes - 1)));
        let mut metadata = own.into_iter().collect();
        marker.put_into(&mut metadata);
        metadata
    }

    fn size(metadata: &BTreeMap<String, String>) -> usize {
        metadata
            .iter()
            .map(|(name, value)| name.len() + value.len())
            .sum()
    }

    #[test]
    fn the_longest_key_leaves_room_for_the_users_metadata() {
        let marker = of(&location(&"ü".repeat(512)), &object());
        assert!(marker.value().len() < 800, "{}", marker.value().len());
        let other = of(&location(&"ö".repeat(512)), &object());
        assert_ne!(marker, other);
    }

    #[test]
    fn a_mark_is_as_long_as_there_is_room_for() {
        let marker = of(&location("a.csv"), &object());
        let (full, short) = (
            size(&with_provenance(&marker, 0)),
            NAME.len() + DIGEST.len() + 64,
        );
        for (own, want) in [
            (0, full),
            (LARGEST - full, full),
            (LARGEST - full + 1, short),
            (LARGEST - short, short),
        ] {
            assert_eq!(
                size(&with_provenance(&marker, own)),
                own + want,
                "{own} of the user's"
            );
        }
    }

    #[test]
    fn tags_that_follow_are_told_in_little_too() {
        let source = Object {
            tag_count: Some(1),
            ..object()
        };
        for (own, follow) in [(0, true), (0, false), (1_900, true), (1_900, false)] {
            let provenance = of(&location("a.csv"), &source).before_its_tags(follow);
            let copy = Object {
                metadata: with_provenance(&provenance, own),
                ..object()
            };
            assert_eq!(lacks_tags(&source, &copy), follow, "{own} of the user's");
            assert!(
                is_of(&copy, &location("a.csv"), &source),
                "{own} of the user's"
            );
        }
    }

    #[test]
    fn what_arrived_otherwise_than_it_was_sent_is_not_believed() {
        let (location, source) = (location("a.csv"), object());
        for (why, sent, kms, want) in [
            ("as it was sent", source.etag.clone(), false, true),
            ("otherwise", ETag::md5(b"whole"), false, false),
            ("no ETag tells", ETag::md5(b"whole"), true, true),
        ] {
            let provenance = of(&location, &source).of_body(Some(&sent));
            let copy = Object {
                metadata: with_provenance(&provenance, 0),
                kms,
                ..object()
            };
            assert_eq!(is_of(&copy, &location, &source), want, "{why}");
        }
    }

    #[test]
    fn what_is_not_ours_proves_nothing() {
        for (why, value) in [
            ("not JSON", "x"),
            ("another shape", "{}"),
            (
                "a newer release",
                r#"{"brigade":2,"kind":"copy","bucket":"b","key":"k","etag":"e","version":"v"}"#,
            ),
        ] {
            assert_eq!(Provenance::read(value), None, "{why}");
        }
    }

    /// What provenance metadata tells apart. Few of each, so that they are often alike.
    fn source() -> impl Strategy<Value = (ObjectLocation, Object)> {
        let key = "[ab%+é]{1,2}|(?s:.){1,64}|é{512}|è{512}|(sha256:|)[0-9a-f]{64}";
        (
            "raw|lake",
            key,
            "[01]|[0-9a-f]{32}-2",
            prop::option::of("[01]|null"),
            0_i64..2,
        )
            .prop_map(|(bucket, key, etag, version_id, second)| {
                let last_modified = Timestamp::from_second(second).unwrap();
                let etag = ETag::new(&etag);
                (
                    ObjectLocation { bucket, key },
                    Object {
                        etag,
                        version_id,
                        last_modified,
                        ..object()
                    },
                )
            })
    }

    proptest! {
        #[test]
        fn a_mark_is_read_as_written_and_is_one_sources_own(
            (location, a) in source(), (other, b) in source(), own in 0..1_959_usize, follow in any::<bool>(),
        ) {
            let (provenance, second) = (of(&location, &a), of(&other, &b));
            prop_assert!(provenance.value().bytes().all(|b| b.is_ascii_graphic()), "{}", provenance.value());
            prop_assert!(provenance.value().len() < 800, "{}", provenance.value().len());
            let dated = |o: &Object| o.version_id.is_none().then_some(o.last_modified);
            let same = location == other
                && (&a.etag, &a.version_id, dated(&a)) == (&b.etag, &b.version_id, dated(&b));
            prop_assert_eq!(provenance == second, same, "{:?} {:?}", provenance, second);
            prop_assert_eq!(Provenance::read(&provenance.value()), Some(provenance.clone()));
            let copy = Object {
                metadata: with_provenance(&provenance.before_its_tags(follow), own),
                ..object()
            };
            prop_assert!(size(&copy.metadata) <= LARGEST, "{}", size(&copy.metadata));
            prop_assert!(is_of(&copy, &location, &a));
            prop_assert_eq!(is_of(&copy, &other, &b), same);
        }

        #[test]
        fn whatever_stands_in_the_metadata_is_a_mark_or_proves_nothing(
            text in any::<String>(), cut in any::<prop::sample::Index>(), (location, object) in source(),
        ) {
            prop_assert_eq!(Provenance::read(&text), None);
            let value = of(&location, &object).value();
            let at = cut.index(value.len());
            prop_assert_eq!(Provenance::read(&value[..at]), None, "torn at {}", at);
            // Whatever is put into it, what is read is provenance metadata that can be written again.
            let mixed = format!("{}{text}{}", &value[..at], &value[at..]);
            if let Some(provenance) = Provenance::read(&mixed) {
                prop_assert_eq!(Provenance::read(&provenance.value()), Some(provenance));
            }
        }
    }
}
