"""Failures as exceptions: `MtiError`, and one subclass for every failure that has a name.

A failure has a `code` (its name), an `errcode` (its number over HTTP), a `message` that may be shown to anybody,
`data`, and `retryAfter`: in how many seconds the same call may succeed, where that is known. What `str()` gives is for the developer: it says the cause too.
"""

from typing import Any, ClassVar, Dict, List, Optional, Type

__all__ = ["MtiError", "AppError"]


class MtiError(Exception):
    """A failed call.

    Levels raise one of its subclasses, or a subclass of their own with a `code`, an `errcode` from 90000 on, and an
    `httpStatus` from 400 to 599:

        class OutOfStock(mti.MtiError):
            code = "OUT_OF_STOCK"
            errcode = 90001
            httpStatus = 409
            message = "we have run out of it"

        raise OutOfStock(data={"again": "2030-01-01"})
    """

    code: str = "ELEMENT_EXCEPTION"
    errcode: int = 20005
    httpStatus: int = 500
    message: str = "something went wrong; please try again later"

    def __init__(self, message: Optional[str] = None, *, data: Optional[Any] = None) -> None:
        if message is not None:
            self.message = message
        self.data: Any = {} if data is None else data
        self.diagnostics: List[Dict[str, Any]] = []
        self.retryAfter: Optional[int] = None
        self._detail: Optional[str] = None
        super().__init__(self.message)

    def __str__(self) -> str:
        return self._detail or f"{self.code}: {self.message}"

    def __repr__(self) -> str:
        return f"<{type(self).__qualname__} {self}>"


class AppError(MtiError):
    """An app cannot be opened; `diagnostics` say why."""

    code = "APP_ERROR"
    message = "the app cannot be opened"


#: What a failure is besides an `MtiError`, where Python has a word for it.
_ALSO: Dict[str, Type[Exception]] = {
    "API_PARAMS_ERROR": TypeError,
    "PERMISSION_DENIED": PermissionError,
    "ELEMENT_NOT_FOUND": LookupError,
    "FUNCTION_NOT_FOUND": AttributeError,
}

#: The published failures and those of apps, by name.
_CLASSES: Dict[str, Type[MtiError]] = {}


def _class_name(code: str) -> str:
    return "".join(word.capitalize() for word in code.split("_"))


def _class_of(code: str, errcode: int, httpStatus: int, message: str) -> Type[MtiError]:
    known = _CLASSES.get(code)
    if known is None:
        bases = (MtiError, _ALSO[code]) if code in _ALSO else (MtiError,)
        members = {
            "__module__": "mti",
            "__doc__": f"{code} ({errcode}): {message}",
            "code": code,
            "errcode": errcode,
            "httpStatus": httpStatus,
            "message": message,
        }
        known = _CLASSES[code] = type(_class_name(code), bases, members)
    return known


def _of(
    *,
    code: str,
    errcode: int,
    httpStatus: int,
    message: str,
    detail: str,
    retryAfter: Optional[int],
    data: Any,
    diagnostics: List[Dict[str, Any]],
    rendered: str,
) -> MtiError:
    error = _class_of(code, errcode, httpStatus, message)(message, data=data)
    error.retryAfter = retryAfter
    error.diagnostics = diagnostics
    error._detail = f"{code}: {message}\n{rendered}" if rendered else detail
    return error


def _not_opened(*, message: str, diagnostics: List[Dict[str, Any]], rendered: str) -> AppError:
    error = AppError(message)
    error.diagnostics = diagnostics
    error._detail = rendered or message
    return error
