//! Tags of an object: their limits, and the operations on them alone.

use std::collections::BTreeMap;

use super::error::S3Error;

/// At most ten, keys of 128 and values of 256 characters (user guide, "Categorizing your storage
/// using tags").
pub(super) fn collect(
    pairs: impl Iterator<Item = (String, String)>,
) -> Result<BTreeMap<String, String>, S3Error> {
    let mut tags = BTreeMap::new();
    for (key, value) in pairs {
        let fits = (1..=128).contains(&key.chars().count()) && value.chars().count() <= 256;
        if !fits || tags.insert(key, value).is_some() {
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
