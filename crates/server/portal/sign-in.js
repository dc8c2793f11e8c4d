// The page of somebody who is not signed in: the ways to sign in, one of them open.

import { call, remember, remembered } from "./api.js";
import { actions, busy, button, card, make, notice, show } from "./dom.js";
import { enter, showUnknownIdentity } from "./flow.js";
import { methodView } from "./method.js";
import { text } from "./texts.js";

/** For how long a tab remembers which way to sign in was open. */
const CHOICE_SECONDS = 60 * 60;

/** Shows the ways to sign in that are in use. */
export async function showSignIn(settings, main, first) {
  const lead = text("signInLead", { title: settings.title });
  show(main, card(text("signIn"), lead, busy(text("loading"))));
  const methods = await activeMethods(settings);
  if (methods.length === 0) {
    show(main, card(text("signIn"), lead, first, notice("info", text("noMethods")),
      actions(button(text("tryAgain"), () => location.reload()))));
    return;
  }
  const panel = make("div", { id: "panel", class: "panel" });
  const ticket = remembered("ticket");
  // Whoever is to sign in another way is shown another way.
  const offered = methods.filter((method) => method.name !== ticket?.method);
  const chosen = offered.find((method) => method.name === remembered("method"))
    ?? offered.find((method) => method.isDefault) ?? offered[0] ?? methods[0];
  const opener = new MethodPanel(settings, main, panel);
  show(main, card(text("signIn"), lead, first,
    ticket && notice("info", text("ticketWaits", { title: ticket.title })),
    methods.length > 1 && tabs(methods, chosen, panel, opener), panel));
  await opener.open(chosen);
}

/** Asks every way to sign in whether it is in use, and keeps what it says of itself. */
async function activeMethods(settings) {
  const asked = await Promise.all(settings.methods.map(async (method) => {
    if (!method.hasConfig) return method;
    try {
      const config = await call(settings, method.name, "getLoginConfig");
      return config.isActive !== false && { ...method, config: config.authConfig };
    } catch (error) {
      // Nothing is known of the others either.
      if (error.code === "UNREACHABLE" || error.code === "RATE_LIMITED") throw error;
      return undefined;
    }
  }));
  return asked.filter(Boolean);
}

function tabs(methods, chosen, panel, opener) {
  panel.setAttribute("role", "tabpanel");
  const list = make("div", { class: "tabs", role: "tablist", "aria-label": text("chooseMethod") });
  const choose = (tab, method) => {
    if (tab.getAttribute("aria-selected") === "true") return undefined;
    for (const other of list.children) {
      other.setAttribute("aria-selected", String(other === tab));
      other.tabIndex = other === tab ? 0 : -1;
    }
    panel.setAttribute("aria-labelledby", tab.id);
    remember("method", method.name, CHOICE_SECONDS);
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

  constructor(settings, main, panel) {
    this.#settings = settings;
    this.#main = main;
    this.#panel = panel;
  }

  /** Opens one in the place of the one before. */
  async open(method) {
    const turn = ++this.#turn;
    show(this.#panel, busy(text("loading")));
    const view = await methodView(this.#settings, method, {
      purpose: "login",
      on: {
        success: (loginCode) => enter(this.#settings, this.#main, loginCode),
        error: (failure) => {
          if (failure.data?.bindTicket) showUnknownIdentity(this.#settings, this.#main, method, failure);
        },
      },
    });
    if (turn === this.#turn) show(this.#panel, view);
  }
}
