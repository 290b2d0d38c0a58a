"""The data folder: private to its owner, with the secrets of the installation in one file."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from app.domain.errors import SettingsError


@dataclass(frozen=True)
class Secrets:
    """What only this installation knows. Made once; with another pseudonym key the same author gets another name."""

    secret_key: str
    pseudonym_key: str
    database_password: str
    redis_password: str


def open_folder(folder: Path) -> Path:
    """Make the data folder if it is not there, readable by nobody else.

    :raises SettingsError: when it cannot be made or written to
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if folder.stat().st_uid == os.geteuid() and not any(folder.iterdir()):
            folder.chmod(0o700)
    except OSError as error:
        raise SettingsError(
            "DATA_DIR", f"is {folder}, which cannot be used ({error.strerror})", "Name a folder that is yours."
        ) from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise SettingsError("DATA_DIR", f"is {folder}, which you cannot write to", "Name a folder that is yours.")
    return folder


def read_secrets(folder: Path) -> Secrets:
    """The installation's secrets, made at the first call. Safe when two processes call it at once.

    :raises SettingsError: when the file is there and cannot be read
    """
    path = folder / "secrets.json"
    if not path.exists():
        made = asdict(Secrets(*(secrets.token_urlsafe(32) for _ in range(4))))
        unfinished = write_private(folder / f"secrets.{os.getpid()}.{secrets.token_hex(4)}.tmp", made)
        try:
            os.link(unfinished, path)  # fails when another process was first, and its secrets stand
        except FileExistsError:
            pass
        finally:
            unfinished.unlink()
    try:
        return Secrets(**json.loads(path.read_text()))
    except (OSError, ValueError, TypeError) as error:
        expected = "Put back the file that belongs to this folder: the database in it opens with no other."
        raise SettingsError("DATA_DIR", f"holds {path.name}, which cannot be read ({error})", expected) from None


def write_private(path: Path, content: dict[str, Any]) -> Path:
    """Write a JSON file that only its owner can read, whole or not at all."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    unfinished.unlink(missing_ok=True)
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(content, file)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)
    return path


def read_json(path: Path) -> dict[str, Any]:
    """What a JSON file of ours holds; nothing when it is not there or not whole."""
    try:
        found = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
