"""The worked examples of the rulebook: facts, policy and now, with the status that must come out."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

_FILE = json.loads((Path(__file__).parent / "rules" / "cases" / "status.json").read_text(encoding="utf-8"))

EXAMPLES: list[dict[str, Any]] = _FILE["cases"]
DEFAULTS: dict[str, Any] = _FILE["policy_defaults"]


def same_instants(value: Any) -> Any:
    """A JSON value with every instant as seconds, so that two ways of writing one compare equal."""
    if isinstance(value, dict):
        return {name: same_instants(item) for name, item in value.items()}
    if isinstance(value, list):
        return [same_instants(item) for item in value]
    if isinstance(value, str) and len(value) > len("2026-07-14") and value[10] == "T":
        return datetime.fromisoformat(value).timestamp()
    return value


def plain(status: dict[str, Any]) -> dict[str, Any]:
    """An explained status in the shape of the examples."""
    reasons = ("code", "level", "due_at", "overdue_at", "escalate_at", "target")
    return {
        **{name: status[name] for name in ("status", "touch_base_from", "next_action", "upcoming")},
        "reasons": [{name: reason[name] for name in reasons} for reason in status["reasons"]],
        "waiting": [{name: item[name] for name in ("code", "resume_at")} for item in status["waiting"]],
    }
