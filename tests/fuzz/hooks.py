"""What the fuzzer has to be told, because no schema can say it."""

from datetime import UTC, datetime
from typing import Any

import schemathesis
from hypothesis import strategies as st
from schemathesis import Case, CheckContext, HookContext, Response
from schemathesis.core.failures import Failure
from schemathesis.openapi.checks import RejectedPositiveData

# Why a request that is true to its schema may yet be refused with 422, by the code of the answer.
REASONS = {
    "invalid_cursor": "a cursor is one that we gave, for this list",
    "int_type": "7.0 is an integer to JSON Schema and not to us (H13)",
    "too_many_items": "the bound of the whole body comes before that of a member",
    # One member bounds another.
    "accept_conditions": "conditions go with a yes that has some",
    "empty_span": "a span of working hours ends after it starts",
    "no_working_time": "a year has a working day",
    "interval_end": "a free time ends after it starts",
    "range_end": "a range of dates ends after it starts",
    "timescale_range": "a range of dates ends after it starts",
    "interview_end": "an interview ends after it starts, and soon",
    "pause_end": "a pause ends after it starts",
    "cover_end": "a cover ends after it starts",
    "hold_end": "a hold ends after it starts",
    "hold_not_begun": "a hold begins at some time",
    "timescale_members": "each kind of timescale has its own members",
    "timescale_past": "an answer comes after it was announced",
    "amount_decimals": "pay has two decimals at most",
    "promise_members": "a promise has one of two members",
    "promise_past": "a promise is kept after it was made",
    "promise_party": "a promise is made to a candidate",
    "needs_reply_party": "a candidate waits for a reply",
    "not_direct": "interviewers are those of direct applicants",
    "relay_party": "news is relayed to a candidate",
    "answer_without_change": "an answer is one to a change of the job",
    "answer_in_vain": "an answer comes in a talk or a message",
    "place_members": "a phrase was said in one place",
    "unknown_interview": "previewed facts name interviews of theirs",
    "unknown_feedback": "previewed feedback corrects what stands before it",
    "unknown_person": "previewed applications name people of theirs",
    "repeated_id": "previewed applications, and facts of a kind, have an id each",
    # What is stored, and the clock, bound what may come.
    "missing": "only a direct application does without a contact and a consultant",
    "in_future": "a fact has happened",
    "known_at_future": "nobody knows what will be known",
    "debrief_early": "a talk follows its interview",
    "pause_overlap": "the pauses of a candidate do not overlap",
    "cover_self": "nobody covers themselves",
    "not_covered": "news belongs to an application that the contact covers",
    "discrimination_flagged": "nothing is relayed that the manager has to see first",
    "wrong_person": "an application is that of the person",
    "wrong_client": "a client contact works for the client of the job",
    "wrong_interview": "a correction is about the same interview",
    "external_ref_elsewhere": "an external id moves nothing to another owner",
    "grant_members": "a key has a role or scopes",
    "beyond_own_scopes": "nobody grants what they do not hold",
    "idempotency_key_reused": "a key belongs to one request, and an example of a key is one for all",
    "invalid_etag": "an ETag stands in quotes",
    "precondition_failed": "an example of an ETag is no object's",
    "gone": "an address may be revoked",
    "events_gone": "events are kept for a time",
    "after_beyond": "the log goes as far as it goes",
    "webhook_url": "an endpoint is where we may call",
    "issuer_url": "and so is an issuer",
}


@schemathesis.hook
def filter_failure(_context: HookContext, failure: Failure, _case: "Case[Any]", response: Response) -> bool:
    """Whether a failure is one: not where a rule that no schema can say refused the request."""
    if not isinstance(failure, RejectedPositiveData) or response.status_code not in (410, 412, 422):
        return True
    problem = response.json()
    return not {error["code"] for error in problem.get("errors", [problem])} <= REASONS.keys()


@schemathesis.check
def an_error_names_its_place(_context: CheckContext, response: Response, case: "Case[Any]") -> None:
    """Every 422 says which member, parameter or header is at fault (H2)."""
    if response.status_code == 422:
        errors = response.json().get("errors", [])
        assert errors, "an error without a place"
        assert all(len(error.keys() & {"pointer", "parameter", "header"}) == 1 for error in errors), errors


# The formats whose values the document describes in words.
YEARS = (datetime(1990, 1, 1), datetime(2100, 12, 31))  # noqa: DTZ001 - the strategy adds the zone
INSTANTS = st.datetimes(*YEARS, timezones=st.just(UTC))
ZONES = ["Europe/London", "Pacific/Kiritimati", "Pacific/Niue", "Asia/Kathmandu", "America/St_Johns"]
HOLIDAYS = ["GB-ENG", "GB-SCT", "US", "FR", "DE-BY", "IN", "JP"]
schemathesis.openapi.format("date-time", INSTANTS.map(datetime.isoformat))
schemathesis.openapi.format("date", INSTANTS.map(lambda instant: instant.date().isoformat()))
schemathesis.openapi.format("iana-timezone", st.sampled_from(ZONES))
schemathesis.openapi.format("holiday-code", st.sampled_from(HOLIDAYS))
