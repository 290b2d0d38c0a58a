"""The HTTP status of every error, for pages and API alike."""

from __future__ import annotations

from werkzeug.exceptions import HTTPException

from app.domain.errors import (
    Conflict,
    InvalidInput,
    NotAllowed,
    NotCompatible,
    NotFound,
    NotSignedIn,
    SourceError,
    StorageFull,
    TooLarge,
    TooManyJobs,
    Unavailable,
    UserError,
    WrongChecksum,
)

_STATUS: dict[type[BaseException], int] = {
    UserError: 400,
    NotSignedIn: 401,
    NotAllowed: 403,
    NotFound: 404,
    Conflict: 409,
    TooLarge: 413,
    InvalidInput: 422,
    NotCompatible: 422,
    TooManyJobs: 429,
    WrongChecksum: 460,  # of the protocol for uploads in chunks
    SourceError: 502,
    Unavailable: 503,
    # What RFC 4331 answers with when somebody's quota is used up. A 4xx would blame the request, which is a good one.
    StorageFull: 507,
}


def status_of(error: Exception) -> int:
    """The status that answers an error: its own, else that of what it is a kind of, else 500."""
    if isinstance(error, HTTPException):
        return error.code or 500
    return next((_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS), 500)
