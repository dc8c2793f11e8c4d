// Coming from an application, and going back to it.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { after, afterEach, before, test } from "node:test";

import { scanAndApprove } from "./support/phone.mjs";
import { account, enterPassword, inspect, openWeChat, signInByPassword } from "./support/portal.mjs";
import { startSite } from "./support/site.mjs";
import { Visitor, endTest, openBrowser } from "./support/visitors.mjs";

let application;
let shop;
let site;
let browser;
before(async () => {
  application = createServer((request, response) => {
    response.setHeader("content-type", "text/html");
    response.end("<!doctype html><title>Shop</title><link rel=icon href=data:,><h1>The shop</h1>");
  });
  application.listen(0, "127.0.0.1");
  await once(application, "listening");
  shop = `http://127.0.0.1:${application.address().port}`;
  const allow = (files) => files.json("app.json", (app) => ({ ...app, settings: { returnTo: [`${shop}/app`] } }));
  [site, browser] = await Promise.all([startSite({ edit: allow }), openBrowser()]);
});
afterEach((context) => endTest(context, site));
after(async () => {
  await browser?.close();
  await site?.stop();
  application?.close();
});

/** The portal, asked to send the browser on. */
function portal(returnTo, also = "") {
  return `${site.portal}?${also}returnTo=${encodeURIComponent(returnTo)}`;
}

test("after the sign-in the browser is back at the application, and at once from then on", async () => {
  const { page, leave } = await entered();
  await page.goto(portal(`${shop}/app/orders?page=2&sort=date`));
  await enterPassword(page, "zhangsan");
  await page.getByRole("button", { name: "艾克美科技" }).click();
  await page.waitForURL(`${shop}/app/orders?page=2&sort=date`);
  await page.goto(portal(`${shop}/app`));
  await page.waitForURL(`${shop}/app`);
  await page.getByRole("heading", { name: "The shop" }).waitFor();
  await leave();
});

test("a proxy writes the URL as it is, with a query of its own", async () => {
  const { page, leave } = await entered();
  await signInByPassword(page, site, "zhangsan", "艾克美科技");
  await page.goto(`${site.portal}?returnTo=${shop}/app/orders?page=2&sort=date`);
  await page.waitForURL(`${shop}/app/orders?page=2&sort=date`);
  await leave();
});

test("the page is loaded again and its language changed on the way", async () => {
  const { page, leave } = await entered();
  await page.goto(portal(`${shop}/app`));
  await page.reload();
  await page.getByRole("link", { name: "中文" }).click();
  await page.waitForFunction(() => document.documentElement.lang === "zh-CN");
  await page.locator('input[name="username"]').or(page.getByRole("tab", { name: "密码登录" })).first().waitFor();
  await page.getByRole("tab", { name: "密码登录" }).click();
  await page.locator('input[name="username"]').fill("zhangsan");
  await page.locator('input[name="password"]').fill("a password of Zhang San's");
  await page.getByRole("button", { name: "登录", exact: true }).click();
  await page.getByRole("button", { name: "艾克美科技" }).click();
  await page.waitForURL(`${shop}/app`);
  await leave();
});

test("who scans comes back too", async () => {
  const { page, leave } = await entered();
  const code = await openWeChat(page, { portal: portal(`${shop}/app/scanned`) });
  await scanAndApprove(browser, code, "zhang-san");
  await page.getByRole("button", { name: "艾克美科技" }).click();
  await page.waitForURL(`${shop}/app/scanned`);
  await leave();
});

test("a page of the site's own origin may be named by its path", async () => {
  const { page, leave } = await entered();
  await signInByPassword(page, site, "zhangsan", "艾克美科技");
  await page.goto(portal("/healthz"));
  await page.waitForURL(`${site.origin}/healthz`);
  await leave();
});

test("nobody is sent anywhere else, and the page says so", async () => {
  const { page, leave } = await entered();
  await signInByPassword(page, site, "zhangsan", "艾克美科技");
  const elsewhere = [
    shop,
    `${shop}/application`,
    `${shop}/App`,
    `${shop}/app/../other`,
    `${shop}/app/%2e%2e/other`,
    `${shop}/app/..%2fother`,
    `${shop}/app/..%5cother`,
    `${shop.replace("http:", "https:")}/app`,
    `${shop}0/app`,
    shop.replace("127.0.0.1", "localhost") + "/app",
    shop.replace("//", "//user:word@") + "/app",
    `//evil.example/app`,
    `/\\evil.example/app`,
    `\t//evil.example`,
    "javascript:alert(1)",
    "data:text/html,x",
    `blob:${site.origin}/x`,
    "http://",
  ];
  for (const target of elsewhere) {
    await page.goto(portal(target));
    await page.getByText("does not send you on to").waitFor();
    await account(page);
    assert.equal(page.url(), site.portal, target);
  }
  await inspect(page, "return-refused");
  await page.goto(`${site.portal}?returnTo=https://evil.example/a?b=1&c=2`);
  await page.getByText("does not send you on to evil.example").waitFor();
  await leave();
});

test("an application has its user signed out, who says so and comes back", async () => {
  const { page, leave } = await entered();
  await signInByPassword(page, site, "zhangsan", "艾克美科技");
  await page.goto(portal(`${shop}/app/bye`, "signOut&"));
  await page.getByRole("heading", { name: "Sign out" }).waitFor();
  await inspect(page, "sign-out");
  await page.getByRole("link", { name: "Cancel" }).click();
  await page.waitForURL(`${shop}/app/bye`);
  await page.goto(portal(`${shop}/app/bye`, "signOut&"));
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.waitForURL(`${shop}/app/bye`);
  // Whoever is signed out already is not asked.
  await page.goto(portal(`${shop}/app/again`, "signOut&"));
  await page.waitForURL(`${shop}/app/again`);
  await page.goto(site.portal);
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  await leave();
});

test("signing out leads nowhere else", async () => {
  const { page, leave } = await entered();
  await signInByPassword(page, site, "zhangsan", "艾克美科技");
  await page.goto(portal("https://evil.example/", "signOut&"));
  await page.getByText("does not send you on to evil.example").waitFor();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByText("You are signed out.").waitFor();
  assert.equal(page.url(), site.portal);
  await leave();
});

test("an identity that waits to be bound is offered before the browser goes on", async () => {
  const { page, leave } = await entered();
  const code = await openWeChat(page, { portal: portal(`${shop}/app`) });
  await scanAndApprove(browser, code, "mona");
  await page.getByRole("button", { name: "I have an account" }).click();
  await page.locator('input[name="username"]').waitFor();
  await enterPassword(page, "zhangsan");
  await page.getByRole("button", { name: "艾克美科技" }).click();
  await account(page);
  await page.getByText("that was scanned before you signed in?").waitFor();
  await page.getByRole("button", { name: "Not now" }).click();
  await page.getByRole("link", { name: "Continue to" }).click();
  await page.waitForURL(`${shop}/app`);
  await leave();
});

async function entered() {
  const visitor = await Visitor.enter(browser);
  return { page: visitor.page, leave: () => visitor.leave() };
}
