"""Random histories in the shape of the worked examples, for properties that must hold of all of them."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

Json = dict[str, Any]

START = datetime(2026, 3, 20, 9, tzinfo=UTC)  # Easter and a clock change lie ahead
PLACES = [("Europe/London", "GB-ENG"), ("America/New_York", "US"), ("Asia/Singapore", None)]

quarters = st.integers(0, 40 * 24 * 4)
instants = quarters.map(lambda n: (START + timedelta(minutes=15 * n)).isoformat())


def days_after(instant: str) -> st.SearchStrategy[str]:
    """A date on or after an instant's, some weeks ahead at most."""
    day = datetime.fromisoformat(instant).date() + timedelta(days=1)
    return st.integers(0, 20).map(lambda n: (day + timedelta(days=n)).isoformat())


@st.composite
def interviews(draw: st.DrawFn, number: int) -> Json:
    """An interview of an hour."""
    start = datetime.fromisoformat(draw(instants))
    state = draw(st.sampled_from(["scheduled", "attended", "attended", "cancelled", "no_show"]))
    return {
        "id": f"i{number}",
        "start": start.isoformat(),
        "end": (start + timedelta(hours=1)).isoformat(),
        "status": state,
    }


@st.composite
def timescales(draw: st.DrawFn, interview: str, number: int) -> Json:
    """A timescale of any kind."""
    given_at = draw(instants)
    kinds: dict[str, Json] = {
        "unknown": {},
        "date": {"date": draw(days_after(given_at))},
        "working_days": {
            "n": draw(st.integers(0, 9)),
            "anchor": draw(st.sampled_from(["given", "interview"])),
        },
        "after_event": {"event": "the board", "event_date": draw(days_after(given_at))},
        "instant": {"at": f"{draw(days_after(given_at))}T12:00:00+00:00"},
    }
    kind = draw(st.sampled_from(sorted(kinds)))
    source = draw(st.sampled_from(["client", "client", "candidate"]))
    return {
        "id": f"t{number}",
        "interview": interview,
        "given_at": given_at,
        "source": source,
        "kind": kind,
        **kinds[kind],
    }


@st.composite
def feedback(draw: st.DrawFn, interview: str, number: int) -> Json:
    """Feedback, with a decision or without."""
    decision = draw(
        st.sampled_from(["offer", "next_stage", "reject", "undecided", "undecided", "role_filled"])
    )
    said = {"id": f"f{number}", "interview": interview, "received_at": draw(instants), "decision": decision}
    return said | ({"embargo_until": draw(instants)} if draw(st.booleans()) else {})


@st.composite
def contacts(draw: st.DrawFn, relayable: list[str]) -> Json:
    """A contact with the candidate or the client."""
    made_at = draw(instants)
    contact: Json = {
        "at": made_at,
        "direction": draw(st.sampled_from(["outbound", "outbound", "inbound"])),
        "outcome": draw(st.sampled_from(["reached", "sent", "left_message", "no_answer"])),
        "application_ids": draw(st.sampled_from([None, ["p"]])),
    }
    if draw(st.booleans()):
        purpose = draw(st.sampled_from(["chase", "chase", "withdrawal", "update"]))
        return contact | {"with": "client", "person": "client", "purpose": purpose}
    contact |= {"with": "candidate", "person": "candidate", "needs_reply": draw(st.booleans())}
    if bool(relayable) and draw(st.booleans()):
        contact["relays"] = [draw(st.sampled_from(relayable))]
    if draw(st.integers(0, 3)) == 0:
        contact["promise"] = {"by_date": draw(days_after(made_at))}
    return contact


@st.composite
def people(draw: st.DrawFn) -> Json:
    """A candidate and a client contact, somewhere."""
    named: dict[str, Json] = {}
    for name in ("candidate", "client"):
        zone, holidays = draw(st.sampled_from(PLACES))
        named[name] = {"kind": name, "timezone": zone, "holidays": holidays}
    if draw(st.booleans()):
        begins, ends = sorted(draw(st.lists(instants, min_size=2, max_size=2, unique=True)))
        named["candidate"]["do_not_contact"] = {
            "from": begins,
            "until": ends,
            "allow_urgent": draw(st.booleans()),
        }
    if draw(st.booleans()):
        named["candidate"] |= {"seeking": True, "registered_at": draw(instants)}
    if draw(st.integers(0, 3)) == 0:
        named["client"]["unavailable_until"] = draw(instants)
    return named


@st.composite
def histories(draw: st.DrawFn) -> Json:
    """The facts of one application, with everything that can happen to it."""
    held = [draw(interviews(number)) for number in range(draw(st.integers(1, 2)))]
    names = [interview["id"] for interview in held]
    given = [
        draw(timescales(draw(st.sampled_from(names)), number)) for number in range(draw(st.integers(0, 2)))
    ]
    said = [draw(feedback(draw(st.sampled_from(names)), number)) for number in range(draw(st.integers(0, 2)))]
    application = {
        "id": "p",
        "candidate": "candidate",
        "client_contact": "client",
        "state": draw(st.sampled_from(["active", "active", "active", "closed"])),
        "interviews": held,
        "debriefs": [
            _debrief(i) for i in held if i["status"] in ("scheduled", "attended") and draw(st.booleans())
        ],
        "timescales": given,
        "feedback": said,
    }
    if draw(st.integers(0, 5)) == 0:
        application["withdrawn_at"] = draw(instants)
    if draw(st.integers(0, 5)) == 0:
        application["continue_until"] = draw(days_after(draw(instants)))
    talks = draw(st.lists(contacts([f["id"] for f in said]), max_size=5))
    return {"people": draw(people()), "applications": [application], "contacts": talks, "snoozes": []}


def _debrief(interview: Json) -> Json:
    return {
        "id": f"d-{interview['id']}",
        "interview": interview["id"],
        "occurred_at": interview["end"],
        "source": "call",
    }
