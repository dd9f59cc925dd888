"""The types that JSON bodies are made of: strict, bounded, and the same everywhere (H11, H13)."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from enum import StrEnum
from typing import Annotated, Any, TypeVar
from uuid import UUID
from zoneinfo import available_timezones

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    PlainSerializer,
    StringConstraints,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WithJsonSchema,
    WrapValidator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, InitErrorDetails, PydanticCustomError
from pydantic_core.core_schema import definitions_schema

from app.rules.holidays import is_known
from app.rules.vocabulary import PayPeriod

YEARS = range(1990, 2101)
MOST_CALENDARS = 20
ID = "[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"
_INSTANT = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d(:\d\d(\.\d{1,6})?)?([Zz]|[+-]\d\d:[0-5]\d)")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_ID = re.compile(ID)
_MISMATCH = "string_pattern_mismatch"
_HOLIDAY_WORDS = "must be a known holiday code: a country's, or with a dash that of a part of the country"
# The last three are names of the machine's own, not of places.
_ZONES = available_timezones() - {"localtime", "posixrules", "Factory"}

Words = TypeVar("Words", bound=StrEnum)


class Input(BaseModel):
    """What a client sends: unknown members are refused and nothing is converted."""

    model_config = ConfigDict(extra="forbid", strict=True, json_schema_mode_override="validation")


def absent() -> Any:
    """The default of a member that may be absent, but not null: what PATCH leaves as it is."""
    return Field(default=None)


@dataclass(frozen=True, slots=True)
class AsGiven:
    """Tells the document what a stored object is: the members of a body, as they were sent."""

    body: type[Input]

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """A reference to the shape of the body, which the wrapping keeps from being written out in place."""
        return handler(definitions_schema(self.body.__pydantic_core_schema__, []))


class Output(BaseModel):
    """What we answer: every member is always there."""

    model_config = ConfigDict(from_attributes=True, json_schema_mode_override="serialization")


def _problem(code: str, words: str) -> PydanticCustomError:
    return PydanticCustomError(code, words)


def misplaced(place: str | int | tuple[str | int, ...], code: str, words: str) -> ValidationError:
    """The error of a check over several members or items, placed at the one to change."""
    path = place if isinstance(place, tuple) else (place,)
    found = InitErrorDetails(type=_problem(code, words), loc=path, input=None)
    return ValidationError.from_exception_data("", [found])


def in_words(words: str) -> WrapValidator:
    """What the pattern of a text asks for, as an error tells it: whoever reads that need not read patterns."""

    def check(value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
        try:
            return handler(value)
        except ValidationError as error:
            if error.errors()[0]["type"] == _MISMATCH:
                raise _problem(_MISMATCH, words) from None
            raise

    return WrapValidator(check)


def parse_instant(value: object) -> datetime:
    """An RFC 3339 instant with its offset, in UTC. Raises the pydantic error that names what is wrong."""
    if isinstance(value, datetime):
        return value.astimezone(UTC)
    if not isinstance(value, str) or not _INSTANT.fullmatch(value):
        raise _problem(
            "instant_format",
            "must be an RFC 3339 instant with an offset: YYYY-MM-DDThh:mm:ss, then Z or ±hh:mm",
        )
    try:
        instant = datetime.fromisoformat(value.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise _problem("instant_format", "must be an instant that exists") from None
    if instant.year not in YEARS:
        raise _problem("instant_range", "must lie in the years 1990 to 2100")
    return instant


def parse_date(value: object) -> date:
    """A calendar date. Raises the pydantic error that names what is wrong."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if not isinstance(value, str) or not _DATE.fullmatch(value):
        raise _problem("date_format", "must be a date: YYYY-MM-DD")
    try:
        day = date.fromisoformat(value)
    except ValueError:
        raise _problem("date_format", "must be a date that exists") from None
    if day.year not in YEARS:
        raise _problem("date_range", "must lie in the years 1990 to 2100")
    return day


def parse_count(value: object) -> object:
    """A count in a query as digits write it, without sign, point, spaces or leading noughts."""
    if isinstance(value, str) and not re.fullmatch(r"0|[1-9][0-9]*", value):
        raise _problem("int_parsing", "must be a whole number")
    return value


def parse_flag(value: object) -> object:
    """A flag in a query: `true` or `false`."""
    if isinstance(value, str) and value not in ("true", "false"):
        raise _problem("bool_parsing", "must be true or false")
    return value


def parse_clock(value: object) -> time:
    """A time of day in hours and minutes."""
    if isinstance(value, time):
        return value
    if not isinstance(value, str) or not re.fullmatch(r"([01][0-9]|2[0-3]):[0-5][0-9]", value):
        raise _problem("clock_format", "must be a time of day: hh:mm")
    return time.fromisoformat(value)


def is_id(text: str) -> bool:
    """Whether a text is spelt as our ids are. Python reads ids in many other spellings, which are none."""
    return _ID.fullmatch(text) is not None


def parse_id(value: object) -> UUID:
    """An id as we give them out."""
    if isinstance(value, UUID):
        return value
    if isinstance(value, str) and is_id(value):
        return UUID(value)
    raise _problem("id_format", "must be an id: a UUID in hexadecimal digits, with its dashes")


def check_zone(value: str) -> str:
    """An IANA zone name."""
    if value not in _ZONES:
        raise _problem("unknown_timezone", "must be an IANA zone name")
    return value


def check_holidays(value: str) -> str:
    """A holiday calendar that is known."""
    if not is_known(value):
        raise _problem("unknown_holidays", _HOLIDAY_WORDS)
    return value


