"""Code in Python that changes while an app is watched."""

import time
from pathlib import Path
from typing import Callable

import mti

APP = """
//- releases/1/app.json
{ "appId": "acme.words", "version": "1.0.0", "extends": [] }
//- releases/1/words/Meta/e.json
{ "title": "Words", "type": "" }
//- releases/1/words/PlainType/e.json
{ "title": "Plain words", "type": "words.Meta", "backend": "python" }
//- releases/1/words/PlainType/__init__.py
from commons.polite import WORD
class PlainType:
    def say(self):
        return WORD
//- releases/1/words/Hello/e.json
{ "title": "Hello", "type": "words.PlainType" }
//- releases/1/commons/polite.py
WORD = "please"
"""


def becomes(say: Callable[[], str], wanted: str) -> None:
    deadline = time.monotonic() + 30
    while say() != wanted:
        assert time.monotonic() < deadline, f"still {say()!r}, and not {wanted!r}"
        time.sleep(0.01)


def test_an_edit_of_a_shared_module_shows(tree):
    root = tree(APP) / "releases/1"
    with mti.App(root) as app:
        app.watch()
        say = app.getElement("words.Hello").say
        assert say() == "please"
        (root / "commons/polite.py").write_text("WORD = 'thank you'\n")
        becomes(say, "thank you")


def test_a_switched_link_brings_the_code_behind_it(tree):
    root: Path = tree(APP)
    tree(APP.replace("releases/1", "releases/2").replace("please", "thank you"))
    current = root / "current"
    current.symlink_to("releases/1")
    with mti.App(current, data=root / "data") as app:
        app.watch()
        say = app.getElement("words.Hello").say
        assert say() == "please"
        (root / "next").symlink_to("releases/2")
        (root / "next").rename(current)
        becomes(say, "thank you")
        (root / "releases/2/commons/polite.py").write_text("WORD = 'cheers'\n")
        becomes(say, "cheers")
