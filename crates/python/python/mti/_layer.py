"""One app of a chain, as its files lie on disk."""

import os
from typing import Any, List, Mapping, Optional

#: What the names of all modules of apps begin with, in `sys.modules`.
PREFIX = "mti_app_"


class Layer:
    """One app of the chain."""

    def __init__(self, key: str, name: str, root: Optional[str], elements: Mapping[str, str]) -> None:
        self.key = key
        self.name = name
        self.root = root
        self.elements = elements

    def directories_of(self, dotted: str) -> List[str]:
        """The directories that a dotted name stands for: `backend/` adds nothing to a name."""
        directories = [] if self.root is None else [self.root]
        for segment in dotted.split("."):
            below = [os.path.join(directory, segment) for directory in directories]
            below += [os.path.join(directory, "backend") for directory in below]
            directories = [directory for directory in below if os.path.isdir(directory)]
        return directories

    def file_of(self, dotted: str, file: str) -> Optional[str]:
        paths = (os.path.join(directory, file) for directory in self.directories_of(dotted))
        return next((path for path in paths if os.path.isfile(path)), None)

    def module_file(self, dotted: str) -> Optional[str]:
        parent, _, name = dotted.rpartition(".")
        directories = self.directories_of(parent) if parent else [self.root] if self.root else []
        paths = (os.path.join(directory, name + ".py") for directory in directories)
        return next((path for path in paths if os.path.isfile(path)), None)

    def has(self, dotted: str) -> bool:
        return bool(self.directories_of(dotted)) or self.module_file(dotted) is not None


class Node:
    """A definition of an element in one app, as a `Loader` is given it: `nodes[0]` is the nearest."""

    def __init__(self, layer: Layer, fullName: str, app: Any, config: Any, define: Any) -> None:
        self._layer = layer
        self.fullName = fullName
        self.name = fullName.rpartition(".")[2]
        self.appKey = layer.key
        self.appId, _, self.version = layer.key.partition("@")
        self.app = app
        #: The merged config and the merged `e.json` of the element.
        self.config = config
        self.define = define

    def getFile(self, filename: str, isBinary: bool = False) -> Any:
        """The content of a file in the element's directory, in this app."""
        for directory in self._layer.directories_of(self.fullName):
            path = os.path.realpath(os.path.join(directory, filename))
            if path.startswith(os.path.realpath(directory) + os.sep) and os.path.isfile(path):
                if isBinary:
                    with open(path, "rb") as file:
                        return file.read()
                with open(path, encoding="utf-8-sig") as file:
                    return file.read()
        raise FileNotFoundError(f"`{self.fullName}` of {self.appKey} has no file `{filename}`")

    def __repr__(self) -> str:
        return f"<mti node {self.fullName} of {self.appKey}>"
