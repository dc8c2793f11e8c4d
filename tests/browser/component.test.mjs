// `<wechat-login>` on a page that is not the portal, as its documentation says to use it.

import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";

import { scanAndApprove } from "./support/phone.mjs";
import { inspect, qrPicture } from "./support/portal.mjs";
import { startSite } from "./support/site.mjs";
import { Visitor, endTest, openBrowser } from "./support/visitors.mjs";

const APP_ID = "wx0123456789abcdef";
const CONFIG = { componentType: "WeChatLogin", appId: APP_ID, scope: "snsapi_login" };

let site;
let browser;
before(async () => {
  [site, browser] = await Promise.all([startSite({ edit: withShop }), openBrowser()]);
});
afterEach((context) => endTest(context, site));
after(async () => {
  await browser?.close();
  await site?.stop();
});

/** A page of the app's own, which knows nothing of the portal: what it holds and does is in its address. */
const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Shop</title>
<link rel="icon" href="data:,">
<script src="shop.js"></script>
<script type="module" src="../../auths/loginTypes/WeChatType/wechat-login.js"></script>
</head>
<body><main><h1>Shop</h1></main></body>
</html>
`;

const SCRIPT = `
window.told = [];
window.states = [];
window.handleLoginSuccess = (detail) => told.push(["success", detail]);
window.handleLoginError = (detail) => told.push(["error", detail]);
addEventListener("DOMContentLoaded", () => {
  const { attributes, properties } = JSON.parse(decodeURIComponent(location.hash.slice(1)));
  const login = document.createElement("wechat-login");
  for (const [name, value] of Object.entries(attributes ?? {})) login.setAttribute(name, value);
  login.addEventListener("statechange", (event) => states.push(event.detail.state));
  login.addEventListener("success", (event) => states.push("success"));
  login.addEventListener("error", (event) => states.push("error"));
  Object.assign(login, properties);
  if (properties?.onSuccess === true) Object.assign(login, { onSuccess: handleLoginSuccess, onError: handleLoginError });
  document.querySelector("main").append(login);
});
`;

async function withShop(app) {
  await app.json("pages/Shop/e.json", () => ({ title: "Shop", type: "" }));
  await app.text("pages/Shop/frontend/shop.html", PAGE);
  await app.text("pages/Shop/frontend/shop.js", SCRIPT);
  await app.text("pages/Shop/frontend/back.html", '<!doctype html><html lang="en"><title>Back</title><script src="back.js"></script></html>');
  await app.text("pages/Shop/frontend/back.js",
    "parent.postMessage({ type: 'login:callback', query: Object.fromEntries(new URLSearchParams(location.search)) }, location.origin);");
}

/** Opens the page with the component on it. */
async function openShop(content, options) {
  const visitor = await Visitor.enter(browser, options);
  await visitor.page.goto(`${site.portal}elements/pages/Shop/shop.html#${encodeURIComponent(JSON.stringify(content))}`);
  return visitor;
}

/** Waits until the page was told something, and gives it back. */
async function told(page) {
  await page.waitForFunction(() => globalThis.told.length > 0);
  return page.evaluate(() => globalThis.told);
}

/** Waits until messages that were posted to the page before this call have been heard. */
function heard(page) {
  return page.evaluate(() => new Promise((resolve) => {
    const token = crypto.randomUUID();
    addEventListener("message", (event) => event.data === token && resolve(undefined));
    postMessage(token, "*");
  }));
}

test("global functions that attributes name are called with the login code", async () => {
  const visitor = await openShop({
    attributes: { "auth-type": "WeChatType", config: JSON.stringify(CONFIG), "on-success": "handleLoginSuccess", "on-error": "handleLoginError" },
  });
  await qrPicture(visitor.page).waitFor();
  await inspect(visitor.page, "component");
  await scanAndApprove(browser, qrPicture(visitor.page), "zhang-san");
  const [[kind, detail]] = await told(visitor.page);
  assert.equal(kind, "success");
  assert.match(detail.loginCode, /^[\w-]{20,}$/);
  assert.deepEqual(detail.corpList.map((corp) => corp.corpId), ["acme", "panda"]);
  await inspect(visitor.page, "component-done");
  await visitor.leave();
});

