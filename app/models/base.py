"""What all tables share: the tenancy of their keys, ids, instants, closed word lists."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    DateTime,
    Dialect,
    ForeignKeyConstraint,
    MetaData,
    PrimaryKeyConstraint,
    Text,
    TypeDecorator,
    func,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, declared_attr, mapped_column
from uuid_utils.compat import uuid7

CONVENTION = {
    "pk": "%(table_name)s_pkey",
    "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
    "uq": "%(table_name)s_%(column_0_N_name)s_key",
    "ix": "%(table_name)s_%(column_0_N_name)s_idx",
    "ck": "%(table_name)s_%(constraint_name)s_check",
}


class Base(DeclarativeBase):
    """The tables of Touchbase. Instants are `timestamptz`, text has no length (the API bounds it)."""

    metadata = MetaData(naming_convention=CONVENTION)
    type_annotation_map = {
        datetime: DateTime(timezone=True),
        str: Text,
        dict[str, Any]: JSONB,
        list[Any]: JSONB,
    }


class Tenanted:
    """A row of one agency. The key begins with the agency, so rows, foreign keys and shards never cross (S1)."""

    agency_id: Mapped[UUID] = mapped_column(sort_order=-3)
    id: Mapped[UUID] = mapped_column(default=uuid7, sort_order=-2)

    @declared_attr.directive
    @classmethod
    def __table_args__(cls) -> tuple[Any, ...]:
        return table_args()


class TenantedBase(Tenanted, Base):
    """What code that works for every tenanted table may rely on."""

    __abstract__ = True


Row = TypeVar("Row", bound=TenantedBase)


class Edited:
    """When a row was made and last changed."""

    created_at: Mapped[datetime] = mapped_column(server_default=func.now(), sort_order=98)
    updated_at: Mapped[datetime] = mapped_column(
        server_default=func.now(), onupdate=func.now(), sort_order=99
    )


class Recorded:
    """When a fact reached us, beside when it happened."""

    recorded_at: Mapped[datetime] = mapped_column(server_default=func.now(), sort_order=97)


def table_args(*more: Any) -> tuple[Any, ...]:
    """The composite primary key and the foreign key to the agency, with a table's own constraints."""
    return (
        PrimaryKeyConstraint("agency_id", "id"),
        ForeignKeyConstraint(["agency_id"], ["agencies.agency_id"]),
        *more,
    )


def refers(column: str, table: str) -> ForeignKeyConstraint:
    """A composite foreign key: what is referred to belongs to the same agency (S1)."""
    return ForeignKeyConstraint(["agency_id", column], [f"{table}.agency_id", f"{table}.id"])


class Word(TypeDecorator[StrEnum]):
    """A word of a closed list, kept as text."""

    impl = Text
    cache_ok = True

    def __init__(self, words: type[StrEnum]) -> None:
        super().__init__()
        self.words = words

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Text as it is."""
        del dialect
        return None if value is None else str(self.words(value))

    def process_result_value(self, value: str | None, dialect: Dialect) -> StrEnum | None:
        """The member of the list."""
        del dialect
        return None if value is None else self.words(value)


def word(
    name: str, words: type[StrEnum], *, default: StrEnum | None = None, server_default: StrEnum | None = None
) -> Any:
    """A column of a closed list, checked by the database as well."""
    check = CheckConstraint(one_of(name, list(words)), name=name)
    return mapped_column(Word(words), check, default=default, server_default=server_default)


def one_of(column: str, words: Sequence[str]) -> str:
    """The SQL of a closed list."""
    return f"{column} IN ({', '.join(repr(str(w)) for w in words)})"
