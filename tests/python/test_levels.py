"""Levels written in Python: virtual calls, `super()`, what they see, how they fail."""

import asyncio
import gc
import json
import logging
import sys
import threading
import weakref

import pytest
from conftest import LOGIN, copy_of

import mti
import mti.testing

#: A family in Python, in a parent app and in the running one.
FAMILY = '''
//- base/app.json
{ "appId": "acme.base", "version": "1.0.0", "extends": [] }
//- base/words/Meta/e.json
{ "title": "Words", "type": "" }
//- base/words/PlainType/e.json
{ "title": "Plain", "type": "words.Meta", "backend": "python", "functionList": [{ "name": "say", "title": "Say", "loginRequired": 0 }] }
//- base/words/PlainType/__init__.py
from .grammar import greet
import mti
class PlainType(mti.Level):
    """Says words."""
    def say(self):
        """What it says."""
        return greet(self.word)
    @property
    def word(self):
        """The word in it."""
        return self.config["word"]
    def add(self, left, right=1):
        return left + right
    def fail(self, how):
        if how == "own":
            raise mti.PermissionDenied("not you", data={"why": 1})
        if how == "interrupt":
            raise KeyboardInterrupt
        raise ValueError("the secret of the house")
//- base/words/PlainType/grammar.py
def greet(word):
    return f"say {word}"
//- base/words/Hello/e.json
{ "title": "Hello", "type": "words.PlainType" }
//- base/words/Hello/Hello.json
{ "word": "hello", "apiToken": "t0p" }
//- child/app.json
{ "appId": "acme.child", "version": "1.0.0", "extends": [{ "appId": "acme.base", "version": "1.0.0" }] }
//- child/words/PlainType/e.json
{ "backend": "python", "title": "Plain, marked" }
//- child/words/PlainType/__init__.py
from words.PlainType import PlainType as Base, greet
class PlainType(Base):
    @property
    def word(self):
        return "A" + super().word
    def add(self, left, right=1):
        return super().add(left, right) * 10
    def both(self):
        return [self.say(), super().say(), greet("x")]
    def who(self):
        return [app.appId, self.fullName, self.app.getElement("words.Hello").say(), sorted(self.config)]
//- child/words/LoudType/e.json
{ "title": "Loud", "type": "words.PlainType", "backend": "python" }
//- child/words/LoudType/__init__.py
import words.PlainType
class LoudType(words.PlainType.PlainType):
    def say(self):
        return super().say().upper()
    async def later(self, times):
        said = [await super(LoudType, self).say.aio() for _ in range(times)]
        return said + [await self.say.aio()]
    async def too_early(self):
        return self.say()
    async def leave(self, how):
        raise {"exit": SystemExit(3), "interrupt": KeyboardInterrupt()}[how]
    def in_a_thread(self):
        import threading, contextvars
        said = []
        def alone():
            try:
                self.say()
            except RuntimeError as error:
                said.append("outside of a call" in str(error))
            said.append(app.getElement("words.Hello").say())
        thread = threading.Thread(target=alone); thread.start(); thread.join()
        context = contextvars.copy_context()
        thread = threading.Thread(target=lambda: context.run(lambda: said.append(self.say()))); thread.start(); thread.join()
        return said
    def endless(self):
        return self.endless()
//- child/words/Hey/e.json
{ "title": "Hey", "type": "words.LoudType" }
//- child/words/Hey/Hey.json
{ "word": "hey" }
'''


@pytest.fixture
def family(tree):
    with mti.App(tree(FAMILY) / "child") as app:
        yield app


def test_steps_are_virtual_and_super_is_the_next_level(family):
    # What an override adds is reported: a name that nothing below has may be a slip.
    assert {finding["code"] for finding in family.check()} == {"MTI0405"}
    hello = family.getElement("words.Hello")
    assert hello.say() == "say Ahello"
    assert hello.word == "Ahello"
    assert hello.both() == ["say Ahello", "say Ahello", "say x"]
    assert family.getElement("words.Hey").say() == "SAY AHEY"


