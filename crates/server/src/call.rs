use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::header::{ACCEPT_ENCODING, ALLOW, CONTENT_ENCODING, HeaderName, HeaderValue};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, Response, StatusCode};
use futures_util::FutureExt as _;
use mti_core::manifest::Function;
use mti_element::{AppView, CallContext, ElementDefinition, Fail, Failure, Map, Principal, Secret, Value, Visitor};

use crate::arguments;
use crate::caller::{AskingPage, Credential};
use crate::envelope::{self, Refusal};
use crate::exchange::Exchange;
use crate::known_tokens::KnownToken;
use crate::percent::encode_segment;
use crate::route::CallPath;
use crate::site::Site;

/// Who called, percent-encoded: for proxies, which ask for `currentUser` and read no body.
const USER_HEADER: HeaderName = HeaderName::from_static("x-mti-user");

/// One call of a function of an element, from outside.
pub(crate) struct Call<'a> {
    site: &'a Site,
    exchange: &'a Exchange,
    path: CallPath,
    /// The element and the function, once they are known to be there.
    target: Option<Target>,
    visitor: Option<Arc<Visitor>>,
}

/// A function that may be called from outside.
struct Target {
    definition: Arc<ElementDefinition>,
    index: usize,
}

impl Target {
    fn function(&self) -> Option<&Function> {
        self.definition.functions.get(self.index)
    }
}

impl<'a> Call<'a> {
    pub(crate) fn new(site: &'a Site, exchange: &'a Exchange, path: CallPath) -> Self {
        Self { site, exchange, path, target: None, visitor: None }
    }

    /// Answers it, whatever the element does: panics and takes its time included.
    pub(crate) async fn answer(mut self, head: &Parts, body: Result<Bytes, Refusal>) -> Response<Body> {
        let limit = self.site.options.limits.request_timeout;
        let outcome = guarded(limit, self.perform_request(head, body)).await;
        self.report(&outcome);
        let mut response = match &outcome {
            Ok(data) => envelope::success(self.exchange, data),
            Err(refusal) => envelope::failure(self.exchange, refusal),
        };
        let accepted = match response.status() {
            StatusCode::METHOD_NOT_ALLOWED => Some((ALLOW, HeaderValue::from_static("POST"))),
            StatusCode::UNSUPPORTED_MEDIA_TYPE => Some((ACCEPT_ENCODING, HeaderValue::from_static("identity"))),
            _ => None,
        };
        response.headers_mut().extend(accepted);
        if let Some(visitor) = &self.visitor {
            self.site.cookies.answer(visitor, response.headers_mut());
            let user = visitor.principal.as_ref().filter(|_| outcome.is_ok());
            let user = user.and_then(|user| HeaderValue::try_from(encode_segment(&user.user_id)).ok());
            response.headers_mut().extend(user.map(|user| (USER_HEADER, user)));
        }
        response
    }

    /// Answers it inside another web framework, with the same rules. Returns the visitor too, who knows which cookies to
    /// set, once they are known.
    pub(crate) async fn visit(
        mut self,
        page: &AskingPage<'_>,
        headers: &HeaderMap,
        cookies: Vec<(String, Secret)>,
        arguments: Map<String, Value>,
    ) -> (Result<Value, Refusal>, Option<Arc<Visitor>>) {
        let limit = self.site.options.limits.request_timeout;
        let performing = self.perform(page, headers, cookies, |function| arguments::complete(arguments, function));
        let outcome = guarded(limit, performing).await;
        self.report(&outcome);
        (outcome, self.visitor)
    }

    async fn perform_request(&mut self, head: &Parts, body: Result<Bytes, Refusal>) -> Result<Value, Refusal> {
        let site = self.site;
        let body = body?;
        if head.method != Method::POST {
            return Err(method_not_allowed());
        }
        refuse_encoded(&head.headers)?;
        let page = AskingPage::of_request(&head.headers, &site.origin);
        let cookies = site.cookies.sent(&head.headers);
        self.perform(&page, &head.headers, cookies, |function| arguments::parse(&body, function)).await
    }

