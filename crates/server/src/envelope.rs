use std::time::SystemTime;

use axum::body::Body;
use axum::http::header::{CACHE_CONTROL, CONNECTION, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use axum::http::{Response, StatusCode};
use mti_element::{Fail, Failure, Value};
use serde::Serialize;

use crate::exchange::{Exchange, unix_milliseconds};

/// What every call answers with.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Envelope<'a> {
    errcode: u32,
    errmsg: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'static str>,
    request_id: &'a str,
    sys_time: u64,
    duration: u64,
    data: Data<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Data<'a> {
    Given(&'a Value),
    Nothing {},
}

/// Why a call is not answered with a result.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) failure: Failure,
    status: Option<StatusCode>,
    closes: bool,
    pub(crate) is_of_element: bool,
}

impl Refusal {
    /// The refusal of this server itself.
    pub(crate) fn new(failure: impl Into<Failure>) -> Self {
        Self { failure: failure.into(), status: None, closes: false, is_of_element: false }
    }

    /// A failure that came out of an element, or out of what the app needs to answer at all.
    pub(crate) fn of_element(failure: Failure) -> Self {
        Self { is_of_element: true, ..Self::new(failure) }
    }

    /// The same under another HTTP status than its kind has.
    pub(crate) fn with_status(self, status: StatusCode) -> Self {
        Self { status: Some(status), ..self }
    }

    /// The same, and the connection is closed: what else arrives on it belongs to this request.
    pub(crate) fn closing(self) -> Self {
        Self { closes: true, ..self }
    }

    pub(crate) fn status(&self) -> StatusCode {
        let of_kind = || StatusCode::from_u16(self.failure.kind().http_status).ok();
        self.status.or_else(of_kind).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// The failure as a visitor may see it, for callers that show it themselves. What only the operator may read is left out.
    pub(crate) fn into_public(self) -> Failure {
        let kind = self.failure.kind();
        if !self.is_of_element {
            return self.failure;
        }
        if is_internal(kind) {
            return kind.failure();
        }
        let mut failure = kind.because(self.failure.message().to_owned());
        if let Some(data) = self.failure.data() {
            failure = failure.with_data(data.clone());
        }
        match self.failure.retry_after_seconds() {
            Some(seconds) => failure.retry_after(seconds),
            None => failure,
        }
    }

    /// What a visitor may read. Kinds whose message can name what is inside say no more than their name does.
    fn public_message(&self) -> &str {
        if self.is_of_element && is_internal(self.failure.kind()) {
            self.failure.kind().message
        } else {
            self.failure.message()
        }
    }

    fn public_data(&self) -> Data<'_> {
        match self.failure.data() {
            Some(data) if !is_internal(self.failure.kind()) => Data::Given(data),
            _ => Data::Nothing {},
        }
    }
}

fn is_internal(kind: Fail) -> bool {
    [Fail::ELEMENT_EXCEPTION, Fail::ELEMENT_NOT_FOUND, Fail::FUNCTION_NOT_FOUND].contains(&kind)
}

/// The answer to a call that succeeded.
pub(crate) fn success(exchange: &Exchange, data: &Value) -> Response<Body> {
    let envelope = Envelope {
        errcode: 0,
        errmsg: None,
        error: None,
        request_id: exchange.id.as_str(),
        sys_time: unix_milliseconds(SystemTime::now()),
        duration: exchange.milliseconds(),
        data: Data::Given(data),
    };
    response(StatusCode::OK, &envelope)
}

/// The answer to a call that failed.
pub(crate) fn failure(exchange: &Exchange, refusal: &Refusal) -> Response<Body> {
    let kind = refusal.failure.kind();
    let envelope = Envelope {
        errcode: kind.errcode,
        errmsg: Some(refusal.public_message()),
        error: Some(kind.name),
        request_id: exchange.id.as_str(),
        sys_time: unix_milliseconds(SystemTime::now()),
        duration: exchange.milliseconds(),
        data: refusal.public_data(),
    };
    let mut response = response(refusal.status(), &envelope);
    if let Some(seconds) = refusal.failure.retry_after_seconds() {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    if refusal.closes {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

fn response(status: StatusCode, envelope: &Envelope<'_>) -> Response<Body> {
    let mut text = Vec::with_capacity(512);
    // A `Value` always has a JSON form.
    let status = serde_json::to_writer(&mut text, envelope).map_or(StatusCode::INTERNAL_SERVER_ERROR, |()| status);
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
