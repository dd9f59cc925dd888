"""Nothing that one agency wrote is ever seen by another: in no answer, no error, no log line, no figure (S1, S5)."""

import io
import logging
import sys

import pytest

from app import logs
from tests.agency import Agency
from tests.canaries import requests, seen_in
from tests.contract.document import Document
from tests.contract.test_tenancy import calls, is_present, slots
from tests.contract.world import build_world


async def test_what_one_agency_wrote_another_never_reads(
    agency: Agency, rival: Agency, document: Document, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = await build_world(rival)
    planted = 0
    for method, path, options in requests(theirs, document.document):
        planted += (await rival.call(method, path, **options)).is_success
    assert planted > 150
    ours = await build_world(agency)
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    root = logging.getLogger()
    before = (root.handlers, root.level)
    logs.configure("debug")
    told = []
    for call, operation in calls(document, ours):
        tried = [call] + [
            call.with_id(slot, theirs.id_for(slot.name, call.body or {}))
            for slot in slots(call, operation, document.document)
            if is_present(call, slot)
        ]
        for each in tried:
            answer = await each.send(ours)
            told.append(f"{answer.headers} {answer.text}")
    root.handlers, root.level = before
    assert len(told) > 150
    assert seen_in("\n".join(told)) == []
    assert seen_in(stream.getvalue(), rival.key, theirs.token) == []
    assert seen_in((await agency.http.get("/metrics")).text) == []
