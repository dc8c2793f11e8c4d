"""The event loop that steps written as coroutines run on: one for the process, on a thread of its own.

One loop for all of them, whoever calls, so that what they keep open (connections, locks) belongs to one loop.
"""

import asyncio
import atexit
import threading
from typing import Optional

from . import _mti

#: How many seconds the end of the process waits for a coroutine that does not give way.
_PATIENCE = 2.0

_lock = threading.Lock()
_loop: Optional[asyncio.AbstractEventLoop] = None
#: Whether the process ends.
_ends = threading.Event()


def event_loop() -> asyncio.AbstractEventLoop:
    global _loop
    with _lock:
        if _loop is None:
            _loop = asyncio.new_event_loop()
            thread = threading.Thread(target=_run, args=[_loop], name="mti-tasks", daemon=True)
            thread.start()
            # A thread that is still in Rust when the interpreter goes away takes the process down with it.
            atexit.register(_stop, _loop, thread)
        return _loop


def _run(loop: asyncio.AbstractEventLoop) -> None:
    _mti.runs_tasks()
    while not _ends.is_set():
        try:
            loop.run_forever()
        except (SystemExit, KeyboardInterrupt):
            # Such a one leaves the loop besides ending its task, whose caller gets it. The others go on.
            pass


def _stop(loop: asyncio.AbstractEventLoop, thread: threading.Thread) -> None:
    _ends.set()
    loop.call_soon_threadsafe(loop.stop)
    thread.join(_PATIENCE)
