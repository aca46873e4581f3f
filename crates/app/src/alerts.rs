//! What people are told without asking: alerts to those who administer, mails to those whom something concerns.

use jiff::SignedDuration;
use rules::account::{Account, AccountKind};
use rules::change::Change;
use rules::id::{self, Id};
use rules::party::{Person, Role};
use rules::request::Request;
use rules::review::{Alert, AlertKind, Mail};
use rules::text::{Text, text, worded};
use store::tables::{party, requests};

use crate::execute::Doing;
use crate::{App, Error};

/// The kind of secret that holds a mail's text until it is sent; the owner is the mail.
pub(crate) const BODY: &str = "mail";
/// The kind of secret that marks an alert for the webhook; the owner is the alert.
pub(crate) const HOOK: &str = "hook";
/// The same warning is given once in this time.
const AGAIN: SignedDuration = SignedDuration::from_hours(1);

impl Doing<'_, '_> {
    /// Warns an organisation's administrators, or the operators: on their pages, by mail, and by the webhook.
    pub(crate) fn alert(
        &mut self,
        kind: AlertKind,
        organisation: Option<Id<id::Organisation>>,
        subject: &str,
        words: Text,
    ) -> Result<(), Error> {
        if requests::was_alerted(self.tx, kind, subject, self.act.at - AGAIN)? {
            return Ok(());
        }
        let alert = Alert { id: self.act.fresh(), organisation, kind, subject: subject.to_owned(), words: words.clone(), at: self.act.at };
        self.tx.put_secret(&alert.id.to_string(), HOOK, "1")?;
        self.write(&Change::AlertRaised(alert))?;
        let told = match organisation {
            Some(organisation) => App::holders(self.tx, organisation, Role::Administrator)?,
            None => {
                let mut all = vec![];
                for organisation in party::organisations(self.tx)? {
                    all.extend(App::holders(self.tx, organisation.id, Role::Operator)?);
                }
                all
            }
        };
        let title = kind.name();
        for person in told {
            self.mail(&person, &worded(format!("【警告】{}", title.ja), format!("[Alert] {}", title.en)), &words)?;
        }
        Ok(())
    }

    /// Puts a mail into the outbox, in the reader's language. Its text stays out of the ledger: it may hold a link.
    pub(crate) fn mail(&mut self, to: &Person, subject: &Text, body: &Text) -> Result<(), Error> {
        // Another system has no mail box.
        if to.kind == AccountKind::Machine {
            return Ok(());
        }
        let address = self.app.config.address.clone();
        let mail =
            Mail { id: self.act.fresh(), to: to.email.clone(), subject: format!("[Akashi] {}", subject.get(to.lang)), at: self.act.at };
        let greeting = worded(format!("{} 様", to.name), format!("Dear {},", to.name));
        let whole = format!("{}\n\n{}\n\n-- \nAkashi {address}\n", greeting.get(to.lang), body.get(to.lang));
        self.app.put_secret(self.tx, &mail.id.to_string(), BODY, &whole)?;
        self.write(&Change::MailQueued(mail)).map(drop)
    }

    /// A mail that could not be sent is told without mail.
    pub(crate) fn note_undelivered(&mut self, words: Text) -> Result<(), Error> {
        let kind = AlertKind::Undelivered;
        if requests::was_alerted(self.tx, kind, "outbox", self.act.at - AGAIN)? {
            return Ok(());
        }
        let alert = Alert { id: self.act.fresh(), organisation: None, kind, subject: "outbox".into(), words, at: self.act.at };
        self.tx.put_secret(&alert.id.to_string(), HOOK, "1")?;
        self.write(&Change::AlertRaised(alert)).map(drop)
    }

    fn person(&mut self, id: Id<id::Person>) -> Result<Option<Person>, Error> {
        Ok(party::person(self.tx, id)?)
    }

    /// Too many wrong sign-ins: one warning to the administrators (item 81(3)).
    pub(crate) fn alert_locked(&mut self, person: &Person, address: &str) -> Result<(), Error> {
        let home = store::tables::accounts::account(self.tx, person.id)?.and_then(|a| a.home);
        let words = worded(
            format!(
                "{} さん（{}）のサインインが続けて失敗したため、一定時間受け付けを止めました。最後の接続元は {address} です。本人に心当たりを確認し、不審な場合はアカウントを停止してください。",
                person.name, person.email
            ),
            format!(
                "Sign-ins of {} ({}) failed again and again, so they are refused for a while. The last came from {address}. Ask the person, and suspend the account if in doubt.",
                person.name, person.email
            ),
        );
        self.alert(AlertKind::Locked, home, &person.id.to_string(), words)
    }

