//! S3 and SQS as fast as they come: objects cost nothing to serve, and what is written is compared
//! with what it should be and thrown away. No signatures, no TLS, path-style.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt::Write;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::{StreamExt, stream};
use md5::{Digest, Md5};
use serde_json::Value;
use tokio::time::Instant;

use super::objects::{Objects, hex};
use super::queue::Queue;

/// Larger bodies have no MD5 as their `ETag`.
const SMALL: u64 = 1 << 20;

/// Parts that came: where each belongs and whether it is right.
type Parts = BTreeMap<u32, (u64, bool)>;

/// What one endpoint has seen.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) calls: usize,
    pub(crate) right: usize,
    pub(crate) wrong: usize,
    pub(crate) first: Option<Instant>,
    pub(crate) last: Option<Instant>,
    uploads: HashMap<String, Parts>,
    /// Keys that were written: some look at what they wrote.
    keys: HashSet<String>,
}

/// One endpoint. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Endpoint {
    pub(crate) objects: Objects,
    /// Until the first byte of an answer of S3.
    pub(crate) delay: Duration,
    pub(crate) queue: Arc<Mutex<Queue>>,
    pub(crate) seen: Arc<Mutex<Seen>>,
}

impl Endpoint {
    pub(crate) fn router(&self) -> Router {
        Router::new().fallback(answer).with_state(self.clone())
    }

    pub(crate) fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Objects that were written, right or wrong.
    pub(crate) fn written(&self) -> usize {
        let seen = self.seen();
        seen.right + seen.wrong
    }

    pub(crate) fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn finished(&self, key: &str, right: bool) {
        let mut seen = self.seen();
        seen.keys.insert(key.to_owned());
        if right {
            seen.right += 1;
        } else {
            seen.wrong += 1;
        }
        seen.last = Some(Instant::now());
    }
}

async fn answer(State(endpoint): State<Endpoint>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    if let Some(target) = head.headers.get("x-amz-target") {
        let target = target.to_str().unwrap_or_default().to_owned();
        return sqs(&endpoint, &target, body).await;
    }
    {
        let mut seen = endpoint.seen();
        seen.calls += 1;
        seen.first.get_or_insert_with(Instant::now);
    }
    let query = parse(head.uri.query().unwrap_or_default());
    let path = head.uri.path().trim_start_matches('/');
    let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
    let ask = Ask {
        endpoint: &endpoint,
        key,
        query: &query,
        headers: &head.headers,
    };
    let body = ask.take(body).await;
    if !endpoint.delay.is_zero() {
        tokio::time::sleep(endpoint.delay).await;
    }
    match (&head.method, bucket, key) {
        (&Method::GET, _, "") => ask.list(),
        (&Method::HEAD, _, "") => StatusCode::OK.into_response(),
        (&Method::GET | &Method::HEAD, "src", _) => ask.read(head.method == Method::HEAD),
        (&Method::GET | &Method::HEAD, ..) if query.contains_key("uploadId") => {
            xml("<ListPartsResult><IsTruncated>false</IsTruncated></ListPartsResult>")
        }
        (&Method::GET | &Method::HEAD, ..) if endpoint.seen().keys.contains(key) => {
            ask.read(head.method == Method::HEAD)
        }
        (&Method::GET | &Method::HEAD, ..) => StatusCode::NOT_FOUND.into_response(),
        (&Method::POST, ..) => ask.upload(),
        (&Method::PUT, ..) => ask.write(&body),
        (&Method::DELETE, ..) => StatusCode::NO_CONTENT.into_response(),
        _ => StatusCode::METHOD_NOT_ALLOWED.into_response(),
    }
}

/// A body that came.
struct Taken {
    length: u64,
    /// Each byte was what belongs there.
    right: bool,
    etag: String,
}

/// One request to S3.
struct Ask<'a> {
    endpoint: &'a Endpoint,
    key: &'a str,
    query: &'a HashMap<String, String>,
    headers: &'a HeaderMap,
}

