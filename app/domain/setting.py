"""What an administrator may set while the tool runs, and what a stored value is worth.

A value that is not valid, whoever has put it there, counts as if it had never been set.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.domain.texts import say

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
        return say("Write a whole number from {least:,} to {most:,}.", least=self.least, most=self.most)


_WORDS = {"yes": True, "true": True, "on": True, "1": True, "no": False, "false": False, "off": False, "0": False}


@dataclass(frozen=True)
class Switch:
    """What a setting takes that is on or off."""

    label: str
    help: str
    default: bool
    kind = "toggle"
    unit = ""
    expected = say("Write yes or no.")

    def read(self, stored: object) -> bool | None:
        """A stored value, or one written as text; None when it is not valid."""
        return stored if isinstance(stored, bool) else _WORDS.get(str(stored).strip().lower())


@dataclass(frozen=True)
class Words:
    """What a setting takes that is a text of at most `longest` letters."""

    label: str
    help: str
    default: str = ""
    longest: int = 4_000
    is_long: bool = True
    kind = "text"
    unit = ""
    taken = "a text"

    def read(self, stored: object) -> str | None:
        """A stored text, or None when it is none, too long, or of several lines where one is wanted."""
        if not isinstance(stored, str) or len(stored) > self.longest:
            return None
        return stored if self.is_long or not {"\n", "\r"} & set(stored) else None

    @property
    def expected(self) -> str:
        """What to write, as a sentence."""
        if self.is_long:
            return say("Write at most {longest:,} letters.", longest=self.longest)
        return say("Write at most {longest:,} letters on one line.", longest=self.longest)


@dataclass(frozen=True)
class OneOf:
    """What a setting takes that is one of some `choices`, each with how it is shown."""

    label: str
    help: str
    choices: Mapping[str, str]
    default: str
    kind = "choice"
    unit = ""

    def read(self, stored: object) -> str | None:
        """A stored choice, or None when it is none."""
        return stored if isinstance(stored, str) and stored in self.choices else None

    @property
    def expected(self) -> str:
        """What to write, as a sentence."""
        return say("Choose from: {choices}.", choices=", ".join(self.choices))


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
    "posted_days": Rule(
        "Days that posted lists stay",
        "days",
        1,
        3_650,
        "How long a list that was sent to be analysed at once stays, with its result.",
    ),
}
"""By the last part of `limits.open_jobs` and so on."""
LIMIT_DEFAULTS = {"expire_days": 0, "undo_days": 7, "posted_days": 1}
"""Of those limits for which no variable of the environment stands."""


ACCOUNTS = "accounts"
RIGHTS = "rights"

ACCOUNT_RULES: Mapping[str, Switch | Words] = {
    "requests": Switch(
        "Requests for accounts",
        "Whether people may ask for an account on the sign-in page. Administrators approve or refuse it.",
        default=False,
    ),
    "policy": Words(
        "To those who ask for an account",
        "Who gets an account, and what for: shown to those who ask for one, in Markdown.",
    ),
}
"""By the last part of `accounts.requests` and so on."""

LOOKS = "looks"

LOOK_RULES: Mapping[str, OneOf] = {
    "accent": OneOf(
        "Accent colour",
        "The colour of main buttons and of what is chosen, on all pages.",
        {
            "red": "Red",
            "orange": "Orange",
            "green": "Green",
            "teal": "Teal",
            "blue": "Blue",
            "violet": "Violet",
            "pink": "Pink",
            "graphite": "Graphite",
        },
        "red",
    ),
    "home": OneOf(
        "Start page",
        "What people see first after signing in, and when they click the name of the site.",
        {"datasets": "The list of datasets", "create": "New dataset", "about": "About this site"},
        "datasets",
    ),
    "small_pictures": OneOf(
        "Room for small pictures",
        "How much of storage small pictures of image walls may take, so that they are not made for each visitor anew."
        " The oldest go first, and all after 30 days.",
        {"0": "None is kept", "100": "100 MB", "500": "500 MB", "2000": "2 GB", "10000": "10 GB"},
        "500",
    ),
}
"""By the last part of `looks.accent`. The style sheet has each colour for light and dark, with enough contrast."""

EXTENSIONS = "extensions"
EXTENSION = Switch(
    "In use",
    "Whether what the package brings can be used. What waits or runs is left to end; its standing tasks rest as soon as"
    " the scheduler is started anew.",
    default=True,
)
"""What `extensions.<package>` takes, for each installed package with plug-ins."""

RESTART = "machines.restart_asked"
TAG_ORDER = "accounts.tag_order"


def account_setting(site: Mapping[str, Any], what: str) -> bool | str:
    """What has been set about accounts, such as whether people may ask for one; else its default."""
    rule = ACCOUNT_RULES[what]
    found = rule.read(site[f"{ACCOUNTS}.{what}"]) if f"{ACCOUNTS}.{what}" in site else None
    return rule.default if found is None else found


def look_setting(site: Mapping[str, Any], what: str) -> str:
    """How pages look, such as the `accent`: what has been set, else the default."""
    rule = LOOK_RULES[what]
    return rule.read(site.get(f"{LOOKS}.{what}")) or rule.default


def room_for_small_pictures(site: Mapping[str, Any]) -> int:
    """How many bytes the small pictures of image walls may take in storage."""
    return int(look_setting(site, "small_pictures")) * 1_000_000


def tag_order(site: Mapping[str, Any]) -> list[str]:
    """The tags in the order in which their settings count, the first before the others."""
    stored = site.get(TAG_ORDER)
    return [tag for tag in stored if isinstance(tag, str)] if isinstance(stored, list) else []


def is_switched_off(site: Mapping[str, Any], package: str) -> bool:
    """Whether an administrator has switched off an installed package with plug-ins."""
    return EXTENSION.read(site.get(f"{EXTENSIONS}.{package}")) is False


def restart_asked(site: Mapping[str, Any]) -> float:
    """When an administrator asked last that all workers start anew, in seconds since 1970; 0 if never."""
    stored = site.get(RESTART)
    return float(stored) if isinstance(stored, (int, float)) else 0.0


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
