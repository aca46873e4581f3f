//! The harness tried on two small pages of its own: it must see, fill, press, attach, and find what axe-core must find.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

use e2e::Browser;

const GOOD: &str = r#"<!doctype html><html lang="ja"><head><meta charset="utf-8"><title>良いページ</title><script src="/app.js" defer></script></head>
<body><main><h1>評価</h1><form method="post" action="/sent" enctype="multipart/form-data">
<p><label for="a">対応策</label> <textarea id="a" name="answer">前の文</textarea></p>
<p><label for="m">判定結果</label> <select id="m" name="mark"><option>未判定</option><option>適合</option></select></p>
<p><label for="d">期限</label> <input id="d" type="date" name="due"></p>
<p><label><input type="checkbox" name="ready" value="yes"> 準備完了</label></p>
<p><label for="f">証跡</label> <input id="f" type="file" name="file"></p>
<button>保存する</button></form><p id="keys" role="status">キー:</p><p><a href="/file.csv" download>CSVを保存</a></p></main></body></html>"#;

const BAD: &str = r#"<!doctype html><html><head><meta charset="utf-8"><title></title></head>
<body><main><h1>x</h1><img src="/x.png"><input type="text"></main></body></html>"#;

const APP: &str = r#"document.addEventListener("keydown", (e) => {
  document.getElementById("keys").append(" " + (e.ctrlKey && e.key !== "Control" ? "ctrl-" : "") + e.key); });"#;

/// Serves the pages under the strict policy that Akashi uses, until the test process ends.
fn site() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || answer(stream));
        }
    });
    address
}

fn answer(mut stream: TcpStream) {
    let request = read_request(&mut stream);
    let path = request.split_whitespace().nth(1).unwrap_or("/").to_owned();
    let (kind, body) = match path.as_str() {
        "/" => ("text/html", GOOD.to_owned()),
        "/bad" => ("text/html", BAD.to_owned()),
        "/app.js" => ("text/javascript", APP.to_owned()),
        "/file.csv" => ("text/csv", "番号\r\n81\r\n".to_owned()),
        "/sent" => {
            let shown = request.split_once("\r\n\r\n").map_or("", |(_, body)| body).replace('<', "&lt;");
            (
                "text/html",
                format!("<!doctype html><html lang=ja><title>届いた</title><main><h1>届いた</h1><pre>{shown}</pre></main></html>"),
            )
        }
        _ => ("text/plain", String::new()),
    };
    let policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; form-action 'self'";
    let _ = write!(
        stream,
        "HTTP/1.1 200 OK\r\nContent-Type: {kind}; charset=utf-8\r\nContent-Length: {}\r\nContent-Security-Policy: {policy}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
}

fn read_request(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    while let Ok(n) = stream.read(&mut buffer) {
        bytes.extend_from_slice(&buffer[..n]);
        let text = String::from_utf8_lossy(&bytes);
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            if n == 0 {
                break;
            }
            continue;
        };
        let length = head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length:")?.trim().parse().ok());
        if n == 0 || body.len() >= length.unwrap_or(0) {
            break;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[test]
fn a_page_is_read_filled_pressed_and_sent() {
    let Some(browser) = Browser::open(&site()) else { return };
    browser.go("/");
    assert_eq!((browser.title().as_str(), browser.path().as_str()), ("良いページ", "/"));
    browser.see("評価");

    browser.press("j ctrl+Enter ?");
    browser.see("キー: j Control ctrl-Enter ?");

    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("運用管理規程.pdf");
    std::fs::write(&file, "%PDF-1.7 証跡").unwrap();
    browser.fill("対応策", "施錠している。\n鍵は二人で管理する。");
    browser.fill("判定結果", "適合");
    browser.fill("期限", "2026-12-01");
    browser.choose("準備完了");
    browser.attach_file("証跡", &file);
    assert_eq!(browser.value("対応策"), "施錠している。\n鍵は二人で管理する。");
    assert!(browser.screenshot("harness").exists());
    browser.click_text("保存する");
    browser.see("届いた");
    browser.see_no("保存する");
    for sent in ["鍵は二人で管理する。", "適合", "2026-12-01", "yes", "運用管理規程.pdf", "%PDF-1.7 証跡"] {
        browser.see(sent);
    }

    browser.go("/");
    browser.click_text("CSVを");
    assert_eq!(std::fs::read_to_string(browser.downloaded(".csv")).unwrap(), "番号\r\n81\r\n");
}

#[test]
fn axe_finds_nothing_on_a_good_page_and_everything_on_a_bad_one() {
    let Some(browser) = Browser::open(&site()) else { return };
    browser.go("/");
    let found = browser.axe();
    assert!(found.is_empty(), "{}", found.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"));
    browser.must_be_accessible();
    browser.go("/bad");
    let found = browser.axe();
    for rule in ["image-alt", "label", "html-has-lang", "document-title"] {
        assert!(found.iter().any(|v| v.id == rule && v.is_serious()), "{rule} was not found");
    }
}
