// The user centre, and those who come for the first time.

import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";

import { scanAndApprove } from "./support/phone.mjs";
import { WECHAT, account, enterPassword, inspect, methodRow, openWeChat, qrPicture, signInByPassword, signInByScanning } from "./support/portal.mjs";
import { startSite } from "./support/site.mjs";
import { Visitor, endTest, openBrowser } from "./support/visitors.mjs";

let site;
let browser;
before(async () => {
  const openToAll = (app) => app.json("auths/loginTypes/MyWeChatLogin/e.json", (manifest) => ({ ...manifest, allowRegister: 1 }));
  [site, browser] = await Promise.all([startSite({ edit: openToAll }), openBrowser()]);
});
afterEach((context) => endTest(context, site));
after(async () => {
  await browser?.close();
  await site?.stop();
});

test("who has a password binds WeChat, signs out, signs in by scanning, and unbinds again", async () => {
  const visitor = await Visitor.enter(browser);
  const { page } = visitor;
  await signInByPassword(page, site, "manager");
  const row = methodRow(page, WECHAT);

  await row.getByRole("button", { name: `Bind ${WECHAT}`, exact: true }).click();
  await page.getByRole("heading", { name: `Bind ${WECHAT}` }).waitFor();
  await qrPicture(page).waitFor();
  await inspect(page, "bind");
  await scanAndApprove(browser, qrPicture(page), "li-si");
  await page.getByText(`${WECHAT} is now bound to your account.`).waitFor();
  await inspect(page, "bound");

  await page.getByRole("button", { name: "Sign out", exact: true }).click();
  await page.getByText("You are signed out.").waitFor();
  await scanAndApprove(browser, await openWeChat(page, site), "li-si");
  await account(page);
  await page.getByRole("heading", { name: "管理员" }).waitFor();

  await row.getByRole("button", { name: `Unbind ${WECHAT}`, exact: true }).click();
  await page.getByRole("heading", { name: `Unbind ${WECHAT}?` }).waitFor();
  await inspect(page, "unbind-question");
  await page.getByRole("dialog").getByRole("button", { name: "Cancel" }).click();
  await account(page);
  await row.getByRole("button", { name: `Unbind ${WECHAT}`, exact: true }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Unbind", exact: true }).click();
  // The session came through what is unbound now.
  await page.getByText("Unbound. Please sign in again.").waitFor();
  await inspect(page, "unbound");
  await visitor.leave();
});

test("an identity that belongs to somebody else is not given away", async () => {
  const visitor = await Visitor.enter(browser);
  const { page } = visitor;
  await signInByPassword(page, site, "manager");
  await methodRow(page, WECHAT).getByRole("button", { name: `Bind ${WECHAT}`, exact: true }).click();
  await scanAndApprove(browser, qrPicture(page), "zhang-san");
  await page.getByText("This WeChat is already bound to another user.").waitFor();
  assert.doesNotMatch(await page.content(), /user123|张三/);
  await inspect(page, "bind-conflict");
  await visitor.leave();
});

test("who scans for the first time signs in by password and binds without scanning again", async () => {
  const visitor = await Visitor.enter(browser);
  const { page } = visitor;
  await scanAndApprove(browser, await openWeChat(page, site), "mona");
  await page.getByRole("heading", { name: "Welcome" }).waitFor();
  await inspect(page, "first-time");
  await page.getByRole("button", { name: /I have an account/ }).click();
  await page.getByText(/Sign in another way now/).waitFor();
  await enterPassword(page, "manager");
  await account(page);
  await page.getByText(/that was scanned before you signed in\?/).waitFor();
  await inspect(page, "ticket-offer");
  await page.getByRole("button", { name: "Bind", exact: true }).first().click();
  await page.getByRole("dialog").getByRole("button", { name: "Bind", exact: true }).click();
  await page.getByText(`${WECHAT} is now bound to your account.`).waitFor();
  await visitor.leave();

  const again = await Visitor.enter(browser);
  await scanAndApprove(browser, await openWeChat(again.page, site), "mona");
  await account(again.page);
  await again.page.getByRole("heading", { name: "管理员" }).waitFor();
  await again.leave();
});

for (const [person, shown] of [["script", /^<script>alert\('微信'\)<\/script>$/], ["rtl", /مرحبا/], ["long", /很长的昵称/]]) {
  test(`a newcomer whose nickname is hostile (${person}) is shown as he calls himself, and nothing else happens`, async () => {
    const visitor = await Visitor.enter(browser);
    const { page } = visitor;
    page.on("dialog", (dialog) => {
      visitor.problems.push(`a dialog: ${dialog.message()}`);
      return dialog.dismiss();
    });
    await scanAndApprove(browser, await openWeChat(page, site), person);
    await page.getByRole("heading", { name: "Welcome" }).waitFor();
    await page.getByRole("button", { name: "Create a new account" }).click();
    await account(page);
    assert.match((await page.getByRole("heading", { level: 1 }).textContent()).trim(), shown);
    await inspect(page, `nickname-${person}`);
    // It cannot turn a sentence around.
    await page.getByRole("button", { name: `Bind another ${WECHAT}` }).click();
    assert.doesNotMatch(await page.getByRole("dialog").innerText(), /[\u202a-\u202e]/);
    assert.match(await page.locator(".identity .tile").innerText(), /[\p{L}\p{N}\p{S}\p{P}]/u);
    await visitor.leave();
  });
}

test("who is signed in at two browsers sees both, and ends everything at once", async () => {
  const [desk, phone] = [await Visitor.enter(browser), await Visitor.enter(browser, { phone: true, locale: "en-GB" })];
  await signInByPassword(desk.page, site, "zhangsan", "艾克美科技");
  await signInByScanning(browser, phone, site);
  await inspect(phone.page, "account-phone");
  await desk.page.reload();
  await account(desk.page);
  const sessions = desk.page.locator("section").filter({ has: desk.page.getByRole("heading", { name: "Where you are signed in" }) });
  await sessions.getByText("This one").waitFor();
  await sessions.getByRole("listitem").filter({ hasText: WECHAT }).first().waitFor();
  await inspect(desk.page, "sessions");
  await sessions.getByRole("button", { name: "Sign out everywhere" }).click();
  await desk.page.getByRole("dialog").getByRole("button", { name: "Sign out everywhere" }).click();
  await desk.page.getByText("You are signed out everywhere.").waitFor();
  await phone.page.reload();
  await phone.page.getByRole("heading", { name: "Sign in" }).waitFor();
  await desk.leave();
  await phone.leave();
});
