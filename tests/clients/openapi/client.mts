// A sign-in with a client that `openapi-typescript` made types for. The names and types below are the document's: that this
// compiles is half of the test.
import createClient from "openapi-fetch";
import type { paths } from "./schema.d.mts";

declare const process: { env: Record<string, string | undefined>; exitCode?: number };

const origin = process.env["MTI_ORIGIN"] ?? "";
const client = createClient<paths>({ baseUrl: origin });

function check(what: string, holds: boolean): void {
  console.log(`${holds ? "ok" : "not ok"} ${what}`);
}

const config = await client.POST("/api/acme/demo/auths/loginTypes/MyWeChatLogin/getLoginConfig", { body: {} });
const appId: string | undefined = config.data?.data.authConfig.appId;
check("openapi-fetch reads the login config", appId === "wx0123456789abcdef");

const address = await client.POST("/api/acme/demo/auths/loginTypes/MyWeChatLogin/getAuthorizeUrl", {
  body: { purpose: "login" },
});
const seconds: number | undefined = address.data?.data.expiresIn;
check("openapi-fetch gets an authorize URL", seconds !== undefined && seconds > 0);

const refused = await client.POST("/api/acme/demo/auths/loginTypes/MyWeChatLogin/getAuthorizeUrl", {
  // @ts-expect-error: `purpose` is an enum.
  body: { purpose: "anything" },
});
const name: string | undefined = refused.error?.error;
check("a value outside the enum neither compiles nor is taken", name === "API_PARAMS_ERROR");

const code = await client.POST("/api/acme/demo/auths/loginTypes/PasswordLogin/getLoginCode", {
  body: { username: "zhangsan", password: "demo-zhangsan" },
});
const loginCode: string = code.data?.data.loginCode ?? "";
const corp: string = code.data?.data.corpList[0]?.corpId ?? "";
// Node.js keeps no cookies; the login code belongs to the browser that it was issued to.
const cookie = code.response.headers.getSetCookie().map((line) => line.split(";")[0]).join("; ");
const session = await client.POST("/api/acme/demo/auths/loginTypes/services/AuthSvc/loginByCode", {
  body: { loginCode, corp, platform: "openapi-fetch" },
  headers: { cookie },
});
const token: string = session.data?.data.token ?? "";
check("openapi-fetch signs in", token !== "");

const me = await client.POST("/api/acme/demo/auths/loginTypes/services/AuthSvc/currentUser", {
  body: {},
  headers: { authorization: `Bearer ${token}` },
});
const userId: string | undefined = me.data?.data.userId;
check("openapi-fetch reads who is signed in", userId === "user123");
