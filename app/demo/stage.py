"""The agency while the demo is loaded: where its words for time point, and what has been made so far."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.demo.moments import Moments
from app.models.external_refs import RefKind
from app.rules.policy import Policy
from app.services.scope import Caller

SOURCE = "demo"


@dataclass(frozen=True, slots=True)
class Stage:
    """What every step of the loading needs. `ids` are those of the objects made, by kind and key."""

    db: AsyncSession
    caller: Caller
    policy: Policy
    moments: Moments
    ids: dict[tuple[RefKind, str], UUID] = field(default_factory=dict)

    @property
    def now(self) -> datetime:
        """When the demo is loaded."""
        return self.moments.now

    def instant(self, words: str | None) -> datetime | None:
        """An instant in the words of the demo, if there is one."""
        return self.moments.instant(words) if words else None

    def refs(self, key: str) -> list[dict[str, str]]:
        """The external id that marks an object as the demo's."""
        return [{"source": SOURCE, "id": key}]
