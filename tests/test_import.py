"""`touchbase import` against a real service: files as agencies have them, broken lines, lost answers, kills."""

import csv
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest
from click.testing import CliRunner, Result

from app.cli import main
from app.importing.columns import columns_of
from app.importing.lines import batches, header_of, read_csv, read_ndjson
from app.importing.reports import guarded
from tests.agency import Json
from tests.serving import serving


class Service:
    """A service in a process of its own, and what a test asks it."""

    def __init__(self, ready: Json) -> None:
        self.url: str = ready["url"]
        self.key: str = ready["api_key"]

    def get(self, path: str, **params: Any) -> Json:
        """What it answers to a reading call."""
        headers = {"Authorization": f"Bearer {self.key}"}
        response = httpx.get(self.url + path, params=params, headers=headers, trust_env=False, timeout=30)
        answer: Json = response.json()
        assert response.is_success, answer
        return answer

    def named(self, noun: str, source: str) -> list[Json]:
        """All objects that a system knows, however many pages."""
        found, params = [], {"external_source": source, "limit": "200"}
        while True:
            page = self.get(f"/v1/{noun}", **params)
            found += page["items"]
            if page["next_cursor"] is None:
                return found
            params["cursor"] = page["next_cursor"]

    def run(self, file: Path, *options: str, url: str | None = None, key: str | None = None) -> Result:
        """The command on a file."""
        environment = {"TOUCHBASE_API_KEY": self.key if key is None else key}
        return CliRunner().invoke(
            main, ["import", str(file), "--url", url or self.url, *options], env=environment
        )


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    folder = Path(tempfile.mkdtemp(prefix="touchbase-import-"))
    with serving(folder) as (_, ready):
        yield Service(ready)
    shutil.rmtree(folder, ignore_errors=True)


def ref(source: str, number: int | str) -> Json:
    return {"source": source, "id": str(number)}


def client(source: str, number: int | str, **members: Any) -> Json:
    return {"kind": "client", "external_refs": [ref(source, number)], "name": f"Client {number}", **members}


def story(source: str, number: int) -> list[Json]:
    """One of each kind, naming one another by external ids."""
    own = {"external_refs": [ref(source, number)]}
    it = ref(source, number)
    times = {"start": "2026-07-14T10:00:00Z", "end": "2026-07-14T11:00:00Z"}
    return [
        {"kind": "consultant", **own, "name": "Kim Adeyemi"},
        {"kind": "client", **own, "name": "Northwind Foods"},
        {"kind": "client_contact", **own, "name": "Rosa Blum", "client": it},
        {"kind": "candidate", **own, "name": "Amara Osei", "consultant": it},
        {"kind": "job", **own, "title": "Buyer", "client": it},
        {"kind": "application", **own, "candidate": it, "job": it, "client_contact": it},
        {"kind": "interview", **own, "application": it, **times},
    ]


def ndjson(folder: Path, items: list[Any]) -> Path:
    """A file of items; a text stands as it is."""
    file = folder / "all.ndjson"
    lines = [item if isinstance(item, str) else json.dumps(item) for item in items]
    file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return file


def table(folder: Path, content: str | bytes, name: str = "rows.csv") -> Path:
    """A CSV file."""
    file = folder / name
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return file


def counted(result: Result) -> list[int]:
    """How many were created, changed, rejected and skipped."""
    last = result.stdout.strip().splitlines()[-1]
    return [int(part.split()[1]) for part in last.split(", ")]


def rejected_in(file: Path) -> list[Json]:
    """The lines of a report."""
    if file.name.endswith(".csv.rejected.csv"):
        with file.open(encoding="utf-8", newline="") as opened:
            return list(csv.DictReader(opened))
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def test_a_file_of_everything_and_the_same_file_again(service: Service, tmp_path: Path) -> None:
    file = ndjson(tmp_path, [item for number in range(3) for item in story("everything", number)])
    first = service.run(file)
    assert (first.exit_code, counted(first)) == (0, [21, 0, 0, 0])
    again = service.run(file)
    assert (again.exit_code, counted(again)) == (0, [0, 21, 0, 0])
    for noun in ("consultants", "clients", "candidates", "jobs", "applications"):
        assert len(service.named(noun, "everything")) == 3
    assert list(tmp_path.iterdir()) == [file]
    assert first.stderr == ""


