"""A package: a capture with all made from it in one ZIP, for another installation. docs/packages.md tells the format.

What is in it is named here once, for those who write packages and those who read them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

FORMAT = "4cat-package"
VERSION = 1
"""The version of the format. Readers refuse a higher one, which they cannot know."""
MANIFEST = "manifest.json"
"""The last member of a package. It names every other one with its size and SHA-256."""
KEY = re.compile(r"[0-9a-f]{32}")
"""What keys of datasets look like."""


def rewrite_keys(value: Any, keys: Mapping[str, str]) -> Any:
    """The same value with every text that is one of these keys replaced, at any depth."""
    if isinstance(value, str):
        return keys.get(value, value)
    if isinstance(value, Mapping):
        return {name: rewrite_keys(part, keys) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [rewrite_keys(part, keys) for part in value]
    return value
