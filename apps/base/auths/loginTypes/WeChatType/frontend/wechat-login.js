// <wechat-login>: signs people in with WeChat, or binds their WeChat to the account that they are signed in to.
//
// What WeChat's page tells the page around its frame is little: that it shows a code, and, through the callback page in that
// same frame, how the login ended. That somebody scanned or refused stands in the frame itself. So silence has an end here.
// Where the login is configured so (`codeDisplay`), the code stands on this page instead, and the server says what the phone
// does with it.

/** @typedef {import("./wechat-login.js").WeChatLoginState} State */
/** @typedef {import("./wechat-login.js").WeChatLoginConfig} Config */
/** @typedef {import("./wechat-login.js").LoginFailure} Failure */
/** @typedef {"renewed" | "codeless" | "unreachable"} Saying */
/** @typedef {{ api: string, state: string, address: URL, pageOrigin: string, callbackOrigin: string, isOwn: boolean }} Visit */

const ENGLISH = {
  region: "Sign in with WeChat",
  code: "WeChat: the code to scan",
  loading: "Loading the code…",
  ready: "You will confirm in WeChat and come back here.",
  waiting: "Scan with WeChat",
  waitingHint: "Open WeChat on your phone, scan the code and confirm there.",
  waitingHintPhone: "Scan the code with WeChat on another phone, and confirm there.",
  renewed: "This is a new code. Scan it with WeChat.",
  scanned: "Scanned. Confirm on your phone.",
  cancelledOnce: "Cancelled on the phone. You can scan the code again.",
  confirmed: "Confirmed. One moment…",
  done: "Done.",
  cancelled: "Cancelled on the phone.",
  cancelledHint: "Nothing was signed in. You can start again with a new code.",
  codelessHint: "If no code shows here, try again or open the full page.",
  unreachableHint: "The server cannot be reached just now. It is asked again and again; keep this page open.",
  silent: "No answer from the phone yet.",
  silentHint: "If you cancelled there, get a new code. If you are still at it, go on: the code is good.",
  expired: "The code has expired.",
  expiredHint: "Get a new one when you are ready.",
  insideWeChat: "WeChat cannot scan its own screen.",
  insideWeChatHint: "Tap ··· at the top right and choose “Open in browser”; or open this address on a computer.",
  again: "New code",
  retry: "Try again",
  full: "Open the full page",
  leave: "Continue to WeChat",
  copy: "Copy the address",
  copied: "Copied",
  request: "Request",
  later: "Too many attempts. Please try again in {minutes} minutes.",
  errors: {
    API_PARAMS_ERROR: "WeChat sign-in is not set up correctly here. Please tell the operator of this site.",
    ELEMENT_NOT_FOUND: "WeChat sign-in is not set up correctly here. Please tell the operator of this site.",
    FUNCTION_NOT_FOUND: "WeChat sign-in is not set up correctly here. Please tell the operator of this site.",
    ELEMENT_EXCEPTION: "Something went wrong. Please try again.",
    LOGIN_CODE_INVALID: "This sign-in is too old. Please scan a new code.",
    USER_NOT_FOUND: "The user that this WeChat is bound to is not there any more.",
    LOGIN_REQUIRED: "Please sign in, or sign in again, first.",
    PERMISSION_DENIED: "You are not allowed to do this.",
    RATE_LIMITED: "Too many attempts. Please wait a moment, then try again.",
    USER_AUTH_MISS: "This WeChat is not bound to any user here.",
    AUTH_CONFLICT: "This WeChat is already bound to another user.",
    LOGIN_TYPE_INACTIVE: "Signing in with WeChat is switched off.",
    STATE_MISMATCH: "This sign-in is too old, or was started in another browser. Please scan a new code.",
    WECHAT_CODE_INVALID: "WeChat's confirmation is not valid any more. Please scan a new code.",
    WECHAT_CONFIG: "WeChat sign-in is not set up correctly here. Please tell the operator of this site.",
    WECHAT_UNAVAILABLE: "WeChat does not answer. Please try again later.",
    WECHAT_RATE_LIMITED: "WeChat is busy. Please try again in a minute.",
    WECHAT_USER_REFUSED: "WeChat did not authorize this sign-in.",
    CONFIG: "WeChat sign-in is not set up correctly here. Please tell the operator of this site.",
    FRAME: "WeChat's page does not load here.",
    UNREACHABLE: "The server cannot be reached. Check the connection, then try again.",
    OTHER: "Something went wrong. Please try again.",
  },
};

