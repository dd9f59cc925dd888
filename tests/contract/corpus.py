"""Nasty values, as fragments of JSON: by the kind of place that must refuse them, or may take them (H11, H13).

Every text among them holds the mark, which no error may repeat.
"""

import json
from collections.abc import Iterator
from typing import Any, TypeVar

from app.web.schema import NOT_BLANK
from tests.agency import Json

Value = TypeVar("Value")

MARK = "zqnasty"

# No JSON, or JSON that means two things: 400 wherever it stands.
UNPARSABLE = [
    *("NaN", "Infinity", "-Infinity", "1e400", "-1e400", "01", "0x10", "+1", ".5", "1.", "--1"),
    *(
        f'{{"a": "{MARK}", "a": 1}}',
        f'{{"{MARK}": 1,}}',
        "[1,]",
        f"'{MARK}'",
        f'"{MARK}\n"',
        f'"{MARK}\\x41"',
    ),
    *(
        "{}{}",
        "/**/ 1",
        "True",
        "undefined",
        '"\\u12"',
        "[" * 33 + "]" * 33,
        "[" * 100_000,
        '{"a":' * 100_000,
    ),
]

# Text that no database takes, and a number without end: 422 wherever it stands.
UNCLEAN = [
    *(f'"{MARK}\\u0000"', f'"{MARK}\\ud800"', f'"\\udc00\\ud83d{MARK}"', '{"\\u0000": 1}'),
    *("9" * 5_000, "-" + "9" * 5_000),
]

# Values of each type, for the places that take none of it.
TYPES = {
    "null": ["null"],
    "boolean": ["true", "false"],
    "integer": ["7", "0", "-1", str(2**63), "1784023200"],
    "number": ["7.0", "7.5", "1e2", "-0.0", "1e308", "5e-324"],
    "string": [f'"{MARK}"', '""', '"7"', '"true"', '"null"', '"[]"'],
    "array": ["[]", "[null]", f'["{MARK}"]', "[[]]"],
    "object": ["{}", f'{{"{"k" * 10_000}": "{MARK}"}}', f'{{"__proto__": {{"x": "{MARK}"}}}}', '{"": null}'],
}

WORDS = [MARK, "now", "today", "x" * 300 + MARK, "../../etc/passwd", "%00", "{{7*7}}", "0", "-1", " "]
FORMATS: dict[str, list[str]] = {
    "date-time": [
        *("1989-12-31T23:59:59Z", "2101-01-01T00:00:00Z", "0000-00-00T00:00:00Z", "9999-12-31T23:59:59Z"),
        *("2024-02-30T10:00:00Z", "2016-12-31T23:59:60Z", "2026-07-14T24:00:00Z", "2026-07-14T10:00:00"),
        *(
            "2026-07-14",
            "2026-07-14 10:00:00Z",
            "1784023200",
            "2026-07-14T10:00:00+24:00",
            "20260714T100000Z",
        ),
        *(
            "2026-07-14T10:00:00-24:00",
            "2026-07-14T10:00:00+01:60",
            "2026-07-14T10:00:00+0100",
            "2026-W29-2T10:00:00Z",
            "２０２６-07-14T10:00:00Z",
        ),
        *("2026-07-14T10:00:00Z\n", "2026-07-14T10:00:00[Europe/London]", "2026-07-14T10:00:00.0000000001Z"),
    ],
    "date": [
        *("1989-12-31", "2101-01-01", "0000-00-00", "9999-12-31", "2024-02-30", "2026-7-14", "20260714"),
        *("2026-07-14T10:00:00Z", "2026-W29-2", "14.07.2026", "２０２６-07-14", "2026-07-14\n"),
    ],
    "uuid": [
        *(
            "0197f3a05b1c7d3e8f003c6d1a2b4e5f",
            "{0197f3a0-5b1c-7d3e-8f00-3c6d1a2b4e5f}",
            "0197f3a0-5b1c-7d3e-8f00",
        ),
        *("urn:uuid:0197f3a0-5b1c-7d3e-8f00-3c6d1a2b4e5f", "0197f3a0-5b1c-7d3e-8f00-3c6d1a2b4e5g"),
        *("' OR 1=1; --", "0197f3a0-5b1c-7d3e-8f00-3c6d1a2b4e5f\n"),
        *(
            "urn:0197f3a05b1c7d3e8f003c6d1a2b4e5f",
            "0197f3a05b1c7d3e8f003c6d1a2b4e5f----",
            "{{{{0197f3a05b1c7d3e8f003c6d1a2b4e5f",
            "0197f3a0-5b1c7d3e-8f00-3c6d-1a2b4e5f",
        ),
    ],
    "iana-timezone": [
        "Mars/Olympus",
        "BST",
        "+01:00",
        "UTC+1",
        "europe/london",
        "localtime",
        "Europe/London\n",
    ],
    "holiday-code": ["ATLANTIS", "gb-eng", "GB-", "-ENG", "GB-ENG-X", "ＧＢ", "GB-ENG\n"],
}

