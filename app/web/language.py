"""The language of a page: what the reader has chosen, else that of the browser, where there is a catalogue of it."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

from babel import Locale
from babel.messages.extract import extract_from_file
from babel.support import NullTranslations
from flask import Flask, current_app, g, has_request_context, request
from flask_babel import Babel, get_locale, get_translations
from jinja2.utils import htmlsafe_json_dumps
from markupsafe import Markup

from app.domain import texts
from app.domain.errors import Unavailable
from app.services import language as catalogues
from app.services.language import ENGLISH
from app.sessions import session_user

SCRIPT_TEXTS = {"say": None, "sayMany": (1, 2)}
"""What marks a text in the scripts, as Babel wants to know it."""

_LANGUAGES = "languages"


def init_language(app: Flask) -> None:
    """Show pages in the reader's language; which there are is looked up once, here."""
    app.extensions[_LANGUAGES] = catalogues.languages()
    babel = Babel(configure_jinja=False)
    babel.init_app(app, default_translation_directories=str(catalogues.CATALOGUES), locale_selector=_choose)
    app.jinja_env.add_extension("jinja2.ext.i18n")
    marks: Any = app.jinja_env
    marks.install_gettext_callables(gettext=lambda one: _look_up(one, None, 1), ngettext=_look_up, newstyle=True)
    app.jinja_env.globals.update(_=marked, say_many=texts.say_many, language=language, script_texts=script_texts)
    app.jinja_env.filters["told"] = texts.told
    texts.speak_with(_look_up)


def _choose() -> str:
    """What the reader has chosen, else the first language that the browser wants and that there is; else English."""
    languages: list[str] = current_app.extensions[_LANGUAGES]
    if len(languages) == 1:
        return ENGLISH
    chosen = _chosen()
    if chosen in languages:
        return chosen
    names = {name.lower().replace("_", "-"): name for name in languages}
    wanted = [tag.lower() for tag, quality in request.accept_languages if quality > 0]
    found = (names.get(tag) or names.get(tag.partition("-")[0]) for tag in wanted)
    return next((name for name in found if name), ENGLISH)


def _chosen() -> str:
    """What whoever is signed in has chosen; nothing while the database does not answer."""
    try:
        reader = session_user()
    except Unavailable:
        return ""
    return reader.language if reader else ""


def _catalogue() -> NullTranslations | None:
    """What this request is translated with; None for English."""
    if not has_request_context():
        return None
    if "catalogue" not in g:
        is_english = str(get_locale()) == ENGLISH
        g.catalogue = None if is_english else get_translations()
    found: NullTranslations | None = g.catalogue
    return found


def _look_up(one: str, many: str | None, amount: int) -> str:
    catalogue = _catalogue()
    if catalogue is None:
        return one if many is None or amount == 1 else many
    return str(catalogue.ugettext(one) if many is None else catalogue.ungettext(one, many, amount))


def marked(text: str, /, **values: Any) -> Markup:
    """What a template says, as HTML in the language of this page: as Jinja's own, and twice as fast."""
    found = _look_up(text, None, 1)  # a text is ours, so it may hold HTML; its values are escaped
    return Markup(found) % values if values else _plain(found)  # noqa: S704


@lru_cache(maxsize=4096)
def _plain(text: str) -> Markup:
    return Markup(text) % {}  # noqa: S704


def language() -> str:
    """The language of this page, as HTML names it."""
    return str(get_locale() or ENGLISH).replace("_", "-")


def script_texts() -> Markup:
    """What the scripts say, in the language of this page, for `app.js` to read; nothing for English."""
    catalogue = _catalogue()
    if catalogue is None:
        return Markup("")
    samples = _samples(str(get_locale()))
    found: dict[str, str | dict[str, str]] = {}
    for message in _said_by_scripts():
        if isinstance(message, str):
            found[message] = _look_up(message, None, 1)
        else:
            one, many = message
            found[one] = {name: _look_up(one, many, amount) for name, amount in samples.items()}
    return Markup('<script type="application/json" id="texts">{}</script>').format(htmlsafe_json_dumps(found))


@lru_cache
def _samples(name: str) -> dict[str, int]:
    """The plural categories of a language as browsers name them, each with an amount that belongs to it."""
    rule: Callable[[int], str] = Locale.parse(name).plural_form
    return {rule(amount): amount for amount in range(200, -1, -1)}


@lru_cache
def _said_by_scripts() -> list[str | tuple[str, str]]:
    """The texts that are marked in the scripts."""
    found: list[str | tuple[str, str]] = []
    for script in sorted((Path(__file__).parent / "static").glob("*.js")):
        for _, message, _, _ in extract_from_file("javascript", script, SCRIPT_TEXTS):
            found.append(message if isinstance(message, str) else (message[0], message[1]))
    return found
