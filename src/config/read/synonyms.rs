//! What people call our settings who come from other tools, from AWS's documentation, or from memory.
//!
//! Spelling alone finds `visibility` for `visibility_timeout`, but never `to` for `destination`. The
//! table is the only place that knows such words.

use crate::config::nearest::nearest;

/// Section (empty: the top), words that are used there, and the key that is meant; or, if it has a
/// space, what to do instead.
#[rustfmt::skip]
const KEYS: &[(&str, &str, &str)] = &[
    ("", "env stage", "environment"),
    ("", "log logs logging log_level loglevel debug verbose trace rust_log", "no such key: what is logged is set by --log-level, or by RUST_LOG=brigade=debug"),
    ("", "sqs events", "queue"),
    ("", "replication replications rule rules pipeline pipelines sync copy s3", "route"),
    ("", "glue", "crawler"),
    ("", "athena", "no such key: an assertion is assert_sql in [crawler.NAME]"),
    ("", "metrics prometheus health healthcheck http server status", "admin"),
    ("", "accounts credentials role roles", "account"),
    ("", "region", "aws.region"),
    ("", "endpoint endpoint_url", "aws.endpoint_url"),
    ("", "profile", "no such key: the default account's profile is the variable AWS_PROFILE; another account's is profile in [account.NAME]"),
    ("", "limits workers concurrency memory", "work"),
    ("aws", "endpoint url endpoint_override", "endpoint_url"),
    ("aws", "profile", "no such key: the default account's profile is the variable AWS_PROFILE; another account's is profile in [account.NAME]"),
    ("aws", "fips use_fips", "use_fips_endpoint"),
    ("aws", "dualstack use_dualstack ipv6", "use_dualstack_endpoint"),
    ("aws", "ca ca_file cacert", "ca_bundle"),
    ("account", "role assume_role iam_role", "role_arn"),
    ("account", "endpoint url", "endpoint_url"),
    ("account", "fips use_fips", "use_fips_endpoint"),
    ("account", "dualstack use_dualstack ipv6", "use_dualstack_endpoint"),
    ("account", "secret_name secret_arn secret_id secrets_manager", "secret"),
    ("account", "ca ca_file cacert", "ca_bundle"),
    ("queue", "queue queue_url sqs sqs_url queue_arn arn name address", "url"),
    ("queue", "dlq dlq_url dead_letter dead_letters dead_letter_queue dead_letter_url deadletter redrive", "dead_letter_queue_url"),
    ("queue", "visibility hide timeout", "visibility_timeout"),
    ("queue", "max_receives max_receive_count attempts retries max_retries receives", "max_attempts"),
    ("queue", "pollers concurrency threads receivers", "max_pollers"),
    ("queue", "envelope envelopes format formats types", "accept"),
    ("queue", "role role_arn profile", "no such key: name the credentials in [account.NAME], and here account = \"NAME\""),
    ("work", "concurrency threads parallelism parallel max_workers", "workers"),
    ("work", "buffer buffers memory memory_limit max_memory", "buffer_memory"),
    ("work", "grace grace_period drain drain_timeout stop_timeout timeout", "shutdown_timeout"),
    ("retry", "attempts retries max_retries", "max_attempts"),
    ("retry", "backoff delay wait min_backoff", "initial_backoff"),
    ("retry", "backoff_max max_delay", "max_backoff"),
    ("route", "source src source_bucket src_bucket bucket from_bucket source_prefix from_prefix input origin source_url uri", "from"),
    ("route", "destination dest dst target sink output destination_bucket dest_bucket target_bucket to_bucket to_prefix destination_prefix target_prefix key key_template template", "to"),
    ("route", "prefix prefixes", "no such key: the prefix is part of `from`, such as from = \"s3://BUCKET/PREFIX/\""),
    ("route", "region bucket_region", "no such key: it is from_region or to_region, and may be left out"),
    ("route", "account", "no such key: it is from_account or to_account"),
    ("route", "access_point", "no such key: it is from_access_point or to_access_point"),
    ("route", "queues queue_name queue_url", "queue"),
    ("route", "extension extensions ext suffixes file_types", "suffix"),
    ("route", "filter filters pattern patterns glob globs match includes", "include"),
    ("route", "ignore excludes except skip", "exclude"),
    ("route", "way mode method copy_mode transfer_mode", "transfer"),
    ("route", "original move delete_source remove_source delete_after_copy cleanup", "after_copy"),
    ("route", "archive move_prefix done", "move_to"),
    ("route", "delete sync_deletes delete_markers propagate_deletes mirror", "deletes"),
    ("route", "class", "storage_class"),
    ("route", "encryption server_side_encryption", "sse"),
    ("route", "kms kms_key kms_key_id kms_key_arn sse_kms_key", "sse_kms_key_id"),
    ("route", "encryption_context kms_context", "sse_kms_context"),
    ("route", "bucket_key", "bucket_key_enabled"),
    ("route", "canned_acl", "acl"),
    ("route", "from_bucket_owner source_bucket_owner", "from_expected_bucket_owner"),
    ("route", "to_bucket_owner destination_bucket_owner", "to_expected_bucket_owner"),
    ("route", "tagging copy_tags", "tags"),
    ("route", "rate rate_limit limit throttle", "bandwidth"),
    ("route", "chunk_size multipart_chunksize", "part_size"),
    ("route", "multipart_threshold", "multipart_copy_threshold"),
    ("route", "crawl crawler", "crawlers"),
    ("route", "table partitions", "tables"),
    ("route", "notification notifications sns topic topic_arn event_bus", "notify"),
    ("catalog", "queue_url url queue_arn arrivals", "queue"),
    ("crawler", "every schedule interval period cron frequency rate min_interval", "at_most_every"),
    ("crawler", "quiet delay quiet_period wait batch_window", "debounce"),
    ("crawler", "crawler crawler_name glue_name", "name"),
    ("crawler", "timeout", "stuck_after"),
    ("crawler", "sql assert assertion check", "assert_sql"),
    ("crawler", "workgroup", "assert_workgroup"),
    ("crawler", "output output_location", "assert_output"),
    ("crawler", "database", "assert_database"),
    ("table", "db catalog schema database_name", "database"),
    ("table", "table table_name glue_name", "name"),
    ("admin", "port address addr bind host url", "listen"),
];

