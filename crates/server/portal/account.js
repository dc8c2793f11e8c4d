// The user centre: who is signed in, the ways to sign in that are bound to him, and where he is signed in.

import { call, currentUser, logout, recall, remembered } from "./api.js";
import { actions, button, confirmed, initial, linkButton, make, notice, openDialog, section, show } from "./dom.js";
import { methodView, purposesOf } from "./method.js";
import { placeOf } from "./return-to.js";
import { sessionsSection } from "./sessions.js";
import { reference, sentence, text } from "./texts.js";

/** Shows the user centre. `restart` shows whatever page is right after the session has ended. */
export function showAccount(settings, main, user, first, restart) {
  new Account(settings, user, restart).show(main, first);
}

class Account {
  #settings;
  #user;
  #restart;
  #result = make("div", { class: "result", "aria-live": "polite" });
  #sessions;
  #rows = make("ul", { class: "rows", "aria-busy": "true" });

  constructor(settings, user, restart) {
    this.#settings = settings;
    this.#user = user;
    this.#restart = restart;
  }

  show(main, first) {
    const { returnUrl } = this.#settings;
    show(this.#result, first, this.#ticketOffer(),
      returnUrl && actions(linkButton(text("continueTo", { title: placeOf(returnUrl) }), returnUrl)));
    this.#sessions = sessionsSection(this.#settings, (action, success) => this.#attempt(action, success), this.#restart);
    const methods = this.#settings.methods.filter((method) => method.canBind || method.canUnbind);
    show(main, make("div", { class: "account" },
      this.#identity(),
      this.#result,
      methods.length > 0 && section(text("methodsOfUser"), undefined, this.#rows),
      this.#sessions.node));
    this.#showMethods(methods);
  }

  get #name() {
    return this.#user.nick || this.#user.userId;
  }

  #identity() {
    const fact = (name, value) => make("div", {}, make("dt", {}, name), make("dd", {}, value));
    return make("section", { class: "card identity" },
      initial(this.#name, "large"),
      make("div", { class: "who" },
        make("h1", { tabIndex: -1 }, this.#name),
        make("dl", { class: "facts" }, fact(text("user"), this.#user.userId), fact(text("organisation"), this.#corpName()))),
      button(text("signOut"), (event) => this.#signOut(event.currentTarget), "quiet"));
  }

  /** What the organisation is called, where this tab has seen it signed in to. */
  #corpName() {
    const { corpId } = this.#user;
    if (!corpId) return text("noOrganisation");
    const corp = remembered("corp");
    return (corp?.corpId === corpId && corp.corpName) || corpId;
  }

  /** Somebody used an identity that nobody is bound to, and said that he signs in another way to bind it. He need not be who did. */
  #ticketOffer() {
    const ticket = recall("ticket");
    const method = ticket && this.#settings.methods.find((candidate) => candidate.name === ticket.method);
    if (!method?.canBindByTicket) return undefined;
    const offer = notice("info", text("ticketOffer", { title: ticket.title }));
    const accept = async () => {
      const question = text("ticketQuestion", { title: ticket.title, nick: this.#name });
      if (!(await confirmed(text("bindHeading", { title: ticket.title }), question, text("bind"), text("cancel"), ""))) return;
      offer.remove();
      await this.#attempt(() => call(this.#settings, method.name, "bindByTicket", { bindTicket: ticket.bindTicket }),
        text("bound", { title: ticket.title }));
      await this.#showAnew();
    };
    offer.append(actions(button(text("notNow"), () => offer.remove(), "quiet"), button(text("bind"), accept)));
    return offer;
  }

  async #showMethods(methods = this.#settings.methods.filter((method) => method.canBind || method.canUnbind)) {
    const bound = await boundMethods(this.#settings);
    const rows = await Promise.all(methods.map((method) => this.#row(method, bound?.get(method.name))));
    show(this.#rows, rows);
  }

  /** `isBound` is undefined where nobody knows. */
  async #row(method, isBound) {
    const purposes = await purposesOf(this.#settings, method);
    const state = isBound === undefined ? "" : text(isBound ? "isBound" : "isNotBound");
    // Read out of their row, two buttons must not be the same.
    const offer = (what, action, kind = "quiet") => {
      const made = button(text(what), action, kind);
      made.setAttribute("aria-label", `${text(what)} ${method.title}`);
      return made;
    };
    return make("li", { class: "row" },
      make("div", { class: "name" }, make("strong", {}, method.title),
        state && make("span", { class: isBound ? "badge good" : "badge" }, state)),
      actions(
        isBound && purposes.includes("change") && offer("change", () => this.#open(method, "change")),
        method.canBind && !isBound && offer("bind", () => this.#open(method, "bind")),
        isBound && method.canBind && !purposes.includes("change") && offer("rebind", () => this.#open(method, "bind")),
        method.canUnbind && isBound !== false && offer("unbind", () => this.#unbind(method), "quiet danger")));
  }

  /** What is bound is said before anything is scanned or typed, and replaces what was bound before. */
  async #open(method, purpose) {
    const values = { title: method.title, nick: this.#name };
    const { dialog, closed } = openDialog(text(`${purpose}Heading`, values), text(`${purpose}Lead`, values));
    const place = make("div", { class: "panel" });
    dialog.append(place, actions(button(text("cancel"), () => dialog.close(""), "quiet")));
    const view = await methodView(this.#settings, await this.#configured(method), {
      purpose,
      userId: this.#user.userId,
      on: {
        success: () => dialog.close("done"),
        error: (failure) => { if ((failure.error ?? failure.code) === "LOGIN_REQUIRED") dialog.close("ended"); },
      },
    });
    show(place, view);
    const outcome = await closed;
    if (outcome === "ended") return this.#askToSignIn();
    if (outcome !== "done") return undefined;
    show(this.#result, notice("success", text(purpose === "bind" ? "bound" : "changed", values)));
    return this.#showAnew();
  }

  /** What is bound has changed, and with it perhaps who is signed in where. */
  #showAnew() {
    return Promise.all([this.#showMethods(), this.#sessions.list()]);
  }

  async #configured(method) {
    if (!method.hasConfig) return method;
    const answer = await call(this.#settings, method.name, "getLoginConfig").catch(() => undefined);
    return answer ? { ...method, config: answer.authConfig } : method;
  }

  async #unbind(method) {
    const bound = await boundMethods(this.#settings);
    const isLast = bound && ![...bound].some(([name, isBound]) => name !== method.name && isBound !== false);
    const question = text(isLast ? "unbindLastQuestion" : "unbindQuestion", { title: method.title });
    if (!(await confirmed(text("unbindHeading", { title: method.title }), question, text("unbind"), text("cancel")))) return;
    await this.#attempt(async () => {
      await call(this.#settings, method.name, "unbind", { userId: this.#user.userId });
      // The session that was opened with it has ended. Whatever else goes wrong here, it is unbound.
      const stillThere = await currentUser(this.#settings).catch(() => this.#user);
      if (!stillThere) return this.#restart(text("unboundSignIn"));
      show(this.#result, notice("success", text("unbound", { title: method.title })));
      return this.#showAnew();
    });
  }

  async #signOut(pressed, farewell = text("signedOut")) {
    pressed.disabled = true;
    await this.#attempt(async () => {
      await logout(this.#settings);
      recall("corp");
      recall("ticket");
      if (this.#settings.returnUrl && farewell === text("signedOut")) return location.replace(this.#settings.returnUrl);
      await this.#restart(farewell);
    });
    pressed.disabled = false;
  }

  /** The session has ended; or it began too long ago for a change of how its user signs in. */
  async #askToSignIn() {
    if (!(await currentUser(this.#settings).catch(() => null))) return this.#restart();
    const request = notice("info", text("signInAgainLead"));
    request.append(actions(button(text("signInAgain"), (event) => this.#signOut(event.currentTarget, text("signInAgainNow")))));
    show(this.#result, request);
    request.scrollIntoView({ block: "nearest" });
  }

  /** Does something and says how it went. Whose session has ended meanwhile is asked to sign in. */
  async #attempt(action, success) {
    show(this.#result);
    try {
      await action();
      if (success) show(this.#result, notice("success", success));
    } catch (error) {
      if (error.code === "LOGIN_REQUIRED") return this.#askToSignIn();
      show(this.#result, notice("error", error.sentence ?? sentence("OTHER"), reference(error)));
      this.#result.scrollIntoView({ block: "nearest" });
    }
  }
}

/** Which ways to sign in are bound to the visitor, by their names; undefined when that cannot be known. */
async function boundMethods(settings) {
  try {
    const { bindings } = await call(settings, "auths.loginTypes.services.AuthSvc", "listBindings");
    return new Map(bindings.map(({ loginType, isBound }) => [loginType, isBound ?? undefined]));
  } catch {
    return undefined;
  }
}
