"""How the text of an environment variable becomes a value, and what to say when it cannot."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import field
from typing import Any
from urllib.parse import urlsplit

Parse = Callable[[str], Any]

PREFIX = r"[A-Za-z0-9_-]{1,40}"
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")

_NEED_HOST = ("redis", "rediss", "s3", "http", "https", "smtp", "smtps", "smtp+starttls")
REQUIRED = "required"
"""In place of the default of what has none."""

_FLAGS = {"yes": True, "true": True, "on": True, "1": True, "no": False, "false": False, "off": False, "0": False}


def setting(variable: str, default: str, help_: str, parse: Parse, shown: str | None = None) -> Any:
    """A field read from `variable`; `shown` describes a default that depends on the machine or on another field."""
    about = {"variable": variable, "default": default, "help": help_, "parse": parse, "shown": shown}
    return field(metadata=about, repr=default != REQUIRED)


def needed(variable: str, help_: str, parse: Parse) -> Any:
    """A field without a default, read from `variable`."""
    return setting(variable, REQUIRED, help_, parse)


class Unfit(ValueError):
    """A text that is no value for its variable: what is wrong with it, and what is expected."""

    def __init__(self, problem: str, expected: str) -> None:
        super().__init__(problem)
        self.problem = problem
        self.expected = expected


def text(raw: str) -> str:
    """Any text on one line."""
    if not raw.isprintable():
        raise Unfit("holds a line break or another control character", "Write it on one line.")
    return raw


def secret(raw: str) -> str:
    """A secret that is long enough to be one. It is never shown, not even when it is wrong."""
    if len(raw) < 16:
        advice = "Make one with: python3 -c 'import secrets; print(secrets.token_urlsafe(32))'"
        raise Unfit(f"has only {len(raw)} characters", f"It must have at least 16. {advice}")
    return raw


def flag(raw: str) -> bool:
    """Yes or no."""
    if raw.lower() not in _FLAGS:
        raise Unfit(f"is {raw!r}", "Write yes or no.")
    return _FLAGS[raw.lower()]


def names(raw: str) -> tuple[str, ...]:
    """Names separated by commas."""
    return tuple(dict.fromkeys(part.strip() for part in raw.split(",") if part.strip()))


def count(least: int, most: int, otherwise: Callable[[], int] | None = None) -> Parse:
    """A whole number; an empty text is what `otherwise` gives."""

    def parse(raw: str) -> int:
        if not raw and otherwise is not None:
            return otherwise()
        if not re.fullmatch(r"[+-]?\d{1,15}", raw) or not least <= int(raw) <= most:
            raise Unfit(f"is {raw!r}", f"Write a whole number from {least} to {most}.")
        return int(raw)

    return parse


def number(least: float, most: float) -> Parse:
    """A number, whole or not."""

    def parse(raw: str) -> float:
        if not re.fullmatch(r"\d{1,15}(\.\d+)?", raw) or not least <= float(raw) <= most:
            raise Unfit(f"is {raw!r}", f"Write a number from {least:g} to {most:g}.")
        return float(raw)

    return parse


def one_of(*choices: str) -> Parse:
    """One of a few words, in capitals or not."""

    def parse(raw: str) -> str:
        if raw.upper() not in choices:
            raise Unfit(f"is {raw!r}", f"Write one of {', '.join(choices)}.")
        return raw.upper()

    return parse


def matching(pattern: str, expected: str) -> Parse:
    """A text of a certain form."""

    def parse(raw: str) -> str:
        if not re.fullmatch(pattern, raw):
            raise Unfit(f"is {raw!r}", f"{expected}.")
        return raw

    return parse


def url(*schemes: str, optional: bool = False) -> Parse:
    """An address that begins with one of these schemes. It may hold a password, so it is not shown when it is wrong."""

    def parse(raw: str) -> str:
        if not raw and optional:
            return raw
        expected = f"It must begin with {' or '.join(f'{scheme}://' for scheme in schemes)}."
        try:
            parts = urlsplit(raw)
            port = parts.port
        except ValueError:
            raise Unfit("is not an address", f"{expected} The port must be a number.") from None
        if parts.scheme not in schemes or "://" not in raw:
            found = f"begins with {parts.scheme}:" if parts.scheme else "has no scheme"
            raise Unfit(found, expected)
        if port == 0 or (parts.scheme in _NEED_HOST and not parts.hostname):
            raise Unfit("names no host" if port != 0 else "names port 0", f"{expected} A host must follow.")
        if parts.scheme in ("unix", "file") and not parts.path.strip("/"):
            raise Unfit("names no path", f"Write it as {parts.scheme}:///a/path.")
        return raw

    return parse


def urls(*schemes: str) -> Parse:
    """Addresses separated by commas, each beginning with one of these schemes and naming a host."""
    one = url(*schemes)

    def parse(raw: str) -> tuple[str, ...]:
        found: tuple[str, ...] = names(raw)
        for address in found:
            one(address)
        return found

    return parse
