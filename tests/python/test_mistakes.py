"""What an author of levels in Python is told about the usual slips."""

import logging
import sys

import pytest
from conftest import APP_ID, APPS, LOGIN

import mti

TREE = """
//- app.json
{ "appId": "acme.slips", "version": "1.0.0" }
//- words/Meta/e.json
{ "title": "Words", "type": "" }
//- words/PlainType/e.json
{ "title": "Plain", "type": "words.Meta", "backend": "python" }
//- words/PlainType/__init__.py
import mti
class PlainType(mti.Level):
    def greeting(self):
        return "hello"
    def greetAll(self, names):
        return [self.greeting() + name for name in names]
    @property
    def isLoud(self):
        return False
//- words/Calm/e.json
{ "title": "Calm", "type": "words.PlainType" }
//- words/LoudType/e.json
{ "title": "Loud", "type": "words.PlainType", "backend": "python" }
//- words/Hey/e.json
{ "title": "Hey", "type": "words.LoudType" }
//- words/LoudType/__init__.py
import datetime
import mti
from words.PlainType import PlainType
class LoudType(PlainType):
"""

LEVEL = "words/LoudType/__init__.py"
#: The line of the level that a body begins in.
FIRST = 5


@pytest.fixture
def hey(tree):
    """Opens the app with a body of the class `LoudType`, which may have a mixin."""
    opened = []

    def open_with(body, mixin=None):
        begin = TREE
        if mixin is not None:
            named = mixin.split(":")[0].split()[1]
            begin = TREE.replace("class LoudType(", f"{mixin}class LoudType({named}, ")
        lines = "".join(f"    {line}\n" for line in body.strip().split("\n"))
        opened.append(mti.App(tree(begin + lines)))
        return opened[-1]

    yield open_with
    for app in opened:
        app.close()


def found(app, code=None):
    return [finding for finding in app.check() if code in (None, finding["code"])]


def raised(app, call):
    with pytest.raises(mti.ElementException) as failed:
        call(app.getElement("words.Hey"))
    return str(failed.value)


def test_a_value_without_json_form_is_named_with_its_place(hey, caplog):
    app = hey("def greeting(self):\n    return {'rows': [1, {'at': datetime.date(2030, 1, 1)}]}")
    with caplog.at_level(logging.ERROR):
        assert "TypeError: at `rows[1].at`: a value of type `datetime.date` has no JSON form" in raised(app, lambda hey: hey.greeting())
    line = caplog.records[-1].getMessage()
    assert line.startswith(f"Python code failed in `greeting` of `words.Hey` ({LEVEL}:{FIRST}): TypeError: "), line
    with pytest.raises(TypeError, match=r"at `names\[0\]`: a value of type `set` has no JSON form"):
        app.getElement("words.Hey").greetAll(names=[set()])


def test_a_text_that_is_none_in_unicode_is_named_with_its_place(hey):
    half = chr(0xD800)
    app = hey("def greeting(self):\n    return {'row': chr(0xd800)}\ndef echo(self, text):\n    return text")
    words = r"at `%s`: 'utf-8' codec can't encode character '\\ud800' in position 1: surrogates not allowed"
    for argument, place in (("x" + half, "text"), ([{"row": "x" + half}], r"text\[0\]\.row"), ({"x" + half: 1}, "text")):
        with pytest.raises(ValueError, match=words % place):
            app.getElement("words.Hey").echo(argument)
    assert "ValueError: at `row`: 'utf-8' codec can't encode" in raised(app, lambda hey: hey.greeting())


@pytest.mark.parametrize(
    "body, words",
    [
        ("def greeting(self):\n    return {1, 2}", "a value of type `set` has no JSON form: use None, bool"),
        ("def greeting(self):\n    return [{1: 2}]", "at `[0]`: the keys of a dict must be texts, and one is of type `int`"),
        ("async def greeting(self):\n    return super().greeting.aio()", "has no JSON form: is an `await` missing?"),
        ("def greeting(self):\n    return self.greetingg()", "`LoudType` has no attribute `greetingg`, and its element no step; the nearest are `greeting`"),
        ("def greeting(self):\n    return greeting()", "NameError"),
    ],
)
def test_what_goes_wrong_in_a_call_is_said(hey, body, words):
    assert words in raised(hey(body), lambda hey: hey.greeting())


