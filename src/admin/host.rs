//! Which names the listener answers to.
//!
//! A web page can make a name of its own lead to this machine (DNS rebinding); its reader's browser then hands the
//! answers to the page. But the browser sends that name as `Host`, and no page can change that. So a name is answered only
//! if it means this machine everywhere, or if the configuration lists it. An address is no name, so it is always answered.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::uri::Authority;
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

/// The names that the configuration lists.
pub(super) type Allowed = Arc<[String]>;

/// Refuses a request for a name that is not ours.
pub(super) async fn checked(
    State(allowed): State<Allowed>,
    request: Request,
    next: Next,
) -> Response {
    let named = request.headers().get_all(header::HOST).into_iter();
    let named = named.map(|host| String::from_utf8_lossy(host.as_bytes()).into_owned());
    // In a request line that names it, that is the one which counts.
    let line = request.uri().authority().map(ToString::to_string);
    for host in line.into_iter().chain(named) {
        if !is_allowed(&host, &allowed) {
            let why = format!(
                "the Host {host:?} is not answered here: ask by address, or list the name in admin.allowed_hosts\n"
            );
            return (StatusCode::MISDIRECTED_REQUEST, why).into_response();
        }
    }
    next.run(request).await
}

fn is_allowed(host: &str, allowed: &[String]) -> bool {
    // HTTP/1.0 need not name it, and no browser leaves it out.
    if host.is_empty() {
        return true;
    }
    let Ok(authority) = host.parse::<Authority>() else {
        return false;
    };
    if host.contains('@') {
        return false;
    }
    let name = authority.host().trim_end_matches('.').to_ascii_lowercase();
    let address = name.trim_start_matches('[').trim_end_matches(']');
    address.parse::<IpAddr>().is_ok()
        || name == "localhost"
        || name.ends_with(".localhost")
        || allowed
            .iter()
            .any(|allowed| allowed.eq_ignore_ascii_case(&name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_answered_that_mean_this_machine_or_are_listed() {
        let allowed = ["Brigade.example".to_owned()];
        for (host, want) in [
            ("", true),
            ("127.0.0.1:9900", true),
            ("10.42.0.7:9900", true),
            ("[::1]:9900", true),
            ("[fe80::1]", true),
            ("localhost", true),
            ("LocalHost.:9900", true),
            ("brigade.localhost:9900", true),
            ("brigade.example:9900", true),
            ("BRIGADE.EXAMPLE.", true),
            ("evil.example", false),
            ("evil.example:9900", false),
            ("brigade.example.evil.example", false),
            ("notlocalhost", false),
            ("127.0.0.1.evil.example", false),
            ("127.0.0.1@evil.example", false),
            ("evil.example@127.0.0.1", false),
            ("evil example", false),
            ("[::1", false),
        ] {
            assert_eq!(is_allowed(host, &allowed), want, "{host:?}");
        }
    }
}
