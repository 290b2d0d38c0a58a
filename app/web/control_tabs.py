"""The pages of the control panel, and which right opens which."""

from __future__ import annotations

from flask import url_for

from app.domain.right import Right
from app.domain.texts import say
from app.domain.user import User

_TABS = (
    ("control.show", say("Status"), (Right.STATUS,)),
    ("control_work.jobs", say("Jobs"), (Right.STATUS,)),
    ("control_users.overview", say("Users"), (Right.USERS,)),
    ("control_people.tags", say("Tags"), (Right.TAGS, Right.SETTINGS, Right.USERS)),
    ("control_people.requests", say("Requests"), (Right.USERS,)),
    ("control_tokens.show", say("Tokens"), (Right.USERS,)),
    ("control_people.messages", say("Messages"), (Right.MESSAGES,)),
    ("control_work.datasets", say("Datasets"), (Right.DATASETS,)),
    ("control_work.logs", say("Logs"), (Right.STATUS,)),
    ("control_work.plugins", say("Plug-ins"), (Right.STATUS, Right.SETTINGS)),
    ("control_pages.overview", say("Pages"), (Right.SETTINGS,)),
    ("control_settings.show", say("Settings"), (Right.SETTINGS,)),
)
"""Endpoint, label, and the rights of which any opens it. `tests/safety` asks each page with each right."""


def tabs_of(actor: User) -> list[tuple[str, str]]:
    """The address and label of each page that somebody may open, in the order of the tabs."""
    opened = [(endpoint, label) for endpoint, label, rights in _TABS if actor.has(*rights)]
    if actor.has(Right.RESTART) and not actor.has(Right.STATUS):  # whose page has a button for it
        opened.append(("control.ask_restart", say("Restart")))
    return [(url_for(endpoint), label) for endpoint, label in opened]
