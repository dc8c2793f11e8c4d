// A way to sign in, as something to show: the component that its Type brings, or what the portal can make of its functions.

import { call, remember } from "./api.js";
import { actions, button, inputs, make, notice, show, typed } from "./dom.js";
import { reference, sentence, text } from "./texts.js";

/**
 * Makes what somebody signs in, binds or changes with. `on.success` is given what the function answered, `on.error` a
 * failure with the symbolic `error`, its `data`, and a `sentence`.
 *
 * @param {any} settings
 * @param {any} method
 * @param {{ purpose: string, userId?: string, on: { success: Function, error?: Function } }} options
 */
export async function methodView(settings, method, { purpose, userId, on }) {
  if (method.component) {
    try {
      const { tag, module } = method.component;
      await import(new URL(settings.elements + module, document.baseURI).href);
      const component = document.createElement(tag);
      Object.assign(component, {
        api: new URL(settings.api + [...method.name.split("."), ""].map(encodeURIComponent).join("/"), document.baseURI).href,
        purpose,
        ...(userId && { userId }),
        ...(method.config && { config: method.config }),
      });
      if (purpose === "login" && settings.returnUrl) component.setAttribute("return-to", settings.returnUrl);
      component.addEventListener("success", (event) => on.success(event.detail));
      component.addEventListener("error", (event) => on.error?.(event.detail));
      return component;
    } catch {
      // What the Type brings is broken, or not to be had just now: its functions are still there.
    }
  }
  const fields = purpose === "bind" ? method.bindFields : method.signInFields;
  return fields ? form(settings, method, purpose, userId, fields, on) : departure(settings, method, purpose);
}

/** What the component of a way to sign in can be asked for. */
export async function purposesOf(settings, method) {
  if (!method.component) return method.canBind ? ["login", "bind"] : ["login"];
  try {
    await import(new URL(settings.elements + method.component.module, document.baseURI).href);
    return [...(/** @type {any} */ (customElements.get(method.component.tag))?.purposes ?? ["login"])];
  } catch {
    return method.canBind ? ["login", "bind"] : ["login"];
  }
}

function form(settings, method, purpose, userId, fields, on) {
  const failure = make("div");
  const submit = make("button", { type: "submit" }, text(purpose === "bind" ? "bind" : "signIn"));
  const node = make("form", {
    onsubmit: async (event) => {
      event.preventDefault();
      submit.disabled = true;
      show(failure);
      try {
        const name = purpose === "bind" ? "bind" : "getLoginCode";
        on.success(await call(settings, method.name, name, { ...(userId && { userId }), ...typed(node) }));
      } catch (error) {
        show(failure, notice("error", error.sentence ?? sentence("OTHER"), reference(error)));
        submit.disabled = false;
        on.error?.(error);
      }
    },
  }, inputs(fields), failure, actions(submit));
  return node;
}

/** The way to a page elsewhere. The callback page goes on from there. */
function departure(settings, method, purpose) {
  const failure = make("div");
  const leave = button(text("continueTo", { title: method.title }), async () => {
    leave.disabled = true;
    show(failure);
    try {
      const answer = await call(settings, method.name, "getAuthorizeUrl", { purpose });
      const url = new URL(answer.url);
      if (!/^https?:$/.test(url.protocol)) throw new TypeError("not a page");
      remember(`visit:${answer.state}`, { element: method.name, purpose, returnTo: settings.returnUrl }, answer.expiresIn);
      location.assign(url);
    } catch (error) {
      show(failure, notice("error", error.sentence ?? sentence("OTHER"), reference(error)));
      leave.disabled = false;
    }
  });
  return make("div", { class: "panel" },
    make("p", { class: "hint" }, text("elsewhereHint", { title: method.title })), failure, actions(leave));
}