def test_arguments_and_defaults_are_as_python_has_them(family):
    hello = family.getElement("words.Hello")
    assert hello.add(1) == hello.add(left=1) == 20
    assert hello.add(1, right=4) == 50
    for call, words in (
        (lambda: hello.add(), "argument `left` is missing"),
        (lambda: hello.add(1, 2, 3), "takes (left, right)"),
        (lambda: hello.add(1, wrong=2), "`wrong` is not an argument of this function, which takes `left`, `right`"),
    ):
        with pytest.raises(mti.ApiParamsError) as refused:
            call()
        assert words in refused.value.message


def test_a_level_knows_its_element_and_its_app(family):
    assert family.getElement("words.Hello").who() == ["acme.child", "words.Hello", "say Ahello", ["apiToken", "word"]]


def test_the_parent_by_itself_has_none_of_it(tree):
    root = tree(FAMILY)
    with mti.App(root / "base") as base, mti.App(root / "child") as child:
        assert base.getElement("words.Hello").say() == "say hello"
        assert child.getElement("words.Hello").say() == "say Ahello"
        assert not hasattr(base.getElement("words.Hello"), "both")


def test_two_apps_with_the_same_names_do_not_collide(tree, tmp_path):
    root = tree(FAMILY)
    other = tmp_path / "other"
    (root / "base").rename(other)
    (other / "words/PlainType/grammar.py").write_text("def greet(word):\n    return f'shout {word}'\n")
    tree(FAMILY)
    before = set(sys.path)
    with mti.App(root / "base") as one, mti.App(other) as two:
        assert one.getElement("words.Hello").say() == "say hello"
        assert two.getElement("words.Hello").say() == "shout hello"
    assert set(sys.path) == before and "words" not in sys.modules


def test_an_exception_is_a_failure_and_its_traceback_is_in_the_log(family, caplog):
    hello = family.getElement("words.Hello")
    with caplog.at_level(logging.ERROR), pytest.raises(mti.ElementException) as failed:
        hello.fail("unexpectedly")
    assert failed.value.code == "ELEMENT_EXCEPTION" and failed.value.__cause__ is None
    assert "secret" not in failed.value.message
    assert "Traceback" not in str(failed.value) and "ValueError" in str(failed.value)
    logged = [record.getMessage() for record in caplog.records]
    assert any("Traceback" in line and "in fail" in line for line in logged), logged


def test_own_failures_pass_as_they_are(family):
    hello = family.getElement("words.Hello")
    with pytest.raises(mti.PermissionDenied) as refused:
        hello.fail("own")
    assert (refused.value.message, refused.value.data) == ("not you", {"why": 1})
    with pytest.raises(KeyboardInterrupt):
        hello.fail("interrupt")


def test_coroutines_are_steps_too(family):
    hey = family.getElement("words.Hey")
    assert hey.later(2) == ["say Ahey", "say Ahey", "SAY AHEY"]

    async def main():
        return await asyncio.gather(*(hey.later.aio(times=1) for _ in range(16)))

    assert asyncio.run(main()) == [["say Ahey", "SAY AHEY"]] * 16
    with pytest.raises(mti.ElementException, match="aio"):
        hey.too_early()


def test_a_coroutine_that_leaves_takes_no_others_with_it(family):
    hey = family.getElement("words.Hey")
    for how, kind in (("exit", SystemExit), ("interrupt", KeyboardInterrupt), ("exit", SystemExit)):
        with pytest.raises(kind):
            hey.leave(how)
    assert hey.later(1) == ["say Ahey", "SAY AHEY"]


def test_a_thread_of_its_own_is_outside_of_the_call(family):
    assert family.getElement("words.Hey").in_a_thread() == [True, "say Ahello", "SAY AHEY"]


def test_endless_recursion_is_a_failure(family):
    with pytest.raises(mti.ElementException, match="deep"):
        family.getElement("words.Hey").endless()


def test_many_threads_call_levels(family):
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(32) as pool:
        said = list(pool.map(lambda _: family.getElement("words.Hey").say(), range(320)))
    assert set(said) == {"SAY AHEY"}


