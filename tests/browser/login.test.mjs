// Signing in.

import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";

import { approve, refuse, scan, scanAndApprove } from "./support/phone.mjs";
import { PASSWORD, WECHAT, account, enterPassword, inspect, openWeChat, qrPicture, signInByPassword, signInByScanning } from "./support/portal.mjs";
import { PASSWORDS, startSite } from "./support/site.mjs";
import { Visitor, endTest, openBrowser, picture } from "./support/visitors.mjs";

let site;
let browser;
before(async () => {
  [site, browser] = await Promise.all([startSite(), openBrowser()]);
});
afterEach((context) => endTest(context, site));
after(async () => {
  await browser?.close();
  await site?.stop();
});

test("who opens the page for the first time finds nothing amiss in it", async () => {
  const visitor = await Visitor.enter(browser);
  const complaints = [];
  visitor.page.on("console", (message) => complaints.push(message.text()));
  await (await openWeChat(visitor.page, site)).waitFor();
  assert.deepEqual(complaints, []);
  await visitor.leave();
});

test("somebody scans the picture, approves on the phone, chooses an organisation, and is signed in", async () => {
  const visitor = await Visitor.enter(browser);
  const code = await openWeChat(visitor.page, site);
  await visitor.page.locator('wechat-login[state="waiting"]').waitFor();
  await inspect(visitor.page, "sign-in");
  const phone = await scan(browser, code);
  await visitor.page.frameLocator("wechat-login iframe").locator("#wx_after_scan").waitFor();
  await picture(phone.page, "phone");
  await approve(phone, "zhang-san");
  await visitor.page.getByRole("heading", { name: "Choose an organisation" }).waitFor();
  await inspect(visitor.page, "choose-organisation");
  await visitor.page.getByRole("button", { name: "熊猫实验室" }).click();
  await account(visitor.page);
  await visitor.page.getByRole("heading", { name: "张三" }).waitFor();
  await visitor.page.getByText("熊猫实验室").waitFor();
  await inspect(visitor.page, "account");
  await phone.leave();
  await visitor.leave();
});

test("the pages are the same in Chinese and in the dark", async () => {
  const visitor = await Visitor.enter(browser, { locale: "zh-CN", colorScheme: "dark" });
  const code = await openWeChat(visitor.page, site);
  assert.equal(await visitor.page.getAttribute("html", "lang"), "zh-CN");
  await visitor.page.locator('wechat-login[state="waiting"]').waitFor();
  await inspect(visitor.page, "sign-in-dark");
  await scanAndApprove(browser, code, "zhang-san");
  await visitor.page.getByRole("button", { name: "艾克美科技" }).click();
  await visitor.page.getByRole("button", { name: "退出登录", exact: true }).waitFor();
  await inspect(visitor.page, "account-dark");
  await visitor.leave();
});

for (const denyMode of ["stateOnly", "authdeny"]) {
  test(`a refusal that WeChat tells of (${denyMode}) is said, and a new code is offered`, async () => {
    await site.wechat.knobs({ denyMode });
    const visitor = await Visitor.enter(browser);
    const phone = await scan(browser, await openWeChat(visitor.page, site));
    await refuse(phone);
    await visitor.page.getByText("Cancelled on the phone.").waitFor();
    await inspect(visitor.page, `refused-${denyMode}`);
    await visitor.page.getByRole("button", { name: "New code" }).click();
    await scanAndApprove(browser, qrPicture(visitor.page), "zhang-san");
    await visitor.page.getByRole("button", { name: "艾克美科技" }).click();
    await account(visitor.page);
    await phone.leave();
    await visitor.leave();
  });
}

test("a refusal that WeChat keeps to itself ends in a state with a way on", async () => {
  const visitor = await Visitor.enter(browser);
  await visitor.page.clock.install();
  const phone = await scan(browser, await openWeChat(visitor.page, site));
  await refuse(phone);
  await visitor.page.frameLocator("wechat-login iframe").locator("#wx_after_cancel").waitFor();
  await visitor.page.clock.fastForward(5 * 60 * 1000);
  await visitor.page.getByRole("button", { name: "New code" }).waitFor();
  await inspect(visitor.page, "refused-silently");
  await phone.leave();
  await visitor.leave();
});

test("a code that has expired is replaced by itself, and the new one is good", async () => {
  await site.wechat.knobs({ qrTtl: 2, pollHoldMs: 200 });
  const visitor = await Visitor.enter(browser);
  const code = await openWeChat(visitor.page, site);
  const first = await code.getAttribute("src");
  await visitor.page.frameLocator("wechat-login iframe").locator(`img:not([src="${first}"])`).waitFor();
  await site.wechat.knobs();
  await visitor.page.getByText("This is a new code. Scan it with WeChat.").waitFor();
  await inspect(visitor.page, "renewed");
  await scanAndApprove(browser, qrPicture(visitor.page), "zhang-san");
  await visitor.page.getByRole("button", { name: "艾克美科技" }).click();
  await account(visitor.page);
  await visitor.leave();
});

