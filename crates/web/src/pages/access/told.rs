//! The access rules as everybody of the organisation may read them, and what each password profile asks for.

use maud::{Markup, html};
use rules::access::Access;
use rules::party::Role;
use rules::password::Profile;
use rules::text::{Lang, Text, text, worded};

use super::super::form::Form;
use super::choose;
use crate::components::{Choice, Tone, card, facts, tag};
use crate::visit::Visit;

/// What a profile asks for, in one sentence.
fn asks(profile: &Profile) -> Text {
    let (mut ja, mut en) = (vec![format!("{}文字以上", profile.shortest)], vec![format!("{} characters or more", profile.shortest)]);
    if profile.classes > 1 {
        ja.push(format!("{}種類以上の文字", profile.classes));
        en.push(format!("{} kinds of characters", profile.classes));
    }
    ja.push(if profile.random { "ランダムな文字列と同じくらい推測困難".into() } else { "推測困難".into() });
    en.push(if profile.random { "as hard to guess as random characters".into() } else { "hard to guess".into() });
    if let Some(days) = profile.max_age_days {
        ja.push(format!("2段階認証がない場合は{days}日以内に変更"));
        en.push(format!("changed within {days} days where there is no second factor"));
    }
    if profile.second_factor {
        ja.push("2段階認証と併用".into());
        en.push("together with a second factor".into());
    }
    let (lock, history) = (&profile.lock, profile.history);
    ja.push(format!("直近{history}個は再利用不可"));
    en.push(format!("none of the last {history} again"));
    ja.push(format!("{}回続けて誤ると{}分間ロック", lock.failures, lock.minutes));
    en.push(format!("locked for {} minutes after {} wrong tries", lock.minutes, lock.failures));
    worded(format!("{}。", ja.join("、")), format!("{}.", en.join(", ")))
}

/// The profiles to choose from, each with what it asks for and where that comes from.
pub fn profiles(visit: &Visit, form: &Form, stands: &str) -> Markup {
    let choices: Vec<Choice> = visit
        .app
        .profiles
        .all()
        .iter()
        .map(|p| {
            let (asks, mark) = (asks(p), unverified(p));
            let hint =
                worded(format!("{}{} 出典: {}", mark.ja, asks.ja, p.source.ja), format!("{}{} Source: {}", mark.en, asks.en, p.source.en));
            Choice::new(p.id.clone(), worded(format!("{}（{}）", p.title.ja, p.id), format!("{} ({})", p.title.en, p.id))).hint(hint)
        })
        .collect();
    choose(visit, form, stands, &choices)
}

/// Nobody compared it with the primary text: that stands before everything else.
fn unverified(profile: &Profile) -> Text {
    if profile.verified {
        return text("", "");
    }
    text("【未確認: 原典との照合が済んでいません】", "[Unverified: nobody has compared it with the primary text] ")
}

fn roles(lang: Lang, all: &[Role]) -> String {
    all.iter().map(|r| r.name().get(lang).to_owned()).collect::<Vec<_>>().join(if lang == Lang::Ja { "、" } else { ", " })
}

/// TLS 1.2 beside 1.3: why and until when, or nothing (items 57, 169-173).
pub fn older_tls(visit: &Visit) -> Markup {
    let Some((reason, until)) = &visit.app.config.tls12 else { return html! {} };
    let over = *until < rules::act::japan(visit.app.clock.now()).date();
    let (tone, words) = if over {
        (
            Tone::Info,
            worded(
                format!("TLS 1.2の例外は{until}に終わり、TLS 1.3だけを使っています。理由: {reason}"),
                format!("The exception for TLS 1.2 ended on {until}; only TLS 1.3 is spoken. It was for: {reason}"),
            ),
        )
    } else {
        (
            Tone::Warn,
            worded(
                format!(
                    "TLS 1.3のほかに、{until}までの例外としてTLS 1.2も受け付けています。理由: {reason}。TLS 1.2の暗号スイートの一覧は、原典との照合が済んでいません（未確認）。"
                ),
                format!(
                    "Beside TLS 1.3, TLS 1.2 is accepted until {until}: {reason}. The list of its cipher suites is unverified: nobody has compared it with the primary text."
                ),
            ),
        )
    };
    crate::components::notice(visit.lang, tone, &words, html! {})
}

/// For who does not set them. Who may use privilege from where is for administrators.
pub fn told(visit: &Visit, access: &Access) -> Markup {
    let lang = visit.lang;
    let profile = visit.app.profiles.all().iter().find(|p| p.id == access.profile);
    let needed: Vec<Role> = Role::ALL.into_iter().filter(|r| access.needs_second_factor(&[*r])).collect();
    let (ja, en) = access.hours_told();
    let listed = |n: usize, none: Text| if n == 0 { none } else { worded(format!("{n}件登録"), format!("{n} registered")) };
    let networks: Vec<String> = access.networks.iter().map(ToString::to_string).collect();
    let sign_in = [
        (
            text("パスワード", "Password"),
            html! {
                @if let Some(profile) = profile {
                    (profile.title.get(lang)) " "
                    @if !profile.verified { (tag(lang, Tone::Warn, &text("未確認", "Unverified"))) }
                    br; (asks(profile).get(lang)) br; span.small.muted { (profile.source.get(lang)) }
                } @else { "―" }
            },
        ),
        (text("2段階認証が必要な役割", "Roles that need a second factor"), html! { (roles(lang, &needed)) }),
        (text("サインインできる曜日・時間帯", "Days and hours"), html! { (worded(ja, en).get(lang)) }),
        (
            text("接続できるネットワーク", "Networks"),
            html! { @if networks.is_empty() { (text("限定なし", "Any").get(lang)) } @else { (networks.join(text("、", ", ").get(lang))) } },
        ),
        (
            text("クライアント証明書", "Client certificates"),
            html! { (listed(access.certificates.len(), text("不要", "Not needed")).get(lang)) },
        ),
    ];
    let minutes = |n: u16| worded(format!("{n}分"), format!("{n} minutes"));
    let sessions = [
        (text("操作がないとき終了するまで", "Ends without a request after"), html! { (minutes(access.idle_minutes).get(lang)) }),
        (
            text("操作を続けても終了するまで", "Ends in any case after"),
            html! { (worded(format!("{}時間", access.session_hours), format!("{} hours", access.session_hours)).get(lang)) },
        ),
        (text("1人が同時に使えるセッション数", "Sessions of one person"), html! { (access.sessions) }),
    ];
    let yes = |on: bool| if on { text("必要", "Needed") } else { text("不要", "Not needed") };
    let accounts = [
        (text("登録・権限追加の承認", "Approval of accounts and rights"), html! { (yes(access.approval).get(lang)) }),
        (
            text("長期間未使用とみなす日数", "Counts as unused after"),
            html! { (worded(format!("{}日", access.stale_days), format!("{} days", access.stale_days)).get(lang)) },
        ),
        (
            text("定期レビューの間隔", "Review of accounts"),
            html! { (worded(format!("{}か月ごと", access.review_months), format!("every {} months", access.review_months)).get(lang)) },
        ),
    ];
    html! {
        div.columns {
            (card(lang, &text("サインイン", "Signing in"), html! {}, facts(lang, &sign_in)))
            (card(lang, &text("セッション", "Sessions"), html! {}, facts(lang, &sessions)))
            (card(lang, &text("アカウント", "Accounts"), html! {}, facts(lang, &accounts)))
        }
        p.muted { (text("変更が必要な場合は、組織管理者に相談してください。", "Turn to your administrator if something has to change.").get(lang)) }
    }
}
