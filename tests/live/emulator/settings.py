"""The configuration file the demo and the tests give the daemon: what an operator would write."""

import json
from typing import Any

from emulator import AWAY, HOME
from emulator.provision import Pipeline

Settings = dict[str, Any]


def settings(of: Pipeline, **work: Any) -> Settings:
    """One queue, one route over the pipeline, and a crawler when it has a catalogue."""
    written: Settings = {
        "version": 1,
        "environment": "live-test",
        "aws": {"region": HOME, "endpoint_url": of.emulator.endpoint},
        "queue": {"events": {"url": of.queue_url}},
        "work": work,
        "route": {"orders": route(of)},
    }
    if of.catalog:
        written["route"]["orders"]["crawlers"] = ["orders"]
        written["crawler"] = {"orders": {"name": of.catalog.crawler, "region": AWAY}}
        if of.catalog.arrivals_url:
            written["catalog"] = {"queue": of.catalog.arrivals_url}
    return written


def route(of: Pipeline) -> Settings:
    """The route from the pipeline's prefix to the target's."""
    return {
        "from": f"s3://{of.source}/{of.prefix}",
        "from_region": HOME,
        "to": f"s3://{of.target}/{of.target_prefix}{{path}}",
        "to_region": of.away_region,
    }


def as_toml(written: Settings) -> str:
    """Writes tables of plain values and lists; all a configuration needs."""
    return "\n".join(_table((), written)).strip() + "\n"


def _table(path: tuple[str, ...], table: Settings) -> list[str]:
    plain = {key: value for key, value in table.items() if not isinstance(value, dict)}
    lines = ["", f"[{'.'.join(path)}]"] if path and plain else []
    lines += [f"{key} = {_value(value)}" for key, value in plain.items()]
    for key, value in table.items():
        if isinstance(value, dict):
            lines += _table((*path, key), value)
    return lines


def _value(value: Any) -> str:
    # JSON's strings, numbers, booleans and flat lists are TOML's too.
    return json.dumps(value, ensure_ascii=False)
