use mti_wechat::{AuthorizeRequest, DEFAULT_SCOPE, Endpoints, PageLanguage};
use proptest::prelude::*;

fn request<'a>(redirect_uri: &'a str, state: &'a str) -> AuthorizeRequest<'a> {
    AuthorizeRequest { app_id: "wx0123456789abcdef", redirect_uri, scope: DEFAULT_SCOPE, state, language: None }
}

#[test]
fn the_address_has_the_documented_form() {
    let endpoints = Endpoints::new(None, None).unwrap();
    let request = request("https://shop.example/a/b?c=d e&f=é", "3d6be0a4035d839573b04816624a415e");
    assert_eq!(
        request.url(&endpoints).as_str(),
        "https://open.weixin.qq.com/connect/qrconnect?appid=wx0123456789abcdef\
         &redirect_uri=https%3A%2F%2Fshop.example%2Fa%2Fb%3Fc%3Dd%20e%26f%3D%C3%A9\
         &response_type=code&scope=snsapi_login&state=3d6be0a4035d839573b04816624a415e#wechat_redirect"
    );
}

#[test]
fn a_language_comes_last() {
    let endpoints = Endpoints::new(None, None).unwrap();
    for (language, written) in [(PageLanguage::English, "en"), (PageLanguage::Chinese, "cn")] {
        let request = AuthorizeRequest { language: Some(language), ..request("https://a.example/", "s") };
        assert!(request.url(&endpoints).as_str().ends_with(&format!("&state=s&lang={written}#wechat_redirect")));
    }
}

#[test]
fn a_base_address_may_have_a_path() {
    for base in ["http://127.0.0.1:9000/we/chat", "http://127.0.0.1:9000/we/chat/"] {
        let endpoints = Endpoints::new(Some(base), None).unwrap();
        assert_eq!(request("u", "s").url(&endpoints).path(), "/we/chat/connect/qrconnect");
    }
}

proptest! {
    #[test]
    fn whatever_goes_in_comes_out(redirect_uri in ".*", state in ".*") {
        let endpoints = Endpoints::new(None, None).unwrap();
        let address = request(&redirect_uri, &state).url(&endpoints);
        let pairs: Vec<_> = address.query_pairs().into_owned().collect();
        let names: Vec<_> = pairs.iter().map(|(name, _)| name.as_str()).collect();
        prop_assert_eq!(names, ["appid", "redirect_uri", "response_type", "scope", "state"]);
        prop_assert_eq!(&pairs[1].1, &redirect_uri);
        prop_assert_eq!(&pairs[4].1, &state);
        prop_assert_eq!(address.fragment(), Some("wechat_redirect"));
    }
}
