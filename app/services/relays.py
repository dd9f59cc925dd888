"""Relays: the news that a contact passes on to a candidate, be it feedback or a change of the job."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from app import writes
from app.db import Statement
from app.errors import InvalidError, NotFoundError
from app.models import Application, JobChange, Relay
from app.services.scope import AGENCY, Caller

# Records that correct one another are the same news: the last of them says whether it is flagged.
_FEEDBACK = Statement(f"""
SELECT f.id, f.application_id, f.details->>'role_change' AS role_change, (
  WITH RECURSIVE later AS (
    SELECT f.id, f.details
    UNION ALL
    SELECT n.id, n.details FROM later l JOIN feedback n ON n.agency_id = {AGENCY} AND n.supersedes = l.id)
  SELECT COALESCE(CAST(details->'flag_discrimination' AS boolean), false) FROM later ORDER BY id DESC LIMIT 1
) AS is_flagged
FROM feedback f WHERE f.agency_id = {AGENCY} AND f.id = ANY(:ids)
""")


class News(NamedTuple):
    """What a contact passes on: feedback with its application, changes with their job, and what it covers.

    `role_changes` are the applications about which some of the feedback says that the job has changed, and `flagged`
    the feedback that discriminates, as far as the last record of the same news says so.
    """

    ids: Sequence[UUID]
    feedback: Mapping[UUID, UUID]
    role_changes: Collection[UUID]
    flagged: Collection[UUID]
    job_changes: Mapping[UUID, UUID]
    covered: Mapping[UUID, UUID]

    @property
    def changed(self) -> list[UUID]:
        """The covered applications to the jobs that changed."""
        jobs = set(self.job_changes.values())
        return [
            application_id
            for application_id, job_id in self.covered.items()
            if job_id in jobs or application_id in self.role_changes
        ]


async def find_news(
    db: AsyncSession,
    caller: Caller,
    candidate_id: UUID,
    application_ids: Collection[UUID] | None,
    ids: Sequence[UUID],
    *,
    pointer: str,
) -> News:
    """The news with these ids, checked to be about the candidate's covered applications (None: all of them).

    Raises NotFoundError for what is not there, InvalidError for what is not about those; `pointer` names the list.
    """
    if not ids:
        return News((), {}, (), (), {}, {})
    own = await _jobs(db, caller, candidate_id)
    feedback = await _feedback(db, caller, ids)
    news = News(
        tuple(dict.fromkeys(ids)),
        {row["id"]: row["application_id"] for row in feedback},
        {row["application_id"] for row in feedback if row["role_change"] is not None},
        {row["id"] for row in feedback if row["is_flagged"]},
        await _job_changes(db, caller, ids),
        {a_id: job_id for a_id, job_id in own.items() if application_ids is None or a_id in application_ids},
    )
    for place, news_id in enumerate(ids):
        _check(news, own, news_id, f"{pointer}/{place}")
    return news


def check_unflagged(news: News, *, pointer: str) -> None:
    """Raise InvalidError for feedback that is flagged as discriminating; `pointer` names the list."""
    for place, news_id in enumerate(news.ids):
        if news_id in news.flagged:
            raise InvalidError(
                "That feedback is flagged as discriminating: it goes to the manager, and nothing of it is relayed "
                "until a record that supersedes it takes the flag back.",
                code="discrimination_flagged",
                pointer=f"{pointer}/{place}",
            )


def link(db: AsyncSession, caller: Caller, contact_id: UUID, news: News) -> None:
    """Note that a contact passed the news on."""
    rows = (
        {
            "agency_id": caller.agency_id,
            "id": uuid7(),
            "contact_id": contact_id,
            "feedback_id": news_id if news_id in news.feedback else None,
            "job_change_id": news_id if news_id in news.job_changes else None,
        }
        for news_id in news.ids
    )
    writes.insert(db, Relay, rows)


def _check(news: News, own: Collection[UUID], news_id: UUID, pointer: str) -> None:
    if news_id in news.feedback:
        application_id = news.feedback[news_id]
        if application_id not in own:
            raise InvalidError(
                "That feedback is about another candidate.", code="wrong_person", pointer=pointer
            )
        if application_id not in news.covered:
            raise InvalidError(
                "That feedback belongs to an application this contact does not cover.",
                code="not_covered",
                pointer=pointer,
            )
    elif news_id not in news.job_changes:
        raise NotFoundError(pointer=pointer)
    elif news.job_changes[news_id] not in news.covered.values():
        raise InvalidError(
            "That change is of a job for which this contact covers no application.",
            code="not_covered",
            pointer=pointer,
        )


async def _jobs(db: AsyncSession, caller: Caller, candidate_id: UUID) -> dict[UUID, UUID]:
    """The job of each of a candidate's applications."""
    query = select(Application.id, Application.job_id).where(
        Application.agency_id == caller.agency_id, Application.candidate_id == candidate_id
    )
    return {row.id: row.job_id for row in await db.execute(query)}


async def _feedback(db: AsyncSession, caller: Caller, ids: Sequence[UUID]) -> Sequence[Any]:
    """The feedback among some ids, with its application, what it says of a changed job, and whether it is flagged."""
    return await _FEEDBACK.fetch(db, {"agency_id": caller.agency_id, "ids": ids})


async def _job_changes(db: AsyncSession, caller: Caller, ids: Sequence[UUID]) -> dict[UUID, UUID]:
    """The changes of jobs among some ids, each with its job."""
    query = select(JobChange.id, JobChange.job_id).where(
        JobChange.agency_id == caller.agency_id, JobChange.id.in_(ids)
    )
    return {row.id: row.job_id for row in await db.execute(query)}
