"""The titles of a calendar: one for each reason, in plain words of ours."""

from app.rules.agenda import TITLES
from app.rules.vocabulary import ReasonCode


def test_every_reason_has_a_title_of_its_own() -> None:
    assert set(TITLES) == set(ReasonCode)
    assert len(set(TITLES.values())) == len(TITLES)
