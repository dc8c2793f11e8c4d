// People at browsers. Each has a browser of his own; what goes wrong on his pages is written down.

import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import path from "node:path";

import { chromium, devices } from "playwright-core";

import { PATIENCE, ROOT } from "./site.mjs";

const PICTURES = process.env.MTI_PICTURES ?? path.join(ROOT, "target/browser");

/** How many lines of the server's log are told of a test that failed. */
const LINES_TOLD = 40;

const FLAGS = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync",
];

/**
 * Starts the browser that all visitors of a test file use.
 *
 * @param {{ keepsPages?: boolean }} [options] Whether it keeps pages that are left, as browsers do that are not automated.
 */
export async function openBrowser({ keepsPages = false } = {}) {
  return chromium.launch({
    executablePath: process.env.MTI_CHROMIUM ?? "/usr/bin/chromium",
    chromiumSandbox: false,
    args: FLAGS,
    ignoreDefaultArgs: keepsPages ? ["--disable-back-forward-cache"] : [],
  });
}

/** What Chromium calls the answers that the pages themselves deal with. */
const EXPECTED = /^Failed to load resource: the server responded with a status of 4\d\d /;

/** Those who have not left. */
const present = new Set();

/**
 * Ends a test: whoever is still there was left behind by one that failed. Tells what he sees, and makes him leave.
 *
 * @param {import("node:test").TestContext} context
 * @param {import("./site.mjs").Site} site
 */
export async function endTest(context, site) {
  for (const visitor of [...present]) {
    for (const page of visitor.context.pages()) context.diagnostic(await told(page));
    for (const { request, since } of visitor.unanswered) {
      context.diagnostic(`no answer for ${Date.now() - since} ms: ${request.method()} ${request.url()}`);
    }
    for (const problem of visitor.problems) context.diagnostic(problem);
    await visitor.context.close();
    present.delete(visitor);
    site.log.slice(-LINES_TOLD).forEach((line) => context.diagnostic(line));
  }
  await site.wechat.knobs();
}

/** What is on a page, in words. */
async function told(page) {
  const content = await page.locator("body").ariaSnapshot({ timeout: 2000 }).catch(String);
  return `${page.url()}\n${content}`;
}

/** Somebody with a browser of his own: no cookie and no memory from anybody else. */
export class Visitor {
  /**
   * @param {import("playwright-core").Browser} browser
   * @param {import("playwright-core").BrowserContextOptions & { phone?: boolean }} [options]
   */
  static async enter(browser, { phone, ...options } = {}) {
    const context = await browser.newContext({
      locale: "en-GB",
      viewport: { width: 1280, height: 900 },
      ...(phone ? devices["iPhone 13"] : {}),
      ...options,
    });
    context.setDefaultTimeout(PATIENCE);
    const visitor = new Visitor(context);
    present.add(visitor);
    visitor.page = await visitor.tab();
    return visitor;
  }

  constructor(context) {
    this.context = context;
    /** What no page may do: errors in scripts, violations of the policy, files that are not there. */
    this.problems = [];
    /** What his browser asked and has no answer to yet. @type {Set<{ request: import("playwright-core").Request, since: number }>} */
    this.unanswered = new Set();
    context.on("request", (request) => this.unanswered.add({ request, since: Date.now() }));
    for (const end of ["requestfinished", "requestfailed"]) {
      context.on(end, (request) => this.unanswered.forEach((asked) => asked.request === request && this.unanswered.delete(asked)));
    }
  }

  /** Opens another tab. */
  async tab() {
    const page = await this.context.newPage();
    page.on("console", (message) => {
      if (message.type() === "error" && !EXPECTED.test(message.text())) this.problems.push(`${page.url()}: ${message.text()}`);
    });
    page.on("pageerror", (error) => this.problems.push(`${page.url()}: ${error}`));
    page.on("response", (response) => {
      const isFile = ["document", "script", "stylesheet", "image", "font"].includes(response.request().resourceType());
      if (isFile && response.status() >= 400) this.problems.push(`${page.url()}: ${response.status()} ${response.url()}`);
    });
    return page;
  }

  /** Leaves, and answers for what happened meanwhile. */
  async leave({ expecting = [] } = {}) {
    await this.context.close();
    present.delete(this);
    const unexpected = this.problems.filter((problem) => !expecting.some((pattern) => pattern.test(problem)));
    assert.deepEqual(unexpected, []);
  }
}

/** Keeps a picture of a page. */
export async function picture(page, name) {
  await mkdir(PICTURES, { recursive: true });
  await page.screenshot({ path: path.join(PICTURES, `${name}.png`), fullPage: true, animations: "disabled" });
}