/// Words for values; each counts where the value is one of those that are known.
#[rustfmt::skip]
const VALUES: &[(&str, &str)] = &[
    ("kms", "aws:kms"), ("sse-kms", "aws:kms"), ("dsse", "aws:kms:dsse"), ("dsse-kms", "aws:kms:dsse"),
    ("sse-s3", "AES256"), ("s3", "AES256"), ("aes", "AES256"), ("aes-256", "AES256"),
    ("true", "on"), ("yes", "on"), ("always", "on"), ("false", "off"), ("no", "off"), ("never", "off"),
    ("true", "follow"), ("yes", "follow"), ("delete", "follow"), ("mirror", "follow"), ("false", "ignore"), ("keep", "ignore"),
    ("mv", "move"), ("rm", "delete"), ("remove", "delete"), ("no", "keep"), ("false", "keep"),
    ("s3", "server-side"), ("server", "server-side"), ("copyobject", "server-side"), ("proxy", "stream"), ("client", "stream"),
    ("ia", "STANDARD_IA"), ("deep", "DEEP_ARCHIVE"), ("glacier-flexible", "GLACIER"), ("glacier-instant", "GLACIER_IR"),
    ("dlq", "dead-letter"), ("park", "dead-letter"), ("fail", "dead-letter"), ("error", "dead-letter"),
    ("true", "require"), ("copy", "require"), ("false", "skip"), ("none", "skip"),
    ("message", "s3"), ("event-bridge", "eventbridge"),
];

/// What a word means as a key of a section.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meant {
    /// This key.
    Key(&'static str),
    /// No key; what to do instead.
    Instead(&'static str),
}

/// What is meant by a key that there is not.
pub(crate) fn key(section: &str, word: &str) -> Option<Meant> {
    let word = snake(word);
    let (.., meant) = KEYS
        .iter()
        .find(|(at, words, _)| *at == section && words.split(' ').any(|known| known == word))?;
    Some(if meant.contains(' ') {
        Meant::Instead(meant)
    } else {
        Meant::Key(meant)
    })
}

/// The known value that is meant or nearly written.
pub(crate) fn value<'k>(word: &str, known: &[&'k str]) -> Option<&'k str> {
    let plain = |text: &str| text.to_lowercase().replace(['_', ' '], "-");
    let (word, bare) = (plain(word), plain(word).replace('-', ""));
    let same = known
        .iter()
        .find(|known| plain(known).replace('-', "") == bare);
    let meant = VALUES.iter().filter(|(used, _)| *used == word);
    let mut meant = meant;
    let meant = meant.find_map(|(_, meant)| known.iter().find(|known| *known == meant));
    same.or(meant)
        .copied()
        .or_else(|| nearest(&word, known.iter().copied()))
}

