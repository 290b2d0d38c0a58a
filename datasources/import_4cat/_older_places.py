"""Where datasets of 4CAT 1.56 come from: the ZIP of its export, and its API."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from app.domain.package import KEY
from app.domain.texts import say
from app.plugins import FamilyRun
from datasources.import_4cat._archive import MOST_TOLD, Archive, safe_suffix
from datasources.import_4cat._refusal import refusal
from datasources.import_4cat._remote import Remote, parsed

_METADATA = re.compile(rf"(?:.*/)?({KEY.pattern})_metadata\.json")
_MOST_LOG = 64 * 1024**2


def is_export(archive: Archive) -> bool:
    """Whether a ZIP is an export of 4CAT 1.56."""
    return any(_METADATA.fullmatch(name) for name in archive.members)


class ExportedFiles:
    """An export: `<key>_metadata.json`, a result file and a log for each dataset. Exactly one of them is a capture."""

    def __init__(self, archive: Archive, folder: Path) -> None:
        self._archive, self._folder = archive, folder
        names = {found[1]: name for name in archive.members if (found := _METADATA.fullmatch(name))}
        if sum(archive.members[name].file_size for name in names.values()) > MOST_TOLD:
            raise refusal(say("What this export tells of its datasets is too large."))
        self._told = {key: parsed(archive.read(name), name) for key, name in names.items()}
        tops = [key for key, told in self._told.items() if self._parent(told) not in self._told]
        if len(tops) != 1:
            raise refusal(say("This export holds {amount} captures; it must hold one.", amount=len(tops)))
        self.top = tops[0]
        self._number = 0

    @staticmethod
    def _parent(told: Any) -> str:
        return str(told.get("key_parent") or "") if isinstance(told, Mapping) else ""

    @property
    def keys(self) -> list[str]:
        """All datasets, the capture first."""
        return [self.top, *(key for key in self._told if key != self.top)]

    def metadata(self, key: str) -> Mapping[str, Any]:
        """What is told of a dataset."""
        told: Mapping[str, Any] = self._told[key]
        return told

    def children(self, key: str) -> list[str]:
        """What was made from a dataset, the oldest first."""
        found = [one for one, told in self._told.items() if self._parent(told) == key and one != key]
        return sorted(found, key=lambda one: str(self._told[one].get("timestamp", "")))

    def data(self, key: str, name: str) -> Path | None:
        """Its result file, by the name that is told or by its key."""
        found = next((one for one in self._archive.members if PurePosixPath(one).name == name), None)
        found = found or next((one for one in self._of(key) if not one.endswith((".log", "_metadata.json"))), None)
        if found is None:
            return None
        self._folder.mkdir(exist_ok=True)
        self._number += 1
        path = self._folder / f"{self._number}{safe_suffix(found)}"
        self._archive.take(found, path)
        return path

    def log(self, key: str) -> str:
        """Its log."""
        found = next((one for one in self._of(key) if one.endswith(".log")), None)
        return self._archive.read(found, _MOST_LOG).decode("utf-8", "replace") if found else ""

    def _of(self, key: str) -> list[str]:
        return [name for name in self._archive.members if key in PurePosixPath(name).name]


class OlderAPI:
    """The API for exports of 4CAT 1.56."""

    def __init__(self, remote: Remote, run: FamilyRun) -> None:
        self._remote, self._run = remote, run

    def metadata(self, key: str) -> Mapping[str, Any]:
        """What is told of a dataset."""
        told: Mapping[str, Any] = parsed(self._ask(key, "metadata"), "metadata")
        return told

    def children(self, key: str) -> list[str]:
        """The finished datasets made from it."""
        found = parsed(self._ask(key, "children"), "children")
        if not isinstance(found, list):
            raise refusal(say("What {url} tells of children is no list.", url=self._remote.address.base))
        return [one for one in found if isinstance(one, str) and KEY.fullmatch(one)]

    def data(self, key: str, name: str) -> Path | None:
        """Its result file, which is kept as soon as it has come in whole."""
        kept = self._run.kept(f"{key} data")
        if kept is not None:
            return kept
        return self._run.keep(f"{key} data", self._remote.download(self._path(key, "data"), safe_suffix(name)))

    def log(self, key: str) -> str:
        """Its log."""
        return self._ask(key, "log").decode("utf-8", "replace")

    def _ask(self, key: str, part: str) -> bytes:
        return self._remote.read(self._path(key, part))

    @staticmethod
    def _path(key: str, part: str) -> str:
        return f"/api/export-packed-dataset/{key}/{part}/"
