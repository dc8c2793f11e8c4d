use axum::body::{Body, Bytes};
use axum::http::Response;
use axum::http::header::{HeaderMap, HeaderValue};
use mti_element::ElementDefinition;

use crate::page;
use crate::portal::static_file;
use crate::site::Site;

/// A front-end file of an element: `elements/{element/path}/{file}`, where the file lies under the element's `frontend/` directory.
///
/// The longest part of the path that names an element is the element; what is left is the file.
pub(crate) async fn answer(site: &Site, segments: Vec<String>, headers: &HeaderMap) -> Response<Body> {
    let Some(wanted) = find(site, &segments) else {
        return page::not_found();
    };
    let app = site.app.clone();
    let (element, file) = (wanted.element, wanted.file);
    let read = tokio::task::spawn_blocking(move || app.frontend_file(&element, &file)).await;
    match read {
        Ok(Some(content)) => {
            let tag = static_file::tag(&content);
            static_file::answer(
                Bytes::from(content),
                wanted.content_type,
                &tag,
                static_file::Freshness::Revalidated,
                headers,
            )
        }
        Ok(None) => page::not_found(),
        Err(_) => {
            tracing::error!("reading a front-end file panicked");
            page::failure(axum::http::StatusCode::INTERNAL_SERVER_ERROR, &[])
        }
    }
}

struct Wanted {
    element: String,
    file: String,
    content_type: HeaderValue,
}

fn find(site: &Site, segments: &[String]) -> Option<Wanted> {
    let (last, name) = segments.split_last()?;
    let content_type = content_type(last)?;
    let view = site.app.view();
    let (length, definition) = (1..=name.len()).rev().find_map(|length| {
        let parts: &[String] = name.get(..length)?;
        let is_name = parts.iter().all(|part| !part.contains('.'));
        let name = is_name.then(|| parts.join("."))?;
        // What is unknown is not asked for: an author would be told of all names that are like it.
        let definition = view.contains(&name).then(|| view.definition(&name).ok()).flatten()?;
        Some((length, definition))
    })?;
    let file = segments.get(length..)?;
    let is_shown = file.iter().all(|segment| !segment.starts_with('.')) && !is_configuration(&definition, file);
    is_shown.then(|| Wanted { element: definition.name.to_string(), file: file.join("/"), content_type })
}

/// Whether a file is what an element is declared or configured with. Secrets are in such files, wherever they lie.
fn is_configuration(definition: &ElementDefinition, file: &[String]) -> bool {
    let Some(name) = file.last() else { return true };
    let own = format!("{}.json", definition.name.last_segment());
    let named = definition.manifest_value("frontBundleEntry").and_then(|entry| entry.as_str()).unwrap_or_default();
    let named = named.rsplit('/').next().unwrap_or_default();
    let is = |other: &str| name.eq_ignore_ascii_case(other);
    ["e.json", "app.json", "config.json", "initData.json"].into_iter().any(is)
        || is(&own)
        || (is(named) && named.to_ascii_lowercase().ends_with(".json"))
}

/// What a front end is made of. Nothing else is handed out.
fn content_type(file: &str) -> Option<HeaderValue> {
    let (_, extension) = file.rsplit_once('.')?;
    let content_type = match extension.to_ascii_lowercase().as_str() {
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "html" => "text/html; charset=utf-8",
        "json" | "map" => "application/json",
        "txt" | "ts" => "text/plain; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        _ => return None,
    };
    Some(HeaderValue::from_static(content_type))
}