# Odd, but text: stored and read back exactly.
TEXTS = [
    f"👩🏽‍🚀🏳️‍🌈 שלום \u202e\u2066\u200f\u0628\u0301 Z̷͎a\u0323\u0307 \ufeff\ufffe\U0010ffff {MARK}",
    f"'; DROP TABLE clients; -- ${{7*7}} {{{{7*7}}}} <script> %s %00 \\x00 \\u0000 =1+1 {MARK}",
    f"__proto__ null ../../etc/passwd \x01\x1f\x7f\x85\u2028\t\r\n  {MARK}  ",
]


def in_turn(values: list[Value], turn: int) -> Value:
    """Another value for each place."""
    return values[turn % len(values)]


def refused(kinds: list[Json], turn: int) -> Iterator[str]:
    """What a place must refuse, as it takes none of it; of each other type one value, place by place another."""
    taken = {kind["type"] for kind in kinds}
    if "number" in taken:
        taken.add("integer")
    yield from (in_turn(values, turn) for name, values in TYPES.items() if name not in taken)
    yield in_turn(UNCLEAN, turn)
    for kind in kinds:
        if kind["type"] in _BAD:
            yield from _BAD[kind["type"]](kind, turn)


def _texts(kind: Json, turn: int) -> Iterator[str]:
    if kind.get("minLength") or "format" in kind or "enum" in kind or "pattern" in kind:
        yield '""'
    if "maxLength" in kind:
        yield f'"{"x" * (kind["maxLength"] + 1 - len(MARK))}{MARK}"'
        yield f'"{"👩" * (kind["maxLength"] + 1)}"'
    if "enum" in kind:
        yield from map(json.dumps, [kind["enum"][0].upper(), f"{kind['enum'][0]} "])
    yield from map(json.dumps, FORMATS.get(kind.get("format", ""), []))
    if "enum" in kind or "format" in kind:
        yield from (json.dumps(in_turn(WORDS, turn + number)) for number in range(3))


def _numbers(kind: Json, _turn: int) -> Iterator[str]:
    for number in (kind["minimum"] - 1, kind["maximum"] + 1, 2**31, 2**63, -(2**63) - 1, 10**400):
        yield str(number)


def _arrays(kind: Json, _turn: int) -> Iterator[str]:
    for length in (kind["maxItems"] + 1, 1_001):
        yield json.dumps([MARK] * length)


def _objects(kind: Json, _turn: int) -> Iterator[str]:
    if kind.get("additionalProperties") is False:
        yield from TYPES["object"][1:]
    else:
        yield f'{{"{"k" * 10_000}": "{MARK}"}}'


_BAD = {"string": _texts, "integer": _numbers, "number": _numbers, "array": _arrays, "object": _objects}


ODD = {
    "date": ["1990-01-01", "2100-12-31", "2024-02-29"],
    "date-time": [
        *("1990-01-01T00:00:00Z", "2100-12-31T23:59:59.999999Z", "1990-01-01T00:00:00+23:59"),
        *("2026-07-14t10:00z", "2026-07-14T10:00:00+14:00", "2026-07-14T10:00:00-12:00"),
    ],
    "iana-timezone": ["Pacific/Apia", "Etc/GMT+12", "Antarctica/Troll"],
    "holiday-code": ["IN", "US-CA", "GBR"],
}
_PLAIN: dict[str, list[Any]] = {"null": [None], "boolean": [True, False], "array": [[]]}


