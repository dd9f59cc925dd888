"""When the client may be asked for its answer, and how that came about."""

from datetime import datetime
from typing import NamedTuple

from app.rules.drafts import Fact, Step, Steps, counted, step
from app.rules.situation import Expectation, Situation
from app.rules.vocabulary import TimescaleSource


class Chase(NamedTuple):
    """The instant from which the client may be asked for the answer (D1's b), and how it came about."""

    at: datetime
    facts: tuple[Fact, ...]
    steps: Steps


def chase_of(s: Situation, expected: Expectation) -> Chase:
    """D1's b: when the expected time, the agency's grace and the client's absence have passed."""
    grace = s.policy.client_grace_working_hours
    usual = s.office.add_hours(expected.at, grace) if grace else s.office.roll(expected.at)
    back = client_back_at(s)
    at = max(usual, back) if back else usual
    return Chase(
        at,
        (expectation_fact(s, expected),),
        lambda: (
            *expectation_steps(s, expected),
            *([step("{} of grace", counted(grace, "working hour"))] if grace else []),
            *([absence_step(s, at)] if at > usual else []),
        ),
    )


def client_back_at(s: Situation) -> datetime | None:
    """When an absent client contact is back at work (G4)."""
    client = s.application.client
    return s.office.roll(client.unavailable_until) if client and client.unavailable_until else None


def absence_step(s: Situation, back: datetime) -> Step:
    """Until when the client contact is away, and when they are back at work if that is later (G4)."""
    client = s.application.client
    until = client.unavailable_until if client else None
    if until is None or until == back:
        return step("client contact away until {}", back)
    return step("client contact away until {}, back at work {}", until, back)


def expectation_fact(s: Situation, expected: Expectation) -> Fact:
    """The fact that says when the answer is expected, or from which it is assumed."""
    if expected.timescale:
        return Fact("timescale", expected.timescale.id, expected.timescale.given_at)
    comment = next((f for f in s.feedback if f.received_at == expected.since), None)
    if comment:
        return Fact("feedback", comment.id, comment.received_at)
    current = s.round
    assert current is not None
    if current.end == expected.since:
        return Fact("interview", current.id, current.end)
    return Fact("hold_end", None, expected.since)


_ASSUMED_AFTER = {
    "interview": "the interview ended {}",
    "feedback": "the client's comments of {}",
    "hold_end": "the hold ended {}",
}

# Longer words of a client's are cut.
_QUOTED_CHARACTERS = 60


def expectation_steps(s: Situation, expected: Expectation) -> tuple[Step, ...]:
    """How the expected instant came about, in words."""
    given = expected.timescale
    if given is None:
        days = s.policy.default_response_working_days
        after = _ASSUMED_AFTER[expectation_fact(s, expected).kind]
        words = f"no timescale, so an answer is assumed {{}} after {after}"
        return step(words, counted(days, "working day"), expected.since), step("{}", expected.at)
    day = s.office.date_of(given.given_at)
    who = "client said" if given.source is TimescaleSource.CLIENT else "candidate heard"
    phrase = _quoted(given.phrase or "")
    said = step(f"{who} {{}} '{{}}'", day, phrase) if phrase else step(f"{who} {{}}", day)
    if not expected.assumed:
        return said, step("{}", expected.at)
    days = s.policy.unknown_recheck_working_days
    return (
        said,
        step("no date in that, so asked again after {}", counted(days, "working day")),
        step("{}", expected.at),
    )


def _quoted(phrase: str) -> str:
    """Somebody's words on one line, and not too many of them."""
    line = " ".join(phrase.split())
    return line if len(line) <= _QUOTED_CHARACTERS else line[: _QUOTED_CHARACTERS - 1].rstrip() + "…"
