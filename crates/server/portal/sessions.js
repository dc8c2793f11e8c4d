// Where somebody is signed in, and the end of that.

import { call } from "./api.js";
import { actions, button, confirmed, make, notice, section, show } from "./dom.js";
import { moment, reference, sentence, text } from "./texts.js";

const AUTH_SERVICE = "auths.loginTypes.services.AuthSvc";

/**
 * The section of the user centre, and what lists the sessions anew. `attempt` does something and says how it went; `restart`
 * shows the page after the end.
 */
export function sessionsSection(settings, attempt, restart) {
  const rows = make("ul", { class: "rows", "aria-busy": "true" });
  const everywhere = button(text("signOutEverywhere"), async () => {
    if (!(await confirmed(text("signOutEverywhere"), text("everywhereQuestion"), text("signOutEverywhere"), text("cancel")))) return;
    await attempt(async () => {
      await call(settings, AUTH_SERVICE, "logoutEverywhere");
      await restart(text("signedOutEverywhere"));
    });
  }, "quiet danger");
  const list = () => fill(settings, rows, attempt, restart, list);
  list();
  const node = section(text("sessions"), everywhere, rows);
  return { node, list };
}

async function fill(settings, rows, attempt, restart, again) {
  try {
    const { sessions } = await call(settings, AUTH_SERVICE, "listSessions");
    show(rows, sessions.map((session) => row(settings, session, attempt, restart, again)));
  } catch (error) {
    if (error.code === "FUNCTION_NOT_FOUND") return rows.closest("section")?.remove();
    show(rows, make("li", { class: "row" },
      notice("error", error.sentence ?? sentence("OTHER"), reference(error)),
      actions(button(text("tryAgain"), again, "quiet"))));
  }
}

function row(settings, session, attempt, restart, again) {
  const method = settings.methods.find((candidate) => candidate.name === session.loginType);
  const end = async () => {
    if (!(await confirmed(text("endSession"), text("endQuestion"), text("endSession"), text("cancel")))) return;
    await attempt(() => call(settings, AUTH_SERVICE, "endSession", { sessionId: session.sessionId }), text("sessionEnded"));
    again();
  };
  return make("li", { class: "row" },
    make("div", { class: "name" },
      make("strong", {}, method?.title ?? session.loginType),
      session.isCurrent && make("span", { class: "badge good" }, text("thisSession")),
      make("span", { class: "soft" }, [platformName(session.platform), text("since", { time: moment(session.createdAt) })].filter(Boolean).join(" · "))),
    !session.isCurrent && actions(button(text("endSession"), end, "quiet danger")));
}

function platformName(platform) {
  return { web: text("platformWeb") }[platform] ?? platform;
}
