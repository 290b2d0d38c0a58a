"""The controls of an uploaded file: how it is read, what its columns mean, and what else can be chosen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.domain.errors import InvalidInput
from app.domain.texts import declared, say
from app.plugins.datasource import ITEM_COLUMNS, DataSource
from app.plugins.options import specs
from app.services.context import Context
from app.services.upload import preview_upload
from app.web.forms import NOT_COLUMNS, Control, controls
from app.web.page import current_actor

_READING = ["format", "file_format", "delimiter", "encoding", "has_header", "sheet"]


def preview_of(
    ctx: Context, upload_id: str, source_id: str, given: Mapping[str, Any]
) -> tuple[dict[str, Any] | None, dict[str, list[str]]]:
    """What is in the file read as asked; when it cannot be, what is wrong with that."""
    readable = {name: value for name, value in given.items() if name not in ITEM_COLUMNS}
    try:
        return preview_upload(ctx, current_actor(), upload_id, readable, source_id), {}
    except InvalidInput as error:
        return None, error.fields


def wrong_with(ctx: Context, upload_id: str, source_id: str, given: Mapping[str, Any]) -> dict[str, list[str]]:
    """What the first rows of the file say against the meaning that its columns are given."""
    try:
        found = preview_upload(ctx, current_actor(), upload_id, given, source_id)
    except InvalidInput:
        return {}  # said when the dataset is asked for
    wrong: dict[str, list[str]] = found.get("wrong", {})
    return wrong


def reading(
    source: type[DataSource], preview: Mapping[str, Any] | None, given: Mapping[str, Any], errors: Mapping[str, Any]
) -> list[Control]:
    """How the file is read: what was detected stands beside every choice."""
    found = [control for control in controls(source.Options, None, given, errors) if control.name in _READING]
    sheets = (preview or {}).get("dialect", {}).get("sheets") or []
    shown = []
    for control in found:
        if control.name == "sheet":
            if len(sheets) < 2:
                continue
            chosen = given.get("sheet") or (preview or {})["dialect"]["sheet"]
            names = [(name, name) for name in sheets]
            shown.append(Control("sheet", "select", control.label, "", chosen, names))
        else:
            shown.append(control)
    return shown


def meanings(
    source: type[DataSource], preview: Mapping[str, Any] | None, given: Mapping[str, Any], errors: Mapping[str, Any]
) -> list[Control]:
    """For each column of the items, the columns of the file and what else can stand there."""
    if preview is None or source.brings():
        return []
    guess = preview["guess"]
    columns = [(name, name) for name in preview["columns"]]
    made = []
    for name, spec in specs(source.Options).items():
        if name not in ITEM_COLUMNS:
            continue
        instead = [
            (value, text) for value, text in NOT_COLUMNS.items() if not (name == "timestamp" and value == "__auto__")
        ]
        if name != "timestamp":
            instead = [(value, text) for value, text in instead if value != "__now__"]
        by_format = [] if guess.get(name) else [("", _as_detected(preview))]
        value = given.get(name) or guess.get(name, "")
        made.append(
            Control(
                name,
                "select",
                declared(spec.label),
                "",
                value,
                [*by_format, *instead, *columns],
                errors=errors.get(name, ()),
            )
        )
    return made


def _as_detected(preview: Mapping[str, Any]) -> str:
    title = preview.get("preset_title")
    return say("As {preset} has it", preset=declared(title)) if title else say("As detected has it")


def others(source: type[DataSource], given: Mapping[str, Any], errors: Mapping[str, Any]) -> list[Control]:
    """The options that are neither how the file is read nor what its columns mean."""
    return [
        control
        for control in controls(source.Options, None, given, errors)
        if control.name not in _READING and control.name not in ITEM_COLUMNS
    ]
