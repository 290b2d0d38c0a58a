"""The tour of docs/api.md: each of its commands is run, against the running server."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from app.domain.user import User
from app.services.context import Context
from app.services.token import create_token
from tests.conftest import POSTS, ROOT


def blocks(language: str) -> list[str]:
    """The blocks of a language in the tour."""
    return re.findall(rf"^```{language}\n(.*?)^```$", (ROOT / "docs" / "api.md").read_text(), re.DOTALL | re.MULTILINE)


@pytest.mark.slow
@pytest.mark.usefixtures("workers")
def test_each_command_of_the_tour_works(ctx: Context, user: User, server: str, tmp_path: Path) -> None:
    folder = tmp_path / "tour"
    folder.mkdir()
    (folder / "posts.csv").write_bytes(POSTS)
    header = f"Authorization: Bearer {create_token(ctx, user, 'tour')[1]}"
    environment = {**os.environ, "S": f"{server}/api", "T": header}

    (python,) = blocks("python")
    done = subprocess.run(
        [sys.executable, "-c", python],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("finished ")
    assert (folder / "chart.png").read_bytes().startswith(b"\x89PNG")

    (shell,) = blocks("sh")
    if shutil.which("curl") is None or shutil.which("jq") is None:
        pytest.skip("there is no curl and no jq on this machine")
    commands = "\n".join(line for line in shell.splitlines() if not line.startswith("export "))
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", commands],
        cwd=folder, env=environment, capture_output=True, text=True, timeout=200, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert '"body":"coffee and tea' in done.stdout
    assert (folder / "count.csv").read_text().startswith("date,")
    assert "<svg" in (folder / "chart.svg").read_text()