def test_a_failure_that_passes_through_levels_is_told_once(hey):
    app = hey("def greeting(self):\n    return self.deeper()\ndef deeper(self):\n    return 1 / 0")
    said = raised(app, lambda hey: hey.greetAll(["x"]))
    assert said == "ELEMENT_EXCEPTION: something went wrong; please try again later: ZeroDivisionError: division by zero"
    app = hey("def greeting(self):\n    raise mti.ElementException('not now')")
    assert raised(app, lambda hey: hey.greetAll(["x"])) == "ELEMENT_EXCEPTION: not now"


OWN = "def greeting(self):\n    class Gone(mti.{base}):\n        {members}\n    raise Gone('it is gone')"


@pytest.mark.parametrize(
    "base, members, numbers",
    [
        ("MtiError", "code, errcode, httpStatus = 'GONE', 0, 410", "the errcode 0 and the httpStatus 410"),
        ("MtiError", "code, errcode, httpStatus = 'GONE', -1, 410", "the errcode -1 and"),
        ("MtiError", "code, errcode, httpStatus = 'GONE', 89999, 410", "the errcode 89999 and"),
        ("MtiError", "code, errcode, httpStatus = 'GONE', '90001', 410", "the errcode '90001' and"),
        ("MtiError", "code, errcode, httpStatus = 'GONE', 90001, 101", "the httpStatus 101:"),
        ("MtiError", "code, errcode, httpStatus = 'GONE', 90001, 204", "the httpStatus 204:"),
        ("MtiError", "code, errcode, httpStatus = 'GONE', 90001, 600", "the httpStatus 600:"),
        ("PermissionDenied", "httpStatus = 200", "the httpStatus 200:"),
    ],
)
def test_a_failure_with_numbers_that_are_not_its_own_is_a_mistake(hey, caplog, base, members, numbers):
    app = hey(OWN.format(base=base, members=members))
    with caplog.at_level(logging.ERROR):
        said = raised(app, lambda hey: hey.greeting())
    for text in (said, caplog.records[-1].getMessage()):
        assert "Gone` has the errcode " in text and numbers in text and "from 90000 on for `errcode`, and one from 400 to 599" in text, text


@pytest.mark.parametrize(
    "base, members, told",
    [
        ("MtiError", "code, errcode, httpStatus = 'GONE', 90000, 599", ("GONE", 90000, 599)),
        ("PermissionDenied", "pass", ("PERMISSION_DENIED", 20003, 403)),
        ("UserAuthMiss", "message = 'go'", ("USER_AUTH_MISS", mti.UserAuthMiss.errcode, mti.UserAuthMiss.httpStatus)),
    ],
)
def test_a_failure_with_numbers_of_its_own_passes(hey, base, members, told):
    with pytest.raises(mti.MtiError) as failed:
        hey(OWN.format(base=base, members=members)).getElement("words.Hey").greeting()
    assert (failed.value.code, failed.value.errcode, failed.value.httpStatus, failed.value.message) == (*told, "it is gone")


def test_failures_of_mti_itself_pass(hey):
    app = hey("def greeting(self):\n    raise mti.AppError('not open')\n@property\ndef isLoud(self):\n    raise mti.MtiError('no')")
    with pytest.raises(mti.MtiError) as failed:
        app.getElement("words.Hey").greeting()
    assert (failed.value.code, failed.value.message) == ("APP_ERROR", "not open")
    with pytest.raises(mti.ElementException, match="no"):
        app.getElement("words.Hey").isLoud


