"""Which extension module there is below this package: the one that it comes with, or one that has levels in Rust too."""

import importlib
import sys
from importlib.metadata import EntryPoint, entry_points, version
from typing import List

#: Wheels with levels in Rust name their extension module in this group, as `levels`.
_GROUP = "mti"


def choose() -> None:
    """Puts the extension module with levels in the place of the one without, where one is installed."""
    installed = _with_levels()
    if not installed:
        return
    modules = sorted({entry_point.value for entry_point in installed})
    if len(modules) > 1:
        raise ImportError(f"which of {', '.join(modules)} has the levels in Rust? One module must have them all: uninstall the others")
    module = importlib.import_module(modules[0])
    built, here = getattr(module, "__version__", None), version("mti")
    if built != here:
        raise ImportError(f"`{modules[0]}` was built with mti {built}, and mti {here} is installed: build it anew")
    sys.modules["mti._mti"] = module


def _with_levels() -> List[EntryPoint]:
    if sys.version_info >= (3, 10):
        return list(entry_points(group=_GROUP, name="levels"))
    return [entry_point for entry_point in entry_points().get(_GROUP, ()) if entry_point.name == "levels"]
