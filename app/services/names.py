"""What the rows of a list name: people and jobs, each read once, however many rows name it."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy.ext.asyncio import AsyncSession

from app.db import Statement
from app.rules.holidays import Holidays
from app.services.facts import last_chased
from app.services.scope import AGENCY, Caller, look_up


class Named(NamedTuple):
    """What an id stands for, in the order in which it is read: of each kind of thing only some of these are known.

    Of a job, the name is its title, and with it comes its client. `chased_at` is when a client contact was last chased.
    Ids are text here, as they go to JSON.
    """

    id: str | None = None
    name: str | None = None
    timezone: str | None = None
    holidays: Holidays = None
    client_id: str | None = None
    client_name: str | None = None
    client_policy: dict[str, Any] | None = None
    chased_at: datetime | None = None


NOBODY = Named()

_NAMING = ("candidate_id", "client_contact_id", "consultant_id", "job_id")


def _spelt(name: str) -> str:
    """Ids as PostgreSQL spells an array: the driver would look at each of them by itself."""
    return f"CAST(CAST(:{name} AS text) AS uuid[])"


# One look at each table; all rows have the same columns, so that all are read at once.
_NAMED = Statement(
    f"""
SELECT CAST(id AS text) AS id, name, timezone, holidays, NULL AS client_id, NULL AS client_name,
  CAST(NULL AS jsonb) AS client_policy, CAST(NULL AS timestamptz) AS chased_at
FROM candidates WHERE agency_id = {AGENCY} AND id = ANY({_spelt("candidate_ids")})
UNION ALL SELECT CAST(j.id AS text), j.title, NULL, NULL, CAST(l.id AS text), l.name, NULLIF(l.policy, '{{}}'), NULL
FROM jobs j {look_up("clients", "l", "j", "client_id")}
WHERE j.agency_id = {AGENCY} AND j.id = ANY({_spelt("job_ids")})
UNION ALL SELECT CAST(k.id AS text), k.name, k.timezone, k.holidays, NULL, NULL, NULL, x.occurred_at
FROM client_contacts k LEFT JOIN LATERAL ({last_chased("k.id", ":at")}) x ON true
WHERE k.agency_id = {AGENCY} AND k.id = ANY({_spelt("client_contact_ids")})
UNION ALL SELECT CAST(id AS text), name, NULL, NULL, NULL, NULL, NULL, NULL
FROM consultants WHERE agency_id = {AGENCY} AND id = ANY({_spelt("consultant_ids")})
"""
)


class Names:
    """What some rows name, by its id; what they leave open is nobody."""

    def __init__(self, found: Iterable[Named] = ()) -> None:
        self.of: dict[str | None, Named] = {None: NOBODY, **{named.id: named for named in found}}
        self.shown = {id_: {"id": id_, "name": named.name} if id_ else None for id_, named in self.of.items()}


async def names_of(db: AsyncSession, caller: Caller, rows: Sequence[Any], *, at: datetime) -> Names:
    """What some rows name by `candidate_id`, `client_contact_id`, `consultant_id` and `job_id`, at an instant."""
    if not rows:
        return Names()
    ids = {f"{name}s": ",".join({getattr(row, name) for row in rows} - {None}) for name in _NAMING}
    parameters = {
        "agency_id": caller.agency_id,
        "at": at,
        **{name: f"{{{some}}}" for name, some in ids.items()},
    }
    return Names(map(Named._make, await _NAMED.fetch(db, parameters)))
