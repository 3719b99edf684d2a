//! Web addresses in settings: queue URLs and endpoints.

use axum::http::Uri;

/// Reads an `http` or `https` address with a host.
///
/// # Errors
/// Says what was expected.
pub(crate) fn parse(text: &str) -> Result<Uri, String> {
    if has_userinfo(text) {
        return Err(
            "expected an address without a name or password before the host: addresses are shown in \
             logs and in /status.json, and calls are signed instead; leave out what ends in @"
                .into(),
        );
    }
    if text.contains(['?', '#']) {
        return Err("expected an address without ? and #: calls bring their own".into());
    }
    let uri: Uri = text
        .parse()
        .map_err(|why| format!("expected a web address such as https://host/path ({why})"))?;
    match (uri.scheme_str(), uri.host()) {
        (Some("http" | "https"), Some(host)) if !host.is_empty() => Ok(uri),
        _ => Err("expected a web address that begins with https:// or http://".into()),
    }
}

/// The host in lower case and without the dot that may end it; none if `text` is no address.
pub(crate) fn host(text: &str) -> Option<String> {
    Some(
        parse(text)
            .ok()?
            .host()?
            .trim_end_matches('.')
            .to_ascii_lowercase(),
    )
}

/// Whether a name or a password stands before the host.
pub(crate) fn has_userinfo(text: &str) -> bool {
    let after = text.split_once("://").map_or("", |(_, after)| after);
    let authority = after.split(['/', '?', '#']).next().unwrap_or_default();
    authority.contains('@')
}

/// The text without what may be a password: from `://` to the last `@`, as a password that was not
/// encoded may hold anything. An S3 location names nobody.
pub(crate) fn masked(text: &str) -> String {
    let begins = text.find("://").filter(|at| !text[..*at].ends_with("s3"));
    match (begins.map(|at| at + "://".len()), text.rfind('@')) {
        (Some(begins), Some(ends)) if begins <= ends => {
            format!("{}…{}", &text[..begins], &text[ends..])
        }
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::masked;
    use crate::config::{Config, Sources};

    #[test]
    fn an_address_with_a_password_is_refused_and_not_repeated() {
        let queue = "[queue.q]\nurl = \"https://h/1/q\"\n";
        let route = "[route.r]\nfrom = \"s3://a/\"\nto = \"s3://b/\"\n";
        #[rustfmt::skip]
        let table = [
            ("aws.endpoint_url", "[aws]\nendpoint_url = ".to_owned()),
            ("account.a.endpoint_url", "[account.a]\nprofile = \"p\"\nendpoint_url = ".to_owned()),
            ("queue.q.url", "[queue.q]\nurl = ".to_owned()),
            ("queue.q.dead_letter_queue_url", format!("{queue}dead_letter_queue_url = ")),
            ("catalog.queue", "[catalog]\nqueue = ".to_owned()),
            ("route.r.notify", format!("{queue}{route}notify = ")),
        ];
        for (key, file) in table {
            for (text, shown) in [
                ("https://user:PASS@host/1/x", "https://…@host/1/x"),
                ("https://PASS@host:1/x", "https://…@host:1/x"),
                ("http://user:PA@SS@host/1/x", "http://…@host/1/x"),
            ] {
                let file = format!("{file}\"{text}\"");
                let refused = Config::load(&Sources::text("f", &file)).unwrap_err();
                let said = refused.to_string();
                let want = format!(
                    "{key} in f = \"{shown}\": expected an address without a name or password"
                );
                assert!(said.contains(&want), "{key} = {text}: {said}");
                assert!(!said.contains("PA"), "{key} = {text}: {said}");
            }
        }
    }

    #[test]
    fn what_may_be_a_password_is_not_shown() {
        for (text, want) in [
            ("https://user:pa/ss@host/x", "https://…@host/x"),
            ("ftp://user:pass@host", "ftp://…@host"),
            ("https://host/x", "https://host/x"),
            ("s3://raw/user@home/", "s3://raw/user@home/"),
            ("user@host", "user@host"),
            ("@https://host", "@https://host"),
        ] {
            assert_eq!(masked(text), want, "{text}");
        }
    }
}
