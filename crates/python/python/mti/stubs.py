"""Type stubs of an app's elements, for type checkers and editors.

    python -m mti.stubs --app apps/demo --out typings

writes a package of stubs for every element that has steps. Put the directory on the path of the type checker
(`MYPYPATH=typings`; editors look into `typings` by themselves). Then a level may say `from auths.loginTypes.WeChatType
import WeChatType`, and whoever calls an element what it is:

    if TYPE_CHECKING:
        from auths.loginTypes.WeChatType import WeChatType

    login: "WeChatType" = app.getElement("auths.loginTypes.MyWeChatLogin")
"""

import argparse
import keyword
import sys
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Sequence

from . import App, MtiError

__all__ = ["write"]

#: The types of Python for the data types of a `functionList`.
_PYTHON: Dict[str, str] = {
    **dict.fromkeys(("Stext", "Ltext", "RichText", "Phone", "Date", "Datetime", "Time", "Serial", "Radio", "Dropdown"), "str"),
    **dict.fromkeys(("Integer", "AutoInt", "Checkbox"), "int"),
    **dict.fromkeys(("Numeric", "Money", "Percent"), "float"),
    "Boolean": "bool",
    **dict.fromkeys(("JitDict", "JitMap", "RowData"), "Dict[str, Any]"),
    "RowList": "List[Dict[str, Any]]",
    "JitList": "List[Any]",
}


def write(app: App, directory: Path) -> List[Path]:
    """Writes the stubs of all elements of an app that have steps, and gives back the files."""
    written = []
    packages = {}
    for name in app.getAllElementsDefine():
        try:
            steps = app.steps(name)
        except MtiError:
            continue
        if steps and all(segment.isidentifier() and not keyword.iskeyword(segment) for segment in name.split(".")):
            packages[name] = _class(name, steps)
    for name, text in packages.items():
        package = directory.joinpath(*name.split("."))
        package.mkdir(parents=True, exist_ok=True)
        for parent in [package, *package.parents]:
            if parent == directory:
                break
            if not (parent / "__init__.pyi").exists():
                (parent / "__init__.pyi").write_text("", encoding="utf-8")
        file = package / "__init__.pyi"
        file.write_text(text, encoding="utf-8")
        written.append(file)
    return written


def _class(name: str, steps: Sequence[Mapping[str, Any]]) -> str:
    lines = ["from typing import Any, Dict, List, Optional", "", "import mti", ""]
    lines.append(f"class {name.rpartition('.')[2]}(mti.Level):")
    for step in steps:
        returned = _PYTHON.get(step["returnType"] or "", "Any")
        documentation = [line.strip() for line in step["documentation"].splitlines() if line.strip()]
        if step["kind"] == "property":
            lines += ["    @property", f"    def {step['name']}(self) -> Any:"]
        else:
            arguments = "".join(f", {argument}" for argument in _arguments(step))
            lines.append(f"    def {step['name']}(self{arguments}) -> {returned}:")
        text = " ".join(documentation).replace("\\", "\\\\").replace('"""', "'''")
        lines.append(f'        """{text}"""' if text else "        ...")
    return "\n".join(lines) + "\n"


def _arguments(step: Mapping[str, Any]) -> List[str]:
    arguments = []
    may_be_left_out = False
    for argument in step["arguments"]:
        kind = _PYTHON.get(argument["dataType"] or "", "Any")
        may_be_left_out = may_be_left_out or not argument["required"]
        if may_be_left_out:
            kind = kind if kind == "Any" else f"Optional[{kind}]"
            arguments.append(f"{argument['name']}: {kind} = ...")
        else:
            arguments.append(f"{argument['name']}: {kind}")
    return arguments


def main(arguments: Optional[Sequence[str]] = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m mti.stubs", description="Write type stubs of an app's elements.")
    parser.add_argument("--app", "-a", default=".", help="the app's directory")
    parser.add_argument("--out", default="typings", type=Path, help="where the stubs are written")
    given = parser.parse_args(arguments)
    try:
        with App(given.app, connect=False) as app:
            for file in write(app, given.out):
                print(file)
    except MtiError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