def test_a_csv_file_as_spreadsheets_write_them(service: Service, tmp_path: Path) -> None:
    """With a mark of its encoding, CRLF, quotes, a line break in a cell, empty cells and words in capitals."""
    rows = (
        "\ufeffexternal_ref.id,name,seeking,phone,do_not_contact.from,do_not_contact.until,holidays\r\n"
        '1,"Osei, Amara ""Mara""",TRUE,+44 20 7946 0000,,,\r\n'
        '2,"Two\nlines",false,,2026-07-01T00:00:00Z,2098-07-02T00:00:00Z,GB-ENG\r\n'
        "\r\n"
        "3,Ünïcødé,,,,,"
    )
    result = service.run(table(tmp_path, rows), "--kind", "candidate", "--source", "sheet")
    assert (result.exit_code, counted(result)) == (0, [3, 0, 0, 0]), result.output
    first, second, third = service.named("candidates", "sheet")
    assert (first["name"], first["seeking"], first["phone"]) == (
        'Osei, Amara "Mara"',
        True,
        "+44 20 7946 0000",
    )
    assert (second["name"], second["seeking"], second["holidays"]) == ("Two\nlines", False, "GB-ENG")
    assert second["do_not_contact"]["until"] == "2098-07-02T00:00:00Z"
    assert (third["name"], third["phone"], third["do_not_contact"]) == ("Ünïcødé", None, None)


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_a_csv_file_has_its_lines_ended_in_any_way_and_empty_ones_anywhere(
    tmp_path: Path, ending: str
) -> None:
    lines = ["\ufeff", "", "external_ref.id,name", "", "1,Acme", "", '2,"Two', 'lines"', "3,Mühle"]
    file = table(tmp_path, ending.join(lines))
    columns = columns_of(header_of(file), "client", "endings")
    read = [(line.number, *line.cells) for line in read_csv(file, columns)]
    assert read == [(5, "1", "Acme"), (7, "2", f"Two{ending}lines"), (9, "3", "Mühle")]


def test_the_cells_of_a_csv_file_may_name_other_objects_and_be_numbers(
    service: Service, tmp_path: Path
) -> None:
    service.run(ndjson(tmp_path, [client("numbers", 1)]))
    header = (
        "external_ref.source,external_ref.id,client.source,client.id,title,salary.amount,salary.currency,"
    )
    lines = (
        f"numbers,{number},numbers,1,Buyer,{pay}"
        for number, pay in enumerate(("48000,GBP,year", "18.5,GBP,hour", "much,GBP,year"), start=1)
    )
    file = table(tmp_path, "\n".join((f"{header}salary.period", *lines, "")))
    result = service.run(file, "--kind", "job")
    assert (result.exit_code, counted(result)) == (1, [2, 0, 1, 0])
    assert [json.dumps(job["salary"]) for job in service.named("jobs", "numbers")] == [
        '{"amount": 48000, "currency": "GBP", "period": "year"}',
        '{"amount": 18.5, "currency": "GBP", "period": "hour"}',
    ]
    [row] = rejected_in(tmp_path / "rows.csv.rejected.csv")
    assert (row["rejected.line"], row["rejected.code"]) == ("4", "float_type")
    assert row["rejected.detail"].startswith("salary.amount: ")