test("a login that was begun long ago is begun anew, without anybody doing anything", async () => {
  const visitor = await Visitor.enter(browser);
  await visitor.page.clock.install();
  const code = await openWeChat(visitor.page, site);
  const first = await code.getAttribute("src");
  await visitor.page.clock.fastForward(10 * 60 * 1000);
  await visitor.page.frameLocator("wechat-login iframe").locator(`img:not([src="${first}"])`).waitFor();
  await scanAndApprove(browser, qrPicture(visitor.page), "zhang-san");
  await visitor.page.getByRole("button", { name: "艾克美科技" }).click();
  await account(visitor.page);
  await visitor.leave();
});

test("in the full page, a reload of the callback explains itself and leads back", async () => {
  const visitor = await Visitor.enter(browser);
  await (await openWeChat(visitor.page, site)).waitFor();
  await visitor.page.getByRole("button", { name: "Open the full page" }).click();
  await visitor.page.waitForURL(`${site.wechat.origin}/connect/qrconnect*`);
  await scanAndApprove(browser, visitor.page.getByRole("img").first(), "zhang-san");
  await visitor.page.getByRole("heading", { name: "Choose an organisation" }).waitFor();
  assert.equal(visitor.page.url(), `${site.portal}auth/callback`, "the code stays in the address bar");
  await visitor.page.reload();
  await visitor.page.getByRole("heading", { name: "This sign-in is over" }).waitFor();
  await inspect(visitor.page, "callback-again");
  await visitor.page.getByRole("link", { name: "Back to sign-in" }).click();
  await visitor.page.getByRole("heading", { name: "Sign in" }).waitFor();
  await visitor.leave();
});

test("back and forward after a login show neither a form nor an error", async () => {
  const visitor = await Visitor.enter(browser);
  await visitor.page.goto(site.api);
  await signInByScanning(browser, visitor, site);
  // What went on in the frame may be steps of their own; each of them shows who is signed in.
  for (let steps = 0; visitor.page.url() !== site.api; steps += 1) {
    assert.ok(steps < 4, `back leads to ${visitor.page.url()} again and again`);
    await account(visitor.page);
    await visitor.page.goBack();
  }
  await visitor.page.goForward();
  await account(visitor.page);
  // Whoever goes back to the callback page itself is told that he is signed in.
  await visitor.page.goto(`${site.portal}auth/callback`);
  await visitor.page.getByText(/^You are signed in as .张三.\.$/).waitFor();
  await inspect(visitor.page, "callback-signed-in");
  await visitor.leave();
});

test("two tabs: each signs in by its own code, and one learns of the other", async () => {
  const visitor = await Visitor.enter(browser);
  const [first, second, third] = [visitor.page, await visitor.tab(), await visitor.tab()];
  const codes = [await openWeChat(first, site), await openWeChat(second, site)];
  await (await openWeChat(third, site)).waitFor();
  for (const [index, page] of [first, second].entries()) {
    await page.bringToFront();
    await scanAndApprove(browser, codes[index], "zhang-san");
    await page.getByRole("button", { name: "艾克美科技" }).click();
    await account(page);
  }
  await third.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
  await account(third);
  await visitor.leave();
});

test("a callback of somebody else's browser signs nobody in", async () => {
  await site.wechat.knobs({});
  const [one, other] = [await Visitor.enter(browser), await Visitor.enter(browser)];
  await (await openWeChat(one.page, site)).waitFor();
  const [{ uuid }] = await site.wechat.pending();
  const { callbackUrl } = await site.wechat.approve(uuid, "zhang-san");
  await other.page.goto(callbackUrl);
  await other.page.getByRole("heading", { name: "This sign-in is over" }).waitFor();
  await inspect(other.page, "callback-foreign");
  await other.leave();
  await one.leave();
});

test("a server that cannot be reached, or has had enough, is not passed off as one without ways to sign in", async () => {
  const visitor = await Visitor.enter(browser);
  const { page } = visitor;
  const busy = { errcode: 20006, error: "RATE_LIMITED", errmsg: "", data: {}, requestId: "0".repeat(32) };
  for (const [answer, sentence] of [
    [(route) => route.abort(), "The server cannot be reached."],
    [(route) => route.fulfill({ status: 429, json: busy }), "Too many requests."],
    [(route) => route.fulfill({ status: 429, json: busy, headers: { "Retry-After": "599" } }), "Please try again in 10 minutes."],
  ]) {
    await page.route("**/getLoginConfig", answer);
    await page.goto(site.portal);
    await page.getByText(sentence).waitFor();
    await page.unroute("**/getLoginConfig");
    await page.getByRole("button", { name: "Try again" }).click();
    await page.getByRole("tab", { name: WECHAT }).waitFor();
  }
  await visitor.leave({ expecting: [/ERR_FAILED/] });
});

