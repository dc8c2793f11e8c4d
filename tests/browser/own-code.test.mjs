// Logins whose code stands on the page itself (`codeDisplay`): the page says what the phone does.

import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";

import { approve, refuse, scan, scanAndApprove } from "./support/phone.mjs";
import { WECHAT, account, drawnCode, inspect, methodRow, qrPicture, signInByPassword } from "./support/portal.mjs";
import { startSite } from "./support/site.mjs";
import { Visitor, endTest, openBrowser } from "./support/visitors.mjs";

let site;
let browser;
before(async () => {
  const ownCode = (app) => app.json("auths/loginTypes/MyWeChatLogin/MyWeChatLogin.json", (config) => ({ ...config, codeDisplay: "own" }));
  [site, browser] = await Promise.all([startSite({ edit: ownCode }), openBrowser()]);
});
afterEach((context) => endTest(context, site));
after(async () => {
  await browser?.close();
  await site?.stop();
});

/** Opens the sign-in page at the WeChat login; gives back the code on it. */
async function openCode(page) {
  await page.goto(site.portal);
  await page.getByRole("tab", { name: WECHAT }).click();
  return drawnCode(page);
}

async function chooseOrganisation(page) {
  await page.getByRole("button", { name: "艾克美科技" }).click();
  await account(page);
}

/** Waits for what the page says, and that those hear it who do not see it. */
async function says(page, sentence) {
  await page.getByRole("status").getByText(sentence).waitFor();
}

test("scanned, cancelled, scanned again, confirmed: the page says each of them", async () => {
  const visitor = await Visitor.enter(browser);
  const { page } = visitor;
  const code = await openCode(page);
  await says(page, "Scan with WeChat");
  await inspect(page, "own-waiting");
  const phone = await scan(browser, code);
  await says(page, "Scanned. Confirm on your phone.");
  await inspect(page, "own-scanned");
  await refuse(phone);
  await says(page, "Cancelled on the phone. You can scan the code again.");
  await inspect(page, "own-cancelled");
  await phone.leave();
  const again = await scan(browser, code);
  await says(page, "Scanned. Confirm on your phone.");
  await approve(again, "zhang-san");
  await chooseOrganisation(page);
  await again.leave();
  await visitor.leave();
});

test("in Chinese, in the dark, on a phone", async () => {
  const visitor = await Visitor.enter(browser, { phone: true, locale: "zh-CN", colorScheme: "dark" });
  const { page } = visitor;
  await page.goto(site.portal);
  await page.getByRole("tab", { name: WECHAT }).click();
  const code = page.locator("wechat-login").getByRole("img", { name: "微信二维码" });
  await says(page, "请使用微信扫码");
  await inspect(page, "own-waiting-dark");
  const phone = await scan(browser, code);
  await says(page, "扫描成功，请在手机上确认。");
  await inspect(page, "own-scanned-dark");
  await refuse(phone);
  await says(page, "已在手机上取消，可再次扫码。");
  await inspect(page, "own-cancelled-dark");
  await phone.leave();
  await visitor.leave();
});

test("a code that has expired is replaced by itself, and the new one is good", async () => {
  await site.wechat.knobs({ qrTtl: 2, pollHoldMs: 200 });
  const visitor = await Visitor.enter(browser);
  const code = await openCode(visitor.page);
  await code.waitFor();
  const [{ uuid }] = await site.wechat.pending();
  // The next code lives as long as codes do.
  await visitor.page.route("**/showCode", async (route) => {
    await site.wechat.knobs();
    await route.continue();
  });
  await says(visitor.page, "This is a new code. Scan it with WeChat.");
  assert.notEqual((await site.wechat.pending())[0].uuid, uuid);
  await scanAndApprove(browser, code, "zhang-san");
  await chooseOrganisation(visitor.page);
  await visitor.leave();
});

test("two tabs: each signs in by its own code", async () => {
  const visitor = await Visitor.enter(browser);
  const [first, second] = [visitor.page, await visitor.tab()];
  const codes = [await openCode(first), await openCode(second)];
  for (const [index, page] of [first, second].entries()) {
    await page.bringToFront();
    await scanAndApprove(browser, codes[index], "zhang-san");
    await chooseOrganisation(page);
  }
  await visitor.leave();
});

test("more tabs than may wait: the others show WeChat's page, and sign in all the same", async () => {
  const visitor = await Visitor.enter(browser);
  const tabs = [visitor.page];
  for (let further = 0; further < 3; further += 1) tabs.push(await visitor.tab());
  for (const page of tabs.slice(0, 3)) await (await openCode(page)).waitFor();
  const last = tabs[3];
  await last.goto(site.portal);
  await last.getByRole("tab", { name: WECHAT }).click();
  await scanAndApprove(browser, qrPicture(last), "zhang-san");
  await chooseOrganisation(last);
  await visitor.leave();
});

