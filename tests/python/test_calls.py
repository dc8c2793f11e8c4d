"""Elements as objects: calls, properties, failures."""

import copy
import gc
import inspect
import json
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
import weakref
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from conftest import APP_ID, APPS, BINDINGS, LOGIN

import mti
import mti.testing


def test_the_login_config_tells_what_everybody_may_know(demo):
    told = demo.getElement(LOGIN).getLoginConfig()
    assert told == {"isActive": True, "authType": "WeChatType", "authConfig": {"appId": APP_ID}}
    assert type(told) is dict and type(told["authConfig"]) is dict


def test_a_person_who_is_bound_signs_in(demo, wechat):
    login = demo.getElement(LOGIN)
    signed_in = login.getLoginCode(wechat.code(APP_ID, "zhang-san"))
    assert set(signed_in) == {"loginCode", "corpList"}
    assert [corp["corpId"] for corp in signed_in["corpList"]] == ["acme", "panda"]
    session = demo.getElement("auths.loginTypes.services.AuthSvc").loginByCode(signed_in["loginCode"], "acme", "web")
    assert session["success"] is True and session["userId"] == "user123"


def test_binding_and_unbinding_by_position_and_by_name(demo, wechat):
    login = demo.getElement(LOGIN)
    done = {"success": True, "message": "操作成功"}
    assert login.bind("user456", wechat.code(APP_ID, "li-si")) == done
    assert login.bind(userId="user456", code=wechat.code(APP_ID, "li-si")) == done
    rows = demo.getElement(BINDINGS)
    row = rows.get(filter="Q(userId='user456')", orderList=[])
    assert row["appId"] == APP_ID and row["openId"]
    assert login.getUserAuthInfo(row) == {"isActive": True}
    assert login.unbind("user456") == done
    assert rows.get("Q(userId='user456')") is None
    assert login.getUserAuthInfo(None) == {"isActive": False}


def test_an_app_as_it_is_uses_a_simulated_wechat(tmp_path, wechat):
    simulated = {"auths.loginTypes.WeChatType": wechat.config}
    with mti.App(APPS / "demo", data=tmp_path, type_defaults=simulated) as app:
        assert app.getElement(LOGIN).getLoginCode(wechat.code(APP_ID, "zhang-san"))["corpList"]
    with pytest.raises(TypeError, match="at `type_defaults.endpoints`: a value of type `set`"):
        mti.App(APPS / "demo", data=tmp_path, type_defaults={"auths.loginTypes.WeChatType": {"endpoints": {1}}})


def test_a_failure_is_an_exception_of_its_own(demo, wechat):
    with pytest.raises(mti.UserAuthMiss) as miss:
        demo.getElement(LOGIN).getLoginCode(wechat.code(APP_ID, "li-si"))
    assert isinstance(miss.value, mti.MtiError)
    assert (miss.value.code, miss.value.errcode, miss.value.httpStatus) == ("USER_AUTH_MISS", 30001, 403)
    assert set(miss.value.data) == {"bindTicket", "expiresIn"}
    assert "bound" in miss.value.message and str(miss.value).startswith("USER_AUTH_MISS: ")


def test_every_published_failure_has_its_class():
    for code, errcode, status, _ in mti._mti.failures():
        found = [member for member in vars(mti).values() if getattr(member, "code", None) == code and isinstance(member, type)]
        kinds = [kind for kind in found if kind not in (mti.MtiError, mti.AppError)]
        assert len(kinds) == 1, code
        assert kinds[0].__name__ in mti.__all__
        assert (kinds[0].errcode, kinds[0].httpStatus) == (errcode, status)


def test_wrong_arguments_say_what_is_wrong(demo):
    login = demo.getElement(LOGIN)
    for call, words in [
        (lambda: login.bind("a", "b", "c", "d"), "(userId, code, state)"),
        (lambda: login.bind("a", userId="b"), "twice"),
        (lambda: login.bind(usrId="a", code="b"), "usrId"),
        (lambda: login.getLoginCode(), "`code` is missing"),
        (lambda: login.getLoginCode(7), "string"),
    ]:
        with pytest.raises(mti.ApiParamsError, match=words.replace("(", r"\(").replace(")", r"\)")) as refused:
            call()
        assert isinstance(refused.value, TypeError)
    for value, error in [(object(), TypeError), ({1: 2}, TypeError), (float("nan"), ValueError), (1 << 70, ValueError)]:
        with pytest.raises(error):
            login.getLoginCode(value)
    endless = []
    endless.append(endless)
    with pytest.raises(ValueError, match="nested"):
        login.getLoginCode(endless)


