"""What stands around a reading: small talk changes nothing, all else makes us ask (rulebook section 2)."""

import pytest

from tests.rules.phrases import LONDON, in_short, read

# --- Said on Wednesday 15 July 2026 --------------------------------------------------------------------

PROMISES = [
    ("HR will let you know by Friday", "date, 17 Jul 17:30"),
    ("The hiring manager will get back to you by Friday", "date, 17 Jul 17:30"),
    ("The team hopes to decide by Friday", "date, 17 Jul 17:30"),
    ("We should have a decision on the candidate by Friday", "date, 17 Jul 17:30"),
    ("You should hear from us by Friday", "date, 17 Jul 17:30"),
    ("I'll give you a call on Friday", "date, 17 Jul 17:30"),
    ("I will call on Friday", "date, 17 Jul 17:30"),
    ("They will call the candidate on Friday", "date, 17 Jul 17:30"),
    ("we'll come back to you with feedback by Friday", "date, 17 Jul 17:30"),
    ("Feedback will be with you by Friday", "date, 17 Jul 17:30"),
    ("A decision will be made on Friday", "date, 17 Jul 17:30"),
    ("The final decision will be made on Friday", "date, 17 Jul 17:30"),
    ("final feedback by Friday", "date, 17 Jul 17:30"),
    ("There will be an answer by Friday", "date, 17 Jul 17:30"),
    ("They said Friday", "date, 17 Jul 17:30"),
    ("They said Friday I think", "date, 17 Jul 17:30"),
    ("He told me by Friday", "date, 17 Jul 17:30"),
    ("They'll let me know by Friday", "date, 17 Jul 17:30"),
    ("they told me they would answer within two weeks", "date, 29 Jul 17:30"),
    ("Tuesday at the very latest", "date, 21 Jul 17:30"),
    ("on or before Friday", "date, 17 Jul 17:30"),
    ("til Friday", "date, 17 Jul 17:30"),
    ("max 2 weeks", "date, 29 Jul 17:30"),
    ("2 weeks max", "date, 29 Jul 17:30"),
    ("we can decide by Friday", "date, 17 Jul 17:30"),
    ("no more than a week", "date, 22 Jul 17:30"),
    ("within the next hour", "instant, 15 Jul 11:00"),
    ("in 2 hrs", "instant, 15 Jul 12:00"),
    ("by Friday please", "date, 17 Jul 17:30"),
    ("by Friday pls, thx", "date, 17 Jul 17:30"),
    ("please, by Friday", "date, 17 Jul 17:30"),
    ("By Friday please. Many thanks", "date, 17 Jul 17:30"),
    ("By Friday, cheers!", "date, 17 Jul 17:30"),
    ("Kind regards, by Friday", "date, 17 Jul 17:30"),
    ("By Friday. Thank you very much. Best", "date, 17 Jul 17:30"),
    ("in an hr", "instant, 15 Jul 11:00"),
]


@pytest.mark.parametrize(("phrase", "reading"), PROMISES)
def test_who_answers_and_how_does_not_change_the_reading(phrase: str, reading: str) -> None:
    assert in_short(read(phrase), LONDON.zone) == reading


@pytest.mark.parametrize(
    "phrase",
    [
        # where somebody is, and whom they see, is no promise
        "The manager is back on Monday",
        "The final is on Friday",
        "is it Friday",
        "shall we say Friday",
        "should we know by Friday",
        "I'm back on Monday",
        "Our manager will be back next week",
        "I'm in on Monday",
        "he is in Friday",
        "HR is in next week",
        "I will be there on Monday",
        "The manager is at the client on Monday",
        "The manager can make it on Monday",
        "I can do Monday",
        "we can on Monday",
        "I am able on Monday",
        "I will be following up on Friday",
        "We will post the offer on Friday",
        "I'm going on Monday",
        "we expect you on Monday",
        "We are with the client on Monday",
        "the call is on Monday",
        "I have a call with the manager on Monday",
        "I'll call the client on Monday",
        "I will speak to the manager on Monday",
        # nor is what has happened
        "He told me on Monday that they will respond shortly",
        "They told me Monday they will respond soon",
        "On Monday they said that they would respond shortly",
        "This morning he said they will decide soon",
        "he told me today that they will decide soon",
        "We decided on Monday",
        "We have decided on Monday",
        "They made the decision on Monday",
        "it was Friday",
        "we would have decided by Friday",
        # nor what is asked of us
        "let me know by Friday",
        "please let me know by Friday",
        "please confirm by Friday",
        "Please by Friday let me know",
        "By Friday, please reply",
        "can you let us know by Friday",
        "ring me on Friday",
        "We expect to hear from you by Friday",
        # more than so much is no upper bound
        "over two weeks",
        "it'll be over a week",
        "over 10 working days",
        "10+ working days",
        "2 weeks+",
        ">2 weeks",
        "a good two weeks",
        "at least two weeks",
        "for two weeks",
        # and some say that it is about then
        "in about a week",
        "by about Friday",
        "as of Friday",
        "from Friday",
        "Friday or later",
        "We decide on Fridays",
        "there's a chance we decide Friday",
    ],
)
def test_what_may_be_no_promise_is_asked(phrase: str) -> None:
    assert read(phrase).needs_confirmation


@pytest.mark.parametrize(
    ("phrase", "event", "reading"),
    [
        ("The manager is back on Monday", "manager back", "after_event, 21 Jul 17:30?"),
        ("I'm back from leave on Monday", "im back", "after_event, 21 Jul 17:30?"),
        ("Our manager will be back next week", "manager back", "after_event, 27 Jul 17:30?"),
        ("he is in Friday", "he in", "after_event, 20 Jul 17:30?"),
    ],
)
def test_of_somebody_s_return_the_day_after_is_proposed(phrase: str, event: str, reading: str) -> None:
    found = read(phrase)
    assert found.timescale.event == event
    assert in_short(found, LONDON.zone) == reading
