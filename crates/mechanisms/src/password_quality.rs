//! Passwords that others could guess are refused with a reason (items 79, 80).

use identity::generate;
use rules::command::{Command, Secret};
use rules::refusal::Why;
use rules::text::text;

use crate::scratch::{COLLEAGUE, PASSWORD};
use crate::{Check, Failed, Mechanism, Scratch, Tried, expect};

pub static MECHANISM: Mechanism = Mechanism {
    id: "password_quality",
    name: text("パスワードの品質", "Quality of passwords"),
    checks: &[
        Check {
            shows: &[(80, 3), (79, 0)],
            what: text(
                "プロファイルの文字数に足りないパスワードは拒否され、ランダムな13文字以上は受け付けられる。",
                "A password shorter than the profile is refused; 13 random characters and more are accepted.",
            ),
            run: length,
            break_it: |s| s.later(|s| s.set_access(COLLEAGUE, |access| access.profile = "sheet-8".into())),
        },
        Check {
            shows: &[(80, 3)],
            what: text(
                "複数の文字種を求めるプロファイルでは、1種類の文字だけのパスワードは拒否される。",
                "Where a profile asks for several kinds of characters, a password of one kind is refused.",
            ),
            run: classes,
            break_it: |s| s.later(|s| s.set_access(COLLEAGUE, |access| access.profile = "mfa-15".into())),
        },
        Check {
            shows: &[(79, 0), (80, 2)],
            what: text(
                "辞書にある言葉、日本語のよくある言葉、本人のIDや名前からなるパスワードは、理由とともに拒否される。",
                "Words of the dictionary, common Japanese words, and the own id or name are refused, with the reason.",
            ),
            run: guessable,
            // The dictionary lies inside the program: only another program could lack it.
            break_it: Scratch::lie,
        },
    ],
};

/// Offers a new password; the words of the refusal, if it is one.
fn offered(s: &Scratch, new: &str) -> Result<Option<String>, Failed> {
    let browser = s.signed_in(COLLEAGUE)?;
    let actor = browser.signed()?.actor;
    let change = Command::ChangePassword { current: Secret(PASSWORD.into()), new: Secret(new.into()) };
    match s.app().execute(&actor, change) {
        Ok(_) => Ok(None),
        Err(app::Error::Refused(r)) if r.why == Why::Invalid && r.field == Some("password") => Ok(Some(r.text.ja.into_owned())),
        Err(other) => Err(other.into()),
    }
}

fn refuse(s: &Scratch, candidates: &[&str]) -> Tried {
    for candidate in candidates {
        let words = offered(s, candidate)?;
        let told = words.is_some_and(|w| !w.is_empty());
        if !s.seen(told) {
            return Err(Failed::new(format!("「{candidate}」が受け付けられました"), format!("{candidate:?} was accepted")));
        }
    }
    Ok(())
}

fn accept(s: &Scratch, candidate: &str) -> Tried {
    let words = offered(s, candidate)?;
    words
        .map_or(Ok(()), |words| Err(Failed::new(format!("ランダムなパスワードが拒否されました: {words}"), "a random password was refused")))
}

fn length(s: &Scratch) -> Tried {
    s.set_access(COLLEAGUE, |access| access.profile = "sheet-13".into())?;
    s.meanwhile()?;
    refuse(s, &["k7#", "kV7#pQ2!", "kV7#pQ2!wZ9r"])?;
    accept(s, &generate()?)
}

fn classes(s: &Scratch) -> Tried {
    s.set_access(COLLEAGUE, |access| access.profile = "sheet-8".into())?;
    s.meanwhile()?;
    refuse(s, &["qzvkwmxjbhtrpfyqkwz", "QZVKWMXJBHTRPFYQKWZ", "48261957306284915037"])?;
    accept(s, "kV7#pQ2!wZ")
}

fn guessable(s: &Scratch) -> Tried {
    s.set_access(COLLEAGUE, |access| access.profile = "sheet-13".into())?;
    refuse(
        s,
        &[
            "passwordpassword",
            "Password123456789",
            "1234567890123456",
            "qwertyuiopasdfgh",
            "colleague@example.jp",
            "Colleague2026!!!",
            "鈴木一郎鈴木一郎鈴木一郎鈴木",
            "さくらさくらさくらさくらさくら",
        ],
    )?;
    s.set_access(COLLEAGUE, |access| access.profile = "mhlw-7.0".into())?;
    expect(offered(s, &generate()?)?.is_none(), "ランダムなパスワードが拒否されました", "a random password was refused")
}