test("an account is bound by a code on the page", async () => {
  const visitor = await Visitor.enter(browser);
  const { page } = visitor;
  await signInByPassword(page, site, "manager");
  const row = methodRow(page, WECHAT);
  await row.getByRole("button", { name: `Bind ${WECHAT}`, exact: true }).click();
  await scanAndApprove(browser, drawnCode(page), "li-si");
  await page.getByText(`${WECHAT} is now bound to your account.`).waitFor();
  await page.getByRole("button", { name: "Sign out", exact: true }).click();
  await page.getByText("You are signed out.").waitFor();
  await scanAndApprove(browser, await openCode(page), "li-si");
  await account(page);
  await page.getByRole("heading", { name: "管理员" }).waitFor();
  await visitor.leave();
});

test("an account that nobody knows is told so, with the ways on", async () => {
  const visitor = await Visitor.enter(browser);
  await scanAndApprove(browser, await openCode(visitor.page), "mona");
  await visitor.page.getByRole("heading", { name: "Welcome" }).waitFor();
  await visitor.leave();
});

test("when the server gets no code, WeChat's page shows it", async () => {
  const visitor = await Visitor.enter(browser);
  await visitor.page.route("**/showCode", (route) => route.fulfill({ status: 502, contentType: "application/json", body: JSON.stringify({ errcode: 31003, error: "WECHAT_UNAVAILABLE", data: {} }) }));
  await visitor.page.goto(site.portal);
  await visitor.page.getByRole("tab", { name: WECHAT }).click();
  await scanAndApprove(browser, qrPicture(visitor.page), "zhang-san");
  await chooseOrganisation(visitor.page);
  await visitor.leave({ expecting: [/502/] });
});

test("a login that is not this browser's is begun anew, as nobody could end it", async () => {
  const visitor = await Visitor.enter(browser);
  const strange = { errcode: 30004, error: "STATE_MISMATCH", errmsg: "", data: {}, requestId: "0".repeat(32) };
  await visitor.page.route("**/showCode", (route) => route.fulfill({ status: 403, json: strange }), { times: 1 });
  const code = await openCode(visitor.page);
  await says(visitor.page, "This is a new code. Scan it with WeChat.");
  await scanAndApprove(browser, code, "zhang-san");
  await chooseOrganisation(visitor.page);
  await visitor.leave();
});

test("calls that a new browser makes at once are all its own", async () => {
  const visitor = await Visitor.enter(browser);
  const { page } = visitor;
  await page.goto(site.portal);
  const logins = `${site.api}auths/loginTypes/MyWeChatLogin/`;
  const shown = await page.evaluate((address) => {
    const post = async (name, args) => (await fetch(address + name, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(args),
    })).json();
    return Promise.all(Array.from({ length: 8 }, async () => {
      const { data } = await post("getAuthorizeUrl", {});
      return (await post("showCode", { state: data.state })).errcode;
    }));
  }, logins);
  assert.deepEqual(shown, Array(8).fill(0));
  await visitor.leave();
});

test("a server that cannot be reached is spoken of, and no longer when it can", async () => {
  await site.wechat.knobs({ pollHoldMs: 100 });
  const visitor = await Visitor.enter(browser);
  const code = await openCode(visitor.page);
  await code.waitFor();
  await visitor.page.route("**/followCode", (route) => route.abort());
  await says(visitor.page, "The server cannot be reached just now. It is asked again and again; keep this page open.");
  await visitor.page.unroute("**/followCode");
  await says(visitor.page, "Open WeChat on your phone, scan the code and confirm there.");
  await scanAndApprove(browser, code, "zhang-san");
  await chooseOrganisation(visitor.page);
  await visitor.leave({ expecting: [/ERR_FAILED/] });
});

test("a page that nobody looks at asks nothing, and goes on when somebody does", async () => {
  const visitor = await Visitor.enter(browser);
  const { page } = visitor;
  await site.wechat.knobs({ pollHoldMs: 100 });
  await page.clock.install();
  await page.addInitScript(() => {
    Object.defineProperty(document, "visibilityState", { get: () => (globalThis.isAway ? "hidden" : "visible") });
  });
  const answered = page.waitForResponse(/followCode/);
  await (await openCode(page)).waitFor();
  await answered;
  await page.evaluate(() => { globalThis.isAway = true; });
  let asked = 0;
  page.on("request", (request) => { asked += request.url().endsWith("followCode") ? 1 : 0; });
  await page.clock.fastForward(60_000);
  assert.equal(asked, 0, "it asks though nobody looks");
  const [{ uuid }] = await site.wechat.pending();
  await site.wechat.approve(uuid, "zhang-san");
  await page.evaluate(() => {
    globalThis.isAway = false;
    document.dispatchEvent(new Event("visibilitychange"));
  });
  await chooseOrganisation(page);
  await visitor.leave();
});
