"""One connection to PostgreSQL: how it is opened, what it waits for, and what its errors mean."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg2
import psycopg2.extras
from psycopg2.errors import (
    IdleInTransactionSessionTimeout,
    LockNotAvailable,
    NumericValueOutOfRange,
    ReadOnlySqlTransaction,
    UntranslatableCharacter,
)
from psycopg2.extensions import QueryCanceledError, TransactionRollbackError, connection

from app.domain.errors import Busy, InvalidInput, TookTooLong, Unavailable
from app.domain.texts import say

_WATCH_CLIENT = "client_connection_check_interval"
_GONE_AFTER = (
    "-c tcp_keepalives_idle=5 -c tcp_keepalives_interval=2 -c tcp_keepalives_count=3 -c tcp_user_timeout=10000"
    " -c idle_in_transaction_session_timeout=60000"
)
"""The server notices within about ten seconds that a client is cut off; until then it keeps what that one locked.

One that is still there and stands still, such as a suspended machine's, keeps it for a minute.
"""


def connect(url: str, *, name: str = "4cat", timeout: int = 5, lock_seconds: float = 0) -> connection:
    """Open one connection. A query ends within seconds when the process that asked it dies.

    A statement waits for `lock_seconds` at most for what another transaction has locked; 0 is as long as it takes.

    :raises Unavailable: when the server does not answer
    """
    options = f"-c lock_timeout={round(lock_seconds * 1000)}"
    try:
        return _connect(url, name, timeout, f"{options} -c {_WATCH_CLIENT}=2000")
    except psycopg2.OperationalError as error:
        if _WATCH_CLIENT not in str(error):
            raise Unavailable(say("The database does not answer: {error}", error=str(error).strip())) from error
    try:  # PostgreSQL learned it with version 14
        return _connect(url, name, timeout, options)
    except psycopg2.OperationalError as error:
        raise Unavailable(say("The database does not answer: {error}", error=str(error).strip())) from error


def _connect(url: str, name: str, timeout: int, options: str) -> connection:
    return psycopg2.connect(
        url,
        application_name=name,
        connect_timeout=timeout,
        cursor_factory=psycopg2.extras.RealDictCursor,
        keepalives_idle=15,
        keepalives_interval=5,
        keepalives_count=3,
        tcp_user_timeout=10_000,
        options=f"-c timezone=UTC {_GONE_AFTER} {options}",
    )


@contextmanager
def explained() -> Iterator[None]:
    """Turn what the driver raises into what it means for whoever asked.

    :raises Busy: when another transaction stood in the way
    :raises TookTooLong: when a statement took longer than it was given
    :raises Unavailable: when the server does not answer
    :raises InvalidInput: for what no table can hold
    """
    try:
        yield
    except (LockNotAvailable, TransactionRollbackError) as error:
        raise Busy from error
    except QueryCanceledError as error:
        raise TookTooLong from error
    except (psycopg2.OperationalError, ReadOnlySqlTransaction) as error:  # the latter while a spare takes over
        raise Unavailable(say("The database does not answer: {error}", error=str(error).strip())) from error
    except (psycopg2.InterfaceError, IdleInTransactionSessionTimeout) as error:  # the latter after standing still
        raise Unavailable(say("The connection to the database is gone: {error}", error=str(error).strip())) from error
    except (UntranslatableCharacter, NumericValueOutOfRange) as error:
        raise _not_storable() from error
    except ValueError as error:
        if "NUL (0x00)" in str(error) or isinstance(error, UnicodeEncodeError):
            raise _not_storable() from error
        raise


def _not_storable() -> InvalidInput:
    """The error for what a script sent that no table can hold."""
    text = "This holds a character or a number that cannot be stored, such as the character NUL. Leave it out."
    return InvalidInput({"value": [text]}, text)
