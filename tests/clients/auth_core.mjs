// @auth/core with its WeChat provider

import assert from "node:assert/strict";
import { Auth } from "@auth/core";
import WeChat from "@auth/core/providers/wechat";

import { check } from "./checks.mjs";
import { APP_ID, APP_SECRET, approve, refuse, whois } from "./person.mjs";

const ORIGIN = "http://127.0.0.1:3003";

/** A site with a sign-in, and a browser that keeps its cookies. */
class Site {
  cookies = new Map();
  profile = undefined;
  errors = [];

  config = {
    basePath: "/auth",
    secret: "a secret of the test, which is long enough",
    trustHost: true,
    providers: [WeChat({ clientId: APP_ID, clientSecret: APP_SECRET, platformType: "WebsiteApp" })],
    callbacks: {
      signIn: ({ account, profile }) => {
        this.profile = profile;
        this.account = account;
        return true;
      },
    },
    logger: { error: (error) => this.errors.push(error), warn() {}, debug() {} },
  };

  async request(url, form) {
    const headers = { cookie: [...this.cookies].map((pair) => pair.join("=")).join("; ") };
    const body = form && new URLSearchParams(form);
    const response = await Auth(new Request(new URL(url, ORIGIN), { method: form ? "POST" : "GET", headers, body }), this.config);
    for (const cookie of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(cookie);
      this.cookies.set(name, value);
    }
    return response;
  }

  async authorizeUrl() {
    const { csrfToken } = await (await this.request("/auth/csrf")).json();
    const response = await this.request("/auth/signin/wechat", { csrfToken, callbackUrl: ORIGIN });
    const url = response.headers.get("location");
    assert(url.startsWith("https://open.weixin.qq.com/connect/qrconnect?"), url);
    return url;
  }

  async session() {
    return (await this.request("/auth/session")).json();
  }
}

for (const person of ["zhang-san", "mona"]) {
  await check(`@auth/core: ${person} signs in`, async () => {
    const expected = await whois(person);
    const site = new Site();
    const response = await site.request(await approve(await site.authorizeUrl(), person));
    assert.deepEqual(site.errors, []);
    assert.equal(response.headers.get("location"), ORIGIN);
    assert.equal(site.profile.openid, expected.openId);
    assert.equal(site.profile.unionid, expected.unionId);
    assert.equal(site.account.providerAccountId, expected.unionId);
    assert.equal((await site.session()).user.name, expected.nickname);
  });
}

await check("@auth/core: a refusal signs nobody in", async () => {
  const site = new Site();
  const response = await site.request(await refuse(await site.authorizeUrl(), "stateOnly"));
  assert(response.headers.get("location").includes("error="));
  assert.equal(await site.session(), null);
});

await check("@auth/core: an invented code signs nobody in", async () => {
  const site = new Site();
  const callback = new URL(await approve(await site.authorizeUrl(), "li-si"));
  callback.searchParams.set("code", "invented");
  const response = await site.request(callback);
  assert(response.headers.get("location").includes("error="));
  assert.equal(await site.session(), null);
  assert.equal(site.profile, undefined);
});
