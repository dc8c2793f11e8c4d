// Keeps the list of waiting logins current, without touching what is being typed elsewhere.
(() => {
  "use strict";

  const section = document.getElementById("logins");

  async function refresh() {
    if (!document.hidden && !section.contains(document.activeElement)) {
      const response = await fetch("/sim/");
      const fresh = new DOMParser().parseFromString(await response.text(), "text/html").getElementById("logins");
      if (fresh && fresh.innerHTML !== section.innerHTML) {
        section.replaceChildren(...fresh.childNodes);
      }
    }
  }

  setInterval(() => refresh().catch(() => {}), 2000);
})();
