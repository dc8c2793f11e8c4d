//! The QR code of the authorize page, its picture, and the poll.

use std::time::Duration;

use mti_wechat::{Endpoints, ErrorKind, MAX_BODY_LENGTH, QrCode, QrProgress, QrUuid, UnavailableCause, WeChatError};
use proptest::prelude::*;

use crate::support::{AMPLE, Reply, ScriptedServer, client};

const UUID: &str = "091AZFu52T9S000X";
const JPEG: &[u8] = b"\xFF\xD8\xFF\xE0 and so on";
const PAGE: &str = r#"<html><img class="qrcode lightBorder" src="/connect/qrcode/091AZFu52T9S000X"/></html>"#;

fn endpoints(server: &ScriptedServer) -> Endpoints {
    Endpoints::new(Some(&server.url()), None).unwrap()
}

async fn open_at(server: &ScriptedServer, path: &str) -> Result<QrCode, WeChatError> {
    let page = format!("{}{path}", server.url()).parse().unwrap();
    client().open_qr_code(&endpoints(server), page, AMPLE).await
}

async fn open(page: impl AsRef<[u8]>) -> Result<QrCode, WeChatError> {
    let server = ScriptedServer::start(vec![Reply::text(page), Reply::with("200 OK", "", JPEG)]).await;
    open_at(&server, "/connect/qrconnect").await
}

async fn poll(reply: Reply, seen: QrProgress, deadline: Duration) -> (Result<QrProgress, WeChatError>, String) {
    let server = ScriptedServer::start(vec![reply]).await;
    let uuid = QrUuid::parse(UUID).unwrap();
    let progress = client().follow_qr_code(&endpoints(&server), &uuid, seen, deadline).await;
    (progress, server.request_lines().concat())
}

async fn answered(body: impl AsRef<[u8]>) -> Result<QrProgress, WeChatError> {
    poll(Reply::text(body), QrProgress::Waiting, AMPLE).await.0
}

