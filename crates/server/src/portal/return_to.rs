use mti_registry::Snapshot;
use serde::Serialize;
use url::Url;

/// Where browsers may be sent on to: an origin, and what is below a path there.
#[derive(Debug, Serialize)]
pub(super) struct Destination {
    origin: String,
    /// Without a slash at its end.
    path: String,
}

/// The applications that the running app names in `settings.returnTo`. Those of its parents are not asked: whoever runs the
/// app decides where its users may be sent.
pub(super) fn destinations(snapshot: &Snapshot) -> Vec<Destination> {
    let running = snapshot.chain().apps.first();
    let entries = running.into_iter().flat_map(|app| app.manifest.return_to());
    // What is no URL is an error of the `app.json`, which was reported when it was read.
    entries.filter_map(|entry| Url::parse(entry).ok()).filter_map(|url| destination(&url)).collect()
}

fn destination(url: &Url) -> Option<Destination> {
    let is_page = matches!(url.scheme(), "http" | "https");
    is_page.then(|| Destination {
        origin: url.origin().ascii_serialization(),
        path: url.path().trim_end_matches('/').to_owned(),
    })
}
