"""What a processor can take, and what it needs to be there."""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.domain.dataset import Dataset, Kind
from app.domain.texts import join, say


@dataclass(frozen=True)
class Accepts:
    """Which datasets a processor takes; with nothing said, any table.

    `items`: tables of posts only (captures and filters of them). `types`: what the dataset acts as.
    `any_columns`: at least one of these; `all_columns`: each of these. `kinds`: kinds of result.
    """

    items: bool = False
    types: tuple[str, ...] = ()
    kinds: tuple[Kind, ...] = (Kind.TABLE,)
    any_columns: tuple[str, ...] = ()
    all_columns: tuple[str, ...] = ()

    def refusal(self, dataset: Dataset) -> str | None:
        """Why this dataset does not fit, as a sentence; None when it does.

        The columns of a dataset that has not ended are not known, so they are not held against it.
        """
        if self.types and dataset.acts_as not in self.types:
            return say("It needs a result of {types}.", types=join(say(" or "), self.types))
        if self.items and not dataset.is_items:
            return say("It needs a dataset of posts.")
        if dataset.kind is not None and dataset.kind not in self.kinds:
            return say(
                "It needs a {kinds}, and this is a {kind}.", kinds=join(say(" or "), self.kinds), kind=dataset.kind
            )
        if not dataset.columns:
            return None
        if self.any_columns and not set(self.any_columns) & set(dataset.columns):
            return say("It needs a column named {columns}.", columns=join(say(" or "), self.any_columns))
        missing = [name for name in self.all_columns if name not in dataset.columns]
        return say("It needs the columns {missing}.", missing=", ".join(missing)) if missing else None


@dataclass(frozen=True)
class Needs:
    """What must be installed or set for a plug-in to be available."""

    libraries: tuple[str, ...] = ()
    programs: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()

    def missing(self, settings: Mapping[str, Any]) -> str | None:
        """What is not there, as a sentence that says how to mend it; None when all is."""
        for library in self.libraries:
            if importlib.util.find_spec(library) is None:
                return say("The Python library {library} is not installed.", library=library)
        for program in self.programs:
            if shutil.which(program) is None:
                return say("The program {program} is not installed on this machine.", program=program)
        for name in self.settings:
            if not settings.get(name):
                return say("The setting {name} is empty. An administrator can fill it in.", name=name)
        return None
