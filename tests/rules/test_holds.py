"""What the client's decisions, recorded in any order, make of a hold, and what is left of one set by hand (R6)."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from app.rules.holds import Hold, Word, followed
from tests.given import at

NOW = at("Fri 31 Jul 12:00")
MOMENTS = [at("Wed 1 Jul 12:00") + timedelta(days=n) for n in range(12)]


def held(received: str, until: date | None = None, reason: str | None = None) -> Word:
    """The client put the job on hold."""
    return Word(at(received), NOW, Hold(at(received), until, reason))


def goes_on(received: str, recorded: datetime = NOW) -> Word:
    """The client decided otherwise."""
    return Word(at(received), recorded)


def came_to(*words: Word) -> Hold | None:
    """The hold, once the words are recorded in this order."""
    hold: Hold | None = None
    for number, word in enumerate(words):
        hold = followed(hold, words[:number], word, None)
    return hold


def test_nothing_said_holds_nothing() -> None:
    assert came_to(goes_on("Wed 15 Jul 12:00")) is None


def test_the_first_word_that_the_job_goes_on_ends_the_hold() -> None:
    first, second = goes_on("Mon 20 Jul 12:00"), goes_on("Mon 27 Jul 12:00")
    for order in ([first, second], [second, first]):
        hold = came_to(held("Wed 15 Jul 12:00"), *order)
        assert hold == Hold(at("Wed 15 Jul 12:00"), ended_at=at("Mon 20 Jul 12:00"))


def test_a_hold_told_of_again_keeps_its_beginning_and_what_is_not_said_anew() -> None:
    again = [held("Mon 20 Jul 12:00"), held("Mon 27 Jul 12:00", reason="reorganisation")]
    hold = came_to(held("Wed 15 Jul 12:00", date(2026, 8, 20), "budget"), *again)
    assert hold == Hold(at("Wed 15 Jul 12:00"), date(2026, 8, 20), "reorganisation")


def test_a_hold_set_by_hand_ends_with_the_first_decision_since() -> None:
    by_hand = Hold(at("Mon 20 Jul 12:00"))
    assert followed(by_hand, [], goes_on("Wed 15 Jul 12:00"), None) == by_hand
    ended = followed(by_hand, [], goes_on("Wed 22 Jul 12:00"), None)
    assert ended == replace(by_hand, ended_at=at("Wed 22 Jul 12:00"))


def test_a_decision_calls_off_a_hold_that_is_still_to_come_and_so_do_its_corrections() -> None:
    ahead = Hold(at("Mon 20 Jul 12:00"))
    word = goes_on("Wed 15 Jul 12:00", recorded=at("Wed 15 Jul 13:00"))
    called_off = followed(ahead, [], word, None)
    assert called_off == replace(ahead, ended_at=ahead.since)
    assert followed(called_off, [], replace(word, received_at=at("Thu 16 Jul 12:00")), word) == called_off
    assert followed(called_off, [], None, word) == ahead


def test_a_job_put_on_hold_before_the_hold_that_was_announced_by_hand_is_on_hold_from_then_on() -> None:
    ahead = Hold(at("Mon 20 Jul 12:00"), date(2026, 8, 20))
    word = replace(held("Thu 16 Jul 12:00", reason="budget"), recorded_at=at("Thu 16 Jul 12:00"))
    hold = followed(ahead, [], word, None)
    assert hold == Hold(at("Thu 16 Jul 12:00"), date(2026, 8, 20), "budget")


def test_of_two_words_of_one_instant_somebody_took_the_later_beginning_for_the_right_one() -> None:
    first, second = (
        replace(held("Wed 22 Jul 12:00"), hold=Hold(at(since)))
        for since in ("Fri 10 Jul 12:00", "Mon 20 Jul 12:00")
    )
    hold = followed(Hold(at("Mon 20 Jul 12:00")), [first], goes_on("Mon 27 Jul 12:00"), second)
    assert hold == Hold(at("Mon 20 Jul 12:00"), ended_at=at("Mon 27 Jul 12:00"))


@dataclass(frozen=True, slots=True)
class Entry:
    """A word that is recorded, and the one that corrects it, if any; None takes it back."""

    word: Word
    is_corrected: bool
    correction: Word | None


@st.composite
def entries(draw: st.DrawFn) -> list[Entry]:
    """What is recorded, each word received at a moment of its own."""
    moments = iter(draw(st.permutations(MOMENTS)))
    reasons = st.sampled_from([None, "budget", "reorganisation"])

    def word() -> Word:
        received = next(moments)
        said = Hold(received, reason=draw(reasons)) if draw(st.booleans()) else None
        return Word(received, NOW, said)

    number = draw(st.integers(1, 5))
    return [
        Entry(word(), draw(st.booleans()), word() if draw(st.booleans()) else None) for _ in range(number)
    ]


@given(entries(), st.data())
def test_the_order_of_recording_and_correcting_makes_no_difference(
    recorded: list[Entry], data: st.DataObject
) -> None:
    """Each is recorded, and later corrected if it is, in any order: what remains decides."""
    turns = [n for n, entry in enumerate(recorded) for _ in range(1 + entry.is_corrected)]
    counts: dict[int, Word | None] = {}
    hold: Hold | None = None
    for n in data.draw(st.permutations(turns)):
        entry, old = recorded[n], counts.pop(n, None)
        counts_now = [word for word in counts.values() if word]
        counts[n] = entry.correction if old else entry.word
        hold = followed(hold, counts_now, counts[n], old)
    remaining = [word for word in counts.values() if word]
    assert hold == came_to(*sorted(remaining, key=lambda word: word.received_at))
