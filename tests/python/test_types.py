"""Type stubs: those of the package, and those of an app's elements."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import APPS

import mti
import mti.stubs

SOURCES = Path(__file__).parents[2] / "crates/python/python/mti"


def mypy(*arguments: str, path: Path, cwd: Path) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", f"--cache-dir={cwd / '.mypy'}", *arguments]
    return subprocess.run(command, cwd=cwd, env={**os.environ, "MYPYPATH": str(path)}, capture_output=True, text=True)


def stub_of_the_package() -> str:
    """What `__init__.pyi` has to be: with a class for every published failure."""
    also = {"API_PARAMS_ERROR": "TypeError", "PERMISSION_DENIED": "PermissionError", "ELEMENT_NOT_FOUND": "LookupError"}
    also["FUNCTION_NOT_FOUND"] = "AttributeError"
    lines = [
        "from ._mti import App as App, Element as Element, Level as Level, Method as Method, Secret as Secret, Visit as Visit",
        "from ._mti import __version__ as __version__",
        "from ._quick import quick as quick",
        "from .errors import AppError as AppError, MtiError as MtiError",
    ]
    for code, errcode, _, message in mti._mti.failures():
        name = "".join(word.capitalize() for word in code.split("_"))
        bases = ", ".join(["MtiError", *([also[code]] if code in also else [])])
        lines += ["", f"class {name}({bases}):", f'    """{code} ({errcode}): {message}"""']
    return "\n".join(lines) + "\n"


def test_the_stub_of_the_package_has_every_published_failure():
    if os.environ.get("MTI_WRITE_STUBS"):
        (SOURCES / "__init__.pyi").write_text(stub_of_the_package(), encoding="utf-8")
    assert (SOURCES / "__init__.pyi").read_text("utf-8") == stub_of_the_package()
    assert (Path(mti.__file__).parent / "py.typed").exists()


def test_the_package_itself_is_well_typed(tmp_path):
    shutil.copytree(SOURCES, tmp_path / "mti", ignore=shutil.ignore_patterns("*.so", "__pycache__"))
    checked = mypy("mti", path=tmp_path, cwd=tmp_path)
    assert checked.returncode == 0, checked.stdout + checked.stderr


GOOD = """
from typing import TYPE_CHECKING, Any, Dict, List, Optional

import mti
from auths.loginTypes.WeChatType import WeChatType as Base

if TYPE_CHECKING:
    from auths.loginTypes.WeChatType import WeChatType
    from auths.models.UserModel import UserModel


class Mine(Base):
    @mti.quick
    def listCorps(self, userId: str) -> List[Dict[str, Any]]:
        if not self.config.get("open"):
            raise mti.PermissionDenied("closed")
        corps: List[Dict[str, Any]] = super().listCorps(userId)
        return corps

    @property
    @mti.quick
    def isOpen(self) -> bool:
        return bool(self.config.get("open"))


def sign_in(app: mti.App, code: str) -> Optional[str]:
    login: "WeChatType" = app.getElement("auths.loginTypes.MyWeChatLogin")
    users: "UserModel" = app.getElement("auths.models.UserModel")
    users.get("Q(userId='user123')")
    try:
        return str(login.getLoginCode(code)["loginCode"])
    except mti.UserAuthMiss as miss:
        return str(miss.data["bindTicket"])
"""


@pytest.fixture
def typings(tmp_path):
    with mti.App(APPS / "demo", data=tmp_path / "data") as app:
        assert mti.stubs.write(app, tmp_path / "typings")
    shutil.copytree(SOURCES, tmp_path / "typings/mti", ignore=shutil.ignore_patterns("*.so", "__pycache__"))
    return tmp_path


def test_stubs_of_elements_are_well_typed_and_types_are_of_use(typings):
    (typings / "good.py").write_text(GOOD)
    stubs = [str(file) for file in sorted((typings / "typings").rglob("*.pyi")) if "mti" not in file.parts]
    checked = mypy("good.py", *stubs, path=typings / "typings", cwd=typings)
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.parametrize(
    "slip, words",
    [
        ('login.bind(userId="a")', 'Missing positional argument "code"'),
        ("login.bind(1, 'c')", "incompatible type"),
        ("login.getLoginCod('c')", "getLoginCod"),
        ("mti.PermissionDenyed()", "PermissionDenyed"),
        ("mti.quick(login.getLoginCode)(1)", "incompatible type"),
        ("mti.quick('getLoginCode')", "cannot be"),
    ],
)
def test_a_slip_is_found(typings, slip, words):
    (typings / "slip.py").write_text(
        f"import mti\nfrom auths.loginTypes.WeChatType import WeChatType\n\ndef f(login: WeChatType) -> None:\n    {slip}\n"
    )
    checked = mypy("slip.py", path=typings / "typings", cwd=typings)
    assert checked.returncode == 1 and words in checked.stdout, checked.stdout + checked.stderr
