// The page's part of the login: polls, shows what the phone did, and goes where the login leads.
(() => {
  "use strict";

  const { uuid, prefix, state, self: selfRedirect, deny, double } = document.body.dataset;
  const tips = ["wx_default_tip", "wx_after_scan", "wx_after_cancel", "sim_continue"];
  let isFast = false;

  function show(tip) {
    for (const id of tips) {
      document.getElementById(id).hidden = id !== tip;
    }
  }

  function tell(status) {
    if (window.parent !== window) {
      window.parent.postMessage({ type: "status", status }, "*");
    }
  }

  // Where the answer goes: behind everything, even behind a fragment. Without scanning, before the fragment.
  function callback(answer) {
    const [address, fragment] = isFast ? prefix.split("#", 2) : [prefix];
    if (fragment === undefined) {
      return prefix + answer;
    }
    return `${address}${address.includes("?") ? "&" : "?"}${answer}#${fragment.replace(/[?&]$/, "")}`;
  }

  async function leave(answer) {
    const url = callback(answer);
    if (double === "true") {
      await fetch(url, { mode: "no-cors", credentials: "include" }).catch(() => {});
    }
    const isOwnFrame = selfRedirect === "true";
    // A browser may keep a frame from leading the page around it elsewhere until somebody clicks.
    const link = document.getElementById("sim_continue");
    link.href = url;
    link.target = isOwnFrame ? "_self" : "_top";
    show("sim_continue");
    (isOwnFrame ? window : window.top).location.href = url;
  }

  function again(delay, last) {
    setTimeout(() => poll(last), delay);
  }

  function react(errcode, code) {
    switch (errcode) {
      case 405:
        if (code) {
          leave(`code=${code}&state=${state}`);
        } else {
          location.reload();
        }
        break;
      case 404:
        show("wx_after_scan");
        again(100, 404);
        break;
      case 403:
        show("wx_after_cancel");
        if (deny === "stateOnly") {
          leave(`state=${state}`);
        } else if (deny === "authdeny") {
          leave(`code=authdeny&state=${state}`);
        } else {
          again(2000, 403);
        }
        break;
      case 402:
      case 500:
        location.reload();
        break;
      default:
        again(2000);
    }
  }

  async function poll(last) {
    const query = new URLSearchParams({ uuid, ...(last && { last }), _: Date.now() });
    try {
      const response = await fetch(`/connect/l/qrconnect?${query}`, { signal: AbortSignal.timeout(60_000) });
      const text = await response.text();
      const answer = /^window\.wx_errcode=(\d+);window\.wx_code='([^']*)';$/.exec(text);
      react(answer ? Number(answer[1]) : 500, answer ? answer[2] : "");
    } catch {
      again(5000, last);
    }
  }

  document.getElementById("sim_fast_login").addEventListener("click", () => {
    isFast = true;
    fetch("/sim/approve", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ uuid }),
    });
  });

  const picture = document.querySelector(".js_qrcode_img");
  if (picture.complete) {
    tell("wxQRcodeReady");
  } else {
    picture.addEventListener("load", () => tell("wxQRcodeReady"));
  }
  tell("wxReady");
  again(100);
})();
