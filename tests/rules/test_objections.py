"""What speaks against a contact about to be made, and from when no more (G1 to G4, M2, T7, H1, H2)."""

from dataclasses import replace
from typing import Any

import pytest

from app.rules.facts import Application, Candidate, ClientContact
from app.rules.objections import Objection, Plan, allowed_from, objections
from app.rules.policy import Policy
from app.rules.situation import Case
from app.rules.vocabulary import Channel, ContactParty, Decision, Direction, Outcome, Purpose
from tests import given
from tests.given import application, at, chaser, contact, feedback, pause, policy, reply, voicemail, words

DEFAULT = Policy()


def plan(
    person: Candidate | ClientContact,
    when: str,
    *applications: Application,
    policy: Policy = DEFAULT,
    **more: Any,
) -> Plan:
    """A contact about these applications."""
    return Plan(
        person,
        at(when),
        tuple(Case(each, policy) for each in applications),
        policy,
        frozenset(each.id for each in applications),
        **more,
    )


def call(when: str, *applications: Application, **more: Any) -> Plan:
    """A call to the candidate."""
    file = applications or (application(),)
    return plan(file[0].candidate, when, *file, **more)


def chase(when: str, *applications: Application, chased: str | None = None, **more: Any) -> Plan:
    """A chaser to the client contact."""
    file = applications or (application(),)
    person = file[0].client
    assert person
    chased_at = at(chased) if chased else None
    return plan(person, when, *file, purpose=Purpose.CHASE, chased_at=chased_at, **more)


def said(planned: Plan) -> list[tuple[str, str | None]]:
    """The rules that object, each with its end."""
    return [(o.rule, words(o.until)) for o in objections(planned)]


def test_nothing_speaks_against_a_first_chaser_in_office_hours() -> None:
    assert said(chase("Mon 20 Jul 10:00")) == []
    assert words(allowed_from(chase("Mon 20 Jul 10:00"))) == "Mon 20 Jul 10:00"


def test_g2_a_chaser_rests_for_three_working_days() -> None:
    chased = application(contacts=[chaser("Fri 17 Jul 10:00")])
    assert said(chase("Wed 22 Jul 09:59", chased)) == [("G2", "Wed 22 Jul 10:00")]
    assert said(chase("Wed 22 Jul 10:00", chased)) == []


def test_g2_counts_in_working_days_of_the_agency_over_a_bank_holiday() -> None:
    chased = application(contacts=[chaser("Fri 28 Aug 10:00")])
    assert said(chase("Tue 1 Sep 10:00", chased)) == [("G2", "Thu 3 Sep 10:00")]


def test_g2_a_word_from_the_client_ends_the_rest_at_once() -> None:
    answered = application(contacts=[chaser("Fri 17 Jul 10:00"), reply("Mon 20 Jul 11:00")])
    assert said(chase("Mon 20 Jul 11:30", answered)) == []


def test_g2_after_the_third_chaser_only_a_word_from_the_client_helps() -> None:
    chasers = [chaser(when) for when in ("Thu 16 Jul 10:00", "Tue 21 Jul 10:00", "Fri 24 Jul 10:00")]
    silent = application(contacts=chasers)
    assert said(chase("Mon 3 Aug 10:00", silent)) == [("G2", None)]
    assert allowed_from(chase("Mon 3 Aug 10:00", silent)) is None


def test_g2_is_about_one_application_and_m2_about_the_person() -> None:
    one, other = application(contacts=[chaser("Mon 20 Jul 10:00")]), application(id="p2")
    assert said(chase("Mon 20 Jul 15:00", other, chased="Mon 20 Jul 10:00")) == [("M2", "Tue 21 Jul 09:00")]
    both = objections(chase("Mon 20 Jul 15:00", one, other, chased="Mon 20 Jul 10:00"))
    assert [(o.rule, o.application_id) for o in both] == [("M2", None), ("G2", "p1")]


def test_m2_a_chaser_on_a_free_day_counts_for_the_working_day_after_it() -> None:
    assert said(chase("Sat 18 Jul 12:00", chased="Sat 18 Jul 11:00"))[0] == ("M2", "Mon 20 Jul 09:00")


def test_m2_asks_nothing_of_a_word_that_is_no_chaser() -> None:
    planned = replace(chase("Mon 20 Jul 15:00", chased="Mon 20 Jul 10:00"), purpose=Purpose.WITHDRAWAL)
    assert said(planned) == []


def test_g4_an_absent_client_contact_is_chased_when_back_at_work() -> None:
    away = application(client=given.client(away_until="Sat 25 Jul 00:00"))
    assert said(chase("Mon 20 Jul 10:00", away)) == [("G4", "Mon 27 Jul 09:00")]
    assert said(replace(chase("Mon 20 Jul 10:00", away), purpose=Purpose.WITHDRAWAL)) == []


