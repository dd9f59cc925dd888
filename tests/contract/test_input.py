"""Input is strict and bounded: nothing a client sends is guessed at, and nothing gives a 500 (H11, H13)."""

import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from tests.agency import Agency, Json
from tests.contract.problems import places_of, problem_of

JSON = {"content-type": "application/json"}
MIB = 1_048_576


async def post_raw(agency: Agency, raw: bytes, **headers: str) -> httpx.Response:
    """A client created from a body as it is."""
    return await agency.call("POST", "/v1/clients", content=raw, headers={**JSON, **headers})


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"{", "malformed"),
        (b"{'name': 'Acme'}", "malformed"),
        (b'{"name": "Acme"} {}', "malformed"),
        (b'{"name": "Acme",}', "malformed"),
        (b'\xef\xbb\xbf{"name": "Acme"}', "malformed"),
        (b'{"name": "\xff"}', "not_utf8"),
        (b'{"name": "\xed\xa0\x80"}', "not_utf8"),
        ('{"name": "Acme"}'.encode("utf-16"), "not_utf8"),
        (b'{"name": "Ac\x00me"}', "malformed"),
        (b'{"name": NaN}', "not_a_number"),
        (b'{"name": Infinity}', "not_a_number"),
        (b'{"name": -Infinity}', "not_a_number"),
        (b'{"name": 1e999}', "not_a_number"),
        (b'{"name": "Acme", "name": "Acme"}', "duplicate_member"),
        (b'{"name": {"a": 1, "a": 1}}', "duplicate_member"),
        (b'{"name": ' + b"[" * 32 + b"]" * 32 + b"}", "too_deep"),
        (b"[" * 500_000, "too_deep"),
        (b'{"a":' * 200_000, "too_deep"),
    ],
)
async def test_what_cannot_be_parsed_in_one_way_is_400(agency: Agency, raw: bytes, code: str) -> None:
    problem_of(await post_raw(agency, raw), 400, code)


async def test_thirty_two_levels_are_not_too_deep(agency: Agency) -> None:
    for inmost in (b"", b"1", b'"x"'):
        raw = b'{"name": ' + b"[" * 31 + inmost + b"]" * 31 + b"}"
        problem_of(await post_raw(agency, raw), 422)
        problem_of(
            await post_raw(agency, raw.replace(b"[", b"[[", 1).replace(b"]", b"]]", 1)), 400, "too_deep"
        )


@pytest.mark.parametrize("raw", [b"null", b"[]", b'"x"', b"1", b"true", b"[{}]", b""])
async def test_a_body_that_is_no_object_is_422(agency: Agency, raw: bytes) -> None:
    problem_of(await post_raw(agency, raw), 422)


