// What the pages say, in the language of the browser.

const ENGLISH = {
  signIn: "Sign in",
  loading: "One moment…",
  noMethods: "There is no way to sign in here at the moment.",
  chooseMethod: "Ways to sign in",
  frameTitle: "Sign in with {title}",
  openFullPage: "Open in full page",
  continueTo: "Continue to {title}",
  elsewhereHint: "You will be taken to {title} to confirm, and come back here.",
  frameHint: "Scan the code, or open the page.",
  tryAgain: "Try again",
  back: "Back to the start",
  organisation: "Organisation",
  user: "User",
  noOrganisation: "none",
  methodsOfUser: "Ways to sign in to this account",
  bind: "Bind",
  unbind: "Unbind",
  unbindQuestion: "Unbind {title} from your account? Sessions that were opened with it end.",
  bound: "{title} is now bound to your account.",
  bindQuestion: "Bind {title} to {nick}'s account? It replaces the account bound now.",
  unbound: "{title} is not bound to your account any more.",
  unboundSignIn: "Unbound. Please sign in again.",
  cancel: "Cancel",
  signOut: "Sign out",
  chooseOrganisation: "Which organisation do you want to enter?",
  signingIn: "Signing you in…",
  binding: "Binding {title}…",
  refused: "The sign-in was cancelled.",
  nothingToDo: "There is nothing to do here.",
  unknownState: "This sign-in was not started in this tab, or too long ago. Please start again.",
  authMissing: "{title} is not bound to any user here. Sign in another way, then bind it to your account.",
  authMissingOrRegister: "{title} is not bound to any user here. Sign in another way and bind it to your account, or create a new account.",
  register: "Create a new account",
  registering: "Creating your account…",
  registrationClosed: "Registration is closed. Sign in another way, then bind {title} to your account.",
  bindLater: "Sign in with another method, then bind this {title}",
  ticketOffer: "Bind the {title} account that was scanned before you signed in?",
  ticketQuestion: "The {title} account that was scanned before you signed in will be bound to {nick}'s account and replaces the one bound now. Continue only if it is yours.",
  otherOrigin: "This site is meant to be opened at another address.",
  requestId: "Request {id}",
  errors: {
    LOGIN_REQUIRED: "Please sign in first.",
    PERMISSION_DENIED: "You are not allowed to do this.",
    RATE_LIMITED: "Too many requests. Please wait a moment and try again.",
    USER_AUTH_MISS: "This is not bound to any user here. Sign in another way, then bind it to your account.",
    AUTH_CONFLICT: "This is already bound to another user.",
    LOGIN_TYPE_INACTIVE: "This way to sign in is switched off.",
    STATE_MISMATCH: "This sign-in was not started in this browser, or too long ago. Please start again.",
    LOGIN_CODE_INVALID: "The sign-in took too long. Please start again.",
    CORP_NOT_FOUND: "You cannot enter this organisation.",
    PASSWORD_ERROR: "The user name or the password is wrong.",
    USER_NOT_FOUND: "There is no such user.",
    WECHAT_CODE_INVALID: "The WeChat authorization is not valid any more. Please scan again.",
    WECHAT_CONFIG: "WeChat sign-in is not set up correctly here; please tell the operator of this site.",
    WECHAT_UNAVAILABLE: "WeChat does not answer. Please try again later.",
    WECHAT_RATE_LIMITED: "WeChat is busy. Please try again in a minute.",
    WECHAT_USER_REFUSED: "WeChat did not authorize this sign-in.",
    ELEMENT_EXCEPTION: "Something went wrong. Please try again later.",
    UNREACHABLE: "The server cannot be reached. Please check your connection and try again.",
    UPSTREAM: "The login service does not answer. Please try again later.",
    OTHER: "Something went wrong.",
  },
};

