"""Every error Touchbase raises on purpose, as one tree. `web/problems` says how each is answered."""


class TouchbaseError(Exception):
    """Root of the errors Touchbase raises on purpose."""


class CalendarRangeError(TouchbaseError):
    """A computation ran into a year past the known holiday table, or outside the years 1990 to 2100 (T8)."""

    code = "calendar_range"
    detail = "A date runs past the public holidays that are known, or outside the years 1990 to 2100."

    def __init__(self, words: str, year: int) -> None:
        super().__init__(words)
        self.year = year


class UnknownHolidayCalendarError(TouchbaseError):
    """A holiday code such as ``GB-ENG`` names no calendar that is known (T1)."""


class SetupError(TouchbaseError):
    """The service cannot start as it is set up; the text tells the operator what to do."""


class DatabaseUnusableError(SetupError):
    """The database does not answer, or has no role for the application yet."""

    def __init__(self, role: str) -> None:
        super().__init__(
            f"cannot work with the database under the role {role}; is it running, and was `touchbase migrate` run?"
        )


class ImportStoppedError(TouchbaseError):
    """An import cannot go on; the text says why, and what is done stays done."""


class UnreadableFileError(ImportStoppedError):
    """A file to be imported is not what it should be; the text names the line."""


class UnsafeRoleError(SetupError):
    """The database role is a superuser or bypasses row-level security (S1)."""

    def __init__(self, role: str) -> None:
        super().__init__(
            f"the database role {role} must neither be a superuser nor bypass row-level security"
        )


class UnsealableError(TouchbaseError):
    """Sealed bytes were changed, or sealed under another secret of the service."""


class OutboundError(TouchbaseError):
    """Another server must not be called, cannot be reached, or does not answer as it should (S6)."""


class MailRefusedError(TouchbaseError):
    """A mail server will not have a letter, and would say the same again; `code` is its own."""

    def __init__(self, code: int) -> None:
        super().__init__(f"The mail server refused the letter ({code}).")
        self.code = code


class RefusedError(TouchbaseError):
    """A request that cannot be carried out, as its sender can see: `code` is stable, `detail` for people.

    `pointer` names the member of the body that is at fault, as a JSON pointer; `parameter` that of the query, or
    `header` the header.
    """

    code = "refused"
    detail = "The request cannot be carried out."

    def __init__(
        self,
        detail: str | None = None,
        *,
        code: str | None = None,
        pointer: str | None = None,
        parameter: str | None = None,
        header: str | None = None,
    ) -> None:
        super().__init__(detail or self.detail)
        self.detail = detail or self.detail
        self.code = code or self.code
        self.pointer = pointer
        self.parameter = parameter
        self.header = header


class UnauthenticatedError(RefusedError):
    """No credential, or none that is valid. It never says which (S3)."""

    code = "unauthenticated"
    detail = "A valid credential is required: Authorization: Bearer, then an API key (tb_...) or a consultant's token."


class ForbiddenError(RefusedError):
    """A known caller lacks the scope, or may not do it to what is another's."""

    code = "forbidden"
    detail = "The caller lacks the scope that the operation needs."


class NotFoundError(RefusedError):
    """No such object, or another agency's: the two look the same (S2)."""

    code = "not_found"
    detail = "There is no such object."


class GoneError(RefusedError):
    """What was there once and is no more: a revoked address, a part of the log that is kept no longer."""

    code = "gone"
    detail = "It is there no longer."


class ConflictError(RefusedError):
    """What is asked contradicts the state of things."""

    code = "conflict"
    detail = "The request contradicts the present state."


class InFlightError(ConflictError):
    """A request with the same idempotency key is still at work (H8)."""

    code = "idempotency_key_in_flight"
    detail = "A request with this Idempotency-Key is still at work. Try again shortly."
    seconds = 1


class PreconditionFailedError(RefusedError):
    """The object is no longer what `If-Match` names; nothing was changed (H7)."""

    code = "precondition_failed"
    detail = "The object has changed since you read it. Read it again, then decide."


class InvalidError(RefusedError):
    """Well-formed input whose meaning is wrong; `pointer` names the member."""

    code = "invalid"
    detail = "The request is well formed but its meaning is wrong."


class FailedDependencyError(RefusedError):
    """One of several things asked together, not done because another was refused."""

    code = "failed_dependency"
    detail = "What is named here was refused itself."


class UnavailableError(RefusedError):
    """What the request needs cannot be used right now; it may well work a moment later."""

    code = "unavailable"
    detail = "The service cannot reach its database right now. Try again shortly."


class OverloadedError(UnavailableError):
    """More is under way than can be worked on (R14)."""

    code = "overloaded"
    detail = "Too much is under way. Try again shortly."


class DrainingError(UnavailableError):
    """The service has been told to end (R10)."""

    code = "draining"
    detail = "The service is about to end. Try again shortly."


class RateLimitedError(RefusedError):
    """The agency has used up its requests of this minute; the next begins in `seconds` (H12)."""

    code = "rate_limited"
    detail = "The agency has used up its requests of this minute."

    def __init__(self, seconds: int) -> None:
        super().__init__()
        self.seconds = seconds


class RetryError(TouchbaseError):
    """A unit of work met another, or a migration, in the database: it runs again as a whole (R8)."""


class MalformedError(RefusedError):
    """Input that cannot be parsed."""

    code = "malformed"
    detail = "The request body is not valid JSON."


class TooLargeError(RefusedError):
    """A body beyond the limit."""

    code = "too_large"
    detail = "The request body is larger than the limit."


class TooSlowError(RefusedError):
    """A body that took too long to arrive."""

    code = "request_timeout"
    detail = "The request body did not arrive in time."


class UnsupportedMediaTypeError(RefusedError):
    """A body that is not JSON."""

    code = "unsupported_media_type"
    detail = "Send the body as application/json."
