"""`app.visit`: calls with the rights of a visitor, inside a web framework."""

import asyncio
import copy
import pickle
from typing import Any, Dict, List

import pytest
from conftest import APPS
from test_types import mypy, typings  # noqa: F401

import mti

PASSWORD_LOGIN = "auths.loginTypes.PasswordLogin"
SERVICE = "auths.loginTypes.services.AuthSvc"
PASSWORD = "correct horse 9"
ADDRESS = "192.0.2.1"


@pytest.fixture
def app(tmp_path):
    with mti.App(APPS / "demo", data=tmp_path / "data") as app:
        app.getElement(PASSWORD_LOGIN).updatePassword(userId="user123", newPassword=PASSWORD)
        yield app


def browser_with(cookies: List[str]) -> Dict[str, str]:
    """The cookies of a browser that these headers were sent to."""
    pairs = (cookie.split(";")[0].partition("=") for cookie in cookies)
    return {name: value for name, _, value in pairs}


def sign_in(visit: mti.Visit) -> Dict[str, Any]:
    login = visit.getElement(PASSWORD_LOGIN).getLoginCode("zhangsan", PASSWORD)
    return visit.getElement(SERVICE).loginByCode(login["loginCode"], "acme", platform="web")


def current_user(visit: mti.Visit) -> Dict[str, Any]:
    return visit.getElement(SERVICE).currentUser()


def test_a_visitor_signs_in_comes_back_and_signs_out(app):
    first = app.visit(address=ADDRESS)
    with pytest.raises(mti.LoginRequired):
        current_user(first)
    assert first.setCookies == []
    sign_in(first)
    assert current_user(first)["userId"] == "user123"
    cookies = browser_with(first.setCookies)
    assert any(name.startswith("mti_session_") for name in cookies)
    assert all("HttpOnly" in cookie for cookie in first.setCookies)

    second = app.visit(address=ADDRESS, cookies=cookies)
    assert current_user(second)["nick"] == "张三"
    second.getElement(SERVICE).logout()
    with pytest.raises(mti.LoginRequired):
        current_user(app.visit(address=ADDRESS, cookies=cookies))


def test_in_a_coroutine(app):
    async def handle() -> None:
        visit = app.visit(address="2001:db8::1")
        login = await visit.getElement(PASSWORD_LOGIN).getLoginCode.aio(username="zhangsan", password=PASSWORD)
        service = visit.getElement(SERVICE)
        await service.loginByCode.aio(loginCode=login["loginCode"], corp="acme", platform="web")
        assert (await service.currentUser.aio())["corpId"] == "acme"
        with pytest.raises(mti.PasswordError):
            await visit.getElement(PASSWORD_LOGIN).getLoginCode.aio("zhangsan", "wrong")

    asyncio.run(handle())


@pytest.mark.parametrize("form", ["mapping", "pairs", "bytes", "cookie header"])
def test_headers_as_frameworks_have_them(app, form):
    visit = app.visit(address=ADDRESS)
    token = sign_in(visit)["token"]
    cookie = "; ".join(f"{name}={value}" for name, value in browser_with(visit.setCookies).items())
    headers = {
        "mapping": {"Authorization": f"Bearer {token}"},
        "pairs": [("Accept", "text/html"), ("authorization", f"Bearer {token}")],
        "bytes": [(b"authorization", b"Bearer " + token.encode()), (b"x-name", b"\xe9")],
        "cookie header": {"cookie": cookie},
    }[form]
    assert current_user(app.visit(address=ADDRESS, headers=headers))["userId"] == "user123"
    assert app.getElement(SERVICE).verify(token)["userId"] == "user123"


def test_a_page_of_another_site_has_no_session(app):
    visit = app.visit(address=ADDRESS)
    sign_in(visit)
    cookies = browser_with(visit.setCookies)
    foreign = app.visit(address=ADDRESS, cookies=cookies, headers={"origin": "https://evil.example", "host": "shop.example"})
    with pytest.raises(mti.PermissionDenied):
        current_user(foreign)
    own = app.visit(address=ADDRESS, cookies=cookies, headers={"origin": "https://shop.example", "host": "shop.example"})
    assert current_user(own)["userId"] == "user123"


