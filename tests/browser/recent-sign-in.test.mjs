// Who signed in a while ago, and who is about to lose his last way in.

import { after, afterEach, before, test } from "node:test";

import { PASSWORD, WECHAT, account, inspect, methodRow, qrPicture, signInByPassword } from "./support/portal.mjs";
import { startSite } from "./support/site.mjs";
import { Visitor, endTest, openBrowser } from "./support/visitors.mjs";

let site;
let browser;
before(async () => {
  const shortly = async (app) => {
    await app.json("auths/loginTypes/services/AuthSvc/e.json", () => ({}));
    await app.json("auths/loginTypes/services/AuthSvc/AuthSvc.json", () => ({ recentSeconds: 3 }));
  };
  [site, browser] = await Promise.all([startSite({ edit: shortly }), openBrowser()]);
});
afterEach((context) => endTest(context, site));
after(async () => {
  await browser?.close();
  await site?.stop();
});

/** Waits until the visitor's sign-in is a recent one no more. */
function aWhile(page) {
  return page.evaluate(async (url) => {
    const begin = () => fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body: '{"purpose":"bind"}' });
    while ((await begin()).status !== 401) await new Promise((resolve) => setTimeout(resolve, 250));
  }, `${site.api}auths/loginTypes/MyWeChatLogin/getAuthorizeUrl`);
}

test("who signed in a while ago is asked to sign in again before he binds, and then does", async () => {
  const visitor = await Visitor.enter(browser);
  const { page } = visitor;
  await signInByPassword(page, site, "manager");
  await aWhile(page);
  await methodRow(page, WECHAT).getByRole("button", { name: `Bind ${WECHAT}`, exact: true }).click();
  await page.getByText("To protect your account, sign in again").waitFor();
  await inspect(page, "sign-in-again");
  await page.getByRole("button", { name: "Sign in again" }).click();
  await page.getByText("Please sign in, then go on.").waitFor();
  await signInByPassword(page, site, "manager");
  await methodRow(page, WECHAT).getByRole("button", { name: `Bind ${WECHAT}`, exact: true }).click();
  await qrPicture(page).waitFor();
  await visitor.leave();
});

test("who unbinds his last login is told what that means", async () => {
  const visitor = await Visitor.enter(browser);
  const { page } = visitor;
  await signInByPassword(page, site, "manager");
  await methodRow(page, PASSWORD).getByRole("button", { name: `Unbind ${PASSWORD}`, exact: true }).click();
  await page.getByRole("dialog").getByText("This is your only way to sign in.").waitFor();
  await inspect(page, "unbind-last-question");
  await page.getByRole("dialog").getByRole("button", { name: "Cancel" }).click();
  await account(page);
  await visitor.leave();
});