    /// Everything that a call has to pass, whichever way it came in.
    async fn perform(
        &mut self,
        page: &AskingPage<'_>,
        headers: &HeaderMap,
        cookies: Vec<(String, Secret)>,
        read_arguments: impl FnOnce(&Function) -> Result<Value, Refusal>,
    ) -> Result<Value, Refusal> {
        let site = self.site;
        let credential = Credential::of(headers, &cookies, site.options.authenticator.cookie_name());
        let view = site.app.view();
        let principal = self.authenticate(credential, &view, page, headers).await?;
        if principal.is_none() {
            self.count_anonymous(headers)?;
            page.refuse_foreign_form()?;
        }
        let target = self.target.insert(find(&*view, &self.path)?);
        let Some(function) = target.function() else {
            return Err(Refusal::new(Fail::FUNCTION_NOT_FOUND));
        };
        refuse_stranger(function, principal.as_ref())?;
        let arguments = read_arguments(function)?;
        let visitor = Arc::new(Visitor::new(self.exchange.address, principal, cookies));
        self.visitor = Some(Arc::clone(&visitor));
        // The declaration was read from this snapshot, so the call runs on it too.
        let live = view.live(&self.path.element).map_err(Refusal::of_element)?;
        let context = CallContext::remote(view, visitor);
        live.call(&context, &function.name, arguments).await.map_err(Refusal::of_element)
    }

    /// Who calls. Invalid tokens are counted, and after too many of them no token is looked up any more but those that were
    /// good before.
    async fn authenticate(
        &self,
        credential: Credential,
        view: &Arc<dyn AppView>,
        page: &AskingPage<'_>,
        headers: &HeaderMap,
    ) -> Result<Option<Principal>, Refusal> {
        let Some(token) = credential.token() else { return Ok(None) };
        let Some(limiter) = &self.site.failed_tokens else {
            return credential.authenticate(self.site, view, page).await;
        };
        let known = self.site.known_tokens.place_of(token);
        if !known.as_ref().is_some_and(KnownToken::is_good) {
            limiter.check(self.exchange.address).map_err(|wait| self.too_often(wait, headers))?;
        }
        let principal = credential.authenticate(self.site, view, page).await?;
        if let Some(known) = known {
            known.note(principal.is_some());
        }
        if principal.is_none() {
            // The next one is refused, if this was one too many.
            limiter.admit(self.exchange.address).ok();
        }
        Ok(principal)
    }

    fn count_anonymous(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        let Some(limiter) = &self.site.anonymous_calls else {
            return Ok(());
        };
        limiter.admit(self.exchange.address).map_err(|wait| self.too_often(wait, headers))
    }

    fn too_often(&self, wait: Duration, headers: &HeaderMap) -> Refusal {
        self.tell_of_proxy(headers);
        Refusal::new(Fail::RATE_LIMITED.failure().retry_after(wait.as_secs() + 1))
    }

    /// Says, once, that visitors may be refused for what others did: where no proxy is trusted and somebody who calls too often says that he
    /// calls for others.
    fn tell_of_proxy(&self, headers: &HeaderMap) {
        let site = self.site;
        let says_so = headers.contains_key("x-forwarded-for") || headers.contains_key("forwarded");
        let is_news = site.options.trusted_proxies.networks.is_empty()
            && says_so
            && !site.has_told_of_proxy.swap(true, Ordering::Relaxed);
        if is_news {
            tracing::warn!(
                address = %self.exchange.address,
                "this address has called too often and says that it calls for others: if it is a proxy of yours, trust it (`--trusted-proxy`), so that visitors are counted apart"
            );
        }
    }

