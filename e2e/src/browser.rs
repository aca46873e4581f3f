//! A headless Chromium that is used like a person uses it: by what is written on the page, and by keys.

use std::fmt::Debug;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use fantoccini::actions::{InputSource, KeyAction, KeyActions};
use fantoccini::elements::Element;
use fantoccini::error::CmdError;
use fantoccini::key::Key;
use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::axe::{self, Violation};
use crate::driver::Driver;

/// How long a call looks for something before it fails.
const PATIENCE: Duration = Duration::from_secs(30);
/// WebDriver's name for "this is an element" in JSON.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// One browser window with a profile of its own. Every call panics, with what the page shows, if it cannot be done.
pub struct Browser {
    client: Option<Client>,
    runtime: Runtime,
    base: String,
    axe: String,
    profile: tempfile::TempDir,
    // Dropped last: ends the driver after the session was closed, and then lets the next window open.
    driver: Driver,
    _turn: MutexGuard<'static, ()>,
}

/// One window at a time: several browsers on two cores wait for each other until somebody's patience ends.
static TURN: Mutex<()> = Mutex::new(());

impl Browser {
    /// Opens a window; paths given to [`Browser::go`] are resolved against `base` (`http://127.0.0.1:1234`).
    ///
    /// `None` if this machine has no Chromium, chromedriver or axe-core: then the test did not run and stderr says so.
    /// Panics instead if the environment variable `CI` is set.
    pub fn open(base: &str) -> Option<Browser> {
        Self::try_open(base).map_err(|what| crate::missing(&what)).ok()
    }

