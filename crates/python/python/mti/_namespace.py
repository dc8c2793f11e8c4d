"""The modules of one app and its parents, in a namespace of their own.

An app's module `auths.loginTypes.MyType` is in `sys.modules` under a name that has a number for the running app and the
app that it belongs to in front. Inside of such a module, `import` finds what the app chain has first: it is given an
`__import__` of its own. Nothing is added to `sys.path`, and two apps in one interpreter never see each other.

What code of one element imports from another one is seen through a `_View`: along the app chain, and with a base class to
derive from in the place of the other's level, because what lies below a level is decided by the chain, not by Python.
"""

import builtins
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import itertools
import os
import sys
import types
import weakref
from typing import Any, Dict, Iterable, List, Optional, Sequence, Set, Tuple

from ._layer import PREFIX, Layer, Node
from ._levels import Loaded, NotAMethod, exported, of_class, of_loader
from ._mti import Level

_numbers = itertools.count(1)
_namespaces: "weakref.WeakValueDictionary[str, Namespace]" = weakref.WeakValueDictionary()


class _Source(importlib.machinery.SourceFileLoader):
    """Runs a module of an app with the builtins of its namespace."""

    def __init__(self, fullname: str, path: str, namespace: "Namespace") -> None:
        super().__init__(fullname, path)
        self._namespace = weakref.ref(namespace)

    def path_stats(self, path: str) -> Any:
        # Compiled files are trusted by the second: too coarse for what is edited and reloaded.
        raise OSError("not cached")

    def exec_module(self, module: types.ModuleType) -> None:
        namespace = self._namespace()
        if namespace is None:
            raise ImportError("the app of this module is closed")
        namespace.note_sources(module.__name__, [self.path])
        module.__dict__["__builtins__"] = namespace.builtins
        super().exec_module(module)


class _Finder(importlib.abc.MetaPathFinder):
    """Finds the modules of all namespaces."""

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> Optional[importlib.machinery.ModuleSpec]:
        if not fullname.startswith(PREFIX):
            return None
        namespace = _namespaces.get(fullname.partition(".")[0])
        return None if namespace is None else namespace.find_spec(fullname)


# First: the paths of a package would lead the usual finder to the same files, and past the namespace.
sys.meta_path.insert(0, _Finder())


class _View(types.ModuleType):
    """A package of the app chain as code of an element sees it."""

    def __init__(self, namespace: "Namespace", dotted: str, importer: str, layers: Sequence[Layer]) -> None:
        super().__init__(dotted)
        self.__dict__["_mti"] = (namespace, dotted, importer, layers)

    def __getattr__(self, name: str) -> Any:
        namespace, dotted, importer, layers = self.__dict__["_mti"]
        if not name.startswith("__"):
            if namespace.is_element(dotted) and name == dotted.rpartition(".")[2]:
                return namespace.base_class(dotted, name)
            for layer in layers:
                module = namespace.import_real(layer, dotted)
                if module is not None and hasattr(module, name):
                    namespace.note_dependency(importer, module.__name__)
                    found = getattr(module, name)
                    if isinstance(found, type) and namespace.is_level(layer, dotted, found):
                        return namespace.base_class(dotted, name)
                    if not isinstance(found, types.ModuleType) or not found.__name__.startswith(PREFIX):
                        return found
            below = f"{dotted}.{name}"
            if namespace.exists(below):
                return namespace.view(below, importer)
        raise AttributeError(f"`{dotted}` has no `{name}` in {namespace.apps()}")

    def __dir__(self) -> Iterable[str]:
        namespace, dotted, _, layers = self.__dict__["_mti"]
        names: Set[str] = set()
        for layer in layers:
            names.update(vars(namespace.import_real(layer, dotted) or self))
        return sorted(names)


