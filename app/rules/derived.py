"""Values that an object works out once, when first asked for them."""

from collections.abc import Callable
from typing import Any, Generic, TypeVar

_T = TypeVar("_T")


class Derived(Generic[_T]):
    """What is worked out once, when first asked for: `functools.cached_property` without its lock.

    Python 3.11 takes that lock for every value, a tenth of the time of all rules.
    """

    def __init__(self, derive: Callable[[Any], _T]) -> None:
        self._derive = derive
        self._name = derive.__name__
        self.__doc__ = derive.__doc__

    def __get__(self, instance: Any, owner: type) -> _T:
        value = instance.__dict__[self._name] = self._derive(instance)
        return value