def test_code_that_cannot_be_loaded_quarantines_and_says_where(tree):
    root = tree(FAMILY)
    (root / "child/words/PlainType/__init__.py").write_text("from words.PlainType import PlainType\n\nclass PlainType(Plain:\n")
    with mti.App(root / "child") as app:
        found = [finding for finding in app.diagnostics() if finding["element"] == "words.PlainType"]
        assert [(finding["file"], finding["line"]) for finding in found] == [("words/PlainType/__init__.py", 3)]
        assert "SyntaxError" in found[0]["message"]
        # The definition that is hidden by the broken one is not exposed.
        with pytest.raises(mti.ElementException, match="quarantined"):
            app.getElement("words.Hello")


@pytest.mark.parametrize(
    "code, words",
    [
        ("from words.PlainTyp import PlainType\n", "PlainTyp"),
        ("from words.PlainType import Plain\n", "Plain"),
        ("import no_such_module_anywhere\n", "no_such_module_anywhere"),
        ("class A: pass\nclass B: pass\n", "which of `A`, `B`"),
        ("x = 1\n", "must export the class"),
        ("import mti\nclass PlainType(mti.Level):\n    @mti.quick\n    async def say(self): ...\n", "keeps no thread waiting"),
        ("import mti\nclass PlainType(mti.Level):\n    @mti.quick\n    @property\n    def word(self): ...\n", "above `@mti.quick`"),
        ("import mti\n@mti.quick\nclass PlainType(mti.Level): ...\n", "above the `def`"),
    ],
)
def test_what_is_wrong_with_code_is_said(tree, code, words):
    root = tree(FAMILY)
    (root / "child/words/PlainType/__init__.py").write_text(code)
    with mti.App(root / "child") as app:
        assert any(words in finding["message"] for finding in app.diagnostics())


def test_code_that_was_gone_for_a_while_is_taken_in_when_it_is_back(tree):
    root = tree(FAMILY)
    level = root / "child/words/PlainType/__init__.py"
    text = level.read_text()
    with mti.App(root / "child") as app:
        hello = app.getElement("words.Hello")
        for broken in [None, "", "class PlainType(:\n", None]:
            if broken is None:
                level.unlink()
            else:
                level.write_text(broken)
            app.reload()
            assert hello.say() == "say Ahello", "the last good version is served"
            assert [finding["element"] for finding in app.check() if finding["severity"] == "error"] == ["words.PlainType"]
        level.write_text(text.replace('"A"', '"B"'))
        app.reload()
        assert hello.say() == "say Bhello"
        assert [finding for finding in app.check() if finding["severity"] == "error"] == []


@pytest.mark.parametrize("asked", ["app.getElement('words.Hello')", "app.envVars"])
def test_a_reload_refuses_modules_that_the_next_start_would_refuse(tree, asked):
    root = tree(FAMILY)
    level = root / "child/words/PlainType/__init__.py"
    with mti.App(root / "child") as app:
        hello = app.getElement("words.Hello")
        assert hello.say() == "say Ahello"
        level.write_text(f"{asked}\n" + level.read_text())
        app.reload()
        assert hello.say() == "say Ahello"
        (at_reload,) = [finding["message"] for finding in app.check() if finding["severity"] == "error"]
    with mti.App(root / "child") as app:
        (at_start,) = {finding["message"] for finding in app.diagnostics() if finding["code"] == "MTI0407"}
    assert "the app is not open yet" in at_start
    assert at_reload == at_start


def test_a_reload_takes_in_what_was_edited_and_leaks_nothing(tree):
    root = tree(FAMILY)
    with mti.App(root / "child") as app:
        hello = app.getElement("words.Hello")
        assert hello.say() == "say Ahello"
        module = next(module for name, module in sys.modules.items() if name.endswith("acme:base.words.PlainType"))
        old = weakref.ref(module.PlainType)
        del module
        assert app.reload() == []

        (root / "base/words/PlainType/grammar.py").write_text("def greet(word):\n    return f'sing {word}'\n")
        assert app.reload() == ["words.Hello"]
        assert hello.say() == "sing Ahello"

        (root / "base/words/PlainType/grammar.py").write_text("def greet(word)\n")
        app.reload()
        assert hello.say() == "sing Ahello", "the last good version goes on"
        (root / "base/words/PlainType/grammar.py").write_text("def greet(word):\n    return f'hum {word}'\n")
        app.reload()
        assert hello.say() == "hum Ahello"
        for _ in range(100):
            gc.collect()
            if old() is None:
                break
            threading.Event().wait(0.02)
        assert old() is None


