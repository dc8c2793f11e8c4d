// Building pages. Text from anywhere becomes text nodes, never markup.

const ATTRIBUTES = new Set(["class", "role", "spellcheck"]);

/** Makes an element. Properties starting with "on" are listeners; false, null and undefined stand for nothing. */
export function make(tag, properties, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (ATTRIBUTES.has(name) || name.includes("-") || !(name in node)) node.setAttribute(name, value === true ? "" : value);
    else node[name] = value;
  }
  node.append(...children.flat().filter((child) => child !== undefined && child !== null && child !== false));
  return node;
}

/** Replaces what a node holds. */
export function show(node, ...children) {
  node.replaceChildren(...children.flat().filter((child) => child !== undefined && child !== null && child !== false));
  node.removeAttribute("aria-busy");
  return node;
}

/** What the server told this page. */
export function readSettings() {
  return JSON.parse(document.getElementById("settings").textContent);
}

/** A page's frame: the title of the app above a card. */
export function card(settings, heading, ...children) {
  return make("section", { class: "card" },
    make("header", {},
      make("p", { class: "app" }, settings.title),
      heading && make("h1", { tabIndex: -1 }, heading)),
    children);
}

/** A sentence that stands out. The kind is "error", "success" or "info". */
export function notice(kind, text, detail) {
  return make("div", { class: `notice ${kind}`, role: kind === "error" ? "alert" : "status" },
    make("p", {}, text),
    detail && make("p", { class: "detail" }, detail));
}

/** A button. */
export function button(text, onclick, kind = "") {
  return make("button", { type: "button", class: kind, onclick }, text);
}

/** A link that looks like a button. */
export function linkButton(text, href, kind = "") {
  return make("a", { class: `button ${kind}`, href }, text);
}

/** Something is going on. */
export function busy(text) {
  return make("p", { class: "busy" }, make("span", { class: "spinner", "aria-hidden": "true" }), text);
}

/** Inputs for what a function asks for; the names are those of its arguments. */
export function inputs(fields) {
  return fields.map((field) => {
    const isSecret = /password/i.test(field.name);
    const isNew = isSecret && /new/i.test(field.name);
    return make("label", { class: "field" },
      make("span", {}, field.title),
      make("input", {
        name: field.name,
        type: isSecret ? "password" : "text",
        autocomplete: isSecret ? (isNew ? "new-password" : "current-password") : field.name === "username" ? "username" : "off",
        autocapitalize: "none",
        spellcheck: "false",
        required: true,
      }));
  });
}

/** What was typed into a form, by name. */
export function typed(form) {
  return Object.fromEntries(new FormData(form));
}

/** Asks before something is done. Resolves to whether to go on. */
export function confirmed(question, yes, no) {
  return new Promise((resolve) => {
    const dialog = make("dialog", { onclose: () => { dialog.remove(); resolve(dialog.returnValue === "yes"); } },
      make("p", {}, question),
      make("div", { class: "actions" },
        button(no, () => dialog.close("no"), "quiet"),
        button(yes, () => dialog.close("yes"), "danger")));
    document.body.append(dialog);
    dialog.showModal();
  });
}