/** @type {typeof ENGLISH} */
const CHINESE = {
  region: "微信登录",
  code: "微信二维码",
  loading: "正在加载二维码……",
  ready: "前往微信确认，完成后返回本页。",
  waiting: "请使用微信扫码",
  waitingHint: "打开手机微信扫一扫，并在手机上确认。",
  waitingHintPhone: "请用另一部手机的微信扫描二维码，并在该手机上确认。",
  renewed: "二维码已更新，请使用微信扫码。",
  scanned: "扫描成功，请在手机上确认。",
  cancelledOnce: "已在手机上取消，可再次扫码。",
  confirmed: "已确认，请稍候……",
  done: "已完成。",
  cancelled: "已在手机上取消。",
  cancelledHint: "尚未登录，可以获取新的二维码重新开始。",
  codelessHint: "如果此处没有显示二维码，请重试或在整页中打开。",
  unreachableHint: "暂时无法连接服务器，正在不断重试，请不要关闭本页。",
  silent: "还没有收到手机的答复。",
  silentHint: "如果已在手机上取消，请获取新的二维码；如果正在操作，请继续，当前二维码仍然有效。",
  expired: "二维码已失效。",
  expiredHint: "需要时请获取新的二维码。",
  insideWeChat: "在微信中无法扫描自己屏幕上的二维码。",
  insideWeChatHint: "请点右上角 ··· 选择“在浏览器打开”，或在电脑上打开本页地址。",
  again: "获取新的二维码",
  retry: "重试",
  full: "在整页中打开",
  leave: "前往微信",
  copy: "复制地址",
  copied: "已复制",
  request: "请求编号",
  later: "操作过于频繁，请在 {minutes} 分钟后再试。",
  errors: {
    API_PARAMS_ERROR: "本站的微信登录配置有误，请联系网站管理员。",
    ELEMENT_NOT_FOUND: "本站的微信登录配置有误，请联系网站管理员。",
    FUNCTION_NOT_FOUND: "本站的微信登录配置有误，请联系网站管理员。",
    ELEMENT_EXCEPTION: "出错了，请重试。",
    LOGIN_CODE_INVALID: "本次登录已超时，请重新扫码。",
    USER_NOT_FOUND: "该微信绑定的用户已不存在。",
    LOGIN_REQUIRED: "请先登录或重新登录。",
    PERMISSION_DENIED: "您没有执行此操作的权限。",
    RATE_LIMITED: "操作过于频繁，请稍候再试。",
    USER_AUTH_MISS: "该微信尚未绑定本站用户。",
    AUTH_CONFLICT: "该微信已绑定其他用户。",
    LOGIN_TYPE_INACTIVE: "微信登录已停用。",
    STATE_MISMATCH: "本次登录已超时，或不是在此浏览器中发起的，请重新扫码。",
    WECHAT_CODE_INVALID: "微信授权已失效，请重新扫码。",
    WECHAT_CONFIG: "本站的微信登录配置有误，请联系网站管理员。",
    WECHAT_UNAVAILABLE: "微信暂时没有响应，请稍后再试。",
    WECHAT_RATE_LIMITED: "微信繁忙，请一分钟后再试。",
    WECHAT_USER_REFUSED: "微信未授权本次登录。",
    CONFIG: "本站的微信登录配置有误，请联系网站管理员。",
    FRAME: "微信页面未能在此处加载。",
    UNREACHABLE: "无法连接服务器，请检查网络后重试。",
    OTHER: "出错了，请重试。",
  },
};

const STYLE = `
:host {
  --accent: var(--wechat-login-accent, light-dark(#087a41, #4bd48d));
  --on-accent: var(--wechat-login-on-accent, light-dark(#fff, #08150e));
  --ink: var(--wechat-login-ink, light-dark(#14201a, #e9f1ed));
  --soft: var(--wechat-login-soft, light-dark(#5b6b63, #a0b2a9));
  --line: var(--wechat-login-line, light-dark(#d8e0dc, #35443d));
  --danger: var(--wechat-login-danger, light-dark(#b3261e, #ff938a));
  --radius: var(--wechat-login-radius, 12px);
  display: block;
  color: var(--ink);
  font: inherit;
  line-height: 1.5;
  text-align: center;
}
:host([hidden]) { display: none; }
.root { display: grid; justify-items: center; gap: 12px; }
.stage { position: relative; width: 100%; max-width: 300px; }
.stage:empty, [hidden] { display: none; }
iframe {
  display: block;
  width: 100%;
  height: var(--wechat-login-frame-height, 400px);
  border: 1px solid var(--line);
  border-radius: var(--radius);
  background: #fff;
  color-scheme: light;
}
canvas {
  box-sizing: border-box;
  display: block;
  width: 100%;
  padding: 6px;
  border: 1px solid var(--line);
  border-radius: var(--radius);
  background: #fff;
}
.stage.own { max-width: 240px; }
.status { margin: 0; font-size: 1.0625em; font-weight: 600; }
.text { display: grid; gap: 2px; justify-items: center; max-width: 34em; }
.hint, .reference { margin: 0; color: var(--soft); font-size: .875em; overflow-wrap: anywhere; text-wrap: balance; }
.reference { font-size: .75em; }
.root[data-state="error"] .status { color: var(--danger); }
.root[data-state="confirmed"] .status, .root[data-state="done"] .status { color: var(--accent); }
.veil { position: absolute; inset: 1px; display: grid; place-items: center; border-radius: calc(var(--radius) - 1px); background: #fffffff2; }
.mark { display: grid; place-items: center; width: 64px; height: 64px; color: var(--soft); }
.mark svg { width: 100%; height: 100%; fill: none; stroke: currentColor; stroke-width: 2; stroke-linecap: round; stroke-linejoin: round; }
.veil .mark { color: #46584f; }
.root:is([data-state="confirmed"], [data-state="done"]) .mark { color: #087a41; }
.root[data-state="error"] .mark { color: #b3261e; }
.spinner { width: 40px; height: 40px; border: 3px solid #8884; border-top-color: #087a41; border-radius: 50%; animation: turn 1s linear infinite; }
@keyframes turn { to { transform: rotate(1turn); } }
.actions { display: flex; flex-wrap: wrap; gap: 8px; justify-content: center; }
button {
  min-height: 44px;
  padding: 8px 18px;
  font: inherit;
  font-weight: 600;
  color: var(--ink);
  background: none;
  border: 1px solid var(--line);
  border-radius: var(--radius);
  cursor: pointer;
}
button:hover { border-color: var(--accent); }
button.main { color: var(--on-accent); background: var(--accent); border-color: var(--accent); }
button.main:hover { filter: brightness(1.08); }
button.plain { min-height: 32px; padding: 4px 10px; font-size: .875em; font-weight: 500; color: var(--soft); border-color: transparent; }
button.plain:hover { color: var(--ink); text-decoration: underline; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
@media (prefers-reduced-motion: reduce) { .spinner { animation-duration: 6s; } }
@media (forced-colors: active) { .spinner { border-top-color: Highlight; } }
`;

