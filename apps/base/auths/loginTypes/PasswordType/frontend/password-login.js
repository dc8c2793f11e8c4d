// <password-login>: signs people in with a user name and a password, gives their account one, or changes the password.

/** @typedef {import("./password-login.js").PasswordLoginFailure} Failure */
/** @typedef {{ name: string, label: string, autocomplete: string, isSecret?: boolean, isNew?: boolean }} Field */

const ENGLISH = {
  username: "User name",
  password: "Password",
  oldPassword: "Current password",
  newPassword: "New password",
  show: "Show",
  hide: "Hide",
  showLabel: "Show the password",
  capsLock: "Caps Lock is on.",
  login: "Sign in",
  bind: "Save",
  change: "Change the password",
  request: "Request",
  policy: "At least {min} characters{kinds}.",
  kinds: { requireUppercase: "a capital letter", requireLowercase: "a small letter", requireNumber: "a digit", requireSpecialChar: "a sign" },
  kindsIntro: ", with ",
  kindsJoin: ", ",
  missing: "Please fill in every field.",
  short: "The new password is too short.",
  later: "Too many attempts. Please try again in {minutes} minutes.",
  errors: {
    PASSWORD_ERROR: "The user name or the password is wrong.",
    PASSWORD_ERROR_CHANGE: "The present password is wrong.",
    API_PARAMS_ERROR: "The user name or the new password is not as it should be: see the hint below the password.",
    AUTH_CONFLICT: "This user name is taken. Please choose another one.",
    LOGIN_REQUIRED: "Please sign in, or sign in again, first.",
    LOGIN_TYPE_INACTIVE: "Signing in with a password is switched off.",
    PERMISSION_DENIED: "You are not allowed to do this.",
    RATE_LIMITED: "Too many attempts. Please wait, then try again.",
    UNREACHABLE: "The server cannot be reached. Check the connection, then try again.",
    OTHER: "Something went wrong. Please try again.",
  },
};

/** @type {typeof ENGLISH} */
const CHINESE = {
  username: "用户名",
  password: "密码",
  oldPassword: "当前密码",
  newPassword: "新密码",
  show: "显示",
  hide: "隐藏",
  showLabel: "显示密码",
  capsLock: "大写锁定已打开。",
  login: "登录",
  bind: "保存",
  change: "修改密码",
  request: "请求编号",
  policy: "至少 {min} 个字符{kinds}。",
  kinds: { requireUppercase: "大写字母", requireLowercase: "小写字母", requireNumber: "数字", requireSpecialChar: "特殊字符" },
  kindsIntro: "，须包含",
  kindsJoin: "、",
  missing: "请填写所有内容。",
  short: "新密码过短。",
  later: "操作过于频繁，请在 {minutes} 分钟后再试。",
  errors: {
    PASSWORD_ERROR: "用户名或密码错误。",
    PASSWORD_ERROR_CHANGE: "当前密码错误。",
    API_PARAMS_ERROR: "用户名或新密码不符合要求，请参阅密码下方的提示。",
    AUTH_CONFLICT: "该用户名已被占用，请更换。",
    LOGIN_REQUIRED: "请先登录或重新登录。",
    LOGIN_TYPE_INACTIVE: "密码登录已停用。",
    PERMISSION_DENIED: "您没有执行此操作的权限。",
    RATE_LIMITED: "尝试次数过多，请稍后再试。",
    UNREACHABLE: "无法连接服务器，请检查网络后重试。",
    OTHER: "出错了，请重试。",
  },
};

const STYLE = `
:host {
  --accent: var(--password-login-accent, light-dark(#2f5bd8, #9db4ff));
  --on-accent: var(--password-login-on-accent, light-dark(#fff, #0b1020));
  --ink: var(--password-login-ink, light-dark(#14181f, #e9edf3));
  --soft: var(--password-login-soft, light-dark(#5a6470, #a2adba));
  --line: var(--password-login-line, light-dark(#d5dbe1, #333d49));
  --field: var(--password-login-field, light-dark(#f7f9fa, #12171d));
  --danger: var(--password-login-danger, light-dark(#b3261e, #ff958c));
  --radius: var(--password-login-radius, 12px);
  display: block;
  color: var(--ink);
  font: inherit;
  line-height: 1.5;
}
:host([hidden]), [hidden] { display: none; }
* { box-sizing: border-box; }
form { display: grid; gap: 16px; }
.field { display: grid; gap: 6px; }
label { font-size: .875em; font-weight: 550; }
.box { position: relative; display: flex; }
input {
  width: 100%;
  min-height: 46px;
  padding: 8px 14px;
  font: inherit;
  color: inherit;
  background: var(--field);
  border: 1px solid var(--line);
  border-radius: var(--radius);
}
.box:has(.peek) input { padding-inline-end: 64px; }
button { font: inherit; cursor: pointer; }
.peek {
  position: absolute;
  inset: 3px 3px 3px auto;
  padding: 0 12px;
  color: var(--soft);
  font-size: .875em;
  background: none;
  border: 0;
  border-radius: calc(var(--radius) - 3px);
}
.peek:hover { color: var(--ink); }
.submit {
  min-height: 46px;
  padding: 8px 18px;
  font-weight: 600;
  color: var(--on-accent);
  background: var(--accent);
  border: 1px solid transparent;
  border-radius: var(--radius);
}
.submit:hover { filter: brightness(1.07); }
.submit:disabled { opacity: .55; cursor: default; }
.hint, .said p { margin: 0; font-size: .875em; color: var(--soft); overflow-wrap: anywhere; }
.said .sentence { color: var(--danger); font-weight: 550; }
.said .reference { font-size: .75em; }
.said:not(:has(p:not([hidden]))) { display: none; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
`;