    fn try_open(base: &str) -> Result<Browser, String> {
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let axe = axe::source()?;
        let driver = Driver::start()?;
        let profile = tempfile::tempdir().map_err(|e| format!("no temporary directory: {e}"))?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|e| e.to_string())?;
        let client = runtime
            .block_on(ClientBuilder::new(HttpConnector::new()).capabilities(capabilities(profile.path())).connect(&driver.address))
            .map_err(|e| format!("Chromium does not start: {e}"))?;
        Ok(Browser { client: Some(client), runtime, base: base.trim_end_matches('/').to_owned(), axe, profile, driver, _turn: turn })
    }

    /// The address of the window at its driver.
    pub fn session(&self) -> String {
        let id = self.done("session", self.wait(self.client().session_id())).expect("the window is open");
        format!("{}/session/{id}", self.driver.address)
    }

    /// Gives the window a device with passkeys that recognises its owner; the site has to be at `localhost`.
    pub fn add_authenticator(&self) -> crate::Authenticator {
        crate::Authenticator::add(&self.session())
    }

    /// Opens a path of the site (or a whole address) and waits until it is loaded.
    pub fn go(&self, path: &str) {
        let url = if path.contains("://") { path.to_owned() } else { format!("{}{path}", self.base) };
        self.done("go", self.wait(self.client().goto(&url)));
    }

    /// The address without the site's own part: `/cases/…`.
    pub fn path(&self) -> String {
        let url = self.done("path", self.wait(self.client().current_url())).to_string();
        url.strip_prefix(&self.base).map(str::to_owned).unwrap_or(url)
    }

    pub fn title(&self) -> String {
        self.done("title", self.wait(self.client().title()))
    }

    /// What a person can read on the page now.
    pub fn text(&self) -> String {
        self.js("return document.body.innerText", vec![]).as_str().unwrap_or_default().to_owned()
    }

    /// Waits until `text` can be read on the page.
    pub fn see(&self, text: &str) {
        if !self.until(|| self.text().contains(text)) {
            self.fail(&format!("cannot see “{text}”"));
        }
    }

    /// Waits until `text` can no longer be read on the page.
    pub fn see_no(&self, text: &str) {
        if !self.until(|| !self.text().contains(text)) {
            self.fail(&format!("still see “{text}”"));
        }
    }

    /// Puts `text` into the field with this label (`<label>`, `aria-label`): input, textarea, select (by its option's
    /// words), date (`2026-11-22`). Replaces what was there.
    pub fn fill(&self, label: &str, text: &str) {
        let field = self.field(label);
        let kind = self.js("return arguments[0].tagName + ':' + (arguments[0].type || '')", vec![field.clone()]);
        let element = self.element(&field);
        match kind.as_str().unwrap_or_default() {
            kind if kind.starts_with("SELECT") => self.done("fill", self.wait(element.select_by_label(text))),
            // What is typed into a date depends on the machine's language; its value does not.
            "INPUT:date" | "INPUT:datetime-local" | "INPUT:time" | "INPUT:month" | "INPUT:color" | "INPUT:range" => {
                self.js(SET_VALUE, vec![field, json!(text)]);
            }
            _ => {
                self.done("fill", self.wait(element.clear()));
                self.done("fill", self.wait(element.send_keys(text)));
            }
        }
    }

    /// What stands in the field with this label.
    pub fn value(&self, label: &str) -> String {
        self.js("return arguments[0].value", vec![self.field(label)]).as_str().unwrap_or_default().to_owned()
    }

    /// Clicks the tick box or radio button with this label.
    pub fn choose(&self, label: &str) {
        let field = self.field(label);
        self.click(&field);
    }

    /// Gives a file to the file field with this label.
    pub fn attach_file(&self, label: &str, file: &Path) {
        let file = file.canonicalize().unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        let field = self.element(&self.field(label));
        self.done("attach_file", self.wait(field.send_keys(&file.to_string_lossy())));
    }

    /// Clicks the link, button or summary with these words (all of them first, else part of them).
    pub fn click_text(&self, words: &str) {
        let found = self.find("nothing to click says", words, CLICKABLE);
        self.click(&found);
    }

    /// As [`Browser::click_text`], for what leads to another page: waits until that page is there, so that nothing
    /// is looked for on the one that is about to go.
    pub fn go_on(&self, words: &str) {
        self.leaving(|| self.click_text(words));
    }

    /// Does something that leads to another page, and waits for that page.
    pub fn leaving(&self, act: impl FnOnce()) {
        self.js("document.body.stillHere = true", vec![]);
        act();
        let arrived = "return document.body && document.body.stillHere === undefined && document.readyState === 'complete'";
        if !self.until(|| self.wait(self.client().execute(arrived, vec![])).is_ok_and(|v| v == json!(true))) {
            self.fail("no other page came");
        }
    }

    /// Clicks the first element of a CSS selector; for what has no words.
    pub fn click_css(&self, selector: &str) {
        let found = self.find("nothing matches", selector, "return document.querySelector(arguments[0])");
        self.click(&found);
    }

    /// Presses keys one after the other on whatever has the focus: `"j j 3"`, `"ctrl+Enter"`, `"Tab Space"`, `"?"`.
    pub fn press(&self, keys: &str) {
        for chord in keys.split_whitespace() {
            let parts: Vec<char> = if chord == "+" { vec!['+'] } else { chord.split('+').map(key).collect() };
            let mut actions = KeyActions::new("keyboard".to_owned());
            for value in &parts {
                actions = actions.then(KeyAction::Down { value: *value });
            }
            for value in parts.iter().rev() {
                actions = actions.then(KeyAction::Up { value: *value });
            }
            self.done("press", self.wait(self.client().perform_actions(actions)));
        }
    }

    /// Types text on whatever has the focus.
    pub fn write(&self, text: &str) {
        let element = self.done("write", self.wait(self.client().active_element()));
        self.done("write", self.wait(element.send_keys(text)));
    }

    /// Runs a script's body in the page; `arguments[0]…` are `args`. Works under any content security policy.
    pub fn js(&self, script: &str, args: Vec<Value>) -> Value {
        self.done("js", self.wait(self.client().execute(script, args)))
    }

    /// Everything that axe-core (WCAG 2.2 A, AA, best practices) finds wrong with the page as it stands.
    pub fn axe(&self) -> Vec<Violation> {
        self.js(&self.axe, vec![]);
        let found = self.done("axe", self.wait(self.client().execute_async(axe::RUN, vec![])));
        serde_json::from_value(found).expect("axe answers with a list of violations")
    }

    /// Panics with a readable list if axe-core finds anything serious or critical.
    pub fn must_be_accessible(&self) {
        let serious: Vec<String> = self.axe().iter().filter(|v| v.is_serious()).map(ToString::to_string).collect();
        assert!(serious.is_empty(), "{} is not accessible:\n{}", self.path(), serious.join("\n"));
    }

    /// Width and height of the window in pixels.
    pub fn resize(&self, width: u32, height: u32) {
        self.done("resize", self.wait(self.client().set_window_size(width, height)));
    }

    /// Keeps a picture of the whole page as `e2e/shots/<name>.png`.
    pub fn screenshot(&self, name: &str) -> PathBuf {
        let (width, height) = self.done("screenshot", self.wait(self.client().get_window_size()));
        let whole = self.js("return document.documentElement.scrollHeight + window.outerHeight - window.innerHeight", vec![]);
        let whole = whole.as_u64().unwrap_or(height).clamp(height, 12_000);
        let pixels = |n: u64| u32::try_from(n).unwrap_or(u32::MAX);
        self.resize(pixels(width), pixels(whole));
        let picture = self.done("screenshot", self.wait(self.client().screenshot()));
        self.resize(pixels(width), pixels(height));
        let shots = Path::new(env!("CARGO_MANIFEST_DIR")).join("shots");
        let path = shots.join(format!("{name}.png"));
        std::fs::create_dir_all(&shots).and_then(|()| std::fs::write(&path, picture)).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        path
    }

    /// Waits until a download with this ending (`.xlsx`) is complete and returns where it lies.
    pub fn downloaded(&self, ending: &str) -> PathBuf {
        let mut found = None;
        let complete = self.until(|| {
            found = std::fs::read_dir(self.profile.path().join("downloads"))
                .into_iter()
                .flatten()
                .flatten()
                .map(|entry| entry.path())
                .find(|path| path.to_string_lossy().ends_with(ending));
            found.is_some()
        });
        match found {
            Some(path) if complete => path,
            _ => self.fail(&format!("no download ends in {ending}")),
        }
    }

    /// Waits, up to [`PATIENCE`], until `ready`.
    pub fn until(&self, mut ready: impl FnMut() -> bool) -> bool {
        let start = Instant::now();
        loop {
            if ready() {
                return true;
            }
            if start.elapsed() > PATIENCE {
                return false;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn field(&self, label: &str) -> Value {
        self.find("no field is labelled", label, FIELD)
    }

    /// Runs a finding script until it answers with an element.
    fn find(&self, complaint: &str, words: &str, script: &str) -> Value {
        let mut found = Value::Null;
        let there = self.until(|| {
            // Between two pages there is no document to ask.
            found = self.wait(self.client().execute(script, vec![json!(words)])).unwrap_or(Value::Null);
            found.is_object()
        });
        if !there {
            self.fail(&format!("{complaint} “{words}”"));
        }
        found
    }

    fn click(&self, element: &Value) {
        self.js("arguments[0].scrollIntoView({ block: 'center', behavior: 'instant' })", vec![element.clone()]);
        self.done("click", self.wait(self.element(element).click()));
    }

    fn element(&self, found: &Value) -> Element {
        let id = found[ELEMENT].as_str().expect("a found element has an id").to_owned();
        Element::from_element_id(self.client().clone(), id.into())
    }

    fn client(&self) -> &Client {
        self.client.as_ref().expect("the browser is open until it is dropped")
    }

    fn wait<F: Future>(&self, work: F) -> F::Output {
        self.runtime.block_on(work)
    }

    fn done<T>(&self, what: &str, result: Result<T, CmdError>) -> T
    where
        T: Debug,
    {
        result.unwrap_or_else(|e| panic!("{what}: {e}"))
    }

    fn fail(&self, why: &str) -> ! {
        let picture = self.screenshot("failed");
        panic!("{why} on {}; picture: {}\n--- the page reads ---\n{}", self.path(), picture.display(), self.text());
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        if let Some(client) = self.client.take() {
            let closing = async { tokio::time::timeout(Duration::from_secs(5), client.close()).await };
            let _ = self.runtime.block_on(closing);
        }
    }
}

fn capabilities(profile: &Path) -> fantoccini::wd::Capabilities {
    let flags = [
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-default-apps",
        "--disable-sync",
        "--no-first-run",
        "--force-prefers-reduced-motion",
        "--window-size=1280,900",
        "--lang=ja",
    ];
    let mut args: Vec<String> = flags.map(str::to_owned).to_vec();
    args.push(format!("--user-data-dir={}", profile.join("profile").display()));
    let wanted = json!({
        "browserName": "chrome",
        "goog:chromeOptions": {
            "args": args,
            "prefs": {
                "download.default_directory": profile.join("downloads"),
                "download.prompt_for_download": false,
                "intl.accept_languages": "ja,en",
            },
        },
        "timeouts": { "script": 60_000, "pageLoad": 60_000 },
    });
    match wanted {
        Value::Object(map) => map,
        _ => unreachable!("capabilities are an object"),
    }
}

/// One key by its name (`Enter`, `ctrl`) or its character.
fn key(name: &str) -> char {
    let named = match name.to_ascii_lowercase().as_str() {
        "enter" => Key::Enter,
        "escape" | "esc" => Key::Escape,
        "tab" => Key::Tab,
        "space" => return ' ',
        "backspace" => Key::Backspace,
        "delete" => Key::Delete,
        "home" => Key::Home,
        "end" => Key::End,
        "pageup" => Key::PageUp,
        "pagedown" => Key::PageDown,
        "up" => Key::Up,
        "down" => Key::Down,
        "left" => Key::Left,
        "right" => Key::Right,
        "ctrl" => Key::Control,
        "shift" => Key::Shift,
        "alt" => Key::Alt,
        _ => {
            let mut chars = name.chars();
            return match (chars.next(), chars.next()) {
                (Some(one), None) => one,
                _ => panic!("no key is called {name}"),
            };
        }
    };
    named.into()
}

/// Finds the field of a label: exactly these words first, else words that begin with them.
const FIELD: &str = r#"
const wanted = arguments[0], clean = (s) => (s || "").replace(/\s+/g, " ").trim();
const named = [];
for (const label of document.querySelectorAll("label")) if (label.control) named.push([clean(label.innerText), label.control]);
for (const field of document.querySelectorAll("input, textarea, select")) {
  if (field.ariaLabel) named.push([clean(field.ariaLabel), field]);
  const by = field.getAttribute("aria-labelledby");
  if (by) named.push([clean(by.split(/\s+/).map((id) => document.getElementById(id)?.innerText).join(" ")), field]);
}
const hit = named.find(([words]) => words === wanted) || named.find(([words]) => words.startsWith(wanted));
return hit ? hit[1] : null;
"#;

/// Finds what can be clicked by its words or its accessible name, visible elements only.
const CLICKABLE: &str = r#"
const wanted = arguments[0], clean = (s) => (s || "").replace(/\s+/g, " ").trim();
const all = [...document.querySelectorAll("a[href], button, summary, label, input[type=submit], [role=button], [role=tab], [role=menuitem]")]
  .filter((e) => e.checkVisibility())
  .map((e) => [clean(e.ariaLabel || e.innerText || e.value), e]);
const real = (list) => list.find(([, e]) => e.tagName !== "LABEL") || list[0];
const hit = real(all.filter(([words]) => words === wanted)) || real(all.filter(([words]) => words.includes(wanted)));
return hit ? hit[1] : null;
"#;

const SET_VALUE: &str = r#"
arguments[0].value = arguments[1];
arguments[0].dispatchEvent(new Event("input", { bubbles: true }));
arguments[0].dispatchEvent(new Event("change", { bubbles: true }));
"#;
