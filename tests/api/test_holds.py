"""The hold of an application: what the client says of it and what is set by hand, in whatever order it is recorded."""

from datetime import datetime
from itertools import permutations
from typing import Any, NamedTuple

import pytest

from tests.api.conftest import Office, iso
from tests.given import words

TOLD = {"until": "2026-08-20", "reason": "budget"}
AGREED = {"until": "2026-09-15", "reason": "agreed by phone"}


class Said(NamedTuple):
    """Feedback under a name, so that a correction can name it."""

    name: str
    decision: str
    received: str
    corrects: str | None = None


class Scene:
    """One application with one interview."""

    def __init__(self, office: Office) -> None:
        self.office = office

    async def play(self) -> "Scene":
        self.application, self.interview = await self.office.interviewed()
        self.office.at("Fri 31 Jul 12:00")
        return self

    async def say(self, decision: str, received: str, corrects: str | None = None, **details: Any) -> str:
        body = {"decision": decision, "received_at": iso(received), "supersedes": corrects, **details}
        saved: str = (await self.office.agency.post(f"/v1/interviews/{self.interview}/feedback", body))["id"]
        return saved

    async def set(self, **changes: Any) -> None:
        await self.office.agency.patch(f"/v1/applications/{self.application}", changes)

    async def state(self) -> str:
        file = await self.office.agency.get(f"/v1/applications/{self.application}")
        state: str = file["state"]
        return state

    async def hold(self) -> tuple[str | None, ...]:
        """Since when, until when and why the job is on hold, and when that ended."""
        hold = (await self.office.agency.get(f"/v1/applications/{self.application}"))["hold"]
        if hold is None:
            return ()
        return in_words(hold["since"]), hold["until"], hold["reason"], in_words(hold["ended_at"])


def in_words(instant: str | None) -> str | None:
    return words(datetime.fromisoformat(instant)) if instant else None


@pytest.fixture
async def scene(office: Office) -> Scene:
    return await Scene(office).play()


WRONG_NEXT_STAGE = [
    Said("on", "next_stage", "Tue 21 Jul 12:00"),
    Said("held", "role_on_hold", "Fri 17 Jul 13:00"),
    Said("nothing", "undecided", "Tue 21 Jul 12:00", corrects="on"),
]
EARLIER_NEXT_STAGE = [*WRONG_NEXT_STAGE[:2], Said("earlier", "next_stage", "Wed 15 Jul 12:00", corrects="on")]
WRONG_NO = [
    Said("held", "role_on_hold", "Thu 16 Jul 12:00"),
    Said("no", "reject", "Mon 27 Jul 12:00"),
    Said("offer", "offer", "Mon 20 Jul 15:00"),
    Said("nothing", "undecided", "Tue 28 Jul 12:00", corrects="no"),
]
TWO_HOLDS = [
    Said("held", "role_on_hold", "Thu 16 Jul 12:00"),
    Said("still", "role_on_hold", "Mon 20 Jul 12:00"),
    Said("nothing", "undecided", "Thu 16 Jul 12:00", corrects="held"),
    Said("on", "next_stage", "Wed 29 Jul 12:00"),
]


@pytest.mark.parametrize(
    ("story", "state", "hold"),
    [
        (WRONG_NEXT_STAGE, "on_hold", ("Fri 17 Jul 13:00", None, None, None)),
        (EARLIER_NEXT_STAGE, "on_hold", ("Fri 17 Jul 13:00", None, None, None)),
        (WRONG_NO, "active", ("Thu 16 Jul 12:00", None, None, "Mon 20 Jul 15:00")),
        (TWO_HOLDS, "active", ("Mon 20 Jul 12:00", None, None, "Wed 29 Jul 12:00")),
    ],
    ids=["a wrong next stage", "an earlier next stage", "a wrong no", "two holds"],
)
async def test_the_order_of_recording_makes_no_difference(
    office: Office, story: list[Said], state: str, hold: tuple[str | None, ...]
) -> None:
    for order in permutations(story):
        names = [said.name for said in order]
        if all(said.corrects is None or said.corrects in names[:n] for n, said in enumerate(order)):
            scene = await Scene(office).play()
            ids: dict[str | None, str] = {}
            for said in order:
                ids[said.name] = await scene.say(said.decision, said.received, ids.get(said.corrects))
            assert (await scene.state(), await scene.hold()) == (state, hold), names


