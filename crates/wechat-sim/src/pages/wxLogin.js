// A stand-in for the script with which sites put WeChat's sign-in page into a frame: the same constructor,
// the same parameters. Values are joined as they come: whoever calls encodes `redirect_uri` and `href`.
(() => {
  "use strict";

  const own = new URL(document.currentScript ? document.currentScript.src : location.href);
  const isNamed = own.hostname === "res.wx.qq.com";
  const origin = isNamed ? own.origin.replace("res.wx.qq.com", "open.weixin.qq.com") : own.origin;

  function redirection(value) {
    if (value === true || value === "true") return "true";
    if (value === false || value === "false") return "false";
    return "default";
  }

  function address(options) {
    const pairs = [
      ["appid", options.appid],
      ["scope", options.scope],
      ["redirect_uri", options.redirect_uri],
      ["state", options.state],
      ["login_type", "jssdk"],
      ["self_redirect", redirection(options.self_redirect)],
      ["styletype", options.styletype],
      ["sizetype", options.sizetype],
      ["bgcolor", options.bgcolor],
      ["rst", options.rst],
      ["style", options.style],
      ["href", options.href],
      ["lang", options.lang === "en" ? "en" : undefined],
      ["stylelite", options.stylelite === 1 || options.stylelite === "1" ? 1 : undefined],
      ["fast_login", options.fast_login === 0 || options.fast_login === "0" ? 0 : undefined],
      ["color_scheme", options.color_scheme],
    ];
    const always = ["state", "styletype", "sizetype", "bgcolor", "rst"];
    const query = pairs
      .filter(([name, value]) => value !== undefined || always.includes(name))
      .map(([name, value]) => `${name}=${value ?? ""}`);
    return `${origin}/connect/qrconnect?${query.join("&")}`;
  }

  window.WxLogin = function WxLogin(options) {
    const frame = document.createElement("iframe");
    frame.src = address(options);
    frame.title = "微信登录 (SIMULATION / 模拟)";
    frame.allow = "local-network-access";
    frame.setAttribute("frameborder", "0");
    frame.setAttribute("allowtransparency", "true");
    frame.setAttribute("scrolling", "no");
    frame.width = "300px";
    frame.height = "400px";
    window.addEventListener("message", (event) => {
      if (event.source !== frame.contentWindow || event.origin !== origin || event.data?.type !== "status") return;
      if (event.data.status === "wxReady") options.onReady?.(true);
      if (event.data.status === "wxQRcodeReady") options.onQRcodeReady?.();
    });
    document.getElementById(options.id)?.replaceChildren(frame);
  };
})();
