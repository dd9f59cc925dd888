"""What is set wrongly is told at start, and never silently ignored."""

import pytest
from click.testing import CliRunner

from app.cli import main
from app.settings import read_settings

AN_ID = "0197f3a0-0000-7000-8000-000000000000"


@pytest.mark.parametrize(
    ("name", "closest"),
    [
        ("TOUCHBASE_POOLSIZE", "TOUCHBASE_POOL_SIZE"),
        ("TOUCHBASE_DATABASE_URI", "TOUCHBASE_DATABASE_URL"),
        ("touchbase_log_levl", "TOUCHBASE_LOG_LEVEL"),
        ("TOUCHBASE_METRIC", "TOUCHBASE_METRICS"),
        ("TOUCHBASE_", "TOUCHBASE_"),
        ("TOUCHBASE_PORT", "TOUCHBASE_"),
        ("TOUCHBASE_SERVICE_PORT", "TOUCHBASE_"),
    ],
)
def test_a_name_that_sets_nothing_is_warned_of(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, name: str, closest: str
) -> None:
    monkeypatch.setenv(name, "do-not-echo")
    read_settings()
    [warning] = caplog.messages
    assert warning.startswith(f"{name} is no setting of Touchbase. Did you mean {closest}")
    assert "do-not-echo" not in warning


def test_a_name_of_a_setting_in_lower_case_sets_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("touchbase_pool_size", "3")
    assert read_settings().pool_size == 3


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TOUCHBASE_API_KEY", "tb_live_x"),
        ("TOUCHBASE_URL", "http://127.0.0.1:8000"),
        ("TOUCHBASE_PORT", "tcp://10.0.0.7:80"),
        ("TOUCHBASE_PORT_80_TCP", "tcp://10.0.0.7:80"),
        ("TOUCHBASE_PORT_80_TCP_PROTO", "tcp"),
        ("TOUCHBASE_PORT_80_TCP_PORT", "80"),
        ("TOUCHBASE_PORT_80_TCP_ADDR", "10.0.0.7"),
        ("TOUCHBASE_SERVICE_HOST", "10.0.0.7"),
        ("TOUCHBASE_SERVICE_PORT", "80"),
        ("TOUCHBASE_DB_SERVICE_PORT_POSTGRES", "5432"),
        ("TOUCHBASES", "another program's"),
    ],
)
def test_names_that_belong_to_others_are_left_alone(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    read_settings()
    assert caplog.messages == []


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("TOUCHBASE_POOL_SIZE", "many-do-not-echo", "integer"),
        ("TOUCHBASE_POOL_SIZE", "0", "greater than or equal to 1"),
        ("TOUCHBASE_TRACES", "do-not-echo", "'on' or 'off'"),
    ],
)
def test_a_wrong_value_is_told_in_a_line(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, words: str
) -> None:
    monkeypatch.setenv(name, value)
    done = CliRunner().invoke(main, ["serve"])
    assert done.exit_code == 1
    assert done.output.startswith(f"Error: {name}: ")
    assert words in done.output
    assert "do-not-echo" not in done.output


@pytest.mark.parametrize(
    "command",
    [
        ["migrate"],
        ["backup", "file"],
        ["restore", "file"],
        ["demo"],
        ["agency", "create", "Somebody"],
        ["key", "create", AN_ID],
        ["key", "list", AN_ID],
        ["key", "rotate", AN_ID, AN_ID],
        ["key", "revoke", AN_ID, AN_ID],
    ],
    ids=" ".join,
)
def test_every_command_tells_it_so(monkeypatch: pytest.MonkeyPatch, command: list[str]) -> None:
    monkeypatch.setenv("TOUCHBASE_TRACES", "do-not-echo")
    done = CliRunner().invoke(main, command)
    assert isinstance(done.exception, SystemExit)  # not a bug's exception
    assert done.output == "Error: TOUCHBASE_TRACES: Input should be 'on' or 'off'.\n"
