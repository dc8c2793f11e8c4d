// People at browsers. Each has a browser of his own; what goes wrong on his pages is written down.

import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import path from "node:path";

import { chromium, devices } from "playwright-core";

import { PATIENCE, ROOT } from "./site.mjs";

const PICTURES = process.env.MTI_PICTURES ?? path.join(ROOT, "target/browser");

const FLAGS = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync",
];

/** Starts the browser that all visitors of a test file use. */
export async function openBrowser() {
  const browser = await chromium.launch({ executablePath: process.env.MTI_CHROMIUM ?? "/usr/bin/chromium", chromiumSandbox: false, args: FLAGS });
  return browser;
}

/** What Chromium calls the answers that the pages themselves deal with. */
const EXPECTED = /^Failed to load resource: the server responded with a status of 4\d\d /;

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
    visitor.page = await visitor.tab();
    return visitor;
  }

  constructor(context) {
    this.context = context;
    /** What no page may do: errors in scripts, violations of the policy, files that are not there. */
    this.problems = [];
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
    const unexpected = this.problems.filter((problem) => !expecting.some((pattern) => pattern.test(problem)));
    assert.deepEqual(unexpected, []);
  }
}

/** Keeps a picture of a page. */
export async function picture(page, name) {
  await mkdir(PICTURES, { recursive: true });
  await page.screenshot({ path: path.join(PICTURES, `${name}.png`), fullPage: true, animations: "disabled" });
}