def check_calendars(value: object) -> object:
    """A holiday calendar that is known, or a list of several."""
    if not isinstance(value, list):
        if not _is_calendar(value):
            raise _problem("unknown_holidays", f"{_HOLIDAY_WORDS}; or a list of such")
        return value
    if len(value) > MOST_CALENDARS:
        raise _problem("too_long", f"must name at most {MOST_CALENDARS} holiday calendars")
    for position, code in enumerate(value):
        if not _is_calendar(code):
            raise misplaced(position, "unknown_holidays", _HOLIDAY_WORDS)
    return value


def _is_calendar(code: object) -> bool:
    return isinstance(code, str) and is_known(code)


def format_instant(value: datetime) -> str:
    """An instant in UTC, always ending in Z; fractions only where there are some."""
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _string_schema(example: str, **more: str | int) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "examples": [example], **more})


_HOLIDAYS: dict[str, Any] = {"type": "string", "format": "holiday-code", "maxLength": 16}


Instant = Annotated[
    datetime,
    BeforeValidator(parse_instant),
    PlainSerializer(format_instant, return_type=str, when_used="json"),
    _string_schema("2026-07-14T10:00:00Z", format="date-time"),
]
Day = Annotated[date, BeforeValidator(parse_date), _string_schema("2026-07-17", format="date")]
Clock = Annotated[
    time,
    BeforeValidator(parse_clock),
    PlainSerializer(lambda value: f"{value:%H:%M}", return_type=str, when_used="json"),
    _string_schema("09:00", pattern="^([01][0-9]|2[0-3]):[0-5][0-9]$", maxLength=5),
]
Flag = Annotated[bool, BeforeValidator(parse_flag)]
Id = Annotated[
    UUID,
    BeforeValidator(parse_id),
    _string_schema("0197f3a0-5b1c-7d3e-8f00-3c6d1a2b4e5f", format="uuid"),
]
Zone = Annotated[
    str,
    StringConstraints(max_length=64),
    AfterValidator(check_zone),
    _string_schema("Europe/London", format="iana-timezone", maxLength=64),
]
Holidays = Annotated[
    str,
    StringConstraints(max_length=16),
    AfterValidator(check_holidays),
    WithJsonSchema({**_HOLIDAYS, "examples": ["GB-ENG"]}),
]

# One value or a list, checked in one place so that an error names the member and not the alternative.
Calendars = Annotated[
    Any,
    BeforeValidator(check_calendars),
    WithJsonSchema(
        {
            "anyOf": [
                _HOLIDAYS,
                {"type": "array", "items": _HOLIDAYS, "maxItems": MOST_CALENDARS},
            ],
            "examples": ["GB-ENG", ["GB-ENG", "FR"]],
        }
    ),
]


# What JSON Schema, pydantic and Python count as white space differs by a few characters; this is all of them.
_SPACE = r"\s\x1c-\x1f\x85\ufeff"
NOT_BLANK = rf"[^{_SPACE}]"
_MAIL_PART = rf"[^@{_SPACE}\x00-\x1f]+"

PRINTABLE = r"^[!-~]+$"
AS_PRINTABLE = in_words("must be of printable ASCII characters, without spaces")
_SAYS_SOMETHING = in_words("must not be blank")

Name = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=NOT_BLANK), _SAYS_SOMETHING]
Line = Annotated[str, StringConstraints(min_length=1, max_length=1_000, pattern=NOT_BLANK), _SAYS_SOMETHING]
Notes = Annotated[str, StringConstraints(min_length=1, max_length=4_000, pattern=NOT_BLANK), _SAYS_SOMETHING]
ImportedNotes = Annotated[
    str, StringConstraints(min_length=1, max_length=20_000, pattern=NOT_BLANK), _SAYS_SOMETHING
]
Email = Annotated[
    str,
    StringConstraints(max_length=254, pattern=rf"^{_MAIL_PART}@{_MAIL_PART}$"),
    in_words("must be an email address"),
]
Phone = Annotated[
    str,
    StringConstraints(max_length=40, pattern=r"^[0-9+()./ \-x]+([Ee]xt\.? ?[0-9]+)?$"),
    in_words("must be digits, spaces and + ( ) . / - x only, and perhaps at the end ext. and more digits"),
]

# A word of a closed list: its text is the word, which strict mode alone would refuse.
Word = Annotated[Words, Field(strict=False)]

# Several of a kind, as a filter takes.
MOST_REPEATED = 50
SeveralWords = Annotated[list[Word[Words]], Field(max_length=MOST_REPEATED)]
SeveralIds = Annotated[list[Id], Field(max_length=MOST_REPEATED)]
SeveralTexts = Annotated[
    list[Annotated[str, StringConstraints(min_length=1, max_length=200)]], Field(max_length=MOST_REPEATED)
]


def _check_decimals(amount: float) -> float:
    if round(amount, 2) != amount:
        raise _problem("amount_decimals", "must have two decimals at most")
    return amount


def _spelt_briefly(amount: float) -> float:
    """A whole amount of pay without a point."""
    return int(amount) if amount.is_integer() else amount


class Money(Input):
    """An amount of pay, for a year, a day or an hour."""

    amount: Annotated[
        float,
        Field(ge=0, le=1_000_000_000, description="In units of the currency, with two decimals at most"),
        AfterValidator(_check_decimals),
        PlainSerializer(_spelt_briefly, return_type=int | float),
    ]
    currency: Annotated[str, StringConstraints(pattern="^[A-Z]{3}$", max_length=3), Field(examples=["GBP"])]
    period: Word[PayPeriod]