async def chunks(size: int) -> AsyncIterator[bytes]:
    """A body of unknown length."""
    for _ in range(size // 65_536):
        yield b" " * 65_536


async def test_ten_megabytes_are_413_whether_announced_or_not(agency: Agency) -> None:
    problem_of(await post_raw(agency, b" " * 10_000_000), 413, "too_large")
    response = await agency.call("POST", "/v1/clients", content=chunks(10_000_000), headers=JSON)
    problem_of(response, 413, "too_large")


async def test_a_length_may_begin_with_noughts(agency: Agency) -> None:
    raw = b'{"name": "Acme"}'
    assert (await post_raw(agency, raw, **{"content-length": f"{len(raw):013}"})).status_code == 201


@pytest.mark.parametrize("announced", [str(MIB + 1), f"{MIB + 1:013}", "9" * 5_000])
async def test_a_body_announced_too_large_is_not_even_read(agency: Agency, announced: str) -> None:
    problem_of(await post_raw(agency, b"{}", **{"content-length": announced}), 413)


async def test_one_mebibyte_is_allowed(agency: Agency) -> None:
    raw = b'{"name": "Acme"}'
    assert (await post_raw(agency, raw + b" " * (MIB - len(raw)))).status_code == 201
    problem_of(await post_raw(agency, raw + b" " * (MIB - len(raw) + 1)), 413)


@pytest.mark.parametrize(
    "media_type",
    ["", "text/plain", "application/xml", "application/x-www-form-urlencoded", "application/jsonp"],
)
async def test_another_media_type_is_415(agency: Agency, media_type: str) -> None:
    response = await post_raw(agency, b'{"name": "Acme"}', **{"content-type": media_type})
    problem_of(response, 415, "unsupported_media_type")


@pytest.mark.parametrize("media_type", ["application/json; charset=utf-8", "Application/JSON"])
async def test_json_may_say_its_charset(agency: Agency, media_type: str) -> None:
    response = await post_raw(agency, '{"name": "Ünï"}'.encode(), **{"content-type": media_type})
    assert response.json()["name"] == "Ünï"


@pytest.mark.parametrize(
    ("raw", "place"),
    [
        (rb'{"name": "a\u0000b"}', "/name"),
        (rb'{"name": "\ud800"}', "/name"),
        (rb'{"name": "\udc00\ud800"}', "/name"),
        (rb'{"name": "x", "a\u0000": 1}', ""),
        (rb'{"name": "x", "external_refs": [{"source": "x", "id": "\ud800"}]}', "/external_refs/0/id"),
    ],
)
async def test_nul_and_half_characters_are_422(agency: Agency, raw: bytes, place: str) -> None:
    assert places_of(problem_of(await post_raw(agency, raw), 422)) == [(place, "invalid_text")]


@pytest.mark.parametrize("digits", [4_301, 1_000_000])
async def test_a_whole_number_of_endless_digits_is_422(agency: Agency, digits: int) -> None:
    """It is JSON, and takes a minute to be read as a number."""
    for number in (b"9" * digits, b"-" + b"9" * digits):
        problem = problem_of(await post_raw(agency, b'{"name": "x", "m": [1, ' + number + b"]}"), 422)
        assert places_of(problem) == [("/m/1", "too_many_digits")]


async def test_any_other_character_is_kept(agency: Agency) -> None:
    name = "\u202e\ufeff\U0001f600 O'Neil \"; DROP TABLE clients; -- \\x00 %00 \x1f\x7f\ufffe"
    assert (await agency.post("/v1/clients", {"name": name}))["name"] == name


QUERIES = [
    ("/v1/clients?external_id=%00", "external_id", "invalid_text"),
    ("/v1/clients?external_source=a%00b", "external_source", "invalid_text"),
    ("/v1/clients?external_id=%FF", "external_id", "invalid_text"),
    ("/v1/clients?external_id=a%ED%A0%80", "external_id", "invalid_text"),
    ("/v1/clients?limit=5&external_id=%EF%BF%BD%C3", "external_id", "invalid_text"),
    ("/v1/clients?cursor=%00", "cursor", "invalid_text"),
    ("/v1/clients?limit=%00", "limit", "invalid_text"),
    ("/v1/clients?external_id=", "external_id", "string_too_short"),
    (f"/v1/clients?external_id={'x' * 201}", "external_id", "string_too_long"),
    ("/v1/clients?limit=x", "limit", "int_parsing"),
    ("/v1/clients?limit=1.5", "limit", "int_parsing"),
    (f"/v1/clients?limit={'9' * 5_000}", "limit", "int_parsing_size"),
    ("/v1/jobs?client_id=x", "client_id", "id_format"),
    ("/v1/contacts?voided=yes", "voided", "bool_parsing"),
    ("/v1/contacts?voided=1", "voided", "bool_parsing"),
    ("/v1/due?as_of=2026-07-14T10:00:00%2B01:60", "as_of", "instant_format"),
    ("/v1/jobs?state=gone", "state", "enum"),
    ("/v1/candidates?preferences_changed_since=now", "preferences_changed_since", "instant_format"),
    ("/v1/applications?state=gone", "state", "enum"),
    ("/v1/due?level=late", "level", "enum"),
    ("/v1/chase?level=late", "level", "enum"),
    ("/v1/chase?reason=boredom", "reason", "enum"),
    ("/v1/chase?target=candidate", "target", "unknown_parameter"),
    ("/v1/due?as_of=now", "as_of", "instant_format"),
    ("/v1/due?as_of=1784023200", "as_of", "instant_format"),
    ("/v1/due?as_of=2026-07-14T10:00:00", "as_of", "instant_format"),
    ("/v1/due?as_of=1800-01-01T00:00:00Z", "as_of", "instant_range"),
    ("/v1/due?as_of=3000-01-01T00:00:00Z", "as_of", "instant_range"),
]


@pytest.mark.parametrize(("url", "parameter", "code"), QUERIES, ids=[url[:50] for url, *_ in QUERIES])
async def test_a_query_is_checked_as_strictly(agency: Agency, url: str, parameter: str, code: str) -> None:
    problem = problem_of(await agency.call("GET", url), 422)
    assert [place for place, _ in places_of(problem)] == [parameter]
    assert problem["errors"][0]["code"] == code


@pytest.mark.parametrize("external_id", ["é", "😀", "\ufffd", "a+b %"])
async def test_a_query_may_hold_any_text(agency: Agency, external_id: str) -> None:
    client = await agency.client(external_refs=[{"source": "ats", "id": external_id}])
    found = await agency.get("/v1/clients", external_id=external_id)
    assert [item["id"] for item in found["items"]] == [client]


NUMBERS: list[Any] = [True, False, None, "7", 7.0, 7.5, -1, 11, 10**30, -(10**30), 1e308, [], {}, ""]


@pytest.mark.parametrize("score", NUMBERS, ids=repr)
async def test_a_number_is_a_whole_number_in_its_range(agency: Agency, score: Any) -> None:
    application = await agency.application()
    interview = await agency.interview(application["id"], "2026-07-14T10:00:00Z", "2026-07-14T11:00:00Z")
    response = await agency.call(
        "POST", f"/v1/interviews/{interview}/debriefs", json={"interest_score": score}
    )
    problem = problem_of(response, 422)
    assert [place for place, _ in places_of(problem)] == ["/interest_score"]
    assert (await agency.get(f"/v1/interviews/{interview}/debriefs"))["items"] == []


INSTANTS = [
    ("2026-07-14T10:00:00", "instant_format"),
    ("2026-07-14", "instant_format"),
    ("2026-07-14 10:00:00Z", "instant_format"),
    ("2026-07-14T10:00:00 Z", "instant_format"),
    ("2026-07-14T10Z", "instant_format"),
    ("2026-07-14T10:00:00+0100", "instant_format"),
    ("2026-07-14T10:00:00+24:00", "instant_format"),
    ("2026-07-14T10:00:00+01:60", "instant_format"),
    ("2026-07-14T10:00:00-00:99", "instant_format"),
    ("2026-07-14T10:00:00-00:60", "instant_format"),
    ("2026-07-14T25:00:00Z", "instant_format"),
    ("2026-07-14T10:00:60Z", "instant_format"),
    ("2026-02-30T10:00:00Z", "instant_format"),
    ("٢٠٢٦-07-14T10:00:00Z", "instant_format"),
    ("2026-07-14T10:00:00Z\n", "instant_format"),
    ("now", "instant_format"),
    ("", "instant_format"),
    (1784023200, "instant_format"),
    (0, "instant_format"),
    (True, "instant_format"),
    ("0001-01-01T00:00:00+14:00", "instant_format"),
    ("9999-12-31T23:59:59-14:00", "instant_format"),
    ("1800-01-01T00:00:00Z", "instant_range"),
    ("1989-12-31T23:59:59Z", "instant_range"),
    ("2101-01-01T00:00:00Z", "instant_range"),
    ("3000-01-01T00:00:00Z", "instant_range"),
]


@pytest.mark.parametrize(("value", "code"), INSTANTS, ids=[repr(value) for value, _ in INSTANTS])
async def test_an_instant_needs_its_offset_and_a_year_of_ours(agency: Agency, value: Any, code: str) -> None:
    body = {"name": "Cand", "registered_at": value}
    problem = problem_of(await agency.call("POST", "/v1/candidates", json=body), 422)
    assert places_of(problem) == [("/registered_at", code)]


async def test_an_instant_comes_back_in_utc(agency: Agency) -> None:
    for given, answered in (
        ("2026-07-14T10:00:00+01:00", "2026-07-14T09:00:00Z"),
        ("2026-07-14t10:00:00.5z", "2026-07-14T10:00:00.500000Z"),
        ("2026-07-14T10:00-00:00", "2026-07-14T10:00:00Z"),
    ):
        candidate = await agency.post("/v1/candidates", {"name": "Cand", "registered_at": given})
        assert candidate["registered_at"] == answered


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("2026-7-4", "date_format"),
        ("2026-02-30", "date_format"),
        ("2026-07-14T00:00:00Z", "date_format"),
        (0, "date_format"),
        ("", "date_format"),
        ("tomorrow", "date_format"),
        ("1800-01-01", "date_range"),
        ("3000-01-01", "date_range"),
    ],
)
async def test_a_date_is_a_date_of_our_years(agency: Agency, value: Any, code: str) -> None:
    application = await agency.application()
    path = f"/v1/applications/{application['id']}"
    problem = problem_of(await agency.call("PATCH", path, json={"continue_until": value}), 422)
    assert places_of(problem) == [("/continue_until", code)]


