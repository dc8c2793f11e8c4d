// The portal: signing in, or the page of who is signed in.

import { call, currentUser, logout, recall, remembered } from "./api.js";
import { busy, button, card, confirmed, inputs, linkButton, make, notice, readSettings, show, typed } from "./dom.js";
import { prepareVisit } from "./flow.js";
import { showSignIn } from "./sign-in.js";
import { reference, sentence, text } from "./texts.js";

const settings = readSettings();
const main = document.getElementById("main");

await start();

async function start(message = recall("notice")) {
  if (location.origin !== settings.origin) return showOtherOrigin();
  show(main, card(settings, undefined, busy(text("loading"))));
  const first = message && notice("success", message);
  try {
    const user = await currentUser(settings);
    if (user) showUser(user, first);
    else await showSignIn(settings, main, first);
  } catch (error) {
    show(main, card(settings, undefined,
      notice("error", error.sentence ?? sentence("OTHER"), reference(error)),
      make("div", { class: "actions" }, button(text("tryAgain"), () => start()))));
  }
}

/** Cookies and login pages belong to one address: at another one nobody could sign in. */
function showOtherOrigin() {
  const there = settings.origin + location.pathname;
  show(main, card(settings, undefined,
    notice("info", text("otherOrigin")),
    make("div", { class: "actions" }, linkButton(there, there))));
}

function showUser(user, first) {
  const result = make("div", { "aria-live": "polite" }, first ?? []);
  const methods = settings.methods.filter((method) => method.canBind || method.canUnbind);
  show(main, card(settings, user.nick || user.userId,
    result,
    ticketOffer(user, result),
    make("dl", { class: "facts" },
      make("dt", {}, text("user")), make("dd", {}, user.userId),
      make("dt", {}, text("organisation")), make("dd", {}, corpName(user))),
    methods.length > 0 && make("section", {},
      make("h2", {}, text("methodsOfUser")),
      make("ul", { class: "methods" }, methods.map((method) => methodRow(user, method, result)))),
    make("div", { class: "actions" }, button(text("signOut"), (event) => signOut(event.currentTarget, result), "quiet"))));
}

/** What the organisation is called, where this tab has seen it signed in to. */
function corpName({ corpId }) {
  if (!corpId) return text("noOrganisation");
  const corp = remembered("corp");
  return (corp?.corpId === corpId && corp.corpName) || corpId;
}

/** Somebody used an identity that nobody is bound to, and said that he signs in another way to bind it. He need not be who did. */
function ticketOffer(user, result) {
  const ticket = recall("ticket");
  const method = ticket && settings.methods.find((candidate) => candidate.name === ticket.method);
  if (!method?.canBindByTicket) return undefined;
  const offer = notice("info", text("ticketOffer", { title: ticket.title }));
  const accept = async () => {
    const question = text("ticketQuestion", { title: ticket.title, nick: user.nick || user.userId });
    if (!(await confirmed(question, text("bind"), text("cancel")))) return;
    offer.remove();
    return attempt(result, text("bound", { title: ticket.title }), () =>
      call(settings, method.name, "bindByTicket", { bindTicket: ticket.bindTicket }));
  };
  offer.append(make("div", { class: "actions" },
    button(text("cancel"), () => offer.remove(), "quiet"), button(text("bind"), accept)));
  return offer;
}

function methodRow(user, method, result) {
  const form = make("div");
  return make("li", {},
    make("div", { class: "method" },
      make("span", { class: "name" }, method.title),
      method.canBind && button(text("bind"), () => bind(user, method, form, result), "quiet"),
      method.canUnbind && button(text("unbind"), () => unbind(user, method, result), "quiet danger")),
    form);
}

async function bind(user, method, place, result) {
  const question = text("bindQuestion", { title: method.title, nick: user.nick || user.userId });
  if (!(await confirmed(question, text("bind"), text("cancel")))) return;
  if (!method.bindFields) {
    return attempt(result, undefined, async () => {
      const visit = await prepareVisit(settings, method, "bind");
      location.assign(visit.url);
    });
  }
  const form = make("form", {
    onsubmit: (event) => {
      event.preventDefault();
      const args = { userId: user.userId, ...typed(form) };
      show(place);
      return attempt(result, text("bound", { title: method.title }), () => call(settings, method.name, "bind", args));
    },
  }, inputs(method.bindFields), make("div", { class: "actions" },
    button(text("cancel"), () => show(place), "quiet"), make("button", { type: "submit" }, text("bind"))));
  show(place, form);
  form.querySelector("input")?.focus();
}

async function unbind(user, method, result) {
  const question = text("unbindQuestion", { title: method.title });
  if (!(await confirmed(question, text("unbind"), text("cancel")))) return;
  await attempt(result, undefined, async () => {
    await call(settings, method.name, "unbind", { userId: user.userId });
    // The session that was opened with it has ended. Whatever else goes wrong here, it is unbound.
    const stillThere = await currentUser(settings).catch(() => user);
    if (!stillThere) return start(text("unboundSignIn"));
    show(result, notice("success", text("unbound", { title: method.title })));
  });
}

async function signOut(pressed, result) {
  pressed.disabled = true;
  await attempt(result, undefined, async () => {
    await logout(settings);
    recall("corp");
    recall("ticket");
    await start();
  });
  pressed.disabled = false;
}

/** Does something and says how it went. Whose session has ended meanwhile is asked to sign in. */
async function attempt(result, success, action) {
  show(result);
  try {
    await action();
    if (success) show(result, notice("success", success));
  } catch (error) {
    if (error.code === "LOGIN_REQUIRED") return start();
    show(result, notice("error", error.sentence ?? sentence("OTHER"), reference(error)));
  }
}