def test_a_closed_app_leaves_no_modules(tree):
    app = mti.App(tree(FAMILY) / "child")
    app.getElement("words.Hello").say()
    mine = next(name for name in sys.modules if name.endswith("acme:child.words.PlainType")).partition(".")[0]
    app.close()
    del app
    gc.collect()
    assert not [name for name in sys.modules if name == mine or name.startswith(mine + ".")]


def test_an_override_of_a_type_in_rust_reaches_the_instances_of_parents(tmp_path, wechat):
    demo = copy_of("demo", tmp_path, wechat, LOGIN)
    shop = tmp_path / "shop"
    level = shop / "auths/loginTypes/WeChatType"
    level.mkdir(parents=True)
    (shop / "app.json").write_text(
        json.dumps({"appId": "acme.shop", "version": "1.0.0", "extends": [{"appId": "acme.demo", "version": "0.1.0"}]})
    )
    (level / "e.json").write_text(json.dumps({"backend": "python"}))
    (level / "__init__.py").write_text(
        """
import mti
from auths.loginTypes.WeChatType import WeChatType

class WeChatType(WeChatType):
    seen = []

    def exchangeCode(self, code):
        grant = super().exchangeCode(code)
        self.seen.append((type(grant["accessToken"]).__name__, repr(grant), self.app.currentUser))
        return grant

    def fetchProfile(self, grant):
        return super().fetchProfile(grant)

    def registerUser(self, who, nick):
        return super().registerUser(who, nick + "!")

    def matchUser(self, who):
        user = super().matchUser(who)
        rows = self.app.getElement(self.authModelElemName)
        if user is not None:
            assert rows.get("Q(userId='%s')" % user)["openId"] == who["openId"]
        return user

    def whatWasSeen(self):
        return self.seen
"""
    )
    config = demo / "auths/loginTypes/MyWeChatLogin/e.json"
    config.write_text(json.dumps({**json.loads(config.read_text("utf-8")), "allowRegister": 1}), "utf-8")
    with mti.App(shop, app_path=[tmp_path]) as app:
        assert [finding for finding in app.check() if finding["severity"] == "error"] == []
        login = app.getElement(LOGIN)
        assert login.getLoginCode(wechat.code("wx0123456789abcdef", "zhang-san"))["corpList"]
        kind, shown, user = login.whatWasSeen()[0]
        assert kind == "Secret" and "<redacted>" in shown and user is None
        with pytest.raises(mti.UserAuthMiss) as miss:
            login.getLoginCode(wechat.code("wx0123456789abcdef", "li-si"))
        login.register(miss.value.data["bindTicket"])
        # The profile was fetched with the token that crossed the border twice.
        assert app.getElement("auths.models.UserModel").get("Q(nick='李四!')")


def test_a_secret_shows_itself_to_whoever_asks_for_it_only(demo):
    config = demo.getElement(LOGIN).authConfig
    secret = "0123456789abcdef0123456789abcdef"
    assert config["appSecret"] == secret and config.get("appSecret").reveal() == secret
    assert config["appSecret"] != "x" and config["appSecret"]
    for shown in (repr(config), str(config), json.dumps(config), json.dumps(dict(config)), f"{config['appSecret']}", repr(config["appSecret"])):
        assert secret not in shown and "<redacted>" in shown
    with pytest.raises(TypeError):
        json.dumps(config["appSecret"])


def test_an_element_that_is_made_anew_lets_go_of_what_it_held(tree, tmp_path):
    root = tree(FAMILY)
    level = root / "base/words/PlainType/__init__.py"
    level.write_text(level.read_text() + f"    def _retire(self):\n        open({str(tmp_path / 'gone')!r}, 'w').close()\n")
    with mti.App(root / "child") as app:
        app.getElement("words.Hello").say()
        (root / "base/words/Hello/Hello.json").write_text('{ "word": "bye" }')
        assert app.reload() == ["words.Hello"]
        assert app.getElement("words.Hello").say() == "say Abye"
        for _ in range(100):
            if (tmp_path / "gone").exists():
                break
            threading.Event().wait(0.02)
        assert (tmp_path / "gone").exists()