PLACES = [
    ("timezone", "Mars/Olympus", "unknown_timezone"),
    ("timezone", "BST", "unknown_timezone"),
    ("timezone", "+01:00", "unknown_timezone"),
    ("timezone", "europe/london", "unknown_timezone"),
    ("timezone", "../../etc/passwd", "unknown_timezone"),
    ("timezone", "x" * 65, "string_too_long"),
    ("timezone", "", "unknown_timezone"),
    ("timezone", None, "string_type"),
    ("holidays", "ATLANTIS", "unknown_holidays"),
    ("holidays", "gb-eng", "unknown_holidays"),
    ("holidays", "", "unknown_holidays"),
    ("email", "nobody", "string_pattern_mismatch"),
    ("email", "a@b\nBcc: c@d", "string_pattern_mismatch"),
    ("phone", "call me", "string_pattern_mismatch"),
    ("phone", "020 7946 0958 ext.", "string_pattern_mismatch"),
    ("phone", "ext. 12", "string_pattern_mismatch"),
    ("name", "", "string_too_short"),
    ("name", "x" * 201, "string_too_long"),
    ("name", None, "string_type"),
    ("consultant_id", "1", "id_format"),
    ("seeking", "yes", "bool_type"),
    ("seeking", 1, "bool_type"),
    ("external_refs", [{"source": "x", "id": "1"}] * 21, "too_long"),
    ("external_refs", {"source": "x", "id": "1"}, "list_type"),
    ("agency_id", "0197f3a0-0000-7000-8000-000000000000", "extra_forbidden"),
]


