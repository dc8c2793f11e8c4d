"""Runs checks one after the other and prints a line for each, which `run` counts."""

import sys
import traceback

_failed = []


def check(name, body, *arguments):
    try:
        body(*arguments)
        print(f"ok {name}", flush=True)
    except Exception:  # noqa: BLE001 - whatever goes wrong is a failed check
        print(f"not ok {name}", flush=True)
        traceback.print_exc()
        _failed.append(name)


def finish():
    sys.exit(1 if _failed else 0)
