// The portal: signing in, or the user centre of who is signed in.

import { showAccount } from "./account.js";
import { currentUser, logout, recall } from "./api.js";
import { actions, busy, button, card, linkButton, make, notice, readSettings, show } from "./dom.js";
import { allowedReturn, askedReturn, nextPage, placeOf, portalUrl } from "./return-to.js";
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

/** Where an application wants the browser to go on to, and whether it wants its user to be signed out before that. */
const asked = askedReturn(location.search);
settings.returnUrl = allowedReturn(settings, asked);
let isLeaving = new URLSearchParams(location.search).has("signOut");

// The language was chosen: a page that is kept or sent on says nothing of it. Where to go on to stays.
if (location.search && !isLeaving) history.replaceState(null, "", portalUrl(settings));
for (const link of /** @type {NodeListOf<HTMLAnchorElement>} */ (document.querySelectorAll(".languages a"))) {
  const url = new URL(link.href);
  if (isLeaving) url.searchParams.set("signOut", "");
  if (asked) url.searchParams.set("returnTo", asked);
  link.href = url.href;
}
document.addEventListener("visibilitychange", look);
window.addEventListener("pageshow", (event) => event.persisted && look());

await start();

/** Shows the page that is right now, with a sentence about what happened before. */
async function start(message = recall("notice"), kind = "success") {
  if (location.origin !== settings.origin) return showOtherOrigin();
  show(main, card(undefined, undefined, busy(text("loading"))));
  const first = (message || isRefused()) && make("div", {},
    message && notice(kind, message), isRefused() && notice("info", text("returnRefused", { place: placeOf(asked) })));
  try {
    const user = isKnownVisitor ? null : await currentUser(settings);
    isKnownVisitor = false;
    subject = user?.userId ?? null;
    if (isLeaving && (user || settings.returnUrl)) return showSignOut(user, first);
    const next = user && nextPage(settings);
    if (next) location.replace(next);
    else if (user) showAccount(settings, main, user, first, start);
    else await showSignIn(settings, main, first);
  } catch (error) {
    subject = undefined;
    show(main, card(text("failed"), undefined,
      notice("error", error.sentence ?? sentence("OTHER"), reference(error)),
      actions(button(text("tryAgain"), () => start()))));
  }
}

/** Whether an application wants the browser to go on to where it may not be sent. */
function isRefused() {
  return asked && !settings.returnUrl;
}

/** Asks before the session ends: a link is enough to come here. */
function showSignOut(user, first) {
  if (!user) return location.replace(settings.returnUrl);
  const failure = make("div");
  const leave = button(text("signOut"), async () => {
    leave.disabled = true;
    show(failure);
    try {
      await logout(settings);
      recall("corp");
      recall("ticket");
      if (settings.returnUrl) return location.replace(settings.returnUrl);
      isLeaving = false;
      history.replaceState(null, "", location.pathname);
      return await start(text("signedOut"));
    } catch (error) {
      show(failure, notice("error", error.sentence ?? sentence("OTHER"), reference(error)));
      leave.disabled = false;
    }
  });
  show(main, card(text("signOut"), text("signOutLead", { nick: user.nick || user.userId }), first, failure,
    actions(linkButton(text("cancel"), settings.returnUrl ?? settings.portal, "quiet"), leave)));
  leave.focus();
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
  const there = settings.origin + location.pathname + location.search;
  show(main, card(text("otherOriginHeading"), undefined,
    notice("info", text("otherOrigin")),
    actions(linkButton(there, there))));
}