@pytest.mark.parametrize(("name", "value", "code"), PLACES, ids=[f"{n}={str(v)[:20]}" for n, v, _ in PLACES])
async def test_every_member_has_its_bounds(agency: Agency, name: str, value: Any, code: str) -> None:
    body = {"name": "Cand", name: value}
    problem = problem_of(await agency.call("POST", "/v1/candidates", json=body), 422)
    assert places_of(problem) == [(f"/{name}", code)]
    assert (await agency.get("/v1/candidates"))["items"] == []


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("email", "nobody", "must be an email address"),
        ("name", " ", "must not be blank"),
        (
            "phone",
            "call me",
            "must be digits, spaces and + ( ) . / - x only, and perhaps at the end ext. and more digits",
        ),
    ],
)
async def test_what_a_pattern_asks_for_is_told_in_words(
    agency: Agency, name: str, value: str, words: str
) -> None:
    answer = await agency.call("POST", "/v1/candidates", json={"name": "Cand", name: value})
    [error] = problem_of(answer, 422)["errors"]
    assert (error["code"], error["detail"]) == ("string_pattern_mismatch", words)


# What is often sent and wrong, by the member that must refuse it.
SLIPS: dict[str, list[str]] = {
    "registered_at": ["2026-07-14T10:00:00", "2026-07-14", "10:00:00Z", "+01:00", "now"],
    "consultant_id": ["0197f3a0", "0197f3a0-0000-7000-8000", "0197f3a0000070008000000000000001", "C-1042"],
    "timezone": ["London", "Europe", "europe/london", "BST", "GMT+1"],
    "holidays": ["gb-eng", "GB-", "ENG", "England"],
    "phone": ["ext. 12", "ask Kim"],
    "email": ["kim", "@example.com"],
    "seeking": ["yes", "Yes"],
    "name": ["  "],
}
SLIPS_OF_AN_APPLICATION: dict[str, list[str]] = {
    "continue_until": ["2026-7-14", "07-14", "2026-07-14T10:00:00Z", "today"],
}
SLIPS_OF_A_POLICY: dict[str, list[str]] = {
    "day_start": ["9:00", "9am", "09:00:00", "0900"],
    "holidays": ["gb-eng", "ENG"],
}


