"""The code of a level: of a class, or of what a `Loader` loads."""

import inspect
import os
import types
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Optional, Tuple, cast

from ._layer import PREFIX, Layer, Node
from ._mti import Level
from ._quick import is_quick


class Method(NamedTuple):
    """What is known of a method of a level."""

    name: str
    is_property: bool
    #: How it is run: `in place`, `quick` or as a `task`.
    manner: str
    documentation: str
    arguments: List[str]
    optional: List[str]
    takes_any: bool
    file: str
    line: int
    function: Optional[Callable[..., Any]]


class Other(NamedTuple):
    """A name in a level that stands for no method and no property: it overrides nothing."""

    name: str
    kind: str
    file: str
    line: int


class NotAMethod(TypeError):
    """What is written like a method and can never be called as one."""

    def __init__(self, message: str, filename: str, lineno: int) -> None:
        super().__init__(message)
        self.filename = filename
        self.lineno = lineno


class Loaded(NamedTuple):
    """The code of a level."""

    methods: List[Method]
    others: List[Other]
    make: Callable[[str, Any, Any], Any]
    next_steps: type


def of_class(app: Any, layer: Layer, found: type) -> Loaded:
    """The level that a class is. Its methods are those in its own body."""
    next_steps = _next_steps(found.__module__)
    whole = _whole(found, next_steps)
    _refuse_arguments(vars(found).get("__init__"))

    def make(name: str, config: Any, define: Any) -> Any:
        level: Any = cast(Any, whole).__new__(whole)
        vars(level).update(fullName=name, config=config, define=define, app=app)
        level.__init__()
        return level

    members = vars(found).items()
    methods = [_method(layer, name, member) for name, member in members if _is_step(name, member)]
    others = [_other(layer, found, name, member) for name, member in members if not _is_step(name, member) and not name.startswith("_")]
    others += [_other(layer, base, name, member, f"method of {base.__qualname__}") for base, name, member in _inherited(found)]
    return Loaded(methods, others, make, next_steps)


def _inherited(found: type) -> Iterator[Tuple[type, str, Any]]:
    """What the class gets from classes of the app that are no levels: mixins, and classes between it and its level."""
    for base in found.__mro__[1:]:
        is_between = base.__module__ == found.__module__
        if base.__module__.startswith(PREFIX) and (is_between or not issubclass(base, Level)):
            for name, member in vars(base).items():
                if _is_step(name, member) and name not in vars(found):
                    yield base, name, member


def of_loader(app: Any, layer: Layer, module: types.ModuleType, loader: type, nodes_of: Callable[[str, Any, Any], List[Node]]) -> Loaded:
    """The level that a `Loader` makes, of whatever its `load` gives back."""
    takes_nodes = len(inspect.signature(loader).parameters) > 0
    next_steps = _next_steps(module.__name__)
    wholes: Dict[type, type] = {}

    def make(name: str, config: Any, define: Any) -> Any:
        nodes = nodes_of(name, config, define)
        if takes_nodes:
            made = loader(nodes)
        else:
            made = loader()
            made.nodes = nodes
        found = made.load()
        if isinstance(found, Level):
            kind = type(found)
            if kind not in wholes:
                wholes[kind] = _whole(kind, next_steps)
            found.__class__ = wholes[kind]
            for key, value in (("fullName", name), ("config", config), ("define", define), ("app", app)):
                vars(found).setdefault(key, value)
        return found

    methods: Dict[str, Method] = {}
    for found in _classes_made_by(module, loader):
        for base in found.__mro__:
            for name, member in vars(base).items():
                if base not in (object, Level) and _is_step(name, member) and name not in methods:
                    method = _method(layer, name, member)
                    methods[name] = method if method.is_property else method._replace(function=None)
    return Loaded(list(methods.values()), [], make, next_steps)


