//! The two authorize pages.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::http::HeaderMap;
use axum::http::header::USER_AGENT;
use axum::response::Response;

use crate::apps::AppKind;
use crate::html::{Fill, render};
use crate::knobs::{DenyMode, Knobs};
use crate::parameters::Parameters;
use crate::routes::look::Look;
use crate::routes::pages::{ERROR, QR_CONNECT, page, page_with_styles};
use crate::routes::phone;
use crate::tickets::{Flow, Stage, Ticket};
use crate::world::World;

/// The order in which WeChat documents the parameters.
const DOCUMENTED_ORDER: [&str; 5] = ["appid", "redirect_uri", "response_type", "scope", "state"];

const STYLE_SHEET: &str = "<link rel=\"stylesheet\" href=\"{{address}}\">";

/// What is wrong with a request, as WeChat's error page says it. Mistakes are never sent to the callback.
#[derive(Debug, Clone, Copy)]
struct PageError {
    code: Option<u32>,
    text: &'static str,
}

/// The page of the website login, with the QR picture.
pub(crate) async fn website(State(world): State<Arc<World>>, RawQuery(query): RawQuery) -> Response {
    let parameters = Parameters::parse(query.as_deref(), b"");
    let knobs = world.contents().knobs.clone();
    let checked = check(&world, &parameters, query.as_deref(), &knobs, Flow::QrCode);
    let ticket = match checked {
        Ok(ticket) => ticket,
        Err(error) => return error_page(error),
    };
    let (prefix, state) = (ticket.callback_prefix(), ticket.encoded_state());
    let app_id = ticket.app_id.clone();
    let uuid = world.open_ticket(ticket);
    let deny_mode = match knobs.deny_mode {
        DenyMode::None => "none",
        DenyMode::StateOnly => "stateOnly",
        DenyMode::Authdeny => "authdeny",
    };
    let look = Look::of(&parameters);
    let words = look.words;
    let style_sheet = look.style_sheet.as_ref();
    let link = style_sheet.map(|sheet| render(STYLE_SHEET, &[("address", Fill::Text(&sheet.address))]));
    let offers_fast_login = knobs.fast_login && !look.refuses_fast_login;
    page_with_styles(
        QR_CONNECT,
        &[
            ("uuid", Fill::Text(&uuid)),
            ("app", Fill::Text(&app_id)),
            ("language", Fill::Text(words.language)),
            ("title", Fill::Text(words.title)),
            ("alt", Fill::Text(words.alt)),
            ("tip", Fill::Text(words.tip)),
            ("scanned", Fill::Text(words.scanned)),
            ("cancelled", Fill::Text(words.cancelled)),
            ("continue", Fill::Text(words.go_on)),
            ("phone", Fill::Text(words.phone)),
            ("fastlabel", Fill::Text(words.fast_login)),
            ("look", Fill::Text(&look.classes)),
            ("scheme", Fill::Text(look.color_scheme)),
            ("stylesheet", Fill::Markup(link.as_deref().unwrap_or_default())),
            ("prefix", Fill::Text(&prefix)),
            ("state", Fill::Text(&state)),
            ("self", Fill::Text(bool_text(parameters.get("self_redirect") == Some("true")))),
            ("deny", Fill::Text(deny_mode)),
            ("double", Fill::Text(bool_text(knobs.double_callback))),
            ("fast", Fill::Text(if offers_fast_login { "" } else { "hidden" })),
        ],
        style_sheet.map_or("", |sheet| &sheet.source),
    )
}

