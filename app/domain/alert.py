"""What administrators are told of outside of the control panel, and where."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from app.domain.setting import OneOf, Words
from app.domain.texts import Text, say

ALERTS = "alerts"
TOLD = "machines.alerts_told"
"""The setting that notes up to which moment has been told, and where."""

_ADDRESS = re.compile(r"https?://[^\s/]+(/\S*)?")


class WebAddress(Words):
    """What a setting takes that is the address of a web page, or nothing."""

    taken = "an address"

    def read(self, stored: object) -> str | None:
        """A stored address, or None when it is none or too long."""
        found = super().read(stored)
        return found if not found or _ADDRESS.fullmatch(found) else None

    @property
    def expected(self) -> Text:
        """What to write, as a sentence."""
        return say("Write an address that begins with https://.")


ALERT_RULES: Mapping[str, Words | OneOf] = {
    "webhook": WebAddress(
        "Address to tell",
        "An incoming webhook of Slack, Mattermost, Rocket.Chat or anything that takes JSON with a text. It is told once"
        " a minute what is new: numbers and kinds of errors, no data.",
        longest=500,
        is_long=False,
    ),
    "about": OneOf(
        "What is told",
        "What the address is told of.",
        {
            "errors": "Errors of pages, and standing tasks that failed",
            "failures": "Also captures and analyses that failed",
        },
        "errors",
    ),
}
"""By the last part of `alerts.webhook` and so on."""


def alert_setting(site: Mapping[str, Any], what: str) -> str:
    """What has been set about alerts, else the default."""
    rule = ALERT_RULES[what]
    return rule.read(site.get(f"{ALERTS}.{what}")) or rule.default