class Namespace:
    """The modules of one app and its parents."""

    def __init__(self, app: Any) -> None:
        self._name = f"{PREFIX}{next(_numbers)}"
        self._app = app
        self._layers: Dict[str, Layer] = {}
        self._tops: Set[str] = set()
        self._bases: Dict[Tuple[str, str], type] = {}
        #: The modules that were run, with their files as they were then.
        self._sources: Dict[str, Dict[str, Any]] = {}
        #: The modules that a module took something from.
        self._dependencies: Dict[str, Set[str]] = {}
        self._levels: Dict[Tuple[str, str], type] = {}
        self.builtins = dict(vars(builtins))
        me = weakref.ref(self)
        self.builtins["__import__"] = lambda *arguments, **named: _import(me, *arguments, **named)
        self.builtins["app"] = app
        _namespaces[self._name] = self

    # What Rust calls.

    def refresh(self, layers: Sequence[Tuple[str, Optional["os.PathLike[str]"], Dict[str, str]]]) -> List[Tuple[str, str]]:
        """Takes in what is on disk now, and gives back the levels (app key, element) whose code is not as it was."""
        importlib.invalidate_caches()
        roots = {name: layer.root for name, layer in self._layers.items()}
        self._layers = {}
        self._tops = {"commons"}
        for key, root, elements in layers:
            # The colon is in no name of an app, and so keeps two of them from becoming one.
            name = key.partition("@")[0].replace(".", ":")
            self._layers[name] = Layer(key, name, None if root is None else os.fspath(root), elements)
            self._tops.update(element.partition(".")[0] for element in elements)
        # The directory of an app may be another one, as when a link to it was switched.
        moved = {name for name, root in roots.items() if name in self._layers and self._layers[name].root != root}
        changed = {
            name
            for name, stamps in self._sources.items()
            if self._split(name)[1] in moved or any(_stamp(path) != stamp for path, stamp in stamps.items())
        }
        if not changed:
            return []
        growing = True
        while growing:
            dependent = {name for name, needs in self._dependencies.items() if name not in changed and needs & changed}
            growing = bool(dependent)
            changed |= dependent
        # A package is as new as the newest module in it.
        changed |= {name for name in self._sources for other in list(changed) if other.startswith(name + ".")}
        stale = []
        for name, element in list(self._levels):
            real = self._real(name, element)
            if any(other == real or other.startswith(real + ".") for other in changed):
                del self._levels[name, element]
                layer = self._layers.get(name)
                if layer is not None:
                    stale.append((layer.key, element))
        for name in changed:
            self._forget(name)
        return stale

    def level(self, key: str, element: str) -> Loaded:
        """Loads the code of the level that a definition declares."""
        layer = next(layer for layer in self._layers.values() if layer.key == key)
        if layer.root is None:
            raise ImportError("Python code of an app that is not in a directory cannot be loaded")
        real = self._real(layer.name, element)
        package = importlib.import_module(real)
        if layer.file_of(element, "loader.py") is not None:
            module = importlib.import_module(real + ".loader")
            loader = vars(package).get("Loader") or vars(module).get("Loader")
            if not isinstance(loader, type):
                raise ImportError("`loader.py` must have a class `Loader`, with `__init__(self, nodes)` and `load(self)`")
            self._levels[layer.name, element] = loader
            return of_loader(self._app, layer, module, loader, self._nodes_of)
        found = exported(package, element.rpartition(".")[2])
        self._levels[layer.name, element] = found
        return of_class(self._app, layer, found)

    def place(self, error: BaseException) -> Optional[Tuple[str, int]]:
        """The innermost place in a file of an app that an error came from."""
        places = []
        if isinstance(error, (SyntaxError, NotAMethod)) and error.filename and error.lineno:
            places.append((error.filename, error.lineno))
        traceback = error.__traceback__
        while traceback is not None:
            places.insert(0, (traceback.tb_frame.f_code.co_filename, traceback.tb_lineno))
            traceback = traceback.tb_next
        for file, line in reversed(places):
            for layer in self._layers.values():
                if layer.root is not None and file.startswith(layer.root + os.sep):
                    return os.path.relpath(file, layer.root).replace(os.sep, "/"), line
        return None

    def clear(self) -> None:
        """Lets go of every module."""
        for name in [name for name in sys.modules if name == self._name or name.startswith(self._name + ".")]:
            self._forget(name)
        self._levels.clear()
        self._bases.clear()

    def _nodes_of(self, name: str, config: Any, define: Any) -> List[Node]:
        layers = (layer for layer in self._layers.values() if name in layer.elements)
        return [Node(layer, name, self._app, config, define) for layer in layers]

    # Modules.

    def find_spec(self, fullname: str) -> Optional[importlib.machinery.ModuleSpec]:
        _, _, rest = fullname.partition(".")
        name, _, dotted = rest.partition(".")
        if not rest or (not dotted and name in self._layers):
            spec = importlib.machinery.ModuleSpec(fullname, None, is_package=True)
            spec.submodule_search_locations = []
            return spec
        layer = self._layers.get(name)
        if layer is None or layer.root is None:
            return None
        directories = layer.directories_of(dotted)
        if directories:
            entry = layer.file_of(dotted, "__init__.py")
            if entry is None:
                spec = importlib.machinery.ModuleSpec(fullname, None, is_package=True)
                if dotted in layer.elements:
                    # Once the file is there, it is another package.
                    self.note_sources(fullname, [os.path.join(directory, "__init__.py") for directory in directories])
            else:
                spec = importlib.machinery.ModuleSpec(fullname, _Source(fullname, entry, self), origin=entry, is_package=True)
                spec.has_location = True
            spec.submodule_search_locations = directories
            return spec
        file = layer.module_file(dotted)
        if file is None:
            return None
        spec = importlib.machinery.ModuleSpec(fullname, _Source(fullname, file, self), origin=file)
        spec.has_location = True
        return spec

    def import_real(self, layer: Layer, dotted: str) -> Optional[types.ModuleType]:
        """The module of that name in one app, if it has code there."""
        if layer.root is None or not layer.has(dotted):
            return None
        return importlib.import_module(self._real(layer.name, dotted))

    def view(self, dotted: str, importer: str) -> _View:
        layers = list(self._layers.values())
        _, name, element = self._split(importer)
        if self._element_of(element) == dotted and name in self._layers:
            # An override that imports what it overrides means what lies below it.
            layers = layers[list(self._layers).index(name) + 1 :]
        return _View(self, dotted, importer, layers)

    def exists(self, dotted: str) -> bool:
        return self.is_element(dotted) or any(
            layer.has(dotted) or any(element.startswith(dotted + ".") for element in layer.elements)
            for layer in self._layers.values()
        )

    def is_element(self, dotted: str) -> bool:
        return any(dotted in layer.elements for layer in self._layers.values())

    def is_level(self, layer: Layer, dotted: str, found: type) -> bool:
        if (layer.name, dotted) in self._levels:
            return self._levels[layer.name, dotted] is found
        return dotted in layer.elements and issubclass(found, Level)

    def base_class(self, dotted: str, name: str) -> type:
        """What code derives from that imports a level's class. It has nothing of its own: the chain knows what is below."""
        if (dotted, name) not in self._bases:
            members = {"__module__": dotted, "__doc__": f"A level of `{dotted}`."}
            self._bases[dotted, name] = type(name, (Level,), members)
        return self._bases[dotted, name]

    def apps(self) -> str:
        return ", ".join(layer.key for layer in self._layers.values())

    def note_sources(self, name: str, paths: Sequence[str]) -> None:
        self._sources[name] = {path: _stamp(path) for path in paths}

    def note_dependency(self, importer: str, name: str) -> None:
        if importer != name:
            self._dependencies.setdefault(importer, set()).add(name)

    def import_from(self, name: str, given: Any, local: Any, fromlist: Any, level: int) -> Any:
        importer = given.get("__name__", "") if given else ""
        if level:
            package = (given or {}).get("__package__") or importer
            absolute = importlib.util.resolve_name("." * level + name, package)
            _, _, target = self._split(absolute)
            own = self._element_of(self._split(importer)[2])
            if not target or self._element_of(target) == own:
                found = builtins.__import__(name, given, local, fromlist, level)
                self.note_dependency(importer, absolute)
                for item in fromlist or ():
                    if f"{absolute}.{item}" in sys.modules:
                        self.note_dependency(importer, f"{absolute}.{item}")
                return found
            return self._seen(target, importer)
        top = name.partition(".")[0]
        if top not in self._tops or not self.exists(top):
            return builtins.__import__(name, given, local, fromlist, level)
        seen = self._seen(name, importer)
        return seen if fromlist else self.view(top, importer)

    def _seen(self, dotted: str, importer: str) -> _View:
        if not self.exists(dotted):
            raise ModuleNotFoundError(f"there is no `{dotted}` in {self.apps()}", name=dotted)
        view = self.view(dotted, importer)
        if any(layer.module_file(dotted) for layer in view.__dict__["_mti"][3]):
            # A module is run when it is imported, as anywhere.
            for layer in view.__dict__["_mti"][3]:
                module = self.import_real(layer, dotted)
                if module is not None:
                    self.note_dependency(importer, module.__name__)
                    break
        return view

    def _real(self, layer: str, dotted: str) -> str:
        return f"{self._name}.{layer}.{dotted}"

    def _split(self, real: str) -> Tuple[str, str, str]:
        """The namespace, the app and the dotted name of a module."""
        parts = real.split(".", 2)
        return (parts + ["", ""])[0], (parts + ["", ""])[1], (parts + ["", ""])[2]

    def _element_of(self, dotted: str) -> str:
        """The nearest element that a module belongs to."""
        while dotted and not self.is_element(dotted):
            dotted = dotted.rpartition(".")[0]
        return dotted

    def _forget(self, name: str) -> None:
        sys.modules.pop(name, None)
        self._sources.pop(name, None)
        self._dependencies.pop(name, None)
        parent, _, last = name.rpartition(".")
        holder = sys.modules.get(parent)
        if holder is not None:
            vars(holder).pop(last, None)


def _import(
    namespace: "weakref.ref[Namespace]",
    name: str,
    globals: Any = None,
    locals: Any = None,
    fromlist: Any = (),
    level: int = 0,
) -> Any:
    here = namespace()
    if here is None:
        return builtins.__import__(name, globals, locals, fromlist, level)
    return here.import_from(name, globals, locals, fromlist, level)


def _stamp(path: str) -> Any:
    """What tells one state of a file from another."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return None