    /// Writes down how it went: in the log and in the counters. Names that were only asked for are in neither.
    fn report(&self, outcome: &Result<Value, Refusal>) {
        let name = match outcome {
            Ok(_) => "ok",
            Err(refusal) => refusal.failure.kind().name,
        };
        let (element, function) = match &self.target {
            Some(target) => {
                (target.definition.name.as_str(), target.function().map_or("", |function| function.name.as_str()))
            }
            None => ("", ""),
        };
        let span = tracing::Span::current();
        span.record("element", element).record("function", function).record("outcome", name);
        if let Err(refusal) = outcome
            && refusal.is_of_element
        {
            let message = refusal.failure.operator_message();
            if refusal.status().is_server_error() {
                tracing::error!(element, function, "{message}");
            } else {
                tracing::warn!(element, function, "{message}");
            }
        }
        self.site.metrics.count_call(element, function, name, self.exchange.started.elapsed());
    }
}

/// Performs a call that may panic, or never end.
async fn guarded(limit: Duration, performing: impl Future<Output = Result<Value, Refusal>>) -> Result<Value, Refusal> {
    // Pinned before it is wrapped: the wrappers would move it otherwise.
    let performing = pin!(performing);
    match tokio::time::timeout(limit, AssertUnwindSafe(performing).catch_unwind()).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(panic)) => Err(Refusal::of_element(panicked(&*panic))),
        Err(_) => {
            let note = format!("the call took longer than {} seconds and was given up", limit.as_secs());
            Err(Refusal::of_element(Fail::ELEMENT_EXCEPTION.failure().noting(note)))
        }
    }
}

/// The answer to a path below `/api/` that can be no function of this app.
pub(crate) fn unknown(exchange: &Exchange, method: &Method, body: Result<Bytes, Refusal>) -> Response<Body> {
    let refusal = match body {
        Err(refusal) => refusal,
        Ok(_) if *method == Method::POST => Refusal::new(Fail::ELEMENT_NOT_FOUND),
        Ok(_) => method_not_allowed(),
    };
    let mut response = envelope::failure(exchange, &refusal);
    if refusal.status() == StatusCode::METHOD_NOT_ALLOWED {
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
    }
    tracing::Span::current().record("outcome", refusal.failure.kind().name);
    response
}

/// The function that a path names, if it may be called from outside.
fn find(view: &dyn AppView, path: &CallPath) -> Result<Target, Refusal> {
    if path.function.is_empty() {
        let message = "the path of a call ends with the name of the function, without a slash behind it";
        return Err(Refusal::new(Fail::FUNCTION_NOT_FOUND.because(message)));
    }
    // That a name is unknown is the visitor's business; that an element is broken is the operator's.
    if !view.contains(&path.element) {
        return Err(Refusal::new(Fail::ELEMENT_NOT_FOUND));
    }
    let definition = view.definition(&path.element).map_err(Refusal::of_element)?;
    match definition.functions.iter().position(|function| function.name == path.function) {
        Some(index) => Ok(Target { definition, index }),
        None => Err(Refusal::new(Fail::FUNCTION_NOT_FOUND)),
    }
}

fn refuse_stranger(function: &Function, principal: Option<&Principal>) -> Result<(), Refusal> {
    if function.login_required && principal.is_none() {
        return Err(Refusal::new(Fail::LOGIN_REQUIRED));
    }
    Ok(())
}

/// Refuses a compressed body: what it grows to is not bounded by what was sent.
fn refuse_encoded(headers: &HeaderMap) -> Result<(), Refusal> {
    let is_plain = |encoding: &HeaderValue| encoding.as_bytes().trim_ascii().eq_ignore_ascii_case(b"identity");
    if headers.get_all(CONTENT_ENCODING).iter().all(is_plain) {
        return Ok(());
    }
    let refusal = Refusal::new(Fail::API_PARAMS_ERROR.because("the body must not be compressed"));
    Err(refusal.with_status(StatusCode::UNSUPPORTED_MEDIA_TYPE))
}

fn method_not_allowed() -> Refusal {
    Refusal::new(Fail::API_PARAMS_ERROR.because("functions are called with the method `POST`"))
        .with_status(StatusCode::METHOD_NOT_ALLOWED)
}

fn panicked(panic: &(dyn Any + Send)) -> Failure {
    let message = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("without a message");
    let message: String = message.chars().take(200).collect();
    Fail::ELEMENT_EXCEPTION.failure().noting(format!("the call panicked: {message}"))
}
