"""The worked examples of the rulebook through the API: by preview, and as recorded facts."""

from typing import Any

import pytest

from tests.agency import Agency, Json
from tests.examples import EXAMPLES, plain, same_instants
from tests.recorder import Recorder


@pytest.mark.parametrize("case", EXAMPLES, ids=lambda case: case["id"])
async def test_preview_answers_as_expected(case: Json, agency: Agency) -> None:
    request = {name: case[name] for name in ("facts", "policy", "now")}
    answer = await agency.post("/v1/status/preview", request)
    for name, expected in case["expected"].items():
        assert same_instants(answer[name]) == same_instants(expected)


@pytest.mark.parametrize("case", EXAMPLES, ids=lambda case: case["id"])
async def test_recorded_facts_stand_as_expected(case: Json, agency: Agency) -> None:
    await agency.put("/v1/policy", case["policy"])
    recorder = Recorder(agency)
    await recorder.play(case["facts"])
    for name, expected in case["expected"]["applications"].items():
        path = f"/v1/applications/{recorder.applications[name]}/status"
        answer = await agency.get(path, as_of=case["now"])
        assert same_instants(plain(answer)) == same_instants(expected)
    due = await agency.get("/v1/due", as_of=case["now"], limit=200)
    assert sorted(listed(due)) == sorted(expected_items(case, recorder))


def listed(due: Json) -> list[tuple[str, str, str]]:
    """Whom the due list names, for what, how urgently."""
    return [
        (item["application_id"] or card["candidate"]["id"], item["code"], item["level"])
        for card in due["items"]
        for item in card["items"]
    ]


def expected_items(case: Json, recorder: Recorder) -> list[tuple[Any, ...]]:
    """The same, as the example has it."""
    expected = case["expected"]
    found = [
        (recorder.applications[name], reason["code"], reason["level"])
        for name, status in expected["applications"].items()
        for reason in status["reasons"]
    ]
    return found + [
        (recorder.people[name], reason["code"], reason["level"])
        for name, reasons in expected.get("candidates", {}).items()
        for reason in reasons
    ]
