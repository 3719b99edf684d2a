//! What is planned for what was seen.

use std::time::Duration;

use super::super::samples::object;
use super::*;
use crate::s3::ObjectLocation;

pub(in crate::plan) fn capabilities() -> Capabilities {
    let terms = Terms::new(Duration::from_mins(2));
    Capabilities {
        transfer: config::Transfer::Auto,
        identity: Identity::SameBytes,
        needs_streaming: None,
        conditional: true,
        kms_target: false,
        follows: false,
        copy_max: copy_max(terms, config::Parts::default()),
        part_size: None,
        strict: false,
    }
}

/// What is planned for a source and a destination.
fn plan(capabilities: Capabilities, source: Option<&Object>, target: Option<&Object>) -> Plan {
    let location = location();
    let expected = source.map(|source| ExpectedCopy::of(&location, source, capabilities.identity));
    capabilities.plan(expected.as_ref(), target)
}

fn location() -> ObjectLocation {
    ObjectLocation {
        bucket: "raw".into(),
        key: "a.csv".into(),
    }
}

#[test]
fn a_copy_must_finish_well_within_w() {
    for (visibility, want) in [(30, 96 << 20), (120, 480 << 20), (43_200, 5 << 30)] {
        let terms = Terms::new(Duration::from_secs(visibility));
        let most = copy_max(terms, config::Parts::default());
        assert_eq!(most, want, "{visibility} s");
        let less = config::Parts {
            copy_threshold: Some(7 << 20),
            ..config::Parts::default()
        };
        assert_eq!(copy_max(terms, less), 7 << 20, "{visibility} s");
        for (threshold, accepted) in [(most, true), (most + 1, false)] {
            let file = format!(
                "[queue.q]\nurl = \"http://h/q\"\nvisibility_timeout = \"{visibility}s\"\n[route.r]\n\
                 from = \"s3://raw/\"\nto = \"s3://lake/\"\nmultipart_copy_threshold = {threshold}"
            );
            let loaded = config::Config::load(&config::Sources::text("f", &file));
            assert_eq!(loaded.is_ok(), accepted, "{visibility} s: {loaded:?}");
        }
    }
}

#[test]
fn a_write_is_conditional_on_what_was_seen() {
    let target = Object {
        etag: ETag::new("ff"),
        ..object()
    };
    let unchanged = Condition::Unchanged(target.etag.clone());
    let off = Capabilities {
        conditional: false,
        ..capabilities()
    };
    for (why, capabilities, target, want, looks) in [
        (
            "nothing there",
            capabilities(),
            None,
            Condition::Absent,
            false,
        ),
        (
            "something there",
            capabilities(),
            Some(&target),
            unchanged,
            true,
        ),
        ("no conditions", off, None, Condition::Unconditional, true),
        (
            "no conditions, something there",
            off,
            Some(&target),
            Condition::Unconditional,
            true,
        ),
    ] {
        let Plan::Copy(copy) = plan(capabilities, Some(&object()), target) else {
            panic!("{why}: not a copy");
        };
        assert_eq!(copy.condition, want, "{why}");
        assert_eq!(capabilities.verifies(&copy), looks, "{why}");
        let follows = Capabilities {
            follows: true,
            ..capabilities
        };
        assert!(follows.verifies(&copy), "{why}");
        assert_eq!(copy.pin, object().etag, "{why}");
    }
}

#[test]
fn a_copy_is_marked_where_s3_cannot_show_that_it_is_equal() {
    let stream = Capabilities {
        transfer: config::Transfer::Stream,
        ..capabilities()
    };
    let kms_target = Capabilities {
        kms_target: true,
        ..capabilities()
    };
    let multipart = Object {
        etag: ETag::new("ab-3"),
        ..object()
    };
    let kms = Object {
        kms: true,
        ..object()
    };
    for (why, capabilities, source, want) in [
        ("plain", capabilities(), object(), false),
        ("streamed", stream, object(), true),
        ("multipart source", capabilities(), multipart, true),
        ("KMS source", capabilities(), kms, true),
        ("KMS destination", kms_target, object(), true),
    ] {
        let Plan::Copy(copy) = plan(capabilities, Some(&source), None) else {
            panic!("{why}: not a copy");
        };
        assert_eq!(copy.with_provenance, want, "{why}");
    }
}

