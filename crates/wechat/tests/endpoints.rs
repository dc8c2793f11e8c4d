use mti_wechat::{DEFAULT_API, DEFAULT_OPEN, DEFAULT_POLL, EndpointError, Endpoints};

#[test]
fn the_defaults_are_wechat() {
    let endpoints = Endpoints::new(None, None).unwrap();
    assert_eq!(endpoints.open().as_str(), format!("{DEFAULT_OPEN}/"));
    assert_eq!(endpoints.api().as_str(), format!("{DEFAULT_API}/"));
}

#[test]
fn what_stands_in_for_the_page_is_polled_unless_something_else_is_said() {
    let polled = |open| Endpoints::new(open, None).unwrap().poll().as_str().to_owned();
    assert_eq!(polled(None), format!("{DEFAULT_POLL}/"));
    assert_eq!(polled(Some("https://open.weixin.qq.com/")), format!("{DEFAULT_POLL}/"));
    assert_eq!(polled(Some("http://127.0.0.1:9000/wechat")), "http://127.0.0.1:9000/wechat");
    let elsewhere = Endpoints::new(None, None).unwrap().polled_at("https://long.open.weixin.qq.com").unwrap();
    assert_eq!(elsewhere.poll().as_str(), "https://long.open.weixin.qq.com/");
    let refused = Endpoints::new(None, None).unwrap().polled_at("http://long.open.weixin.qq.com");
    assert_eq!(refused, Err(EndpointError::NotEncrypted));
}

#[test]
fn plain_http_is_for_loopback_only() {
    for loopback in
        ["http://127.0.0.1:9000", "http://127.8.9.1", "http://[::1]:9000/", "http://localhost:9000", "HTTP://LOCALHOST"]
    {
        assert!(Endpoints::new(Some(loopback), Some(loopback)).is_ok(), "{loopback}");
    }
    for remote in [
        "http://api.weixin.qq.com",
        "http://128.0.0.1",
        "http://0.0.0.0:9000",
        "http://[::2]",
        "http://localhost.example.com",
        "http://127.0.0.1.example.com",
        "http://10.0.0.1",
    ] {
        let outcome = Endpoints::new(None, Some(remote));
        assert_eq!(outcome, Err(EndpointError::NotEncrypted), "{remote}");
    }
}

#[test]
fn an_address_is_nothing_but_an_address() {
    for (address, expected) in [
        ("", EndpointError::NotAnAddress),
        ("api.weixin.qq.com", EndpointError::NotAnAddress),
        ("/sns", EndpointError::NotAnAddress),
        ("ftp://api.weixin.qq.com", EndpointError::NotHttp),
        ("file:///etc/passwd", EndpointError::NotHttp),
        ("https://me@api.weixin.qq.com", EndpointError::HasUserInfo),
        ("https://:word@api.weixin.qq.com", EndpointError::HasUserInfo),
        ("https://127.0.0.1@evil.example", EndpointError::HasUserInfo),
        ("https://api.weixin.qq.com/?", EndpointError::HasQuery),
        ("https://api.weixin.qq.com/?a=b", EndpointError::HasQuery),
        ("https://api.weixin.qq.com/#top", EndpointError::HasFragment),
    ] {
        assert_eq!(Endpoints::new(Some(address), None), Err(expected), "{address}");
        assert_eq!(Endpoints::new(None, Some(address)), Err(expected), "{address}");
    }
}
