"""The agency while the demo is loaded: where its words for time point, and what has been made so far."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.demo.moments import Moments
from app.models import RefKind
from app.rules.policy import Policy
from app.services.scope import Caller

SOURCE = "demo"


@dataclass(frozen=True, slots=True)
class Stage:
    """What every step of the loading needs.

    `ids` are those of the objects made, by kind and key, and `job_changes` those of the latest change of a job.
    """

    db: AsyncSession
    caller: Caller
    policy: Policy
    moments: Moments
    ids: dict[tuple[RefKind, str], UUID] = field(default_factory=dict)
    job_changes: dict[str, UUID] = field(default_factory=dict)

    @property
    def now(self) -> datetime:
        """When it is: the clock of the transaction."""
        now: datetime = self.db.info["now"]
        return now

    def turn_clock(self, at: datetime) -> None:
        """Let what follows be recorded at an instant, as if the agency had always worked with Touchbase."""
        self.db.info["now"] = at

    def instant(self, words: str | None) -> datetime | None:
        """An instant in the words of the demo, if there is one."""
        return self.moments.instant(words) if words else None

    def refs(self, key: str) -> list[dict[str, str]]:
        """The external id that marks an object as the demo's."""
        return [{"source": SOURCE, "id": key}]
