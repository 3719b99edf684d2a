"""What the demo uploads: a table of customers, a few hundred small objects, and awkward ones."""

import csv
import io
from collections import Counter

from emulator import ROOT
from emulator.objects import Thing, body_of, small

MIB = 1024 * 1024

COLUMNS = [
    ("customer_id", "bigint"),
    ("name", "string"),
    ("company", "string"),
    ("email", "string"),
    ("country", "string"),
    ("city", "string"),
    ("plan", "string"),
    ("monthly_eur", "double"),
    ("signed_up", "date"),
]

TABLE_FOLDER = "customers/"

# Each has broken some pipeline: keys travel form-encoded in events, percent-encoded in requests.
AWKWARD = [
    "with spaces/annual report 2026.txt",
    "plus+and+plus.txt",
    "100%/already%20encoded%2Bkey.txt",
    "unicode/Zoë – 東京/ключ.txt",
    "deep/" + "/".join("abcdefghijklmnop") + "/leaf.txt",
    'quotes/it\'s "here" & there;=@:,!.txt',
    "dots/..hidden../a..b.txt",
]


def customers() -> Thing:
    """The sample table, as `sample-data/customers.csv` has it."""
    body = (ROOT / "sample-data" / "customers.csv").read_bytes()
    return Thing(f"{TABLE_FOLDER}customers.csv", body, {"exported-by": "crm", "rows": "200"}, "text/csv")


def customers_by_country() -> list[tuple[str, str]]:
    """What the demo's query must find: countries and how many customers each has."""
    rows = csv.DictReader(io.StringIO(customers().body.decode()))
    return [(country, str(count)) for country, count in Counter(row["country"] for row in rows).items()]


def everything() -> list[Thing]:
    """All that is uploaded, the table first."""
    return [
        customers(),
        *(Thing(key, f"body of {key}".encode(), {"kind": "awkward"}, "text/plain") for key in AWKWARD),
        Thing("empty/_SUCCESS", b""),
        *(Thing(f"large/{n}.bin", body_of(f"large {n}", MIB), {"part": str(n)}) for n in range(4)),
        *small(300, "2026/11/20/orders"),
    ]
