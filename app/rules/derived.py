"""Values that an object works out once, when first asked for them."""

from collections.abc import Callable
from typing import Any, Generic, TypeVar

_T = TypeVar("_T")


class Derived(Generic[_T]):
    """What is worked out once, when first asked for: `functools.cached_property` without its lock.

    Python 3.11 takes that lock for every value, a tenth of the time of all rules. `reads` says what the value rests on,
    for those who know when that stays the same.
    """

    def __init__(self, derive: Callable[[Any], _T], reads: frozenset[str] = frozenset()) -> None:
        self.reads = reads
        self._derive = derive
        self._name = derive.__name__
        self.__doc__ = derive.__doc__

    def __get__(self, instance: Any, owner: type) -> _T:
        value = instance.__dict__[self._name] = self._derive(instance)
        return value


def derived_from(*reads: str) -> Callable[[Callable[[Any], _T]], Derived[_T]]:
    """Marks a property as derived once from what it reads."""
    return lambda derive: Derived(derive, frozenset(reads))