impl Ask<'_> {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    fn objects(&self) -> &Objects {
        &self.endpoint.objects
    }

    fn list(&self) -> Response {
        if self.query.contains_key("uploads") {
            return xml(
                "<ListMultipartUploadsResult><IsTruncated>false</IsTruncated></ListMultipartUploadsResult>",
            );
        }
        let objects = self.objects();
        let from = self.query.get("continuation-token");
        let from: usize = from.and_then(|at| at.parse().ok()).unwrap_or(0);
        let wanted = self.query.get("prefix").map_or("", String::as_str);
        let keys = (from..objects.count).map(|n| objects.key(n));
        let keys: Vec<String> = keys
            .take(1_000)
            .filter(|key| key.starts_with(wanted))
            .collect();
        let to = from + 1_000;
        let (etag, size) = (&objects.etag, objects.size);
        let mut entries = String::new();
        for key in &keys {
            let _ = write!(
                entries,
                "<Contents><Key>{key}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified>\
                 <ETag>\"{etag}\"</ETag><Size>{size}</Size><StorageClass>STANDARD</StorageClass></Contents>"
            );
        }
        let more = if to < objects.count {
            format!(
                "<IsTruncated>true</IsTruncated><NextContinuationToken>{to}</NextContinuationToken>"
            )
        } else {
            "<IsTruncated>false</IsTruncated>".into()
        };
        xml(&format!(
            "<ListBucketResult><Name>src</Name><KeyCount>{}</KeyCount><MaxKeys>1000</MaxKeys>{more}{entries}</ListBucketResult>",
            keys.len()
        ))
    }

    fn read(&self, head: bool) -> Response {
        let objects = self.objects();
        if !objects.has(self.key) {
            return StatusCode::NOT_FOUND.into_response();
        }
        let range = self.header("range").and_then(|range| {
            let (from, to) = range.strip_prefix("bytes=")?.split_once('-')?;
            Some((from.parse().ok()?, to.parse::<u64>().ok()? + 1))
        });
        let (from, to) = range.unwrap_or((0, objects.size));
        let to = to.min(objects.size);
        let mut answer = Response::builder()
            .header(header::ETAG, format!("\"{}\"", objects.etag))
            .header(header::LAST_MODIFIED, "Thu, 01 Jan 2026 00:00:00 GMT")
            .header(header::CONTENT_TYPE, "text/csv")
            .header(header::ACCEPT_RANGES, "bytes")
            .header(header::CONTENT_LENGTH, to - from);
        if self.headers.contains_key("x-amz-checksum-mode") && range.is_none() {
            answer = answer
                .header("x-amz-checksum-crc64nvme", &objects.checksum)
                .header("x-amz-checksum-type", "FULL_OBJECT");
        }
        if range.is_some() {
            answer = answer.status(StatusCode::PARTIAL_CONTENT).header(
                header::CONTENT_RANGE,
                format!("bytes {from}-{}/{}", to - 1, objects.size),
            );
        }
        let pieces = objects.pieces(from, to).map(Ok::<Bytes, std::io::Error>);
        let body = if head {
            Body::empty()
        } else {
            Body::from_stream(stream::iter(pieces))
        };
        answer.body(body).expect("the headers are fine")
    }

    /// The part that a body is, of an upload.
    fn part(&self) -> Option<(u32, &str)> {
        let number = self.query.get("partNumber")?.parse().ok()?;
        Some((number, self.query.get("uploadId")?))
    }

    /// Where in the object a body of this length belongs. All parts but the last are of one size,
    /// and the last ends where the object does.
    fn place(&self, length: u64) -> u64 {
        let Some((number, id)) = self.part() else {
            return 0;
        };
        let seen = self.endpoint.seen();
        let others = seen.uploads.get(id).into_iter().flat_map(Parts::values);
        let usual = others.map(|(length, _)| *length).max().unwrap_or(length);
        let from = u64::from(number - 1) * usual.max(length);
        from.min(self.objects().size.saturating_sub(length))
    }

    /// Takes a body in, comparing it as it comes.
    async fn take(&self, body: Body) -> Taken {
        let told = self
            .header("content-length")
            .and_then(|length| length.parse().ok());
        let mut at = self.place(told.unwrap_or_default());
        let (mut length, mut right, mut small) = (0, true, Md5::new());
        let mut chunks = body.into_data_stream();
        while let Some(Ok(chunk)) = chunks.next().await {
            right = right && self.objects().holds(at, &chunk);
            at += chunk.len() as u64;
            length += chunk.len() as u64;
            // Digests of gigabytes would be all there is to measure.
            if told.is_some_and(|told| told <= SMALL) {
                small.update(&chunk);
            }
        }
        Taken {
            length,
            right,
            etag: hex(&small.finalize()),
        }
    }

    fn write(&self, body: &Taken) -> Response {
        let objects = self.objects();
        if let Some((number, id)) = self.part() {
            // The last two may say what an upload is of, and are never completed.
            if number <= 9_998 {
                let mut seen = self.endpoint.seen();
                let parts = seen.uploads.entry(id.to_owned()).or_default();
                parts.insert(number, (body.length, body.right));
            }
            return tagged(&body.etag);
        }
        let copies = self.headers.contains_key("x-amz-copy-source");
        if copies && !objects.has(self.key) {
            let mut gone = xml("<Error><Code>NoSuchKey</Code><Message>gone</Message></Error>");
            *gone.status_mut() = StatusCode::NOT_FOUND;
            return gone;
        }
        if copies {
            self.endpoint.finished(self.key, objects.has(self.key));
            return xml(&format!(
                "<CopyObjectResult><ETag>\"{}\"</ETag><LastModified>2026-01-01T00:00:00.000Z</LastModified></CopyObjectResult>",
                objects.etag
            ));
        }
        let right = body.right && body.length == objects.size && objects.has(self.key);
        self.endpoint.finished(self.key, right);
        let mut answer = tagged(&body.etag);
        // As S3 tells what it has compared; that it is right is seen from the bytes here.
        let sums = self.headers.iter();
        for (name, sum) in sums.filter(|(name, _)| name.as_str().starts_with("x-amz-checksum-")) {
            answer.headers_mut().insert(name, sum.clone());
        }
        answer
    }

    fn upload(&self) -> Response {
        let Some(id) = self.query.get("uploadId") else {
            let id = format!(
                "{}-{}",
                self.key.replace('/', "."),
                self.endpoint.seen().calls
            );
            let mut answer = xml(&format!(
                "<InitiateMultipartUploadResult><Bucket>dst</Bucket><Key>{}</Key><UploadId>{id}</UploadId></InitiateMultipartUploadResult>",
                self.key
            ));
            for name in ["x-amz-checksum-algorithm", "x-amz-checksum-type"] {
                if let Some(asked) = self.headers.get(name) {
                    answer.headers_mut().insert(name, asked.clone());
                }
            }
            return answer;
        };
        let parts = self.endpoint.seen().uploads.remove(id).unwrap_or_default();
        let whole: u64 = parts.values().map(|(length, _)| length).sum();
        let right = whole == self.objects().size && parts.values().all(|(_, right)| *right);
        self.endpoint
            .finished(self.key, right && self.objects().has(self.key));
        xml(&format!(
            "<CompleteMultipartUploadResult><Bucket>dst</Bucket><Key>{}</Key><ETag>\"{}-{}\"</ETag></CompleteMultipartUploadResult>",
            self.key,
            hex(&Md5::digest(id.as_bytes())),
            parts.len()
        ))
    }
}

