// The portal as people use it: by what it shows and says.

import { checkAccessibility, checkWidth } from "./checks.mjs";
import { scanAndApprove } from "./phone.mjs";
import { PASSWORDS } from "./site.mjs";
import { picture } from "./visitors.mjs";

export const WECHAT = "微信登录";
export const PASSWORD = "密码登录";

/** Opens the sign-in page at the WeChat login; gives back the QR picture in its frame. */
export async function openWeChat(page, site) {
  await page.goto(site.portal);
  await page.getByRole("tab", { name: WECHAT }).click();
  return qrPicture(page);
}

/** The QR picture: in the component's frame, or on WeChat's own page. */
export function qrPicture(page) {
  return page.frameLocator("wechat-login iframe").getByRole("img").first();
}

/** The QR picture where the component itself draws it. */
export function drawnCode(page) {
  return page.locator("wechat-login").getByRole("img", { name: "WeChat: the code to scan" });
}

/** Signs in by scanning, as 张三, who belongs to two organisations. */
export async function signInByScanning(browser, visitor, site, corp = "艾克美科技") {
  await scanAndApprove(browser, await openWeChat(visitor.page, site), "zhang-san");
  await visitor.page.getByRole("button", { name: corp }).click();
  await account(visitor.page);
}

/** Signs in by password; whoever belongs to one organisation is asked for none. */
export async function signInByPassword(page, site, username, corp) {
  await page.goto(site.portal);
  await enterPassword(page, username);
  if (corp) await page.getByRole("button", { name: corp }).click();
  await account(page);
}

/** Fills in the form of the password login. */
export async function enterPassword(page, username, password = PASSWORDS[username]) {
  await page.getByRole("tab", { name: PASSWORD }).click();
  await page.locator('input[name="username"]').fill(username);
  await page.locator('input[name="password"]').fill(password);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
}

/** Waits for the user centre. */
export async function account(page) {
  await page.getByRole("button", { name: "Sign out", exact: true }).waitFor();
}

/** The row of a way to sign in, in the user centre. */
export function methodRow(page, title) {
  return page.getByRole("listitem").filter({ hasText: title }).filter({ has: page.getByRole("button") });
}

/** Looks at what a page shows now: keeps a picture, and checks what holds for every page. */
export async function inspect(page, name) {
  await picture(page, name);
  await checkAccessibility(page);
  await checkWidth(page);
}
