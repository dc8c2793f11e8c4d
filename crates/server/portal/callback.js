// Where a login page sends the browser back to.

import { call, currentUser, recall, remember } from "./api.js";
import { busy, card, readSettings, show } from "./dom.js";
import { enter, showFailure, showUnknownIdentity } from "./flow.js";
import { sentence, text } from "./texts.js";

const settings = readSettings();
const main = document.getElementById("main");

const query = new URLSearchParams(location.search);
// The code is good for a session: it stays neither in the address bar nor in the history.
history.replaceState(null, "", location.pathname);

await goOn(query.getAll("code"), query.getAll("state"));

async function goOn(codes, states) {
  if (codes.length === 0 && states.length === 0) return showFailure(settings, main, undefined, text("nothingToDo"));
  if (codes.length > 1 || states.length !== 1) return showFailure(settings, main, undefined, text("unknownState"));
  const visit = recall(`visit:${states[0]}`);
  if (!visit) return showFailure(settings, main, undefined, text("unknownState"));
  if (!codes[0]) return showFailure(settings, main, undefined, text("refused"));
  const proof = { code: codes[0], state: states[0] };
  try {
    if (visit.purpose === "bind") await bind(visit, proof);
    else await signIn(visit, proof);
  } catch (error) {
    if (error.code === "USER_AUTH_MISS") return showUnknownIdentity(settings, main, { name: visit.method, title: visit.title }, error);
    showFailure(settings, main, error);
  }
}

async function signIn(visit, proof) {
  show(main, card(settings, undefined, busy(text("signingIn"))));
  await enter(settings, main, await call(settings, visit.method, "getLoginCode", proof));
}

async function bind(visit, proof) {
  show(main, card(settings, undefined, busy(text("binding", { title: visit.title }))));
  const user = await currentUser(settings);
  if (!user) return showFailure(settings, main, undefined, sentence("LOGIN_REQUIRED"));
  await call(settings, visit.method, "bind", { userId: user.userId, ...proof });
  remember("notice", text("bound", { title: visit.title }), 60);
  location.replace(new URL(settings.portal, location.href));
}
