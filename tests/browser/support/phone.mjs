// The phone: it sees what is on the screen, and has WeChat's page for it.

import assert from "node:assert/strict";

import jsQR from "jsqr";
import { PNG } from "pngjs";

import { Visitor } from "./visitors.mjs";

/** Scans a QR picture on a screen: the phone then shows what WeChat asks. */
export async function scan(browser, image) {
  const phone = await Visitor.enter(browser, { phone: true, locale: "zh-CN" });
  await phone.page.goto(await read(image));
  return phone;
}

/** Approves on the phone, as that person. */
export async function approve(phone, person) {
  await phone.page.locator(`input[name="person"][value="${person}"]`).check();
  await phone.page.getByRole("button", { name: /Approve/ }).click();
}

export async function refuse(phone) {
  await phone.page.getByRole("button", { name: /Refuse/ }).click();
}

/** Scans and approves in one go. */
export async function scanAndApprove(browser, image, person) {
  const phone = await scan(browser, image);
  await approve(phone, person);
  await phone.leave();
}

/** Reads the address out of a QR picture, as a camera does. */
async function read(image) {
  await image.waitFor();
  // One that is drawn is there at once.
  await image.evaluate((picture) => picture.decode?.());
  const { data, width, height } = PNG.sync.read(await image.screenshot());
  const found = jsQR(new Uint8ClampedArray(data), width, height);
  assert.ok(found, "the picture on the screen is not a QR code that can be read");
  return found.data;
}
