"""The base of every analysis."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from app.plugins.accepts import Accepts, Needs
from app.plugins.context import Run, Source
from app.plugins.options import NoOptions, OptionsClass
from app.plugins.results import Returns, SameTable


@dataclass(frozen=True)
class Example:
    """A small case: these items with these options give this result. Shown in the docs and run as a test.

    `columns` may hold more than the items show; the result of a graph is `{"nodes": [...], "edges": [...]}`.
    """

    items: Sequence[Mapping[str, Any]]
    result: Any
    options: Mapping[str, Any] = field(default_factory=dict)


class Described:
    """A plug-in with a docstring: its first paragraph is the description people read."""

    @classmethod
    def description(cls) -> str:
        """The first paragraph of the docstring, on one line."""
        return " ".join((cls.__doc__ or "").strip().split("\n\n")[0].split())


class Processor(ABC, Described):
    """One analysis: reads a finished dataset, makes a new one.

    `type` equals the file name with hyphens and names job, queue and result. `is_filter` marks a processor whose result
    stands wherever its source could stand. `followups` are the types that people most often run on the result.
    """

    type: ClassVar[str]
    title: ClassVar[str]
    category: ClassVar[str]
    accepts: ClassVar[Accepts] = Accepts()
    returns: ClassVar[Returns]
    examples: ClassVar[Sequence[Example]] = ()
    followups: ClassVar[Sequence[str]] = ()
    needs: ClassVar[Needs] = Needs()
    max_workers: ClassVar[int] = 2
    max_attempts: ClassVar[int] = 3
    memory_mb: ClassVar[int | None] = None
    minutes: ClassVar[int | None] = None
    references: ClassVar[Sequence[str]] = ()
    Options: ClassVar[OptionsClass] = NoOptions

    @abstractmethod
    def process(self, source: Source, options: Any, run: Run) -> Any:
        """Compute the result: a LazyFrame, record batches, Files, Graph, Chart or Page.

        :raises EmptyResult: when there is nothing to show, with the sentence to say so
        """

    @classmethod
    def is_filter(cls) -> bool:
        """Whether the result acts as its source does."""
        return isinstance(cls.returns, SameTable)

    @classmethod
    def summarise(cls, options: Any) -> str:
        """The options in a few words, for the lineage tree; empty uses the changed options."""
        return ""


@dataclass(frozen=True)
class Given:
    """In a preset's step: the value of this option of the preset itself."""

    name: str


@dataclass(frozen=True)
class Step:
    """One step of a preset: a processor type, its options, and the steps that run on its result.

    Exactly one step of a preset has `result=True`: its result is the preset's.
    """

    type: str
    options: Mapping[str, Any] = field(default_factory=dict)
    then: Sequence[Step] = ()
    result: bool = False


class Preset(Described):
    """Several processors in a declared tree, run as one."""

    type: ClassVar[str]
    title: ClassVar[str]
    category: ClassVar[str] = "Combined"
    accepts: ClassVar[Accepts] = Accepts()
    needs: ClassVar[Needs] = Needs()
    followups: ClassVar[Sequence[str]] = ()
    references: ClassVar[Sequence[str]] = ()
    Options: ClassVar[OptionsClass] = NoOptions
    steps: ClassVar[Sequence[Step]]

    @classmethod
    def is_filter(cls) -> bool:
        """A preset's result acts as the step that gives it."""
        return False

    @classmethod
    def summarise(cls, options: Any) -> str:
        """The options in a few words, for the lineage tree; empty uses the changed options."""
        return ""


def fill_in(step_options: Mapping[str, Any], options: Any) -> dict[str, Any]:
    """The options of a step with each `Given` replaced by the preset's own value."""
    return {
        name: getattr(options, value.name) if isinstance(value, Given) else value
        for name, value in step_options.items()
    }
