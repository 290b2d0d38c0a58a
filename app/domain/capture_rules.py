"""What administrators set about captures: whether a source can be used for new ones, and what becomes of names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.domain.expiry import EXPIRY_RULES
from app.domain.setting import OneOf, Rule, Switch

OFFERED = "offered"

SOURCE_RULES: Mapping[str, Rule | Switch] = {
    OFFERED: Switch(
        "Can be chosen",
        "Whether new datasets can be made from this source. What there is of it stays, and what is collected by itself"
        " goes on.",
        default=True,
    ),
    **EXPIRY_RULES,
}
"""Settings that every data source has, by the last part of `upload.offered` and so on."""

CAPTURES = "captures"
PROTECTION = ("none", "pseudonymise", "anonymise")
"""What can be done to the names of authors, the least first."""

CAPTURE_RULES: Mapping[str, OneOf] = {
    "names": OneOf(
        "Names of authors",
        "What is done at least to the names of authors in new datasets, before anything is stored; who makes a dataset"
        " can choose more.",
        {"none": "As each person chooses", "pseudonymise": "Replaced by codes", "anonymise": "Removed"},
        "none",
    )
}
"""By the last part of `captures.names`."""


def is_offered(site: Mapping[str, Any], source: str) -> bool:
    """Whether new datasets can be made from a source."""
    return SOURCE_RULES[OFFERED].read(site.get(f"{source}.{OFFERED}")) is not False


def protection_of_names(site: Mapping[str, Any], wanted: str = "none") -> str:
    """What is done to names: what is wanted, or what an administrator has set, if that is more."""
    rule = CAPTURE_RULES["names"]
    least = rule.read(site.get(f"{CAPTURES}.names")) or rule.default
    return max(wanted, least, key=PROTECTION.index)
