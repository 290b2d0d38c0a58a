"""Every page that somebody can open, from the map of routes, with something on it."""

from __future__ import annotations

import re
from collections.abc import Mapping

from flask import Flask

_NOT_PAGES = {
    "site.alive", "site.robots", "site.icon", "static", "auth.home",
    "auth.first_run",  # there is an administrator
}  # fmt: skip


def page_addresses(app: Flask, values: Mapping[str, str]) -> list[str]:
    """The addresses of all pages, with `values` in place of what stands in their angle brackets.

    Whatever cannot be filled in, or answers with a piece, a picture or a file, is left out by who opens it.
    """
    found = []
    for rule in app.url_map.iter_rules():
        if "GET" not in (rule.methods or ()) or rule.rule.startswith(("/api", "/metrics")):
            continue
        names = re.findall(r"<(?:[^:>]+:)?(\w+)>", rule.rule)
        if rule.endpoint in _NOT_PAGES or not set(names) <= set(values):
            continue
        found.append(re.sub(r"<(?:[^:>]+:)?(\w+)>", lambda match: values[match[1]], rule.rule))
    return sorted(set(found))