@pytest.mark.parametrize(
    ("zone", "holidays", "when", "opens"),
    [
        ("Europe/London", "GB-ENG", "Mon 20 Jul 08:59", "Mon 20 Jul 09:00"),
        ("Europe/London", "GB-ENG", "Mon 20 Jul 17:30", "Tue 21 Jul 09:00"),
        ("Europe/London", "GB-ENG", "Mon 31 Aug 10:00", "Tue 1 Sep 09:00"),
        ("America/New_York", "US", "Mon 20 Jul 10:00", "Mon 20 Jul 14:00"),
        ("America/New_York", "US", "Fri 3 Jul 15:00", "Mon 6 Jul 14:00"),
    ],
)
def test_t7_a_client_is_spoken_to_in_their_own_hours(zone: str, holidays: str, when: str, opens: str) -> None:
    theirs = given.client(zone, holidays)
    assert said(plan(theirs, when)) == [("T7", opens)]
    assert said(plan(theirs, opens)) == []


def test_g1_after_an_attempt_in_vain_the_candidate_is_left_alone_for_four_working_hours() -> None:
    tried = application(contacts=[voicemail("Tue 14 Jul 15:00")])
    assert said(call("Tue 14 Jul 16:00", tried)) == [("G1", "Wed 15 Jul 10:30")]
    assert said(call("Wed 15 Jul 10:30", tried)) == []


@pytest.mark.parametrize("outcome", [Outcome.LEFT_MESSAGE, Outcome.NO_ANSWER])
def test_g1_counts_voicemails_and_calls_that_nobody_took(outcome: Outcome) -> None:
    tried = application(contacts=[contact("Tue 14 Jul 15:00", outcome)])
    assert [rule for rule, _ in said(call("Tue 14 Jul 16:00", tried))] == ["G1"]


@pytest.mark.parametrize(
    "word",
    [
        contact("Tue 14 Jul 15:30", direction=Direction.INBOUND),
        contact("Tue 14 Jul 15:30", Outcome.LEFT_MESSAGE, direction=Direction.INBOUND),
        contact("Tue 14 Jul 15:30"),
    ],
)
def test_g1_a_word_with_the_candidate_ends_the_rest(word: Any) -> None:
    tried = application(contacts=[voicemail("Tue 14 Jul 15:00"), word])
    assert said(call("Tue 14 Jul 16:00", tried)) == []


def test_g1_an_attempt_about_one_application_rings_the_same_telephone_as_the_other() -> None:
    tried = application(contacts=[voicemail("Tue 14 Jul 15:00", application_ids=frozenset({"p1"}))])
    both = call("Tue 14 Jul 16:00", tried, application(id="p2"))
    about_the_other = replace(both, application_ids=frozenset({"p2"}))
    assert [(o.rule, o.application_id) for o in objections(about_the_other)] == [("G1", None)]


def test_g1_somebody_without_any_application_has_a_telephone_too() -> None:
    tried = replace(given.candidate(), contacts=(voicemail("Tue 14 Jul 15:00"),))
    assert said(plan(tried, "Tue 14 Jul 16:00")) == [("G1", "Wed 15 Jul 10:30")]
    assert said(plan(tried, "Tue 14 Jul 14:59")) == []


@pytest.mark.parametrize("channel", [Channel.EMAIL, Channel.SMS, Channel.WHATSAPP, Channel.FORM])
def test_g1_a_written_note_may_be_sent_after_an_attempt(channel: Channel) -> None:
    tried = application(contacts=[voicemail("Tue 14 Jul 15:00")])
    assert said(call("Tue 14 Jul 16:00", tried, channel=channel)) == []


def test_g3_a_pause_holds_calls_and_notes_until_work_begins_after_it() -> None:
    paused = application(candidate=given.candidate(pause=pause("Mon 20 Jul 00:00", "Sat 25 Jul 00:00")))
    held = [("G3", "Mon 27 Jul 09:00")]
    assert said(call("Tue 21 Jul 10:00", paused)) == held
    assert said(call("Tue 21 Jul 10:00", paused, channel=Channel.EMAIL)) == held
    assert said(call("Fri 17 Jul 10:00", paused)) == []


@pytest.mark.parametrize(
    ("decision", "urgent", "rules"),
    [
        (Decision.OFFER, True, []),
        (Decision.NEXT_STAGE, True, []),
        (Decision.REJECT, True, ["G3"]),
        (Decision.OFFER, False, ["G3"]),
    ],
)
def test_g3_good_news_may_come_through_where_the_candidate_wants_it(
    decision: Decision, urgent: bool, rules: list[str]
) -> None:
    quiet = pause("Mon 20 Jul 00:00", "Sat 25 Jul 00:00", allow_urgent=urgent)
    file = application(
        candidate=given.candidate(pause=quiet), feedback=[feedback("Tue 21 Jul 09:30", decision)]
    )
    planned = call("Tue 21 Jul 10:00", file, relays=frozenset({"f1"}))
    assert [rule for rule, _ in said(planned)] == rules
    assert [rule for rule, _ in said(replace(planned, relays=frozenset()))] == ["G3"]


