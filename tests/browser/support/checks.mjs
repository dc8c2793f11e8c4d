// What holds for every page, whatever it shows.

import assert from "node:assert/strict";

import axe from "axe-core";

/** That people can use it who do not see it, or have no mouse, as far as a program can tell. */
export async function checkAccessibility(page) {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() =>
    // @ts-expect-error axe was put into the page by the line above.
    globalThis.axe.run(document, { iframes: false, resultTypes: ["violations"] }));
  const found = violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map((node) => node.html.slice(0, 160)).join(" | ")}`);
  assert.deepEqual(found, [], `on ${page.url()}`);
}

/** That nothing reaches out of a narrow screen. */
export async function checkWidth(page, width = 320) {
  const before = page.viewportSize();
  await page.setViewportSize({ width, height: 640 });
  const overflow = await page.evaluate(() => {
    const limit = document.documentElement.clientWidth;
    const wide = [...document.body.querySelectorAll("*")].filter((node) => node.getBoundingClientRect().right > limit + 1);
    return { scrollWidth: document.documentElement.scrollWidth, limit, wide: wide.slice(0, 3).map((node) => node.outerHTML.slice(0, 120)) };
  });
  assert.ok(overflow.scrollWidth <= overflow.limit, `${page.url()} is ${overflow.scrollWidth} wide: ${overflow.wide.join(" | ")}`);
  await page.setViewportSize(before);
}
