//! What is planned for what was seen.

use std::time::Duration;

use super::super::proof::tests::object;
use super::*;

pub(in crate::copy) fn means() -> Means {
    let terms = Terms::new(Duration::from_mins(2));
    Means {
        way: config::Way::Auto,
        apart: None,
        conditional: true,
        kms_target: false,
        follows: false,
        copy_max: copy_max(terms),
        strict: false,
    }
}

fn spot() -> Spot {
    Spot {
        bucket: "raw".into(),
        key: "a.csv".into(),
    }
}

#[test]
fn a_copy_must_finish_well_within_w() {
    for (visibility, want) in [(30, 96 << 20), (120, 480 << 20), (43_200, S3_COPY_MAX)] {
        let terms = Terms::new(Duration::from_secs(visibility));
        assert_eq!(copy_max(terms), want, "{visibility} s");
    }
}

#[test]
fn a_write_is_conditional_on_what_was_seen() {
    let target = Object {
        etag: ETag::new("ff"),
        ..object()
    };
    let unchanged = Condition::Unchanged(target.etag.clone());
    let off = Means {
        conditional: false,
        ..means()
    };
    for (why, means, target, want, looks) in [
        ("nothing there", means(), None, Condition::Absent, false),
        ("something there", means(), Some(&target), unchanged, true),
        ("no conditions", off, None, Condition::Unconditional, true),
        (
            "no conditions, something there",
            off,
            Some(&target),
            Condition::Unconditional,
            true,
        ),
    ] {
        let Plan::Copy(copy) = means.plan(&spot(), Some(&object()), target) else {
            panic!("{why}: not a copy");
        };
        assert_eq!(copy.condition, want, "{why}");
        assert_eq!(means.looks_after(&copy), looks, "{why}");
        let follows = Means {
            follows: true,
            ..means
        };
        assert!(follows.looks_after(&copy), "{why}");
        assert_eq!(copy.pin, object().etag, "{why}");
    }
}

#[test]
fn a_copy_is_marked_where_s3_cannot_show_that_it_is_equal() {
    let stream = Means {
        way: config::Way::Stream,
        ..means()
    };
    let kms_target = Means {
        kms_target: true,
        ..means()
    };
    let multipart = Object {
        etag: ETag::new("ab-3"),
        ..object()
    };
    let kms = Object {
        kms: true,
        ..object()
    };
    for (why, means, source, want) in [
        ("plain", means(), object(), false),
        ("streamed", stream, object(), true),
        ("multipart source", means(), multipart, true),
        ("KMS source", means(), kms, true),
        ("KMS destination", kms_target, object(), true),
    ] {
        let Plan::Copy(copy) = means.plan(&spot(), Some(&source), None) else {
            panic!("{why}: not a copy");
        };
        assert_eq!(copy.marked, want, "{why}");
    }
}

#[test]
fn two_sides_that_are_apart_are_streamed_unless_the_operator_insists() {
    let apart = Some("the two sides are apart");
    for (why, way, apart, want) in [
        ("together", config::Way::Auto, None, Way::Server),
        ("apart", config::Way::Auto, apart, Way::Stream),
        ("insisting", config::Way::Server, apart, Way::Server),
        ("streaming anyway", config::Way::Stream, None, Way::Stream),
    ] {
        let means = Means {
            way,
            apart,
            ..means()
        };
        let Plan::Copy(copy) = means.plan(&spot(), Some(&object()), None) else {
            panic!("{why}: not a copy");
        };
        assert_eq!(copy.way, want, "{why}");
        assert_eq!(means.streams(), want == Way::Stream, "{why}");
        if why == "apart" {
            assert_eq!(Some(copy.why), apart);
        }
    }
}

#[test]
fn what_is_too_large_for_one_request_goes_in_parts() {
    let stream = Means {
        way: config::Way::Stream,
        ..means()
    };
    for (why, means, size, want, parts) in [
        ("one copy", means(), 480 << 20, Some(Way::Server), None),
        (
            "a byte more",
            means(),
            (480 << 20) + 1,
            Some(Way::ServerParts),
            Some(8),
        ),
        (
            "1 TiB",
            means(),
            1 << 40,
            Some(Way::ServerParts),
            Some(9_987),
        ),
        (
            "the largest",
            means(),
            48 << 40,
            Some(Way::ServerParts),
            Some(9_997),
        ),
        ("one part", stream, 16 << 20, Some(Way::Stream), None),
        (
            "a byte more",
            stream,
            (16 << 20) + 1,
            Some(Way::StreamParts),
            Some(3),
        ),
        ("parts that cannot be held", stream, 1 << 40, None, None),
    ] {
        let large = Object { size, ..object() };
        let way = match means.plan(&spot(), Some(&large), None) {
            Plan::Copy(copy) => Some(copy.way),
            Plan::NotYet(told) => {
                assert!(told.contains("1.0 TiB"), "{told}");
                None
            }
            other @ (Plan::Nothing(_) | Plan::Delete(_) | Plan::Tags(_)) => {
                panic!("{why}: {other:?}")
            }
        };
        assert_eq!(way, want, "{why}");
        assert_eq!(means.parts(size), parts, "{why}");
    }
}

#[test]
fn the_copy_of_what_is_gone_is_deleted_where_deletes_are_followed() {
    let follows = Means {
        follows: true,
        ..means()
    };
    let blind = Means {
        conditional: false,
        ..follows
    };
    let unchanged = Condition::Unchanged(object().etag);
    let gone = Plan::Nothing(Nothing::SourceGone);
    for (why, means, target, want) in [
        ("followed", follows, Some(object()), Plan::Delete(unchanged)),
        (
            "no conditions",
            blind,
            Some(object()),
            Plan::Delete(Condition::Unconditional),
        ),
        ("no copy", follows, None, gone.clone()),
        ("not followed", means(), Some(object()), gone),
    ] {
        assert_eq!(means.plan(&spot(), None, target.as_ref()), want, "{why}");
    }
}

#[test]
fn nothing_is_done_about_what_is_gone_or_there() {
    assert_eq!(
        means().plan(&spot(), None, None),
        Plan::Nothing(Nothing::SourceGone)
    );
    let equal = means().plan(&spot(), Some(&object()), Some(&object()));
    assert_eq!(equal, Plan::Nothing(Nothing::AlreadyThere(Proof::ETag)));
}
