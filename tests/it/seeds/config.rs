//! The configuration that a script gives its daemons.

use brigade::config::{Config, Rate, Sources};
use bytesize::ByteSize;

use super::script::{AfterCopy, Script};
use super::stage::{CRAWLER, CRAWLER_REGION, SOURCE, Stage, TOPIC, lake};

impl Stage {
    /// The configuration of one of the daemons.
    pub(super) fn config(&self, daemon: usize) -> Config {
        let Script {
            visibility,
            max_attempts,
            conditional,
            ..
        } = self.script;
        let (queue, workers) = (&self.queue, self.script.daemons[daemon]);
        let conditional = if conditional { "on" } else { "off" };
        let arrivals = self
            .arrivals
            .iter()
            .map(|url| format!("catalog.queue = \"{url}\""));
        let arrivals = arrivals.collect::<String>();
        let head = format!(
            r#"
            {arrivals}
            [aws]
            region = "us-east-1"
            conditional_writes = "{conditional}"
            [queue.events]
            url = "{queue}"
            visibility_timeout = "{visibility}ms"
            max_attempts = {max_attempts}
            [work]
            workers = {workers}
            [crawler.{CRAWLER}]
            region = "{CRAWLER_REGION}"
            debounce = "5s"
            at_most_every = "1m"
            "#
        );
        let routes = self.script.routes.iter().enumerate().map(|(n, target)| {
            let transfer = if target.streamed { "stream" } else { "auto" };
            let date = if target.dated {
                "{yyyy}/{mm}/{dd}/"
            } else {
                ""
            };
            let bucket = lake(n);
            let reported = self
                .script
                .reported
                .then(|| format!("notify = \"{TOPIC}\""));
            let notify = reported.unwrap_or_default();
            let deletes = if target.follows { "follow" } else { "ignore" };
            let after_copy = match self.script.after_copy {
                AfterCopy::Keep => "after_copy = \"keep\"",
                AfterCopy::Move if n == 0 => "after_copy = \"move\"\nmove_to = \"done/\"",
                AfterCopy::Delete | AfterCopy::Move => "after_copy = \"delete\"",
            };
            let said = |key: &str, value: Option<&str>| {
                let line = value.map(|value| format!("{key} = \"{value}\""));
                line.unwrap_or_default()
            };
            let (sse, class, parts) = (
                said("sse", target.sse.as_deref()),
                said("storage_class", target.class.as_deref()),
                said("part_size", target.part_size.as_deref()),
            );
            let access_point = |bucket: &str| self.access_points.get(bucket).map(String::as_str);
            let (from_access_point, to_access_point) = (
                said("from_access_point", access_point(SOURCE)),
                said("to_access_point", access_point(&bucket)),
            );
            format!(
                r#"
                [route.r{n}]
                from = "s3://{SOURCE}/in/"
                to = "s3://{bucket}/out/{date}{{path}}"
                {from_access_point}
                {to_access_point}
                transfer = "{transfer}"
                {parts}
                crawlers = "{CRAWLER}"
                {notify}
                deletes = "{deletes}"
                {after_copy}
                {sse}
                {class}
                "#
            )
        });
        let file = head + &routes.collect::<String>();
        match Config::load(&Sources::text("script.toml", &file)) {
            Ok(mut loaded) => {
                if self.script.large {
                    let work = &mut loaded.config.work;
                    (work.large_workers, work.large_threshold) = (1, ByteSize(0));
                }
                for route in loaded.config.route.values_mut() {
                    // Less than a configuration may ask for.
                    route.bandwidth = self.script.bandwidth.map(|most| Rate(ByteSize::b(most)));
                }
                loaded.config
            }
            Err(refusal) => panic!("{refusal}"),
        }
    }
}
