//! The mark we leave on copies whose equality S3 cannot show by itself.
//!
//! User metadata `brigade-source` of the copy: which source version it was made from, in our one
//! versioned envelope. A duplicate event then costs two looks and never a second copy.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::event::to_percent;
use crate::s3::{Object, Spot};

/// The metadata's name, without `x-amz-meta-`.
pub(super) const NAME: &str = "brigade-source";

/// S3 keeps 2 KB of user metadata in all; a longer key is marked by its digest.
const LONGEST_KEY: usize = 512;

/// Which source version a copy was made from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Marker {
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
}

impl Marker {
    /// The mark of a copy of `object`, which stands at `spot`.
    #[must_use]
    pub(super) fn of(spot: &Spot, object: &Object) -> Self {
        Self {
            brigade: 1,
            kind: "copy".into(),
            bucket: spot.bucket.clone(),
            key: key(&spot.key),
            etag: object.etag.as_str().to_owned(),
            version: object.version_id.clone(),
            modified: object.version_id.is_none().then_some(object.last_modified),
            tags_follow: false,
        }
    }

    /// The same mark, of a copy that gets its tags after it was written.
    #[must_use]
    pub(super) fn before_its_tags(self, tags_follow: bool) -> Self {
        Self {
            tags_follow,
            ..self
        }
    }

    /// Whether it is the mark of the same source version.
    #[must_use]
    pub(super) fn is_of(&self, spot: &Spot, object: &Object) -> bool {
        *self == Self::of(spot, object).before_its_tags(self.tags_follow)
    }

    /// Reads the mark among a copy's user metadata. What is not ours, or is of a newer release,
    /// proves nothing.
    #[must_use]
    pub(super) fn read(metadata: &BTreeMap<String, String>) -> Option<Self> {
        let marker: Self = serde_json::from_str(metadata.get(NAME)?).ok()?;
        (marker.brigade == 1).then_some(marker)
    }

    /// As the metadata's value: one line of ASCII.
    ///
    /// # Panics
    /// Never: strings and times can always be written as JSON.
    #[must_use]
    pub(super) fn value(&self) -> String {
        serde_json::to_string(self).expect("strings and times can always be written as JSON")
    }
}

/// Whether a copy carries a mark, whatever it says.
pub(super) fn is_marked(object: &Object) -> bool {
    object.metadata.contains_key(NAME)
}

/// Whether a copy was left without the tags that should have followed. Others may have put theirs
/// onto it since, which are none of ours.
pub(super) fn lacks_tags(source: &Object, copy: &Object) -> bool {
    let follow = Marker::read(&copy.metadata).is_some_and(|mark| mark.tags_follow);
    follow && source.tag_count.is_some_and(|count| count > 0) && copy.tag_count.unwrap_or(0) == 0
}

fn key(key: &str) -> String {
    let encoded = to_percent(key);
    if encoded.len() <= LONGEST_KEY {
        return encoded;
    }
    let digest = Sha256::digest(key.as_bytes());
    digest.iter().fold("sha256:".to_owned(), |text, byte| {
        format!("{text}{byte:02x}")
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::proof::tests::object;
    use super::*;
    use crate::s3::ETag;

    fn spot(key: &str) -> Spot {
        Spot {
            bucket: "raw".into(),
            key: key.into(),
        }
    }

    #[test]
    fn a_marker_survives_its_trip_through_metadata() {
        let marker = Marker::of(&spot("ü b+%.csv"), &object());
        assert!(marker.value().is_ascii());
        let metadata = BTreeMap::from([(NAME.to_owned(), marker.value())]);
        assert_eq!(Marker::read(&metadata), Some(marker));
    }

    #[test]
    fn the_longest_key_leaves_room_for_the_users_metadata() {
        let marker = Marker::of(&spot(&"ü".repeat(512)), &object());
        assert!(marker.value().len() < 800, "{}", marker.value().len());
        let other = Marker::of(&spot(&"ö".repeat(512)), &object());
        assert_ne!(marker, other);
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
            let metadata = BTreeMap::from([(NAME.to_owned(), value.to_owned())]);
            assert_eq!(Marker::read(&metadata), None, "{why}");
        }
    }

    /// What a mark tells apart. Few of each, so that they are often alike.
    fn source() -> impl Strategy<Value = (Spot, Object)> {
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
                    Spot { bucket, key },
                    Object {
                        etag,
                        version_id,
                        last_modified,
                        ..object()
                    },
                )
            })
    }

    fn metadata(value: String) -> BTreeMap<String, String> {
        BTreeMap::from([(NAME.to_owned(), value)])
    }

    proptest! {
        #[test]
        fn a_mark_is_read_as_written_and_is_one_sources_own((spot, a) in source(), (other, b) in source()) {
            let (mark, second) = (Marker::of(&spot, &a), Marker::of(&other, &b));
            prop_assert!(mark.value().bytes().all(|b| b.is_ascii_graphic()), "{}", mark.value());
            prop_assert!(mark.value().len() < 800, "{}", mark.value().len());
            let dated = |o: &Object| o.version_id.is_none().then_some(o.last_modified);
            let same = spot == other
                && (&a.etag, &a.version_id, dated(&a)) == (&b.etag, &b.version_id, dated(&b));
            prop_assert_eq!(mark == second, same, "{:?} {:?}", mark, second);
            prop_assert_eq!(Marker::read(&metadata(mark.value())), Some(mark));
        }

        #[test]
        fn whatever_stands_in_the_metadata_is_a_mark_or_proves_nothing(
            text in any::<String>(), cut in any::<prop::sample::Index>(), (spot, object) in source(),
        ) {
            prop_assert_eq!(Marker::read(&metadata(text.clone())), None);
            let value = Marker::of(&spot, &object).value();
            let at = cut.index(value.len());
            prop_assert_eq!(Marker::read(&metadata(value[..at].to_owned())), None, "torn at {}", at);
            // Whatever is put into it, what is read is a mark that can be written again.
            let mixed = format!("{}{text}{}", &value[..at], &value[at..]);
            if let Some(mark) = Marker::read(&metadata(mixed)) {
                prop_assert_eq!(Marker::read(&metadata(mark.value())), Some(mark));
            }
        }
    }
}
