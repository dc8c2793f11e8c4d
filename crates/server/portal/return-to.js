// Where the browser goes on to after signing in or out: what an application asked for by `?returnTo=`.

import { remembered } from "./api.js";

/** The URL that the address of a page names, allowed or not; undefined without one. */
export function askedReturn(search) {
  const written = /[?&]returnTo=(.*)$/s.exec(search)?.[1];
  // Proxies write a URL as it is, not encoded. Then it ends where the address does.
  if (written && /^https?:\/\//i.test(written)) return written;
  return new URLSearchParams(search).get("returnTo") || undefined;
}

/** The URL, if browsers may be sent there: to this origin, or below an entry of `settings.returnTo` in `app.json`. */
export function allowedReturn(settings, asked) {
  if (!asked) return undefined;
  let url;
  try {
    url = new URL(asked, new URL(settings.portal, location.href));
  } catch {
    return undefined;
  }
  // The origin of a `blob:` URL is that of its page.
  if (!/^https?:$/.test(url.protocol) || url.username || url.password) return undefined;
  const { origin, pathname } = url;
  const isBelow = (entry) => origin === entry.origin
    && (pathname === entry.path || pathname.startsWith(`${entry.path}/`))
    // An application that decodes such a path may find another one in it.
    && (entry.path === "" || !/%2f|%5c/i.test(pathname));
  return origin === settings.origin || settings.returnTo.some(isBelow) ? url.href : undefined;
}

/** The portal, which goes on to where this page does. */
export function portalUrl(settings) {
  const url = new URL(settings.portal, location.href);
  if (settings.returnUrl) url.searchParams.set("returnTo", settings.returnUrl);
  return url.href;
}

/**
 * Where somebody who is signed in goes on to; undefined for nowhere. An identity that waits to be bound is offered in the
 * user centre first.
 */
export function nextPage(settings) {
  return settings.returnUrl && !remembered("ticket") ? settings.returnUrl : undefined;
}

/** What people know a URL by. */
export function placeOf(url) {
  try {
    return new URL(url, location.href).host || url.slice(0, 80);
  } catch {
    return url.slice(0, 80);
  }
}