async def test_a_word_while_a_hold_stands_changes_only_what_it_says(scene: Scene) -> None:
    await scene.say("role_on_hold", "Wed 15 Jul 12:00", hold=TOLD)
    await scene.say("role_on_hold", "Mon 20 Jul 12:00")
    assert await scene.hold() == ("Wed 15 Jul 12:00", "2026-08-20", "budget", None)
    await scene.say("role_on_hold", "Mon 27 Jul 12:00", hold={"until": "2026-08-31"})
    assert await scene.hold() == ("Wed 15 Jul 12:00", "2026-08-31", "budget", None)


async def test_a_hold_after_one_that_is_over_is_another(scene: Scene) -> None:
    await scene.say("role_on_hold", "Wed 15 Jul 12:00", hold=TOLD)
    await scene.say("next_stage", "Mon 20 Jul 12:00")
    await scene.say("role_on_hold", "Mon 27 Jul 12:00")
    assert await scene.hold() == ("Mon 27 Jul 12:00", None, None, None)


async def test_what_was_agreed_of_a_hold_outlives_a_correction_of_other_words(scene: Scene) -> None:
    wrong = await scene.say("role_on_hold", "Wed 15 Jul 12:00", hold=TOLD)
    await scene.set(hold=AGREED)
    await scene.say("role_on_hold", "Wed 15 Jul 12:00", wrong, hold=TOLD, relay_text="The job has to wait.")
    assert await scene.hold() == ("Wed 15 Jul 12:00", *AGREED.values(), None)


async def test_without_a_later_word_a_hold_set_by_hand_stands_again(scene: Scene) -> None:
    await scene.set(state="on_hold", hold={"since": iso("Mon 13 Jul 12:00"), **AGREED})
    wrong = await scene.say("role_on_hold", "Thu 16 Jul 12:00")
    assert await scene.hold() == ("Mon 13 Jul 12:00", *AGREED.values(), None)
    await scene.say("undecided", "Thu 16 Jul 12:00", wrong)
    assert await scene.state() == "on_hold"
    assert await scene.hold() == ("Mon 13 Jul 12:00", *AGREED.values(), None)


async def test_what_a_taken_back_word_said_of_a_hold_set_by_hand_goes_with_it(scene: Scene) -> None:
    await scene.set(state="on_hold", hold={"since": iso("Mon 13 Jul 12:00")})
    wrong = await scene.say("role_on_hold", "Thu 16 Jul 12:00", hold=TOLD)
    assert await scene.hold() == ("Mon 13 Jul 12:00", *TOLD.values(), None)
    await scene.say("undecided", "Thu 16 Jul 12:00", wrong)
    assert await scene.hold() == ("Mon 13 Jul 12:00", None, None, None)


async def test_a_hold_ended_by_hand_stays_so_when_the_word_is_corrected(scene: Scene) -> None:
    wrong = await scene.say("role_on_hold", "Thu 16 Jul 12:00")
    await scene.set(state="active", hold={"ended_at": iso("Wed 22 Jul 12:00")})
    await scene.say("role_on_hold", "Fri 17 Jul 12:00", wrong)
    assert await scene.state() == "active"
    assert await scene.hold() == ("Fri 17 Jul 12:00", None, None, "Wed 22 Jul 12:00")


async def test_a_hold_ended_by_hand_stays_so_when_the_next_is_taken_back(scene: Scene) -> None:
    await scene.say("role_on_hold", "Thu 16 Jul 12:00")
    await scene.set(state="active", hold={"ended_at": iso("Wed 22 Jul 12:00")})
    wrong = await scene.say("role_on_hold", "Mon 27 Jul 12:00")
    await scene.say("undecided", "Mon 27 Jul 12:00", wrong)
    assert await scene.state() == "active"


async def test_a_hold_that_somebody_let_go_on_goes_on_when_an_earlier_word_is_corrected(scene: Scene) -> None:
    wrong = await scene.say("next_stage", "Mon 20 Jul 12:00")
    await scene.set(state="on_hold", hold={"since": iso("Thu 16 Jul 12:00")})
    await scene.say("next_stage", "Mon 20 Jul 12:00", wrong, relay_text="Come again.")
    assert await scene.state() == "on_hold"
    await scene.say("reject", "Mon 27 Jul 12:00")
    assert await scene.hold() == ("Thu 16 Jul 12:00", None, None, "Mon 27 Jul 12:00")


async def test_a_closed_application_stays_closed(scene: Scene) -> None:
    wrong = await scene.say("role_on_hold", "Thu 16 Jul 12:00")
    await scene.set(state="closed")
    await scene.say("role_on_hold", "Mon 27 Jul 12:00")
    assert await scene.state() == "closed"
    await scene.say("undecided", "Thu 16 Jul 12:00", wrong)
    assert await scene.state() == "closed"