async def test_no_error_holds_what_is_often_sent_and_wrong(agency: Agency) -> None:
    """The words of an error are the same for all, and yet could seem to repeat what somebody wrote (H2)."""
    application = (await agency.application())["id"]
    for method, path, body, slips in (
        ("POST", "/v1/candidates", {"name": "Cand"}, SLIPS),
        ("PATCH", f"/v1/applications/{application}", {}, SLIPS_OF_AN_APPLICATION),
        ("PUT", "/v1/policy", {}, SLIPS_OF_A_POLICY),
    ):
        for name, values in slips.items():
            for value in values:
                answer = await agency.call(method, path, json={**body, name: value})
                problem_of(answer, 422)
                assert value not in answer.text


EXTENSIONS = [
    "+44 20 7946 0958 ext. 12",
    "020 7946 0958 ext 12",
    "(020) 7946-0958 Ext.12",
    "020 7946 0958 x12",
]


@pytest.mark.parametrize("phone", EXTENSIONS)
async def test_a_phone_number_may_have_an_extension(agency: Agency, phone: str) -> None:
    assert (await agency.post("/v1/candidates", {"name": "Cand", "phone": phone}))["phone"] == phone


# As Python, Unicode and ECMAScript know them: they differ by U+001C to U+001F, U+0085 and U+FEFF.
SPACES = [chr(n) for n in range(0x10000) if chr(n).isspace()] + ["\ufeff"]


@pytest.mark.parametrize("space", SPACES, ids=[f"U+{ord(space):04X}" for space in SPACES])
async def test_white_space_is_the_same_to_every_reader_of_the_document(agency: Agency, space: str) -> None:
    for name, value in (("name", space), ("email", f"a{space}@b.example")):
        problem = problem_of(
            await agency.call("POST", "/v1/candidates", json={"name": "Cand", name: value}), 422
        )
        assert places_of(problem) == [(f"/{name}", "string_pattern_mismatch")]


SPELLINGS = {
    "without dashes": "{h}",
    "in braces": "{{{id}}}",
    "urn:uuid:": "urn:uuid:{id}",
    "urn:": "urn:{h}",
    "dashes behind": "{h}----",
    "dashes before": "----{h}",
    "braces before": "{{{{{{{{{h}",
    "dashes elsewhere": "{h:.8}----{rest}",
    "a line more": "{id}\n",
}


