"""Datasets as pages show them: what they are in a few words, and how they hang together."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

from app.domain.dataset import Dataset, Status
from app.domain.errors import InvalidInput
from app.domain.texts import declared
from app.plugins.options import default_for, specs
from app.plugins.validation import load
from app.services.context import Context
from app.services.outlook import Outlook, outlooks
from app.services.wording import in_words, made_by, options_of, parameters_of
from app.web.waiting import poll_seconds, wait_line

__all__ = [
    "Node",
    "made_by",
    "node_of",
    "nodes_of",
    "options_of",
    "origin_of",
    "parameters_of",
    "summary_of",
    "tree_of",
]

_SHORT = 60


@dataclass
class Node:
    """One dataset in its tree: `how` is the line under its label, `pause` the seconds until it may have changed."""

    dataset: Dataset
    how: str = ""
    pause: int = 1
    children: list[Node] = field(default_factory=list)

    @property
    def is_open(self) -> bool:
        """Whether it, or anything below it, has not ended."""
        return not self.dataset.status.is_ended or any(child.is_open for child in self.children)

    @property
    def below(self) -> int:
        """How many datasets hang below it."""
        return sum(1 + child.below for child in self.children)

    @property
    def poll(self) -> int:
        """After how many seconds its tree is asked for again."""
        pauses = [child.poll for child in self.children if child.is_open]
        return min(pauses if self.dataset.status.is_ended else [self.pause, *pauses], default=1)


def summary_of(ctx: Context, dataset: Dataset) -> str:
    """The options of an analysis in a few words."""
    analysis: Any = ctx.registry.processors.get(dataset.type)
    return _summary(analysis, json.dumps(dataset.parameters, sort_keys=True)) if analysis else ""


@lru_cache(maxsize=4096)
def _summary(analysis: Any, parameters: str) -> str:
    """The same for parameters as JSON; remembered, since a page shows hundreds and polls them."""
    given: dict[str, Any] = json.loads(parameters)
    try:
        text = str(analysis.summarise(load(analysis.Options, given)))
    except InvalidInput:
        text = ""
    if text:
        return text
    chosen = specs(analysis.Options)
    changed = {
        name: value
        for name, value in given.items()
        if name in chosen and _differs(value, default_for(chosen[name], None))
    }
    parts = [_short(label, value) for label, value, _ in in_words(analysis.Options, changed)]
    return " · ".join(parts[:3])


def _differs(value: Any, default: Any) -> bool:
    plain = list(default) if isinstance(default, tuple) else default
    return value != plain and not isinstance(value, dict)


def origin_of(top: Dataset) -> dict[str, Any] | None:
    """Where a capture was brought from: the site, its address there if it can be followed, and when it was made."""
    imported = top.provenance.get("imported")
    if not imported:
        return None
    address = str(imported.get("address", ""))
    made = imported.get("created")
    return {
        "site": imported.get("site") or imported.get("software") or address or "4CAT",
        "url": address if address.startswith(("https://", "http://")) else "",
        "made": datetime.fromisoformat(made) if made else None,
    }


def _short(label: str, value: str) -> str:
    if value == "yes":
        return label
    text = f"{label}: {value}" if value in ("no",) or value.replace(",", "").isdigit() else value
    return text if len(text) <= _SHORT else f"{text[:_SHORT]}…"


def node_of(ctx: Context, dataset: Dataset) -> Node:
    """One dataset with the line under its label."""
    return nodes_of(ctx, [dataset])[0]


def nodes_of(ctx: Context, found: Sequence[Dataset]) -> list[Node]:
    """Datasets, each with the line under its label."""
    waits = outlooks(ctx, found)
    return [
        Node(dataset, _how(ctx, dataset, waits.get(dataset.key)), poll_seconds(waits.get(dataset.key)))
        for dataset in found
    ]


def _how(ctx: Context, dataset: Dataset, wait: Outlook | None) -> str:
    if wait is not None:
        return wait_line(wait)
    return summary_of(ctx, dataset) if dataset.status is Status.FINISHED else declared(dataset.message)


def tree_of(ctx: Context, family: Sequence[Dataset]) -> Node:
    """A family, oldest first, as a tree with its capture at the root, or what is seen of it first."""
    nodes = {node.dataset.key: node for node in nodes_of(ctx, family)}
    for node in nodes.values():
        parent = nodes.get(node.dataset.parent or "")
        if parent is not None:
            parent.children.append(node)
    return nodes.get(family[0].top) or nodes[family[0].key]
