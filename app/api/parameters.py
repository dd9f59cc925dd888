"""The shapes of the policy parameters (rulebook, section 8): what is sent to a policy or a preview, and answered."""

from dataclasses import fields
from datetime import date, time
from typing import Annotated, Any, Self

from pydantic import AfterValidator, Field, create_model, model_validator
from pydantic_core import PydanticCustomError

from app.rules.policy import Policy
from app.web.schema import Calendars, Clock, Day, Input, Output, Zone, absent, misplaced

# The agency's own calendar, and what concerns a candidate as a person: no client has a say in these.
AGENCY_ONLY = {
    "timezone",
    "holidays",
    "day_start",
    "day_end",
    "working_hours",
    "closing_days",
    "candidate_window",
    "aftercare_working_days",
    "preference_review_working_days",
}


def _ends_after_it_starts(span: list[time]) -> list[time]:
    if span[0] >= span[1]:
        raise PydanticCustomError("empty_span", "must end after it starts")
    return span


Span = Annotated[
    list[Clock],
    Field(min_length=2, max_length=2, examples=[["09:00", "17:30"]]),
    AfterValidator(_ends_after_it_starts),
]


class WorkingHours(Input):
    """When work begins and ends on weekdays that are not like the others; null where the agency is closed."""

    monday: Span | None = absent()
    tuesday: Span | None = absent()
    wednesday: Span | None = absent()
    thursday: Span | None = absent()
    friday: Span | None = absent()
    saturday: Span | None = absent()
    sunday: Span | None = absent()


class Week(Output):
    """When work begins and ends on each weekday; null where the agency is closed."""

    monday: list[Clock] | None
    tuesday: list[Clock] | None
    wednesday: list[Clock] | None
    thursday: list[Clock] | None
    friday: list[Clock] | None
    saturday: list[Clock] | None
    sunday: list[Clock] | None


def _in_order(days: list[date]) -> list[date]:
    return sorted(set(days))


_TYPES: dict[str, Any] = {
    "timezone": Zone,
    "holidays": Calendars | None,
    "day_start": Clock,
    "day_end": Clock,
    "working_hours": WorkingHours,
    "closing_days": Annotated[list[Day], Field(max_length=1_000), AfterValidator(_in_order)],
    "candidate_window": Span,
    "client_window": Span,
    "statutory_notice_days": Annotated[int, Field(ge=1, le=366)] | None,
}
_WORDS = {
    "holidays": "A holiday code, a list of several of which any day off counts, or null.",
    "working_hours": "The weekdays that differ: else Monday to Friday, from `day_start` to `day_end`.",
    "closing_days": "Dates on which the agency itself is closed.",
}
# A count or a cadence of nought would make a rule fire for ever.
_AT_LEAST_ONE = {
    "max_unanswered_chasers",
    "max_candidate_attempts",
    "courtesy_every_working_days",
    "courtesy_on_hold_working_days",
    "aftercare_working_days",
    "preference_review_working_days",
    "direct_max_follow_ups",
}
_DEFAULTS = Policy().parameters | {"working_hours": {}}


def _parameter(name: str) -> Any:
    least = 1 if name in _AT_LEAST_ONE else 0
    kind = _TYPES.get(name, Annotated[int, Field(ge=least, le=260)])
    default = {"default": _DEFAULTS[name]}
    return (kind, Field(default=None, description=_WORDS.get(name), json_schema_extra=default))


def _answered(name: str) -> Any:
    kind = Week if name == "working_hours" else _TYPES.get(name, int)
    return (kind, Field(description=_WORDS.get(name)))


class _Overrides(Input):
    """The policy parameters in which a client differs from the agency."""

    def overrides(self) -> dict[str, Any]:
        """The parameters that were sent, as JSON writes them."""
        return self.model_dump(mode="json", exclude_unset=True)


class _Parameters(_Overrides):
    """The policy parameters that differ from the defaults (rulebook, section 8)."""

    @model_validator(mode="after")
    def _work_is_possible(self) -> Self:
        policy = self.policy()
        if policy.day_start >= policy.day_end:
            name = "day_end" if "day_end" in self.model_fields_set else "day_start"
            raise misplaced(name, "empty_span", "day_end must be after day_start")
        if policy.idle_parameter:
            words = "would leave a year without any working day"
            raise misplaced(policy.idle_parameter, "no_working_time", words)
        return self

    def policy(self) -> Policy:
        """The policy with these parameters replaced."""
        return Policy.of(self.overrides())


_NAMES = [field.name for field in fields(Policy)]

PolicyParameters = create_model(
    "PolicyParameters", __base__=_Parameters, **{name: _parameter(name) for name in _NAMES}
)
ClientPolicyParameters = create_model(
    "ClientPolicyParameters",
    __base__=_Overrides,
    **{name: _parameter(name) for name in _NAMES if name not in AGENCY_ONLY},
)
EffectiveParameters = create_model(
    "EffectiveParameters",
    __base__=Output,
    __doc__="All parameters of a policy.",
    **{name: _answered(name) for name in _NAMES},
)
