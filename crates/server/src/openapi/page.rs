use std::collections::BTreeMap;
use std::fmt::Write as _;

use mti_core::manifest::Argument;
use mti_element::{Fail, Value};

use super::Context;
use super::interface::{CallableElement, CallableFunction, Interface};
use super::schema;
use crate::language::Language;
use crate::page::escape;

/// The page that people read. It has no script: links within the page and the browser's own search are what finds things in it.
pub(super) fn write(interface: &Interface, context: &Context, language: Language) -> String {
    let mut page = Page { html: String::with_capacity(16 * 1024), texts: Texts::of(language) };
    page.head(interface, context, language);
    page.contents(interface);
    for element in &interface.elements {
        page.element(element);
    }
    page.failures(interface);
    page.html.push_str("</main>\n</body>\n</html>\n");
    page.html
}

struct Texts {
    interface: &'static str,
    call: &'static str,
    answer: &'static str,
    document: &'static str,
    portal: &'static str,
    contents: &'static str,
    anonymous: &'static str,
    signed_in: &'static str,
    no_arguments: &'static str,
    argument: &'static str,
    data_type: &'static str,
    meaning: &'static str,
    required: &'static str,
    default: &'static str,
    result: &'static str,
    anything: &'static str,
    failures: &'static str,
    failure: &'static str,
    status: &'static str,
    nothing: &'static str,
}

impl Texts {
    fn of(language: Language) -> Self {
        let english = Self {
            interface: "Functions that can be called over HTTP",
            call: "Each is called with POST and a JSON object of named arguments:",
            answer: "The answer is an envelope. On success errcode is 0 and data is the result; otherwise error is the name of the failure and errmsg a sentence about it.",
            document: "OpenAPI document",
            portal: "Sign-in page",
            contents: "Elements",
            anonymous: "open to all",
            signed_in: "sign-in required",
            no_arguments: "No arguments.",
            argument: "Argument",
            data_type: "Type",
            meaning: "Meaning",
            required: "required",
            default: "otherwise",
            result: "Result",
            anything: "any",
            failures: "Failures",
            failure: "Name",
            status: "HTTP",
            nothing: "This app has no functions that can be called.",
        };
        let chinese = Self {
            interface: "可通过 HTTP 调用的函数",
            call: "使用 POST 方法调用，请求体是由命名参数组成的 JSON 对象：",
            answer: "应答是一个统一的信封。成功时 errcode 为 0，data 为结果；失败时 error 为错误名称，errmsg 为说明。",
            document: "OpenAPI 文档",
            portal: "登录页面",
            contents: "元素",
            anonymous: "无需登录",
            signed_in: "需要登录",
            no_arguments: "没有参数。",
            argument: "参数",
            data_type: "类型",
            meaning: "含义",
            required: "必填",
            default: "默认",
            result: "结果",
            anything: "任意",
            failures: "错误",
            failure: "名称",
            status: "HTTP",
            nothing: "此应用没有可调用的函数。",
        };
        language.choose(english, chinese)
    }
}

struct Page {
    html: String,
    texts: Texts,
}

/// Writing to a string cannot fail, so what `write!` answers is dropped.
impl Page {
    fn head(&mut self, interface: &Interface, context: &Context, language: Language) {
        let Texts { interface: heading, call, answer, document, portal, .. } = &self.texts;
        let (title, app, version) = (escape(&interface.title), escape(&interface.app_id), escape(&interface.version));
        let (language, assets) = (language.tag(), escape(&context.portal));
        let url = escape(&format!("{}{}", context.server, context.base));
        let _ = write!(
            self.html,
            r#"<!doctype html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}: {heading}</title>
<link rel="icon" type="image/svg+xml" href="{assets}portal/icon.svg">
<link rel="stylesheet" href="{assets}portal/pages.css">
</head>
<body>
<main>
<header>
<p class="quiet">{app} {version}</p>
<h1>{title}</h1>
<p>{heading}</p>
<p><a class="button" href="openapi.json">{document}</a> <a class="button plain" href="{assets}">{portal}</a></p>
</header>
<p>{call}</p>
<pre tabindex="0">curl -X POST {url}/<i>element/path</i>/<i>function</i> -H 'content-type: application/json' -d '{{…}}'</pre>
<p>{answer}</p>
"#
        );
    }

    fn contents(&mut self, interface: &Interface) {
        if interface.elements.is_empty() {
            let _ = writeln!(self.html, "<p>{}</p>", self.texts.nothing);
            return;
        }
        let _ = writeln!(
            self.html,
            "<nav aria-labelledby=\"contents\">\n<h2 id=\"contents\">{}</h2>\n<ul>",
            self.texts.contents
        );
        for element in &interface.elements {
            let (name, title) = (escape(element.definition.name.as_str()), escape(&element.definition.title));
            let _ = writeln!(self.html, "<li><a href=\"#{name}\"><code>{name}</code></a> {title}</li>");
        }
        self.html.push_str("</ul>\n</nav>\n");
    }