def _refuse_arguments(init: Any) -> None:
    if not inspect.isfunction(init):
        return
    try:
        inspect.signature(init).bind(None)
    except TypeError as error:
        what = f"`__init__` of a level is given no argument but `self` ({error}): what an element is made of is in `self.config`"
        raise NotAMethod(what, init.__code__.co_filename, init.__code__.co_firstlineno) from None


def _next_steps(module: str) -> type:
    """The class that gets what `super()` finds: the steps of the next level."""
    return type("_Next", (Level,), {"__module__": module})


def _whole(found: type, next_steps: type) -> type:
    """A class with the next steps below it, whatever class its author derived it from."""
    members = {"__module__": found.__module__, "__qualname__": found.__qualname__, "__doc__": found.__doc__}
    return type(found.__name__, (found, next_steps), members)


def _classes_made_by(module: types.ModuleType, loader: Any) -> List[type]:
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
    return [member for member in known if member.__module__.startswith(PREFIX)]


def _method(layer: Layer, name: str, member: Any) -> Method:
    function: Callable[..., Any] = cast(Any, member.fget) if isinstance(member, property) else member
    arguments: List[str] = []
    optional: List[str] = []
    takes_any = False
    code = getattr(inspect.unwrap(function), "__code__", None)
    if not isinstance(member, property):
        parameters = list(inspect.signature(function).parameters.values())
        if not parameters or parameters[0].kind is inspect.Parameter.KEYWORD_ONLY:
            where = ("", 0) if code is None else (code.co_filename, code.co_firstlineno)
            raise NotAMethod(f"`{name}` takes no `self`: write `def {name}(self)`, or `_{name}` if it is no method of the element", *where)
        for parameter in parameters[1:]:
            if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
                takes_any = True
            else:
                arguments.append(parameter.name)
                if parameter.default is not parameter.empty:
                    optional.append(parameter.name)
    return Method(
        name=name,
        is_property=isinstance(member, property),
        manner="task" if inspect.iscoroutinefunction(function) else "quick" if is_quick(function) else "in place",
        documentation=inspect.getdoc(member) or "",
        arguments=arguments,
        optional=optional,
        takes_any=takes_any,
        file=_file(layer, code.co_filename if code is not None else ""),
        line=code.co_firstlineno if code is not None else 1,
        function=function,
    )


def _other(layer: Layer, found: type, name: str, member: Any, kind: Optional[str] = None) -> Other:
    try:
        file, line = inspect.getsourcefile(found) or "", inspect.getsourcelines(found)[1]
    except (OSError, TypeError):
        file, line = "", 1
    return Other(name, kind or type(member).__name__, _file(layer, file), line)


def _file(layer: Layer, file: str) -> str:
    """A file as the app names it."""
    if layer.root is not None and file.startswith(layer.root + os.sep):
        file = os.path.relpath(file, layer.root)
    return file.replace(os.sep, "/")


def _is_step(name: str, member: Any) -> bool:
    return not name.startswith("_") and (inspect.isfunction(member) or isinstance(member, property))


def exported(package: types.ModuleType, name: str) -> type:
    """The class that a package exports: the one with the name of the element, else the only one in `__all__`, else the only
    public one of its own."""
    real = package.__name__
    own = {
        key: member
        for key, member in vars(package).items()
        if isinstance(member, type) and (member.__module__ == real or member.__module__.startswith(real + "."))
    }
    if name in own:
        return own[name]
    named = [own[key] for key in vars(package).get("__all__", ()) if key in own]
    public = named or [member for key, member in own.items() if not key.startswith("_")]
    if len(public) == 1:
        return public[0]
    if getattr(package, "__file__", None) is None:
        raise ImportError(f"there is no `__init__.py`: write one that exports the class of the level, such as `class {name}`")
    if not public:
        raise ImportError(f"`__init__.py` must export the class of the level, such as `class {name}`")
    names = ", ".join(f"`{member.__name__}`" for member in public)
    raise ImportError(f"which of {names} is the level? Call it `{name}`, or name it alone in `__all__`")