@pytest.mark.parametrize("spelling", SPELLINGS.values(), ids=SPELLINGS)
async def test_an_id_has_one_spelling(agency: Agency, spelling: str) -> None:
    """Python reads each of these as the id of the client."""
    client = await agency.client()
    digits = client.replace("-", "")
    text = spelling.format(id=client, h=digits, rest=digits[8:])
    problem_of(await agency.call("GET", f"/v1/clients/{quote(text)}"), 404)
    problem_of(await agency.call("PATCH", f"/v1/clients/{quote(text)}", json={"name": "x"}), 404)
    filtered = await agency.call("GET", "/v1/jobs", params={"client_id": text})
    assert places_of(problem_of(filtered, 422)) == [("client_id", "id_format")]
    named = await agency.call("POST", "/v1/jobs", json={"client_id": text, "title": "Engineer"})
    assert places_of(problem_of(named, 422)) == [("/client_id", "id_format")]
    assert (await agency.get(f"/v1/clients/{client.upper()}"))["id"] == client


@pytest.mark.parametrize("many", [[1] * 1_001, {f"m{number}": 1 for number in range(1_001)}])
async def test_arrays_and_objects_hold_a_thousand_at_most(agency: Agency, many: Any) -> None:
    problem = problem_of(await post_raw(agency, json.dumps({"name": many}).encode()), 422)
    assert places_of(problem) == [("/name", "too_many_items")]


async def test_a_calculation_past_the_calendar_is_422_and_stores_nothing(agency: Agency) -> None:
    application = await agency.application()
    path = f"/v1/applications/{application['id']}/interviews"
    body = {"start": "2100-12-30T10:00:00Z", "end": "2100-12-31T23:00:00Z"}
    problem_of(await agency.call("POST", path, json=body), 422, "calendar_range")
    assert (await agency.get(path))["items"] == []


@pytest.mark.parametrize("as_of", ["1990-01-01T00:00:00Z", "2100-12-31T23:59:59Z"])
async def test_the_edges_of_time_break_no_reading(agency: Agency, as_of: str) -> None:
    application = await agency.application()
    await agency.interview(application["id"], "2026-07-14T10:00:00Z", "2026-07-14T11:00:00Z")
    for path in (f"/v1/applications/{application['id']}/status", "/v1/due"):
        response = await agency.call("GET", path, params={"as_of": as_of})
        if response.status_code != 200:
            problem_of(response, 422, "calendar_range")


async def test_a_pause_ends_after_it_starts(agency: Agency) -> None:
    pause = {"from": "2026-07-02T00:00:00Z", "until": "2026-07-01T00:00:00Z"}
    body = {"name": "Cand", "do_not_contact": pause}
    problem = problem_of(await agency.call("POST", "/v1/candidates", json=body), 422)
    assert places_of(problem) == [("/do_not_contact/until", "pause_end")]


async def test_a_refused_call_stores_nothing_of_its_parts(agency: Agency) -> None:
    application = await agency.application()
    interview = await agency.interview(application["id"], "2026-07-14T10:00:00Z", "2026-07-14T11:00:00Z")
    body = {
        "interest_score": 8,
        "occurred_at": "2026-07-14T12:00:00Z",
        "timescale": {"kind": "date", "date": "2026-07-17"},
        "contact": {"outcome": "reached"},
        "next_promise": {"by": "2026-07-14T11:00:00Z"},
    }
    problem = problem_of(await agency.call("POST", f"/v1/interviews/{interview}/debriefs", json=body), 422)
    assert places_of(problem) == [("/next_promise/by", "promise_past")]
    for path in (
        f"/v1/interviews/{interview}/debriefs",
        f"/v1/interviews/{interview}/timescales",
        "/v1/contacts",
    ):
        assert (await agency.get(path))["items"] == []


async def test_an_interview_ends_after_it_starts(agency: Agency) -> None:
    application = await agency.application()
    times = {"start": "2026-07-14T10:00:00Z", "end": "2026-07-14T09:59:59Z"}
    path = f"/v1/applications/{application['id']}/interviews"
    problem = problem_of(await agency.call("POST", path, json=times), 422, "interview_end")
    assert places_of(problem) == [("/end", "interview_end")]
    interview = await agency.interview(application["id"], "2026-07-14T10:00:00Z", "2026-07-14T11:00:00Z")
    moved = await agency.call("PATCH", f"/v1/interviews/{interview}", json={"end": times["end"]})
    problem_of(moved, 422, "interview_end")


