//! Receiving a body: lengths, `aws-chunked` coding, trailers, MD5 and checksums, all verified.
//!
//! Sources: `PutObject` in the API reference; "Signature calculations … transferring payload in
//! multiple chunks … with trailing headers" for the coding; "Error responses" for the codes.

use std::collections::BTreeMap;

use aws_smithy_types::base64;
use bytes::Bytes;
use md5::{Digest, Md5};
use sha2::Sha256;

use crate::aws::request::Request;

use super::checksum::{Algorithm, Checksum};
use super::error::S3Error;

/// A body that arrived whole, and the checksum it was sent with.
pub(super) struct Received {
    pub(super) data: Bytes,
    pub(super) checksum: Option<Checksum>,
}

pub(super) fn receive(request: &Request) -> Result<Received, S3Error> {
    let (data, trailers) = arrive(request)?;
    check_signed(request, &data)?;
    check_md5(request, &data)?;
    let checksum = check_sum(request, &trailers, &data)?;
    Ok(Received { data, checksum })
}

/// As an endpoint does that knows no checksums of S3's; a credulous one compares nothing at all.
pub(super) fn receive_unsummed(request: &Request, credulous: bool) -> Result<Received, S3Error> {
    let (data, _) = arrive(request)?;
    if !credulous {
        check_signed(request, &data)?;
        check_md5(request, &data)?;
    }
    let checksum = None;
    Ok(Received { data, checksum })
}

/// A body, and the trailers after it.
fn arrive(request: &Request) -> Result<(Bytes, BTreeMap<String, String>), S3Error> {
    let why = "You must provide the Content-Length HTTP header.";
    let sent = length(request, "content-length")
        .ok_or_else(|| S3Error::new(411, "MissingContentLength", why))?;
    same_length(sent, request.body.len())?;
    let chunked = request
        .header("x-amz-content-sha256")
        .is_some_and(|s| s.starts_with("STREAMING-"));
    let (data, trailers) = if chunked {
        let (data, trailers) = unchunk(&request.body).ok_or_else(|| {
            S3Error::new(
                400,
                "IncompleteBody",
                "The aws-chunked body is not well formed.",
            )
        })?;
        let decoded = length(request, "x-amz-decoded-content-length")
            .ok_or_else(|| S3Error::new(411, "MissingContentLength", why))?;
        same_length(decoded, data.len())?;
        (Bytes::from(data), trailers)
    } else {
        (request.body.clone(), BTreeMap::new())
    };
    Ok((data, trailers))
}

fn length(request: &Request, name: &str) -> Option<usize> {
    request.header(name)?.parse().ok()
}

fn same_length(said: usize, is: usize) -> Result<(), S3Error> {
    let why = "You did not provide the number of bytes specified by the Content-Length HTTP header";
    if said == is {
        Ok(())
    } else {
        Err(S3Error::new(400, "IncompleteBody", why))
    }
}

/// What was signed as the body's SHA-256, where it was.
fn check_signed(request: &Request, data: &[u8]) -> Result<(), S3Error> {
    let signed = request.header("x-amz-content-sha256").unwrap_or_default();
    let is_digest = signed.len() == 64;
    let digest = Sha256::digest(data);
    let computed = digest
        .iter()
        .fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
    if !is_digest || computed == signed {
        return Ok(());
    }
    let why = "The provided 'x-amz-content-sha256' header does not match what was computed.";
    Err(S3Error::new(400, "XAmzContentSHA256Mismatch", why))
}

fn check_md5(request: &Request, data: &[u8]) -> Result<(), S3Error> {
    let Some(said) = request.header("content-md5") else {
        return Ok(());
    };
    let said = base64::decode(said)
        .ok()
        .filter(|md5| md5.len() == 16)
        .ok_or_else(|| {
            S3Error::new(
                400,
                "InvalidDigest",
                "The Content-MD5 you specified was invalid.",
            )
        })?;
    if said.as_slice() == Md5::digest(data).as_slice() {
        return Ok(());
    }
    let why = "The Content-MD5 you specified did not match what we received.";
    Err(S3Error::new(400, "BadDigest", why))
}

fn check_sum(
    request: &Request,
    trailers: &BTreeMap<String, String>,
    data: &[u8],
) -> Result<Option<Checksum>, S3Error> {
    for promised in request
        .header("x-amz-trailer")
        .into_iter()
        .flat_map(|t| t.split(','))
    {
        if !trailers.contains_key(promised.trim()) {
            let why = "The request contained trailing data that was not well-formed.";
            return Err(S3Error::new(400, "MalformedTrailerError", why));
        }
    }
    let mut found = Algorithm::ALL.into_iter().filter_map(|algorithm| {
        let name = algorithm.header();
        let value = request
            .header(name)
            .or(trailers.get(name).map(String::as_str))?;
        Some((algorithm, value))
    });
    let Some((algorithm, said)) = found.next() else {
        if request.header("x-amz-sdk-checksum-algorithm").is_some() {
            let why = "x-amz-sdk-checksum-algorithm specified, but no corresponding \
                       x-amz-checksum-* or x-amz-trailer headers were found.";
            return Err(S3Error::invalid_request(why));
        }
        return Ok(None);
    };
    if found.next().is_some() {
        let why =
            "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.";
        return Err(S3Error::invalid_request(why));
    }
    let sum = algorithm.full(data);
    if sum.value == said {
        return Ok(Some(sum));
    }
    let name = algorithm.name();
    let why = format!("The {name} you specified did not match the calculated checksum.");
    Err(S3Error::new(400, "BadDigest", why))
}