    pub(crate) fn alert_guessing(&mut self, address: &str) -> Result<(), Error> {
        let words = worded(
            format!("接続元 {address} からのサインインの失敗が続いています。ネットワークでの遮断を検討してください。"),
            format!("Sign-ins from {address} keep failing. Consider blocking it on the network."),
        );
        self.alert(AlertKind::Guessing, None, address, words)
    }

    /// An emergency account was used; administrators learn it at once (item 250).
    pub(crate) fn alert_emergency_use(&mut self, account: &Person, organisation: Id<id::Organisation>) -> Result<(), Error> {
        let words = worded(
            format!("非常時アカウント「{}」でサインインがありました。終了後に利用内容を確認してください。", account.name),
            format!("Somebody signed in with the emergency account {}. Look at what was done when it is over.", account.name),
        );
        self.alert(AlertKind::Emergency, Some(organisation), &format!("{} use", account.id), words)
    }

    pub(crate) fn alert_glass_broken(&mut self, account: Id<id::Person>, request: &Request) -> Result<(), Error> {
        let name = self.person(account)?.map(|p| p.name).unwrap_or_default();
        let until = rules::act::japan(request.until).strftime("%Y-%m-%d %H:%M").to_string();
        let words = worded(
            format!("非常時アカウント「{name}」が{until}まで有効になりました。理由: {}", request.reason),
            format!("The emergency account {name} is active until {until} (Japan). Reason: {}", request.reason),
        );
        self.alert(AlertKind::Emergency, Some(request.organisation), &request.id.to_string(), words)
    }

    pub(crate) fn alert_view_refused(&mut self, request: &Request) -> Result<(), Error> {
        let words = worded(
            format!("緊急の閲覧（理由: {}）が事後に却下されました。閲覧の記録を確認してください。", request.reason),
            format!("Emergency viewing ({}) was refused afterwards. Look at what was seen.", request.reason),
        );
        self.alert(AlertKind::EmergencyView, Some(request.organisation), &format!("{} refused", request.id), words)
    }

    /// Who is suspended learns it, and where to turn.
    pub(crate) fn tell_suspended(&mut self, account: &Account, reason: &str) -> Result<(), Error> {
        let Some(person) = self.person(account.person)? else { return Ok(()) };
        let words = worded(
            format!(
                "あなたのアカウントは停止されました。理由: {reason}\n心当たりがない場合や再開が必要な場合は、組織管理者に連絡してください。"
            ),
            format!("Your account is suspended. Reason: {reason}\nTurn to your administrator if this is wrong or has to end."),
        );
        self.mail(&person, &text("アカウントの停止", "Your account is suspended"), &words)
    }

    /// Credentials may have leaked: the person is told, and the administrators (items 87, 88).
    pub(crate) fn tell_leak(&mut self, account: &Account, reason: &str) -> Result<(), Error> {
        let Some(person) = self.person(account.person)? else { return Ok(()) };
        let words = worded(
            format!(
                "あなたのパスワード等が漏えいした可能性があるため、無効にしました。理由: {reason}\n組織管理者が本人確認のうえ再発行します。同じパスワードをほかのサービスで使っている場合は、そちらも変更してください。"
            ),
            format!(
                "Your password may have leaked, so it no longer works. Reason: {reason}\nYour administrator will issue new credentials after checking your identity. Change the same password wherever else you use it."
            ),
        );
        self.mail(&person, &text("認証情報の無効化", "Your credentials are revoked"), &words)?;
        let told = worded(
            format!(
                "{} さん（{}）の認証情報を無効にしました。理由: {reason}。本人確認のうえ「申請」から再発行してください。",
                person.name, person.email
            ),
            format!(
                "The credentials of {} ({}) are revoked. Reason: {reason}. Check the identity and request new ones.",
                person.name, person.email
            ),
        );
        self.alert(AlertKind::Leak, account.home, &person.id.to_string(), told)
    }

