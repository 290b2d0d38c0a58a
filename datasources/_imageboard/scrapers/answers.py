"""What the status of an answer means."""

from __future__ import annotations

from app.domain.texts import say
from app.plugins import Answer, SourceError


def is_gone(answer: Answer) -> bool:
    """Whether the board has no such page, or has it no more."""
    return answer.status in (404, 410)


def require_page(url: str, answer: Answer, *, retry_after: float | None = None) -> None:
    """Make sure that an answer is a page. :raises SourceError: when it is not, to be tried again after some seconds"""
    if answer.status != 200:
        raise SourceError(
            say("{url} answers with status {status}.", url=url, status=answer.status), retry_after=retry_after
        )


def outdated(url: str) -> str:
    """Why a page was left aside that is a copy of an earlier one."""
    return say("{url} gave a copy that is older than what was read before.", url=url)
