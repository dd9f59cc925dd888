"""Holds: the time for which a job stands still, as the client's decisions have it (R6).

These count in the order in which the client made them, however late one is recorded, or corrected. What they do not
explain of the hold that is known, somebody set by hand: it stays, until the client says something newer.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import reduce
from operator import attrgetter

from app.rules.facts import end_of_hold


@dataclass(frozen=True, slots=True)
class Hold:
    """The time for which a job stands still; without `ended_at` it still does."""

    since: datetime
    until: date | None = None
    reason: str | None = None
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Word:
    """A decision of the client's: with a `hold` the job stands still, without one it goes on or ends."""

    received_at: datetime
    recorded_at: datetime
    hold: Hold | None = None


@dataclass(frozen=True, slots=True)
class _Step:
    """What befell the hold at an instant, and its place among the steps; a hold `anew` replaces one that stands."""

    place: datetime
    at: datetime
    hold: Hold | None = None
    anew: bool = False


def followed(
    known: Hold | None, others: Sequence[Word], new: Word | None, corrected: Word | None
) -> Hold | None:
    """The hold that is known, with a new word beside the others, and without the one that it corrects.

    Words of one instant count in the order given. A correction counts as recorded when what it corrects was.
    """
    before, after = ([*others, *_if_any(word)] for word in (corrected, new))
    by_hand = None if any(_begins(word.hold, known) for word in before) else known
    said, told = ([_step(word, by_hand) for word in words] for words in (before, after))
    if new and not corrected and _is_newest(told[-1], said, known):
        return _next(known, told[-1])
    begun = _begun_by_hand(by_hand, before)
    kept = _kept_by_hand(known, [*begun, *said]) if known else []
    return _changed(known, _hold([*begun, *said, *kept]), _hold([*begun, *told, *kept]))


def _if_any(word: Word | None) -> list[Word]:
    return [word] if word else []


def _begins(hold: Hold | None, known: Hold | None) -> bool:
    return hold is not None and known is not None and hold.since == known.since


def _step(word: Word, by_hand: Hold | None) -> _Step:
    """A word as a step; recorded before a hold set by hand has begun, it bears on that as well."""
    place = word.received_at
    if by_hand and word.recorded_at < by_hand.since:
        place = max(place, by_hand.since)
    return _Step(place, word.received_at, word.hold)


def _is_newest(step: _Step, said: Iterable[_Step], known: Hold | None) -> bool:
    """Whether nothing that is known came later."""
    dates = [known.since, known.ended_at or known.since] if known else []
    return all(earlier <= step.place for earlier in [*(each.place for each in said), *dates])


def _begun_by_hand(hold: Hold | None, words: Sequence[Word]) -> list[_Step]:
    """How a hold began that no word did, without what the words have said of it since."""
    if hold is None:
        return []
    said = [word.hold for word in words if word.hold]
    until = None if hold.until in [each.until for each in said] else hold.until
    reason = None if hold.reason in [each.reason for each in said] else hold.reason
    return [_Step(hold.since, hold.since, Hold(hold.since, until, reason), anew=True)]


def _kept_by_hand(known: Hold, steps: Sequence[_Step]) -> list[_Step]:
    """How the hold that is known, or the one before it, ended or went on where the steps do not say so."""
    kept = _ended_before(known, steps)
    told = _hold([*steps, *kept])
    if told and (told.since, told.ended_at) == (known.since, known.ended_at):
        return kept
    if known.ended_at:
        return [*kept, _Step(known.ended_at, known.ended_at)]
    resumed_at = told.ended_at if told and told.ended_at else known.since
    return [*kept, _Step(resumed_at, known.since, known, anew=True)]


def _ended_before(known: Hold, steps: Sequence[_Step]) -> list[_Step]:
    """The end, at some time, of an earlier hold that would still stand when a word began the one that is known."""
    told = _hold(steps)
    begun_at = [step.place for step in steps if _begins(step.hold, known)]
    if told is None or not begun_at or told.since >= known.since:
        return []
    earlier = [step.place for step in steps if step.place < min(begun_at)]
    return [_Step(max(earlier, default=told.since), known.since)]


def _hold(steps: Iterable[_Step]) -> Hold | None:
    """What some steps come to."""
    nothing: Hold | None = None
    return reduce(_next, sorted(steps, key=attrgetter("place")), nothing)


def _next(hold: Hold | None, step: _Step) -> Hold | None:
    """A word of a hold, while one stands, keeps its beginning and changes only what it says."""
    if hold is None or hold.ended_at or step.anew:
        return step.hold or hold
    if step.hold is None:
        return replace(hold, ended_at=end_of_hold(step.at, hold.since))
    until, reason = step.hold.until or hold.until, step.hold.reason or hold.reason
    return Hold(min(hold.since, step.at), until, reason)


def _changed(known: Hold | None, was: Hold | None, now: Hold | None) -> Hold | None:
    """The hold that is known, changed as the one of the words has: what somebody said of it besides stays."""
    if was == now:
        return known
    if known is None or was is None or now is None or (was.ended_at and was.since != now.since):
        return now
    until = known.until if was.until == now.until else now.until
    reason = known.reason if was.reason == now.reason else now.reason
    return replace(now, until=until, reason=reason)