test("how long too many attempts have to wait is said by either way to sign in", async () => {
  const visitor = await Visitor.enter(browser);
  const { page } = visitor;
  const json = { errcode: 20006, error: "RATE_LIMITED", errmsg: "", data: {}, requestId: "0".repeat(32) };
  for (const name of ["getAuthorizeUrl", "getLoginCode"]) {
    await page.route(`**/${name}`, (route) => route.fulfill({ status: 429, json, headers: { "Retry-After": "599" } }));
  }
  await page.goto(site.portal);
  await page.locator("wechat-login").getByText("Please try again in 10 minutes.").waitFor();
  await enterPassword(page, "zhangsan");
  await page.locator("password-login").getByText("Please try again in 10 minutes.").waitFor();
  await visitor.leave();
});

test("a wrong password is said in words, and a right one signs in", async () => {
  const visitor = await Visitor.enter(browser);
  await visitor.page.goto(site.portal);
  await enterPassword(visitor.page, "zhangsan", "not it");
  await visitor.page.getByText("The user name or the password is wrong.").waitFor();
  await visitor.page.getByText(/^Request [0-9a-f]{32}$/).waitFor();
  await inspect(visitor.page, "password-wrong");
  await signInByPassword(visitor.page, site, "zhangsan", "艾克美科技");
  await visitor.leave();
});

test("with the keyboard alone", async () => {
  const visitor = await Visitor.enter(browser);
  const { page } = visitor;
  await page.goto(site.portal);
  await page.getByRole("tab", { name: WECHAT }).waitFor();
  await tabTo(page, page.getByRole("tab", { selected: true }));
  const isPassword = (await page.getByRole("tab", { selected: true }).textContent()) === PASSWORD;
  if (!isPassword) await page.keyboard.press("ArrowRight");
  await page.locator('input[name="username"]').waitFor();
  await tabTo(page, page.locator('input[name="username"]'));
  await page.keyboard.type("zhangsan");
  await tabTo(page, page.locator('input[name="password"]'));
  await page.keyboard.type(PASSWORDS.zhangsan);
  await page.keyboard.press("Enter");
  const corp = page.getByRole("button", { name: "艾克美科技" });
  await corp.waitFor();
  await tabTo(page, corp);
  await page.keyboard.press("Enter");
  await account(page);
  await tabTo(page, page.getByRole("button", { name: "Sign out", exact: true }));
  await page.keyboard.press("Enter");
  await page.getByText("You are signed out.").waitFor();
  await visitor.leave();
});

test("inside WeChat's own browser it says what to do, and other ways are open", async () => {
  const userAgent = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 MicroMessenger/8.0.50";
  const visitor = await Visitor.enter(browser, { phone: true, userAgent });
  await visitor.page.goto(site.portal);
  await visitor.page.getByRole("tab", { name: WECHAT }).click();
  await visitor.page.getByText("WeChat cannot scan its own screen.").waitFor();
  await inspect(visitor.page, "inside-wechat");
  await signInByPassword(visitor.page, site, "zhangsan", "艾克美科技");
  await visitor.leave();
});

test("when WeChat does not answer, that is said with the number of the request and a way on", async () => {
  await site.wechat.knobs({ faults: [{ endpoint: "access_token", effect: { status: 502 } }] });
  const visitor = await Visitor.enter(browser);
  await scanAndApprove(browser, await openWeChat(visitor.page, site), "zhang-san");
  await visitor.page.getByText(/WeChat does not answer/).waitFor();
  await visitor.page.getByText(/[0-9a-f]{32}/).waitFor();
  await inspect(visitor.page, "wechat-unavailable");
  await site.wechat.knobs();
  await visitor.page.getByRole("button", { name: "Try again" }).click();
  await qrPicture(visitor.page).waitFor();
  await visitor.leave({ expecting: [/502/] });
});

/** Presses Tab until something has the focus. */
async function tabTo(page, wanted) {
  for (let presses = 0; presses < 40; presses += 1) {
    if (await wanted.evaluate((node) => node === node.getRootNode().activeElement)) return;
    await page.keyboard.press("Tab");
  }
  assert.fail(`${wanted} cannot be reached with Tab`);
}