def test_rejected_lines_are_reported_and_the_others_imported(service: Service, tmp_path: Path) -> None:
    items: list[Any] = [
        client("report", 1),
        "{broken",
        client("report", 2, colour="red"),
        "",
        '{"kind": "client", "name": "a", "name": "b"}',
        {"kind": "job", "external_refs": [ref("report", 3)], "title": "Buyer", "client": ref("report", "x")},
        "[1]",
        '{"kind": "client", "name": NaN}',
        client("report", 4, name="a\x00b"),
        client("report", 5),
    ]
    result = service.run(ndjson(tmp_path, items))
    assert (result.exit_code, counted(result)) == (1, [2, 0, 7, 0])
    assert str(tmp_path / "all.ndjson.rejected.ndjson") in result.stderr
    report = rejected_in(tmp_path / "all.ndjson.rejected.ndjson")
    assert [(row["line"], row["code"]) for row in report] == [
        (2, "malformed"),
        (3, "extra_forbidden"),
        (5, "duplicate_member"),
        (6, "not_found"),
        (7, "unknown_kind"),
        (8, "not_a_number"),
        (9, "invalid_text"),
    ]
    assert report[1]["item"]["colour"] == "red"
    assert report[1]["detail"].startswith("colour: ")
    assert len(service.named("clients", "report")) == 2


def test_a_report_is_safe_to_open_and_may_be_mended_and_imported(service: Service, tmp_path: Path) -> None:
    rows = "external_ref.id,name,phone,email\n1,=1+1,+44 20 7946 0000,nobody\n2,-x,@SUM(A1),\n3,Fine,,\n4,too few\n"
    options = ("--kind", "candidate", "--source", "mended")
    result = service.run(table(tmp_path, rows), *options)
    assert (result.exit_code, counted(result)) == (1, [1, 0, 3, 0])
    report = tmp_path / "rows.csv.rejected.csv"
    first, second, third = rejected_in(report)
    assert (first["rejected.line"], first["name"], first["phone"]) == ("2", "'=1+1", "+44 20 7946 0000")
    assert (second["name"], second["phone"]) == ("'-x", "'@SUM(A1)")
    assert (third["rejected.line"], third["rejected.code"]) == ("5", "wrong_number_of_cells")
    text = (
        report.read_text(encoding="utf-8").replace("nobody", "mara@mail.example").replace("'@SUM(A1)", "020")
    )
    mended = table(tmp_path, text.rpartition("5,wrong")[0], "mended.csv")
    result = service.run(mended, *options)
    assert (result.exit_code, counted(result)) == (0, [2, 0, 0, 0]), result.output
    names = [candidate["name"] for candidate in service.named("candidates", "mended")]
    assert sorted(names) == ["-x", "=1+1", "Fine"]


@pytest.mark.parametrize(
    ("cell", "kept"),
    [
        ("=1", "'=1"),
        ("+1+cmd", "'+1+cmd"),
        ("-1", "'-1"),
        ("@x", "'@x"),
        ("\tx", "'\tx"),
        ("\rx", "'\rx"),
        ("+44 (0)20 7946-0000", "+44 (0)20 7946-0000"),
        ("Amara", "Amara"),
        ("", ""),
        ("1=1", "1=1"),
    ],
)
def test_a_cell_is_no_formula(cell: str, kept: str) -> None:
    assert guarded(cell) == kept


def test_a_dry_run_tells_and_stores_nothing(service: Service, tmp_path: Path) -> None:
    """Also of lines that name what an earlier call would have made, which is not there to be found."""
    items = [*(client("dry", number) for number in range(600)), client("dry", "bad", name=7)]
    items += [item for number in range(3) for item in story("dry", number)]
    items += [
        {"kind": "job", "external_refs": [ref("dry", 9)], "title": "Buyer", "client": ref("dry", "bad")}
    ]
    file = ndjson(tmp_path, items)
    result = service.run(file, "--dry-run")
    assert result.exit_code == 1
    assert counted(result)[2] == 2
    assert service.named("clients", "dry") == []
    report = tmp_path / "all.ndjson.dry-run.rejected.ndjson"
    assert [(row["line"], row["code"]) for row in rejected_in(report)] == [
        (601, "string_type"),
        (623, "failed_dependency"),
    ]
    real = service.run(file)
    assert counted(real)[2] == 2
    assert len(service.named("clients", "dry")) == 600


def test_a_dry_run_looks_across_calls(service: Service, tmp_path: Path) -> None:
    items = [client("across", number) for number in range(500)]
    items += [
        {"kind": "job", "external_refs": [ref("across", n)], "title": "Buyer", "client": ref("across", n)}
        for n in (1, 700)
    ]
    result = service.run(ndjson(tmp_path, items), "--dry-run")
    assert counted(result) == [500, 0, 1, 0]
    assert "1 lines name what this file would make first" in result.stderr


