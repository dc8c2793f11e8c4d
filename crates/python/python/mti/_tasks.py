"""The event loop that steps written as coroutines run on: one for the process, on a thread of its own.

One loop for all of them, whoever calls, so that what they keep open (connections, locks) belongs to one loop.
"""

import asyncio
import threading
from typing import Optional

from . import _mti

_lock = threading.Lock()
_loop: Optional[asyncio.AbstractEventLoop] = None


def event_loop() -> asyncio.AbstractEventLoop:
    global _loop
    with _lock:
        if _loop is None:
            _loop = asyncio.new_event_loop()
            threading.Thread(target=_run, args=[_loop], name="mti-tasks", daemon=True).start()
        return _loop


def _run(loop: asyncio.AbstractEventLoop) -> None:
    _mti.runs_tasks()
    loop.run_forever()
