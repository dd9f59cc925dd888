"""The condition of an edit: that the object is still what its sender saw (H7).

One that fails is told only after the input has been judged (H4), and before anything costly is done in vain.
"""

from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import PreconditionFailedError


def note_failed(db: AsyncSession) -> None:
    """The condition of this transaction's edit does not hold."""
    db.info["condition_failed"] = True


def check(db: AsyncSession) -> None:
    """Raise PreconditionFailedError if it does not."""
    if db.info.get("condition_failed"):
        raise PreconditionFailedError
