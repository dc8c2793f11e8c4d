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
import inspect
import itertools
import os
import re
import sys
import types
import weakref
from typing import Any, Callable, Dict, Iterable, List, Mapping, NamedTuple, Optional, Sequence, Set, Tuple, cast

from ._mti import Level

_PREFIX = "mti_app_"
_numbers = itertools.count(1)
_namespaces: "weakref.WeakValueDictionary[str, Namespace]" = weakref.WeakValueDictionary()


class Method(NamedTuple):
    """What is known of a method of a level."""

    name: str
    is_property: bool
    is_async: bool
    documentation: str
    arguments: List[str]
    optional: List[str]
    takes_any: bool
    file: str
    line: int
    function: Optional[Callable[..., Any]]


class Loaded(NamedTuple):
    """The code of a level."""

    methods: List[Method]
    make: Callable[[str, Any, Any], Any]
    next_steps: type


class Node:
    """A definition of an element in one app, as a `Loader` is given it: `nodes[0]` is the nearest."""

    def __init__(self, layer: "_Layer", fullName: str, app: Any, config: Any, define: Any) -> None:
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


class _Layer:
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
        namespace.note_source(module.__name__, self.path)
        module.__dict__["__builtins__"] = namespace.builtins
        super().exec_module(module)


class _Finder(importlib.abc.MetaPathFinder):
    """Finds the modules of all namespaces."""

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> Optional[importlib.machinery.ModuleSpec]:
        if not fullname.startswith(_PREFIX):
            return None
        namespace = _namespaces.get(fullname.partition(".")[0])
        return None if namespace is None else namespace.find_spec(fullname)


# First: the paths of a package would lead the usual finder to the same files, and past the namespace.
sys.meta_path.insert(0, _Finder())