def test_names_that_are_not_there_say_which_are_near(demo):
    with pytest.raises(mti.ElementNotFound, match="MyWeChatLogin") as missing:
        demo.getElement("auths.loginTypes.MyWeChatLogn")
    assert isinstance(missing.value, LookupError)
    login = demo.getElement(LOGIN)
    with pytest.raises(mti.FunctionNotFound, match="`getLoginCode`") as unknown:
        login.getLoginCod
    assert isinstance(unknown.value, AttributeError)
    assert not hasattr(login, "getLoginCod") and hasattr(login, "getLoginCode")


def test_elements_and_methods_describe_themselves(demo):
    login = demo.getElement(LOGIN)
    assert repr(login) == f"<mti.Element {LOGIN} of auths.loginTypes.WeChatType>"
    assert repr(login.bind) == f"<mti.Method {LOGIN}.bind(userId, code, state)>"
    assert {"bind", "getLoginCode", "authConfig", "fullName"} <= set(dir(login))
    assert str(inspect.signature(login.bind)) == "(userId, code, state=None)"
    assert "Binds the WeChat account" in inspect.getdoc(login.bind)
    assert repr(demo) == "<mti.App acme.demo@0.1.0>"


def test_properties_read_as_attributes(demo):
    login = demo.getElement(LOGIN)
    assert (login.authType, login.isActive) == ("WeChatType", True)
    assert login.authConfig["appId"] == APP_ID
    assert login.authModelElemName == BINDINGS


def test_an_element_is_the_same_object_every_time(demo):
    assert demo.getElement(LOGIN) is demo.getElement("".join(LOGIN))
    assert demo.findElements(".auths.loginTypes.WeChatType")[0].fullName == LOGIN


def test_definitions_are_read_without_loading_and_without_secrets(demo):
    define = demo.getElementDefine(LOGIN)
    assert define["kind"] == "instance" and define["types"][-1] == "auths.loginTypes.Meta"
    assert define["config"]["authConfig"] == {"appId": APP_ID, "appSecret": "<redacted>"}
    assert "0123456789abcdef0123456789abcdef" not in json.dumps(demo.getAllElementsDefine())
    assert demo.appHierarchy() == ["acme.demo@0.1.0", "mti.base@0.1.0"]
    assert demo.explain(LOGIN) and demo.check() == [] and demo.diagnostics() == []


def test_nothing_is_pickled_or_copied(demo):
    for thing in (demo, demo.getElement(LOGIN), demo.getElement(LOGIN).bind):
        for attempt in (pickle.dumps, copy.copy, copy.deepcopy):
            with pytest.raises(TypeError, match="cannot be pickled or copied"):
                attempt(thing)


def test_an_app_that_cannot_be_opened_says_why(tmp_path):
    with pytest.raises(mti.AppError, match=r"app\.json") as refused:
        mti.App(tmp_path)
    assert refused.value.diagnostics[0]["code"].startswith("MTI")


def test_an_app_whose_server_cannot_be_reached_says_so_when_it_is_opened(demo_root):
    # Nobody listens on the port.
    url = "postgres://nobody:canary@127.0.0.1:1/nothing"
    with pytest.raises(mti.AppError, match="database cannot be opened: .*refused") as refused:
        mti.App(demo_root, database_url=url)
    assert "canary" not in str(refused.value)
    assert isinstance(refused.value.__cause__, mti.ElementException)
    with mti.App(demo_root, database_url=url, connect=False) as app:
        assert app.getElementDefine(LOGIN)["fullName"] == LOGIN
        with pytest.raises(mti.ElementException):
            app.getElement(BINDINGS).get("")


HOLDER = """
import sys
import mti
with mti.App(sys.argv[1]) as app:
    print("open", flush=True)
    sys.stdin.read()
"""


