// From a login code to a session: what the portal and the callback page share.

import { call, loginByCode, recall, remember } from "./api.js";
import { actions, busy, button, card, initial, linkButton, make, notice, show } from "./dom.js";
import { nextPage, portalUrl } from "./return-to.js";
import { reference, text } from "./texts.js";

/** For how long the name of an organisation is remembered. Without it the user centre shows the id. */
const CORP_SECONDS = 30 * 24 * 60 * 60;

/** Opens a session with a login code. Asks for the organisation when there is a choice. */
export async function enter(settings, main, { loginCode, corpList }) {
  const corps = corpList ?? [];
  if (corps.length <= 1) return openSession(settings, main, loginCode, corps[0]);
  const choices = corps.map((corp) => make("li", {},
    make("button", { type: "button", class: "choice", onclick: () => openSession(settings, main, loginCode, corp) },
      initial(corp.corpName || corp.corpId), make("span", { class: "name" }, corp.corpName || corp.corpId))));
  show(main, card(text("chooseOrganisation"), text("chooseOrganisationLead"), make("ul", { class: "choices" }, choices)));
  main.querySelector("h1").focus();
}

async function openSession(settings, main, loginCode, corp) {
  show(main, card(undefined, undefined, busy(text("signingIn"))));
  try {
    await loginByCode(settings, loginCode, corp?.corpId ?? "");
    if (corp) remember("corp", { corpId: corp.corpId, corpName: corp.corpName }, CORP_SECONDS);
    location.replace(nextPage(settings) ?? portalUrl(settings));
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
  const canBind = method?.canBindByTicket && settings.methods.length > 1;
  const toBind = canBind && choice(text("bindLater"), text("bindLaterLead", { title }), keepTicket(settings, { name, title }, error.data));
  const toRegister = method?.canRegister && registration(settings, main, method, bindTicket);
  show(main, card(text("welcome"), text("authMissing", { title }),
    toBind && make("ul", { class: "choices" }, make("li", {}, toBind)),
    toBind && toRegister && make("p", { class: "or" }, make("span", {}, text("or"))),
    toRegister || notice("info", text("askOperator", { title })),
    actions(linkButton(text("back"), portalUrl(settings), "quiet")),
    make("p", { class: "reference" }, reference(error))));
  main.querySelector("h1").focus();
}

function choice(name, lead, onclick) {
  return make("button", { type: "button", class: "choice", onclick },
    make("span", { class: "name" }, make("strong", {}, name), make("span", { class: "soft" }, lead)));
}

function keepTicket(settings, { name, title }, { bindTicket, expiresIn }) {
  const seconds = expiresIn ?? 300;
  const until = Date.now() + seconds * 1000;
  return () => {
    remember("ticket", { method: name, title, bindTicket }, (until - Date.now()) / 1000);
    location.replace(portalUrl(settings));
  };
}

function registration(settings, main, method, bindTicket) {
  const nick = make("input", { name: "nick", maxLength: 64, autocomplete: "nickname" });
  const submit = make("button", { type: "submit" }, text("register"));
  const failure = make("div");
  return make("form", {
    onsubmit: async (event) => {
      event.preventDefault();
      submit.disabled = true;
      show(failure);
      try {
        const given = nick.value.trim();
        await enter(settings, main, await call(settings, method.name, "register", { bindTicket, ...(given && { nick: given }) }));
      } catch (error) {
        const isClosed = error.code === "PERMISSION_DENIED";
        show(failure, notice("error", isClosed ? text("registrationClosed", { title: method.title }) : error.sentence, reference(error)));
        submit.disabled = isClosed;
      }
    },
  },
    make("label", { class: "field" }, make("span", {}, text("nick")), nick, make("small", {}, text("nickHint", { title: method.title }))),
    failure, submit);
}

/** Says what went wrong, with a way back and the ways on that there are. */
export function showFailure(settings, main, error, sentence) {
  const isCallError = typeof error?.sentence === "string";
  show(main, card(text("failed"), undefined,
    notice("error", sentence ?? (isCallError ? error.sentence : text("unknownState")), isCallError ? reference(error) : undefined),
    actions(linkButton(text("startAgain"), portalUrl(settings)))));
  main.querySelector("h1").focus();
}
