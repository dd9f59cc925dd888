"""squawk finds nothing in the SQL of any revision but what is explained here (R12)."""

import json
import subprocess
from typing import Any

import pytest
from alembic.script import Script

from app.migrate import upgrade_sql
from tests.migrations.scripts import SCRIPTS

OLDEST_POSTGRESQL = "15"

# What we do otherwise everywhere, and why.
EVERYWHERE = {
    "require-statement-timeout": (
        "building an index or proving a constraint takes as long as the table is large; "
        "what hurts others is waiting for a lock, and lock_timeout bounds that"
    ),
    "prefer-bigint-over-int": (
        "our integers count small things (versions, working days, requests of a minute); ids are UUIDs"
    ),
}

# What one released revision does, and why that was safe then.
ONCE = {
    "0001_create_schema": {"prefer-text-field": "alembic_version is Alembic's own table"},
    "0002_complete_the_rulebook": {
        "ban-drop-not-null": "the columns are empty only in rows that the code of this revision writes",
        "ban-drop-constraint": "a list of words grows; the next revision adds the longer one",
    },
    "0003_prove_the_constraints": {
        "ban-drop-constraint": "it drops what it adds in the next statement, so that it can start over",
        "prefer-robust-stmts": "each index is dropped first: IF NOT EXISTS would keep one left unfinished",
    },
    "0006_unbind_credentials": {
        "ban-drop-constraint": "each credential is made together with a row of the agency, which refers to it"
    },
    "0009_share_issuers": {
        "ban-drop-constraint": "a wider key takes its place in the same transaction",
        "prefer-robust-stmts": "the index is dropped first: IF NOT EXISTS would keep one left unfinished",
    },
    "0010_name_records": {"ban-drop-constraint": "a longer list of words takes its place at once"},
}


def broken_rules(sql: str) -> set[str]:
    """The rules that a script breaks, by squawk's names."""
    command = ["squawk", "--pg-version", OLDEST_POSTGRESQL, "--reporter", "json"]
    done = subprocess.run(command, input=sql, capture_output=True, text=True, check=False)
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return {finding["rule_name"] for finding in found}


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.revision)
def test_squawk_finds_only_what_is_explained(script: Script) -> None:
    assert script.down_revision is None or isinstance(script.down_revision, str)
    found = broken_rules(upgrade_sql(script.down_revision, script.revision))
    assert found - EVERYWHERE.keys() == ONCE.get(script.revision, {}).keys()
