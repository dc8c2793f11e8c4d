"""What the author of a level may promise of a method."""

import inspect
import weakref
from typing import Any, Callable, TypeVar

_Function = TypeVar("_Function", bound=Callable[..., Any])

#: Not a mark on the function: `functools.wraps` would copy it to wrappers, of which nobody promised anything.
_promised: "weakref.WeakSet[Callable[..., Any]]" = weakref.WeakSet()


def quick(method: _Function) -> _Function:
    """The promise that a method of a level, or a property, waits for nothing and is done in less than a millisecond.

        class Parcel(mti.Level):
            @mti.quick
            def surcharge(self, grams, postcode):
                return 0

            @property
            @mti.quick
            def currency(self):
                return self.config["currency"]

    Before other methods are run, whatever else their thread has to do goes to another one: of a call from Rust that is most
    of what it costs. A quick method is run at once. So it must read no file, ask no network or database, take no lock that
    is held for long, and not compute for long; and what it calls counts. One that takes longer is named in the log, and
    for a while it is run as any other.
    """
    if isinstance(method, property):
        raise TypeError("`@property` goes above `@mti.quick`, not below it")
    if not inspect.isfunction(method):
        raise TypeError(f"`@mti.quick` goes above the `def` of a method, not above {method!r}")
    if inspect.iscoroutinefunction(method):
        raise TypeError(f"`@mti.quick` is not for `async def {method.__name__}`: a coroutine keeps no thread waiting")
    _promised.add(method)
    return method


def is_quick(function: Any) -> bool:
    """Whether a promise was given of this very function."""
    return inspect.isfunction(function) and function in _promised
