// What the server says of its interface.

import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";

import { Validator } from "@seriousme/openapi-schema-validator";

import { checkAccessibility, checkWidth } from "./support/checks.mjs";
import { startSite } from "./support/site.mjs";
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

const read = async () => (await fetch(`${site.api}openapi.json`)).json();

test("a validator of somebody else finds the document to be OpenAPI 3.1", async () => {
  const validator = new Validator();
  const { valid, errors } = await validator.validate(await read());
  assert.ok(valid, JSON.stringify(errors, null, 2));
  assert.equal(validator.version, "3.1");
});

test("every anonymous operation answers a call that is made by the document", async () => {
  const document = await read();
  let called = 0;
  for (const [path, { post }] of Object.entries(document.paths)) {
    const schema = post.requestBody.content["application/json"].schema;
    const body = Object.fromEntries((schema.required ?? []).map((name) => [name, "text"]));
    const response = await fetch(document.servers[0].url + path, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    const envelope = await response.json();
    const isAnonymous = post.security.length === 0;
    assert.equal(envelope.error === "LOGIN_REQUIRED", !isAnonymous, `${path}: ${JSON.stringify(envelope)}`);
    assert.ok(String(response.status) in post.responses, `${path} answers ${response.status}`);
    assert.notEqual(response.status, 404, path);
    called += Number(isAnonymous);
  }
  assert.ok(called >= 5, `${called} anonymous operations`);
});

test("the page about it can be read by everybody, on a phone too", async () => {
  for (const [locale, colorScheme] of [["zh-CN", "light"], ["en-GB", "dark"]]) {
    const visitor = await Visitor.enter(browser, { locale, colorScheme });
    await visitor.page.goto(site.api);
    assert.equal(await visitor.page.getAttribute("html", "lang"), locale === "zh-CN" ? "zh-CN" : "en");
    await visitor.page.getByRole("heading", { name: "getLoginCode" }).first().waitFor();
    await checkAccessibility(visitor.page);
    await checkWidth(visitor.page);
    await picture(visitor.page, `interface-${colorScheme}`);
    await visitor.leave();
  }
});

test("an address where nothing is says so in the visitor's language and leads on", async () => {
  for (const [locale, heading, link] of [["zh-CN", "此地址没有页面。", "前往首页"], ["en-GB", "There is no page at this address.", "To the start page"]]) {
    const visitor = await Visitor.enter(browser, { locale });
    const response = await visitor.page.goto(`${site.origin}/nowhere/at/all`);
    await visitor.page.getByRole("heading", { name: heading }).waitFor();
    await visitor.page.getByText(response.headers()["x-request-id"]).waitFor();
    await checkAccessibility(visitor.page);
    await checkWidth(visitor.page);
    await picture(visitor.page, `not-found-${locale}`);
    await visitor.page.getByRole("link", { name: link }).click();
    await visitor.page.waitForURL(site.portal);
    await visitor.leave({ expecting: [/404 .*\/nowhere\/at\/all$/] });
  }
});