def test_a_visitor_calls_what_is_declared_and_nothing_else(app):
    visit = app.visit(address=ADDRESS)
    with pytest.raises(mti.FunctionNotFound):
        visit.getElement(SERVICE).verify("x" * 43)
    with pytest.raises(mti.FunctionNotFound):
        visit.getElement("auths.models.UserModel").query()
    with pytest.raises(mti.ElementNotFound):
        visit.getElement("no.such.Element").anything(1, 2)
    with pytest.raises(mti.ApiParamsError):
        visit.getElement(PASSWORD_LOGIN).getLoginCode("a", "b", "c")
    with pytest.raises(mti.ApiParamsError):
        visit.getElement(PASSWORD_LOGIN).getLoginCode("a", username="a")
    with pytest.raises(mti.LoginRequired):
        visit.getElement(PASSWORD_LOGIN).unbind("user123")


def test_wrong_passwords_are_counted_and_the_failure_says_how_long_to_wait(app):
    for _ in range(10):
        with pytest.raises(mti.PasswordError) as wrong:
            app.visit(address=ADDRESS).getElement(PASSWORD_LOGIN).getLoginCode("zhangsan", "wrong")
        assert wrong.value.retryAfter is None
    with pytest.raises(mti.RateLimited) as refused:
        app.visit(address=ADDRESS).getElement(PASSWORD_LOGIN).getLoginCode("zhangsan", PASSWORD)
    assert 0 < refused.value.retryAfter <= 900
    sign_in(app.visit(address="192.0.2.2"))


def test_wrong_passwords_in_trusted_calls_are_counted_too(app):
    login = app.getElement(PASSWORD_LOGIN)
    for _ in range(10):
        with pytest.raises(mti.PasswordError):
            login.getLoginCode("zhangsan", "wrong")
    with pytest.raises(mti.RateLimited):
        login.getLoginCode("zhangsan", PASSWORD)


def test_over_https_cookies_are_secure(tmp_path):
    with mti.App(APPS / "demo", data=tmp_path / "data", public_url="https://shop.example") as app:
        visit = app.visit(address=ADDRESS)
        visit.getElement("auths.loginTypes.MyWeChatLogin").getAuthorizeUrl()
        assert visit.setCookies
        for cookie in visit.setCookies:
            assert cookie.startswith("__Host-mti_") and cookie.endswith("; Secure")


def test_what_is_no_request_is_refused_at_once(app):
    with pytest.raises(ValueError, match="testclient"):
        app.visit(address="testclient")
    with pytest.raises(ValueError, match="cannot be a header") as refused:
        app.visit(address=ADDRESS, headers={"authorization": "Bearer s3cr3t\n"})
    assert "s3cr3t" not in str(refused.value)
    with pytest.raises(TypeError):
        app.visit(address=ADDRESS, headers={"a": 1})
    with pytest.raises(TypeError):
        app.visit()


def test_a_visit_is_of_one_request(app):
    visit = app.visit(address=ADDRESS)
    assert repr(visit) == "<mti.Visit of acme.demo>"
    assert repr(visit.getElement(SERVICE).currentUser) == f"<mti.VisitedMethod {SERVICE}.currentUser>"
    assert visit.getElement(SERVICE).fullName == SERVICE
    with pytest.raises(AttributeError):
        visit.getElement(SERVICE).__wrapped__
    for copied in (copy.copy, pickle.dumps):
        with pytest.raises(TypeError):
            copied(visit)


def test_visits_are_typed(typings):  # noqa: F811
    (typings / "good.py").write_text(
        "import mti\n"
        "from typing import List\n\n"
        "async def handle(app: mti.App) -> List[str]:\n"
        "    visit: mti.Visit = app.visit(address='127.0.0.1', cookies={}, headers=[(b'a', b'b')])\n"
        "    await visit.getElement('a.B').currentUser.aio()\n"
        "    return visit.setCookies\n"
    )
    assert mypy("good.py", path=typings / "typings", cwd=typings).returncode == 0
    (typings / "slip.py").write_text("import mti\n\ndef f(app: mti.App) -> None:\n    app.visit(adress='127.0.0.1')\n")
    assert "adress" in mypy("slip.py", path=typings / "typings", cwd=typings).stdout