fn cause(error: WeChatError) -> UnavailableCause {
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    match error {
        WeChatError::Unavailable { cause, .. } => cause,
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn a_code_is_found_on_the_page_and_its_picture_is_fetched() {
    let server = ScriptedServer::start(vec![Reply::text(PAGE), Reply::with("200 OK", "", JPEG)]).await;
    let code = open_at(&server, "/connect/qrconnect?appid=wx&state=s#wechat_redirect").await.unwrap();
    assert_eq!((code.uuid.reveal(), code.picture.media_type, &*code.picture.bytes), (UUID, "image/jpeg", JPEG));
    assert_eq!(
        server.request_lines(),
        ["GET /connect/qrconnect?appid=wx&state=s HTTP/1.1", "GET /connect/qrcode/091AZFu52T9S000X HTTP/1.1"]
    );
    assert!(!format!("{code:?}").contains(UUID));
}

#[tokio::test]
async fn a_page_without_one_proper_code_is_refused() {
    for page in [
        "",
        "<p>redirect_uri \u{53c2}\u{6570}\u{9519}\u{8bef}</p>",
        r#"<img src="/connect/qrcode/">"#,
        r#"<img src="/connect/qrcode/short">"#,
        r#"<img src="/connect/qrcode/091AZFu52T9S000X"#,
        r#"<img src="/connect/qrcode/../../secrets/x">"#,
        r#"<img src="/connect/qrcode/091AZFu52T9S000X?x=1">"#,
        "\u{ff}/connect/qrcode/\u{e9}091AZFu52T9S000X\"",
        r#"<img src="/connect/qrcode/091AZFu52T9S000X"><img src="/connect/qrcode/091AZFu52T9S000Y">"#,
    ] {
        assert!(matches!(cause(open(page).await.unwrap_err()), UnavailableCause::Malformed(_)), "{page}");
    }
    let too_long = format!(r#"<img src="/connect/qrcode/{}">"#, "a".repeat(65));
    assert!(open(too_long).await.is_err());
    // The same one several times, and a script that makes an address of parts, are as WeChat's page has them.
    open(format!("<script>var a = '/connect/qrcode/' + b;</script>{PAGE}{PAGE}")).await.unwrap();
}

#[tokio::test]
async fn no_other_page_is_fetched() {
    let server = ScriptedServer::start(vec![Reply::text(PAGE); 2]).await;
    for page in ["http://127.0.0.1:1/connect/qrconnect", "https://open.weixin.qq.com/", "file:///etc/passwd"] {
        let outcome = client().open_qr_code(&endpoints(&server), page.parse().unwrap(), AMPLE).await;
        assert!(matches!(cause(outcome.unwrap_err()), UnavailableCause::Malformed(_)), "{page}");
    }
    let with_name = server.url().replace("http://", "http://me@").parse().unwrap();
    assert!(client().open_qr_code(&endpoints(&server), with_name, AMPLE).await.is_err());
    assert!(server.request_lines().is_empty());
}

#[tokio::test]
async fn pages_and_pictures_are_bounded_and_lead_nowhere_else() {
    let target = ScriptedServer::start(vec![Reply::text(PAGE)]).await;
    let redirect = Reply::with("302 Found", &format!("Location: {}/\r\n", target.url()), "");
    for reply in
        [redirect.clone(), Reply::with("502 Bad Gateway", "", PAGE), Reply::text(" ".repeat(MAX_BODY_LENGTH + 1))]
    {
        let server = ScriptedServer::start(vec![reply.clone()]).await;
        assert!(open_at(&server, "/connect/qrconnect").await.is_err(), "{reply:?}");
        let server = ScriptedServer::start(vec![Reply::text(PAGE), reply.clone()]).await;
        assert!(open_at(&server, "/connect/qrconnect").await.is_err(), "{reply:?}");
    }
    assert!(target.request_lines().is_empty());
    for picture in [&b""[..], b"<svg onload=alert(1)>", b"GIF89a", b"\xFF\xD8"] {
        let server = ScriptedServer::start(vec![Reply::text(PAGE), Reply::text(picture)]).await;
        let outcome = open_at(&server, "/connect/qrconnect").await;
        assert!(matches!(cause(outcome.unwrap_err()), UnavailableCause::Malformed(_)), "{picture:?}");
    }
}

#[tokio::test]
async fn every_answer_of_the_poll_is_understood() {
    for (errcode, is_it) in [
        (408, (|progress| matches!(progress, QrProgress::Waiting)) as fn(&QrProgress) -> bool),
        (404, |progress| matches!(progress, QrProgress::Scanned)),
        (403, |progress| matches!(progress, QrProgress::Cancelled)),
        (402, |progress| matches!(progress, QrProgress::Expired)),
        (500, |progress| matches!(progress, QrProgress::Expired)),
    ] {
        let progress = answered(format!("window.wx_errcode={errcode};window.wx_code='';")).await.unwrap();
        assert!(is_it(&progress), "{errcode}: {progress:?}");
    }
    let confirmed = answered("window.wx_errcode=405;window.wx_code='021abcDEF';\n").await.unwrap();
    assert!(matches!(&confirmed, QrProgress::Confirmed(code) if code.reveal() == "021abcDEF"));
    assert!(!format!("{confirmed:?}").contains("021abcDEF"));
}

#[tokio::test]
async fn nothing_else_is_a_confirmation() {
    for body in [
        "window.wx_errcode=405;window.wx_code='';",
        "window.wx_errcode=405;window.wx_code=' ';",
        "window.wx_errcode=405;window.wx_code='authdeny';",
        "window.wx_errcode=405;window.wx_code='021abcDEF';alert(1);'';",
        "window.wx_errcode=405;",
        "window.wx_errcode=405;window.wx_code=\"021abcDEF\";",
        "window.wx_errcode=0405;window.wx_code='021abcDEF';",
        "window.wx_errcode=200;window.wx_code='021abcDEF';",
        "window.wx_errcode=;window.wx_code='021abcDEF';",
        "alert(1);window.wx_errcode=405;window.wx_code='021abcDEF';",
        "<html>405</html>",
        "",
    ] {
        assert!(matches!(cause(answered(body).await.unwrap_err()), UnavailableCause::Malformed(_)), "{body}");
    }
    let waiting = answered("window.wx_errcode=404;window.wx_code='021abcDEF';").await.unwrap();
    assert!(matches!(waiting, QrProgress::Scanned), "a code that comes with anything else is none");
}

#[tokio::test]
async fn a_poll_says_what_was_seen_and_ends_in_its_time() {
    let waiting = Reply::text("window.wx_errcode=408;window.wx_code='';");
    for (seen, query) in [
        (QrProgress::Waiting, "uuid=091AZFu52T9S000X"),
        (QrProgress::Scanned, "uuid=091AZFu52T9S000X&last=404"),
        (QrProgress::Cancelled, "uuid=091AZFu52T9S000X&last=403"),
    ] {
        let (_, request) = poll(waiting.clone(), seen, AMPLE).await;
        assert_eq!(request, format!("GET /connect/l/qrconnect?{query} HTTP/1.1"));
    }
    let (progress, _) = poll(Reply::Stall(Vec::new()), QrProgress::Scanned, Duration::from_millis(200)).await;
    assert!(matches!(progress.unwrap(), QrProgress::Scanned), "as long as nothing is said, nothing has changed");
    let (progress, _) = poll(Reply::Raw(Vec::new()), QrProgress::Waiting, AMPLE).await;
    assert!(matches!(cause(progress.unwrap_err()), UnavailableCause::Interrupted(_)));
}

proptest! {
    #[test]
    fn names_of_codes_cannot_leave_their_place_in_an_address(text in ".{0,80}") {
        if let Some(uuid) = QrUuid::parse(&text) {
            prop_assert!(uuid.reveal().bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_=".contains(&byte)));
        }
    }
}
