"""Files: applications with their facts, whose they are, and what is stored and has been told of them.

All that a status is computed from and compared with, in one statement. That of an application has that of its
candidate in it, as far as a person who seeks is due a word of their own (K1).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import Statement
from app.rules.facts import Application, Candidate
from app.rules.situation import Case
from app.services import facts, outbox, reasons
from app.services.outbox import Past
from app.services.reasons import Owner, Row
from app.services.scope import AGENCY, Caller

_OF_PERSON = f"""json_build_array({reasons.OF_PERSON}, {outbox.past_of("p")}, {reasons.CONSULTANT},
  (SELECT COALESCE(json_agg(o.id ORDER BY o.id), '[]') FROM applications o
    WHERE o.agency_id = {AGENCY} AND o.candidate_id = p.id))::text"""

COLUMNS = f"""
, a.id, a.candidate_id, a.consultant_id, a.client_contact_id,
json_build_array({reasons.OF_APPLICATION}, {outbox.past_of("a")})::text AS kept,
CASE WHEN p.seeking THEN {_OF_PERSON} END AS kept_of_person"""

_FILES = Statement(facts.applications(facts.NAMED, COLUMNS))
_OF_CANDIDATE = Statement(facts.applications("a.candidate_id = :candidate_id", COLUMNS))
_PEOPLE = Statement(facts.people(f", {_OF_PERSON} AS kept_of_person"))


@dataclass(frozen=True, slots=True)
class PersonalFile:
    """A candidate as a person, as they are known and as they were when their review was last computed."""

    person: Candidate
    owner: Owner
    stored: Sequence[Row]
    past: Past
    application_ids: Sequence[UUID]

    @property
    def id(self) -> UUID:
        """The candidate's id."""
        return self.owner.candidate_id


@dataclass(frozen=True, slots=True)
class File:
    """An application as it is known, and as it was when its status was last computed."""

    case: Case
    owner: Owner
    stored: Sequence[Row]
    past: Past
    personal: PersonalFile | None

    @property
    def id(self) -> UUID:
        """The application's id."""
        return self.owner.subject_id

    def knowing(self, application: Application) -> "File":
        """The file with the facts of its application as they are by now."""
        return replace(self, case=Case(application, self.case.policy))


class _Kept(NamedTuple):
    stored: list[Row] | None
    past: Past | None


class _KeptOfPerson(NamedTuple):
    stored: list[Row] | None
    past: Past | None
    consultant_id: UUID | None
    application_ids: list[UUID]


_kept = msgspec.json.Decoder(_Kept).decode
_kept_of_person = msgspec.json.Decoder(_KeptOfPerson).decode


async def load(
    db: AsyncSession, caller: Caller, application_ids: Sequence[UUID], *, as_of: datetime
) -> list[File]:
    """The files of locked applications; `as_of` bounds only the last chaser to the client contact (M2)."""
    return await _read(db, caller, _FILES, {"ids": application_ids, "as_of": as_of})


async def of_candidate(
    db: AsyncSession, caller: Caller, candidate_id: UUID, *, as_of: datetime
) -> list[File]:
    """The files of all applications of a locked candidate, in the order of their ids; `as_of` as in `load`."""
    found = await _read(db, caller, _OF_CANDIDATE, {"candidate_id": candidate_id, "as_of": as_of})
    return sorted(found, key=lambda file: file.id)


async def _read(
    db: AsyncSession, caller: Caller, statement: Statement, which: Mapping[str, Any]
) -> list[File]:
    agency = await facts.overrides_of(db, caller)
    rows = await statement.fetch(db, {"agency_id": caller.agency_id, "known_at": facts.FOREVER, **which})
    return [file_of(row, agency) for row in rows]


async def load_people(db: AsyncSession, caller: Caller, candidate_ids: Sequence[UUID]) -> list[PersonalFile]:
    """The files of locked candidates as persons."""
    parameters = {"agency_id": caller.agency_id, "ids": candidate_ids, "known_at": facts.FOREVER}
    rows = await _PEOPLE.fetch(db, parameters)
    return [_personal(row["id"], facts.person_of(row["facts"]), row["kept_of_person"]) for row in rows]


def file_of(row: Any, agency: Any) -> File:
    """A file from the columns of its statement, with the agency's parameters."""
    owner = Owner(row["id"], row["candidate_id"], row["consultant_id"], row["client_contact_id"])
    case = facts.case_of(row["facts"], agency, row["policy"])
    stored, past = _kept(row["kept"])
    personal = None
    if row["kept_of_person"]:
        personal = _personal(owner.candidate_id, case.application.candidate, row["kept_of_person"])
    return File(case, owner, stored or [], past or Past(), personal)


def _personal(candidate_id: UUID, person: Candidate, kept: str) -> PersonalFile:
    stored, past, consultant_id, application_ids = _kept_of_person(kept)
    owner = Owner(None, candidate_id, consultant_id, None)
    return PersonalFile(person, owner, stored or [], past or Past(), application_ids)


def cases_of(files: Iterable[File]) -> dict[UUID, Case]:
    """The cases of applications, by their ids."""
    return {file.id: file.case for file in files}


def people_of(files: Iterable[File]) -> list[PersonalFile]:
    """The candidates of applications who seek, each once."""
    return list({file.personal.id: file.personal for file in files if file.personal}.values())
