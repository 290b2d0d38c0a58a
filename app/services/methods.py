"""The methods of a result as a paragraph for a paper: what was captured when, and what was done to it with what."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from app.domain.dataset import Dataset, Kind
from app.services.context import Context
from app.services.wording import made_by, parameters_of

_GAVE = {
    Kind.TABLE: ("row", "rows"),
    Kind.GRAPH: ("node", "nodes"),
    Kind.CHART: ("value in a chart", "values in a chart"),
    Kind.FILES: ("file", "files"),
    Kind.PAGE: ("page", "pages"),
}
_NAMES = {
    "pseudonymise": "Names of authors were replaced by codes before anything was stored.",
    "anonymise": "Names of authors were removed before anything was stored.",
}
_CALLED = {"polars": "Polars", "duckdb": "DuckDB", "pyarrow": "PyArrow", "igraph": "igraph"}


def methods_text(ctx: Context, steps: Sequence[Dataset]) -> str:
    """The paragraph for the last of these datasets; the others lead to it, the capture first."""
    sentences = [*_captured(ctx, steps[0]), *(_analysed(ctx, step) for step in steps[1:]), _versions(steps)]
    return " ".join(sentence for sentence in sentences if sentence)


def _captured(ctx: Context, capture: Dataset) -> list[str]:
    moment = (capture.ended or capture.created).astimezone(UTC)
    items = _amount(capture.rows, "item", "items")
    title = made_by(ctx, capture)
    was_uploaded = capture.provenance.get("processor", "upload") in ("upload", "upload-search")
    filename = capture.work.get("filename") if was_uploaded else None  # of another tool's captures, its result file
    if capture.type == "upload":
        whence = f"imported from the file “{filename}”" if filename else "imported from a file"
    else:
        whence = f"imported from the file “{filename}” ({title})" if filename else f"captured from {title}"
    verb = "was" if capture.rows == 1 else "were"
    found = [f"{items} {verb} {whence} on {moment.day} {moment:%B %Y}{_options(ctx, capture)}."]
    if capture.quarantined:
        aside = _amount(capture.quarantined, "record that could not be read was", "records that could not be read were")
        found.append(f"{aside} set aside.")
    return [*found, _NAMES.get(str(capture.work.get("pseudonymise")), ""), _imported(capture)]


def _imported(capture: Dataset) -> str:
    """That it was brought here, with all that had been made from it there."""
    imported = capture.provenance.get("imported")
    if not imported:
        return ""
    moment = datetime.fromisoformat(imported["at"])
    whence = " ".join(str(imported[name]) for name in ("software", "version") if name in imported) or "elsewhere"
    site = f" ({imported['site']})" if "site" in imported else ""
    return f"It was imported from {whence}{site} on {moment.day} {moment:%B %Y}."


def _analysed(ctx: Context, step: Dataset) -> str:
    one, many = _GAVE[step.kind or Kind.TABLE]
    done = f"Then “{made_by(ctx, step)}” ({step.type}) was applied{_options(ctx, step)}"
    if step.rows is None:
        return f"{done}; it has not finished." if not step.status.is_ended else f"{done}; it gave no result."
    return f"{done}, which gave {_amount(step.rows, one, many)}."


def _options(ctx: Context, dataset: Dataset) -> str:
    chosen = [f"{label}: {value}" for label, value, _ in parameters_of(ctx, dataset)]
    return f" ({'; '.join(chosen)})" if chosen else ""


def _versions(steps: Sequence[Dataset]) -> str:
    tools = list(dict.fromkeys(str(step.provenance["4cat"]) for step in steps if "4cat" in step.provenance))
    if not tools:
        return ""
    last: dict[str, Any] = next(step.provenance for step in reversed(steps) if "4cat" in step.provenance)
    libraries = [f"{_CALLED.get(name, name)} {version}" for name, version in sorted(last.get("libraries", {}).items())]
    used = ", ".join([f"Python {last['python']}" if "python" in last else "", *libraries]).strip(", ")
    told = f"This was done with 4CAT {' and '.join(tools)}{f' ({used})' if used else ''}."
    return f"{told} Parameters, versions and checksums of every step are kept with dataset {steps[-1].key}."


def _amount(amount: int | None, one: str, many: str) -> str:
    return f"{amount or 0:,} {one if amount == 1 else many}"
