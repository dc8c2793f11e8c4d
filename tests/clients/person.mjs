// Somebody in front of a browser with a phone in his hand, at the simulator.

import assert from "node:assert/strict";

const SIMULATOR = process.env.SIMULATOR;

export const APP_ID = process.env.APP_ID;
export const APP_SECRET = process.env.APP_SECRET;

/** What the simulator says about a person under an application. */
export async function whois(id, appId = APP_ID) {
  const people = await (await fetch(`${SIMULATOR}/sim/people?appId=${appId}`)).json();
  const person = people.find((person) => person.id === id);
  return { openId: person.openIds[appId], unionId: person.unionIds[appId], nickname: person.nickname };
}

/** Opens the authorize page, approves on the phone, and gives back where the browser is sent. */
export async function approve(authorizeUrl, person) {
  const login = await open(authorizeUrl);
  const sentTo = await answer(login, { person, action: "approve" });
  if (sentTo) return sentTo;
  const [errcode, code] = await poll(login, 404);
  assert.equal(errcode, 405);
  return `${login.prefix}code=${code}&state=${login.state}`;
}

/** The same with a refusal: `stateOnly` and `authdeny` send the browser somewhere. */
export async function refuse(authorizeUrl, mode) {
  await setKnobs({ denyMode: mode });
  try {
    const login = await open(authorizeUrl);
    const sentTo = await answer(login, { action: "deny" });
    if (sentTo) return sentTo;
    assert.deepEqual(await poll(login, 404), [403, ""]);
    return `${login.prefix}${mode === "authdeny" ? "code=authdeny&" : ""}state=${login.state}`;
  } finally {
    await setKnobs({});
  }
}

/** Follows the page up to the phone's question. */
async function open(authorizeUrl) {
  const base = new URL(authorizeUrl).origin;
  const page = await (await fetch(authorizeUrl)).text();
  const framed = attribute(page, "data-uuid");
  if (framed === undefined) {
    const uuid = attribute(page, 'name="uuid" value');
    assert(uuid, `no login on the page: ${page}`);
    return { base, uuid };
  }
  const login = { base, uuid: framed, prefix: attribute(page, "data-prefix"), state: attribute(page, "data-state") };
  const picture = await fetch(`${base}/connect/qrcode/${login.uuid}`);
  assert.equal(picture.headers.get("content-type"), "image/jpeg");
  await fetch(`${base}/connect/confirm?uuid=${login.uuid}`);
  assert.deepEqual(await poll(login), [404, ""]);
  return login;
}

/** Sends the phone's form; inside WeChat the answer says where to go. */
async function answer({ base, uuid }, fields) {
  const body = new URLSearchParams({ uuid, ...fields });
  const response = await fetch(`${base}/connect/confirm`, { method: "POST", body, redirect: "manual" });
  return response.headers.get("location");
}

async function poll({ base, uuid }, last) {
  const query = new URLSearchParams({ uuid, ...(last && { last }) });
  const script = await (await fetch(`${base}/connect/l/qrconnect?${query}`)).text();
  const [, errcode, code] = /^window\.wx_errcode=(\d+);window\.wx_code='([^']*)';$/.exec(script);
  return [Number(errcode), code];
}

async function setKnobs(knobs) {
  const headers = { "content-type": "application/json" };
  const response = await fetch(`${SIMULATOR}/sim/knobs`, { method: "PUT", headers, body: JSON.stringify(knobs) });
  assert.equal(response.status, 200);
}

function attribute(page, name) {
  const value = page.split(`${name}="`)[1]?.split('"')[0];
  return value?.replaceAll("&amp;", "&");
}