test("what failed is told by its name, with what belongs to it", async () => {
  const visitor = await openShop({ attributes: { config: JSON.stringify(CONFIG), "on-error": "handleLoginError" } });
  await scanAndApprove(browser, qrPicture(visitor.page), "li-si");
  const [[kind, detail]] = await told(visitor.page);
  assert.equal(kind, "error");
  assert.equal(detail.error, "USER_AUTH_MISS");
  assert.equal(detail.errcode, 30001);
  assert.equal(typeof detail.data.bindTicket, "string");
  assert.match(detail.requestId, /^[0-9a-f]{32}$/);
  await visitor.page.getByText("This WeChat is not bound to any user here.").waitFor();
  await inspect(visitor.page, "component-error");
  await visitor.leave();
});

test("properties take what the reference page hands over, names of functions and functions", async () => {
  const common = { authType: "WeChatType", config: CONFIG };
  const ways = [{ ...common, onSuccess: "handleLoginSuccess", onError: "handleLoginError" }, { ...common, onSuccess: true }];
  for (const properties of ways) {
    const visitor = await openShop({ properties });
    await scanAndApprove(browser, qrPicture(visitor.page), "zhang-san");
    assert.equal((await told(visitor.page))[0][0], "success");
    await visitor.leave();
  }
});

test("events say what happens, in order", async () => {
  const visitor = await openShop({ properties: { config: CONFIG, onSuccess: "handleLoginSuccess" } });
  await scanAndApprove(browser, qrPicture(visitor.page), "zhang-san");
  await told(visitor.page);
  const states = await visitor.page.evaluate(() => globalThis.states);
  const order = ["waiting", "confirmed", "done", "success"].map((state) => states.indexOf(state));
  assert.ok(order.every((place, index) => place >= 0 && place >= (order[index - 1] ?? 0)), states.join());
  await visitor.leave();
});

test("what an attribute names is looked up and never evaluated", async () => {
  const visitor = await openShop({ attributes: { config: JSON.stringify(CONFIG), "on-success": "told.push([1]) || alert(1)", "on-error": "constructor" } });
  visitor.page.on("dialog", (dialog) => {
    visitor.problems.push(`a dialog: ${dialog.message()}`);
    return dialog.dismiss();
  });
  await scanAndApprove(browser, qrPicture(visitor.page), "zhang-san");
  await visitor.page.locator('wechat-login[state="done"]').waitFor();
  assert.deepEqual(await visitor.page.evaluate(() => globalThis.told), []);
  await visitor.leave();
});

test("messages of others are not believed", async () => {
  const visitor = await openShop({ attributes: { config: JSON.stringify(CONFIG), "on-success": "handleLoginSuccess", "on-error": "handleLoginError" } });
  const { page } = visitor;
  await qrPicture(page).waitFor();
  await page.locator('wechat-login[state="waiting"]').waitFor();
  const state = new URL(await page.frameLocator("wechat-login iframe").locator("body").evaluate(() => location.href)).searchParams.get("state");
  const message = { type: "login:callback", query: { code: "0123456789", state } };
  // From the right origin, but not from the frame; from the frame, but with WeChat's origin; from another frame.
  await page.evaluate((message) => postMessage(message, "*"), message);
  await page.frameLocator("wechat-login iframe").locator("body").evaluate((_, message) => parent.postMessage(message, "*"), message);
  await page.evaluate((url) => {
    const frame = Object.assign(document.createElement("iframe"), { src: url, title: "another", id: "another" });
    document.body.append(frame);
    return new Promise((resolve) => frame.addEventListener("load", resolve));
  }, `${site.wechat.origin}/connect/qrconnect`);
  await page.frameLocator("#another").locator("body").evaluate((_, message) => parent.postMessage(message, "*"), message);
  await heard(page);
  assert.equal(await page.locator("wechat-login").getAttribute("state"), "waiting");
  assert.deepEqual(await page.evaluate(() => globalThis.told), []);
  await scanAndApprove(browser, qrPicture(page), "zhang-san");
  assert.equal((await told(page))[0][0], "success");
  await visitor.leave();
});

