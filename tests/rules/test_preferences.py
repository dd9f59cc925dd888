"""What a change of wishes means for a job: whether it may matter, and whether the job contradicts it."""

from typing import Any

import pytest

from app.rules.preferences import Bearing, bearing, changed_wishes, suits
from app.rules.vocabulary import Wish

Json = dict[str, Any]


def pay(amount: int, currency: str = "GBP", period: str = "year") -> Json:
    return {"amount": amount, "currency": currency, "period": period}


JOB: Json = {"salary": pay(50_000), "location": "Leeds", "contract": "permanent"}
UNKNOWN: Json = dict.fromkeys(JOB)


def meaning(before: Json, after: Json, job: Json = JOB) -> tuple[list[str], list[str]]:
    """The members that matter for a job, and the conflicts among them."""
    found = bearing(changed_wishes(before, after), before, after, job)
    return [str(wish) for wish in found.members], [str(wish) for wish in found.conflicts]


def test_what_is_equal_or_still_unknown_has_not_changed() -> None:
    assert changed_wishes({}, {}) == []
    assert changed_wishes({}, {"roles": None}) == []
    assert changed_wishes({"roles": ["Buyer"]}, {"roles": ["Buyer"]}) == []
    assert changed_wishes({"notes": "x", "roles": ["Buyer"]}, {"notes": None, "roles": ["Planner"]}) == [
        Wish.ROLES,
        Wish.NOTES,
    ]


@pytest.mark.parametrize(
    ("wanted", "offered", "expected"),
    [
        (pay(50_000), pay(50_000), True),
        (pay(50_001), pay(50_000), False),
        (pay(50_000), None, None),
        (pay(1, currency="EUR"), pay(50_000), None),
        (pay(400, period="day"), pay(50_000), None),
        (None, pay(50_000), True),
        (None, None, True),
    ],
)
def test_a_salary_suits_from_the_minimum_on(wanted: Any, offered: Any, expected: bool | None) -> None:
    assert suits(Wish.SALARY_MINIMUM, wanted, {**JOB, "salary": offered}) is expected


@pytest.mark.parametrize(
    ("wanted", "offered", "expected"),
    [
        (["York", "Leeds"], "Leeds", True),
        ([" leeds "], "LEEDS", True),
        (["Straße"], "STRASSE", True),
        (["York"], "Leeds", False),
        (["Leeds"], "Leeds, two days a week from home", False),
        (["Leeds"], None, None),
        (None, "Leeds", True),
    ],
)
def test_a_place_or_contract_suits_if_it_is_among_those_wanted(
    wanted: Any, offered: str | None, expected: bool | None
) -> None:
    assert suits(Wish.LOCATIONS, wanted, {**JOB, "location": offered}) is expected
    assert suits(Wish.CONTRACTS, wanted, {**JOB, "contract": offered}) is expected


def test_a_minimum_that_rises_above_the_salary_is_a_conflict() -> None:
    assert meaning({"salary_minimum": pay(45_000)}, {"salary_minimum": pay(55_000)}) == (
        ["salary_minimum"],
        ["salary_minimum"],
    )


def test_a_minimum_that_stays_below_the_salary_changes_nothing_for_the_job() -> None:
    assert meaning({"salary_minimum": pay(40_000)}, {"salary_minimum": pay(45_000)}) == ([], [])


def test_a_wish_the_job_contradicted_and_now_suits_matters_too() -> None:
    assert meaning({"locations": ["York"]}, {"locations": ["York", "Leeds"]}) == (["locations"], [])
    assert meaning({"locations": ["York"]}, {"locations": None}) == (["locations"], [])


def test_a_target_above_the_salary_matters_but_is_no_conflict() -> None:
    assert meaning({}, {"salary_target": pay(60_000)}) == (["salary_target"], [])
    assert meaning({}, {"salary_target": pay(50_000)}) == ([], [])


def test_what_a_job_does_not_say_may_matter_and_never_contradicts() -> None:
    after = {"salary_minimum": pay(90_000), "locations": ["York"], "contracts": ["freelance"]}
    assert meaning({}, after, UNKNOWN) == (list(after), [])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("roles", ["Planner"]),
        ("hybrid", "remote"),
        ("notice_period", {"value": 3, "unit": "month", "negotiable": False}),
        ("available_from", "2026-10-01"),
    ],
)
def test_what_no_job_records_may_matter_for_every_job(name: str, value: Any) -> None:
    assert meaning({}, {name: value}) == ([name], [])
    assert meaning({name: value}, {name: None}) == ([name], [])


def test_notes_alone_matter_for_no_job() -> None:
    assert meaning({}, {"notes": "Prefers mornings"}) == ([], [])


def test_only_what_changed_is_looked_at() -> None:
    before = {"locations": ["York"], "hybrid": "hybrid"}
    after = {**before, "hybrid": "remote"}
    assert bearing([Wish.HYBRID], before, after, JOB) == Bearing((Wish.HYBRID,), ())
