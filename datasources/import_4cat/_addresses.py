"""Addresses of datasets in other installations, as a browser shows them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from app.domain.package import KEY
from app.domain.texts import say
from app.plugins import InvalidInput

MOST = 100
_PLACE = re.compile(rf"(?P<base>.*?)/(?P<page>datasets|results)/(?P<key>{KEY.pattern})(?:/[^\s]*)?")


@dataclass(frozen=True)
class Address:
    """A dataset in another installation: where that is, and the key of the dataset."""

    base: str
    page: str
    key: str

    @property
    def is_older(self) -> bool:
        """Whether it is in a 4CAT 1.56 or the like, by the address of its pages."""
        return self.page == "results"

    @property
    def url(self) -> str:
        """Its address there."""
        return f"{self.base}/{self.page}/{self.key}"


def addresses_in(text: str) -> list[Address]:
    """The addresses in a text, each once; they stand on lines of their own, or with commas between them.

    :raises InvalidInput: naming the first that is none of a dataset
    """
    found = [read_address(part) for part in re.split(r"[\s,]+", text.strip()) if part]
    unique = list(dict.fromkeys(found))
    if len(unique) > MOST:
        raise InvalidInput({"addresses": [say("Give at most {most} addresses at once.", most=MOST)]})
    return unique


def read_address(text: str) -> Address:
    """One address. :raises InvalidInput: when it is none of a dataset"""
    try:
        parts = urlsplit(text)
        host = parts.hostname
    except ValueError:
        host = None
    place = _PLACE.fullmatch(parts.path) if host and parts.scheme in ("http", "https") else None
    if host is None or place is None or parts.username or parts.password:
        raise InvalidInput(
            {
                "addresses": [
                    say(
                        "“{text}” is not the address of a dataset. Copy it from the browser:"
                        " https://4cat.example.org/datasets/… or https://4cat.example.org/results/…",
                        text=text[:200],
                    )
                ]
            }
        )
    return Address(f"{parts.scheme}://{parts.netloc}{place['base']}", place["page"], place["key"])