test("on a light page it is readable, whatever the system likes", async () => {
  const visitor = await openShop({ attributes: { config: JSON.stringify(CONFIG) } }, { colorScheme: "dark" });
  await qrPicture(visitor.page).waitFor();
  await inspect(visitor.page, "component-on-light");
  await visitor.leave();
});

test("a page that WeChat shows without a code is not passed off as one", async () => {
  await site.wechat.knobs({ pageError: 10003 });
  const visitor = await openShop({ attributes: { config: JSON.stringify(CONFIG) } });
  await visitor.page.getByText("If no code shows here, try again or open the full page.").waitFor();
  await site.wechat.knobs();
  await visitor.page.getByRole("button", { name: "Try again" }).click();
  await qrPicture(visitor.page).waitFor();
  await visitor.leave();
});

test("a login that comes back to a page of the app's own, in its frame", async () => {
  const redirectUri = `${site.portal}elements/pages/Shop/back.html`;
  const visitor = await openShop({ attributes: { config: JSON.stringify({ ...CONFIG, redirectUri }), "on-success": "handleLoginSuccess" } });
  await scanAndApprove(browser, qrPicture(visitor.page), "zhang-san");
  const [[kind]] = await told(visitor.page);
  assert.equal(kind, "success");
  await visitor.leave();
});

test("a page that the browser kept shows a code that is good", async (context) => {
  const keeping = await openBrowser({ keepsPages: true });
  context.after(() => keeping.close());
  const visitor = await Visitor.enter(keeping);
  const { page } = visitor;
  await page.addInitScript(() => addEventListener("pageshow", (event) => { globalThis.wasKept = event.persisted; }));
  const content = { attributes: { config: JSON.stringify(CONFIG), "on-success": "handleLoginSuccess", mode: "redirect" } };
  // The first page, which gives a browser its cookie, is not kept.
  await page.goto(site.portal);
  await page.goto(`${site.portal}elements/pages/Shop/shop.html#${encodeURIComponent(JSON.stringify(content))}`);
  const leave = page.getByRole("button", { name: "Continue to WeChat" });
  const states = [];
  for (let visit = 0; visit < 2; visit += 1) {
    await leave.click();
    await page.waitForURL(/\/connect\/qrconnect\?/);
    states.push(new URL(page.url()).searchParams.get("state"));
    // A page that was kept is not loaded.
    await page.goBack({ waitUntil: "commit" });
    await leave.waitFor();
    assert.equal(await page.evaluate(() => globalThis.wasKept), true, "the browser did not keep the page");
  }
  assert.notEqual(states[0], states[1]);
  await visitor.leave();
});

test("what fails is said in the visitor's language", async () => {
  const visitor = await openShop({ attributes: { element: "auths.loginTypes.Nobody", lang: "zh" } });
  await visitor.page.getByText("本站的微信登录配置有误，请联系网站管理员。").waitFor();
  await visitor.leave();
});

test("an appId that no login here has is said to the page and in words", async () => {
  const visitor = await openShop({ attributes: { config: JSON.stringify({ ...CONFIG, appId: "wx0000000000000000" }), "on-error": "handleLoginError" } });
  const [[, detail]] = await told(visitor.page);
  assert.equal(detail.error, "CONFIG");
  await visitor.page.getByText("WeChat sign-in is not set up correctly here.").waitFor();
  await visitor.leave();
});