/** The longest that a call may take, in milliseconds. */
const CALL_PATIENCE = 40_000;

/** @type {CSSStyleSheet | undefined} */
let sheet;
let count = 0;

export class PasswordLogin extends HTMLElement {
  static observedAttributes = ["lang", "purpose"];

  /** What a login page may ask of it. */
  static purposes = ["login", "bind", "change"];

  /** @type {Record<string, any>} */
  #config = {};
  #id = `password-login-${count += 1}`;

  constructor() {
    super();
    const root = this.attachShadow({ mode: "open", delegatesFocus: true });
    if (!sheet) (sheet = new CSSStyleSheet()).replaceSync(STYLE);
    root.adoptedStyleSheets = [sheet];
  }

  connectedCallback() {
    for (const name of ["api", "config", "purpose", "userId"]) this.#upgrade(name);
    this.#render();
  }

  attributeChangedCallback() {
    if (this.isConnected) this.#render();
  }

  /** Where the login's functions are: `/api/acme/demo/auths/loginTypes/PasswordLogin/`. */
  get api() { return this.getAttribute("api") ?? ""; }
  set api(value) { this.setAttribute("api", value); }

  get purpose() { return /** @type {"login" | "bind" | "change"} */ (this.getAttribute("purpose") ?? "login"); }
  set purpose(value) { this.setAttribute("purpose", value); }

  get userId() { return this.getAttribute("user-id") ?? ""; }
  set userId(value) { this.setAttribute("user-id", value); }

  /** The `authConfig` of `getLoginConfig`. */
  get config() { return this.#config; }
  set config(value) {
    this.#config = Object(value);
    if (this.isConnected) this.#render();
  }

  /** Properties that were set before this class was known. @param {string} name */
  #upgrade(name) {
    if (!Object.hasOwn(this, name)) return;
    const self = /** @type {any} */ (this);
    const value = self[name];
    delete self[name];
    self[name] = value;
  }

