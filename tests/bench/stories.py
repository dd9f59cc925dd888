"""The stories of one desk, told through the API itself: so every row is what the service and its rules make of it."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from tests.agency import Agency, Json

STORIES = 250
BUSY = 160  # stories of the first consultant of a desk, whose due list fills a page; the rest are the other's
PER_CLIENT = 25
JOBS_PER_CLIENT = 3

WORKDAYS = 5
EVENINGS = (2, 3, 4)  # Wednesday to Friday
MINUTE = timedelta(minutes=1)
HALF_AN_HOUR = timedelta(minutes=30)
LONG_AGO = datetime.min.replace(tzinfo=UTC)
SEED = 20_260_717


def evening(now: datetime) -> datetime:
    """The last evening of a Wednesday, Thursday or Friday.

    Over a weekend little falls due: told as of any day, a due list would be three times as long on some as on others.
    """
    found = now.replace(hour=18, minute=0, second=0, microsecond=0)
    while found > now or found.weekday() not in EVENINGS:
        found -= timedelta(days=1)
    return found


@dataclass(frozen=True, slots=True)
class Story:
    """One application with what a request names of it."""

    consultant_id: str
    candidate_id: str
    application_id: str
    interview_id: str


@dataclass
class Teller:
    """Tells stories into an agency; everything is dated relative to `now`, at minutes that a seed draws."""

    agency: Agency
    now: datetime
    draw: random.Random

    async def desk(
        self, stories: int = STORIES, report: Callable[[str], None] = lambda _words: None
    ) -> list[Story]:
        """A desk: two consultants, their clients, jobs and applications."""
        busy = await self.agency.consultant(name="Kim Owner", timezone="Europe/London")
        other = await self.agency.consultant(name="Robin Other", timezone="Europe/London")
        told: list[Story] = []
        contact_id, jobs = "", [""]
        for number in range(stories):
            if number % PER_CLIENT == 0:
                contact_id, jobs = await self._client(number // PER_CLIENT)
                report(f"  {number} of {stories} stories told")
            owner = busy if number < stories * BUSY // STORIES else other
            told.append(await self._story(number, owner, contact_id, self.draw.choice(jobs)))
        return told

    async def _client(self, number: int) -> tuple[str, list[str]]:
        """The id of a client's contact, and those of its jobs."""
        client_id = await self.agency.client(name=f"Client {number}")
        contact_id = await self.agency.client_contact(client_id, name=f"Contact {number}")
        jobs = [await self.agency.job(client_id, title=f"Engineer {n}") for n in range(JOBS_PER_CLIENT)]
        return contact_id, jobs

    async def _story(self, number: int, owner: str, contact_id: str, job_id: str) -> Story:
        seeking = number % 3 == 0
        registered = {"registered_at": self.at(60).isoformat()} if seeking else {}
        candidate_id = await self.agency.candidate(
            name=f"Candidate {number}",
            email=f"candidate{number}@example.com",
            consultant_id=owner,
            seeking=seeking,
            **registered,
        )
        application = await self.agency.application(
            consultant_id=owner, client_contact_id=contact_id, candidate_id=candidate_id, job_id=job_id
        )
        story = Plot(self, application["id"], candidate_id, contact_id)
        interview_id = await PLOTS[number % len(PLOTS)](story)
        return Story(owner, candidate_id, application["id"], interview_id)

    def day(self, days_ago: float) -> date:
        """A working day about so many days ago, or to come where negative."""
        day = (self.now - timedelta(days=days_ago)).date()
        step = -1 if days_ago > 0 else 1
        while day.weekday() >= WORKDAYS:
            day += timedelta(days=step)
        return day

    def at(self, days_ago: float) -> datetime:
        """A minute in the working hours of such a day, before now if it is past."""
        clock = time(self.draw.randrange(9, 17), self.draw.randrange(60), self.draw.randrange(60))
        at = datetime.combine(self.day(days_ago), clock, self.now.tzinfo)
        return min(at, self.now - timedelta(minutes=5)) if days_ago > 0 else at


