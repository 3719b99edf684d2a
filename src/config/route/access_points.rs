//! What a route says of the regions and access points of its two sides.

use crate::config::read::faults::Faults;
use crate::config::route::Route;
use crate::config::value::access_point::AccessPoint;

impl Route {
    /// The source bucket's region, as far as the configuration says.
    #[must_use]
    pub fn source_region(&self) -> Option<&str> {
        region(self.from_region.as_ref(), self.from_access_point.as_ref())
    }

    /// The destination bucket's region, as far as the configuration says.
    #[must_use]
    pub fn destination_region(&self) -> Option<&str> {
        region(self.to_region.as_ref(), self.to_access_point.as_ref())
    }

    pub(crate) fn check_access_points(&self, at: &str, faults: &mut Faults<'_>) {
        for (key, named, point) in [
            ("from_region", &self.from_region, &self.from_access_point),
            ("to_region", &self.to_region, &self.to_access_point),
        ] {
            if let (Some(named), Some(point)) = (named, point)
                && *named != point.region
            {
                let side = key.trim_end_matches("_region");
                let why = format!(
                    "{side}_access_point is in {}: correct one of the two, or leave this out",
                    point.region
                );
                faults.refuse(&format!("{at}.{key}"), why);
            }
        }
    }
}

fn region<'a>(named: Option<&'a String>, point: Option<&'a AccessPoint>) -> Option<&'a str> {
    point
        .map(|point| &point.region)
        .or(named)
        .map(String::as_str)
}