class Relay(BaseHTTPRequestHandler):
    """Passes a call on to the service, unless the script has something else in store for it."""

    script: list[str]
    keys: list[str]
    service: Service

    def do_POST(self) -> None:
        """One call."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.keys.append(self.headers["Idempotency-Key"])
        act = self.script.pop(0) if self.script else "pass"
        if act == "drop":
            self.close_connection = True
            return
        if act.isdecimal():
            self._answer(int(act), b"{}", {"Retry-After": "1"})
            return
        headers = {name: value for name, value in self.headers.items() if name != "Host"}
        response = httpx.post(
            self.service.url + self.path, content=body, headers=headers, trust_env=False, timeout=60
        )
        if act == "lose the answer":
            self.close_connection = True
            return
        self._answer(response.status_code, response.content, {})

    def _answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def relay(service: Service, *script: str) -> Iterator[tuple[str, type[Relay]]]:
    """The address of a relay that follows a script, and what it heard."""
    scripted = type("Scripted", (Relay,), {"script": list(script), "keys": [], "service": service})
    server = ThreadingHTTPServer(("127.0.0.1", 0), scripted)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", scripted
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize("trouble", ["503", "429", "409", "502", "drop", "lose the answer"])
def test_a_call_that_fails_for_a_moment_is_sent_again(service: Service, tmp_path: Path, trouble: str) -> None:
    """With the same key, so that of an answer that was lost the first one comes again: created, not changed."""
    source = f"moment {trouble}"
    with relay(service, trouble, "pass") as (url, heard):
        result = service.run(ndjson(tmp_path, [client(source, n) for n in range(3)]), url=url)
    assert (result.exit_code, counted(result)) == (0, [3, 0, 0, 0])
    assert len(heard.keys) == 2
    assert len(set(heard.keys)) == 1
    assert len(service.named("clients", source)) == 3


def test_a_file_imported_again_is_really_imported_again(service: Service, tmp_path: Path) -> None:
    """Its keys are new: an old answer would hide that what was missing is there now."""
    items = [{"kind": "job", "external_refs": [ref("anew", 1)], "title": "Buyer", "client": ref("anew", 1)}]
    file = ndjson(tmp_path, items)
    assert service.run(file).exit_code == 1
    (tmp_path / "first").mkdir()
    service.run(ndjson(tmp_path / "first", [client("anew", 1)]))
    assert counted(service.run(file)) == [1, 0, 0, 0]
    assert not (tmp_path / "all.ndjson.rejected.ndjson").exists()


def test_an_import_that_was_stopped_goes_on_where_it_was(service: Service, tmp_path: Path) -> None:
    items = [client("stopped", n) for n in range(1_100)]
    items[3]["name"] = items[700]["name"] = 7
    file = ndjson(tmp_path, items)
    with relay(service, "pass", "403") as (url, heard):
        stopped = service.run(file, url=url)
        assert stopped.exit_code == 2
        went_on = service.run(file, url=url)
    assert (went_on.exit_code, counted(went_on)) == (1, [599, 0, 2, 499])
    assert len(heard.keys) == 4
    assert [row["line"] for row in rejected_in(tmp_path / "all.ndjson.rejected.ndjson")] == [4, 701]
    assert len(service.named("clients", "stopped")) == 1_098


def test_the_last_lines_of_an_object_count_though_an_earlier_call_was_the_same(
    service: Service, tmp_path: Path
) -> None:
    """Three calls, of which the first and the last are equal: a replay of the first would leave the second's names."""
    names = [f"{name} {number}" for name in ("One", "Two", "One") for number in range(500)]
    items = [client("equal", position % 500, name=name) for position, name in enumerate(names)]
    with relay(service, "pass", "pass", "403") as (url, heard):
        file = ndjson(tmp_path, items)
        assert service.run(file, url=url).exit_code == 2
        went_on = service.run(file, url=url)
    assert (went_on.exit_code, counted(went_on)) == (0, [0, 500, 0, 1_000])
    assert len(set(heard.keys)) == 3
    assert sorted(each["name"] for each in service.named("clients", "equal")) == sorted(names[:500])


