"""What an administrator may set while the tool runs, and what a stored value is worth.

A value that is not valid, whoever has put it there, counts as if it had never been set.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

WORKERS = "workers"
LIMITS = "limits"


@dataclass(frozen=True)
class Rule:
    """What one setting takes: a whole number from `least` to `most`. `help` says what it means."""

    label: str
    unit: str
    least: int
    most: int
    help: str
    kind = "number"
    step = "1"

    def read(self, stored: object) -> int | None:
        """A stored value, or None when it is not valid."""
        if not isinstance(stored, int) or isinstance(stored, bool):
            return None
        return stored if self.least <= stored <= self.most else None

    @property
    def expected(self) -> str:
        """What to write, as a sentence."""
        return f"Write a whole number from {self.least:,} to {self.most:,}."


WORKER_RULES: Mapping[str, Rule] = {
    "max_workers": Rule(
        "Jobs at once",
        "jobs",
        0,
        10_000,
        "How many jobs of this type may run at once, on all machines together. With 0 none starts.",
    ),
    "memory_mb": Rule("Memory in MB", "MB", 128, 1_048_576, "The most memory that one job of this type may use."),
    "minutes": Rule("Minutes", "minutes", 1, 527_040, "The longest that one job of this type may take."),
}
"""By the last part of `workers.<type>.max_workers` and so on."""

LIMIT_RULES: Mapping[str, Rule] = {
    "open_jobs": Rule(
        "Open jobs",
        "jobs",
        0,
        1_000_000,
        "The most jobs that one person may have waiting and running. With 0 there is no limit.",
    ),
    "stored_mb": Rule(
        "Storage in MB",
        "MB",
        0,
        1_000_000_000,
        "The most that the results and uploads of one person may take in storage. With 0 there is no limit.",
    ),
    "expire_days": Rule(
        "Days until datasets go",
        "days",
        0,
        36_500,
        "How old a capture may become before it is deleted with all made from it, unless its owners keep it. "
        "With 0 none is.",
    ),
    "undo_days": Rule(
        "Days to undo",
        "days",
        0,
        3_650,
        "For how many days deleted datasets can be brought back. They take room in storage until then.",
    ),
}
"""By the last part of `limits.open_jobs` and so on."""
LIMIT_DEFAULTS = {"expire_days": 0, "undo_days": 7}
"""Of those limits for which no variable of the environment stands."""


def worker_setting(site: Mapping[str, Any], type_: str, what: str) -> int | None:
    """What has been set for a type of work, such as its `max_workers`; None when nothing valid has."""
    return WORKER_RULES[what].read(site.get(f"{WORKERS}.{type_}.{what}"))


def places_of(site: Mapping[str, Any], type_: str, declared: int) -> int:
    """How many jobs of a type may run at once: what is set, else what the type declares."""
    chosen = worker_setting(site, type_, "max_workers")
    return declared if chosen is None else chosen


def limit_setting(site: Mapping[str, Any], what: str) -> int | None:
    """What has been set as a limit per person, such as `open_jobs`; None when nothing valid has."""
    return LIMIT_RULES[what].read(site.get(f"{LIMITS}.{what}"))


def limit_or_default(site: Mapping[str, Any], what: str) -> int:
    """One of the limits of `LIMIT_DEFAULTS`: what has been set, else its default."""
    chosen = limit_setting(site, what)
    return LIMIT_DEFAULTS[what] if chosen is None else chosen


def describe_site_settings() -> list[str]:
    """These settings as a section of Markdown, line by line."""
    names = {f"{WORKERS}.TYPE.{what}": rule for what, rule in WORKER_RULES.items()}
    names |= {f"{LIMITS}.{what}": rule for what, rule in LIMIT_RULES.items()}
    return [
        "",
        "## Changed while the tool runs",
        "",
        "Administrators change these on the page *Settings* of the control panel, by `PUT /api/settings/{name}` or",
        "with `./4cat setting set NAME VALUE`. They are kept in the database and hold for all machines. `TYPE` is a",
        "type of work, such as `tokenise-posts`; `./4cat setting list` shows all of them with their defaults. How",
        "many jobs may run at once changes without a restart, and what runs is left to end. Memory and time count",
        "for jobs that start afterwards.",
        "",
        "| name | takes | what it means |",
        "|---|---|---|",
        *(f"| `{name}` | {rule.least:,} to {rule.most:,} {rule.unit} | {rule.help} |" for name, rule in names.items()),
        "",
        "**Limits per person** hold when something is asked for: a capture, an analysis with all its steps, another",
        "try, an upload. Administrators are held to them too. A megabyte of storage is a million bytes. A result is",
        "never thrown away for its size, so it may take its owner beyond the limit; nothing more can be asked for then",
        "until datasets have been deleted for good; those that can still be brought back count.",
        "",
        "**Old datasets** go when `limits.expire_days` is set, or on the day that an owner has chosen. An owner may",
        "keep a dataset whatever its age. The task `delete-datasets` does it once an hour, and leaves what is at work.",
        "",
        "**Data sources** have settings of their own, named after the source, such as `fourchan.boards`, in the same",
        "places. [What those of imageboards mean](imageboards.md#settings).",
    ]
