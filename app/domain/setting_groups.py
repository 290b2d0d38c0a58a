"""The settings that hold for the whole site and have a default of their own, in the order in which they are listed."""

from __future__ import annotations

from collections.abc import Mapping

from app.domain.alert import ALERT_RULES, ALERTS
from app.domain.capture_rules import CAPTURE_RULES, CAPTURES
from app.domain.right import RIGHT_RULES
from app.domain.setting import ACCOUNT_RULES, ACCOUNTS, LOOK_RULES, LOOKS, RIGHTS, OneOf, Switch, Words
from app.domain.site_page import TEXT_RULES, TEXTS

SITE_GROUPS: Mapping[str, Mapping[str, Switch | Words | OneOf]] = {
    RIGHTS: RIGHT_RULES,
    ACCOUNTS: ACCOUNT_RULES,
    CAPTURES: CAPTURE_RULES,
    LOOKS: LOOK_RULES,
    TEXTS: TEXT_RULES,
    ALERTS: ALERT_RULES,
}
"""By the first and the last part of their names: `SITE_GROUPS["looks"]["accent"]` is about `looks.accent`."""
