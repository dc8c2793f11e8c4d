// passport-wechat

import assert from "node:assert/strict";
import { Passport } from "passport";
import { Strategy } from "passport-wechat";

import { check } from "./checks.mjs";
import { APP_ID, APP_SECRET, approve, refuse, whois } from "./person.mjs";

const callbackURL = "http://127.0.0.1:3002/auth/wechat/callback";

/** What the strategy makes of a request: a redirect, a user, or a failure. */
function authenticate(client, scope, url) {
  const passport = new Passport();
  const verify = (accessToken, refreshToken, profile, expiresIn, done) => done(null, { profile, expiresIn });
  const options = { appID: APP_ID, appSecret: APP_SECRET, client, scope, callbackURL, state: "state1" };
  passport.use(new Strategy(options, verify));
  const { pathname, search, searchParams } = new URL(url, callbackURL);
  const request = {
    _passport: {},
    url: pathname + search,
    originalUrl: pathname + search,
    method: "GET",
    protocol: "http",
    headers: {},
    query: Object.fromEntries(searchParams),
    get: () => "127.0.0.1:3002",
  };
  return new Promise((resolve, reject) => {
    const response = { setHeader: (name, value) => resolve({ redirect: value }), end() {} };
    passport.authenticate("wechat", (error, user, info, status) => {
      if (error) reject(error);
      else resolve({ user, info, status });
    })(request, response, reject);
  });
}

const website = (url) => authenticate("web", "snsapi_login", url);

async function authorizeUrl() {
  const { redirect } = await website("/auth/wechat");
  assert(redirect.startsWith("https://open.weixin.qq.com/connect/qrconnect?"));
  return redirect;
}

for (const person of ["zhang-san", "rtl"]) {
  await check(`passport-wechat: ${person} signs in`, async () => {
    const expected = await whois(person);
    const { user } = await website(await approve(await authorizeUrl(), person));
    assert.equal(user.profile.openid, expected.openId);
    assert.equal(user.profile.unionid, expected.unionId);
    assert.equal(user.profile.nickname, expected.nickname);
    assert.equal(user.expiresIn, 7200);
  });
}

for (const mode of ["stateOnly", "authdeny"]) {
  await check(`passport-wechat: a refusal by ${mode} fails`, async () => {
    const { user, status } = await website(await refuse(await authorizeUrl(), mode));
    assert.equal(user, false);
    assert.equal(status, 401);
  });
}

await check("passport-wechat: a used code is refused", async () => {
  const callback = await approve(await authorizeUrl(), "li-si");
  await website(callback);
  await assert.rejects(website(callback), { code: 40163 });
});