/// Undoes `aws-chunked`: `size[;extension]\r\n data \r\n … 0\r\n trailers \r\n`.
fn unchunk(mut body: &[u8]) -> Option<(Vec<u8>, BTreeMap<String, String>)> {
    let mut data = Vec::new();
    loop {
        let size = line(&mut body)?;
        let size = usize::from_str_radix(size.split(';').next()?, 16).ok()?;
        if size == 0 {
            break;
        }
        data.extend_from_slice(body.get(..size)?);
        body = body.get(size..)?.strip_prefix(b"\r\n")?;
    }
    let mut trailers = BTreeMap::new();
    while !body.is_empty() {
        let line = line(&mut body)?;
        if let Some((name, value)) = line.split_once(':') {
            trailers.insert(name.trim().to_ascii_lowercase(), value.trim().to_owned());
        }
    }
    Some((data, trailers))
}

fn line<'a>(body: &mut &'a [u8]) -> Option<&'a str> {
    let end = body.windows(2).position(|pair| pair == b"\r\n")?;
    let line = std::str::from_utf8(&body[..end]).ok()?;
    *body = &body[end + 2..];
    Some(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// CRC32 of `abc`.
    const SUM: &str = "NSRBwg==";

    #[test]
    fn a_body_is_taken_only_as_it_was_announced() {
        let plain = "abc".to_owned();
        let chunks = |trailer: &str| {
            format!("2;chunk-signature=00\r\nab\r\n1\r\nc\r\n0\r\n{trailer}\r\n\r\n")
        };
        let summed = |sum: &str| chunks(&format!("x-amz-checksum-crc32:{sum}"));
        let streamed = "x-amz-content-sha256: STREAMING-UNSIGNED-PAYLOAD-TRAILER";
        let (three, two) = (
            "x-amz-decoded-content-length: 3",
            "x-amz-decoded-content-length: 2",
        );
        let trailer = "x-amz-trailer: x-amz-checksum-crc32";
        let crc32 = "x-amz-checksum-crc32: NSRBwg==";
        let crc64 = "x-amz-checksum-crc64nvme: BeXKuz/B+us=";
        let algorithm = "x-amz-sdk-checksum-algorithm: CRC32";
        #[rustfmt::skip]
        let table = [
            ("plain",                      &plain,             vec![],                          Ok("abc")),
            ("with its checksum",          &plain,             vec![crc32, algorithm],          Ok("abc")),
            ("an algorithm, no checksum",  &plain,             vec![algorithm],                 Err("InvalidRequest")),
            ("two checksums",              &plain,             vec![crc32, crc64],              Err("InvalidRequest")),
            ("a trailer, not streamed",    &plain,             vec![trailer],                   Err("MalformedTrailerError")),
            ("cut short",                  &plain,             vec!["content-length: 4"],       Err("IncompleteBody")),
            ("of no length",               &plain,             vec!["content-length: ?"],       Err("MissingContentLength")),
            ("streamed",                   &summed(SUM),       vec![streamed, three, trailer],  Ok("abc")),
            ("another length in chunks",   &summed(SUM),       vec![streamed, two, trailer],    Err("IncompleteBody")),
            ("no length in chunks",        &summed(SUM),       vec![streamed, trailer],         Err("MissingContentLength")),
            ("a wrong trailer",            &summed("AAAAAA=="), vec![streamed, three, trailer], Err("BadDigest")),
            ("a missing trailer",          &chunks(""),        vec![streamed, three, trailer],  Err("MalformedTrailerError")),
            ("no chunks",                  &plain,             vec![streamed, three],           Err("IncompleteBody")),
        ];
        for (why, body, lines, want) in table {
            let mut headers =
                BTreeMap::from([("content-length".to_owned(), body.len().to_string())]);
            let pairs = lines
                .iter()
                .map(|line| line.split_once(": ").expect("a name and a value"));
            headers.extend(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())));
            let request = Request {
                headers,
                body: body.clone().into(),
                ..Request::default()
            };
            let got = receive(&request)
                .map(|received| received.data)
                .map_err(|error| error.code);
            assert_eq!(got, want.map(Bytes::from), "{why}");
        }
    }
}
