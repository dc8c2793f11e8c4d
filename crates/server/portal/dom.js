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
  node.append(...present(children));
  return node;
}

/** Replaces what a node holds. */
export function show(node, ...children) {
  node.replaceChildren(...present(children));
  node.removeAttribute("aria-busy");
  return node;
}

function present(children) {
  return children.flat().filter((child) => child !== undefined && child !== null && child !== false);
}

/** What the server told this page. */
export function readSettings() {
  return JSON.parse(document.getElementById("settings").textContent);
}

/** A card with a heading, and a sentence below that. */
export function card(heading, lead, ...children) {
  return make("section", { class: "card" },
    (heading || lead) && make("header", {},
      heading && make("h1", { tabIndex: -1 }, heading),
      lead && make("p", { class: "lead" }, lead)),
    children);
}

/** A part of a longer page, with what can be done about all of it. */
export function section(heading, action, ...children) {
  return make("section", { class: "card" }, make("header", { class: "title" }, make("h2", {}, heading), action), children);
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

/** What can be done, side by side. */
export function actions(...children) {
  return make("div", { class: "actions" }, children);
}

/** Something is going on. */
export function busy(text) {
  return make("p", { class: "busy", role: "status" }, make("span", { class: "spinner", "aria-hidden": "true" }), text);
}

/** The first letter of a name, in a circle. */
export function initial(name, kind = "") {
  const [first = "·"] = name.match(/[\p{L}\p{N}\p{S}\p{P}]/u) ?? [];
  return make("span", { class: `tile ${kind}`, "aria-hidden": "true" }, first.toLocaleUpperCase());
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
export function confirmed(heading, question, yes, no, kind = "danger") {
  const { dialog, closed } = openDialog(heading, question);
  dialog.append(actions(
    button(no, () => dialog.close(""), "quiet"),
    button(yes, () => dialog.close("yes"), kind)));
  return closed.then((answer) => answer === "yes");
}

/** A dialog over the page. `closed` resolves to what it was closed with. */
export function openDialog(heading, text) {
  const dialog = make("dialog", { "aria-labelledby": "dialog-heading" },
    make("h2", { id: "dialog-heading" }, heading),
    text && make("p", {}, text));
  const closed = new Promise((resolve) => {
    dialog.addEventListener("close", () => { dialog.remove(); resolve(dialog.returnValue); });
  });
  document.body.append(dialog);
  dialog.showModal();
  return { dialog, closed };
}
