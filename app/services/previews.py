"""The status of facts that are not stored: integrators try a policy on their own history."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from operator import itemgetter
from typing import Any

from app.errors import InvalidError
from app.rules.candidates import candidate_reasons
from app.rules.facts import (
    Application,
    Candidate,
    ClientContact,
    Contact,
    Debrief,
    Feedback,
    GivenTimescale,
    Hold,
    Interview,
    JobChange,
    OtherProcess,
    Pause,
    Promise,
    Snooze,
    covers,
    is_chaser,
)
from app.rules.policy import Policy
from app.rules.restraint import Reason
from app.rules.situation import Case
from app.rules.status import ApplicationStatus, evaluate, order
from app.rules.timescales import Timescale
from app.rules.vocabulary import ApplicationMode, ContactParty, TimescaleAnchor

MOST_PAIRS = 100_000  # of an application and a contact that bears on it; so many take half a second

Json = Mapping[str, Any]


def preview(facts: Json, policy: Policy, now: datetime) -> dict[str, Any]:
    """The status of every application and candidate of `facts` at `now`, and the due list over all of them.

    `facts` is the checked input of `preview_status`: names as in the records, instants as datetimes. Raises
    CalendarRangeError where a date runs past the known holidays, InvalidError for more than `MOST_PAIRS`.
    """
    contacts = _Contacts(facts)
    applications = _applications(facts, contacts)
    statuses = {a.id: evaluate(a, policy, now) for a in applications}
    reviews = dict(_reviews(facts, applications, contacts, policy, now))
    flagged = [(reason, a_id) for a_id, status in statuses.items() for reason in status.reasons]
    flagged += [(reason, c_id) for c_id, reasons in reviews.items() for reason in reasons]
    flagged.sort(key=lambda pair: order(pair[0], now, pair[1]))
    return {
        "applications": {a_id: _status_fields(status, now) for a_id, status in statuses.items()},
        "candidates": {
            c_id: [_fields(reason, now, "code", "level", "due_at", "overdue_at") for reason in reasons]
            for c_id, reasons in reviews.items()
        },
        "due_list": [f"{subject}:{reason.code}" for reason, subject in flagged],
    }


def _status_fields(status: ApplicationStatus, now: datetime) -> dict[str, Any]:
    """A status in the shape of the worked examples."""
    names = ("code", "level", "due_at", "overdue_at", "escalate_at", "target")
    action = status.next_action
    return {
        "status": status.status,
        "reasons": [_fields(reason, now, *names) for reason in status.reasons],
        "waiting": [{"code": r.code, "resume_at": r.flagged_from} for r in status.waiting],
        "upcoming": status.upcoming and _fields(status.upcoming, now, "code", "due_at"),
        "touch_base_from": status.touch_base_from,
        "next_action": action
        and {
            "code": action.code,
            "actor": action.actor,
            "target": action.target,
            "not_before": action.not_before,
        },
    }


def _applications(facts: Json, contacts: "_Contacts") -> list[Application]:
    """The applications of a preview's facts, each with what bears on it. Raises as `preview`."""
    snoozes = defaultdict(list)
    for snooze in facts["snoozes"]:
        snoozes[snooze["application"]].append(Snooze(snooze["code"], snooze["until"]))
    return [
        _application(a, facts["people"], contacts, tuple(snoozes[a["id"]])) for a in facts["applications"]
    ]


class _Contacts:
    """The contacts of a preview, found by what each may bear on, so that no application goes through all of them."""

    def __init__(self, facts: Json) -> None:
        self._contacts = [_contact(c) for c in facts["contacts"]]
        self._naming: dict[str, list[int]] = defaultdict(list)
        self._with: dict[str | None, list[int]] = defaultdict(list)
        self._with_interviewers: list[int] = []
        self._chased_at: dict[str | None, list[datetime]] = defaultdict(list)
        self._pairs = 0
        for place, contact in enumerate(self._contacts):
            if contact.application_ids is not None:
                for application_id in contact.application_ids:
                    self._naming[application_id].append(place)
            elif contact.party is ContactParty.INTERVIEWER and contact.person_id not in facts["people"]:
                self._with_interviewers.append(place)
            else:
                self._with[contact.person_id].append(place)
            if is_chaser(contact):
                self._chased_at[contact.person_id].append(contact.at)

    def of(self, a: Json) -> tuple[Contact, ...]:
        """Those that bear on an application, in their order (M1).

        An interviewer is none of the people; named by no application, they count for every direct one.
        """
        candidate, client = a["candidate"], a["client_contact"]
        places = [*self._naming.get(a["id"], ())]
        for person in filter(None, (candidate, client)):
            these = self._with.get(person, ())
            places += [p for p in these if covers(self._contacts[p], a["id"], candidate, client)]
        if a["mode"] == ApplicationMode.DIRECT:
            places += self._with_interviewers
        self._count(len(places))
        return tuple([self._contacts[place] for place in sorted(places)])

    def about_all(self, candidate: str) -> tuple[Contact, ...]:
        """Those that bear on all applications of a candidate, of which there may be none (M1)."""
        return tuple([self._contacts[place] for place in self._with.get(candidate, ())])

    def chased_at(self, client: str | None) -> tuple[datetime, ...]:
        """When a client contact was chased, for whichever application (M2)."""
        chased = self._chased_at.get(client, ()) if client else ()
        self._count(len(chased))
        return tuple(chased)

    def _count(self, pairs: int) -> None:
        self._pairs += pairs
        if self._pairs > MOST_PAIRS:
            words = f"Contacts may count for applications {MOST_PAIRS:,} times in all; send fewer at once."
            raise InvalidError(words, code="too_many_pairs", pointer="/facts/contacts")


