"""Datasets as pages show them: what they are in a few words, and how they hang together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from app.domain.dataset import Dataset, Status
from app.domain.errors import InvalidInput
from app.domain.user import User
from app.plugins.options import OptionsClass, default_for, specs
from app.plugins.validation import load
from app.services import dataset as datasets
from app.services.context import Context
from app.web.forms import in_words
from app.web.shown import number, ordinal

_SHORT = 60


@dataclass
class Node:
    """One dataset in its tree: `how` is the line under its label."""

    dataset: Dataset
    how: str = ""
    children: list[Node] = field(default_factory=list)

    @property
    def is_open(self) -> bool:
        """Whether it, or anything below it, has not ended."""
        return not self.dataset.status.is_ended or any(child.is_open for child in self.children)


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


def summary_of(ctx: Context, dataset: Dataset) -> str:
    """The options of an analysis in a few words."""
    analysis = ctx.registry.processors.get(dataset.type)
    if analysis is None:
        return ""
    try:
        text = analysis.summarise(load(analysis.Options, dataset.parameters))
    except InvalidInput:
        text = ""
    if text:
        return text
    chosen = specs(analysis.Options)
    changed = {
        name: value
        for name, value in dataset.parameters.items()
        if name in chosen and _differs(value, default_for(chosen[name], None))
    }
    parts = [_short(label, value) for label, value, _ in in_words(analysis.Options, changed)]
    return " · ".join(parts[:3])


def _differs(value: Any, default: Any) -> bool:
    plain = list(default) if isinstance(default, tuple) else default
    return value != plain and not isinstance(value, dict)


def _short(label: str, value: str) -> str:
    if value == "yes":
        return label
    text = f"{label}: {value}" if value in ("no",) or value.replace(",", "").isdigit() else value
    return text if len(text) <= _SHORT else f"{text[:_SHORT]}…"


@dataclass(frozen=True)
class Wait:
    """What a waiting dataset waits for: its turn (`place`, 1 is next), another dataset, or only to be taken up."""

    place: int | None = None
    source: Dataset | None = None
    has_steps: bool = False

    @property
    def line(self) -> str:
        """The same in a few words."""
        if self.place is not None:
            return f"{ordinal(self.place)} in the queue"
        if self.source is not None:
            return f"waits for {self.source.label}"
        return "its steps are under way" if self.has_steps else "about to start"


def wait_of(ctx: Context, actor: User, dataset: Dataset) -> Wait | None:
    """What a dataset waits for; None when it does not wait."""
    if dataset.status is not Status.WAITING:
        return None
    place = datasets.place_in_queue(ctx, actor, dataset.key)
    if place is not None:
        return Wait(place)
    key = dataset.work.get("source")
    source = datasets.get_dataset(ctx, actor, key) if key else None
    has_steps = key is None and dataset.type in ctx.registry.processors
    return Wait(None, source if source and not source.status.is_ended else None, has_steps)


def wait_sentence(ctx: Context, dataset: Dataset, wait: Wait | None) -> str:
    """What a dataset waits for, in a sentence."""
    if wait is None:
        return ""
    if wait.place == 1:
        return f"Next in the queue for {made_by(ctx, dataset)}."
    if wait.place is not None:
        return f"{ordinal(wait.place)} in the queue for {made_by(ctx, dataset)}, {number(wait.place - 1)} before it."
    if wait.source is not None:
        return f"It starts when “{wait.source.label}” has finished."
    return "Its steps are under way; the tree shows them." if wait.has_steps else "It is about to start."


def node_of(ctx: Context, actor: User, dataset: Dataset) -> Node:
    """One dataset with the line under its label."""
    wait = wait_of(ctx, actor, dataset)
    if wait is not None:
        return Node(dataset, wait.line)
    return Node(dataset, summary_of(ctx, dataset) if dataset.status is Status.FINISHED else dataset.message)


def tree_of(ctx: Context, actor: User, family: Sequence[Dataset]) -> Node:
    """A family, oldest first, as a tree with its capture at the root."""
    nodes = {dataset.key: node_of(ctx, actor, dataset) for dataset in family}
    for node in nodes.values():
        parent = nodes.get(node.dataset.parent or "")
        if parent is not None:
            parent.children.append(node)
    return nodes[family[0].top]