def test_the_log_says_what_an_exception_came_of(hey, caplog):
    app = hey("""
def greeting(self):
    try:
        return {}["inner"]
    except KeyError as error:
        outer = ValueError("outer")
        outer.__notes__ = ["and a note"]
        raise outer from error
""")
    with caplog.at_level(logging.ERROR):
        assert raised(app, lambda hey: hey.greeting()).endswith("ValueError: outer")
    (line,) = [text for text in (record.getMessage() for record in caplog.records) if "in `greeting`" in text]
    summary, traceback = line.split("\n", 1)
    assert summary.endswith("ValueError: outer") and traceback.startswith("Traceback (most recent call last):"), line
    assert traceback.index("KeyError: 'inner'") < traceback.index("direct cause of the following") < traceback.index("in greeting\n    raise outer"), line
    assert "and a note" in traceback or sys.version_info < (3, 11), line


@pytest.mark.parametrize(
    "body, words, line",
    [
        ("def __init__(self):\n    self.word = self.config['nope']", "KeyError: 'nope'", FIRST + 1),
        ("def __init__(self):\n    self.word = self.greeting()", "`LoudType` has no attribute `greeting`, and its element no step; steps can be called in steps, and not in `__init__`", FIRST + 1),
    ],
)
def test_an_element_that_cannot_be_made_is_shown_at_the_line(hey, body, words, line):
    app = hey(body)
    finding, *others = found(app)
    assert not others
    assert (finding["code"], finding["element"], finding["file"], finding["line"]) == ("MTI0407", "words.Hey", LEVEL, line), finding
    assert words in finding["message"] and "please try again" not in finding["message"], finding
    said = raised(app, lambda hey: hey.greeting())
    assert words in said and f"{LEVEL}:{line}" in said, said


def test_an_init_that_wants_arguments_is_shown_at_the_line(hey):
    app = hey("def isReady(self):\n    return True\ndef __init__(self, config):\n    self.word = config['word']")
    finding = next(finding for finding in app.diagnostics() if finding["element"] == "words.LoudType")
    assert (finding["code"], finding["file"], finding["line"]) == ("MTI0407", LEVEL, FIRST + 2), finding
    assert "no argument but `self`" in finding["message"], finding


@pytest.mark.parametrize(
    "body, words",
    [
        ("def matchUser(self, who): return 5", "the answer of `matchUser` of `auths.loginTypes.MyWeChatLogin` must be a string"),
        ("def listCorps(self, userId): pass", "the answer of `listCorps` of `auths.loginTypes.MyWeChatLogin` must be an array"),
    ],
)
def test_an_answer_that_is_not_that_of_the_step_is_the_mistake_of_the_level(tree, tmp_path, wechat, body, words):
    root = tree(
        """
//- app.json
{ "appId": "acme.override", "version": "1.0.0", "extends": [{ "appId": "acme.demo", "version": "0.1.0" }] }
//- auths/loginTypes/WeChatType/e.json
{}
//- auths/loginTypes/WeChatType/__init__.py
from auths.loginTypes.WeChatType import WeChatType
class WeChatType(WeChatType):
"""
        + f"    {body}\n"
    )
    simulated = {"auths.loginTypes.WeChatType": wechat.config}
    with mti.App(root, app_path=[APPS], type_defaults=simulated) as app, pytest.raises(mti.ElementException) as failed:
        app.getElement(LOGIN).getLoginCode(wechat.code(APP_ID, "zhang-san"))
    assert words in str(failed.value) and "answer" not in failed.value.message, str(failed.value)


def test_a_method_without_self_is_shown_at_the_line(hey):
    app = hey("def isReady(self):\n    return True\ndef greeting():\n    return 'hey'")
    finding = next(finding for finding in app.diagnostics() if finding["element"] == "words.LoudType")
    assert (finding["code"], finding["file"], finding["line"]) == ("MTI0407", LEVEL, FIRST + 2), finding
    assert "`greeting` takes no `self`" in finding["message"], finding


