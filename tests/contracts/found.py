"""The analyses that are found, their examples, and marks that run a test for each of them."""

from __future__ import annotations

from typing import Any

import pytest

from app.plugins import Preset, Processor
from app.plugins.registry import Registry
from app.plugins.testing import frame_of

REGISTRY = Registry.discover(("processors",))
ALL = list(REGISTRY.processors.values())
PROCESSORS = [found for found in ALL if issubclass(found, Processor)]
PRESETS = [found for found in ALL if issubclass(found, Preset)]
EXAMPLES = [(found, number) for found in PROCESSORS for number in range(len(found.examples))]

each_processor = pytest.mark.parametrize("processor", PROCESSORS, ids=lambda found: found.type)
each_analysis = pytest.mark.parametrize("analysis", ALL, ids=lambda found: found.type)
each_example = pytest.mark.parametrize(
    ("processor", "number"), EXAMPLES, ids=[f"{found.type}-{number}" for found, number in EXAMPLES]
)


def columns_of(found: type[Any]) -> list[str]:
    """The columns of its first example."""
    examples = getattr(found, "examples", ())
    return list(frame_of(examples[0].items).columns) if examples else []