def odd(kinds: list[Json], ids: list[str], turn: int) -> Iterator[Any]:
    """What a place may take though it looks odd, or refuse for a reason of its own; place by place other values."""
    for kind in kinds:
        if kind.get("format") == "uuid":
            yield in_turn([*ids, ids[0].upper()], turn)
        elif "format" in kind:
            yield from (in_turn(ODD[kind["format"]], 2 * turn + number) for number in range(2))
        elif "enum" in kind:
            yield in_turn(kind["enum"], turn)
        elif "pattern" in kind:
            yield in_turn(["23:59", "a@b", "+44 (0)20 / 7946-0958 x12", "XXX"], turn)
        elif "maximum" in kind:
            yield from (kind["minimum"], kind["maximum"])
        elif kind["type"] in _PLAIN:
            yield in_turn(_PLAIN[kind["type"]], turn)


def is_free_text(kind: Json) -> bool:
    """Whether any words may stand there."""
    return (
        kind["type"] == "string"
        and not ({"const", "enum", "format"} & kind.keys())
        and kind.get("pattern") in (None, NOT_BLANK)
    )


def texts(kind: Json) -> Iterator[str]:
    """Odd texts, and the longest that may stand there."""
    yield from (text for text in TEXTS if len(text) <= kind["maxLength"])
    yield "👩" * kind["maxLength"]


_BAD_WORDS = {
    "integer": ["", "x", "1.5", "0x10", "1e1", "--1", "9" * 5_000, str(2**63), "NaN", "true", MARK],
    "boolean": ["", "2", "1", "0", "yes", "on", "tRuE", "False", "maybe", "null", MARK],
}


def refused_texts(kind: Json) -> Iterator[str]:
    """What a query parameter must refuse; as all of a query is text, its types are told by their words."""
    yield from ("\x00", f"{MARK}\x00")
    yield from _BAD_WORDS.get(kind["type"], [])
    if "maximum" in kind:
        yield from (str(kind["minimum"] - 1), str(kind["maximum"] + 1))
    if kind["type"] == "string":
        yield from map(json.loads, _texts(kind, len(kind)))


# Each header that we or a library may read, with what might upset either.
_ANY = ["", " ", MARK, "\x7f", "é", "\U0001f600", "x" * 8_000, ";;=,,", '"', "%00", "${7*7}", "\t"]
HEADERS: dict[str, list[bytes]] = {
    name: [value.encode() for value in [*_ANY, *more]]
    for name, more in {
        "Authorization": ["Bearer", "Bearer ", f"Bearer {MARK}", f"Basic {MARK}", f"bearer tb_live_{MARK}"],
        "X-Request-Id": ["x" * 129, f"{MARK} {MARK}"],
        "X-Purpose": ["x" * 65, "two words"],
        "Idempotency-Key": ["x" * 256, "two words"],
        "If-Match": ["*", '"a"', 'W/"a"', '"a", "b"', "a"],
        "If-None-Match": ["*", '"a"', 'W/"a"', '"a", "b"', "a"],
        "Content-Type": ["application/json; charset=utf-7", "application/json;", "application/*", "*/*"],
        "Content-Length": ["-1", "+5", "1e3", "0x10", "1.5", "9" * 5_000, "5, 5", "٥"],
        "Content-Encoding": ["gzip", "identity", "br, gzip"],
        "Transfer-Encoding": ["chunked", "gzip, chunked", "identity"],
        "Accept": ["text/html", "*/*;q=0", "application/xml;q=nan"],
        "Accept-Encoding": ["*;q=0", "gzip"],
        "Accept-Language": ["*"],
        "Host": ["[", "evil.example/@x", ":0"],
        "Range": ["bytes=5-1", "bytes=0-0"],
        "If-Modified-Since": ["yesterday"],
        "Expect": ["100-continue"],
        "X-HTTP-Method-Override": ["DELETE"],
        "X-Forwarded-For": ["127.0.0.1"],
        "X-Forwarded-Proto": ["gopher"],
        "Forwarded": ["for=127.0.0.1"],
        "Cookie": ["a=b; $Version=1"],
        "Origin": ["null"],
        "traceparent": ["00-00000000000000000000000000000000-0000000000000000-00"],
    }.items()
}
