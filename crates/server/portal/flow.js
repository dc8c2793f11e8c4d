// From a login code to a session, and to a login page and back: what both pages share.

import { call, loginByCode, remember } from "./api.js";
import { button, busy, card, linkButton, make, notice, show } from "./dom.js";
import { reference, text } from "./texts.js";

/** Asks a login method where to sign in, and remembers what for: the callback page goes on from there. */
export async function prepareVisit(settings, method, purpose) {
  const answer = await call(settings, method.name, "getAuthorizeUrl", { purpose });
  const url = new URL(answer.url);
  if (url.protocol !== "https:" && url.protocol !== "http:") throw new TypeError("not a page");
  remember(`visit:${answer.state}`, { method: method.name, title: method.title, purpose }, answer.expiresIn);
  return { url, expiresIn: answer.expiresIn };
}

/** Opens a session with a login code. Asks for the organisation when there is a choice. */
export async function enter(settings, main, { loginCode, corpList }) {
  const corps = corpList ?? [];
  if (corps.length <= 1) return openSession(settings, main, loginCode, corps[0]?.corpId ?? "");
  const choices = corps.map((corp) =>
    make("li", {}, button(corp.corpName || corp.corpId, () => openSession(settings, main, loginCode, corp.corpId), "choice")));
  show(main, card(settings, text("chooseOrganisation"), make("ul", { class: "choices" }, choices)));
  main.querySelector("h1").focus();
}

async function openSession(settings, main, loginCode, corp) {
  show(main, card(settings, undefined, busy(text("signingIn"))));
  try {
    await loginByCode(settings, loginCode, corp);
    location.replace(new URL(settings.portal, location.href));
  } catch (error) {
    showFailure(settings, main, error);
  }
}

/** Says what went wrong, with a way back. */
export function showFailure(settings, main, error, sentence) {
  const isCallError = typeof error?.sentence === "string";
  show(main, card(settings, undefined,
    notice("error", sentence ?? (isCallError ? error.sentence : text("unknownState")), isCallError ? reference(error) : undefined),
    make("div", { class: "actions" }, linkButton(text("back"), settings.portal))));
}
