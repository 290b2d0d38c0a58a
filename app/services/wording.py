"""What made a dataset, and its parameters, in words that people read."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from app.domain.dataset import Dataset
from app.plugins.options import OptionsClass, Period, Spec, applies, default_for, specs
from app.services.context import Context

NOT_COLUMNS = {"__auto__": "A running number", "__empty__": "Nothing", "__now__": "The moment of import"}
"""What can stand in place of a column's name when a file is imported."""


def options_of(ctx: Context, dataset: Dataset) -> OptionsClass | None:
    """The options class of what made a dataset; None when that plug-in is not there any more."""
    plugin: Any = ctx.registry.processors.get(dataset.type) or ctx.registry.datasources.get(dataset.type)
    return plugin.Options if plugin else None


def made_by(ctx: Context, dataset: Dataset) -> str:
    """The name of the analysis or data source that made a dataset."""
    plugin: Any = ctx.registry.processors.get(dataset.type) or ctx.registry.datasources.get(dataset.type)
    return str(plugin.title) if plugin else dataset.type


def parameters_of(ctx: Context, dataset: Dataset) -> list[tuple[str, str, bool]]:
    """The parameters of a dataset as people read them; for a capture only what differs from the defaults."""
    options = options_of(ctx, dataset)
    if options is None:
        return [(name, str(value), False) for name, value in dataset.parameters.items()]
    parameters = dataset.parameters
    if dataset.parent is None:
        defaults = {name: default_for(spec, None) for name, spec in specs(options).items()}
        parameters = {name: value for name, value in parameters.items() if value != defaults.get(name)}
    return in_words(options, parameters)


def in_words(options: OptionsClass, parameters: Mapping[str, Any]) -> list[tuple[str, str, bool]]:
    """Parameters as people read them: label, value, and whether the value is a column's name."""
    words = []
    for name, spec in specs(options).items():
        if name not in parameters or not applies(spec, parameters):
            continue
        text = _value_in_words(spec, parameters[name])
        if text:
            words.append((spec.label, text, spec.is_column))
    return words


def _value_in_words(spec: Spec, value: Any) -> str:
    if spec.kind == "toggle":
        return "yes" if value else "no"
    if spec.kind == "daterange":
        after, before = (end.replace("T", " ") for end in ends_of(value))
        parts = [f"from {after}" if after else "", f"up to {before} (not included)" if before else ""]
        return " ".join(part for part in parts if part)
    if isinstance(value, list):
        shown = [str((spec.choices or {}).get(part, part)) for part in value]
        return ", ".join(shown[:12]) + (f" and {len(shown) - 12} more" if len(shown) > 12 else "")
    if spec.kind == "number" and isinstance(value, (int, float)):
        return f"{value:,}"
    text = str((spec.choices or NOT_COLUMNS).get(value, "" if value is None else value))
    return text if len(text) <= 300 else f"{text[:300]}…"


def ends_of(value: Any) -> tuple[str, str]:
    """Both ends of a period as dates, or as typed."""
    if isinstance(value, Period):
        value = {"after": value.after, "before": value.before}
    ends = value if isinstance(value, Mapping) else {}
    return _date(ends.get("after")), _date(ends.get("before"))


def _date(value: Any) -> str:
    if value is None or value == "":
        return ""
    if isinstance(value, str):
        try:
            return _date(datetime.fromisoformat(value))
        except ValueError:
            return value
    moment = value.astimezone(UTC) if value.tzinfo else value
    return f"{moment:%Y-%m-%d}" if (moment.hour, moment.minute) == (0, 0) else f"{moment:%Y-%m-%dT%H:%M}"
