"""The README is true where it can be checked."""

from pathlib import Path

import click

from app.cli import main
from app.settings import Settings

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")


def test_every_setting_is_documented_with_its_default() -> None:
    for name, field in Settings.model_fields.items():
        default = "unset" if field.default is None else f"`{field.default}`"
        assert f"| `TOUCHBASE_{name.upper()}` | {default} | {field.description} |" in README


def test_every_command_is_documented() -> None:
    for path in commands(main, "touchbase"):
        assert f"`{path}" in README


def commands(group: click.Group, prefix: str) -> list[str]:
    found = []
    for name, command in group.commands.items():
        path = f"{prefix} {name}"
        found += commands(command, path) if isinstance(command, click.Group) else [path]
    return found
