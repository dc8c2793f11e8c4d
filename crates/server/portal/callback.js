// Where a login page sends the browser back to.

import { call, currentUser, recall, remember, remembered } from "./api.js";
import { actions, busy, card, linkButton, make, notice, readSettings, show } from "./dom.js";
import { enter, showFailure, showUnknownIdentity } from "./flow.js";
import { allowedReturn } from "./return-to.js";
import { sentence, text } from "./texts.js";

/** How long a page around this one may take to say that it goes on, in milliseconds. */
const TAKING_PATIENCE = 4000;

const settings = readSettings();
const main = document.getElementById("main");

const query = new URLSearchParams(location.search);
// The code is good for a session: it stays neither in the address bar nor in the history.
history.replaceState(null, "", location.pathname);

if (window.parent === window) await goOn(query.getAll("code"), query.getAll("state"));
else await handOver();

/** In the frame of a component: the page around it, if that is one of this origin, goes on. */
async function handOver() {
  document.documentElement.classList.add("framed");
  show(main, busy(text("confirmedHere")));
  const isTaken = await new Promise((resolve) => {
    const hear = ({ origin, source, data }) => {
      if (origin === location.origin && source === window.parent && data?.type === "login:taken") resolve(true);
    };
    window.addEventListener("message", hear);
    setTimeout(() => resolve(false), TAKING_PATIENCE);
    window.parent.postMessage({ type: "login:callback", query: Object.fromEntries(query) }, location.origin);
  });
  if (isTaken) return;
  show(main, notice("info", text("nobodyWaits")), actions(
    make("a", { class: "button", href: settings.portal, target: "_top" }, text("startAgain"))));
}

async function goOn(codes, states) {
  const visit = states.length === 1 && codes.length <= 1 ? remembered(`visit:${states[0]}`) : undefined;
  if (!visit) return explainNothing(codes.length + states.length > 0);
  const method = settings.methods.find((candidate) => candidate.name === visit.element) ?? { name: visit.element, title: "" };
  recall(`visit:${states[0]}`);
  settings.returnUrl = allowedReturn(settings, visit.returnTo);
  if (!codes[0] || codes[0] === "authdeny") return showFailure(settings, main, undefined, text("refused"));
  const proof = { code: codes[0], state: states[0] };
  try {
    if (visit.purpose === "bind") await bind(method, proof);
    else await signIn(method, proof);
  } catch (error) {
    if (error.data?.bindTicket) return showUnknownIdentity(settings, main, method, error);
    showFailure(settings, main, error);
  }
}

/** A page that was loaded again, or that nobody was sent to from this tab. Whoever is signed in has nothing to do here. */
async function explainNothing(wasCalled) {
  show(main, card(undefined, undefined, busy(text("loading"))));
  const user = await currentUser(settings).catch(() => null);
  const go = linkButton(text(user ? "toAccount" : "startAgain"), settings.portal);
  const explanation = user ? text("alreadySignedIn", { nick: user.nick || user.userId }) : text(wasCalled ? "unknownState" : "usedUp");
  show(main, card(text(user ? "signedIn" : "nothingToDo"), undefined, notice(user ? "success" : "info", explanation), actions(go)));
}

async function signIn(method, proof) {
  show(main, card(undefined, undefined, busy(text("signingIn"))));
  await enter(settings, main, await call(settings, method.name, "getLoginCode", proof));
}

async function bind(method, proof) {
  show(main, card(undefined, undefined, busy(text("binding", { title: method.title }))));
  const user = await currentUser(settings);
  if (!user) return showFailure(settings, main, undefined, sentence("LOGIN_REQUIRED"));
  await call(settings, method.name, "bind", { userId: user.userId, ...proof });
  remember("notice", text("bound", { title: method.title }), 60);
  location.replace(new URL(settings.portal, location.href));
}