@pytest.mark.parametrize(("was", "rules"), [(Decision.OFFER, []), (Decision.REJECT, ["G3"])])
def test_g3_good_news_is_the_same_news_under_the_id_of_an_earlier_record(
    was: Decision, rules: list[str]
) -> None:
    quiet = pause("Mon 20 Jul 00:00", "Sat 25 Jul 00:00", allow_urgent=True)
    earlier = feedback("Tue 21 Jul 09:00", was, id="f0")
    offer = feedback("Tue 21 Jul 09:30", Decision.OFFER, earlier=[earlier])
    file = application(candidate=given.candidate(pause=quiet), feedback=[offer])
    planned = call("Tue 21 Jul 10:00", file, relays=frozenset({"f0"}))
    assert [rule for rule, _ in said(planned)] == rules


@pytest.mark.parametrize(
    ("decision", "rule"), [(Decision.OFFER, "H1"), (Decision.REJECT, "H1"), (Decision.UNDECIDED, "H2")]
)
def test_news_under_embargo_waits_for_its_end(decision: Decision, rule: str) -> None:
    told = feedback("Tue 14 Jul 14:00", decision, embargo="Thu 16 Jul 12:00")
    file = application(feedback=[told])
    assert said(call("Wed 15 Jul 10:00", file, relays=frozenset({"f1"}))) == [(rule, "Thu 16 Jul 12:00")]
    assert said(call("Thu 16 Jul 12:00", file, relays=frozenset({"f1"}))) == []
    assert said(call("Wed 15 Jul 10:00", file)) == []


def test_an_embargo_holds_for_the_news_by_the_name_of_an_earlier_record() -> None:
    first = feedback("Tue 14 Jul 14:00", Decision.OFFER)
    corrected = feedback(
        "Tue 14 Jul 14:00", Decision.OFFER, id="f2", embargo="Thu 16 Jul 12:00", earlier=[first]
    )
    file = application(feedback=[corrected])
    assert said(call("Wed 15 Jul 10:00", file, relays=frozenset({"f1"}))) == [("H1", "Thu 16 Jul 12:00")]


def test_the_words_about_an_embargo_do_not_tell_the_news() -> None:
    told = feedback("Tue 14 Jul 14:00", Decision.OFFER, embargo="Thu 16 Jul 12:00")
    planned = call("Wed 15 Jul 10:00", application(feedback=[told]), relays=frozenset({"f1"}))
    assert objections(planned) == [
        Objection(
            "H1",
            "News that it passes on is under embargo: it is not to be told yet.",
            at("Thu 16 Jul 12:00"),
            "p1",
        )
    ]


def test_t7_candidates_are_not_called_at_night_nor_on_a_holiday_of_theirs() -> None:
    assert said(call("Tue 14 Jul 20:00")) == [("T7", "Wed 15 Jul 08:00")]
    abroad = application(candidate=given.candidate("Asia/Singapore", None))
    assert said(call("Tue 14 Jul 13:00", abroad)) == [("T7", "Wed 15 Jul 01:00")]


def test_it_is_allowed_from_the_first_instant_at_which_nothing_speaks_against_it() -> None:
    quiet = given.candidate("Asia/Singapore", None, pause=pause("Mon 20 Jul 00:00", "Mon 27 Jul 15:00"))
    planned = call("Mon 20 Jul 10:00", application(candidate=quiet))
    assert said(planned) == [("G3", "Mon 27 Jul 15:00")]
    assert words(allowed_from(planned)) == "Tue 28 Jul 01:00"


def test_of_several_policies_the_strictest_counts() -> None:
    tried = application(contacts=[voicemail("Tue 14 Jul 10:00")])
    planned = call("Tue 14 Jul 11:30", tried, application(id="p2"))
    strict = Case(planned.cases[1].application, policy(attempt_cooldown_working_hours=7))
    planned = replace(planned, cases=(planned.cases[0], strict))
    assert said(planned) == [("G1", "Tue 14 Jul 17:00")]


def test_words_are_short_and_say_the_numbers_of_the_policy() -> None:
    rules = policy(chaser_cooldown_working_days=1)
    tired = application(contacts=[chaser("Mon 20 Jul 10:00")])
    [objection] = objections(chase("Mon 20 Jul 12:00", tired, policy=rules))
    assert objection == Objection(
        "G2",
        "The last chaser about this application is unanswered and less than 1 working day old.",
        at("Tue 21 Jul 10:00"),
        "p1",
    )


def test_a_person_without_any_application_has_quiet_hours_too() -> None:
    assert said(plan(given.candidate(), "Sat 18 Jul 12:00")) == [("T7", "Mon 20 Jul 08:00")]
    assert said(plan(given.client(), "Sat 18 Jul 12:00", purpose=Purpose.CHASE)) == [
        ("T7", "Mon 20 Jul 09:00")
    ]


def test_a_contact_with_the_other_side_is_no_attempt() -> None:
    theirs = application(contacts=[contact("Tue 14 Jul 15:00", Outcome.NO_ANSWER, party=ContactParty.CLIENT)])
    assert said(call("Tue 14 Jul 16:00", theirs)) == []
