"""Find out what is to be brought in: a package of this 4CAT or an export of 4CAT 1.56, as a file or from an address."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from app.domain.package import MANIFEST
from app.domain.texts import say
from app.plugins import Brought, FamilyRun
from datasources.import_4cat._addresses import addresses_in
from datasources.import_4cat._archive import Archive, open_archive
from datasources.import_4cat._older import bring_older, read_metadata
from datasources.import_4cat._older_places import ExportedFiles, OlderAPI, is_export
from datasources.import_4cat._package import Manifest, Told, bring_package
from datasources.import_4cat._refusal import refusal
from datasources.import_4cat._remote import Remote, parsed

_WHILE_LOOKING = 10_000_000.0
_COLUMNS = ("Dataset", "Made by", "State", "Rows", "Made")


class Unpacked:
    """The members of a package that has come as a file."""

    def __init__(self, archive: Archive, folder: Path) -> None:
        self._archive, self._folder = archive, folder
        self._number = 0
        folder.mkdir(exist_ok=True)

    def take(self, told: Told, suffix: str) -> Path:
        """A member as a file. :raises InvalidInput: when it is not what was told"""
        self._number += 1
        path = self._folder / f"{self._number}{suffix}"
        if self._archive.take(told.name, path) != (told.size, told.sha256):
            raise refusal(say("“{name}” in the package is damaged: its checksum is another one.", name=told.name[:200]))
        return path


@contextmanager
def _opened(path: Path, most_mb: float) -> Iterator[tuple[Archive, Manifest | None]]:
    """A file with its manifest; None for an export of 4CAT 1.56, which has none."""
    with open_archive(path, most_mb) as archive:
        if MANIFEST in archive.members:
            yield archive, Manifest(parsed(archive.read(MANIFEST), MANIFEST))
            return
        if is_export(archive):
            yield archive, None
            return
        raise refusal(
            say("This is no package of 4CAT, or it has not come in whole: “{name}” is missing in it.", name=MANIFEST)
        )


def key_in(path: Path) -> str:
    """The key of the capture in a file. :raises InvalidInput: when it is no package"""
    with _opened(path, _WHILE_LOOKING) as (archive, manifest):
        return str(manifest.top["key"]) if manifest else ExportedFiles(archive, path.parent).top


def bring_file(path: Path, settings: Any, run: FamilyRun) -> Iterator[Brought]:
    """The datasets in a file."""
    with _opened(path, settings.most_mb) as (archive, manifest):
        if manifest is not None:
            run.log(f"A package of {_where(manifest)}.")
            yield from bring_package(manifest, Unpacked(archive, run.folder / "unpacked"), run)
            return
        run.log("An export of 4CAT 1.56 or the like.")
        exported = ExportedFiles(archive, run.folder / "unpacked")
        yield from bring_older(exported, exported.top, run, {})


def bring_address(options: Any, settings: Any, run: FamilyRun) -> Iterator[Brought]:
    """The dataset at an address."""
    address = addresses_in(options.addresses)[0]
    with Remote(address, options.token, settings, run) as remote:
        if address.is_older:
            run.log(f"From {address.url}, by the API of 4CAT 1.56.")
            origin = {"address": address.url, "site": urlsplit(address.base).netloc}
            yield from bring_older(OlderAPI(remote, run), address.key, run, origin)
            return
        manifest = Manifest(parsed(remote.manifest(), MANIFEST))
        if manifest.size > settings.most_mb * 1_000_000:
            raise refusal(
                say(
                    "It has {size:,} MB with all made from it, and the most that is taken here is {most:,.0f} MB.",
                    size=manifest.size // 1_000_000,
                    most=settings.most_mb,
                )
            )
        manifest.origin["address"] = address.url
        run.log(f"From {address.url}, {_where(manifest)}.")
        yield from bring_package(manifest, remote, run)


def _where(manifest: Manifest) -> str:
    software, version = (manifest.origin.get(name, "") for name in ("software", "version"))
    site = manifest.origin.get("site")
    return f"{software or '4CAT'} {version}".strip() + (f" from “{site}”" if site else "")


def _row(record: Mapping[str, Any]) -> list[str]:
    """A dataset as a row of the preview."""
    rows, made = record["rows"], record["ended"] or record["created"]
    amount = f"{rows:,}" if isinstance(rows, int) else ""
    return [record["label"], record["made_by"] or record["type"], record["status"], amount, (made or "")[:10]]


def preview(path: Path) -> dict[str, Any]:
    """What is in a file."""
    with _opened(path, _WHILE_LOOKING) as (archive, manifest):
        if manifest is not None:
            described, rows = f"a package of {_where(manifest)}", [_row(record) for record in manifest.records]
        else:
            exported = ExportedFiles(archive, path.parent)
            told = [(exported.metadata(key), read_metadata(exported.metadata(key), key)) for key in exported.keys]
            described = f"an export of 4CAT {told[0][1].version}".strip()
            rows = [_row({**asdict(one), "made_by": one.type, "rows": given.get("num_rows")}) for given, one in told]
    return {
        "format": "zip",
        "dialect": {},
        "described": described,
        "columns": list(_COLUMNS),
        "rows": rows[:200],
        "guess": {},
        "preset": "",
        "preset_title": "",
        "problems": [],
        "datasets": len(rows),
        "size": path.stat().st_size,
    }
