"""Somebody in front of a browser with a phone in his hand, at the simulator."""

import html
import os
import re
from urllib.parse import parse_qsl, urlsplit

import requests

SIMULATOR = os.environ["SIMULATOR"]
APP_ID = os.environ["APP_ID"]
APP_SECRET = os.environ["APP_SECRET"]


def whois(person, app_id=APP_ID):
    """What the simulator says about a person under an application: openId, unionId, nickname."""
    people = requests.get(f"{SIMULATOR}/sim/people", params={"appId": app_id}, timeout=30).json()
    found = next(one for one in people if one["id"] == person)
    return found["openIds"][app_id], found["unionIds"].get(app_id), found["nickname"]


def approve(authorize_url, person):
    """Opens the authorize page, approves on the phone, and returns the parameters of the callback."""
    login = _open(authorize_url)
    sent_to = _answer(login, person=person, action="approve")
    if sent_to is None:
        errcode, code = _poll(login, 404)
        assert errcode == 405, errcode
        sent_to = f"{login['prefix']}code={code}&state={login['state']}"
    return _parameters(sent_to)


def refuse(authorize_url, mode):
    """The same with a refusal: `stateOnly` and `authdeny` send the browser somewhere."""
    _set_knobs({"denyMode": mode})
    try:
        login = _open(authorize_url)
        sent_to = _answer(login, action="deny")
        if sent_to is None:
            assert _poll(login, 404) == (403, "")
            code = "code=authdeny&" if mode == "authdeny" else ""
            sent_to = f"{login['prefix']}{code}state={login['state']}"
        return _parameters(sent_to)
    finally:
        _set_knobs({})


def _open(authorize_url):
    """Follows the page up to the phone's question."""
    parts = urlsplit(authorize_url)
    base = f"{parts.scheme}://{parts.netloc}"
    page = requests.get(authorize_url, timeout=30).text
    uuid = _attribute(page, "data-uuid")
    if uuid is None:
        uuid = _attribute(page, 'name="uuid" value')
        assert uuid, f"no login on the page: {page}"
        return {"base": base, "uuid": uuid}
    login = {
        "base": base,
        "uuid": uuid,
        "prefix": _attribute(page, "data-prefix"),
        "state": _attribute(page, "data-state"),
    }
    picture = requests.get(f"{base}/connect/qrcode/{uuid}", timeout=30)
    assert picture.headers["content-type"] == "image/jpeg"
    requests.get(f"{base}/connect/confirm", params={"uuid": uuid}, timeout=30)
    assert _poll(login) == (404, "")
    return login


def _answer(login, **fields):
    """Sends the phone's form; inside WeChat the answer says where to go."""
    answer = requests.post(
        f"{login['base']}/connect/confirm",
        data={"uuid": login["uuid"], **fields},
        allow_redirects=False,
        timeout=30,
    )
    return answer.headers.get("location")


def _poll(login, last=None):
    parameters = {"uuid": login["uuid"], "last": last}
    script = requests.get(f"{login['base']}/connect/l/qrconnect", params=parameters, timeout=60).text
    errcode, code = re.fullmatch(r"window\.wx_errcode=(\d+);window\.wx_code='([^']*)';", script).groups()
    return int(errcode), code


def _set_knobs(knobs):
    requests.put(f"{SIMULATOR}/sim/knobs", json=knobs, timeout=30).raise_for_status()


def _parameters(url):
    return dict(parse_qsl(urlsplit(url).query))


def _attribute(page, name):
    found = re.search(re.escape(name) + '="([^"]*)"', page)
    return html.unescape(found.group(1)) if found else None