def _application(a: Json, people: Json, contacts: _Contacts, snoozes: tuple[Snooze, ...]) -> Application:
    client = a["client_contact"]
    return Application(
        id=a["id"],
        candidate=_candidate(a["candidate"], people[a["candidate"]]),
        client=_client_contact(client, people[client]) if client else None,
        mode=a["mode"],
        state=a["state"],
        interviews=tuple(Interview(i["id"], i["start"], i["end"], i["status"]) for i in a["interviews"]),
        debriefs=tuple(
            Debrief(
                d["id"],
                d["interview"],
                d["occurred_at"],
                d["source"],
                d["recorded_at"],
                _other_processes(d["other_processes"]),
            )
            for d in a["debriefs"]
        ),
        timescales=tuple(
            GivenTimescale(t["id"], t["interview"], t["source"], _timescale_of(t), t["phrase"])
            for t in a["timescales"]
        ),
        feedback=tuple(_feedback(a["feedback"])),
        job_changes=tuple(JobChange(j["id"], j["changed_at"]) for j in a["job_changes"]),
        contacts=contacts.of(a),
        snoozes=snoozes,
        chased_at=contacts.chased_at(client),
        withdrawn_at=a["withdrawn_at"],
        continue_until=a["continue_until"],
        hold=_hold(a["hold"]),
    )


def _other_processes(named: Sequence[Json] | None) -> tuple[OtherProcess, ...] | None:
    if named is None:
        return None
    return tuple(OtherProcess(o["deadline_date"], o["share_with_client"]) for o in named)


def _timescale_of(t: Json) -> Timescale:
    """The structure of a timescale from its members as JSON names them."""
    return Timescale(
        kind=t["kind"],
        given_at=t["given_at"],
        at=t["at"],
        date=t["date"],
        from_date=t["from"],
        to_date=t["to"],
        n=t["n"],
        anchor=t["anchor"] or TimescaleAnchor.GIVEN,
        event=t["event"],
        event_date=t["event_date"],
        offset_working_days=t["offset_working_days"],
    )


def _feedback(records: Iterable[Json]) -> Iterable[Feedback]:
    """What the client said, each with the records that it supersedes: those stand before it."""
    found: dict[str, Feedback] = {}
    for f in records:
        corrected = found.pop(f["supersedes"], None)
        earlier = (corrected, *corrected.earlier) if corrected else ()
        found[f["id"]] = Feedback(
            f["id"],
            f["interview"],
            f["received_at"],
            f["decision"],
            f["embargo_until"],
            earlier,
            hold_since=f["hold"] and f["hold"]["since"],
        )
    return found.values()


def _candidate(person_id: str, p: Json) -> Candidate:
    pauses = sorted([*filter(None, [p["do_not_contact"]]), *p["pauses"]], key=itemgetter("from"))
    return Candidate(
        person_id,
        p["timezone"],
        p["holidays"],
        tuple(Pause(pause["from"], pause["until"], pause["allow_urgent"]) for pause in pauses),
        p["seeking"],
        p["registered_at"],
        p["last_preference_review_at"],
    )


def _client_contact(person_id: str, p: Json) -> ClientContact:
    return ClientContact(person_id, p["timezone"], p["holidays"], p["unavailable_until"])


def _contact(c: Json) -> Contact:
    covered = c["application_ids"]
    promise = c["promise"]
    return Contact(
        at=c["at"],
        party=c["with"],
        person_id=c["person"],
        direction=c["direction"],
        outcome=c["outcome"],
        purpose=c["purpose"],
        application_ids=None if covered is None else frozenset(covered),
        relays=frozenset(c["relays"]),
        needs_reply=c["needs_reply"],
        automated=c["automated"],
        promise=promise and Promise(promise["by"], promise["by_date"]),
    )


def _hold(hold: Json | None) -> Hold | None:
    return hold and Hold(hold["since"], hold["until"], hold["ended_at"])  # type: ignore[return-value]


def _reviews(
    facts: Json, applications: list[Application], contacts: _Contacts, policy: Policy, now: datetime
) -> Iterable[tuple[str, list[Reason]]]:
    cases = defaultdict(list)
    for a in applications:
        cases[a.candidate.id].append(Case(a, policy))
    for person_id, person in facts["people"].items():
        if person["kind"] == "candidate":
            candidate = replace(_candidate(person_id, person), contacts=contacts.about_all(person_id))
            reasons = candidate_reasons(candidate, cases[person_id], policy, now)
            flagged = [reason for reason in reasons if reason.is_flagged(now)]
            if flagged:
                yield person_id, flagged


def _fields(reason: Reason, now: datetime, *names: str) -> dict[str, date | datetime | str | None]:
    return {name: reason.level(now) if name == "level" else getattr(reason, name) for name in names}
