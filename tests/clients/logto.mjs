// @logto/connector-wechat-web

import assert from "node:assert/strict";
import createConnector from "@logto/connector-wechat-web";

import { check } from "./checks.mjs";
import { APP_ID, APP_SECRET, approve, refuse, whois } from "./person.mjs";

const connector = await createConnector({ getConfig: async () => ({ appId: APP_ID, appSecret: APP_SECRET }) });
const redirectUri = "http://127.0.0.1:3001/callback/wechat-web";

async function authorizeUrl(state) {
  const url = await connector.getAuthorizationUri({ state, redirectUri }, async () => {});
  assert(url.startsWith("https://open.weixin.qq.com/connect/qrconnect?"));
  return url;
}

const parametersOf = (url) => Object.fromEntries(new URL(url).searchParams);

for (const person of ["zhang-san", "script", "no-union"]) {
  await check(`logto: ${person} signs in`, async () => {
    const expected = await whois(person);
    const parameters = parametersOf(await approve(await authorizeUrl("state-1"), person));
    assert.equal(parameters.state, "state-1");
    const user = await connector.getUserInfo(parameters, async () => ({}));
    assert.equal(user.id, expected.unionId ?? expected.openId);
    assert.equal(user.name, expected.nickname);
    assert.equal(user.rawData.openid, expected.openId);
    assert(user.avatar.startsWith("https://api.weixin.qq.com/sim/avatar/"));
  });
}

await check("logto: a refusal is none", async () => {
  const parameters = parametersOf(await refuse(await authorizeUrl("state-2"), "stateOnly"));
  await assert.rejects(connector.getUserInfo(parameters, async () => ({})), { code: "general" });
});

await check("logto: a used code and an invented one are refused", async () => {
  const parameters = parametersOf(await approve(await authorizeUrl("state-3"), "li-si"));
  await connector.getUserInfo(parameters, async () => ({}));
  await assert.rejects(connector.getUserInfo(parameters, async () => ({})), { code: "social_auth_code_invalid" });
  await assert.rejects(connector.getUserInfo({ code: "x" }, async () => ({})), { code: "social_auth_code_invalid" });
});
