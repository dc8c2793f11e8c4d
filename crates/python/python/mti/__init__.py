"""MTI: apps declare elements as directories, and this package gives them back as live objects.

    import mti

    app = mti.App("apps/demo")
    wechat = app.getElement("auths.loginTypes.MyWeChatLogin")
    config = wechat.getLoginConfig()
    login = wechat.getLoginCode("the code from WeChat")          # waits
    login = await wechat.getLoginCode.aio("the code from WeChat")  # the same, for asyncio

`python -m mti` is the command `mti`.
"""

import atexit as _atexit
import os as _os

from ._extension import choose as _choose

_choose()

from . import _end, _mti, errors
from ._mti import App, Element, Level, Method, Secret, Visit, __version__
from ._quick import quick
from .errors import AppError, MtiError

__all__ = ["App", "AppError", "Element", "Level", "Method", "MtiError", "Secret", "Visit", "__version__", "quick"]

for _row in _mti.failures():
    _class = errors._class_of(*_row)
    globals()[_class.__name__] = _class
    setattr(errors, _class.__name__, _class)
    __all__.append(_class.__name__)
    errors.__all__.append(_class.__name__)
del _row, _class

# Registered first, run last: when nothing new is begun any more.
_atexit.register(_end.wait_for_levels)

if hasattr(_os, "register_at_fork"):
    _os.register_at_fork(after_in_child=_mti.forked)
