//! How the authorize page looks, as the site that sends browsers there wishes.

use url::{Host, Url};

use crate::parameters::Parameters;

/// What a site may say about the page.
#[derive(Debug)]
pub(crate) struct Look {
    pub(crate) words: &'static Words,
    /// Classes of the body.
    pub(crate) classes: String,
    /// `auto`, `light` or `dark`.
    pub(crate) color_scheme: &'static str,
    /// The site's own style sheet.
    pub(crate) style_sheet: Option<StyleSheet>,
    /// Whether the site switches off signing in without scanning.
    pub(crate) refuses_fast_login: bool,
}

/// A style sheet and the source that a content security policy names for it.
#[derive(Debug)]
pub(crate) struct StyleSheet {
    pub(crate) address: String,
    pub(crate) source: String,
}

/// The page's texts.
#[derive(Debug)]
pub(crate) struct Words {
    pub(crate) language: &'static str,
    pub(crate) title: &'static str,
    pub(crate) alt: &'static str,
    pub(crate) tip: &'static str,
    pub(crate) scanned: &'static str,
    pub(crate) cancelled: &'static str,
    pub(crate) go_on: &'static str,
    pub(crate) phone: &'static str,
    pub(crate) fast_login: &'static str,
}

static CHINESE: Words = Words {
    language: "zh-CN",
    title: "微信登录",
    alt: "二维码",
    tip: "请使用微信扫描二维码登录",
    scanned: "扫描成功，请在手机上确认登录",
    cancelled: "你已取消此次登录，可再次扫描登录，或关闭窗口",
    go_on: "继续登录",
    phone: "打开手机页面",
    fast_login: "微信快捷登录",
};

static ENGLISH: Words = Words {
    language: "en",
    title: "WeChat Login",
    alt: "QR code",
    tip: "Scan the QR code with WeChat to log in",
    scanned: "Scanned. Confirm the login on your phone",
    cancelled: "You cancelled this login. Scan again, or close the window",
    go_on: "Continue",
    phone: "Open the phone page",
    fast_login: "Log in without scanning",
};

impl Look {
    pub(crate) fn of(parameters: &Parameters) -> Self {
        let value = |name| parameters.get(name).unwrap_or_default();
        let is_lite = value("stylelite") == "1";
        let mut classes = match value("style") {
            "white" => "white".to_owned(),
            _ => "black".to_owned(),
        };
        if is_lite {
            classes.push_str(" lite");
        }
        if value("login_type") == "jssdk" {
            classes.push_str(" framed");
        }
        Self {
            words: if value("lang") == "en" { &ENGLISH } else { &CHINESE },
            classes,
            color_scheme: match value("color_scheme") {
                "dark" => "dark",
                "light" => "light",
                _ => "auto",
            },
            // The new appearance has no use for a style sheet.
            style_sheet: if is_lite { None } else { StyleSheet::parse(value("href")) },
            // Reported to work together with the new appearance only.
            refuses_fast_login: is_lite && value("fast_login") == "0",
        }
    }
}

impl StyleSheet {
    /// Takes `https` addresses, `http` ones of this machine, and CSS inside the address.
    fn parse(text: &str) -> Option<Self> {
        let address = Url::parse(text).ok()?;
        let is_local = match address.host() {
            Some(Host::Ipv4(host)) => host.is_loopback(),
            Some(Host::Ipv6(host)) => host.is_loopback(),
            Some(Host::Domain(host)) => host == "localhost",
            None => false,
        };
        let source = match address.scheme() {
            "data" if text.starts_with("data:text/css;base64,") => "data:".to_owned(),
            "https" => address.origin().ascii_serialization(),
            "http" if is_local => address.origin().ascii_serialization(),
            _ => return None,
        };
        Some(Self { address: address.into(), source })
    }
}
