"""What was recorded is told in words that say what it means."""

from typing import Any

import pytest

from app.rules.explanations import in_words
from app.rules.summaries import FactKind, summary
from tests.given import LONDON

TOLD: list[tuple[str, str, dict[str, Any], str]] = [
    ("client", "date", {"date": "2026-11-26"}, "Client will answer by Thu 26 Nov"),
    ("client", "instant", {"at": "2026-11-26T12:00:00Z"}, "Client will answer by Thu 26 Nov 12:00"),
    (
        "client",
        "range",
        {"from_date": "2026-11-26", "to_date": "2026-11-27"},
        "Client will answer between Thu 26 Nov and Fri 27 Nov",
    ),
    ("client", "working_days", {"n": 2}, "Client will answer within 2 working days"),
    ("client", "after_event", {"event_date": None}, "Client will answer after an event without a date"),
    ("client", "unknown", {}, "Client gave no date"),
    ("candidate", "date", {"date": "2026-11-26"}, "Candidate heard of an answer by Thu 26 Nov"),
    ("candidate", "unknown", {}, "Candidate heard no date"),
]


@pytest.mark.parametrize(("source", "kind", "details", "words"), TOLD)
def test_what_was_said_of_the_answer(source: str, kind: str, details: dict[str, Any], words: str) -> None:
    [told] = summary(FactKind.TIMESCALE, {"source": source, "kind": kind, **details})
    assert in_words(told, LONDON) == words


def test_a_void_says_what_it_voided() -> None:
    snooze = {"of": "snooze", "code": "client_response_due", "until": "2026-11-26T12:00:00Z"}
    [told] = summary(FactKind.VOID, snooze)
    assert in_words(told, LONDON) == "Voided: Client response due put off until Thu 26 Nov 12:00"
