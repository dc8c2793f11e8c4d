"""Which extension module there is below this package: the one that it comes with, or one that has levels in Rust too."""

import importlib
import sys
from importlib.metadata import EntryPoint, entry_points, version
from typing import List

#: Wheels with levels in Rust name their extension module in this group, as `levels`.
_GROUP = "mti"


def choose() -> None:
    """Puts the extension module with levels in the place of the one without, where one is installed."""
    names = sorted({entry_point.value for entry_point in _with_levels()})
    if not names:
        return
    if len(names) > 1:
        raise ImportError(
            f"wheels with levels in Rust are installed that name {', '.join(f'`{name}`' for name in names)}, and there can be "
            "one: `pip uninstall` all but the one that is meant, or build one wheel with the levels of all"
        )
    name = names[0]
    try:
        module = importlib.import_module(name)
    except ImportError as error:
        raise ImportError(f"`{name}`, which an installed wheel names as its levels in Rust, cannot be imported: {error}") from error
    if not hasattr(module, "failures"):
        raise ImportError(f"`{name}`, which an installed wheel names as its levels in Rust, was not filled by `mti_python::fill`")
    built, here = getattr(module, "__version__", None), version("mti")
    if built != here:
        raise ImportError(
            f"`{name}`, which has levels in Rust, was built with mti {built}, and mti {here} is installed: build its wheel anew "
            f"with the crates of mti {here}, or install mti {built}"
        )
    sys.modules["mti._mti"] = module


def _with_levels() -> List[EntryPoint]:
    if sys.version_info >= (3, 10):
        return list(entry_points(group=_GROUP, name="levels"))
    return [entry_point for entry_point in entry_points().get(_GROUP, ()) if entry_point.name == "levels"]
