//! The configuration that a script gives its daemons.

use brigade::config::{Config, Rate, Sources};
use bytesize::ByteSize;

use super::script::{Original, Script};
use super::stage::{CRAWLER, CRAWLER_REGION, SOURCE, Stage, TOPIC, lake};

impl Stage {
    /// The configuration of one of the daemons.
    pub(super) fn config(&self, daemon: usize) -> Config {
        let Script {
            visibility,
            max_receive_count,
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
            max_receive_count = {max_receive_count}
            [work]
            workers = {workers}
            [crawler.{CRAWLER}]
            region = "{CRAWLER_REGION}"
            quiet = "5s"
            at_most_every = "1m"
            "#
        );
        let routes = self.script.routes.iter().enumerate().map(|(n, target)| {
            let way = if target.streamed { "stream" } else { "auto" };
            let date = if target.dated {
                "{yyyy}/{mm}/{dd}/"
            } else {
                ""
            };
            let bucket = lake(n);
            let told = self.script.told.then(|| format!("notify = \"{TOPIC}\""));
            let notify = told.unwrap_or_default();
            let deletes = if target.follows { "follow" } else { "ignore" };
            let original = match self.script.original {
                Original::Keep => "original = \"keep\"",
                Original::Move if n == 0 => "original = \"move\"\nmove_to = \"done/\"",
                Original::Delete | Original::Move => "original = \"delete\"",
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
            let door = |bucket: &str| self.doors.get(bucket).map(String::as_str);
            let (from_door, to_door) = (
                said("from_access_point", door(SOURCE)),
                said("to_access_point", door(&bucket)),
            );
            format!(
                r#"
                [route.r{n}]
                from = "s3://{SOURCE}/in/"
                to = "s3://{bucket}/out/{date}{{path}}"
                {from_door}
                {to_door}
                way = "{way}"
                {parts}
                crawlers = "{CRAWLER}"
                {notify}
                deletes = "{deletes}"
                {original}
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
