"""The languages that there are catalogues of, and sentences in that of somebody who is not looking at a page."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from babel import Locale
from babel.support import NullTranslations, Translations

from app.domain.texts import told

CATALOGUES = Path(__file__).parent.parent / "translations"
"""Where the catalogues lie: `messages.pot` with all texts, and a folder for each language."""

ENGLISH = "en"


def languages() -> list[str]:
    """The languages in which pages can be, English first."""
    found = sorted(file.parent.parent.name for file in CATALOGUES.glob("*/LC_MESSAGES/messages.mo"))
    return [ENGLISH, *(name for name in found if name != ENGLISH)]


def language_names() -> dict[str, str]:
    """Each of them with what it calls itself."""
    names = ((name, Locale.parse(name).display_name or name) for name in languages())
    return {code: name[:1].upper() + name[1:] for code, name in names}


def in_language(text: str, language: str) -> str:
    """A sentence of ours in a language, for mails; English when there is no catalogue of it."""
    if not language or language == ENGLISH or language not in languages():
        return str(text)
    catalogue = _read(CATALOGUES, language)

    def translate(one: str, many: str | None, amount: int) -> str:
        return str(catalogue.ugettext(one) if many is None else catalogue.ungettext(one, many, amount))

    return told(text, translate)


@lru_cache(maxsize=32)
def _read(folder: Path, language: str) -> NullTranslations:
    return Translations.load(str(folder), [language])