#[test]
fn two_sides_that_are_apart_are_streamed_unless_the_operator_insists() {
    let needs_streaming = Some("the two sides are apart");
    for (why, transfer, needs_streaming, want) in [
        (
            "together",
            config::Transfer::Auto,
            None,
            TransferMethod::ServerSide,
        ),
        (
            "apart",
            config::Transfer::Auto,
            needs_streaming,
            TransferMethod::Stream,
        ),
        (
            "insisting",
            config::Transfer::ServerSide,
            needs_streaming,
            TransferMethod::ServerSide,
        ),
        (
            "streaming anyway",
            config::Transfer::Stream,
            None,
            TransferMethod::Stream,
        ),
    ] {
        let capabilities = Capabilities {
            transfer,
            needs_streaming,
            ..capabilities()
        };
        let Plan::Copy(copy) = plan(capabilities, Some(&object()), None) else {
            panic!("{why}: not a copy");
        };
        assert_eq!(copy.transfer, want, "{why}");
        assert_eq!(
            capabilities.streams(),
            want == TransferMethod::Stream,
            "{why}"
        );
        if why == "apart" {
            assert_eq!(Some(copy.why), needs_streaming);
        }
    }
}

#[test]
fn what_is_too_large_for_one_request_goes_in_parts() {
    let stream = Capabilities {
        transfer: config::Transfer::Stream,
        ..capabilities()
    };
    let said = |part_size: u64, capabilities: Capabilities| Capabilities {
        part_size: Some(part_size << 20),
        ..capabilities
    };
    let few = Capabilities {
        copy_max: 100 << 20,
        ..capabilities()
    };
    let cut = |parts, mib: u64, calls| {
        Some(Cut {
            parts,
            part: mib << 20,
            calls,
        })
    };
    let (server, streamed) = (TransferMethod::ServerSideParts, TransferMethod::StreamParts);
    #[rustfmt::skip]
    let table = [
        ("one copy",                 capabilities(),              480 << 20,           TransferMethod::ServerSide, None),
        ("a byte more",              capabilities(),              (480 << 20) + 1,     server,      cut(8, 64, 8)),
        ("1 TiB",                    capabilities(),              1 << 40,             server,      cut(9_987, 105, 9_987)),
        ("the largest",              capabilities(),              48 << 40,            server,      cut(9_997, 5_035, 9_997)),
        ("a threshold of one's own", few,                  (100 << 20) + 1,     server,      cut(2, 64, 2)),
        ("parts of one's own",       said(10, few),        (100 << 20) + 1,     server,      cut(11, 10, 11)),
        ("one part",                 stream,               16 << 20,            TransferMethod::Stream, None),
        ("a byte more",              stream,               (16 << 20) + 1,      streamed,    cut(3, 8, 6)),
        ("the most that is held",    stream,               9_998 * (16 << 20),  streamed,    cut(9_998, 16, 19_996)),
        ("a byte more is streamed",     stream,               9_998 * (16 << 20) + 1, streamed, cut(9_410, 17, 9_410 + 9_409 * 4 + 1)),
        ("1 TiB",                    stream,               1 << 40,             streamed,    cut(9_987, 105, 9_987 + 9_986 * 21 + 10)),
        ("the largest",              stream,               48 << 40,            streamed,    cut(9_997, 5_035, 9_997 + 9_996 * 1_007 + 358)),
        ("streamed parts of one's own", said(64, stream),     160 << 20,           streamed,    cut(3, 64, 3 + 13 + 13 + 7)),
        ("held parts of one's own",  said(5, stream),      17 << 20,            streamed,    cut(4, 5, 8)),
        ("… grow with the object",   said(5, stream),      1 << 40,             streamed,    cut(9_987, 105, 9_987 + 9_986 * 21 + 10)),
    ];
    for (why, capabilities, size, want, cut) in table {
        let large = Object { size, ..object() };
        let Plan::Copy(copy) = plan(capabilities, Some(&large), None) else {
            panic!("{why}: not a copy");
        };
        assert_eq!(copy.transfer, want, "{why}");
        assert_eq!(capabilities.cut(size), cut, "{why}");
    }
}

#[test]
fn the_copy_of_what_is_gone_is_deleted_where_deletes_are_followed() {
    let follows = Capabilities {
        follows: true,
        ..capabilities()
    };
    let blind = Capabilities {
        conditional: false,
        ..follows
    };
    let unchanged = Condition::Unchanged(object().etag);
    let gone = Plan::Nothing(Nothing::SourceGone);
    for (why, capabilities, target, want) in [
        ("followed", follows, Some(object()), Plan::Delete(unchanged)),
        (
            "no conditions",
            blind,
            Some(object()),
            Plan::Delete(Condition::Unconditional),
        ),
        ("no copy", follows, None, gone.clone()),
        ("not followed", capabilities(), Some(object()), gone),
    ] {
        assert_eq!(plan(capabilities, None, target.as_ref()), want, "{why}");
    }
}

#[test]
fn nothing_is_done_about_what_is_gone_or_there() {
    assert_eq!(
        plan(capabilities(), None, None),
        Plan::Nothing(Nothing::SourceGone)
    );
    let equal = plan(capabilities(), Some(&object()), Some(&object()));
    assert_eq!(equal, Plan::Nothing(Nothing::AlreadyThere(Proof::ETag)));
}
