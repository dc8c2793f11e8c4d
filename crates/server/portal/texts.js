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
  unbound: "{title} is not bound to your account any more.",
  cancel: "Cancel",
  signOut: "Sign out",
  chooseOrganisation: "Which organisation do you want to enter?",
  signingIn: "Signing you in…",
  binding: "Binding {title}…",
  refused: "The sign-in was cancelled.",
  nothingToDo: "There is nothing to do here.",
  unknownState: "This sign-in was not started in this tab, or too long ago. Please start again.",
  authMissing: "{title} is not bound to any user here. Sign in another way, then bind it to your account.",
  ticketOffer: "Bind the {title} that you just used to this account?",
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
  unbound: "{title}已与您的账号解绑。",
  cancel: "取消",
  signOut: "退出登录",
  chooseOrganisation: "请选择要进入的组织",
  signingIn: "正在登录……",
  binding: "正在绑定{title}……",
  refused: "登录已取消。",
  nothingToDo: "此处没有需要处理的内容。",
  unknownState: "本次登录不是在此标签页中发起的，或已超时，请重新开始。",
  authMissing: "该{title}尚未绑定任何用户。请先用其他方式登录，再将它绑定到您的账号。",
  ticketOffer: "要将刚才使用的{title}绑定到此账号吗？",
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

/** A sentence about a call that failed. */
export function explain(error) {
  if (Object.hasOwn(texts.errors, error.code)) return texts.errors[error.code];
  if (error.status === 502 || error.status === 503) return texts.errors.UPSTREAM;
  return error.message || texts.errors.OTHER;
}

/** The sentence about a failure of that name. */
export function sentence(name) {
  return texts.errors[name];
}

/** The number under which the operator finds a failed call. */
export function reference(error) {
  return error.requestId ? text("requestId", { id: error.requestId }) : undefined;
}
