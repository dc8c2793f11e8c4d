"""The end of the process."""

import os
import sys

from . import _mti

#: How long steps that still run are waited for, in seconds.
PATIENCE = 10.0


def wait_for_levels() -> None:
    """Waits for steps that are in the middle of something. Where that takes too long, or Ctrl-C is pressed, the process ends as it is:
    an interpreter that is taken apart below running code crashes.
    """
    try:
        if _mti.wait_until_outside(PATIENCE):
            return
        code = 1
        print(f"mti: a step of a level still runs after {PATIENCE:g} s; the process ends without it", file=sys.stderr)
    except KeyboardInterrupt:
        code = 130
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (AttributeError, OSError, ValueError):
            pass
    os._exit(code)