def test_an_app_whose_data_another_process_has_says_so_when_it_is_opened(demo_root):
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, demo_root], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        # Nobody has used an element there: opening the app is enough to have its data.
        assert holder.stdout.readline() == "open\n"
        with pytest.raises(mti.AppError, match=f"held by .*process {holder.pid}"):
            mti.App(demo_root)
        with mti.App(demo_root, connect=False) as app:
            assert app.check() == []
    finally:
        holder.communicate()
    with mti.App(demo_root) as app:
        assert app.getElement(BINDINGS).get("Q(userId='user123')")["userId"] == "user123"


def test_a_closed_app_gives_its_database_back(demo_root):
    for _ in range(2):
        with mti.App(demo_root) as app:
            assert app.getElement(BINDINGS).get("Q(userId='user123')")["userId"] == "user123"


def test_an_app_that_nobody_uses_is_let_go(demo_root):
    app = mti.App(demo_root)
    app.getElement(LOGIN).getLoginConfig()
    gone = weakref.ref(app)
    del app
    gc.collect()
    assert gone() is None


def test_variables_come_from_the_file_that_is_named(demo_root, tmp_path):
    config = demo_root / "auths/loginTypes/MyWeChatLogin/MyWeChatLogin.json"
    config.write_text(json.dumps({"authConfig": {"appId": "${WHICH_APP}"}}), "utf-8")
    variables = tmp_path / "variables"
    variables.write_text("WHICH_APP=wxfedcba9876543210\n")
    with mti.App(demo_root, env_file=variables, data=tmp_path / "data") as app:
        assert app.getElement(LOGIN).authConfig["appId"] == "wxfedcba9876543210"
        assert app.envVars()["WHICH_APP"] == "wxfedcba9876543210"


def test_thirty_two_threads_share_one_app(demo, wechat):
    together = threading.Barrier(32)

    def sign_in(_):
        together.wait()
        for _ in range(4):
            login = demo.getElement(LOGIN)
            assert login.getLoginConfig()["isActive"]
            signed_in = login.getLoginCode(wechat.code(APP_ID, "zhang-san"))
        return signed_in["loginCode"]

    with ThreadPoolExecutor(32) as pool:
        codes = list(pool.map(sign_in, range(32)))
    assert len(set(codes)) == 32


def test_other_threads_run_while_rust_works(demo, wechat):
    wechat.knobs = {**wechat.knobs, "latencyMs": 300}
    done = threading.Event()
    caller = threading.Thread(target=lambda: (demo.getElement(LOGIN).getLoginCode(wechat.code(APP_ID, "zhang-san")), done.set()))
    caller.start()
    turns = 0
    while not done.is_set():
        turns += 1
        time.sleep(0)
    caller.join()
    assert turns > 100


@pytest.fixture
def ctrl_c():
    """Ctrl-C as it is at a terminal: a process in the background of a shell begins with it ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("ctrl_c")
def test_ctrl_c_ends_a_call_that_waits(demo_root, wechat):
    config = demo_root / "auths/loginTypes/MyWeChatLogin/MyWeChatLogin.json"
    config.write_text(json.dumps({**json.loads(config.read_text("utf-8")), "timeoutMs": 60000}), "utf-8")
    wechat.knobs = {**wechat.knobs, "faults": [{"endpoint": "access_token", "times": 1, "effect": "halfOpen"}]}
    with mti.App(demo_root) as app:
        login = app.getElement(LOGIN)
        threading.Timer(0.3, signal.raise_signal, [signal.SIGINT]).start()
        with pytest.raises(KeyboardInterrupt):
            login.getLoginCode(wechat.code(APP_ID, "zhang-san"))
        assert login.getLoginCode(wechat.code(APP_ID, "zhang-san"))["loginCode"]


def test_async_calls_are_awaited_and_run_together(demo, wechat):
    import asyncio

    async def main():
        login = demo.getElement(LOGIN)
        results = await asyncio.gather(*(login.getLoginCode.aio(wechat.code(APP_ID, "zhang-san")) for _ in range(8)))
        assert len({result["loginCode"] for result in results}) == 8
        with pytest.raises(mti.WechatCodeInvalid):
            await login.getLoginCode.aio("not a code")

    asyncio.run(main())


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the platform cannot fork")
def test_a_forked_process_is_refused(demo):
    login = demo.getElement(LOGIN)
    child = os.fork()
    if child == 0:
        try:
            login.getLoginConfig()
        except RuntimeError as refused:
            os._exit(0 if "fork" in str(refused) else 1)
        os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