    fn element(&mut self, element: &CallableElement) {
        let definition = &element.definition;
        let (name, title) = (escape(definition.name.as_str()), escape(&definition.title));
        let _ = writeln!(
            self.html,
            "<section aria-labelledby=\"{name}\">\n<h2 id=\"{name}\">{title}</h2>\n<p class=\"quiet\"><code>{name}</code></p>"
        );
        if let Some(description) = &definition.header.description {
            let _ = writeln!(self.html, "<p>{}</p>", escape(description));
        }
        for function in &element.functions {
            self.function(definition.name.as_str(), function);
        }
        self.html.push_str("</section>\n");
    }

    fn function(&mut self, element: &str, function: &CallableFunction) {
        let declared = &function.declared;
        let id = escape(&format!("{element}.{}", declared.name));
        let (name, path) = (escape(&declared.name), escape(&function.path));
        let (kind, access) =
            if declared.login_required { ("closed", self.texts.signed_in) } else { ("open", self.texts.anonymous) };
        let title = declared.title.as_deref().map(escape).unwrap_or_default();
        let _ = writeln!(
            self.html,
            "<article aria-labelledby=\"{id}\">\n<h3 id=\"{id}\"><code>{name}</code> {title} <span class=\"badge {kind}\">{access}</span></h3>\n<p class=\"path\"><code>POST {path}</code></p>"
        );
        if let Some(description) = &declared.desc {
            let _ = writeln!(self.html, "<p>{}</p>", escape(description));
        }
        self.arguments(&declared.args);
        let result = declared.return_type.as_deref().map_or_else(|| self.texts.anything.to_owned(), escape);
        let own = function.failures.values().flatten().map(|kind| kind.name).collect::<Vec<_>>().join(", ");
        let _ = writeln!(
            self.html,
            "<p>{}: <code>{result}</code></p>\n<details><summary>{}</summary><p class=\"path\">{own}</p></details>\n</article>",
            self.texts.result, self.texts.failures
        );
    }

    fn arguments(&mut self, arguments: &[Argument]) {
        if arguments.is_empty() {
            let _ = writeln!(self.html, "<p>{}</p>", self.texts.no_arguments);
            return;
        }
        let Texts { argument, data_type, meaning, .. } = &self.texts;
        let _ = writeln!(
            self.html,
            "<div class=\"wide\" tabindex=\"0\" role=\"group\" aria-label=\"{argument}\"><table>\n<thead><tr><th scope=\"col\">{argument}</th><th scope=\"col\">{data_type}</th><th scope=\"col\">{meaning}</th></tr></thead>\n<tbody>"
        );
        for argument in arguments {
            let name = escape(&argument.name);
            let data_type = argument.data_type.as_deref().map_or_else(|| self.texts.anything.to_owned(), escape);
            let mut meaning = argument.title.as_deref().map(escape).unwrap_or_default();
            if let Some(description) = argument.schema.get("description").and_then(Value::as_str) {
                let _ = write!(meaning, " {}", escape(description));
            }
            if schema::must_be_given(argument) {
                let _ = write!(meaning, " <span class=\"badge\">{}</span>", self.texts.required);
            } else if let Some(value) = &argument.value {
                let _ = write!(meaning, " ({} <code>{}</code>)", self.texts.default, escape(&value.to_string()));
            }
            let _ = writeln!(
                self.html,
                "<tr><th scope=\"row\"><code>{name}</code></th><td><code>{data_type}</code></td><td>{meaning}</td></tr>"
            );
        }
        self.html.push_str("</tbody>\n</table></div>\n");
    }

    fn failures(&mut self, interface: &Interface) {
        let functions = interface.elements.iter().flat_map(|element| &element.functions);
        let kinds: BTreeMap<(u32, &str), Fail> = functions
            .flat_map(|function| function.failures.values().flatten())
            .map(|kind| ((kind.errcode, kind.name), *kind))
            .collect();
        if kinds.is_empty() {
            return;
        }
        let Texts { failures, failure, status, meaning, .. } = &self.texts;
        let _ = writeln!(
            self.html,
            "<section aria-labelledby=\"failures\">\n<h2 id=\"failures\">{failures}</h2>\n<div class=\"wide\" tabindex=\"0\" role=\"group\" aria-labelledby=\"failures\"><table>\n<thead><tr><th scope=\"col\">{failure}</th><th scope=\"col\">errcode</th><th scope=\"col\">{status}</th><th scope=\"col\">{meaning}</th></tr></thead>\n<tbody>"
        );
        for kind in kinds.values() {
            let _ = writeln!(
                self.html,
                "<tr><th scope=\"row\"><code>{}</code></th><td>{}</td><td>{}</td><td lang=\"en\">{}</td></tr>",
                escape(kind.name),
                kind.errcode,
                kind.http_status,
                escape(kind.message)
            );
        }
        self.html.push_str("</tbody>\n</table></div>\n</section>\n");
    }
}