const CHINESE = {
  signIn: "登录",
  loading: "请稍候……",
  noMethods: "当前没有可用的登录方式。",
  chooseMethod: "登录方式",
  frameTitle: "使用{title}登录",
  openFullPage: "在整页中打开",
  continueTo: "前往{title}",
  elsewhereHint: "将前往{title}确认，完成后返回本页。",
  frameHint: "请扫描二维码，或打开登录页面。",
  tryAgain: "重试",
  back: "返回首页",
  organisation: "组织",
  user: "用户",
  noOrganisation: "无",
  methodsOfUser: "本账号的登录方式",
  bind: "绑定",
  unbind: "解绑",
  unbindQuestion: "确定要将{title}与您的账号解绑吗？通过它建立的登录会话将会结束。",
  bound: "{title}已绑定到您的账号。",
  bindQuestion: "确定要将{title}绑定到 {nick} 的账号吗？它将替换当前已绑定的账号。",
  unbound: "{title}已与您的账号解绑。",
  unboundSignIn: "已解绑，请重新登录。",
  cancel: "取消",
  signOut: "退出登录",
  chooseOrganisation: "请选择要进入的组织",
  signingIn: "正在登录……",
  binding: "正在绑定{title}……",
  refused: "登录已取消。",
  nothingToDo: "此处没有需要处理的内容。",
  unknownState: "本次登录不是在此标签页中发起的，或已超时，请重新开始。",
  authMissing: "该{title}尚未绑定任何用户。请先用其他方式登录，再将它绑定到您的账号。",
  authMissingOrRegister: "该{title}尚未绑定任何用户。请先用其他方式登录再绑定，或创建新账号。",
  register: "创建新账号",
  registering: "正在创建账号……",
  registrationClosed: "当前未开放注册。请先用其他方式登录，再将{title}绑定到您的账号。",
  bindLater: "用其他方式登录，再绑定此{title}",
  ticketOffer: "要绑定您登录之前扫码的{title}账号吗？",
  ticketQuestion: "您登录之前扫码的{title}账号将绑定到 {nick} 的账号，并替换当前已绑定的账号。请确认该账号属于您本人后再继续。",
  otherOrigin: "请使用以下地址访问本站：",
  requestId: "请求编号 {id}",
  errors: {
    LOGIN_REQUIRED: "请先登录。",
    PERMISSION_DENIED: "您没有执行此操作的权限。",
    RATE_LIMITED: "请求过于频繁，请稍候再试。",
    USER_AUTH_MISS: "尚未绑定任何用户。请先用其他方式登录，再进行绑定。",
    AUTH_CONFLICT: "该身份已绑定其他用户。",
    LOGIN_TYPE_INACTIVE: "该登录方式已停用。",
    STATE_MISMATCH: "本次登录不是在此浏览器中发起的，或已超时，请重新开始。",
    LOGIN_CODE_INVALID: "登录超时，请重新开始。",
    CORP_NOT_FOUND: "您无法进入该组织。",
    PASSWORD_ERROR: "用户名或密码错误。",
    USER_NOT_FOUND: "用户不存在。",
    WECHAT_CODE_INVALID: "微信授权已失效，请重新扫码。",
    WECHAT_CONFIG: "本站的微信登录配置有误，请联系网站管理员。",
    WECHAT_UNAVAILABLE: "微信暂时没有响应，请稍后再试。",
    WECHAT_RATE_LIMITED: "微信繁忙，请一分钟后再试。",
    WECHAT_USER_REFUSED: "微信未授权本次登录。",
    ELEMENT_EXCEPTION: "出错了，请稍后再试。",
    UNREACHABLE: "无法连接服务器，请检查网络后重试。",
    UPSTREAM: "登录服务暂时没有响应，请稍后再试。",
    OTHER: "出错了。",
  },
};

const preferred = (navigator.languages ?? [navigator.language]).find((language) => /^(zh|en)\b/i.test(language ?? ""));
const isChinese = /^zh\b/i.test(preferred ?? "");
const texts = isChinese ? CHINESE : ENGLISH;

document.documentElement.lang = isChinese ? "zh-CN" : "en";

/** A text, with `{name}` replaced by what is given for it. */
export function text(key, values = {}) {
  return texts[key].replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}

/** A sentence about a call that failed: the one that is here for it, or else what the server says. */
export function explain(error) {
  if (Object.hasOwn(texts.errors, error.code)) return texts.errors[error.code];
  if (error.message) return error.message;
  return error.status === 502 || error.status === 503 ? texts.errors.UPSTREAM : texts.errors.OTHER;
}

/** The sentence about a failure of that name. */
export function sentence(name) {
  return texts.errors[name];
}

/** The number under which the operator finds a failed call. */
export function reference(error) {
  return error.requestId ? text("requestId", { id: error.requestId }) : undefined;
}
