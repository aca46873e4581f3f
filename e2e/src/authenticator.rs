//! A device for passkeys that is not there: the browser has it by WebDriver, and it says yes to everything.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::{Value, json};

/// How long the driver may take for one answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// A virtual authenticator of one browser session (WebAuthn Level 3, section 11): built in, keeps its keys, and
/// recognises its owner until it is told otherwise. It ends with the session.
#[derive(Debug)]
pub struct Authenticator {
    address: String,
}

impl Authenticator {
    /// Puts it into the session at this address: `http://127.0.0.1:41234/session/0f3a…`.
    pub fn add(session: &str) -> Authenticator {
        let wanted = json!({
            "protocol": "ctap2",
            "transport": "internal",
            "hasResidentKey": true,
            "hasUserVerification": true,
            "isUserVerified": true,
            "isUserConsenting": true,
        });
        let authenticators = format!("{session}/webauthn/authenticator");
        let id = ask("POST", &authenticators, &wanted);
        Authenticator { address: format!("{authenticators}/{}", id.as_str().expect("an authenticator has an id")) }
    }

    /// Whether it recognises its owner from now on; if not, it refuses what asks for that.
    pub fn recognise(&self, owner: bool) {
        ask("POST", &format!("{}/uv", self.address), &json!({ "isUserVerified": owner }));
    }

    /// The keys it holds, as WebDriver tells them: `credentialId`, `rpId`, `userHandle`, `isResidentCredential`, `signCount`.
    pub fn keys(&self) -> Vec<Value> {
        let keys = ask("GET", &format!("{}/credentials", self.address), &Value::Null);
        keys.as_array().cloned().expect("an authenticator has a list of keys")
    }

    /// Loses every key, like a telephone that was reset.
    pub fn forget(&self) {
        ask("DELETE", &format!("{}/credentials", self.address), &Value::Null);
    }
}

/// One WebDriver command. fantoccini knows none of these, and takes others only with a library that this crate has no other use for.
fn ask(method: &str, address: &str, body: &Value) -> Value {
    try_ask(method, address, body).unwrap_or_else(|e| panic!("{method} {address}: {e}"))
}

