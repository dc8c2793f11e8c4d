"""wechatpy: its addresses are class attributes, made to be overridden."""

from wechatpy.exceptions import WeChatOAuthException
from wechatpy.oauth import WeChatOAuth

from checks import check, finish
from person import APP_ID, APP_SECRET, SIMULATOR, approve, refuse, whois

SERVICE_ACCOUNT, SERVICE_SECRET = "wxfedcba9876543210", "secret of the service account"
CALLBACK = "http://127.0.0.1:3004/callback?next=%2Fhome"


class OAuth(WeChatOAuth):
    API_BASE_URL = f"{SIMULATOR}/"
    OAUTH_BASE_URL = f"{SIMULATOR}/connect/"


def website():
    return OAuth(APP_ID, APP_SECRET, CALLBACK, state="state1")


def signs_in(person):
    open_id, union_id, nickname = whois(person)
    client = website()
    callback = approve(client.qrconnect_url, person)
    assert callback["state"] == "state1" and callback["next"] == "/home", callback
    tokens = client.fetch_access_token(callback["code"])
    assert (tokens["openid"], tokens.get("unionid")) == (open_id, union_id)
    assert client.check_access_token()
    profile = client.get_user_info()
    assert (profile["openid"], profile["nickname"], profile.get("unionid")) == (open_id, nickname, union_id)
    assert client.refresh_access_token(tokens["refresh_token"])["openid"] == open_id


def signs_in_inside_wechat():
    open_id, union_id, nickname = whois("mona", SERVICE_ACCOUNT)
    client = OAuth(SERVICE_ACCOUNT, SERVICE_SECRET, CALLBACK, scope="snsapi_userinfo", state="state2")
    callback = approve(client.authorize_url, "mona")
    tokens = client.fetch_access_token(callback["code"])
    assert (tokens["openid"], tokens["unionid"]) == (open_id, union_id)
    assert client.get_user_info()["nickname"] == nickname


def refusal():
    assert refuse(website().qrconnect_url, "stateOnly") == {"next": "/home", "state": "state1"}
    denied = refuse(website().qrconnect_url, "authdeny")
    refused(website(), denied["code"], 40029)


def invalid_codes():
    refused(website(), "invented", 40029)
    refused(OAuth(APP_ID, "a wrong secret", CALLBACK), "invented", 40125)
    code = approve(website().qrconnect_url, "li-si")["code"]
    website().fetch_access_token(code)
    refused(website(), code, 40163)


def refused(client, code, errcode):
    try:
        client.fetch_access_token(code)
    except WeChatOAuthException as error:
        assert error.errcode == errcode, error
    else:
        raise AssertionError(f"{code} was accepted")


for name in ["zhang-san", "nameless", "no-union"]:
    check(f"wechatpy: {name} signs in", signs_in, name)
check("wechatpy: mona signs in inside WeChat", signs_in_inside_wechat)
check("wechatpy: a refusal brings no code that is good", refusal)
check("wechatpy: wrong codes and secrets have their errcodes", invalid_codes)
finish()