@pytest.mark.parametrize(
    "body, words, advice",
    [
        ("def greating(self):\n    return 'hey'", "`greating` of `words.LoudType` in acme.slips@1.0.0 overrides nothing", "did you mean `greeting`?"),
        ("def greet_all(self, names):\n    return []", "`greet_all` of `words.LoudType`", "did you mean `greetAll`?"),
        ("isLoud = True", "`isLoud` of `words.LoudType` in acme.slips@1.0.0 overrides nothing: it is neither a method nor a property of its class, but a `bool`", LEVEL),
        ("@staticmethod\ndef greeting():\n    return 'hey'", "but a `staticmethod`", LEVEL),
    ],
)
def test_what_overrides_nothing_is_found(hey, body, words, advice):
    (finding,) = found(hey(body), "MTI0405")
    assert words in finding["message"] and advice in finding["help"], finding
    assert finding["severity"] == "warning" and finding["element"] == "words.LoudType"


def test_a_step_in_another_class_than_that_of_the_level_is_found(hey):
    app = hey("pass", mixin="class Deny:\n    def greeting(self):\n        return ''\n    def other(self):\n        return ''\n")
    (finding,) = found(app, "MTI0405")
    assert "`greeting` of `words.LoudType` in acme.slips@1.0.0 overrides nothing" in finding["message"], finding
    assert "but a `method of Deny`" in finding["message"] and "in the body of the class" in finding["help"], finding


def test_steps_and_names_of_a_level_itself_are_no_slips(hey):
    app = hey("word = 'hey'\ndef greetings(self):\n    return [self.word]\ndef shout(self):\n    return self.greeting().upper()")
    assert found(app) == []
    assert app.getElement("words.Hey").shout() == "HELLO"


@pytest.mark.parametrize(
    "body, words",
    [
        ("def isLoud(self):\n    return True", "`isLoud` of `words.LoudType` in acme.slips@1.0.0 is a method, and what it overrides in acme.slips@1.0.0 is a property"),
        ("@property\ndef greeting(self):\n    return 'hey'", "is a property, and what it overrides in acme.slips@1.0.0 is a method"),
    ],
)
def test_a_method_in_the_place_of_a_property_is_found(hey, body, words):
    (finding,) = found(hey(body), "MTI0416")
    assert words in finding["message"], finding


def test_code_that_stays_broken_is_no_change(hey):
    app = hey("def greeting(self)\n    return 'hey'")
    level = next(path for path in app.diagnostics() if path["code"] == "MTI0407")
    assert (level["file"], level["line"]) == (LEVEL, FIRST)
    calm = app.getElement("words.Calm")
    app.reload()
    assert app.getElement("words.Calm") is calm, "the app is as it was"


def test_fields_that_a_level_needs_are_looked_for_in_the_model(hey):
    app = hey("needs_fields = {'auths.models.UserModel': {'nick': 'Stext', 'department': 'Stext', 'isAdmin': 'Integer'}}")
    missing, unsuitable = found(app, "MTI0708")
    assert "`auths.models.UserModel` has no field `department`; `words.Hey` needs it" == missing["message"]
    assert "`isAdmin` of truth values (`Boolean`) instead of whole numbers" in unsuitable["message"]


@pytest.mark.parametrize(
    "said, words",
    [
        ("['auths.models.UserModel']", "is a dict of models"),
        ("{'auths.models.UserModel': {'nick': 'Strext'}}", "names `Strext` for `nick`, which is no data type"),
    ],
)
def test_fields_that_are_needed_are_written_as_documented(hey, said, words):
    (finding,) = found(hey(f"needs_fields = {said}"))
    assert words in finding["message"], finding


def test_a_function_that_lacks_a_needed_argument_is_an_error_for_levels_in_python_too(tree):
    functions = '"functionList": [{"name": "greetAll", "args": []}, {"name": "greetSome", "args": []}]'
    plain = '{ "title": "Plain", "type": "words.Meta", "backend": "python" }'
    body = TREE.replace(plain, plain.replace(" }", f", {functions} }}"))
    body = body.replace("    @property\n    def isLoud", "    def greetSome(self, names=()):\n        return names\n    @property\n    def isLoud")
    with mti.App(tree(body + "    pass\n"), connect=False) as app:
        (finding,) = found(app)
        assert (finding["code"], finding["severity"]) == ("MTI0418", "error")
        assert "`greetAll` cannot be called: it is declared without `names`" in finding["message"]