fn try_ask(method: &str, address: &str, body: &Value) -> Result<Value, String> {
    let (host, path) = address.strip_prefix("http://").and_then(|rest| rest.split_once('/')).ok_or("not an address of a driver")?;
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let mut stream = TcpStream::connect(host).map_err(|e| e.to_string())?;
    stream.set_read_timeout(Some(PATIENCE)).map_err(|e| e.to_string())?;
    let request = format!(
        "{method} /{path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).map_err(|e| e.to_string())?;
    let answer = read_body(&mut stream).map_err(|e| e.to_string())?;
    let mut answer: Value = serde_json::from_slice(&answer).map_err(|e| e.to_string())?;
    match answer["value"]["error"].as_str() {
        Some(error) => Err(format!("{error}: {}", answer["value"]["message"])),
        None => Ok(answer["value"].take()),
    }
}

/// What follows the head of an answer, as long as the head says: the driver may leave the connection open.
fn read_body(stream: &mut TcpStream) -> std::io::Result<Vec<u8>> {
    let mut answer = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let read = stream.read(&mut buffer)?;
        answer.extend_from_slice(&buffer[..read]);
        let Some(end) = answer.windows(4).position(|four| four == b"\r\n\r\n") else {
            match read {
                0 => return Err(std::io::ErrorKind::UnexpectedEof.into()),
                _ => continue,
            }
        };
        let head = String::from_utf8_lossy(&answer[..end]).to_ascii_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok()).unwrap_or(0);
        if read == 0 || answer.len() >= end + 4 + length {
            return Ok(answer.split_off(end + 4));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::sync::{Mutex, MutexGuard, PoisonError};

    use super::*;
    use crate::driver::Driver;

    const SCRIPT: &str = include_str!("../../crates/web/assets/passkey.js");
    /// As a server asks; the tests look at what the browser and the script make of it, not at its signatures.
    const REGISTER: &str = r#"{"publicKey":{"rp":{"id":"localhost","name":"Akashi"},"user":{"id":"AQIDBAUGBwgJCgsMDQ4PEA","name":"sato","displayName":"佐藤 花子"},"challenge":"-_8AAQIDBAUGBwgJCgsMDQ","pubKeyCredParams":[{"type":"public-key","alg":-7}],"timeout":9000,"excludeCredentials":[KNOWN],"authenticatorSelection":{"residentKey":"required","requireResidentKey":true,"userVerification":"required"},"attestation":"none","extensions":{"credProps":true}}}"#;
    const SIGN_IN: &str = r#"{"publicKey":{"challenge":"-_8AAQIDBAUGBwgJCgsMDg","timeout":9000,"rpId":"localhost","allowCredentials":[KNOWN],"userVerification":"required"}}"#;

    fn page(form: &str) -> String {
        format!(
            "<!doctype html><html lang=ja><meta charset=utf-8><title>鍵</title><script src=/passkey.js defer></script>\
             <form method=post action=/sent {form}><input type=hidden name=csrf value=proof><input type=hidden name=passkey>\
             <button name=way value=here>パスキー</button><p data-passkey-missing hidden>使えません</p>\
             <p data-passkey-failed tabindex=-1 hidden>できませんでした</p><p data-passkey-known hidden>登録済みです</p></form></html>"
        )
    }

    /// Serves forms for one key (`/register?ID`, `/confirm?ID`, `/sign-in`) under the policy of Akashi, until the test process ends.
    fn site() -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://localhost:{}", listener.local_addr().unwrap().port());
        std::thread::spawn(move || listener.incoming().flatten().for_each(answer));
        address
    }

    fn answer(mut stream: TcpStream) {
        let request = read_request(&mut stream);
        let target = request.split_whitespace().nth(1).unwrap_or("/");
        let (path, id) = target.split_once('?').unwrap_or((target, ""));
        let known = if id.is_empty() { String::new() } else { format!(r#"{{"type":"public-key","id":"{id}"}}"#) };
        let sent = request.split_once("\r\n\r\n").map_or("", |(_, body)| body);
        let (kind, body) = match path {
            "/passkey.js" => ("text/javascript", SCRIPT.to_owned()),
            "/register" => ("text/html", page(&format!("data-passkey=register data-challenge='{}'", REGISTER.replace("KNOWN", &known)))),
            "/confirm" => ("text/html", page(&format!("data-passkey=confirm data-challenge='{}'", SIGN_IN.replace("KNOWN", &known)))),
            "/sign-in" => ("text/html", page("data-passkey=sign-in data-challenge-from=/challenge")),
            "/challenge" if request.starts_with("POST") && sent.contains("csrf=proof") => {
                ("application/json", SIGN_IN.replace("KNOWN", ""))
            }
            "/sent" => ("text/html", format!("<!doctype html><title>届いた</title><pre>{sent}</pre>")),
            _ => ("text/plain", String::new()),
        };
        let policy = "default-src 'none'; script-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'";
        let head = format!("Content-Type: {kind}; charset=utf-8\r\nContent-Security-Policy: {policy}\r\nConnection: close");
        let _ = write!(stream, "HTTP/1.1 200 OK\r\n{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    }

    fn read_request(stream: &mut TcpStream) -> String {
        let mut request = String::new();
        let mut buffer = [0; 16 * 1024];
        while let Ok(read @ 1..) = stream.read(&mut buffer) {
            request.push_str(&String::from_utf8_lossy(&buffer[..read]));
            let Some((head, body)) = request.split_once("\r\n\r\n") else { continue };
            let length = head.to_ascii_lowercase().lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
            if body.len() >= length.unwrap_or(0) {
                break;
            }
        }
        request
    }

    /// A window of its own, without what [`crate::Browser`] adds.
    struct Window {
        session: String,
        site: String,
        _driver: Driver,
        _turn: MutexGuard<'static, ()>,
    }

    /// One window at a time, as elsewhere.
    static TURN: Mutex<()> = Mutex::new(());

    impl Window {
        fn open() -> Option<Window> {
            let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
            let driver = Driver::start().map_err(|what| crate::missing(&what)).ok()?;
            let options =
                json!({ "args": ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"] });
            let wanted = json!({ "capabilities": { "alwaysMatch": { "browserName": "chrome", "goog:chromeOptions": options } } });
            let opened = try_ask("POST", &format!("{}/session", driver.address), &wanted).map_err(|what| crate::missing(&what)).ok()?;
            let id = opened["sessionId"].as_str().expect("a session has an id");
            Some(Window { session: format!("{}/session/{id}", driver.address), site: site(), _driver: driver, _turn: turn })
        }

        fn go(&self, path: &str) {
            ask("POST", &format!("{}/url", self.session), &json!({ "url": format!("{}{path}", self.site) }));
        }

        fn js(&self, script: &str) -> Value {
            ask("POST", &format!("{}/execute/sync", self.session), &json!({ "script": script, "args": [] }))
        }

        fn press(&self) {
            self.js("document.querySelector('button').click()");
        }

        fn until(&self, condition: &str) {
            let script = format!("return Boolean({condition})");
            for _ in 0..600 {
                if self.js(&script) == json!(true) {
                    return;
                }
                std::thread::sleep(Duration::from_millis(50));
            }
            panic!("never: {condition}; the page is {}", self.js("return document.documentElement.outerHTML"));
        }

        /// Presses the button of a form and gives what the server received as `passkey`.
        fn sent(&self, path: &str) -> Value {
            self.go(path);
            self.press();
            self.until("document.title === '届いた'");
            let fields = "const sent = new URLSearchParams(document.querySelector('pre').textContent);";
            assert_eq!(self.js(&format!("{fields} return sent.get('csrf') + ' ' + sent.get('way')")), "proof here");
            let passkey = self.js(&format!("{fields} return sent.get('passkey')"));
            serde_json::from_str(passkey.as_str().unwrap()).unwrap()
        }

        fn shows(&self, words: &str) {
            self.until(&format!("!document.querySelector('[data-passkey-{words}]').hidden"));
            assert_eq!(self.js("return document.querySelector('[name=passkey]').value"), "");
        }
    }

    impl Drop for Window {
        fn drop(&mut self) {
            let _ = try_ask("DELETE", &self.session, &Value::Null);
        }
    }

    fn client_data(window: &Window, passkey: &Value) -> Value {
        let text = passkey["response"]["clientDataJSON"].as_str().unwrap();
        let script = format!("return atob('{text}'.replace(/-/g, '+').replace(/_/g, '/'))");
        serde_json::from_str(window.js(&script).as_str().unwrap()).unwrap()
    }

    #[test]
    fn the_script_makes_a_passkey_and_uses_it_with_and_without_a_name() {
        let Some(window) = Window::open() else { return };
        let device = Authenticator::add(&window.session);

        let made = window.sent("/register");
        let id = made["rawId"].as_str().unwrap();
        let keys = device.keys();
        assert_eq!((keys.len(), &keys[0]["credentialId"], &keys[0]["isResidentCredential"]), (1, &json!(id), &json!(true)));
        // Every byte has come through, in both directions.
        assert_eq!(keys[0]["userHandle"], "AQIDBAUGBwgJCgsMDQ4PEA");
        assert_eq!((&made["id"], &made["type"]), (&json!(id), &json!("public-key")));
        assert_eq!(made["clientExtensionResults"]["credProps"]["rk"], true);
        assert_eq!(made["response"]["transports"], json!(["internal"]));
        assert!(made["response"]["attestationObject"].as_str().unwrap().len() > 100);
        let said = client_data(&window, &made);
        assert_eq!((&said["type"], &said["challenge"]), (&json!("webauthn.create"), &json!("-_8AAQIDBAUGBwgJCgsMDQ")));

        for path in ["/sign-in", &format!("/confirm?{id}")] {
            let used = window.sent(path);
            assert_eq!((&used["rawId"], &used["response"]["userHandle"]), (&json!(id), &json!("AQIDBAUGBwgJCgsMDQ4PEA")), "{path}");
            assert!(used["response"]["signature"].as_str().unwrap().len() > 60);
            assert!(used["response"]["authenticatorData"].as_str().unwrap().len() > 40);
            let said = client_data(&window, &used);
            assert_eq!((&said["type"], &said["challenge"]), (&json!("webauthn.get"), &json!("-_8AAQIDBAUGBwgJCgsMDg")));
        }
    }

    #[test]
    fn the_script_says_when_it_did_not_work() {
        let Some(window) = Window::open() else { return };
        let device = Authenticator::add(&window.session);
        let id = window.sent("/register")["rawId"].as_str().unwrap().to_owned();

        window.go(&format!("/register?{id}"));
        window.press();
        window.shows("known");

        device.recognise(false);
        window.go("/sign-in");
        window.press();
        window.shows("failed");
        // The same form works as soon as the owner is recognised.
        device.recognise(true);
        window.press();
        window.until("document.title === '届いた'");

        device.forget();
        assert!(device.keys().is_empty());

        // A browser without passkeys is told so and offered no button.
        window.go("/sign-in");
        window.js("delete window.PublicKeyCredential; document.head.append(Object.assign(document.createElement('script'), { src: '/passkey.js' }))");
        window.shows("missing");
        assert_eq!(window.js("return document.querySelectorAll('button').length"), 0);
    }
}
