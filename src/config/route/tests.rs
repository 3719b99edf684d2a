use crate::config::{Config, Sources};

#[test]
fn a_bad_route_is_refused_with_the_reason() {
    #[rustfmt::skip]
    let table = [
        ("no place", "from = \"raw/in\"", "route.r.from in f = \"raw/in\": expected s3://BUCKET/PREFIX: write \"s3://raw/in\""),
        ("unknown queue", "queue = \"evens\"", "route.r.queue in f = \"evens\": there is no [queue.evens]; did you mean events?"),
        ("unknown crawler", "crawlers = \"c\"", "route.r.crawlers in f = \"c\": there is no [crawler.c]: add it"),
        ("not a glob", "include = \"[a\"", "route.r.include in f = \"[a\": \"[a\" is no glob: unclosed character class; missing ']'"),
        ("not a glob either", "exclude = [\"ok\", \"{a\"]", "route.r.exclude in f = [\"ok\",\"{a\"]: \"{a\" is no glob: unclosed alternate group; missing '}' (maybe escape '{' with '[{]'?)"),
        ("sizes crossed", "min_size = 2\nmax_size = 1", "route.r.min_size in f = 2: expected at most max_size, 1B"),
        ("no way", "transfer = \"fast\"", "route.r.transfer in f = \"fast\": expected one of auto, server-side, stream, not fast"),
        ("a number is no rate", "bandwidth = 50", "route.r.bandwidth in f = 50: expected bytes in a second, such as \"50MB/s\": write \"50MB/s\""),
        ("a number is no way", "transfer = 1", "route.r.transfer in f = 1: expected one of auto, server-side, stream, not 1"),
        ("misspelt", "source_missing = \"skp\"", "route.r.source_missing in f = \"skp\": expected one of skip, retry, dead-letter, not skp; did you mean skip?"),
        ("allowed what?", "collisions = true", "route.r.collisions in f = true: expected one of refuse, allow, not true"),
        ("placeholder", "to = \"s3://lake/{pth}\"", "route.r.to in f = \"s3://lake/{pth}\": no such placeholder: {pth}; did you mean {path}?"),
        ("names collide", "to = \"s3://lake/{name}\"", "route.r.to in f = \"s3://lake/{name}\": brings different objects to one key, such as \"in/2024/a.csv\" and \"in/2025/a.csv\" to \"a.csv\": keep them apart with one {path} or {key}, or say collisions = \"allow\""),
        ("all collide", "to = \"s3://lake/orders\"", "route.r.to in f = \"s3://lake/orders\": brings different objects to one key, such as \"in/2024/a.csv\" and \"in/2025/a.csv\" to \"orders\": end it in / or {path}, or say collisions = \"allow\""),
    ];
    for (why, line, want) in table {
        let mut file = "[queue.events]\nurl = \"http://h/q\"\n[route.r]\n".to_owned();
        for default in ["from = \"s3://raw/in/\"", "to = \"s3://lake/{path}\""] {
            if line.split(' ').next() != default.split(' ').next() {
                file = format!("{file}{default}\n");
            }
        }
        let said = Config::load(&Sources::text("f", &format!("{file}{line}"))).unwrap_err();
        assert_eq!(said.to_string(), want, "{why}");
    }
}

#[test]
fn what_collides_may_be_allowed() {
    let file =
        "[route.r]\nfrom = \"s3://raw/in/\"\nto = \"s3://lake/{name}\"\ncollisions = \"allow\"";
    assert!(Config::load(&Sources::text("f", file)).is_ok());
}