async fn sqs(endpoint: &Endpoint, target: &str, body: Body) -> Response {
    let body = to_bytes(body, 2 << 20).await.unwrap_or_default();
    let asked: Value = serde_json::from_slice(&body).unwrap_or_default();
    let operation = target.rsplit('.').next().unwrap_or_default();
    let answer = endpoint.queue().answer(operation, &asked);
    if answer.is_none() {
        // A long poll, shortened.
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    let answer = answer.unwrap_or_else(|| serde_json::json!({}));
    let kind = [(header::CONTENT_TYPE, "application/x-amz-json-1.0")];
    (kind, answer.to_string()).into_response()
}

fn xml(text: &str) -> Response {
    let kind = [(header::CONTENT_TYPE, "application/xml")];
    (
        kind,
        format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>{text}"),
    )
        .into_response()
}

fn tagged(etag: &str) -> Response {
    ([(header::ETAG, format!("\"{etag}\""))], ()).into_response()
}

fn parse(query: &str) -> HashMap<String, String> {
    let pairs = query
        .split('&')
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    let plain = |text: &str| {
        percent_encoding::percent_decode_str(text)
            .decode_utf8_lossy()
            .into_owned()
    };
    pairs
        .map(|(name, value)| (plain(name), plain(value)))
        .collect()
}
