"""When the client may be asked for its answer, and how that came about."""

from datetime import datetime

from app.rules.drafts import Step, counted, step
from app.rules.situation import Expectation, Situation
from app.rules.vocabulary import TimescaleSource


def chase_steps(s: Situation, expected: Expectation, chase_at: datetime) -> tuple[Step, ...]:
    """How the instant came about from which the client may be asked for the answer (D1's b), in words."""
    grace = s.policy.client_grace_working_hours
    return (
        *expectation_steps(s, expected),
        *([step("{} of grace", counted(grace, "working hour"))] if grace else []),
        *([absence_step(s, chase_at)] if chase_at > s.office.add_hours(expected.at, grace) else []),
    )


def absence_step(s: Situation, back: datetime) -> Step:
    """Until when the client contact is away, and when they are back at work if that is later (G4)."""
    client = s.application.client
    until = client.unavailable_until if client else None
    if until is None or until == back:
        return step("client contact away until {}", back)
    return step("client contact away until {}, back at work {}", until, back)


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
        after = _ASSUMED_AFTER[expected.fact.kind]
        words = f"no timescale, so an answer is assumed {{}} after {after}"
        return step(words, counted(days, "working day"), expected.fact.at), step("{}", expected.at)
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
