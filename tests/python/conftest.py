"""What the tests share: a simulated WeChat, and apps with data of their own."""

import json
import shutil
from pathlib import Path
from typing import Callable, Iterator

import pytest

import mti
import mti.testing

APPS = Path(__file__).parents[2] / "apps"
LOGIN = "auths.loginTypes.MyWeChatLogin"
BINDINGS = "auths.loginTypes.WeChatType.WeChatAuthModel"
APP_ID = "wx0123456789abcdef"


@pytest.fixture
def wechat() -> Iterator[mti.testing.WeChatSimulator]:
    with mti.testing.WeChatSimulator() as simulator:
        yield simulator


@pytest.fixture
def tree(tmp_path: Path) -> Callable[[str], Path]:
    """Writes an app tree: a line `//- path` begins a file."""

    def write(text: str) -> Path:
        root = tmp_path / "tree"
        for part in text.split("//- ")[1:]:
            name, _, content = part.partition("\n")
            path = root / name.strip()
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, encoding="utf-8")
        return root

    return write


def copy_of(app: str, to: Path, wechat: mti.testing.WeChatSimulator, login: str) -> Path:
    """An example app whose login talks to the simulated WeChat, and whose data is its own."""
    root = to / app
    shutil.copytree(APPS / app, root, ignore=shutil.ignore_patterns("appData", "__pycache__"))
    config = root.joinpath(*login.split(".")) / (login.rpartition(".")[2] + ".json")
    config.write_text(json.dumps({**json.loads(config.read_text("utf-8")), **wechat.config}), "utf-8")
    return root


@pytest.fixture
def demo_root(tmp_path: Path, wechat: mti.testing.WeChatSimulator) -> Path:
    return copy_of("demo", tmp_path, wechat, LOGIN)


@pytest.fixture
def demo(demo_root: Path) -> Iterator[mti.App]:
    with mti.App(demo_root) as app:
        yield app
