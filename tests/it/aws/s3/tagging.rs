//! Tags of an object: their limits, and the operations on them alone.
//!
//! They change neither the version nor its `Last-Modified` nor its `ETag` (user guide,
//! "Categorizing your storage using tags").

use std::collections::BTreeMap;

use crate::aws::Scene;
use crate::aws::reply::Reply;

use super::address::Ask;
use super::bucket::{Bucket, Version};
use super::error::S3Error;
use super::{S3, body, read, xml};

type Tags = BTreeMap<String, String>;

/// At most ten, keys of 128 and values of 256 characters (user guide, as above); no key is of AWS's
/// own (recorded by `LocalStack`, `test_tagging_validation`).
pub(super) fn collect(pairs: impl Iterator<Item = (String, String)>) -> Result<Tags, S3Error> {
    let mut tags = BTreeMap::new();
    for (key, value) in pairs {
        let fits = (1..=128).contains(&key.chars().count()) && value.chars().count() <= 256;
        let plain = key.chars().chain(value.chars()).all(allowed);
        if !fits || !plain || key.starts_with("aws:") || tags.insert(key, value).is_some() {
            let why = "The tag provided was not a valid tag.";
            return Err(S3Error::new(400, "InvalidTag", why));
        }
    }
    if tags.len() > 10 {
        let why = "Object tags cannot be greater than 10";
        return Err(S3Error::new(400, "BadRequest", why));
    }
    Ok(tags)
}

/// Letters, digits, white space and a few signs (user guide, as above; that S3 refuses others was
/// recorded by `LocalStack`, `test_tagging_validation`).
pub(super) fn allowed(c: char) -> bool {
    c.is_alphanumeric() || c.is_whitespace() || "+-=._:/@".contains(c)
}

/// `GetObjectTagging`.
pub(super) fn get(s3: &S3, scene: &Scene<'_>, ask: &Ask<'_>) -> Result<Reply, S3Error> {
    let version = find(
        s3,
        scene,
        ask,
        ["s3:GetObjectTagging", "s3:GetObjectVersionTagging"],
    )?;
    let tags = version.object.iter().flat_map(|object| &object.tags);
    let set = tags.map(|(key, value)| {
        let tag = xml::element("Key", key) + &xml::element("Value", value);
        xml::nested("Tag", &tag)
    });
    let set = xml::nested("TagSet", &set.collect::<String>());
    Ok(Reply::new(200)
        .maybe("x-amz-version-id", version.id.as_ref())
        .body(xml::document("Tagging", &set)))
}

/// `PutObjectTagging`: the new tags replace all that were there.
pub(super) fn put(s3: &mut S3, scene: &Scene<'_>, ask: &Ask<'_>) -> Result<Reply, S3Error> {
    find(
        s3,
        scene,
        ask,
        ["s3:PutObjectTagging", "s3:PutObjectVersionTagging"],
    )?;
    let received = body::receive(ask.request)?;
    let rows = xml::rows(&received.data, &["Tagging", "TagSet", "Tag"])?;
    let pairs = rows.into_iter().map(|mut row| {
        let pair = (row.remove("Key")?, row.remove("Value")?);
        row.is_empty().then_some(pair)
    });
    let pairs: Option<Vec<_>> = pairs.collect();
    let tags = collect(pairs.ok_or_else(xml::malformed)?.into_iter())?;
    replace(s3, scene, ask, tags, "ObjectTagging:Put", 200)
}

/// `DeleteObjectTagging`.
pub(super) fn delete(s3: &mut S3, scene: &Scene<'_>, ask: &Ask<'_>) -> Result<Reply, S3Error> {
    let actions = ["s3:DeleteObjectTagging", "s3:DeleteObjectVersionTagging"];
    find(s3, scene, ask, actions)?;
    replace(s3, scene, ask, Tags::new(), "ObjectTagging:Delete", 204)
}

/// The version that is meant: a permission of its own where it is named (API reference). A delete
/// marker has no tags to speak of, also where it is the current version: 405, not 404
/// (localstack/localstack#11180, getmoto/moto#9401).
fn find<'a>(
    s3: &'a S3,
    scene: &Scene<'_>,
    ask: &Ask<'_>,
    [action, by_id]: [&str; 2],
) -> Result<&'a Version, S3Error> {
    let id = ask.version_id();
    ask.allow(scene, if id.is_some() { by_id } else { action })?;
    let bucket = s3.bucket(&ask.bucket)?;
    let latest = bucket.latest(&ask.key).filter(|_| id.is_none());
    if let Some(marker) = latest.filter(|version| version.object.is_none()) {
        return Err(read::marker(&ask.key, marker, true));
    }
    let may_list = ask.allow_on(scene, "s3:ListBucket", &ask.bucket);
    let (version, _) = read::find(bucket, &ask.key, id, may_list)?;
    Ok(version)
}

fn replace(
    s3: &mut S3,
    scene: &Scene<'_>,
    ask: &Ask<'_>,
    tags: Tags,
    event: &'static str,
    status: u16,
) -> Result<Reply, S3Error> {
    let at = s3.moment(scene.now);
    let bucket = s3.bucket_mut(&ask.bucket)?;
    let version = bucket.retag(&ask.key, ask.version_id(), tags);
    let named = (ask.key.as_str(), version.id.as_deref());
    s3.announce(&ask.bucket, event, named, Some(&version), at);
    Ok(Reply::new(status).maybe("x-amz-version-id", version.id))
}

impl Bucket {
    /// Tags are changed in place: the version stays what it is, also in what was written of it.
    pub(super) fn retag(&mut self, key: &str, id: Option<&str>, tags: Tags) -> Version {
        let versions = self.keys.get_mut(key).into_iter().flatten();
        let mut newest_first = versions.rev();
        let meant = |version: &&mut Version| {
            let own = version.id.as_deref().unwrap_or("null");
            id.is_none_or(|asked| asked == own)
        };
        let version = newest_first.find(meant).expect("it has been found");
        version.object.as_mut().expect("it is no marker").tags = tags;
        let version = version.clone();
        let history = self.histories.get_mut(key).into_iter();
        let states = history.flat_map(|history| history.0.iter_mut());
        let states = states.filter_map(|write| write.current.as_mut());
        for state in states.filter(|state| state.reign == version.reign) {
            state.object.clone_from(&version.object);
        }
        version
    }
}
