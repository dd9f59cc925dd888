"""What a change of a candidate's wishes means for a job they have been put forward for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.rules.vocabulary import Wish

# The term of a job that a wish is about; of the other wishes a job's record says nothing.
TERMS = {
    Wish.SALARY_MINIMUM: "salary",
    Wish.SALARY_TARGET: "salary",
    Wish.LOCATIONS: "location",
    Wish.CONTRACTS: "contract",
}


@dataclass(frozen=True, slots=True)
class Bearing:
    """The changed wishes that may matter for a job, and those of them that the job now contradicts."""

    members: tuple[Wish, ...]
    conflicts: tuple[Wish, ...]


def changed_wishes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Wish]:
    """The wishes that differ between two versions; one that is absent is not known, as one that is null."""
    return [wish for wish in Wish if before.get(wish) != after.get(wish)]


def bearing(
    changed: Sequence[Wish], before: Mapping[str, Any], after: Mapping[str, Any], job: Mapping[str, Any]
) -> Bearing:
    """What changed wishes mean for a job, given by its `salary`, `location` and `contract`, each null if unknown.

    A change matters unless the job is known to suit the wish both as it was and as it is. Notes are for people to
    read and never matter by themselves. A target is no floor, so a lower salary does not contradict it.
    """
    members = tuple(
        wish
        for wish in changed
        if wish is not Wish.NOTES
        and not (suits(wish, before.get(wish), job) and suits(wish, after.get(wish), job))
    )
    conflicts = tuple(
        wish
        for wish in members
        if wish is not Wish.SALARY_TARGET and suits(wish, after.get(wish), job) is False
    )
    return Bearing(members, conflicts)


def suits(wish: Wish, wanted: Any, job: Mapping[str, Any]) -> bool | None:
    """Whether a job suits what is wanted; None where that cannot be said. Whoever wants nothing is suited."""
    if wanted is None:
        return True
    term = TERMS.get(wish)
    offered = job[term] if term else None
    if offered is None:
        return None
    if term == "salary":
        return _pays(offered, wanted)
    return _plain(offered) in map(_plain, wanted)


def _pays(offered: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool | None:
    if any(offered[name] != wanted[name] for name in ("currency", "period")):
        return None
    return bool(offered["amount"] >= wanted["amount"])


def _plain(text: str) -> str:
    return text.strip().casefold()
