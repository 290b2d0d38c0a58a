"""Packages: a capture with all made from it as one ZIP, to be taken to another installation (docs/packages.md).

A package is written while it is sent, and kept nowhere. Its members can also be fetched one by one, each stored file
from any byte on, which is how another installation takes them.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import PurePath
from typing import Any

from app import __version__
from app.domain.annotation import Field
from app.domain.dataset import Dataset, StoredFile
from app.domain.errors import Conflict, NotFound
from app.domain.package import FORMAT, MANIFEST, VERSION
from app.domain.texts import say
from app.domain.user import User
from app.plugins.options import secrets_of
from app.services.access import owns_family, require_family
from app.services.annotation_file import written_codes
from app.services.context import Context
from app.services.dataset import get_dataset
from app.services.download import Download, file_name, lazily
from app.services.mail import link_to
from app.services.methods import methods_text
from app.services.person_setting import has_right, require_right
from app.services.table_part import Sink
from app.services.wording import made_by, options_of
from app.storage import annotation as stored
from app.storage import dataset as datasets

_TOLD = (
    "key",
    "type",
    "datasource",
    "parent",
    "acts_as",
    "label",
    "message",
    "rows",
    "quarantined",
    "warnings",
    "columns",
    "attach_to",
    "provenance",
)
"""What a manifest tells of a dataset under the name that it has here."""
_ANY_TIME = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Member:
    """One file of a package: what gives its bytes, and the stored file that it is, if it is one."""

    name: str
    chunks: Callable[[], Iterator[bytes]]
    stored: StoredFile | None = None

    def told(self) -> dict[str, Any]:
        """Its size and SHA-256; what is not stored is read for that."""
        if self.stored is not None:
            return {"size": self.stored.size, "sha256": self.stored.sha256}
        seen = _Seen()
        for _ in seen.through(self.chunks()):
            pass
        return seen.told


@dataclass(frozen=True)
class Package:
    """What goes into a package: the capture `top`, the manifest without `members`, and those."""

    top: Dataset
    about: dict[str, Any]
    members: list[Member]


def may_pack(ctx: Context, actor: User, top: Dataset) -> bool:
    """Whether the actor may take the family of a capture, which has ended, to another installation."""
    return top.status.is_ended and owns_family(actor, top) and has_right(ctx, actor, "export")


def open_package(ctx: Context, actor: User, key: str) -> Package:
    """The package of the family of a dataset: its capture and all made from it that has ended.

    :raises NotFound, NotAllowed: when the actor is no owner of the family, or has not the right `export`
    :raises Conflict: while the capture has not ended
    """
    top = datasets.get(ctx.database, get_dataset(ctx, actor, key).top)
    require_family(actor, top)
    require_right(ctx, actor, "export")
    if not top.status.is_ended:
        raise Conflict(say("“{dataset}” is still being made. Wait until it has ended.", dataset=top.label))
    packed: dict[str, Dataset] = {}
    left_out = []
    for dataset in datasets.family(ctx.database, top.key):
        if dataset.status.is_ended and (dataset.parent is None or dataset.parent in packed):
            packed[dataset.key] = dataset
        else:
            left_out.append({"key": dataset.key, "label": dataset.label, "status": str(dataset.status)})
    members: list[Member] = []
    fields = stored.fields_of_family(ctx.database, top.key)
    records = [_record(ctx, dataset, packed, fields, members) for dataset in packed.values()]
    about = {
        "format": FORMAT,
        "version": VERSION,
        "made": datetime.now(UTC).isoformat(),
        "made_by": {
            "software": "4CAT",
            "version": __version__,
            "site": ctx.site_name,
            "address": link_to(ctx, f"/datasets/{top.key}"),
        },
        "top": top.key,
        "datasets": records,
        "left_out": left_out,
    }
    return Package(top, about, members)


def manifest_of(package: Package) -> dict[str, Any]:
    """The manifest: what is told of every dataset, and size and SHA-256 of every member."""
    return {**package.about, "members": {member.name: member.told() for member in package.members}}


def download_member(ctx: Context, package: Package, name: str) -> Download:
    """One member, by the name that the manifest gives it. :raises NotFound: when there is none"""
    member = next((member for member in package.members if member.name == name), None)
    if member is None:
        raise NotFound(say("There is no file “{name}” in this package.", name=name))
    told, stored = member.told(), member.stored
    found = Download(PurePath(name).name, "application/octet-stream", lazily(member.chunks), told["sha256"])
    if stored is None:
        return found
    return replace(found, size=stored.size, read=partial(ctx.files.read, stored.name))


def stream_package(package: Package) -> Iterator[bytes]:
    """The package as a ZIP whose first bytes come at once; memory stays flat. The manifest is its last member."""
    sink, members = Sink(), {}
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
        for member in package.members:
            seen = _Seen()
            with archive.open(zipfile.ZipInfo(member.name, _ANY_TIME), "w", force_zip64=True) as packed:
                for chunk in seen.through(member.chunks()):
                    packed.write(chunk)
                    yield sink.take()
            members[member.name] = seen.told
        manifest = json.dumps({**package.about, "members": members}, ensure_ascii=False, indent=1)
        archive.writestr(zipfile.ZipInfo(MANIFEST, _ANY_TIME), manifest)
    yield sink.take()


def package_name(package: Package) -> str:
    """What the file of a package is called."""
    return file_name(package.top, ".4cat.zip")


def _record(
    ctx: Context,
    dataset: Dataset,
    packed: Mapping[str, Dataset],
    all_fields: Sequence[Field],
    members: list[Member],
) -> dict[str, Any]:
    """What the manifest tells of a dataset; its files are added to the members."""
    folder = f"datasets/{dataset.key}"
    files = {}
    for role, file in dataset.result.files.items() if dataset.result else ():
        there = next((member.name for member in members if member.stored == file), None)
        files[role] = there or f"{folder}/{role}{''.join(PurePath(file.name).suffixes)}"
        if there is None:
            members.append(Member(files[role], partial(ctx.files.read, file.name), file))
    steps = [dataset]
    while steps[0].parent:
        steps.insert(0, packed[steps[0].parent])
    texts = {"log": "log.ndjson", "methods": "methods.txt"}
    makers = {"log": partial(_log, ctx, dataset.key), "methods": partial(_methods, ctx, steps)}
    fields = [field for field in all_fields if field.dataset == dataset.key]
    if fields:
        texts["annotations"] = "annotations.ndjson"
        makers["annotations"] = partial(written_codes, ctx, [field.id for field in fields], "ndjson")
    members.extend(Member(f"{folder}/{name}", makers[what]) for what, name in texts.items())
    options = options_of(ctx, dataset)
    secret = secrets_of(options) if options else []
    return {
        **{name: getattr(dataset, name) for name in _TOLD},
        "made_by": made_by(ctx, dataset),
        "parameters": {name: value for name, value in dataset.parameters.items() if name not in secret},
        "status": str(dataset.status),
        "kind": str(dataset.kind) if dataset.kind else None,
        **{name: _moment(getattr(dataset, name)) for name in ("created", "started", "ended")},
        **{name: dataset.work.get(name) for name in ("source", "filename", "pseudonymise")},
        "fields": [_field(field) for field in fields],
        "files": files,
        **{what: f"{folder}/{name}" for what, name in texts.items()},
    }


def _moment(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat() if moment else None


def _field(field: Field) -> dict[str, Any]:
    named = ("name", "choices", "help", "is_blind", "is_open")
    return {"kind": str(field.kind), **{name: getattr(field, name) for name in named}}


def _log(ctx: Context, key: str) -> Iterator[bytes]:
    for row in datasets.log_lines(ctx.database, key):
        yield f"{json.dumps({'at': _moment(row['at']), 'line': row['line']}, ensure_ascii=False)}\n".encode()


def _methods(ctx: Context, steps: Sequence[Dataset]) -> Iterator[bytes]:
    yield f"{methods_text(ctx, steps)}\n".encode()


class _Seen:
    """Size and SHA-256 of what has gone by."""

    def __init__(self) -> None:
        self._size, self._digest = 0, hashlib.sha256()

    def through(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            self._size += len(chunk)
            self._digest.update(chunk)
            yield chunk

    @property
    def told(self) -> dict[str, Any]:
        return {"size": self._size, "sha256": self._digest.hexdigest()}