  get #texts() {
    const own = /** @type {HTMLElement | null} */ (this.closest("[lang]"))?.lang;
    const known = [own, ...navigator.languages].find((language) => /^(zh|en)\b/i.test(language ?? ""));
    return /^zh\b/i.test(known ?? "") ? CHINESE : ENGLISH;
  }

  /** @returns {Field[]} */
  get #fields() {
    const texts = this.#texts;
    const username = { name: "username", label: texts.username, autocomplete: "username" };
    switch (this.purpose) {
      case "bind":
        return [username, { name: "password", label: texts.password, autocomplete: "new-password", isSecret: true, isNew: true }];
      case "change":
        return [
          { name: "oldPassword", label: texts.oldPassword, autocomplete: "current-password", isSecret: true },
          { name: "newPassword", label: texts.newPassword, autocomplete: "new-password", isSecret: true, isNew: true },
        ];
      default:
        return [username, { name: "password", label: texts.password, autocomplete: "current-password", isSecret: true }];
    }
  }

  /** What a new password must be like, as a sentence. */
  get #policy() {
    const limit = this.#config.limit;
    if (!limit?.minLength) return "";
    const { policy, kinds, kindsIntro, kindsJoin } = this.#texts;
    const wanted = Object.entries(kinds).filter(([key]) => limit[key]).map(([, name]) => name);
    return policy.replace("{min}", limit.minLength).replace("{kinds}", wanted.length > 0 ? kindsIntro + wanted.join(kindsJoin) : "");
  }

  #render() {
    const root = /** @type {ShadowRoot} */ (this.shadowRoot);
    const form = node("form", { noValidate: true });
    form.append(...this.#fields.map((field) => this.#field(field)));
    const said = node("div", { className: "said" });
    said.setAttribute("role", "alert");
    said.append(node("p", { className: "sentence", hidden: true }), node("p", { className: "reference", hidden: true }));
    said.setAttribute("part", "failure");
    const submit = node("button", { type: "submit", className: "submit", textContent: this.#texts[this.purpose] ?? this.#texts.login });
    submit.setAttribute("part", "button button-main");
    form.append(said, submit);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit(form, submit);
    });
    root.replaceChildren(form);
  }

  /** @param {Field} field */
  #field({ name, label, autocomplete, isSecret, isNew }) {
    const id = `${this.#id}-${name}`;
    const box = node("div", { className: "box" });
    const input = node("input", { id, name, type: isSecret ? "password" : "text", autocapitalize: "none", spellcheck: false, required: true });
    input.setAttribute("autocomplete", autocomplete);
    input.setAttribute("part", "input");
    box.append(input);
    const policy = isNew ? this.#policy : "";
    const hint = node("p", { className: "hint", id: `${id}-hint`, textContent: policy, hidden: policy === "" });
    input.setAttribute("aria-describedby", hint.id);
    if (isSecret) {
      box.append(this.#peek(input));
      input.addEventListener("keyup", (event) => {
        const isOn = event.getModifierState?.("CapsLock") ?? false;
        hint.textContent = isOn ? this.#texts.capsLock : policy;
        hint.hidden = hint.textContent === "";
      });
    }
    const field = node("div", { className: "field" });
    field.append(node("label", { htmlFor: id, textContent: label }), box, hint);
    return field;
  }

  /** Shows what was typed. @param {HTMLInputElement} input */
  #peek(input) {
    const peek = node("button", { type: "button", className: "peek", textContent: this.#texts.show, ariaLabel: this.#texts.showLabel, ariaPressed: "false" });
    peek.addEventListener("click", () => {
      const isShown = input.type === "password";
      input.type = isShown ? "text" : "password";
      peek.textContent = isShown ? this.#texts.hide : this.#texts.show;
      peek.ariaPressed = String(isShown);
      input.focus();
    });
    return peek;
  }

  /** @param {HTMLFormElement} form @param {HTMLButtonElement} submit */
  async #submit(form, submit) {
    const values = /** @type {Record<string, string>} */ (Object.fromEntries(new FormData(form)));
    const empty = this.#fields.find(({ name }) => !values[name]);
    if (empty) {
      this.#say(form, this.#texts.missing, "");
      return void /** @type {HTMLElement | null} */ (form.querySelector(`[name=${empty.name}]`))?.focus();
    }
    const fresh = this.#fields.find(({ isNew }) => isNew);
    if (fresh && Array.from(values[fresh.name]).length < (this.#config.limit?.minLength ?? 0)) return this.#say(form, this.#texts.short, "");
    const [name, args] = {
      login: ["getLoginCode", values],
      bind: ["bind", { userId: this.userId, ...values }],
      change: ["updatePassword", { userId: this.userId, ...values }],
    }[this.purpose];
    submit.disabled = true;
    this.#say(form, "", "");
    try {
      const answer = await call(new URL(/** @type {string} */ (name), new URL(this.api.replace(/\/?$/, "/"), document.baseURI)), args);
      this.dispatchEvent(new CustomEvent("success", { detail: answer }));
    } catch (error) {
      const failure = /** @type {Failure} */ (error);
      failure.sentence = this.#sentence(failure);
      this.#say(form, failure.sentence, failure.requestId && `${this.#texts.request} ${failure.requestId}`);
      this.dispatchEvent(new CustomEvent("error", { detail: failure }));
    } finally {
      submit.disabled = false;
    }
  }

  /** @param {Failure} failure */
  #sentence({ error, message, retryAfter }) {
    const { errors, later } = this.#texts;
    if (error === "RATE_LIMITED" && retryAfter > 60) return later.replace("{minutes}", String(Math.ceil(retryAfter / 60)));
    if (error === "PASSWORD_ERROR" && this.purpose === "change") return errors.PASSWORD_ERROR_CHANGE;
    return Object.hasOwn(errors, error) ? errors[/** @type {keyof typeof errors} */ (error)] : message || errors.OTHER;
  }

  /** @param {HTMLFormElement} form @param {string} sentence @param {string} reference */
  #say(form, sentence, reference) {
    for (const [name, text] of [["sentence", sentence], ["reference", reference]]) {
      const place = /** @type {HTMLElement} */ (form.querySelector(`.${name}`));
      place.textContent = text;
      place.hidden = text === "";
    }
  }
}

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag @param {Record<string, unknown>} properties
 * @returns {HTMLElementTagNameMap[Tag]}
 */
function node(tag, properties) {
  return Object.assign(document.createElement(tag), properties);
}

/** @param {URL} address @param {unknown} args @returns {Promise<any>} */
async function call(address, args) {
  let envelope;
  let retryAfter = 0;
  try {
    const response = await fetch(address, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(args),
      credentials: "same-origin",
      cache: "no-store",
      redirect: "error",
      signal: AbortSignal.timeout(CALL_PATIENCE),
    });
    retryAfter = Number(response.headers.get("Retry-After")) || 0;
    envelope = await response.json();
  } catch {
    throw { error: "UNREACHABLE", errcode: 0, message: "", requestId: "", retryAfter: 0, data: {} };
  }
  if (envelope.errcode === 0) return envelope.data;
  throw {
    error: String(envelope.error ?? "OTHER"),
    errcode: Number(envelope.errcode) || 0,
    message: String(envelope.errmsg ?? ""),
    requestId: String(envelope.requestId ?? ""),
    retryAfter,
    data: Object(envelope.data),
  };
}

if (!customElements.get("password-login")) customElements.define("password-login", PasswordLogin);