class _View(types.ModuleType):
    """A package of the app chain as code of an element sees it."""

    def __init__(self, namespace: "Namespace", dotted: str, importer: str, layers: Sequence[_Layer]) -> None:
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
                    if not isinstance(found, types.ModuleType) or not found.__name__.startswith(_PREFIX):
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
        self._name = f"{_PREFIX}{next(_numbers)}"
        self._app = app
        self._layers: Dict[str, _Layer] = {}
        self._tops: Set[str] = set()
        self._bases: Dict[Tuple[str, str], type] = {}
        #: The modules that were run, with their files as they were then.
        self._sources: Dict[str, Tuple[str, Any]] = {}
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
        self._layers = {}
        self._tops = {"commons"}
        for key, root, elements in layers:
            name = re.sub(r"\W", "_", key.partition("@")[0])
            self._layers[name] = _Layer(key, name, None if root is None else os.fspath(root), elements)
            self._tops.update(element.partition(".")[0] for element in elements)
        changed = {name for name, (path, stamp) in self._sources.items() if _stamp(path) != stamp}
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
            return self._by_loader(layer, element, module, loader)
        found = _level_class(package, real, element.rpartition(".")[2])
        self._levels[layer.name, element] = found
        return self._by_class(layer, found)

    def place(self, error: BaseException) -> Optional[Tuple[str, int]]:
        """The innermost place in a file of an app that an error came from."""
        places = []
        if isinstance(error, SyntaxError) and error.filename and error.lineno:
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

    # Levels.

    def _by_class(self, layer: _Layer, found: type) -> Loaded:
        next_steps = type("_Next", (Level,), {"__module__": found.__module__})
        members = {"__module__": found.__module__, "__qualname__": found.__qualname__, "__doc__": found.__doc__}
        # A class of its own below, where `super()` finds the next level. Which class the author derived from is his affair.
        whole = type(found.__name__, (found, next_steps), members)
        app = self._app

        def make(name: str, config: Any, define: Any) -> Any:
            level: Any = cast(Any, whole).__new__(whole)
            vars(level).update(fullName=name, config=config, define=define, app=app)
            level.__init__()
            return level

        methods = [self._method(layer, name, member) for name, member in vars(found).items() if _is_step(name, member)]
        return Loaded(methods, make, next_steps)

    def _by_loader(self, layer: _Layer, element: str, module: types.ModuleType, loader: type) -> Loaded:
        takes_nodes = len(inspect.signature(loader).parameters) > 0
        namespace = weakref.ref(self)
        next_steps = type("_Next", (Level,), {"__module__": module.__name__})
        wholes: Dict[type, type] = {}

        def make(name: str, config: Any, define: Any) -> Any:
            here = namespace()
            nodes = [] if here is None else here.nodes(name, config, define)
            if takes_nodes:
                made = loader(nodes)
            else:
                made = loader()
                made.nodes = nodes
            found = made.load()
            if isinstance(found, Level):
                kind = type(found)
                members = {"__module__": kind.__module__, "__qualname__": kind.__qualname__, "__doc__": kind.__doc__}
                wholes.setdefault(kind, type(kind.__name__, (kind, next_steps), members))
                found.__class__ = wholes[kind]
                for key, value in (("fullName", name), ("config", config), ("define", define), ("app", loader_app)):
                    vars(found).setdefault(key, value)
            return found

        loader_app = self._app
        methods: Dict[str, Method] = {}
        for found in self._classes_made_by(module, loader):
            for base in found.__mro__:
                for name, member in vars(base).items():
                    if base not in (object, Level) and _is_step(name, member) and name not in methods:
                        method = self._method(layer, name, member)
                        methods[name] = method if method.is_property else method._replace(function=None)
        return Loaded(list(methods.values()), make, next_steps)

    def _classes_made_by(self, module: types.ModuleType, loader: Any) -> List[type]:
        """What `load` may give back: the class that it says, or any class of the app that `loader.py` knows."""
        try:
            annotated = loader.load.__annotations__.get("return")
        except AttributeError:
            raise ImportError("the class `Loader` must have a method `load(self)`") from None
        if isinstance(annotated, str):
            annotated = vars(module).get(annotated)
        if isinstance(annotated, type):
            return [annotated]
        known = (member for member in vars(module).values() if isinstance(member, type) and member is not loader)
        return [member for member in known if member.__module__.startswith(_PREFIX)]

    def nodes(self, name: str, config: Any, define: Any) -> List[Node]:
        layers = (layer for layer in self._layers.values() if name in layer.elements)
        return [Node(layer, name, self._app, config, define) for layer in layers]

    def _method(self, layer: _Layer, name: str, member: Any) -> Method:
        function: Callable[..., Any] = cast(Any, member.fget) if isinstance(member, property) else member
        arguments: List[str] = []
        optional: List[str] = []
        takes_any = False
        if not isinstance(member, property):
            for parameter in list(inspect.signature(function).parameters.values())[1:]:
                if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
                    takes_any = True
                else:
                    arguments.append(parameter.name)
                    if parameter.default is not parameter.empty:
                        optional.append(parameter.name)
        code = getattr(inspect.unwrap(function), "__code__", None)
        file = code.co_filename if code is not None else ""
        if layer.root is not None and file.startswith(layer.root + os.sep):
            file = os.path.relpath(file, layer.root)
        return Method(
            name=name,
            is_property=isinstance(member, property),
            is_async=inspect.iscoroutinefunction(function),
            documentation=inspect.getdoc(member) or "",
            arguments=arguments,
            optional=optional,
            takes_any=takes_any,
            file=file.replace(os.sep, "/"),
            line=code.co_firstlineno if code is not None else 1,
            function=function,
        )

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

    def import_real(self, layer: _Layer, dotted: str) -> Optional[types.ModuleType]:
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

    def is_level(self, layer: _Layer, dotted: str, found: type) -> bool:
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

    def note_source(self, name: str, path: str) -> None:
        self._sources[name] = (path, _stamp(path))

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


def _is_step(name: str, member: Any) -> bool:
    return not name.startswith("_") and (inspect.isfunction(member) or isinstance(member, property))


def _level_class(package: types.ModuleType, real: str, last: str) -> type:
    """The class that a package exports: the one with the name of the element, else the only one in `__all__`, else the only
    public one of its own."""
    own = {
        name: member
        for name, member in vars(package).items()
        if isinstance(member, type) and (member.__module__ == real or member.__module__.startswith(real + "."))
    }
    if last in own:
        return own[last]
    named = [own[name] for name in vars(package).get("__all__", ()) if name in own]
    public = named or [member for name, member in own.items() if not name.startswith("_")]
    if len(public) == 1:
        return public[0]
    if not public:
        raise ImportError(f"`__init__.py` must export the class of the level, such as `class {last}`")
    names = ", ".join(f"`{member.__name__}`" for member in public)
    raise ImportError(f"which of {names} is the level? Call it `{last}`, or name it alone in `__all__`")