@dataclass
class Plot:
    """One application, and what happens to it: what is told later happened later."""

    teller: Teller
    application_id: str
    candidate_id: str
    contact_id: str
    told: datetime = LONG_AGO

    def at(self, days_ago: float) -> datetime:
        """A minute of about that day, if past after all that was told: around a weekend many fall on one day."""
        if days_ago < 0:
            return self.teller.at(days_ago)
        self.told = max(self.teller.at(days_ago), self.told + MINUTE)
        return self.told

    async def interview(self, days_ago: float) -> str:
        """An interview of an hour, by its id."""
        end = self.at(days_ago)
        start = end - timedelta(hours=1)
        return await self.teller.agency.interview(self.application_id, start.isoformat(), end.isoformat())

    async def debrief(self, interview_id: str, **parts: Any) -> None:
        """The candidate's account, half an hour after the interview, which was told last."""
        self.told = min(self.told + HALF_AN_HOUR, self.teller.now - 2 * MINUTE)
        account = {
            "interest_score": self.teller.draw.randrange(4, 11),
            "occurred_at": self.told.isoformat(),
            "channel": "phone",
            "overall_impression": "positive",
            "liked": ["The people", "What they build"],
            "notes": "Talked for a quarter of an hour about the team and the way to work.",
        }
        await self.teller.agency.post(f"/v1/interviews/{interview_id}/debriefs", account | parts)

    async def call(self, days_ago: float, outcome: str = "reached", **more: Any) -> None:
        """A call of ours to the candidate."""
        await self._call(self.at(days_ago), outcome=outcome, **more)

    async def promise(self, days_ago: float, days_to_come: float) -> None:
        """A call in which we promised the next one, by an instant that comes, or has passed where negative."""
        at, by = self.at(days_ago), self.at(-days_to_come)
        await self._call(at, outcome="reached", promise={"by": by.isoformat()})

    async def chaser(self, days_ago: float) -> None:
        """Our question to the client for its answer."""
        more = {"outcome": "sent", "channel": "email", "purpose": "chase"}
        await self._contact("client", self.contact_id, self.at(days_ago), **more)

    async def feedback(self, interview_id: str, days_ago: float, decision: str) -> str:
        """What the client said, by its id."""
        body = {
            "decision": decision,
            "received_at": self.at(days_ago).isoformat(),
            "raw_text": "Good on the whole; we see two more.",
        }
        made: Json = await self.teller.agency.post(f"/v1/interviews/{interview_id}/feedback", body)
        found: str = made["id"]
        return found

    async def _call(self, at: datetime, **more: Any) -> None:
        await self._contact("candidate", self.candidate_id, at, channel="phone", **more)

    async def _contact(self, party: str, person_id: str, at: datetime, **more: Any) -> None:
        body = {
            "with": party,
            "person_id": person_id,
            "direction": "outbound",
            "purpose": "update",
            "occurred_at": at.isoformat(),
            "application_ids": [self.application_id],
            **more,
        }
        await self.teller.agency.post("/v1/contacts", body)

    def promised(self, days: float) -> Json:
        """When the client will answer: a day, from now on."""
        return {"kind": "date", "date": self.teller.day(-days).isoformat(), "phrase": "by then, I think"}

    def said(self, days_ago: float) -> Json:
        """The same, of a day that is over."""
        return {"kind": "date", "date": self.teller.day(days_ago).isoformat(), "phrase": "by then, I think"}


async def no_debrief(plot: Plot) -> str:
    """An interview is over and nobody has spoken with the candidate; two attempts failed."""
    interview_id = await plot.interview(3)
    await plot.call(2, "left_message")
    await plot.call(1, "no_answer")
    return interview_id


async def no_timescale(plot: Plot) -> str:
    """A debrief, a talk, a chaser, and nobody knows when the client will answer."""
    interview_id = await plot.interview(5)
    await plot.debrief(interview_id, next_promise={"by_date": plot.teller.day(-6).isoformat()})
    await plot.chaser(4)
    await plot.call(3)
    return interview_id


async def waiting(plot: Plot) -> str:
    """The client has time yet, and everybody knows."""
    interview_id = await plot.interview(plot.teller.draw.uniform(2, 6))
    await plot.debrief(interview_id, timescale=plot.promised(plot.teller.draw.uniform(4, 12)), contact={})
    await plot.call(1)
    await plot.call(0.5)
    return interview_id


async def client_late(plot: Plot) -> str:
    """The client has let its day pass; we have asked and kept the candidate informed."""
    interview_id = await plot.interview(9)
    await plot.debrief(interview_id, timescale=plot.said(4))
    await plot.call(7)
    await plot.chaser(3)
    await plot.call(3, "left_message")
    await plot.call(2)
    return interview_id


async def second_round(plot: Plot) -> str:
    """Two interviews, with what the client said of the first passed on, and an answer to come."""
    first = await plot.interview(12)
    await plot.debrief(first, timescale=plot.said(8))
    feedback_id = await plot.feedback(first, 10, "next_stage")
    await plot.call(9, relays=[feedback_id])
    second = await plot.interview(3)
    await plot.debrief(second, timescale=plot.promised(plot.teller.draw.uniform(3, 9)))
    await plot.call(2)
    await plot.call(1, "left_message")
    return second


async def decision(plot: Plot) -> str:
    """The client has decided; the candidate does not know it yet."""
    interview_id = await plot.interview(8)
    await plot.debrief(interview_id, timescale=plot.said(3))
    await plot.call(6)
    await plot.chaser(3)
    await plot.feedback(interview_id, 1, plot.teller.draw.choice(["offer", "reject", "next_stage"]))
    await plot.call(0.8, "no_answer")
    return interview_id


async def promise(plot: Plot) -> str:
    """We said that we would call again, by an instant that comes, or has passed."""
    interview_id = await plot.interview(6)
    await plot.debrief(interview_id, timescale=plot.promised(plot.teller.draw.uniform(6, 12)))
    await plot.chaser(4)
    await plot.call(4)
    await plot.promise(2, plot.teller.draw.choice([1, 2, 3, -0.7]))
    return interview_id


async def interview_to_come(plot: Plot) -> str:
    """The first round is talked over, and the next one stands in the diary."""
    first = await plot.interview(9)
    await plot.debrief(first, timescale=plot.said(6))
    feedback_id = await plot.feedback(first, 6, "next_stage")
    await plot.call(4, relays=[feedback_id])
    await plot.interview(-plot.teller.draw.uniform(1, 5))
    await plot.call(1)
    return first


PLOTS = (
    no_timescale, waiting, client_late, second_round, decision, waiting, promise, client_late, no_debrief,
    waiting, no_timescale, interview_to_come, decision,
)  # fmt: skip
