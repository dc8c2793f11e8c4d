// An app that is served for a test file, with a simulated WeChat.

import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import readline from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

export const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

/** Ends a run that hangs; no test passes because of it. */
export const PATIENCE = 20_000;

/** What people in these tests know by heart. */
export const PASSWORDS = { zhangsan: "a password of Zhang San's", manager: "a password of the manager's" };

const PASSWORD_LOGIN = "auths.loginTypes.PasswordLogin";

/** How the demo's users come to their passwords: in process, where no old one is asked for. */
const FIRST_CALLS = [
  [PASSWORD_LOGIN, "updatePassword", { userId: "user123", newPassword: PASSWORDS.zhangsan }],
  [PASSWORD_LOGIN, "bind", { userId: "admin", username: "manager", password: PASSWORDS.manager }],
];

/**
 * Serves a copy of an app from `apps/` by `mti dev`, on free ports and with data of its own.
 *
 * @param {{ app?: string, edit?: (app: AppFiles) => Promise<void>, environment?: Record<string, string> }} [options]
 */
export async function startSite({ app = "demo", edit, environment = {} } = {}) {
  const place = await mkdtemp(path.join(tmpdir(), "mti-browser-"));
  const files = new AppFiles(path.join(place, app));
  await cp(path.join(ROOT, "apps", app), files.directory, {
    recursive: true,
    filter: (source) => !["appData", "node_modules", "target"].includes(path.basename(source)),
  });
  await edit?.(files);
  const program = process.env.MTI_PROGRAM ?? path.join(ROOT, "target/debug/mti");
  const where = ["--app", files.directory, "--data", path.join(place, "data")];
  for (const [element, name, args] of FIRST_CALLS) {
    await promisify(execFile)(program, ["call", ...where, element, name, JSON.stringify(args)], { cwd: place });
  }
  const command = ["dev", "--format", "json", ...where, "--bind", "127.0.0.1:0"];
  const child = spawn(program, command, {
    cwd: place,
    env: { ...process.env, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const log = [];
  readline.createInterface({ input: child.stderr }).on("line", (line) => log.push(line));
  const ended = once(child, "exit");
  const lines = readline.createInterface({ input: child.stdout });
  const [line] = await Promise.race([
    once(lines, "line"),
    ended.then(() => { throw new Error(`\`mti dev\` ended:\n${log.join("\n")}`); }),
    patience("`mti dev` does not say where it serves"),
  ]);
  const announced = JSON.parse(line);
  return new Site(announced, files, log, async () => {
    child.kill("SIGTERM");
    await Promise.race([ended, patience("`mti dev` does not end")]).finally(() => child.kill("SIGKILL"));
    await rm(place, { recursive: true, force: true });
  });
}

/** The files of an app that is about to be served. */
class AppFiles {
  constructor(directory) {
    this.directory = directory;
  }

  /** Writes a file. */
  async text(file, content) {
    const name = path.join(this.directory, file);
    await mkdir(path.dirname(name), { recursive: true });
    await writeFile(name, content);
  }

  /** Changes a JSON file, or makes it. */
  async json(file, change) {
    const name = path.join(this.directory, file);
    const before = await readFile(name, "utf8").then(JSON.parse, () => ({}));
    await mkdir(path.dirname(name), { recursive: true });
    await writeFile(name, JSON.stringify(change(before) ?? before, null, 2));
  }
}

export class Site {
  #end;

  constructor(announced, files, log, end) {
    /** The portal, with a slash at its end. */
    this.portal = announced.url;
    this.origin = new URL(announced.url).origin;
    /** Where functions are called, with a slash at its end. */
    this.api = announced.url.replace(this.origin, `${this.origin}/api`);
    this.wechat = new WeChat(announced.simulator.url.replace(/\/(sim\/)?$/, ""));
    this.files = files;
    this.log = log;
    this.#end = end;
  }

  /** Calls a function as a program does, without a browser; gives back status, headers and envelope. */
  async call(element, name, args = {}, headers = {}) {
    const response = await fetch(`${this.api}${element.replaceAll(".", "/")}/${name}`, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: JSON.stringify(args),
    });
    return { status: response.status, headers: response.headers, envelope: await response.json() };
  }

  stop() {
    return this.#end();
  }
}

/** The simulated WeChat, by its own interface. */
class WeChat {
  constructor(url) {
    this.url = url;
    this.origin = new URL(url).origin;
  }

  /** Sets these knobs, and all others to what they are by themselves. */
  knobs(values = {}) {
    return this.#send("PUT", "knobs", values);
  }

  /** The logins that wait for a phone, newest first. */
  pending() {
    return this.#send("GET", "pending");
  }

  approve(uuid, person) {
    return this.#send("POST", "approve", { uuid, person });
  }

  deny(uuid) {
    return this.#send("POST", "deny", { uuid });
  }

  async #send(method, name, body) {
    const response = await fetch(`${this.url}/sim/${name}`, {
      method,
      headers: { "content-type": "application/json" },
      body: body && JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`${method} ${name}: ${response.status} ${await response.text()}`);
    return response.json();
  }
}

function patience(message) {
  return new Promise((_, reject) => setTimeout(() => reject(new Error(message)), PATIENCE).unref());
}
