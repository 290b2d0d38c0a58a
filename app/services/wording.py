"""What made a dataset, and its parameters, in words that people read."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from app.domain.dataset import Dataset
from app.domain.texts import declared, join, say
from app.plugins.options import OptionsClass, Period, Spec, applies, default_for, specs
from app.services.context import Context

NOT_COLUMNS = {"__auto__": say("A running number"), "__empty__": say("Nothing"), "__now__": say("The moment of import")}
"""What can stand in place of a column's name when a file is imported."""


def options_of(ctx: Context, dataset: Dataset) -> OptionsClass | None:
    """The options class of what made a dataset; None when that plug-in is not there any more."""
    plugin: Any = ctx.registry.processors.get(dataset.type) or ctx.registry.datasources.get(dataset.type)
    return plugin.Options if plugin else None


def made_by(ctx: Context, dataset: Dataset) -> str:
    """The name of the analysis or data source that made a dataset."""
    plugin: Any = ctx.registry.processors.get(dataset.type) or ctx.registry.datasources.get(dataset.type)
    if plugin:
        return declared(plugin.title)
    imported = dataset.provenance.get("imported")
    return str(imported.get("made_by") or dataset.type) if imported else dataset.type


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
    words: list[tuple[str, str, bool]] = []
    for name, spec in specs(options).items():
        if name not in parameters or not applies(spec, parameters):
            continue
        text = _value_in_words(spec, parameters[name])
        if text:
            words.append((declared(spec.label), text, spec.is_column))
    return words


def _value_in_words(spec: Spec, value: Any) -> str:
    if spec.kind == "toggle":
        return say("yes") if value else say("no")
    if spec.kind == "daterange":
        after, before = (end.replace("T", " ") for end in ends_of(value))
        from_, until = say("from {time}", time=after), say("up to {time} (not included)", time=before)
        return join(" ", [part for part, end in ((from_, after), (until, before)) if end])
    if isinstance(value, list):
        shown = [_choice(spec.choices, part) for part in value]
        some = join(", ", shown[:12])
        return say("{some} and {amount} more", some=some, amount=len(shown) - 12) if len(shown) > 12 else some
    if spec.kind == "number" and isinstance(value, (int, float)):
        return f"{value:,}"
    text = _choice(spec.choices or NOT_COLUMNS, "" if value is None else value)
    if spec.long:
        text = ", ".join(line.strip().rstrip(",") for line in text.splitlines() if line.strip())
    return text if len(text) <= 300 else f"{text[:300]}…"


def _choice(choices: Mapping[str, str] | None, value: Any) -> str:
    """What a choice is called; any other value as it is."""
    return declared(choices[value]) if choices and value in choices else str(value)


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
