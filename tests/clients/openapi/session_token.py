"""Prints a session token of the demo's user, for `schemathesis`."""

import http.cookiejar
import json
import os
import urllib.request

BASE = os.environ["MTI_ORIGIN"] + "/api/acme/demo/auths/loginTypes/"
OPENER = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))


def call(function, **arguments):
    request = urllib.request.Request(
        BASE + function, json.dumps(arguments).encode(), {"content-type": "application/json"}
    )
    with OPENER.open(request) as answer:
        return json.load(answer)["data"]


code = call("PasswordLogin/getLoginCode", username="zhangsan", password="demo-zhangsan")
corp = code["corpList"][0]["corpId"]
print(call("services/AuthSvc/loginByCode", loginCode=code["loginCode"], corp=corp, platform="schemathesis")["token"])