    /// Whoever's ways to sign in change learns it, so that a stranger's change is seen (OWASP ASVS 6.3.7).
    pub(crate) fn tell_changed(&mut self, person: Id<id::Person>, what: &Text) -> Result<(), Error> {
        let Some(person) = self.person(person)? else { return Ok(()) };
        let words = worded(
            format!(
                "{}。心当たりがない場合は、すぐにサインインして「認証情報が漏れたかもしれない」から届け出るか、組織管理者に連絡してください。",
                what.ja
            ),
            format!("{}. If this was not you, report it on your account page or tell your administrator at once.", what.en),
        );
        self.mail(&person, &text("サインインの方法の変更", "Your ways to sign in have changed"), &words)
    }

    /// The link to set a new password goes to the person it is for.
    pub(crate) fn tell_reissue(&mut self, person: Id<id::Person>, link: &str) -> Result<(), Error> {
        let Some(person) = self.person(person)? else { return Ok(()) };
        let address = format!("{}/reissue?link={link}", self.app.config.address);
        let words = worded(
            format!(
                "新しいパスワードを設定してください。次のリンクは一度だけ、24時間以内に使えます。\n{address}\nこの再発行に心当たりがない場合は、すぐに組織管理者に連絡してください。"
            ),
            format!(
                "Set a new password. This link works once, within 24 hours.\n{address}\nIf you know nothing of this, tell your administrator at once."
            ),
        );
        self.mail(&person, &text("パスワードの再設定", "Set a new password"), &words)
    }

    /// Those who can decide learn that something waits for them; an emergency view also warns.
    pub(crate) fn tell_requested(&mut self, request: &Request) -> Result<(), Error> {
        let kind = request.ask.kind();
        let by = self.person(request.by)?.map(|p| p.name).unwrap_or_default();
        let name = kind.name();
        let words = worded(
            format!(
                "{by} さんから「{}」の申請があります。理由: {}\nサインインして「申請」の画面で承認または却下してください。",
                name.ja, request.reason
            ),
            format!("{by} requests: {}. Reason: {}\nSign in and decide it on the page Requests.", name.en, request.reason),
        );
        if request.state == rules::request::RequestState::Provisional {
            return self.alert(AlertKind::EmergencyView, Some(request.organisation), &request.id.to_string(), words);
        }
        let mut told: Vec<Person> = vec![];
        for role in kind.deciders() {
            for person in App::holders(self.tx, request.organisation, *role)? {
                let concerned = person.id == request.by || request.ask.person() == Some(person.id);
                if !concerned && !told.iter().any(|p| p.id == person.id) {
                    told.push(person);
                }
            }
        }
        for person in told {
            self.mail(&person, &worded(format!("申請: {}", name.ja), format!("Request: {}", name.en)), &words)?;
        }
        Ok(())
    }

    /// An invitation goes to the address it was made for; whoever made it also has the link.
    pub(crate) fn tell_invited(&mut self, invitation: &rules::party::Invitation, organisation: &str, link: &str) -> Result<(), Error> {
        let person = Person {
            id: self.act.fresh(),
            name: invitation.email.clone(),
            email: invitation.email.clone(),
            lang: rules::text::Lang::Ja,
            kind: AccountKind::Person,
        };
        let address = format!("{}/invitation?link={link}", self.app.config.address);
        let both = format!(
            "{organisation} からAkashiへの招待です。次のリンクから7日以内に登録してください（一度だけ使えます）。\n{address}\n\n{organisation} invites you to Akashi. Open the link within 7 days; it works once."
        );
        self.mail(&person, &text("招待", "Invitation"), &worded(both.clone(), both))
    }

    pub(crate) fn tell_decided(&mut self, request: &Request, approve: bool) -> Result<(), Error> {
        let Some(person) = self.person(request.by)? else { return Ok(()) };
        let name = request.ask.kind().name();
        let words = if approve {
            worded(format!("申請「{}」が承認されました。", name.ja), format!("Your request was approved: {}.", name.en))
        } else {
            worded(format!("申請「{}」が却下されました。", name.ja), format!("Your request was refused: {}.", name.en))
        };
        self.mail(&person, &words.clone(), &words)
    }
}
