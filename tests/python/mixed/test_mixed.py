"""An app in Rust above an app in Python above an app in Rust, with a wheel that has the levels in Rust."""

import asyncio
import logging
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

import mti

TREE = '''
//- below/app.json
{ "appId": "acme.rust-below", "version": "1.0.0", "extends": [] }
//- below/words/Meta/e.json
{ "title": "Words", "type": "" }
//- below/words/PlainType/e.json
{ "title": "Plain", "type": "words.Meta", "backend": "rust" }
//- below/words/Desk/e.json
{ "title": "At the desk", "type": "words.PlainType" }
//- between/app.json
{ "appId": "acme.python-between", "version": "1.0.0", "extends": [{ "appId": "acme.rust-below", "version": "1.0.0" }] }
//- between/words/PlainType/e.json
{ "title": "Plain, in Python" }
//- between/words/PlainType/__init__.py
from words.PlainType import PlainType
class PlainType(PlainType):
    def say(self, name):
        return f"between({super().say(name)}, {self.greeting()}, {self.isLoud})"
    async def greeting(self):
        return "<" + await super().greeting.aio() + ">"
    @property
    def isLoud(self):
        return not super().isLoud
    def refuse(self):
        if app.appId == "acme.python-between":
            raise ValueError("a slip")
        return super().refuse()
//- above/app.json
{ "appId": "acme.rust-above", "version": "1.0.0", "extends": [{ "appId": "acme.python-between", "version": "1.0.0" }] }
//- above/words/PlainType/e.json
{ "title": "Plain, in Rust again", "backend": "rust" }
'''

#: Every level was there, in its order, and every virtual call began at the top.
SAID = "above(between(below([<hello>] ann), [<hello>], False))"


@pytest.fixture
def root(tree):
    return tree(TREE)


@pytest.fixture
def above(root):
    with mti.App(root / "above") as app:
        yield app


def test_a_chain_mixes_languages(above):
    assert [finding for finding in above.check() if finding["severity"] == "error"] == []
    desk = above.getElement("words.Desk")
    assert desk.say("ann") == desk.say(name="ann") == SAID
    assert desk.greeting() == "[<hello>]"
    assert desk.isLoud is False
    assert {step["name"]: step["language"] for step in above.steps("words.Desk")}["say"] == "rust"


def test_each_app_of_the_chain_by_itself(root):
    with mti.App(root / "between") as app:
        assert app.getElement("words.Desk").say("ann") == "between(below(<hello> ann), <hello>, True)"
    with mti.App(root / "below") as app:
        assert app.getElement("words.Desk").say("ann") == "below(hello ann)"


def test_failures_pass_through_levels_of_both(above, root, caplog):
    with pytest.raises(mti.PermissionDenied, match="not a word"):
        above.getElement("words.Desk").refuse()
    with mti.App(root / "between") as app, caplog.at_level(logging.ERROR), pytest.raises(mti.ElementException) as slip:
        app.getElement("words.Desk").refuse()
    assert "a slip" not in slip.value.message
    assert any("a slip" in record.getMessage() and "Traceback" in record.getMessage() for record in caplog.records)


def test_it_is_called_by_many_threads_and_tasks(above):
    desk = above.getElement("words.Desk")
    with ThreadPoolExecutor(32) as pool:
        assert set(pool.map(lambda _: desk.say("ann"), range(320))) == {SAID}

    async def together():
        return await asyncio.gather(*(desk.say.aio("ann") for _ in range(64)))

    assert set(asyncio.run(together())) == {SAID}


def test_the_level_between_is_reloaded(above, root):
    desk = above.getElement("words.Desk")
    assert desk.say("ann") == SAID
    level = root / "between/words/PlainType/__init__.py"
    level.write_text(level.read_text().replace('"<"', '"{"').replace('">"', '"}"'))
    assert above.reload() == ["words.Desk"]
    assert desk.greeting() == "[{hello}]"
    level.write_text("class PlainType(\n")
    above.reload()
    assert desk.greeting() == "[{hello}]", "the last good version"


def test_the_command_has_the_levels_too(root):
    def command(*arguments):
        return subprocess.run([sys.executable, "-m", "mti", *arguments], capture_output=True, text=True, timeout=60)

    # Again and again: what goes wrong at the end of a process goes wrong now and then.
    for _ in range(20):
        called = command("call", "--app", str(root / "above"), "words.Desk", "say", '{"name": "ann"}')
        assert (called.returncode, called.stdout.strip()) == (0, f'"{SAID}"'), called.stderr
    explained = command("explain", "--app", str(root / "above"), "words.Desk")
    assert explained.stdout.count("rust") >= 2 and "python" in explained.stdout, explained.stdout
