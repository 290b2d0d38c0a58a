"""Settings of data sources: declared like options, set by an administrator while the tool runs.

A data source has them as a frozen dataclass `Settings` of option types. `Number("Seconds", 60)` under the name
`interval` of the source `fourchan` is the site setting `fourchan.interval`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import marshmallow as ma

from app.domain.errors import InvalidInput
from app.domain.texts import Text, declared, join, say
from app.plugins.datasource import DataSource
from app.plugins.options import OptionsClass, Spec, specs
from app.plugins.validation import schema_for


def source_settings(source: type[DataSource], site: Mapping[str, Any]) -> Any:
    """The settings of a source: what has been set (`site`, by name), else the defaults.

    A stored value that is not valid, whoever has put it there, counts as if it had never been set.
    """
    return settings_of(source.id, source.Settings, site)


def settings_of(source_id: str, settings: OptionsClass, site: Mapping[str, Any]) -> Any:
    """The settings of the source of this id."""
    values = {}
    for name in specs(settings):
        stored = site.get(f"{source_id}.{name}")
        if stored is not None:
            try:
                values[name] = read_setting(settings, name, stored)
            except InvalidInput:
                continue
    return settings(**values)


def read_setting(settings: OptionsClass, name: str, given: object) -> Any:
    """One value as the setting takes it.

    :raises InvalidInput: naming the setting and what is expected
    """
    spec = specs(settings)[name]
    try:
        if given is None or (isinstance(given, bool) and spec.kind != "toggle"):
            raise ma.ValidationError(expected(spec))
        if isinstance(given, float) and spec.kind == "number" and spec.integer and not given.is_integer():
            raise ma.ValidationError(expected(spec))
        value = schema_for(settings).fields[name].deserialize(given)
    except ma.ValidationError as error:
        said = error.messages if isinstance(error.messages, list) else [str(error.messages)]
        raise InvalidInput({name: [text if isinstance(text, str) else str(text) for text in said]}) from None
    return value


def expected(spec: Spec) -> str:
    """What to write, as a sentence."""
    if spec.kind == "toggle":
        return say("Write yes or no.")
    if spec.kind == "number":
        return _expected_number(spec)
    if spec.choices:
        return say("Choose from: {choices}.", choices=", ".join(spec.choices))
    return declared(spec.help) if spec.help else say("Write a text.")


def _expected_number(spec: Spec) -> Text:
    if not spec.maximum:
        return say("Write a whole number.") if spec.integer else say("Write a number.")
    if spec.integer:
        return say("Write a whole number from {least:,g} to {most:,g}.", least=spec.minimum or 0, most=spec.maximum)
    return say("Write a number from {least:,g} to {most:,g}.", least=spec.minimum or 0, most=spec.maximum)


@dataclass(frozen=True)
class SourceRule:
    """What one setting of a data source takes, as the pages and the API show it."""

    settings: OptionsClass
    name: str

    @property
    def spec(self) -> Spec:
        """How it was declared."""
        return specs(self.settings)[self.name]

    @property
    def kind(self) -> str:
        """What it is: text, number, toggle or choice."""
        return self.spec.kind

    @property
    def label(self) -> str:
        """What people call it."""
        return self.spec.label

    @property
    def help(self) -> str:
        """What it means, as a sentence."""
        return self.spec.help or say("{label}.", label=declared(self.spec.label))

    @property
    def unit(self) -> str:
        """Nothing: the label says what is counted."""
        return ""

    @property
    def least(self) -> float | None:
        """The smallest number, if it is one."""
        return self.spec.minimum

    @property
    def most(self) -> float | None:
        """The largest number, if it is one."""
        return self.spec.maximum

    @property
    def choices(self) -> Mapping[str, str]:
        """What can be chosen, with what people call it; nothing when it is no choice."""
        return self.spec.choices or {}

    @property
    def step(self) -> str:
        """What numbers may lie between whole ones, for a form."""
        return "1" if self.spec.integer else "any"

    def read(self, stored: object) -> Any:
        """A stored value, or None when it is not valid."""
        try:
            return read_setting(self.settings, self.name, stored)
        except InvalidInput:
            return None

    def complaint(self, value: object) -> str:
        """What is wrong with a value, as a sentence."""
        try:
            read_setting(self.settings, self.name, value)
        except InvalidInput as error:
            said = join(" ", error.fields[self.name])
            return said if said.startswith("Write") else join(" ", [said, expected(self.spec)])
        return ""
