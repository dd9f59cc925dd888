"""Policies: how an agency's own numbers replace the rulebook's, and the working time that they make."""

from datetime import date, time, timedelta
from typing import Any

import pytest

from app.rules.policy import Policy
from tests.given import at, on

SHORT_FRIDAY = {
    "working_hours": {"friday": ["09:00", "16:00"], "saturday": ["10:00", "14:00"], "monday": None}
}


def every_day_of(*years: int) -> list[str]:
    first = [date(year, 1, 1) for year in years]
    return [(day + timedelta(days=n)).isoformat() for day in first for n in range(366)]


def test_the_same_parameters_are_the_same_policy_with_the_same_calendars() -> None:
    policy = Policy.of({"move_on_working_days": 8, **SHORT_FRIDAY})
    assert policy is Policy.of({**SHORT_FRIDAY, "move_on_working_days": 8})
    assert policy.office is policy.office
    assert policy.hours_of("Europe/Paris", "FR") is policy.hours_of("Europe/Paris", "FR")


@pytest.mark.parametrize(
    "overrides", [{"move_on_days": 8}, {"day_start": "nine"}, {"closing_days": ["tomorrow"]}]
)
def test_what_is_no_parameter_is_refused(overrides: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"unknown policy parameters|Invalid isoformat"):
        Policy.of(overrides)


def test_weekdays_not_named_are_monday_to_friday_from_start_to_end() -> None:
    assert Policy.of({"day_start": "08:00", **SHORT_FRIDAY}).week == {
        "monday": None,
        "tuesday": (time(8), time(17, 30)),
        "wednesday": (time(8), time(17, 30)),
        "thursday": (time(8), time(17, 30)),
        "friday": (time(9), time(16)),
        "saturday": (time(10), time(14)),
        "sunday": None,
    }


def test_written_out_and_read_again_a_policy_works_the_same() -> None:
    policy = Policy.of({**SHORT_FRIDAY, "holidays": ["GB-ENG", "FR"], "closing_days": ["2026-12-24"]})
    again = Policy.of(policy.parameters)
    assert again.parameters == policy.parameters
    assert again.office is policy.office


def test_a_client_is_reckoned_with_our_weekdays_and_hours_but_their_holidays() -> None:
    policy = Policy.of({**SHORT_FRIDAY, "closing_days": ["2026-07-15"]})
    paris = policy.hours_of("Europe/Paris", "FR")
    assert not paris.is_working_day(on("Mon 13 Jul"))
    assert not paris.is_working_day(on("Tue 14 Jul"))  # a holiday there
    assert paris.is_working_day(on("Wed 15 Jul"))  # we are closed, they are not
    assert not policy.office.is_working_day(on("Wed 15 Jul"))
    assert paris.end_of(on("Fri 17 Jul")) == at("Fri 17 Jul 16:00", "Europe/Paris")


def test_any_of_several_holiday_calendars_makes_a_day_off() -> None:
    office = Policy.of({"holidays": ["GB-ENG", "FR"]}).office
    assert not office.is_working_day(on("Tue 14 Jul"))
    assert not office.is_working_day(on("Mon 31 Aug"))
    assert Policy.of({"holidays": []}).office.is_working_day(on("Fri 25 Dec"))


def test_the_shortest_holiday_table_ends_what_is_known() -> None:
    assert Policy().office.known_until() == date(2100, 12, 31)
    assert Policy.of({"holidays": ["GB-ENG", "IN"]}).office.known_until() == date(2035, 12, 31)


@pytest.mark.parametrize(
    ("overrides", "idle"),
    [
        ({}, None),
        ({"working_hours": dict.fromkeys(("monday", "tuesday", "wednesday", "thursday"))}, None),
        ({"working_hours": dict.fromkeys(Policy().week)}, "working_hours"),
        ({"closing_days": every_day_of(2026)}, "closing_days"),
        ({"closing_days": [d for d in every_day_of(2026) if d != "2026-12-24"]}, None),
        ({"closing_days": [d for d in every_day_of(2026) if d != "2026-12-25"]}, "closing_days"),
        ({"closing_days": every_day_of(2036), "holidays": "IN"}, None),  # past what is known in any case
    ],
)
def test_a_year_without_a_working_day_is_found_with_what_makes_it_so(
    overrides: dict[str, Any], idle: str | None
) -> None:
    assert Policy.of(overrides).idle_parameter == idle
