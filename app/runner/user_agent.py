"""What the installation calls itself when it asks web servers."""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import quote

from app import __version__

_BASE_LETTER = re.compile(r"LATIN (?P<size>CAPITAL|SMALL) LETTER (?:DOTLESS )?(?P<letter>[A-Z]{1,2})(?: WITH .+)?")
_SPELT = {"ß": "ss", "ẞ": "SS"}
_LIKE = {"Pd": "-", "Pi": "'", "Pf": "'", "Zs": " "}


def user_agent(site_name: str, site_url: str = "") -> str:
    """The header `User-Agent` of an installation with this name and, where it is known, this address."""
    address = f"; +{quote(site_url, safe=':/?#[]@!$&()*+,;=%~')}" if site_url else ""
    return f"{in_ascii(site_name)} (4CAT {__version__}, research tool{address})"


def in_ascii(text: str) -> str:
    """A text in the characters that every header may hold.

    Letters lose their accents and strokes, dashes and quotation marks become plain ones; what has no likeness, such as
    another script, is written in per cent as in addresses.
    """
    plain = "".join(map(_plain, unicodedata.normalize("NFKD", text)))
    return " ".join(plain.split()) or "4CAT"


def _plain(character: str) -> str:
    if " " <= character <= "~":
        return character
    if unicodedata.combining(character):
        return ""
    if like := _SPELT.get(character) or _LIKE.get(unicodedata.category(character)):
        return like
    if match := _BASE_LETTER.fullmatch(unicodedata.name(character, "")):
        return match["letter"] if match["size"] == "CAPITAL" else match["letter"].lower()
    return " " if character.isspace() else quote(character, errors="replace")
