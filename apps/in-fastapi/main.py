"""An application in FastAPI whose users sign in by MTI: `uvicorn --factory main:create`."""

import os
import re
from html import escape
from pathlib import Path
from typing import Annotated, Any, Optional
from urllib.parse import quote

import mti
from fastapi import Depends, FastAPI, Form, HTTPException, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse

SERVICE = "auths.loginTypes.services.AuthSvc"
PASSWORD_LOGIN = "auths.loginTypes.PasswordLogin"
WECHAT_LOGIN = "auths.loginTypes.WeChatLogin"

#: Where to go on after the sign-in at WeChat. The state that MTI checks is WeChat's business alone.
RETURN_COOKIE = "return_to"


class SignInFirst(Exception):
    """Sends a visitor to the sign-in page."""


def visit_of(request: Request) -> mti.Visit:
    """The visit that this request is: one for all that depends on it."""
    address = request.client.host if request.client else "127.0.0.1"
    return request.app.state.mti.visit(address=address, cookies=request.cookies, headers=request.headers.raw)


Visit = Annotated[mti.Visit, Depends(visit_of)]


async def caller_of(visit: Visit) -> Optional[dict[str, Any]]:
    """Who calls: `{userId, nick, corpId, expiresIn, isAdmin}`, or None."""
    try:
        return await visit.getElement(SERVICE).currentUser.aio()
    except mti.LoginRequired:
        return None


Caller = Annotated[Optional[dict[str, Any]], Depends(caller_of)]


def user_of(caller: Caller) -> dict[str, Any]:
    """The signed-in user. Anybody else is sent to the sign-in page."""
    if caller is None:
        raise SignInFirst
    return caller


User = Annotated[dict[str, Any], Depends(user_of)]


def admin_of(user: User) -> dict[str, Any]:
    """The signed-in administrator."""
    if not user["isAdmin"]:
        raise HTTPException(403, "administrators only")
    return user


Admin = Annotated[dict[str, Any], Depends(admin_of)]


def with_cookies(response: Response, visit: mti.Visit) -> Response:
    """The response, with what the visit has to set."""
    for cookie in visit.setCookies:
        response.headers.append("set-cookie", cookie)
        response.headers["cache-control"] = "no-store"
    return response


def own_path(text: Optional[str]) -> str:
    """A path of this site. Browsers take `//host` and `/\\host` for another site, and drop control characters."""
    return text if text and re.fullmatch(r"/(?![/\\])[\x21-\x7e]*", text) else "/"


def page(title: str, body: str) -> HTMLResponse:
    return HTMLResponse(f"<!doctype html><meta charset=utf-8><title>{escape(title)}</title><h1>{escape(title)}</h1>{body}")


def sign_in_page(return_to: str, problem: str = "", status: int = 200) -> HTMLResponse:
    target = escape(return_to)
    response = page(
        "Sign in",
        f"""<p role=alert>{escape(problem)}</p>
        <form method=post>
        <input type=hidden name=returnTo value="{target}">
        <label>User name <input name=username autocomplete=username required></label>
        <label>Password <input name=password type=password autocomplete=current-password required></label>
        <button>Sign in</button></form>
        <p><a href="/sign-in/wechat?returnTo={escape(quote(return_to, safe=''))}">Sign in with WeChat</a></p>""",
    )
    response.status_code = status
    return response


async def begin_session(visit: mti.Visit, login: dict[str, Any]) -> None:
    """Turns a login code into a session, in the first organisation of those that the user belongs to."""
    corp = login["corpList"][0]["corpId"] if login["corpList"] else ""
    await visit.getElement(SERVICE).loginByCode.aio(login["loginCode"], corp, "web")


def create(app: Optional[mti.App] = None) -> FastAPI:
    """The application; `app` is the MTI app that its users sign in to."""
    api = FastAPI(title="Orders")
    public_url = os.environ.get("PUBLIC_URL", "http://127.0.0.1:8000")
    api.state.mti = app or mti.App(Path(__file__).parent, public_url=public_url)

    @api.exception_handler(SignInFirst)
    async def send_to_sign_in(request: Request, _: SignInFirst) -> Response:
        asked = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(f"/sign-in?returnTo={quote(asked, safe='')}", 303)

    @api.exception_handler(mti.MtiError)
    async def tell(_: Request, failure: mti.MtiError) -> Response:
        headers = {"retry-after": str(failure.retryAfter)} if failure.retryAfter else {}
        return JSONResponse({"error": failure.code, "errmsg": failure.message}, failure.httpStatus, headers)

    @api.get("/")
    async def home(caller: Caller) -> Response:
        if caller is None:
            return page("Shop", '<p><a href="/sign-in">Sign in</a></p>')
        name = escape(caller["nick"])
        return page("Shop", f"<p>Hello, {name}.</p><form method=post action=/sign-out><button>Sign out</button></form>")

    @api.get("/orders")
    async def orders(user: User) -> Response:
        return page("Orders", f"<p>The orders of {escape(user['nick'])}.</p>")

    @api.get("/api/me")
    async def me(caller: Caller) -> Response:
        if caller is None:
            return JSONResponse({"error": "LOGIN_REQUIRED"}, 401)
        return JSONResponse(caller)

    @api.get("/admin")
    async def admin(user: Admin) -> Response:
        return page("Administration", f"<p>{escape(user['nick'])} may do anything.</p>")

    @api.get("/sign-in")
    async def ask(caller: Caller, returnTo: str = "/") -> Response:
        return RedirectResponse(own_path(returnTo), 303) if caller else sign_in_page(own_path(returnTo))

    @api.post("/sign-in")
    async def sign_in(
        visit: Visit,
        username: Annotated[str, Form()],
        password: Annotated[str, Form()],
        returnTo: Annotated[str, Form()] = "/",
    ) -> Response:
        try:
            login = await visit.getElement(PASSWORD_LOGIN).getLoginCode.aio(username, password)
            await begin_session(visit, login)
        except (mti.PasswordError, mti.RateLimited) as failure:
            response = sign_in_page(own_path(returnTo), failure.message, failure.httpStatus)
            if failure.retryAfter:
                response.headers["retry-after"] = str(failure.retryAfter)
            return with_cookies(response, visit)
        return with_cookies(RedirectResponse(own_path(returnTo), 303), visit)

    @api.get("/sign-in/wechat")
    async def to_wechat(visit: Visit, returnTo: str = "/") -> Response:
        callback = public_url.rstrip("/") + api.url_path_for("back_from_wechat")
        authorize = await visit.getElement(WECHAT_LOGIN).getAuthorizeUrl.aio(redirectUri=callback)
        response = RedirectResponse(authorize["url"], 303)
        response.set_cookie(RETURN_COOKIE, own_path(returnTo), max_age=600, httponly=True, samesite="lax")
        return with_cookies(response, visit)

    @api.get("/sign-in/wechat/back")
    async def back_from_wechat(request: Request, visit: Visit, code: str, state: str) -> Response:
        login = await visit.getElement(WECHAT_LOGIN).getLoginCode.aio(code=code, state=state)
        await begin_session(visit, login)
        response = RedirectResponse(own_path(request.cookies.get(RETURN_COOKIE)), 303)
        response.delete_cookie(RETURN_COOKIE)
        return with_cookies(response, visit)

    @api.post("/sign-out")
    async def sign_out(visit: Visit) -> Response:
        await visit.getElement(SERVICE).logout.aio()
        return with_cookies(RedirectResponse("/", 303), visit)

    return api
