"""What one may do, each by one name: what everybody may unless it is taken from them, and what must be given."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from app.domain.setting import LIMIT_DEFAULTS, LIMIT_RULES, LIMITS, RIGHTS, Rule, Switch

RIGHT_RULES: Mapping[str, Switch] = {
    "capture": Switch("May make datasets", "Capture, search, import and upload.", default=True),
    "analyse": Switch("May run analyses", "On every dataset that they see.", default=True),
    "tokens": Switch("May make API tokens", "Tokens that they have stay valid.", default=True),
    "browse": Switch(
        "May list the datasets of others",
        "Those that are not private. Without it, a list has what is theirs or shared with them; whoever has the address"
        " of a dataset that is not private sees it all the same.",
        default=True,
    ),
    "publish": Switch(
        "May show datasets to everyone",
        "So that all who sign in see them; those that are public stay so.",
        default=True,
    ),
    "export": Switch("May take datasets elsewhere", "Their own, as packages for another installation.", default=True),
}
"""By the last part of `rights.capture` and so on: what everybody may do unless it is taken from them."""


class Right(StrEnum):
    """A right that must be given to a person or a tag, as the setting `rights.<name>`; never to everybody."""

    SIGHT = "see_private"
    USERS = "admin_users"
    TAGS = "admin_tags"
    MESSAGES = "admin_messages"
    SETTINGS = "admin_settings"
    DATASETS = "admin_datasets"
    STATUS = "admin_status"
    RESTART = "admin_restart"

    @property
    def setting(self) -> str:
        """The name of the setting that gives it."""
        return f"{RIGHTS}.{self}"


GIVEN_RULES: Mapping[str, Switch] = {
    Right.SIGHT: Switch(
        "May see all datasets",
        "Private ones of others too, to look at and to analyse; not to change.",
        default=False,
    ),
    Right.USERS: Switch(
        "Administers users",
        "Makes, changes and deletes accounts that may do no more than they may, gives them tags, decides on requests"
        " for accounts, and revokes tokens.",
        default=False,
    ),
    Right.TAGS: Switch(
        "Administers tags",
        "Gives tags to people, takes them away, and orders them.",
        default=False,
    ),
    Right.MESSAGES: Switch("Sends messages", "To everybody, to those with a tag, and to one user.", default=False),
    Right.SETTINGS: Switch(
        "Administers settings",
        "Those of the site, of data sources and of work, what users and tags may have and do, and the texts of pages."
        " Gives and takes only the rights that they have themselves.",
        default=False,
    ),
    Right.DATASETS: Switch("Administers all datasets", "Sees, changes and deletes those of everybody.", default=False),
    Right.STATUS: Switch(
        "Sees how the machinery is",
        "Its state, jobs, logs, errors and metrics, with the names of the datasets that they are about; runs failed"
        " jobs again, and cancels jobs.",
        default=False,
    ),
    Right.RESTART: Switch("Restarts the workers", "On all machines.", default=False),
}
"""By the last part of `rights.see_private` and so on."""

CONTROL = frozenset(Right) - {Right.SIGHT}
"""Those that open pages of the control panel."""

PERSON_RULES: Mapping[str, Rule | Switch] = {
    **{f"{LIMITS}.{what}": rule for what, rule in LIMIT_RULES.items() if what not in LIMIT_DEFAULTS},
    **{f"{RIGHTS}.{what}": switch for what, switch in {**RIGHT_RULES, **GIVEN_RULES}.items()},
}
"""What may be set for one user, or for all who have a tag, instead of what is set for everybody."""
