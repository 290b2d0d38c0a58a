"""How an import is refused: in one sentence, which names what will not do."""

from __future__ import annotations

from app.plugins import InvalidInput


def refusal(text: str) -> InvalidInput:
    """The error that says this and nothing more."""
    return InvalidInput({"file": [text]}, text)
