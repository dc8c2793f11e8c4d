// The portal: signing in, or the user centre of who is signed in.

import { showAccount } from "./account.js";
import { currentUser, recall } from "./api.js";
import { actions, busy, button, card, linkButton, notice, readSettings, show } from "./dom.js";
import { showSignIn } from "./sign-in.js";
import { reference, sentence, text } from "./texts.js";

/** How often, at most, a page that is looked at again asks who is signed in, in milliseconds. */
const LOOK_PAUSE = 2000;

const settings = readSettings();
const main = document.getElementById("main");

/** Who this page is about: a user's id, null for a visitor, undefined before that is known. */
let subject;
let isKnownVisitor = !settings.hasSession;
let lastLook = 0;

// The language was chosen: a page that is kept or sent on says nothing of it.
if (location.search) history.replaceState(null, "", location.pathname);
document.addEventListener("visibilitychange", look);
window.addEventListener("pageshow", (event) => event.persisted && look());

await start();

/** Shows the page that is right now, with a sentence about what happened before. */
async function start(message = recall("notice"), kind = "success") {
  if (location.origin !== settings.origin) return showOtherOrigin();
  show(main, card(undefined, undefined, busy(text("loading"))));
  const first = message && notice(kind, message);
  try {
    const user = isKnownVisitor ? null : await currentUser(settings);
    isKnownVisitor = false;
    subject = user?.userId ?? null;
    if (user) showAccount(settings, main, user, first, start);
    else await showSignIn(settings, main, first);
  } catch (error) {
    subject = undefined;
    show(main, card(text("failed"), undefined,
      notice("error", error.sentence ?? sentence("OTHER"), reference(error)),
      actions(button(text("tryAgain"), () => start()))));
  }
}

/** Somebody may have signed in or out in another tab meanwhile. */
async function look() {
  if (document.visibilityState !== "visible" || subject === undefined || Date.now() - lastLook < LOOK_PAUSE) return;
  lastLook = Date.now();
  const before = subject;
  const user = await currentUser(settings).catch(() => undefined);
  if (user === undefined || before !== subject || (user?.userId ?? null) === subject) return;
  await start(user ? undefined : text("signedOutElsewhere"), "info");
}

/** Cookies and login pages belong to one address: at another one nobody could sign in. */
function showOtherOrigin() {
  const there = settings.origin + location.pathname;
  show(main, card(text("otherOriginHeading"), undefined,
    notice("info", text("otherOrigin")),
    actions(linkButton(there, there))));
}
