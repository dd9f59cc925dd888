"""The environment of the Django project: made on first use, with Django's own tables beside ours in the database."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

from app.postgres import Server
from tests.bench.data import Dataset
from tests.bench.desks import connect

HERE = Path(__file__).parent / "drf"
REQUIREMENTS = HERE / "requirements.txt"


def environment(folder: Path) -> Path:
    """The Python of a virtual environment with the project's requirements."""
    home = folder / "drf-venv"
    python, marker = home / "bin" / "python", home / "installed"
    # Made anew for another Python too: Django and Touchbase run under the same.
    wanted = f"{sys.version} of {sys.base_prefix}\n{REQUIREMENTS.read_text(encoding='utf-8')}"
    if not marker.exists() or marker.read_text(encoding="utf-8") != wanted:
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(home)], check=True)
        install = [
            str(python),
            "-m",
            "pip",
            "install",
            "--quiet",
            "--require-hashes",
            "-r",
            str(REQUIREMENTS),
        ]
        subprocess.run(install, check=True, stderr=subprocess.DEVNULL)
        marker.write_text(wanted, encoding="utf-8")
    return python


async def prepared(dataset: Dataset, server: Server, python: Path) -> dict[str, str]:
    """Django's tables in the database of a dataset, and a token for each agency."""
    connection = await connect(dataset.url)
    await connection.execute("CREATE SCHEMA IF NOT EXISTS drf")
    await connection.close()
    return await asyncio.to_thread(_seeded, dataset, server, python)


def _seeded(dataset: Dataset, server: Server, python: Path) -> dict[str, str]:
    settings = {"BENCH_DATABASE": dataset.name, "BENCH_HOST": str(server.socket_dir)}

    def run(*words: str) -> str:
        done = subprocess.run(
            [python, *words],
            cwd=HERE,
            env=os.environ | settings | {"DJANGO_SETTINGS_MODULE": "settings"},
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        )
        return done.stdout

    run("-m", "django", "migrate", "--verbosity", "0")
    tokens: dict[str, str] = json.loads(run("seed.py"))
    return tokens
