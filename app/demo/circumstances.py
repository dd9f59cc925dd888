"""What bears on several applications at once: a job that changes, somebody away, a client's own policy.

It is plain data, in the order in which it happened; times are in the words of `moments`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.demo.people import pay
from app.rules.vocabulary import JobState, WorkArrangement


@dataclass(frozen=True, slots=True)
class ClientPolicy:
    """The parameters in which a client differs from the agency."""

    at: str
    client: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Review:
    """A candidate says what they look for; what is not said is as before."""

    at: str
    candidate: str
    said: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class JobChange:
    """A job is not what it was; every candidate for it has to hear of that."""

    at: str
    job: str
    terms: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Absence:
    """A client contact is away from now on."""

    at: str
    client_contact: str
    until: str


@dataclass(frozen=True, slots=True)
class Cover:
    """One consultant does the work of another from one day to another."""

    at: str
    consultant: str
    covered_by: str
    first: str
    last: str


@dataclass(frozen=True, slots=True)
class Pause:
    """No contact from now on, please."""

    at: str
    candidate: str
    until: str
    reason: str
    allow_urgent: bool = False


Circumstance = ClientPolicy | Review | JobChange | Absence | Cover | Pause

CIRCUMSTANCES: tuple[Circumstance, ...] = (
    # In Ontario whoever was interviewed must hear within 45 days whether there is a decision.
    ClientPolicy("59d 10:00", "saltmarsh", {"statutory_notice_days": 45}),
    Review(
        "45d 11:10", "tomasz",
        {
            "roles": ["Health and safety adviser"],
            "salary_minimum": pay(41_000, "GBP"),
            "locations": ["Grimsby", "Hull", "Leeds"],
            "hybrid": WorkArrangement.ON_SITE,
            "notice_period": {"value": 1, "unit": "month", "negotiable": True},
        },
    ),
    JobChange("12d 15:00", "operations", {"location": "Edinburgh, three days on site"}),
    Absence("3d 17:00", "jonas", "+4d 08:00"),
    Pause("3d 09:00", "chloe", "+5d 09:00", "Exams; good news is welcome", allow_urgent=True),
    Pause("2d 09:00", "arjun", "+4d 09:00", "Trekking; no signal"),
    Cover("2d 16:30", "tom", "amara", "1d", "+3d"),
    Review("1d 15:00", "tomasz", {"locations": ["Leeds", "Bradford", "York"], "notes": "No more long drives."}),
    JobChange(
        "3h", "office",
        {"state": JobState.REDUCED, "salary": pay(74_000, "CAD"), "contract": "four days a week"},
    ),
)  # fmt: skip
