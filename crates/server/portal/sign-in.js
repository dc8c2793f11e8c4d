// The page of somebody who is not signed in: the ways to sign in, one of them open.

import { call } from "./api.js";
import { busy, button, card, inputs, make, notice, show, typed } from "./dom.js";
import { enter, prepareVisit, showUnknownIdentity } from "./flow.js";
import { reference, sentence, text } from "./texts.js";

/** Seconds before its end that a prepared visit is made anew. */
const MARGIN_SECONDS = 15;

/** Shows the ways to sign in that are in use. */
export async function showSignIn(settings, main, first) {
  show(main, card(settings, text("signIn"), busy(text("loading"))));
  const methods = await activeMethods(settings);
  if (methods.length === 0) {
    show(main, card(settings, text("signIn"), first, notice("info", text("noMethods"))));
    return;
  }
  const panel = make("div", { id: "panel", class: "panel" });
  const chosen = methods.find((method) => method.isDefault) ?? methods[0];
  const opener = new MethodPanel(settings, main, panel);
  show(main, card(settings, text("signIn"), first, methods.length > 1 && tabs(methods, chosen, panel, opener), panel));
  await opener.open(chosen);
}

async function activeMethods(settings) {
  const isActive = async (method) => {
    if (!method.hasConfig) return true;
    try {
      return (await call(settings, method.name, "getLoginConfig")).isActive !== false;
    } catch {
      return false;
    }
  };
  const active = await Promise.all(settings.methods.map(isActive));
  return settings.methods.filter((_, index) => active[index]);
}

function tabs(methods, chosen, panel, opener) {
  panel.setAttribute("role", "tabpanel");
  const list = make("div", { class: "tabs", role: "tablist", "aria-label": text("chooseMethod") });
  const choose = (tab, method) => {
    for (const other of list.children) {
      other.setAttribute("aria-selected", String(other === tab));
      other.tabIndex = other === tab ? 0 : -1;
    }
    panel.setAttribute("aria-labelledby", tab.id);
    return opener.open(method);
  };
  methods.forEach((method, index) => {
    const isChosen = method === chosen;
    const tab = make("button", {
      type: "button", id: `tab-${index}`, role: "tab", "aria-controls": "panel", "aria-selected": String(isChosen),
      tabIndex: isChosen ? 0 : -1, onclick: () => choose(tab, method),
    }, method.title);
    if (isChosen) panel.setAttribute("aria-labelledby", tab.id);
    list.append(tab);
  });
  list.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const all = [...list.children];
    const next = all[(all.indexOf(document.activeElement) + step + all.length) % all.length];
    next.focus();
    next.click();
  });
  return list;
}

/** The open way to sign in. */
class MethodPanel {
  #settings;
  #main;
  #panel;
  #turn = 0;
  #renewal;

  constructor(settings, main, panel) {
    this.#settings = settings;
    this.#main = main;
    this.#panel = panel;
  }

  /** Opens one; what an earlier one was still waiting for is dropped. */
  async open(method) {
    const turn = ++this.#turn;
    clearTimeout(this.#renewal);
    if (method.signInFields) return this.#showForm(method);
    show(this.#panel, busy(text("loading")));
    try {
      const visit = await prepareVisit(this.#settings, method, "login");
      if (turn !== this.#turn) return;
      this.#showVisit(method, visit);
      const seconds = Math.max(visit.expiresIn - MARGIN_SECONDS, MARGIN_SECONDS);
      this.#renewal = setTimeout(() => this.open(method), seconds * 1000);
    } catch (error) {
      if (turn === this.#turn) this.#showError(method, error);
    }
  }

  #showVisit(method, visit) {
    const isShownHere = this.#settings.frameOrigins.includes(visit.url.origin);
    const frame = isShownHere && make("iframe", {
      class: "visit",
      title: text("frameTitle", { title: method.title }),
      // The login page leaves its frame for the callback page, and nothing else.
      sandbox: "allow-scripts allow-same-origin allow-top-navigation",
      allow: "local-network-access",
      referrerpolicy: "no-referrer",
      src: visit.url.href,
    });
    show(this.#panel,
      make("p", { class: "hint" }, isShownHere ? text("frameHint") : text("elsewhereHint", { title: method.title })),
      frame,
      make("div", { class: "actions" },
        button(isShownHere ? text("openFullPage") : text("continueTo", { title: method.title }),
          () => location.assign(visit.url), isShownHere ? "quiet" : "")));
  }

  #showForm(method) {
    const failure = make("div");
    const submit = make("button", { type: "submit" }, text("signIn"));
    const form = make("form", {
      onsubmit: async (event) => {
        event.preventDefault();
        submit.disabled = true;
        show(failure);
        try {
          await enter(this.#settings, this.#main, await call(this.#settings, method.name, "getLoginCode", typed(form)));
        } catch (error) {
          if (error.data?.bindTicket) return showUnknownIdentity(this.#settings, this.#main, method, error);
          show(failure, notice("error", error.sentence ?? "", reference(error)));
          submit.disabled = false;
        }
      },
    }, inputs(method.signInFields), failure, make("div", { class: "actions" }, submit));
    show(this.#panel, form);
  }

  #showError(method, error) {
    show(this.#panel,
      notice("error", error.sentence ?? sentence("OTHER"), reference(error)),
      make("div", { class: "actions" }, button(text("tryAgain"), () => this.open(method))));
  }
}
