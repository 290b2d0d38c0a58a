"""Read the Procfile: which processes the tool consists of, and how each is started."""

from __future__ import annotations

import re
from pathlib import Path

from app.domain.errors import FourcatError

ROOT = Path(__file__).resolve().parents[2]
"""The folder that the tool was put in."""


def read_procfile(path: Path = ROOT / "Procfile") -> dict[str, str]:
    """The command of each process by its name, in the order of the file.

    :raises FourcatError: naming the line that is not `name: command`
    """
    commands: dict[str, str] = {}
    for number, line in enumerate(path.read_text().splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        found = re.fullmatch(r"([A-Za-z0-9_-]+):\s*(\S.*)", line.rstrip())
        if found is None:
            raise FourcatError(f"Line {number} of {path} must read `name: command`, and it reads: {line}")
        if found[1] in commands:
            raise FourcatError(f"Line {number} of {path} names {found[1]} a second time.")
        commands[found[1]] = found[2]
    return commands
