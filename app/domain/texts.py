"""Sentences for people that can be shown in their language.

`say("The column {name} is missing.", name=name)` is the English sentence, as any other `str`: that is what logs, the
API and the database get. It remembers the sentence without its values too, so that a page can show it in the reader's
language. A page does so by itself wherever it puts a sentence into HTML (`Text.__html__`). What is not HTML asks with
`told`.

Sentences are whole, with their punctuation, and written out where `say` is called, from where they are collected for
translators.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from html import escape
from typing import Any

__all__ = ["Text", "declared", "join", "recalled", "recorded", "say", "say_many", "speak_with", "told"]

Translate = Callable[[str, str | None, int], str]


def _english(one: str, many: str | None, amount: int) -> str:
    return one if many is None or amount == 1 else many


_translate: Translate = _english


def speak_with(translate: Translate) -> None:
    """Look sentences up with this function: given the English one, its plural or None, and the amount that decides."""
    global _translate  # noqa: PLW0603
    _translate = translate


class Text(str):
    """An English sentence that remembers how it was put together, so that it can be so in another language."""

    __slots__ = ("amount", "many", "one", "values")

    one: str
    many: str | None
    amount: int
    values: dict[str, Any]

    def __new__(cls, one: str, many: str | None = None, amount: int = 1, values: dict[str, Any] | None = None) -> Text:
        """:param values: what stands for the names in braces; None where there are none, and braces are letters"""
        english = _english(one, many, amount)
        text = super().__new__(cls, english if values is None else english.format(**values))
        text.one, text.many, text.amount, text.values = one, many, amount, values or {}
        return text

    def __getnewargs__(self) -> Any:
        return self.one, self.many, self.amount, self.values or None

    def format(self, *_: object, **values: object) -> Text:
        """The same with further values, for libraries that fill them in."""
        return Text(self.one, self.many, self.amount, {**self.values, **values})

    def __html__(self) -> str:
        """The sentence in the reader's language, as HTML."""
        return _HTML(escape(told(self), quote=False).replace("'", "&#39;").replace('"', "&#34;"))


class _HTML(str):
    """Text that is HTML already, as those know it who put HTML together."""

    def __html__(self) -> str:
        return self


def say(sentence: str, /, **values: Any) -> Text:
    """A sentence; `{name}` in it is replaced by the value of that name, which may be a sentence or an error."""
    return Text(sentence, values={name: _said(value) for name, value in values.items()} or None)


def _said(value: Any) -> Any:
    """A value; of an error what it says, so that nothing holds on to where it was raised."""
    if not isinstance(value, BaseException):
        return value
    return value.args[0] if value.args and isinstance(value.args[0], Text) else str(value)


def say_many(one: str, many: str, amount: int, /, **values: Any) -> Text:
    """The first sentence for an amount of one, else the second; `{n}` in either is the amount."""
    return Text(one, many, amount, {"n": f"{amount:,}", **values})


def declared(text: str) -> Text:
    """What a plug-in or a setting declares: it is in the catalogue as it stands, braces and all."""
    return text if isinstance(text, Text) else Text(text)


def join(between: str, sentences: Iterable[str]) -> Text:
    """Several sentences as one text, with `between` between them, which may be one too."""
    parts = {f"part{place}": sentence for place, sentence in enumerate(sentences)}
    return Text("{between}".join(f"{{{name}}}" for name in parts), values={"between": between, **parts})


def recorded(text: str) -> Any:
    """How a sentence was put together, as plain JSON, to be kept or sent; a plain string as it is."""
    if not isinstance(text, Text):
        return text
    values = {name: _plain(value) for name, value in text.values.items()}
    record = {"one": str(text.one), "many": text.many, "amount": text.amount, "values": values or None}
    try:
        return record if recalled(record) == text else str(text)
    except ValueError:  # what the values are decides how they are written
        return str(text)


def _plain(value: Any) -> Any:
    if isinstance(value, Text):
        return recorded(value)
    return value if value is None or type(value) in (str, int, float, bool) else str(value)


def recalled(record: Any) -> str:
    """The sentence of such a record. :raises ValueError: when it is none, such as one of another release"""
    if isinstance(record, str):
        return record
    try:
        values = record["values"] and {
            name: recalled(value) if isinstance(value, dict) else value for name, value in record["values"].items()
        }
        return Text(record["one"], record["many"], record["amount"], values)
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        raise ValueError(f"no sentence: {error}") from None


def told(text: str, translate: Translate | None = None) -> str:
    """A sentence in the reader's language; a plain string as the declaration of a plug-in or a setting.

    With `translate`, in the language that this looks sentences up in.
    """
    look_up = translate or _translate
    if not text:
        return text
    if not isinstance(text, Text):
        return look_up(text, None, 1) if type(text) is str else text
    sentence = look_up(text.one, text.many, text.amount)
    if not text.values:
        return sentence
    values = {name: told(value, translate) if isinstance(value, Text) else value for name, value in text.values.items()}
    return sentence.format(**values)
