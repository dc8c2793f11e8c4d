"""`apps/in-fastapi`: an application in FastAPI whose users sign in by MTI."""

import asyncio
import importlib.util
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from conftest import APPS, copy_of

import mti

fastapi = pytest.importorskip("fastapi", reason="FastAPI needs Python 3.10")
import httpx  # noqa: E402

SITE = "http://127.0.0.1:8000"
WECHAT_APP_ID = "wx0fa57a91c0ffee00"
ZHANGSAN = {"username": "zhangsan", "password": "demo-zhangsan"}
BOSS = {"username": "boss", "password": "demo-boss"}


@pytest.fixture
def api(tmp_path, wechat, monkeypatch):
    monkeypatch.setenv("PUBLIC_URL", SITE)
    root = copy_of("in-fastapi", tmp_path, wechat, "auths.loginTypes.WeChatLogin")
    found = importlib.util.spec_from_file_location("in_fastapi_main", root / "main.py")
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    with mti.App(root, public_url=SITE) as app:
        yield module.create(app)


def browser(api, address="192.0.2.1") -> httpx.AsyncClient:
    """A browser that keeps cookies and follows nothing by itself."""
    transport = httpx.ASGITransport(app=api, client=(address, 4711))
    return httpx.AsyncClient(transport=transport, base_url=SITE, headers={"sec-fetch-site": "same-origin"})


def test_the_app_is_without_findings(tmp_path):
    with mti.App(APPS / "in-fastapi", data=tmp_path) as app:
        assert app.check() == []


def test_a_guarded_page_sends_to_the_sign_in_and_back(api):
    async def story():
        async with browser(api) as visitor:
            guarded = await visitor.get("/orders?page=2&sort=date")
            assert guarded.status_code == 303
            sign_in = guarded.headers["location"]
            form = await visitor.get(sign_in)
            assert 'value="/orders?page=2&amp;sort=date"' in form.text
            asked = parse_qs(urlsplit(sign_in).query)["returnTo"][0]
            back = await visitor.post("/sign-in", data={**ZHANGSAN, "returnTo": asked})
            assert (back.status_code, back.headers["location"]) == (303, "/orders?page=2&sort=date")
            assert back.headers["cache-control"] == "no-store"
            orders = await visitor.get(back.headers["location"])
            assert orders.status_code == 200 and "张三" in orders.text
            assert (await visitor.get(sign_in)).headers["location"] == asked

    asyncio.run(story())


def test_who_calls_and_the_end_of_the_session(api):
    async def story():
        async with browser(api) as visitor:
            assert (await visitor.get("/api/me")).status_code == 401
            await visitor.post("/sign-in", data=ZHANGSAN)
            me = (await visitor.get("/api/me")).json()
            assert (me["userId"], me["isAdmin"]) == ("zhangsan", False)
            session = dict(visitor.cookies)
            assert (await visitor.post("/sign-out")).headers["location"] == "/"
            assert not any(name.startswith("mti_session_") for name in visitor.cookies)
        async with browser(api) as again:
            again.cookies.update(session)
            assert (await again.get("/api/me")).status_code == 401, "the session itself has ended"

    asyncio.run(story())


def test_a_program_calls_with_a_token(api):
    async def story():
        login = await api.state.mti.getElement("auths.loginTypes.PasswordLogin").getLoginCode.aio("boss", "demo-boss")
        service = api.state.mti.getElement("auths.loginTypes.services.AuthSvc")
        token = (await service.loginByCode.aio(login["loginCode"], "", "cron"))["token"]
        async with browser(api) as program:
            answer = await program.get("/api/me", headers={"authorization": f"Bearer {token}"})
            assert answer.json()["userId"] == "boss"

    asyncio.run(story())


def test_the_page_of_administrators_is_theirs_alone(api):
    async def story():
        async with browser(api) as visitor:
            assert (await visitor.get("/admin")).headers["location"] == "/sign-in?returnTo=%2Fadmin"
            await visitor.post("/sign-in", data=ZHANGSAN)
            assert (await visitor.get("/admin")).status_code == 403
        async with browser(api) as visitor:
            await visitor.post("/sign-in", data=BOSS)
            assert (await visitor.get("/admin")).status_code == 200

    asyncio.run(story())


def test_wrong_passwords_are_limited_by_address(api):
    async def story():
        async with browser(api) as guesser:
            for _ in range(10):
                wrong = await guesser.post("/sign-in", data={**ZHANGSAN, "password": "wrong", "returnTo": "/orders"})
                assert wrong.status_code == 401 and 'value="/orders"' in wrong.text
            refused = await guesser.post("/sign-in", data=ZHANGSAN)
            assert refused.status_code == 429 and int(refused.headers["retry-after"]) <= 900
        async with browser(api, "192.0.2.2") as owner:
            assert (await owner.post("/sign-in", data=ZHANGSAN)).status_code == 303

    asyncio.run(story())


def test_a_page_of_another_site_does_nothing_here(api):
    async def story():
        async with browser(api) as visitor:
            foreign = {"origin": "https://evil.example", "sec-fetch-site": "cross-site"}
            planted = await visitor.post("/sign-in", data=ZHANGSAN, headers=foreign)
            assert planted.status_code == 403 and "set-cookie" not in planted.headers
            await visitor.post("/sign-in", data=ZHANGSAN)
            assert (await visitor.post("/sign-out", headers=foreign)).status_code == 403
            link = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}
            assert (await visitor.get("/orders", headers=link)).status_code == 200, "links from elsewhere work"

    asyncio.run(story())


@pytest.mark.parametrize("target", ["https://evil.example", "//evil.example", "/\\evil.example", "/\t/evil.example", "", "orders"])
def test_nobody_is_sent_to_another_site(api, target):
    async def story():
        async with browser(api) as visitor:
            back = await visitor.post("/sign-in", data={**ZHANGSAN, "returnTo": target})
            assert back.headers["location"] == "/"

    asyncio.run(story())


def test_a_wechat_is_a_way_in_too(api, wechat):
    api.state.mti.getElement("auths.loginTypes.WeChatLogin").bind("zhangsan", wechat.code(WECHAT_APP_ID, "zhang-san"))

    async def story():
        async with browser(api) as visitor:
            away = await visitor.get("/sign-in/wechat", params={"returnTo": "/orders"})
            authorize = parse_qs(urlsplit(away.headers["location"]).query)
            assert authorize["redirect_uri"] == [f"{SITE}/sign-in/wechat/back"]
            answer = {"code": wechat.code(WECHAT_APP_ID, "zhang-san"), "state": authorize["state"][0]}
            async with browser(api) as thief:
                assert (await thief.get("/sign-in/wechat/back", params=answer)).json()["error"] == "STATE_MISMATCH"
            answer["code"] = wechat.code(WECHAT_APP_ID, "zhang-san")
            from_wechat = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}
            back = await visitor.get("/sign-in/wechat/back", params=answer, headers=from_wechat)
            assert (back.status_code, back.headers.get("location")) == (303, "/orders"), back.text
            assert (await visitor.get("/orders")).status_code == 200

    asyncio.run(story())


def test_the_readme_shows_what_runs():
    readme = Path(APPS / "in-fastapi/README.md").read_text("utf-8")
    code = readme.partition("```python\n")[2].partition("```")[0]
    assert code.strip() and code.strip() in Path(APPS / "in-fastapi/main.py").read_text("utf-8")
