"""`python -m mti`: the command, with Python."""

import json
import subprocess
import sys
import urllib.error
import urllib.request

import pytest
from conftest import APPS, copy_of

STAFF = "auths.loginTypes.StaffLogin"


def mti_command(*arguments, **named):
    return subprocess.run([sys.executable, "-m", "mti", *map(str, arguments)], capture_output=True, text=True, timeout=60, **named)


def test_it_is_the_same_command_with_levels_in_python():
    done = mti_command("call", "--app", APPS / "new-family-python", "tariffs.IslandParcel", "quote", '{"grams": 2500, "postcode": "26465"}')
    assert (done.returncode, json.loads(done.stdout)) == (0, {"cents": 2040, "currency": "EUR"}), done.stderr
    for app in ("new-family-python", "members-only-python", "demo"):
        done = mti_command("check", "--app", APPS / app)
        assert done.returncode == 0, done.stdout + done.stderr
    done = mti_command("explain", "--app", APPS / "members-only-python", STAFF)
    assert "python" in done.stdout and "auths/loginTypes/MembersOnlyType/__init__.py:" in done.stdout, done.stdout


def test_failures_and_usage_have_their_exit_codes():
    done = mti_command("call", "--app", APPS / "new-family-python", "tariffs.Parcel", "quote", '{"grams": 0, "postcode": "1"}')
    assert done.returncode == 1 and "API_PARAMS_ERROR" in done.stderr
    assert mti_command("no-such-command").returncode == 2
    assert "wechat-sim" in mti_command("--help").stdout


def test_new_makes_levels_in_python(tmp_path):
    assert mti_command("new", "app", tmp_path / "shop", "--id", "acme.shop").returncode == 0

    def new(*arguments):
        done = mti_command("new", *arguments, "--python", cwd=tmp_path / "shop")
        assert done.returncode == 0, done.stderr
        assert "next" not in done.stderr, done.stderr

    new("type", "words.Meta", "--type", "")
    new("type", "words.PlainType", "--type", "words.Meta", "--title", 'Plain "words"')
    new("type", "words.LoudType", "--type", "words.PlainType")
    new("type", "auths.loginTypes.StaffType", "--type", "auths.loginTypes.WeChatType")
    new("override", "auths.loginTypes.WeChatType")
    done = mti_command("check", cwd=tmp_path / "shop")
    assert done.returncode == 0, done.stdout
    done = mti_command("call", "words.MyLoud", "greet", '{"name": "ann"}', cwd=tmp_path / "shop")
    assert (done.returncode, json.loads(done.stdout)) == (0, "hello ann"), done.stderr
    explained = mti_command("explain", "auths.loginTypes.MyStaff", cwd=tmp_path / "shop").stdout
    levels = explained.split("listCorps(")[1].split("(")[0].split()
    assert levels.count("python") == 2 and levels.count("rust") == 1, explained
    assert mti_command("new", "override", "words.LoudType", "--python", "--rust", cwd=tmp_path / "shop").returncode == 2


def test_what_runs_python_over_http_answers_no_traceback(tree):
    root = tree(
        """
//- app.json
{ "appId": "acme.broken", "version": "1.0.0" }
//- words/Meta/e.json
{ "title": "Words", "type": "" }
//- words/Type/e.json
{ "title": "Type", "type": "words.Meta", "functionList": [
  { "name": "say", "title": "Say", "args": [{ "name": "word", "dataType": "Stext" }], "loginRequired": 0 },
  { "name": "who", "title": "Who", "loginRequired": 0 },
  { "name": "leave", "title": "Leave", "loginRequired": 0 },
  { "name": "fail", "title": "Fail", "loginRequired": 0 }] }
//- words/Type/__init__.py
import mti
class Type(mti.Level):
    def say(self, word):
        return self.twice(word) + str(self.app.currentUser)
    def twice(self, word):
        return word * 2
    async def who(self):
        return await self.twice.aio("x")
    async def leave(self):
        raise SystemExit(3)
    def fail(self):
        raise ValueError("the secret of the house")
//- words/Word/e.json
{ "title": "Word", "type": "words.Type" }
"""
    )
    serve = [sys.executable, "-m", "mti", "serve", "--app", str(root), "--bind", "127.0.0.1:0"]
    server = subprocess.Popen(serve, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        line = server.stdout.readline()
        base = next(word for word in line.split() if word.startswith("http://")).split("/acme/")[0]

        def post(function, arguments):
            request = urllib.request.Request(
                f"{base}/api/acme/broken/words/Word/{function}",
                json.dumps(arguments).encode(),
                {"content-type": "application/json"},
            )
            try:
                with urllib.request.urlopen(request, timeout=30) as answer:
                    return json.load(answer)
            except urllib.error.HTTPError as failed:
                return json.load(failed)

        assert post("say", {"word": "ho"})["data"] == "hohoNone"
        assert post("leave", {})["error"] == "ELEMENT_EXCEPTION"
        assert post("who", {})["data"] == "xx"
        failed = post("fail", {})
        assert failed["error"] == "ELEMENT_EXCEPTION" and "secret" not in json.dumps(failed), failed
        assert post("twice", {"word": "ho"})["error"] == "FUNCTION_NOT_FOUND"
    finally:
        server.terminate()
        _, log = server.communicate(timeout=30)
    assert server.returncode == 0
    assert "Traceback" in log and "the secret of the house" in log
    assert "in leave\n    raise SystemExit(3)\nSystemExit: 3" in log, log