/// `visibilityTimeout` and `visibility-timeout` are `visibility_timeout`.
pub(crate) fn snake(word: &str) -> String {
    let mut snake = String::new();
    let mut after_small = false;
    for c in word.chars() {
        if c.is_uppercase() && after_small {
            snake.push('_');
        }
        after_small = c.is_lowercase() || c.is_ascii_digit();
        match c {
            '-' | ' ' | '.' => snake.push('_'),
            other => snake.extend(other.to_lowercase()),
        }
    }
    snake
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::config::read::tree::collect;
    use crate::config::{Config, Sources, schema};

    fn said(file: &str) -> String {
        let refused = Config::load(&Sources::text("f", file)).map(|_| ());
        refused
            .err()
            .map_or_else(String::new, |why| why.to_string())
    }

    #[test]
    fn every_synonym_leads_to_a_key_that_there_is_and_is_none_itself() {
        let schema = schema();
        let mut all = Vec::new();
        collect("", &schema, &mut all);
        let here = |section: &str| -> BTreeSet<String> {
            let inside = format!("{section}.");
            all.iter()
                .filter_map(|path| match section {
                    "" => path.split('.').next(),
                    _ => path
                        .strip_prefix(&inside)
                        .map(|path| path.trim_start_matches("NAME.")),
                })
                .map(str::to_owned)
                .collect()
        };
        for (section, words, meant) in KEYS {
            let here = here(section);
            assert!(!here.is_empty(), "no section {section}");
            let leads = meant.contains(' ')
                || here.contains(*meant)
                || all.iter().any(|path| path == meant);
            assert!(leads, "[{section}] {words}: there is no {meant}");
            for word in words.split(' ') {
                assert!(!here.contains(word), "[{section}] {word} is a key");
                let rows = KEYS
                    .iter()
                    .filter(|(at, words, _)| at == section && words.split(' ').any(|w| w == word));
                assert_eq!(rows.count(), 1, "[{section}] {word} stands once");
            }
        }
    }

    #[test]
    fn a_word_of_another_tool_is_told_as_ours() {
        let route = "[route.r]\nfrom = \"s3://raw/\"\nto = \"s3://lake/\"\n";
        let queue = "[queue.q]\nurl = \"http://h/q\"\n";
        #[rustfmt::skip]
        let table = [
            ("[route.r]\nfrom = \"s3://raw/\"\ndestination = \"s3://lake/\"".to_owned(), "route.r.destination in f = \"s3://lake/\": no such key; did you mean to?"),
            ("[route.r]\nto = \"s3://lake/\"\nsourceBucket = \"raw\"".into(),            "route.r.sourceBucket in f = \"raw\": no such key; did you mean from?"),
            (format!("{route}prefix = \"in/\""),          "route.r.prefix in f = \"in/\": no such key: the prefix is part of `from`, such as from = \"s3://BUCKET/PREFIX/\""),
            (format!("{queue}dlq = \"x\""),               "queue.q.dlq in f = \"x\": no such key; did you mean dead_letter_queue_url?"),
            (format!("{queue}visibility-timeout = \"1m\""), "queue.q.visibility-timeout in f = \"1m\": no such key; did you mean visibility_timeout?"),
            ("[queue.q]\nqueue_url = \"http://h/q\"".into(), "queue.q.queue_url in f = \"http://h/q\": no such key; did you mean url?"),
            ("[crawler.c]\nevery = \"10m\"".into(),       "crawler.c.every in f = \"10m\": no such key; did you mean at_most_every?"),
            ("[crawler.c]\nschedule = \"1h\"".into(),     "crawler.c.schedule in f = \"1h\": no such key; did you mean at_most_every?"),
            ("[log]\nlevel = \"debug\"".into(),           "log in f = {\"level\":\"debug\"}: no such key: what is logged is set by --log-level, or by RUST_LOG=brigade=debug"),
            ("region = \"eu-west-1\"".into(),             "region in f = \"eu-west-1\": no such key; did you mean aws.region?"),
            (format!("{route}sse = \"kms\""),             "route.r.sse in f = \"kms\": expected one of AES256, aws:kms, aws:kms:dsse, not kms; did you mean aws:kms?"),
            (format!("{route}sse = \"AES-256\""),         "route.r.sse in f = \"AES-256\": expected one of AES256, aws:kms, aws:kms:dsse, not AES-256; did you mean AES256?"),
            (format!("{route}deletes = true"),            "route.r.deletes in f = true: expected one of ignore, follow, not true; did you mean follow?"),
            ("aws.conditional_writes = true".into(),      "aws.conditional_writes in f = true: expected one of auto, on, off, not true; did you mean on?"),
        ];
        for (file, want) in table {
            let said = said(&file);
            assert!(said.lines().any(|line| line == want), "{file}: {said}");
        }
    }
}