def test_a_file_that_changed_is_begun_anew(service: Service, tmp_path: Path) -> None:
    items = [client("altered", n) for n in range(600)]
    file = ndjson(tmp_path, items)
    with relay(service, "pass", "403") as (url, _):
        assert service.run(file, url=url).exit_code == 2
        items[0]["name"] = "Altered"
        again = service.run(ndjson(tmp_path, items), url=url)
    assert (again.exit_code, counted(again)) == (0, [100, 500, 0, 0])
    assert service.named("clients", "altered")[0]["name"] == "Altered"


def test_killed_at_any_moment_it_finishes_without_doubling(service: Service, tmp_path: Path) -> None:
    file = ndjson(tmp_path, [client("killed", n) for n in range(2_000)])
    command = [sys.executable, "-m", "app", "import", str(file), "--url", service.url]
    environment = {**os.environ, "TOUCHBASE_API_KEY": service.key}
    for _ in range(4):
        process = subprocess.Popen(
            command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        time.sleep(random.uniform(1.5, 4))  # noqa: S311 - no secret
        process.send_signal(signal.SIGKILL)
        process.wait(10)
    result = service.run(file)
    assert result.exit_code == 0, result.output
    assert sum(counted(result)) == 2_000
    found = service.named("clients", "killed")
    assert sorted(int(each["external_refs"][0]["id"]) for each in found) == list(range(2_000))


def latin(rows: str) -> bytes:
    return rows.encode("latin-1")


CSV = ("--kind", "client", "--source", "x")
BROKEN: list[tuple[str, bytes, tuple[str, ...], str]] = [
    ("rows.csv", "external_ref.id,name\n1,Acme\n".encode("utf-16"), CSV, "UTF-16"),
    ("rows.csv", latin("external_ref.id,name\n1,Acme\n2,Mühle\n"), CSV, "line 3: this is not UTF-8"),
    ("all.ndjson", b'{"kind": "client"}\n{"kind": "\xff"}\n', (), "line 2: this is not UTF-8"),
    ("rows.csv", b"", CSV, "is empty"),
    ("rows.csv", b"\xef\xbb\xbf\n\n", CSV, "is empty"),
    ("rows.csv", b"external_ref.id,nmae\n1,Acme\n", CSV, "A client has no 'nmae'. Its columns are:"),
    ("rows.csv", b"external_ref.id,name,name\n1,A,B\n", CSV, "stands twice"),
    ("rows.csv", b"name\nAcme\n", CSV, "external_ref.id is missing"),
    ("rows.csv", b"external_ref.id,name\n1,Acme\n", CSV[:2], "--source"),
    ("rows.csv", b'external_ref.id,name\n1,"Acme\n2,Other\n', CSV, "the record of line 2 is not CSV"),
    ("rows.csv", b'external_ref.id,name\n1,"Ac"me\n', CSV, "the record of line 2 is not CSV"),
    ("rows.csv", b"external_ref.id,name\n1,Acme\n", (), "--kind"),
    ("all.ndjson", b"{}\n", CSV, "--kind"),
]


@pytest.mark.parametrize(
    ("name", "content", "options", "words"), BROKEN, ids=[f"{b[3]} {b[0]}" for b in BROKEN]
)
def test_a_file_that_cannot_be_read_is_told_before_anything_is_sent(
    service: Service, tmp_path: Path, name: str, content: bytes, options: tuple[str, ...], words: str
) -> None:
    with relay(service) as (url, heard):
        result = service.run(table(tmp_path, content, name), *options, url=url)
    assert result.exit_code == 2
    assert words in " ".join(result.output.split())
    assert heard.keys == []
    assert isinstance(result.exception, SystemExit)  # not a bug's exception


def test_the_key_comes_from_a_file_or_the_environment(service: Service, tmp_path: Path) -> None:
    file = ndjson(tmp_path, [client("key", 1)])
    missing = service.run(file, key=" ")
    assert (missing.exit_code, "TOUCHBASE_API_KEY" in missing.output) == (2, True)
    for unfit in ("tb_live_one\ntb_live_two", "tb_live_\xe9"):
        refused = service.run(file, key=unfit)
        assert (refused.exit_code, "Give an API key" in refused.output) == (2, True)
    unreadable = table(tmp_path, b"tb_live_\xff", "no-text")
    refused = service.run(file, "--key-file", str(unreadable))
    assert (refused.exit_code, "Give an API key" in refused.output) == (2, True)
    wrong = service.run(file, key="tb_live_wrong")
    assert (wrong.exit_code, "401 unauthenticated" in wrong.output) == (2, True)
    kept = tmp_path / "api-key"
    kept.write_text(f"{service.key}\n", encoding="utf-8")
    assert counted(service.run(file, "--key-file", str(kept), key="")) == [1, 0, 0, 0]


def test_the_address_comes_from_the_environment_too(service: Service, tmp_path: Path) -> None:
    file = ndjson(tmp_path, [client("place", 1)])
    environment = {"TOUCHBASE_API_KEY": service.key, "TOUCHBASE_URL": service.url}
    assert counted(CliRunner().invoke(main, ["import", str(file)], env=environment)) == [1, 0, 0, 0]


@pytest.mark.parametrize("path", ["/nothing", "/docs"])
def test_another_address_is_told(service: Service, tmp_path: Path, path: str) -> None:
    result = service.run(ndjson(tmp_path, [client("address", 1)]), url=service.url + path)
    assert (result.exit_code, "404 not_found" in result.output) == (2, True)


@pytest.mark.parametrize(
    "url",
    [
        "127.0.0.1:8000",
        "localhost:8000",
        "ftp://localhost",
        "http://",
        "http://localhost:x",
        "http://127.0.0.1:99999",
        "http://127.0.0.1:0",
        "http://a b/",
        "http://exa_mple..com",
        f"http://{'a' * 64}.com",
        "http://xn--/",
    ],
)
def test_what_is_no_address_is_told_at_once(service: Service, tmp_path: Path, url: str) -> None:
    result = service.run(ndjson(tmp_path, [client("address", 1)]), url=url)
    assert (result.exit_code, "Invalid value for '--url'" in result.output) == (2, True)


@pytest.mark.parametrize("ending", ["importing.json.new", "rejected.ndjson"])
def test_a_folder_that_takes_no_file_is_told(service: Service, tmp_path: Path, ending: str) -> None:
    file = ndjson(tmp_path, ["{}"])
    in_the_way = tmp_path / f"{file.name}.{ending}"
    in_the_way.mkdir()
    result = service.run(file)
    assert (result.exit_code, str(in_the_way) in result.output) == (2, True)
    assert isinstance(result.exception, SystemExit)  # not a bug's exception


def line_of(size: int) -> Callable[[str], str]:
    """A client's line of a size."""
    return lambda name: json.dumps(
        client("size", name, name="x" * (size - len(json.dumps(client("size", name, name="")))))
    )


def test_a_call_holds_as_much_as_it_may_and_a_line_no_more(service: Service, tmp_path: Path) -> None:
    """Lines of two mebibytes go two by two, and are refused for their names alone; one of six is not sent."""
    lines = [line_of(2_097_152)(str(number)) for number in range(3)] + [line_of(6_291_456)("x")]
    with relay(service) as (url, heard):
        result = service.run(ndjson(tmp_path, [*lines, client("size", "last")]), url=url)
    assert (result.exit_code, counted(result)) == (1, [1, 0, 4, 0])
    report = rejected_in(tmp_path / "all.ndjson.rejected.ndjson")
    assert [row["code"] for row in report] == ["string_too_long"] * 3 + ["too_large"]
    assert len(heard.keys) == 2


def test_a_long_file_is_read_in_little_memory(tmp_path: Path) -> None:
    file = ndjson(tmp_path, [client("long", number) for number in range(30_000)])
    tracemalloc.start()
    try:
        lines = sum(len(batch) for batch in batches(read_ndjson(file)))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert lines == 30_000
    assert peak < 2_000_000 < file.stat().st_size
