// From a login code to a session, and to a login page and back: what both pages share.

import { call, loginByCode, recall, remember } from "./api.js";
import { busy, button, card, linkButton, make, notice, show } from "./dom.js";
import { reference, text } from "./texts.js";

/** For how long the name of an organisation is remembered. Without it the page of who is signed in shows the id. */
const CORP_SECONDS = 30 * 24 * 60 * 60;

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
  if (corps.length <= 1) return openSession(settings, main, loginCode, corps[0]);
  const choices = corps.map((corp) =>
    make("li", {}, button(corp.corpName || corp.corpId, () => openSession(settings, main, loginCode, corp), "choice")));
  show(main, card(settings, text("chooseOrganisation"), make("ul", { class: "choices" }, choices)));
  main.querySelector("h1").focus();
}

async function openSession(settings, main, loginCode, corp) {
  show(main, card(settings, undefined, busy(text("signingIn"))));
  try {
    await loginByCode(settings, loginCode, corp?.corpId ?? "");
    if (corp) remember("corp", { corpId: corp.corpId, corpName: corp.corpName }, CORP_SECONDS);
    location.replace(new URL(settings.portal, location.href));
  } catch (error) {
    showFailure(settings, main, error);
  }
}

/**
 * Nobody is bound to who signed in. He may say that he signs in another way now, to bind it to his account; and where
 * the login method knows how to, a new account can be made of it.
 *
 * The ticket is kept only for whoever says so. Other people may use this tab next: were it kept anyway, whoever signs in
 * then would be offered an identity that is not his.
 */
export function showUnknownIdentity(settings, main, { name, title }, error) {
  recall("ticket");
  const { bindTicket } = error.data;
  const method = bindTicket && settings.methods.find((candidate) => candidate.name === name);
  const toBind = method?.canBindByTicket && bindLaterButton(settings, { name, title }, error.data);
  const toRegister = method?.canRegister
    && button(text("register"), () => register(settings, main, method, bindTicket, toBind));
  const sentence = text(toRegister ? "authMissingOrRegister" : "authMissing", { title });
  showFailure(settings, main, error, sentence, toBind, toRegister);
}

function bindLaterButton(settings, { name, title }, { bindTicket, expiresIn }) {
  const seconds = expiresIn ?? 300;
  const until = Date.now() + seconds * 1000;
  return button(text("bindLater", { title }), () => {
    remember("ticket", { method: name, title, bindTicket }, (until - Date.now()) / 1000);
    location.replace(new URL(settings.portal, location.href));
  }, "quiet");
}

async function register(settings, main, method, bindTicket, toBind) {
  show(main, card(settings, undefined, busy(text("registering"))));
  try {
    await enter(settings, main, await call(settings, method.name, "register", { bindTicket }));
  } catch (error) {
    if (error.code !== "PERMISSION_DENIED") return showFailure(settings, main, error);
    showFailure(settings, main, error, text("registrationClosed", { title: method.title }), toBind);
  }
}

/** Says what went wrong, with a way back and the ways on that there are. */
export function showFailure(settings, main, error, sentence, ...waysOn) {
  const isOnlyWay = !waysOn.some(Boolean);
  const isCallError = typeof error?.sentence === "string";
  show(main, card(settings, undefined,
    notice("error", sentence ?? (isCallError ? error.sentence : text("unknownState")), isCallError ? reference(error) : undefined),
    make("div", { class: "actions" }, linkButton(text("back"), settings.portal, isOnlyWay ? "" : "quiet"), waysOn)));
}
