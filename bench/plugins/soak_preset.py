"""Two soak steps as one."""

from __future__ import annotations

from dataclasses import dataclass

from app.plugins import Given, Number, Preset, Step


class SoakPreset(Preset):
    """Add a number to each value, twice."""

    type = "soak-preset"
    title = "Soak preset"

    @dataclass(frozen=True)
    class Options:
        """What to add."""

        add: int = Number("Add", 1)

    steps = (Step("soak-step", {"add": Given("add")}, then=(Step("soak-step", {"add": Given("add")}, result=True),)),)