/// The page inside WeChat: a question for `snsapi_userinfo`, none for `snsapi_base`.
pub(crate) async fn inside_wechat(
    State(world): State<Arc<World>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let parameters = Parameters::parse(query.as_deref(), b"");
    let knobs = world.contents().knobs.clone();
    let agent = headers.get(USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or_default();
    if knobs.require_wechat_browser && !agent.contains("MicroMessenger") {
        return error_page(PageError { code: None, text: "请在微信客户端打开链接" });
    }
    match check(&world, &parameters, query.as_deref(), &knobs, Flow::InsideWeChat) {
        Ok(ticket) => {
            let is_silent = ticket.scope == "snsapi_base";
            let uuid = world.open_ticket(ticket);
            if is_silent { phone::answer_silently(&world, &uuid) } else { phone::question(&world, &uuid) }
        }
        Err(error) => error_page(error),
    }
}

fn check(
    world: &World,
    parameters: &Parameters,
    query: Option<&str>,
    knobs: &Knobs,
    flow: Flow,
) -> Result<Ticket, PageError> {
    let fail = |code, text| Err(PageError { code, text });
    let refuse = |code| fail(Some(code), text_of(code));
    if let Some(code) = knobs.page_error {
        return refuse(code);
    }
    let value = |name| parameters.get(name).unwrap_or_default();
    let (app_id, redirect_uri, scope) = (value("appid"), value("redirect_uri"), value("scope"));
    if app_id.is_empty() {
        return refuse(10012);
    }
    if redirect_uri.is_empty() {
        return refuse(10011);
    }
    if scope.is_empty() {
        return refuse(10010);
    }
    if DOCUMENTED_ORDER.iter().any(|name| parameters.is_repeated(name)) {
        return fail(None, "该链接无法访问");
    }
    // The script that makes frames says where it comes from, and leaves the rest to the page.
    let is_framed = flow == Flow::QrCode && value("login_type") == "jssdk";
    let response_type = parameters.get("response_type").or(is_framed.then_some("code"));
    if response_type != Some("code") {
        return fail(None, "response_type 参数错误");
    }
    let is_strict = match flow {
        Flow::QrCode => knobs.strict_order_qrconnect && !is_framed,
        Flow::InsideWeChat => knobs.strict_order,
    };
    if is_strict && !parameters.are_ordered(&DOCUMENTED_ORDER) {
        return fail(Some(10010), "Scope 参数错误或没有 Scope 权限");
    }
    if knobs.strict_encoding && !is_encoded_completely(query.unwrap_or_default()) {
        return refuse(10003);
    }
    let state = value("state");
    if flow == Flow::InsideWeChat {
        if state.len() > knobs.state_max {
            return fail(None, "state 参数过长");
        }
        if !state.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return fail(None, "state 参数错误");
        }
    }
    let scopes: &[&str] = match flow {
        Flow::QrCode => &["snsapi_login"],
        Flow::InsideWeChat => &["snsapi_base", "snsapi_userinfo"],
    };
    let created = world.now();
    let mut contents = world.contents();
    let Some(app) = contents.apps.resolve(app_id) else {
        return fail(None, "该链接无法访问");
    };
    match (app.kind, flow) {
        (AppKind::Website, Flow::InsideWeChat) => {
            return refuse(10016);
        }
        (AppKind::ServiceAccount, Flow::QrCode) => {
            return refuse(10005);
        }
        _ => {}
    }
    if !scopes.contains(&scope) {
        return refuse(10005);
    }
    if !app.callback.allows(redirect_uri, knobs.refuse_ports) {
        return refuse(10003);
    }
    Ok(Ticket {
        app_id: app_id.to_owned(),
        redirect_uri: redirect_uri.to_owned(),
        scope: scope.to_owned(),
        state: state.to_owned(),
        wants_one_callback: value("connect_redirect") == "1",
        flow,
        created,
        stage: Stage::Waiting,
    })
}

/// What WeChat's error page says with a code.
fn text_of(code: u32) -> &'static str {
    match code {
        10003 => "redirect_uri 参数错误",
        10004 => "此公众号被封禁",
        10005 => "Scope 参数错误或没有 Scope 权限",
        10006 => "请先关注此测试号",
        10009 => "操作太频繁，请稍后再试",
        10010 => "\"scope\" cannot be left blank.",
        10011 => "\"redirect_uri\" cannot be left blank.",
        10012 => "\"appid\" cannot be left blank.",
        10013 => "\"state\" cannot be left blank.",
        10015 => "公众号未授权第三方平台，请检查授权状态",
        10016 => "不支持在此使用开放平台的 appid",
        _ => "该链接无法访问",
    }
}

fn is_encoded_completely(query: &str) -> bool {
    let value = query.split('&').find_map(|pair| pair.strip_prefix("redirect_uri="));
    value.is_none_or(|value| !value.contains([':', '/', '?', '=']))
}

fn bool_text(flag: bool) -> &'static str {
    if flag { "true" } else { "false" }
}

/// WeChat's error page has HTTP status 200.
fn error_page(error: PageError) -> Response {
    let code = error.code.map(|code| format!("Error code: {code}")).unwrap_or_default();
    page(ERROR, &[("text", Fill::Text(error.text)), ("code", Fill::Text(&code))])
}
