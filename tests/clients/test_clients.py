"""Public tools read the document: it lints clean, and clients generated from it do the main job, typed throughout."""

import json
import shutil
from pathlib import Path

import pytest

from tests.agency import Json
from tests.clients.toolbox import DOCUMENT, FOLDER, run

pytestmark = pytest.mark.clients

WHY = (
    "client said Tue 14 Jul 'by Friday' → Fri 17 Jul 17:30 → chase from Mon 20 Jul 09:00"
    " → overdue from Wed 22 Jul 09:00"
)
# What either client prints after the main job.
LEARNED = {
    "debrief": [["The team"], "commute", True],
    "status": ["due", WHY],
    "due": ["Amara Osei: client_response_due to Rosa Blum"],
    "refusals": [[404, "not_found"], [422, "/interest_score", "less_than_equal"]],
    "upserts": [201, 200],
    "kept": "Asia/Singapore",
    "retries": True,
    "pages": [["Amara Osei", "Li Wei Tan"], ["Ben Carver", "Chiara Neri"], ["Dana Whitlock", "Emeka Obi"]],
}


def test_the_document_lints_clean() -> None:
    said = run("spectral", "lint", "--fail-severity=hint", "--ruleset", FOLDER / "spectral.yaml", DOCUMENT)
    assert "No results" in said


def test_a_python_client_does_the_main_job(service: Json, tmp_path: Path) -> None:
    generate = ("openapi-python-client", "generate", "--meta=none", "--fail-on-warning")
    config, package = FOLDER / "generator.yaml", tmp_path / "touchbase_client"
    run(*generate, "--path", DOCUMENT, "--config", config, "--output-path", package)
    job = shutil.copy(FOLDER / "main_job.py", tmp_path)
    run("mypy", "--strict", "main_job.py", "touchbase_client", folder=tmp_path)
    said = run("python", "-W", "error", job, service["url"], service["api_key"])
    assert json.loads(said) == LEARNED


def test_a_typescript_client_does_the_main_job(service: Json, tmp_path: Path) -> None:
    run("openapi-ts", "--input", DOCUMENT, "--output", tmp_path / "client", folder=FOLDER)
    for name in ("main_job.ts", "tsconfig.json"):
        shutil.copy(FOLDER / name, tmp_path)
    run("tsc", "--typeRoots", FOLDER / "node_modules" / "@types", folder=tmp_path)
    said = run("node", "--throw-deprecation", tmp_path / "main_job.js", service["url"], service["api_key"])
    assert json.loads(said) == LEARNED
