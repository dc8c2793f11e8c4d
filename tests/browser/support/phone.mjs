// The phone: it sees what is on the screen, and has WeChat's page for it.

import assert from "node:assert/strict";

import jsQR from "jsqr";
import { PNG } from "pngjs";

import { Visitor } from "./visitors.mjs";

/** Reads the address out of a QR picture, as a camera does. */
export async function read(image) {
  const { data, width, height } = PNG.sync.read(await image.screenshot());
  const found = jsQR(new Uint8ClampedArray(data), width, height);
  assert.ok(found, "the picture on the screen is not a QR code that can be read");
  return found.data;
}

/** Where WeChat's page is on the page of somebody who signs in: in a frame, or by itself. */
export function wechatPage(page) {
  return page.frameLocator("iframe");
}

/** Scans the picture on the screen: the phone then shows what WeChat asks. */
export async function scan(browser, screen) {
  const image = screen.getByRole("img").first();
  await image.waitFor();
  const address = await read(image);
  const phone = await Visitor.enter(browser, { phone: true, locale: "zh-CN" });
  await phone.page.goto(address);
  return phone;
}

/** Answers on the phone. Without a person, whoever it belongs to. */
export async function approve(phone, person) {
  if (person) await phone.page.locator(`input[name="person"][value="${person}"]`).check();
  await phone.page.getByRole("button", { name: /Approve/ }).click();
}

export async function refuse(phone) {
  await phone.page.getByRole("button", { name: /Refuse/ }).click();
}
