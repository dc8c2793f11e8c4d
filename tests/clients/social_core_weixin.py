"""social-auth-core with its weixin backend; its addresses are WeChat's."""

from social_core.backends.weixin import WeixinOAuth2
from social_core.exceptions import AuthException
from social_core.storage import BaseStorage, NonceMixin
from social_core.strategy import BaseStrategy

from checks import check, finish
from person import APP_ID, APP_SECRET, approve, refuse, whois

CALLBACK = "http://127.0.0.1:3005/complete/weixin/"


class Nonces(NonceMixin):
    """States that are in use."""

    _known = set()

    @classmethod
    def use(cls, server_url, timestamp, salt):
        nonce = (server_url, timestamp, salt)
        is_new = nonce not in cls._known
        cls._known.add(nonce)
        return is_new

    @classmethod
    def consume(cls, server_url, timestamp, salt):
        nonce = (server_url, timestamp, salt)
        is_known = nonce in cls._known
        cls._known.discard(nonce)
        return is_known


class Storage(BaseStorage):
    nonce = Nonces


class Site(BaseStrategy):
    """A framework with one visitor and his session."""

    SETTINGS = {
        "SOCIAL_AUTH_WEIXIN_KEY": APP_ID,
        "SOCIAL_AUTH_WEIXIN_SECRET": APP_SECRET,
        "SOCIAL_AUTH_PIPELINE": [
            "social_core.pipeline.social_auth.social_details",
            "social_core.pipeline.social_auth.social_uid",
            "__main__.remember",
        ],
    }

    def __init__(self):
        super().__init__(Storage)
        self.session, self.data, self.user = {}, {}, None

    def get_setting(self, name):
        return self.SETTINGS[name]

    def request_data(self, merge=True):
        return self.data

    def session_get(self, name, default=None):
        return self.session.get(name, default)

    def session_set(self, name, value):
        self.session[name] = value

    def session_pop(self, name):
        return self.session.pop(name, None)

    def build_absolute_uri(self, path=None):
        return path

    def authorize_url(self):
        url = WeixinOAuth2(self, CALLBACK).auth_url()
        assert url.startswith("https://open.weixin.qq.com/connect/qrconnect?"), url
        return url

    def complete(self, callback):
        self.data = callback
        WeixinOAuth2(self, CALLBACK).auth_complete()
        return self.user


def remember(strategy, uid, details, response, **_):
    """The last step of the pipeline."""
    strategy.user = {"uid": uid, "details": details, "response": response}


def signs_in(person):
    open_id, union_id, nickname = whois(person)
    site = Site()
    user = site.complete(approve(site.authorize_url(), person))
    assert user["uid"] == open_id, user
    assert user["response"]["unionid"] == union_id
    assert user["details"]["username"] == nickname, user["details"]


def refusal(mode):
    site = Site()
    refused(site, refuse(site.authorize_url(), mode))


def invalid_codes():
    site = Site()
    callback = approve(site.authorize_url(), "li-si")
    refused(site, {**callback, "code": "invented"})
    site = Site()
    used = {**approve(site.authorize_url(), "li-si"), "code": callback["code"]}
    site.complete(used)
    refused(site, used)


def refused(site, callback):
    site.user = None
    try:
        site.complete(callback)
    except AuthException:
        assert site.user is None
    else:
        raise AssertionError(f"{callback} was accepted")


for name in ["zhang-san", "script", "long"]:
    check(f"social-auth-core: {name} signs in", signs_in, name)
for form in ["stateOnly", "authdeny"]:
    check(f"social-auth-core: a refusal by {form} signs nobody in", refusal, form)
check("social-auth-core: wrong codes sign nobody in", invalid_codes)
finish()
