// The modules that are sent to browsers, as files.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile, readdir } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";

const HERE = fileURLToPath(new URL(".", import.meta.url));
const ROOT = path.join(HERE, "../..");

const COMPONENTS = [
  "apps/base/auths/loginTypes/WeChatType/frontend/wechat-login.js",
  "apps/base/auths/loginTypes/PasswordType/frontend/password-login.js",
];

/** The most that a component may be as it is sent, in bytes. */
const COMPONENT_LIMIT = 15 * 1000;

async function typeErrors(files, ...options) {
  const common = ["--noEmit", "--allowJs", "--checkJs", "--target", "es2024", "--module", "esnext", "--moduleResolution", "bundler",
    "--lib", "esnext,dom,dom.iterable", "--types", ""];
  const compiler = path.join(HERE, "node_modules/.bin/tsc");
  const command = [...common, ...options, ...files.map((file) => path.join(ROOT, file))];
  return promisify(execFile)(compiler, command, { cwd: HERE }).then(() => "", (error) => error.stdout || error.message);
}

test("the components have the types that they say they have", async () => {
  assert.equal(await typeErrors(COMPONENTS, "--strict"), "");
});

test("the modules of the portal fit together", async () => {
  const files = (await readdir(path.join(ROOT, "crates/server/portal"))).filter((name) => name.endsWith(".js"));
  assert.ok(files.length > 5, files.join());
  assert.equal(await typeErrors(files.map((name) => `crates/server/portal/${name}`), "--strict", "false"), "");
});

test("a component is small", async () => {
  for (const file of COMPONENTS) {
    const size = gzipSync(await readFile(path.join(ROOT, file)), { level: 9 }).length;
    assert.ok(size < COMPONENT_LIMIT, `${file} is ${size} bytes`);
  }
});
