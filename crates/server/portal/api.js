// Calling functions of elements, and remembering across the way to a login page and back.

import { explain } from "./texts.js";

/** A call that failed: with the symbolic name, and the number under which the operator finds it in the log. */
export class CallError extends Error {
  constructor(name, status, message, requestId, data, retryAfter = 0) {
    super(message);
    this.code = name;
    this.status = status;
    this.requestId = requestId;
    this.data = data ?? {};
    /** In how many seconds the same may succeed; 0 where that is not known. */
    this.retryAfter = retryAfter;
  }

  /** A sentence for people. */
  get sentence() {
    return explain(this);
  }
}

const PATIENCE_MILLISECONDS = 40_000;

/** Calls a function of an element and gives back its data. */
export async function call(settings, element, name, args = {}) {
  const path = [...element.split("."), name].map(encodeURIComponent).join("/");
  let response;
  let envelope;
  try {
    // The mode stays "cors", the default: in any other one the no-referrer policy of these pages would have the
    // browser send `Origin: null`, which the server refuses.
    response = await fetch(settings.api + path, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(args),
      credentials: "same-origin",
      cache: "no-store",
      redirect: "error",
      // Who signs out and leaves the page at once is signed out.
      keepalive: true,
      signal: AbortSignal.timeout(PATIENCE_MILLISECONDS),
    });
    envelope = await response.json();
  } catch {
    throw new CallError("UNREACHABLE", response?.status ?? 0, "", undefined);
  }
  if (response.ok && envelope.errcode === 0) return envelope.data;
  throw new CallError(envelope.error ?? "", response.status, envelope.errmsg ?? "", envelope.requestId, envelope.data,
    Number(response.headers.get("Retry-After")) || 0);
}

const AUTH_SERVICE = "auths.loginTypes.services.AuthSvc";

/** Who is signed in; null when nobody is. */
export async function currentUser(settings) {
  try {
    return await call(settings, AUTH_SERVICE, "currentUser");
  } catch (error) {
    if (error.code === "LOGIN_REQUIRED") return null;
    throw error;
  }
}

/** Turns a login code into a session. */
export function loginByCode(settings, loginCode, corp) {
  return call(settings, AUTH_SERVICE, "loginByCode", { loginCode, corp, platform: "web" });
}

/** Ends the session. */
export function logout(settings) {
  return call(settings, AUTH_SERVICE, "logout");
}

const PREFIX = "mti:";

/** Remembers something in this tab for some seconds. Where a browser forbids that, it is not remembered. */
export function remember(key, value, seconds) {
  try {
    forgetExpired();
    sessionStorage.setItem(PREFIX + key, JSON.stringify({ value, until: Date.now() + seconds * 1000 }));
  } catch { /* What depends on it says so when it is missing. */ }
}

/** What was remembered; undefined when it was not, or is too old. */
export function remembered(key) {
  try {
    const kept = JSON.parse(sessionStorage.getItem(PREFIX + key));
    return kept && kept.until > Date.now() ? kept.value : undefined;
  } catch {
    return undefined;
  }
}

/** The same, once. */
export function recall(key) {
  const value = remembered(key);
  try { sessionStorage.removeItem(PREFIX + key); } catch { /* There is nothing to forget. */ }
  return value;
}

function forgetExpired() {
  for (const key of Object.keys(sessionStorage).filter((key) => key.startsWith(PREFIX))) {
    let until = 0;
    try { until = JSON.parse(sessionStorage.getItem(key)).until; } catch { /* Not one of ours any more. */ }
    if (!(until > Date.now())) sessionStorage.removeItem(key);
  }
}
