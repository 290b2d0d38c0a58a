"""Packages of this 4CAT: the manifest, and the datasets that it tells of, each file compared with its checksum."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import orjson

from app.domain.capture_rules import PROTECTION
from app.domain.dataset import Kind
from app.domain.package import FORMAT, MORE_ROLES, ROLES, VERSION, checked_record, read_moment
from app.domain.plain import storable_text
from app.domain.texts import say
from app.plugins import Brought, FamilyRun
from datasources.import_4cat._archive import safe_suffix
from datasources.import_4cat._content import check_content
from datasources.import_4cat._refusal import refusal

_MOST_DATASETS = 10_000
_SHA256 = re.compile(r"[0-9a-f]{64}")
_SUFFIXES = {
    **dict.fromkeys(("table", "nodes", "edges", "quarantine"), ".parquet"),
    **{"chart": ".json", "page": ".html", "archive": ".zip", "raw": ".ndjson.zst"},
}


@dataclass(frozen=True)
class Told:
    """What a manifest tells of a member."""

    name: str
    size: int
    sha256: str


class Members(Protocol):
    """Where the members of a package come from."""

    def take(self, told: Told, suffix: str) -> Path:
        """A member as a file whose name ends so. :raises InvalidInput: when it is not what was told"""


class Manifest:
    """A manifest that has been looked through. :raises InvalidInput: when it will not do, naming what"""

    def __init__(self, given: Any) -> None:
        if not isinstance(given, Mapping) or given.get("format") != FORMAT:
            raise refusal(say("This is no package of 4CAT: its manifest says nothing of the kind."))
        version = given.get("version")
        if not isinstance(version, int) or version > VERSION:
            raise refusal(
                say(
                    "This package has the format {version}, made by a newer 4CAT; this one reads up to {most}."
                    " Bring this installation up to date.",
                    version=str(version)[:20],
                    most=VERSION,
                )
            )
        self.members = _members(given.get("members"))
        self.records = _records(given.get("datasets"))
        self.top = self.records[0]
        told = given.get("made_by")
        made_by = told if isinstance(told, Mapping) else {}
        ways = ("software", "version", "site", "address")
        self.origin = {name: storable_text(made_by[name])[:500] for name in ways if isinstance(made_by.get(name), str)}
        self.made = given.get("made")
        if self.top["key"] != given.get("top"):
            raise refusal(say("The manifest names another capture than the one it begins with."))

    @property
    def size(self) -> int:
        """Bytes of all members together."""
        return sum(told.size for told in self.members.values())

    def member(self, name: Any) -> Told:
        """What is told of a member. :raises InvalidInput: when the manifest does not list it"""
        if not isinstance(name, str) or name not in self.members:
            raise refusal(say("The manifest does not list “{name}”.", name=str(name)[:200]))
        return self.members[name]


def _members(given: Any) -> dict[str, Told]:
    found = {}
    for name, told in given.items() if isinstance(given, Mapping) else ():
        size, sha256 = (told.get("size"), told.get("sha256")) if isinstance(told, Mapping) else (None, None)
        if not isinstance(size, int) or size < 0 or not _SHA256.fullmatch(str(sha256)):
            raise refusal(say("The manifest does not tell size and checksum of “{name}”.", name=name[:200]))
        found[name] = Told(name, size, str(sha256))
    return found


def _records(given: Any) -> list[dict[str, Any]]:
    """The datasets: one without a parent first, then each after its parent."""
    if not isinstance(given, list) or not 0 < len(given) <= _MOST_DATASETS:
        raise refusal(say("The manifest lists no datasets, or too many."))
    found: dict[str, dict[str, Any]] = {}
    for number, one in enumerate(given, start=1):
        try:
            record = checked_record(one)
            if (record["parent"] in found) == (number == 1) or record["key"] in found:
                raise ValueError("it hangs on nothing, or is there twice")
            if number == 1 and record["parent"] is not None:
                raise ValueError("it is no capture")
            _check_files(record)
        except ValueError as error:
            raise refusal(
                say("Dataset {number} of the manifest will not do: {reason}.", number=number, reason=error)
            ) from None
        found[record["key"]] = record
    return list(found.values())


def _check_files(record: Mapping[str, Any]) -> None:
    files = record["files"]
    if not files:
        if record["status"] == "finished" and record["kind"]:
            raise ValueError("it has finished and has no files")
        return
    if record["kind"] is None:
        raise ValueError("it has files and no `kind`")
    needed = ROLES[Kind(record["kind"])]
    unknown = set(files) - {*needed, *MORE_ROLES}
    if unknown:
        raise ValueError(f"a {record['kind']} has no `{min(unknown)}`")
    missing = set(needed) - set(files)
    if missing and record["status"] == "finished":
        raise ValueError(f"it lacks its `{min(missing)}`")


def bring_package(manifest: Manifest, members: Members, run: FamilyRun, protection: str = "none") -> Iterator[Brought]:
    """The datasets of a package, in the order of the manifest."""
    _require_protection(manifest, run)
    done, taken = 0, dict[str, Path]()
    for number, record in enumerate(manifest.records, start=1):
        files = {}
        for role, name in record["files"].items():
            told = manifest.member(name)
            if name not in taken:
                taken[name] = members.take(told, _suffix(role, name))
            files[role] = taken[name]
            done += told.size
            label = f"{number:,} of {len(manifest.records):,} datasets"
            run.progress(min(done / max(manifest.size, 1), 1.0), text=label)
        check_content(record, {role: path for role, path in files.items() if path.is_file()})
        log = members.take(manifest.member(record["log"]), ".ndjson") if record["log"] else None
        codes = members.take(manifest.member(record["annotations"]), ".ndjson") if record["annotations"] else None
        yield Brought(
            record,
            files=files,
            log=_log(log, record["log"]) if log else (),
            codes=_codes(codes, record["annotations"]) if codes else (),
            origin=manifest.origin,
        )
    count = len(manifest.records)
    run.log(f"{count:,} dataset{'' if count == 1 else 's'} brought here, {manifest.size:,} bytes, checksums compared.")


def _suffix(role: str, name: str) -> str:
    return _SUFFIXES.get(role) or safe_suffix(name)


def _require_protection(manifest: Manifest, run: FamilyRun) -> None:
    """Take a package as it is, or not at all: names in results can no longer be replaced."""
    done = manifest.top["pseudonymise"]
    if run.replaces_names and (done not in PROTECTION or done == PROTECTION[0]):
        raise refusal(
            say(
                "Names of authors are to be replaced, and in this package they are as they were. They cannot be"
                " replaced in analyses that are there already. Import it with names as they are, if that is allowed"
                " here, or make it there of a capture without names."
            )
        )


def _lines(path: Path, name: str) -> Iterator[Mapping[str, Any]]:
    with path.open("rb") as opened:
        for number, line in enumerate(opened, start=1):
            try:
                found = orjson.loads(line)
            except ValueError:
                found = None
            if not isinstance(found, Mapping):
                raise refusal(say("Line {number} of “{name}” is no JSON object.", number=number, name=name[:200]))
            yield found


def _log(path: Path, name: str) -> Iterator[tuple[str, str]]:
    for line in _lines(path, name):
        yield _time(line.get("at"), name), storable_text(str(line.get("line", "")))


def _codes(path: Path, name: str) -> Iterator[Mapping[str, str]]:
    for line in _lines(path, name):
        found = {part: storable_text(str(line.get(part, ""))) for part in ("item", "field", "coder", "value")}
        if all(found.values()):
            yield {**found, "time": _time(line.get("time"), name)}


def _time(given: Any, name: str) -> str:
    try:
        return read_moment(given)
    except ValueError:
        raise refusal(say("A time in “{name}” cannot be read.", name=name[:200])) from None