async def test_a_misspelt_filter_is_refused_rather_than_ignored(agency: Agency) -> None:
    answer = await agency.call("GET", "/v1/due", params={"consultant": "x"})
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_parameter")
    assert answer.json()["errors"][0]["parameter"] == "consultant"


async def test_a_parameter_of_one_value_is_given_once(agency: Agency) -> None:
    """Of two values one would be ignored."""
    answer = await agency.call("GET", "/v1/due?limit=1&limit=2")
    assert places_of(problem_of(answer, 422, "repeated_parameter")) == [("limit", "repeated_parameter")]
    assert (await agency.call("GET", "/v1/due?level=due&level=overdue")).status_code == 200


@pytest.mark.parametrize(
    ("terms", "place"),
    [
        ({"kind": "date"}, "/date"),
        ({"kind": "unknown", "n": 3}, "/n"),
        ({"kind": "range", "from": "2026-07-20", "to": "2026-07-17"}, "/to"),
    ],
)
async def test_what_is_wrong_with_a_timescale_is_named(agency: Agency, terms: Json, place: str) -> None:
    application = await agency.application()
    interview = await agency.interview(
        application["id"], "2026-07-14T10:00:00+01:00", "2026-07-14T11:00:00+01:00"
    )
    answer = await agency.call("POST", f"/v1/interviews/{interview}/timescales", json=terms)
    assert [where for where, _ in places_of(problem_of(answer, 422))] == [place]


FAR = "2100-12-31"

# What a write says, where it says it, and which member of it lies past the calendar.
MISDATED: list[tuple[str, str, Json, str]] = [
    ("POST", "/v1/interviews/{interview}/timescales", {"kind": "date", "date": FAR}, "/date"),
    (
        "POST",
        "/v1/interviews/{interview}/timescales",
        {"kind": "range", "from": "2026-07-20", "to": FAR},
        "/to",
    ),
    (
        "POST",
        "/v1/interviews/{interview}/debriefs",
        {
            "interest_score": 8,
            "occurred_at": "2026-07-14T12:00:00Z",
            "timescale": {"kind": "date", "date": FAR},
        },
        "/timescale/date",
    ),
    (
        "POST",
        "/v1/interviews/{interview}/debriefs",
        {"interest_score": 8, "contact": {}, "next_promise": {"by_date": FAR}},
        "/next_promise/by_date",
    ),
    (
        "PATCH",
        "/v1/interviews/{interview}",
        {"start": "2100-12-30T09:00:00Z", "end": f"{FAR}T09:00:00Z"},
        "/end",
    ),
    ("PATCH", "/v1/applications/{application}", {"hold": {"until": FAR}, "state": "on_hold"}, "/hold/until"),
]


@pytest.mark.parametrize(("method", "path", "body", "place"), MISDATED, ids=[m[3] for m in MISDATED])
async def test_a_date_past_the_calendar_is_named(
    agency: Agency, method: str, path: str, body: Json, place: str
) -> None:
    application = (await agency.application())["id"]
    interview = await agency.interview(application, "2026-07-14T10:00:00Z", "2026-07-14T11:00:00Z")
    answer = await agency.call(method, path.format(interview=interview, application=application), json=body)
    assert places_of(problem_of(answer, 422, "calendar_range")) == [(place, "calendar_range")]


async def test_a_calendar_too_short_for_what_is_stored_is_named(agency: Agency) -> None:
    application = await agency.application()
    await agency.interview(application["id"], "2036-07-15T10:00:00Z", "2036-07-15T11:00:00Z")
    answer = await agency.call("PUT", "/v1/policy", json={"holidays": "IN"})
    assert places_of(problem_of(answer, 422)) == [("/holidays", "calendar_range")]
    status = f"/v1/applications/{application['id']}/status"
    answer = await agency.call("GET", status, params={"as_of": "2100-12-31T23:59:59Z"})
    assert places_of(problem_of(answer, 422)) == [("as_of", "calendar_range")]