const MARKUP = `
<div class="root" part="root">
  <div class="stage" part="stage"></div>
  <div class="text" part="text" role="status" aria-live="polite" aria-atomic="true">
    <p class="status" part="status"></p>
    <p class="hint" part="hint"></p>
    <p class="reference" part="reference"></p>
  </div>
  <div class="actions" part="actions"></div>
</div>`;

/** Line drawings of 24 by 24. */
const MARKS = {
  done: '<circle cx="12" cy="12" r="9"/><path d="m8 12.5 2.7 2.7L16 9.5"/>',
  phone: '<rect x="7" y="2.5" width="10" height="19" rx="2.5"/><path d="M11 18.5h2m-3.2-7 1.6 1.6 3-3.2"/>',
  cancelled: '<circle cx="12" cy="12" r="9"/><path d="m9 9 6 6m0-6-6 6"/>',
  expired: '<circle cx="12" cy="12" r="9"/><path d="M12 7v5l3 2"/>',
  error: '<path d="M12 3.5 2.8 19.5h18.4zM12 10v4m0 2.8v.1"/>',
};

/** What covers the code in a state: a name of MARKS, or a turning circle. @type {Partial<Record<State, keyof typeof MARKS | "spinner">>} */
const VEILS = {
  loading: "spinner",
  scanned: "phone",
  confirmed: "spinner",
  done: "done",
  cancelled: "cancelled",
  expired: "expired",
  error: "error",
};

/** The longest that a call to the server may take, in milliseconds: longer than an exchange with WeChat. */
const CALL_PATIENCE = 40_000;
/** The longest that WeChat's page may take to load, in milliseconds. */
const FRAME_PATIENCE = 20_000;
/** The longest that WeChat's page takes to say that it shows a code, in milliseconds. */
const CODE_PATIENCE = 5000;
/** How long after the code is shown the silence is spoken of, in seconds. */
const SILENCE_SECONDS = 90;
/** Seconds before its end that a login is begun anew. */
const MARGIN_SECONDS = 20;
/** How long to wait between two questions for a code that the server follows, in milliseconds: as WeChat's page does. */
const FOLLOW_PAUSE = 2000;
/** The same when the phone has just done something. */
const FOLLOW_SOON = 100;
/** The same when the server could not be reached. */
const FOLLOW_LATER = 5000;
/** How often a code is renewed while nobody does anything. */
const RENEWALS = 6;
/** Where the callback page looks for what a login was begun for. */
const VISIT = "mti:visit:";

/** @type {CSSStyleSheet | undefined} */
let sheet;

export class WeChatLogin extends HTMLElement {
  static observedAttributes = ["api", "auth-type", "config", "element", "lang", "mode", "purpose", "user-id"];

  /** What a login page may ask of it. */
  static purposes = ["login", "bind"];

  /** @type {State} */
  #state = "loading";
  /** @type {Config | null} */
  #config = null;
  /** @type {Record<"success" | "error", Function | null>} */
  #handlers = { success: null, error: null };
  /** @type {Saying | undefined} */
  #saying;
  #turn = 0;
  #renewals = 0;
  #isQueued = false;
  /** @type {Visit | null} */
  #visit = null;
  /** @type {HTMLIFrameElement | null} */
  #frame = null;
  /** How many codes WeChat's page has shown in the frame. */
  #codes = 0;
  /** The code, where it stands on this page. @type {HTMLCanvasElement | null} */
  #canvas = null;
  /** The question of what the phone does. @type {AbortController | null} */
  #question = null;
  /** Goes on when somebody looks again. @type {(() => void) | null} */
  #goOn = null;
  /** @type {Set<ReturnType<typeof setTimeout>>} */
  #timers = new Set();
  /** @type {Failure | null} */
  #failure = null;

