use mti_element::AppView;
use url::Url;

/// The address under which browsers reach this installation: a resource of the process, `http://127.0.0.1:8080` when
/// there is none.
#[derive(Debug, Clone)]
pub struct PublicUrl(pub Url);

impl PublicUrl {
    /// The address of this process.
    pub(crate) fn of(app: &dyn AppView) -> Option<Url> {
        match app.resources().get::<Self>() {
            Some(address) => Some(address.0.clone()),
            None => Url::parse("http://127.0.0.1:8080").ok(),
        }
    }
}

/// Where browsers come back to when nothing else is configured: `<public URL>/{org}/{app}/auth/callback`.
pub(crate) fn default_callback(app: &dyn AppView) -> Option<Url> {
    let mut address = PublicUrl::of(app)?;
    let id = &app.key().id;
    address.path_segments_mut().ok()?.pop_if_empty().extend([id.org(), id.name(), "auth", "callback"]);
    address.set_query(None);
    address.set_fragment(None);
    Some(address)
}

/// An address that a browser may be sent back to: absolute, http or https, without credentials or a fragment.
pub(crate) fn callback_address(text: &str) -> Option<Url> {
    // The URL standard forgives white space, control characters and backslashes, and so hides where an address leads.
    let is_plain = text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    let (scheme, rest) = text.split_once("://")?;
    let is_web = scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("http");
    if !is_plain || !is_web || rest.starts_with('/') {
        return None;
    }
    let address = Url::parse(text).ok()?;
    let is_bare = address.username().is_empty() && address.password().is_none() && address.fragment().is_none();
    (is_bare && address.has_host()).then_some(address)
}
