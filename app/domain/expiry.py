"""How long captures stay: what is set for each data source, else for all of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.domain.setting import LIMIT_RULES, Rule, Switch, limit_or_default

DAYS, MAY_KEEP = "expire_days", "may_keep"
"""The last parts of `upload.expire_days` and `upload.may_keep`."""

EXPIRY_RULES: Mapping[str, Rule | Switch] = {
    DAYS: Rule(
        "Days until its datasets go",
        "days",
        0,
        LIMIT_RULES[DAYS].most,
        "How old a dataset of this source may become. With 0 none goes by itself.",
    ),
    MAY_KEEP: Switch(
        "Owners may keep them longer",
        "Whether owners may keep a dataset of this source, or choose a later day.",
        default=True,
    ),
}
"""Settings that every data source has."""


@dataclass(frozen=True)
class Expiry:
    """After how many days captures go (0: never), and whether their owners may put that off."""

    days: int
    may_keep: bool


def expiry_of(site: Mapping[str, Any], source: str) -> Expiry:
    """What counts for captures of a source. Where none goes by itself, each may be kept."""
    chosen = EXPIRY_RULES[DAYS].read(site.get(f"{source}.{DAYS}"))
    days = limit_or_default(site, DAYS) if chosen is None else int(chosen)
    return Expiry(days, days == 0 or EXPIRY_RULES[MAY_KEEP].read(site.get(f"{source}.{MAY_KEEP}")) is not False)


def expiries(site: Mapping[str, Any]) -> dict[str, Expiry]:
    """Every source for which something of it is set."""
    named = {name.rpartition(".")[0] for name in site if name.endswith((f".{DAYS}", f".{MAY_KEEP}"))}
    return {source: expiry_of(site, source) for source in named - {"limits"}}