  constructor() {
    super();
    const root = this.attachShadow({ mode: "open" });
    root.innerHTML = MARKUP;
    if (!sheet) (sheet = new CSSStyleSheet()).replaceSync(STYLE);
    root.adoptedStyleSheets = [sheet];
  }

  connectedCallback() {
    for (const name of ["api", "authType", "config", "element", "mode", "purpose", "userId", "onSuccess", "onError"]) this.#upgrade(name);
    if (!this.hasAttribute("role")) this.setAttribute("role", "region");
    window.addEventListener("message", this.#hear);
    window.addEventListener("pageshow", this.#comeBack);
    document.addEventListener("visibilitychange", this.#look);
    document.addEventListener("securitypolicyviolation", this.#notice);
    this.#queue();
  }

  disconnectedCallback() {
    window.removeEventListener("message", this.#hear);
    window.removeEventListener("pageshow", this.#comeBack);
    document.removeEventListener("visibilitychange", this.#look);
    document.removeEventListener("securitypolicyviolation", this.#notice);
    this.#drop();
  }

  /** @param {string} name @param {string | null} before @param {string | null} after */
  attributeChangedCallback(name, before, after) {
    if (before === after) return;
    if (name === "config") this.#config = null;
    if (name === "lang") this.#render();
    else if (this.isConnected) this.#queue();
  }

  /** What it is doing. Changes are told by `statechange`. */
  get state() { return this.#state; }

  get authType() { return this.getAttribute("auth-type") ?? "WeChatType"; }
  set authType(value) { this.#reflect("auth-type", value); }

  /** Where the login's functions are: `/api/acme/demo/auths/loginTypes/MyWeChatLogin/`. */
  get api() { return this.getAttribute("api") ?? ""; }
  set api(value) { this.#reflect("api", value); }

  /** The login's full name: `auths.loginTypes.MyWeChatLogin`. */
  get element() { return this.getAttribute("element") ?? ""; }
  set element(value) { this.#reflect("element", value); }

  get mode() { return /** @type {"frame" | "top" | "redirect"} */ (this.getAttribute("mode") ?? "frame"); }
  set mode(value) { this.#reflect("mode", value); }

  get purpose() { return /** @type {"login" | "bind"} */ (this.getAttribute("purpose") ?? "login"); }
  set purpose(value) { this.#reflect("purpose", value); }

  get userId() { return this.getAttribute("user-id") ?? ""; }
  set userId(value) { this.#reflect("user-id", value); }

  get config() { return this.#config ?? parsed(this.getAttribute("config")) ?? {}; }
  set config(value) {
    this.#config = typeof value === "string" ? parsed(value) : value;
    if (this.isConnected) this.#queue();
  }

  get onSuccess() { return this.#handlers.success ?? this.getAttribute("on-success"); }
  set onSuccess(value) { this.#handle("success", value); }

  get onError() { return this.#handlers.error ?? this.getAttribute("on-error"); }
  set onError(value) { this.#handle("error", value); }

  /** Begins anew, with a new code. */
  restart() {
    this.#renewals = 0;
    this.#begin();
  }

  /** Leaves this page for WeChat's; the callback page goes on from there. */
  async leave() {
    const visit = this.#visit ?? await this.#prepare();
    if (visit) location.assign(visit.address.href);
  }

  /** Properties that were set before this class was known. @param {string} name */
  #upgrade(name) {
    if (!Object.hasOwn(this, name)) return;
    const self = /** @type {any} */ (this);
    const value = self[name];
    delete self[name];
    self[name] = value;
  }

  /** @param {string} name @param {unknown} value */
  #reflect(name, value) {
    if (value === null || value === undefined || value === "") this.removeAttribute(name);
    else this.setAttribute(name, String(value));
  }

  /** @param {"success" | "error"} kind @param {unknown} value */
  #handle(kind, value) {
    this.#handlers[kind] = typeof value === "function" ? value : null;
    this.#reflect(`on-${kind}`, typeof value === "string" ? value : null);
  }

  /** Attributes come one by one: what they mean together is begun once. */
  #queue() {
    if (this.#isQueued) return;
    this.#isQueued = true;
    queueMicrotask(() => {
      this.#isQueued = false;
      if (this.isConnected) this.restart();
    });
  }

  #drop() {
    this.#turn += 1;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    this.#visit = null;
    this.#question?.abort();
    this.#question = this.#goOn = null;
    this.#clear();
  }

  /** Takes the code away, whoever shows it. */
  #clear() {
    this.#frame?.remove();
    this.#canvas?.remove();
    this.#frame = this.#canvas = null;
    this.#codes = 0;
  }

  /** @param {number} milliseconds @param {() => void} action */
  #after(milliseconds, action) {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      action();
    }, milliseconds);
    this.#timers.add(timer);
  }

  async #begin() {
    this.#drop();
    const isPicture = (this.config.scope ?? "snsapi_login") === "snsapi_login";
    if (isPicture && isInsideWeChat()) return this.#enter("inside-wechat");
    if (this.mode === "redirect" || !isPicture) return this.#enter("ready");
    this.#enter("loading");
    const turn = this.#turn;
    const visit = await this.#prepare();
    if (!visit || turn !== this.#turn) return;
    if (!visit.isOwn || this.mode !== "frame") return this.#openFrame(visit);
    if (await this.#openCode(visit)) this.#follow(visit);
    else if (turn === this.#turn) this.#openFrame(visit);
  }

  /** Shows WeChat's page, which shows the code. @param {Visit} visit */
  #openFrame(visit) {
    this.#clear();
    const frame = document.createElement("iframe");
    const isKept = this.mode !== "top";
    frame.title = this.#text("code");
    frame.referrerPolicy = "no-referrer";
    frame.setAttribute("part", "frame");
    frame.allow = "local-network-access";
    // It leads to the callback page: in its own frame, or in the whole window.
    frame.setAttribute("sandbox", "allow-scripts allow-same-origin allow-forms allow-popups allow-popups-to-escape-sandbox"
      + (isKept ? "" : " allow-top-navigation"));
    const language = this.#isChinese() ? "cn" : "en";
    frame.src = extended(visit.address, `login_type=jssdk&self_redirect=${isKept}&lang=${language}`);
    frame.addEventListener("load", () => this.#frame === frame && this.#state === "loading" && this.#wait());
    this.#frame = frame;
    this.#enter("loading");
    this.#after(FRAME_PATIENCE, () => this.#frame === frame && this.#state === "loading" && this.#fail({ error: "FRAME" }));
  }

  /** The page in the frame shows a code: the first one, or, as it loads itself anew when a code has expired, another one. */
  #showsCode() {
    this.#codes += 1;
    if (this.#state === "loading") this.#wait();
    else if (this.#saying === "codeless" && this.#state === "waiting") this.#enter("waiting");
    else if (this.#codes > 1 && ["waiting", "silent"].includes(this.#state)) this.#enter("waiting", "renewed");
  }

  /** The code can be scanned. */
  #wait() {
    this.#enter("waiting", this.#renewals > 0 ? "renewed" : undefined);
    if (!this.#frame) return;
    this.#after(this.#silence() * 1000, () => this.#state === "waiting" && this.#enter("silent"));
    this.#after(CODE_PATIENCE, () => this.#state === "waiting" && this.#codes === 0 && this.#enter("waiting", "codeless"));
  }

  /** Shows the code on this page. Where that fails, WeChat's page still can. @param {Visit} visit */
  async #openCode({ api, state }) {
    const turn = this.#turn;
    try {
      const { redirectUri } = this.config;
      this.#question = new AbortController();
      const { picture } = await call(api, "showCode", { state, ...(redirectUri && { redirectUri }) }, this.#question);
      // No page's policy has a say in what is drawn.
      const [, type, base64] = /^data:(image\/(?:jpeg|png));base64,(.+)$/.exec(picture) ?? [];
      const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
      const image = await createImageBitmap(new Blob([bytes], { type }));
      if (turn !== this.#turn) return false;
      const canvas = document.createElement("canvas");
      [canvas.width, canvas.height] = [image.width, image.height];
      canvas.getContext("2d")?.drawImage(image, 0, 0);
      canvas.setAttribute("role", "img");
      canvas.setAttribute("aria-label", this.#text("code"));
      canvas.setAttribute("part", "code");
      this.#canvas = canvas;
      this.#wait();
      return true;
    } catch (error) {
      // WeChat's page could show a code for this login, but nobody could end it.
      if (turn === this.#turn && asFailure(error).error === "STATE_MISMATCH") this.#expire();
      return false;
    }
  }

  /** Asks the server what the phone does with the code, for as long as somebody looks. @param {Visit} visit */
  async #follow(visit) {
    const { api, state } = visit;
    const turn = this.#turn;
    const isPast = () => turn !== this.#turn;
    let seen = "waiting";
    for (;;) {
      if (document.visibilityState !== "visible") await new Promise((resolve) => { this.#goOn = () => resolve(null); });
      if (isPast()) return;
      let pause = FOLLOW_PAUSE;
      try {
        this.#question = new AbortController();
        const answer = await call(api, "followCode", { state, seen, ...(this.userId && { userId: this.userId }) }, this.#question);
        if (isPast()) return;
        if (answer.status === "confirmed") {
          forget(state);
          this.#drop();
          this.#enter("confirmed");
          return this.#succeed(answer.result);
        }
        if (answer.status === "expired") return this.#expire();
        if (this.#saying === "unreachable") this.#enter(this.#state);
        if (answer.status !== seen) {
          pause = FOLLOW_SOON;
          this.#enter((seen = answer.status));
        }
      } catch (error) {
        if (isPast()) return;
        const failure = asFailure(error);
        // There are too many pages that wait here: WeChat's own page asks WeChat.
        if (failure.error === "RATE_LIMITED") return this.#openFrame(visit);
        if (failure.error !== "UNREACHABLE") return this.#fail(failure);
        this.#enter(this.#state, "unreachable");
        pause = FOLLOW_LATER;
      }
      await new Promise((resolve) => this.#after(pause, () => resolve(null)));
    }
  }

  #silence() {
    const seconds = Number(this.getAttribute("patience"));
    return seconds > 0 ? seconds : SILENCE_SECONDS;
  }

  /** Asks the server for a login, and notes what it is for. */
  async #prepare() {
    const turn = this.#turn;
    try {
      const { redirectUri } = this.config;
      const api = await this.#address();
      const answer = await call(api, "getAuthorizeUrl", { ...(redirectUri && { redirectUri }), purpose: this.purpose });
      if (turn !== this.#turn) return null;
      const address = new URL(answer.url);
      if (!/^https?:$/.test(address.protocol)) throw failed("OTHER");
      const callback = address.searchParams.get("redirect_uri") ?? redirectUri ?? location.href;
      const visit = {
        api,
        state: String(answer.state),
        address,
        pageOrigin: address.origin,
        callbackOrigin: new URL(callback, location.href).origin,
        isOwn: answer.codeDisplay === "own",
      };
      const seconds = Math.max(Number(answer.expiresIn) || 600, 2 * MARGIN_SECONDS);
      remember(visit.state, { element: named(api), purpose: this.purpose, returnTo: this.getAttribute("return-to") ?? undefined }, seconds);
      this.#visit = visit;
      this.#after((seconds - MARGIN_SECONDS) * 1000, () => this.#expire());
      return visit;
    } catch (error) {
      if (turn === this.#turn) this.#fail(asFailure(error));
      return null;
    }
  }

  /** Where the functions of the login are: as it was told, or where a login with this appId is found beside this module. */
  async #address() {
    if (this.api) return new URL(this.api.replace(/\/?$/, "/"), document.baseURI).href;
    const place = /^(.*\/)([^/]+\/[^/]+\/)elements\//.exec(new URL(import.meta.url).pathname);
    if (!place) throw failed("CONFIG", "say in the attribute `api` where the login's functions are");
    const functionsOf = (/** @type {string} */ element) =>
      new URL(`${place[1]}api/${place[2]}${element.split(".").map(encodeURIComponent).join("/")}/`, import.meta.url).href;
    if (this.element) return functionsOf(this.element);
    const list = await fetch(new URL(`${place[1]}${place[2]}portal/methods.json`, import.meta.url), { cache: "no-store" })
      .then((response) => response.json())
      .catch(() => { throw failed("UNREACHABLE"); });
    for (const { name } of list) {
      const config = await call(functionsOf(name), "getLoginConfig", {}).catch(() => null);
      const isMeant = config?.authType === this.authType && (!this.config.appId || config.authConfig?.appId === this.config.appId);
      if (isMeant) return functionsOf(name);
    }
    throw failed("CONFIG", "no login here has this `appId`: say in the attribute `element` which one is meant");
  }

  /** The code's time is over. It is renewed for somebody who looks at it, though not for ever. */
  #expire() {
    if (this.#state === "confirmed" || this.#state === "done") return;
    if (this.#state === "ready") return this.#drop();
    this.#drop();
    this.#enter("expired");
    this.#look();
  }

  #look = () => {
    if (document.visibilityState === "visible") this.#goOn?.();
    if (this.#state !== "expired" || document.visibilityState !== "visible" || this.#renewals >= RENEWALS) return;
    this.#renewals += 1;
    this.#begin();
  };

  /** A page that the browser kept and shows again: what it began may have been used up meanwhile. @param {PageTransitionEvent} event */
  #comeBack = (event) => {
    if (event.persisted) this.restart();
  };

  /** A page whose policy forbids the frame still leads to WeChat's page. @param {SecurityPolicyViolationEvent} event */
  #notice = (event) => {
    if (!this.#frame || event.effectiveDirective !== "frame-src" || !event.blockedURI.startsWith(this.#visit?.pageOrigin ?? " ")) return;
    this.#frame.remove();
    this.#frame = null;
    this.#enter("ready");
  };

  /** @param {MessageEvent} event */
  #hear = (event) => {
    const visit = this.#visit;
    if (!visit || !this.#frame || event.source !== this.#frame.contentWindow) return;
    const message = Object(event.data);
    if (event.origin === visit.callbackOrigin && message.type === "login:callback") {
      /** @type {WindowProxy} */ (event.source).postMessage({ type: "login:taken" }, visit.callbackOrigin);
      this.#finish(Object(message.query));
    } else if (event.origin === visit.pageOrigin && message.type === "status" && message.status === "wxQRcodeReady") {
      this.#showsCode();
    }
  };

  /** @param {Record<string, unknown>} query What the callback was called with. */
  async #finish(query) {
    const visit = this.#visit;
    if (!visit || this.#state === "confirmed" || this.#state === "done") return;
    if (query.state !== visit.state) return this.#fail({ error: "STATE_MISMATCH" });
    forget(visit.state);
    const { code, state } = query;
    this.#drop();
    if (typeof code !== "string" || code === "" || code === "authdeny") return this.#enter("cancelled");
    const turn = this.#turn;
    this.#enter("confirmed");
    try {
      const answer = this.purpose === "bind"
        ? await call(visit.api, "bind", { userId: this.userId, code, state })
        : await call(visit.api, "getLoginCode", { code, state });
      if (turn === this.#turn) this.#succeed(answer);
    } catch (error) {
      if (turn === this.#turn) this.#fail(asFailure(error));
    }
  }

  /** @param {unknown} answer */
  #succeed(answer) {
    this.#enter("done");
    this.#tell("success", answer);
  }

  /** @param {Partial<Failure> & { error: string }} failure */
  #fail(failure) {
    this.#drop();
    this.#failure = { errcode: 0, message: "", requestId: "", retryAfter: 0, data: {}, ...failure };
    this.#failure.sentence = this.#sentence(this.#failure);
    this.#enter("error");
    this.#tell("error", this.#failure);
  }

  /** @param {"success" | "error"} kind @param {unknown} detail */
  #tell(kind, detail) {
    this.dispatchEvent(new CustomEvent(kind, { detail }));
    const named = this.getAttribute(`on-${kind}`) ?? "";
    const handler = this.#handlers[kind] ?? (Object.hasOwn(window, named) ? Reflect.get(window, named) : null);
    if (typeof handler === "function") handler.call(this, detail);
    else if (named) console.warn(`<wechat-login>: there is no function \`${named}\` to tell of \`${kind}\``);
  }

  /** @param {State} state @param {Saying} [saying] What is to be said besides. */
  #enter(state, saying) {
    const before = this.#state;
    this.#state = state;
    this.#saying = saying;
    this.setAttribute("state", state);
    this.#render(saying);
    if (before !== state) this.dispatchEvent(new CustomEvent("statechange", { detail: { state } }));
  }

  #isChinese() {
    const own = /** @type {HTMLElement | null} */ (this.closest("[lang]"))?.lang;
    const known = [own, ...navigator.languages].find((language) => /^(zh|en)\b/i.test(language ?? ""));
    return /^zh\b/i.test(known ?? "");
  }

  /** @param {Exclude<keyof typeof ENGLISH, "errors">} key */
  #text(key) {
    return (this.#isChinese() ? CHINESE : ENGLISH)[key];
  }

  /** @param {Failure} failure */
  #sentence({ error, message, retryAfter }) {
    if (error === "RATE_LIMITED" && retryAfter > 60) return this.#text("later").replace("{minutes}", String(Math.ceil(retryAfter / 60)));
    const { errors } = this.#isChinese() ? CHINESE : ENGLISH;
    return Object.hasOwn(errors, error) ? errors[/** @type {keyof typeof errors} */ (error)] : message || errors.OTHER;
  }

  /** @param {Saying} [saying] */
  #render(saying) {
    const root = /** @type {ShadowRoot} */ (this.shadowRoot);
    const find = (/** @type {string} */ selector) => /** @type {HTMLElement} */ (root.querySelector(selector));
    const state = this.#state;
    const failure = state === "error" ? this.#failure : null;
    const key = state === "inside-wechat" ? "insideWeChat" : state;
    /** @type {Partial<Record<State, string>>} */
    const hints = {
      waiting: this.#text(isPhone() ? "waitingHintPhone" : "waitingHint"),
      cancelled: this.#text("cancelledHint"),
      silent: this.#text("silentHint"),
      expired: this.#text("expiredHint"),
      "inside-wechat": this.#text("insideWeChatHint"),
    };
    this.setAttribute("aria-label", this.#text("region"));
    find(".root").dataset.state = state;
    const isOpen = state === "cancelled" && this.#canvas !== null;
    put(find(".status"), failure ? this.#sentence(failure) : key === "error" ? "" : this.#text(isOpen ? "cancelledOnce" : saying === "renewed" ? saying : key));
    const hint = isOpen ? "" : hints[state] ?? "";
    put(find(".hint"), saying === "codeless" || saying === "unreachable" ? this.#text(`${saying}Hint`) : hint);
    put(find(".reference"), failure?.requestId ? `${this.#text("request")} ${failure.requestId}` : "");
    this.#renderStage(find(".stage"), state);
    this.#renderActions(find(".actions"), state, saying);
  }

  /** @param {HTMLElement} stage @param {State} state */
  #renderStage(stage, state) {
    const code = this.#frame ?? this.#canvas;
    // A frame that is moved loads anew: it stays where it is.
    for (const child of [...stage.children]) if (child !== code) child.remove();
    if (code && !code.isConnected) stage.append(code);
    stage.classList.toggle("own", code !== null && code === this.#canvas);
    const veil = VEILS[state];
    // A code on this page that was cancelled can be scanned again.
    if (!veil || (state === "cancelled" && code)) return;
    const cover = document.createElement("div");
    cover.className = code ? "veil" : "mark";
    cover.setAttribute("aria-hidden", "true");
    const drawing = veil === "spinner" ? '<div class="spinner"></div>' : `<svg viewBox="0 0 24 24">${MARKS[veil]}</svg>`;
    cover.innerHTML = code && veil !== "spinner" ? `<div class="mark">${drawing}</div>` : drawing;
    if (!code) cover.style.margin = "24px auto";
    stage.append(cover);
  }

  /** @param {HTMLElement} place @param {State} state @param {Saying} [saying] */
  #renderActions(place, state, saying) {
    const again = { text: this.#text("again"), action: () => this.restart(), kind: "main" };
    const full = { text: this.#text("full"), action: () => this.leave(), kind: "plain" };
    const copy = { text: this.#text("copy"), action: (/** @type {HTMLElement} */ pressed) => this.#copy(pressed), kind: "main" };
    const retry = { ...again, text: this.#text("retry") };
    /** @type {Partial<Record<State, (typeof again | typeof copy)[]>>} */
    const actions = {
      ready: [{ text: this.#text("leave"), action: () => this.leave(), kind: "main" }],
      waiting: saying === "codeless" ? [retry, full] : [full],
      scanned: [{ ...again, kind: "plain" }],
      silent: [again, full],
      cancelled: [this.#canvas ? { ...again, kind: "plain" } : again],
      expired: [again],
      "inside-wechat": [copy],
      error: this.#failure?.error === "FRAME" ? [retry, { ...full, kind: "" }] : [retry],
    };
    const wanted = actions[state] ?? [];
    const hadFocus = place.contains(/** @type {ShadowRoot} */ (this.shadowRoot).activeElement);
    place.replaceChildren(...wanted.map(({ text, action, kind }) => {
      const button = document.createElement("button");
      button.type = "button";
      button.className = kind;
      button.part.add("button", ...(kind === "main" ? ["button-main"] : []));
      button.textContent = text;
      button.addEventListener("click", () => action(button));
      return button;
    }));
    place.hidden = wanted.length === 0;
    // Whoever pressed a button with the keyboard goes on from where it was.
    if (hadFocus) /** @type {HTMLElement | null} */ (place.firstElementChild)?.focus();
  }

  /** @param {HTMLElement} pressed */
  async #copy(pressed) {
    try {
      await navigator.clipboard.writeText(location.href);
      pressed.textContent = this.#text("copied");
    } catch {
      put(/** @type {HTMLElement} */ (this.shadowRoot?.querySelector(".reference")), location.href);
    }
  }
}

/** @param {HTMLElement} node @param {string} text */
function put(node, text) {
  // What is said already is not said again to those who listen.
  if (node.textContent !== text) node.textContent = text;
  node.hidden = text === "";
}

/** @param {string | null} json @returns {Config | null} */
function parsed(json) {
  try {
    return json ? Object(JSON.parse(json)) : null;
  } catch {
    return null;
  }
}

/** The address with more parameters, all others as the server wrote them. @param {URL} address @param {string} parameters */
function extended(address, parameters) {
  const url = new URL(address);
  return `${url.origin}${url.pathname}${url.search ? `${url.search}&` : "?"}${parameters}${url.hash}`;
}

/** The full name in an address of functions: `…/api/acme/demo/auths/loginTypes/MyWeChatLogin/`. @param {string} api */
function named(api) {
  const path = /\/api\/[^/]+\/[^/]+\/(.+)\/$/.exec(new URL(api).pathname);
  return path ? path[1].split("/").map(decodeURIComponent).join(".") : "";
}

/** WeChat, its desktop client included, and WeCom. */
function isInsideWeChat() {
  return /MicroMessenger|wxwork/i.test(navigator.userAgent);
}

function isPhone() {
  return matchMedia("(pointer: coarse) and (max-width: 600px)").matches;
}

/** @param {string} error @param {string} [message] @returns {Failure} */
function failed(error, message = "") {
  return { error, errcode: 0, message, requestId: "", retryAfter: 0, data: {} };
}

/** @param {any} error @returns {Failure} */
function asFailure(error) {
  return typeof error?.error === "string" ? error : failed("OTHER", String(error?.message ?? ""));
}

/** @param {string} api @param {string} name @param {object} args @param {AbortController} [question] @returns {Promise<any>} */
async function call(api, name, args, question = new AbortController()) {
  let envelope;
  let retryAfter = 0;
  const patience = setTimeout(() => question.abort(), CALL_PATIENCE);
  try {
    const response = await fetch(api + name, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(args),
      credentials: "same-origin",
      cache: "no-store",
      redirect: "error",
      signal: question.signal,
    });
    retryAfter = Number(response.headers.get("Retry-After")) || 0;
    envelope = await response.json();
  } catch {
    throw failed("UNREACHABLE");
  } finally {
    clearTimeout(patience);
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

/** @param {string} state @param {object} value @param {number} seconds */
function remember(state, value, seconds) {
  try {
    sessionStorage.setItem(VISIT + state, JSON.stringify({ value, until: Date.now() + seconds * 1000 }));
  } catch { /* The callback page says so when it finds nothing. */ }
}

/** @param {string} state */
function forget(state) {
  try { sessionStorage.removeItem(VISIT + state); } catch { /* There is nothing to forget. */ }
}

if (!customElements.get("wechat-login")) customElements.define("wechat-login", WeChatLogin);
