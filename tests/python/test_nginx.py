"""An application behind nginx, as `docs/your-application.md` sets it up: with a real nginx, word for word."""

import json
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote, unquote

import pytest
from conftest import APPS

import mti

GUIDE = Path(__file__).parents[2] / "docs/your-application.md"
PATIENCE = 60
PASSWORD = "correct horse 9"
LOGIN = "/api/acme/demo/auths/loginTypes"


class Application(BaseHTTPRequestHandler):
    """Says who calls, as nginx told it."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        body = json.dumps({"user": unquote(self.headers.get("x-user", "")), "path": self.path}).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        self.rfile.read(int(self.headers.get("content-length", 0)))
        self.do_GET()

    def log_message(self, *_):
        pass


class Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}), Stay)


class Browser:
    """A browser that keeps cookies and follows nothing by itself."""

    def __init__(self, origin):
        self.origin = origin
        self.cookies = {}

    def send(self, path, data=None, **headers):
        request = urllib.request.Request(self.origin + path, data, {name.replace("_", "-"): value for name, value in headers.items()})
        if self.cookies:
            request.add_header("cookie", "; ".join(f"{name}={value}" for name, value in self.cookies.items()))
        try:
            answer = OPENER.open(request, timeout=PATIENCE)
        except urllib.error.HTTPError as refused:
            answer = refused
        with answer:
            for cookie in answer.headers.get_all("set-cookie", []):
                name, _, value = cookie.split(";")[0].partition("=")
                self.cookies[name] = value
            return answer.status, answer.headers, answer.read()

    def call(self, function, **arguments):
        status, _, body = self.send(f"{LOGIN}/{function}", json.dumps(arguments).encode(), content_type="application/json")
        assert status == 200, body
        return json.loads(body)["data"]


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def wait_until_answers(port, process):
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        assert process.poll() is None, "it ended"
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.02)
    raise AssertionError("nobody listens")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """nginx in front of the demo app, served by MTI, and of an application."""
    nginx = shutil.which("nginx") or shutil.which("/usr/sbin/nginx")
    assert nginx, "there is no nginx: run `tests/tools/nginx`"
    place = tmp_path_factory.mktemp("nginx")
    # The workers of an nginx that root starts are somebody else.
    place.chmod(0o755)
    root = place / "demo"
    shutil.copytree(APPS / "demo", root, ignore=shutil.ignore_patterns("appData"))
    rows = json.loads((root / "initData.json").read_text("utf-8"))
    rows["auths.models.UserModel"].append({"userId": "李 雷/x", "nick": "李雷", "isActive": True, "isAdmin": False})
    (root / "initData.json").write_text(json.dumps(rows), "utf-8")
    with mti.App(root) as app:
        login = app.getElement("auths.loginTypes.PasswordLogin")
        login.updatePassword(userId="user123", newPassword=PASSWORD)
        login.bind(userId="李 雷/x", username="lilei", password=PASSWORD)
    port, mti_port = free_port(), free_port()
    origin = f"http://127.0.0.1:{port}"
    application = ThreadingHTTPServer(("127.0.0.1", 0), Application)
    threading.Thread(target=application.serve_forever, daemon=True).start()
    server = re.search(r"```nginx\n(.*?)```", GUIDE.read_text("utf-8"), re.DOTALL).group(1)
    for written, used in [
        ("listen 443 ssl;", f"listen 127.0.0.1:{port};"),
        ("server_name shop.example.com;", "server_name 127.0.0.1;"),
        ("127.0.0.1:8080", f"127.0.0.1:{mti_port}"),
        ("127.0.0.1:9000", f"127.0.0.1:{application.server_port}"),
    ]:
        assert written in server
        server = server.replace(written, used)
    server = re.sub(r"\n *ssl_certificate.*", "", server)
    temporary = "".join(
        f"{kind}_temp_path {place}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (place / "nginx.conf").write_text(
        f"daemon off; pid {place}/pid; error_log stderr; events {{}}\nhttp {{ access_log off; {temporary}\n{server}}}\n"
    )
    serve = ["serve", "--app", root, "--bind", f"127.0.0.1:{mti_port}", "--public-url", origin, "--trusted-proxy", "127.0.0.1"]
    processes = [
        subprocess.Popen([sys.executable, "-m", "mti", *serve]),
        subprocess.Popen([nginx, "-e", "stderr", "-p", place, "-c", place / "nginx.conf"]),
    ]
    try:
        wait_until_answers(mti_port, processes[0])
        wait_until_answers(port, processes[1])
        yield origin
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(PATIENCE)
        application.shutdown()


@pytest.fixture
def visitor(site):
    return Browser(site)


def sign_in(browser, username="zhangsan", corp="acme"):
    code = browser.call("PasswordLogin/getLoginCode", username=username, password=PASSWORD)["loginCode"]
    return browser.call("services/AuthSvc/loginByCode", loginCode=code, corp=corp, platform="web")["token"]


def test_who_is_not_signed_in_is_sent_to_the_portal_and_says_where_to_return_to(site, visitor):
    status, headers, _ = visitor.send("/orders?page=2&sort=date")
    portal = f"{site}/acme/demo/?returnTo="
    assert (status, headers["location"]) == (302, f"{portal}{site}/orders?page=2&sort=date")
    status, _, page = visitor.send(headers["location"][len(site) :])
    assert status == 200 and b"portal.js" in page


def test_the_application_learns_who_calls(visitor):
    sign_in(visitor)
    opened = {"sec_fetch_site": "cross-site", "sec_fetch_mode": "navigate", "sec_fetch_dest": "document"}
    for headers in ({}, opened, {"x_user": "admin", "x_mti_user": "admin"}):
        status, _, body = visitor.send("/orders?page=2", **headers)
        assert (status, json.loads(body)) == (200, {"user": "user123", "path": "/orders?page=2"})
    status, _, body = visitor.send("/orders", b"x" * 5000, content_encoding="gzip", origin="https://shop.example.com")
    assert (status, json.loads(body)["user"]) == (200, "user123"), "what the request brings is the application's business"


def test_a_user_whose_id_is_no_header_is_told_encoded(visitor):
    sign_in(visitor, "lilei", "")
    assert json.loads(visitor.send("/")[2])["user"] == "李 雷/x"


def test_a_program_comes_with_a_token(site, visitor):
    token = sign_in(visitor)
    program = Browser(site)
    status, _, body = program.send("/orders", authorization=f"Bearer {token}")
    assert (status, json.loads(body)["user"]) == (200, "user123")
    assert program.send("/orders", authorization=f"Bearer {token[:-1]}x")[0] == 302


def test_after_the_end_of_the_session_nothing_reaches_the_application(visitor):
    sign_in(visitor)
    kept = dict(visitor.cookies)
    visitor.call("services/AuthSvc/logout")
    visitor.cookies = kept
    assert visitor.send("/orders")[0] == 302


def test_nobody_asks_nginx_itself_who_calls(visitor):
    sign_in(visitor)
    assert visitor.send("/who")[0] == 404


def test_the_commands_of_the_guide_are_right(site, visitor):
    """`currentUser` with the cookie and with a token, as curl asks."""
    token = sign_in(visitor)
    cookies = "; ".join(f"{name}={quote(value)}" for name, value in visitor.cookies.items())
    commands = re.findall(r"^\$ (curl .*)$", GUIDE.read_text("utf-8"), re.MULTILINE)
    assert len(commands) == 2
    environment = {"AUTH": f"{site}{LOGIN}/services/AuthSvc", "COOKIE_HEADER_OF_THE_BROWSER": cookies, "TOKEN": token}
    for command in commands:
        answer = subprocess.run(["bash", "-c", command], env={"PATH": "/usr/bin:/bin", **environment}, capture_output=True, check=True)
        assert json.loads(answer.stdout)["data"]["userId"] == "user123", answer