PERSON = {"kind": "candidate", "timezone": "Europe/London"}
PREVIEWED = {"id": "a", "candidate": "c"}
PAUSE = {"from": "2026-07-14T00:00:00Z", "until": "2026-07-16T00:00:00Z"}
DEBRIEF = {"id": "d", "interview": "i", "occurred_at": "2026-07-14T12:00:00Z"}
HELD = {"id": "i", "start": "2026-07-14T10:00:00Z", "end": "2026-07-14T11:00:00Z", "status": "attended"}
SAID = {"id": "f", "interview": "i", "received_at": "2026-07-15T12:00:00Z", "decision": "reject"}
CALL = {
    "at": "2026-07-15T12:00:00Z",
    "with": "candidate",
    "person": "c",
    "direction": "outbound",
    "outcome": "no_answer",
}
AGAIN = SAID | {"id": "g", "supersedes": "f"}
GIVEN = {
    "id": "t",
    "interview": "i",
    "given_at": "2026-07-14T12:00:00Z",
    "source": "client",
    "kind": "unknown",
}
# What a previewed application may hold several of, with ids.
FACTS: dict[str, Json] = {
    "interviews": HELD,
    "debriefs": DEBRIEF,
    "timescales": GIVEN,
    "feedback": SAID,
    "job_changes": {"id": "j", "changed_at": "2026-07-14T12:00:00Z"},
}


@pytest.mark.parametrize(
    ("facts", "place", "code"),
    [
        (
            {"applications": [{"id": "a", "candidate": "x"}]},
            "/facts/applications/0/candidate",
            "unknown_person",
        ),
        (
            {"applications": [PREVIEWED, PREVIEWED | {"id": "b", "client_contact": "c"}]},
            "/facts/applications/1/client_contact",
            "unknown_person",
        ),
        ({"applications": [PREVIEWED, PREVIEWED]}, "/facts/applications/1/id", "repeated_id"),
        *[
            (
                {"applications": [PREVIEWED | {"interviews": [HELD]} | {name: [fact, fact]}]},
                f"/facts/applications/0/{name}/1/id",
                "repeated_id",
            )
            for name, fact in FACTS.items()
        ],
        ({"applications": [], "contacts": [CALL | {"id": "k"}] * 2}, "/facts/contacts/1/id", "repeated_id"),
        (
            {"applications": [PREVIEWED | {"debriefs": [DEBRIEF]}]},
            "/facts/applications/0/debriefs/0/interview",
            "unknown_interview",
        ),
        (
            {"applications": [PREVIEWED | {"interviews": [HELD], "feedback": [AGAIN, SAID]}]},
            "/facts/applications/0/feedback/0/supersedes",
            "unknown_feedback",
        ),
        (
            {"applications": [PREVIEWED | {"interviews": [HELD], "feedback": [SAID, AGAIN, AGAIN]}]},
            "/facts/applications/0/feedback/2/supersedes",
            "unknown_feedback",
        ),
        (
            {"applications": [], "people": {"c": PERSON | {"pauses": [PAUSE, PAUSE]}}},
            "/facts/people/c/pauses",
            "pause_overlap",
        ),
        (
            {"applications": [PREVIEWED | {"id": f"a{n}"} for n in range(1_000)], "contacts": [CALL] * 101},
            "/facts/contacts",
            "too_many_pairs",
        ),
        (
            {"applications": [], "people": {"c": PERSON | {"pauses": [PAUSE | {"until": PAUSE["from"]}]}}},
            "/facts/people/c/pauses/0/until",
            "pause_end",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_what_is_wrong_with_previewed_facts_is_named(
    agency: Agency, facts: Json, place: str, code: str
) -> None:
    body = {"facts": {"people": {"c": PERSON}, **facts}, "now": "2026-07-20T09:00:00Z"}
    answer = await agency.call("POST", "/v1/status/preview", json=body)
    assert places_of(problem_of(answer, 422)) == [(place, code)]
