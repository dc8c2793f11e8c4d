/** What the component is configured with. Keys that it does not know are left alone. */
export interface WeChatLoginConfig {
  /** Always `"WeChatLogin"`. */
  componentType?: string;
  /** The appId of the website application. By it the login is found when neither `api` nor `element` names it. */
  appId?: string;
  /** Where WeChat sends the browser back to; absent, the login's own address. */
  redirectUri?: string;
  /** `snsapi_login`, the default, shows a code to scan; any other scope leads to WeChat's page. */
  scope?: string;
  [key: string]: unknown;
}

/** What it is doing. */
export type WeChatLoginState =
  | "loading"
  | "ready"
  | "waiting"
  | "scanned"
  | "silent"
  | "confirmed"
  | "done"
  | "cancelled"
  | "expired"
  | "inside-wechat"
  | "error";

/** What `success` carries when somebody signs in: the login code for `AuthSvc.loginByCode`. */
export interface LoginCode {
  loginCode: string;
  corpList: { corpId: string; corpName: string }[];
}

/** What `success` carries when somebody has bound his WeChat. */
export interface Bound {
  success: true;
  message: string;
}

/** What `error` carries. */
export interface LoginFailure {
  /** The symbolic name: `USER_AUTH_MISS`, `WECHAT_UNAVAILABLE`, …; of the component itself `CONFIG`, `FRAME`, `UNREACHABLE`, `OTHER`. */
  error: string;
  /** The number that belongs to it; 0 for the component's own. */
  errcode: number;
  /** What the server says about it. */
  message: string;
  /** A sentence for people, in their language. */
  sentence?: string;
  /** The number under which the operator finds it; empty when no server answered. */
  requestId: string;
  /** In how many seconds the same may succeed, where the server says so; else 0. */
  retryAfter: number;
  /** With `USER_AUTH_MISS`: `{bindTicket, expiresIn}`. */
  data: Record<string, unknown>;
}

/** The name of a global function, or the function itself. */
export type Handler<Detail> = string | ((detail: Detail) => void) | null;

export interface WeChatLoginEventMap {
  success: CustomEvent<LoginCode | Bound>;
  error: CustomEvent<LoginFailure>;
  statechange: CustomEvent<{ state: WeChatLoginState }>;
}

/** `<wechat-login>` */
export class WeChatLogin extends HTMLElement {
  /** What may be asked of it by `purpose`. */
  static readonly purposes: readonly string[];
  static readonly observedAttributes: readonly string[];

  authType: string;
  /** The address of the login's functions. */
  api: string;
  /** The login's full name. */
  element: string;
  get config(): WeChatLoginConfig;
  set config(value: WeChatLoginConfig | string | null);
  mode: "frame" | "top" | "redirect";
  purpose: "login" | "bind";
  /** Whose WeChat is bound; for `purpose="bind"`. */
  userId: string;
  get onSuccess(): Handler<LoginCode | Bound>;
  set onSuccess(value: Handler<LoginCode | Bound>);
  get onError(): Handler<LoginFailure>;
  set onError(value: Handler<LoginFailure>);
  readonly state: WeChatLoginState;

  /** Begins anew, with a new code. */
  restart(): void;
  /** Leaves the page for WeChat's. */
  leave(): Promise<void>;

  addEventListener<Name extends keyof WeChatLoginEventMap>(
    type: Name,
    listener: (this: WeChatLogin, event: WeChatLoginEventMap[Name]) => unknown,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener(type: string, listener: EventListenerOrEventListenerObject, options?: boolean | AddEventListenerOptions): void;
  removeEventListener<Name extends keyof WeChatLoginEventMap>(
    type: Name,
    listener: (this: WeChatLogin, event: WeChatLoginEventMap[Name]) => unknown,
    options?: boolean | EventListenerOptions,
  ): void;
  removeEventListener(type: string, listener: EventListenerOrEventListenerObject, options?: boolean | EventListenerOptions): void;
}

declare global {
  interface HTMLElementTagNameMap {
    "wechat-login": WeChatLogin;
  }
}
