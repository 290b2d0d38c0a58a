"""Every error the tool raises on purpose.

FourcatError
  UserError                      shown to the user as it is; never retried
    InvalidInput(fields)         some fields are wrong: {field: [what is wrong and what to do]}
      TooLarge                   a file is larger than this site takes
    NotFound                     there is no such thing, or it is not yours to see
    NotAllowed                   you may not do this
    NotSignedIn                  sign in first
    NotCompatible                this analysis does not fit this dataset
    Conflict                     the thing is in a state in which this cannot be done
      BeingDone                  the same request is at work at this moment
      WrongChecksum              what came in is not what was sent
    LimitReached                 one person may not have more than this
      TooManyJobs                as many jobs as one person may have are open
      StorageFull                as much as one person may store is stored
    EmptyResult                  the work was done and found nothing
  SourceError                    the remote side failed; retried unless permanent
  PluginError                    a plug-in is broken: an author's fault, named
  Unavailable                    a part of the installation does not answer
    TookTooLong                  the database did not answer in the time it was given
    Busy                         another change to the same thing has not come to its end
  SettingsError(variable)        a setting in the environment is missing or wrong
Cancelled (BaseException)        the user asked to stop; no plug-in can swallow it
"""

from __future__ import annotations

from app.domain.texts import declared, join, say


class FourcatError(Exception):
    """Something went wrong in 4CAT."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or declared((self.__doc__ or "").strip()))

    @property
    def message(self) -> str:
        """The sentence to show."""
        message = self.args[0]
        return message if isinstance(message, str) else str(message)


class UserError(FourcatError):
    """What was asked for cannot be done as asked."""


class InvalidInput(UserError):
    """Some of the input is not valid."""

    def __init__(self, fields: dict[str, list[str]], message: str | None = None) -> None:
        self.fields = fields
        if message is None:
            named = [say("{name}: {texts}", name=name, texts=join(" ", texts)) for name, texts in fields.items()]
            message = join("; ", named)
        super().__init__(message)

    @property
    def texts(self) -> list[str]:
        """All that is wrong, whichever field it is about."""
        return [text for texts in self.fields.values() for text in texts]


class TooLarge(InvalidInput):
    """This file is larger than this site takes."""


class NotFound(UserError):
    """There is no such thing here, or it is not shared with you."""


class NotAllowed(UserError):
    """You are not allowed to do this."""


class NotSignedIn(UserError):
    """Sign in, or send a token, to do this."""


class NotCompatible(UserError):
    """This analysis cannot run on this dataset."""


class Conflict(UserError):
    """This cannot be done in the state the thing is in."""


class BeingDone(Conflict):
    """A request with this key is at work at this moment. Send it again in a second to get its answer."""


class WrongChecksum(Conflict):
    """What came in is not what was sent. Send this chunk again."""


class LimitReached(UserError):
    """You have as much as one person may have here."""


class TooManyJobs(LimitReached):
    """You have as many open jobs as one person may have here. Wait until some have ended, or cancel some."""


class StorageFull(LimitReached):
    """You store as much as one person may store here. Delete datasets you no longer need."""


class EmptyResult(UserError):
    """Nothing was found."""


class SourceError(FourcatError):
    """The remote side did not answer as it should."""

    def __init__(
        self,
        message: str | None = None,
        *,
        permanent: bool = False,
        retry_after: float | None = None,
        was_asked: bool = True,
    ) -> None:
        """`was_asked` is False where it was not its turn to be asked: such an attempt does not count."""
        super().__init__(message)
        self.permanent = permanent
        self.retry_after = retry_after
        self.was_asked = was_asked


class PluginError(FourcatError):
    """A plug-in is broken."""

    def __init__(self, plugin: str, message: str) -> None:
        super().__init__(f"{plugin}: {message}")
        self.plugin = plugin


class Unavailable(FourcatError):
    """A part of this installation does not answer at the moment."""


class TookTooLong(Unavailable):
    """The database took too long to answer this."""


class Busy(Unavailable):
    """Something else is changing the same thing and has not come to its end, so nothing was changed. Try again soon."""


class SettingsError(FourcatError):
    """A setting in the environment is missing or wrong."""

    def __init__(self, variable: str, problem: str, expected: str) -> None:
        super().__init__(f"{variable} {problem}. {expected}")
        self.variable = variable


class Cancelled(BaseException):
    """The user asked for this work to stop."""
