//! Organisations, people, roles, invitations, products and tokens.

use std::collections::BTreeMap;

use jiff::{Timestamp, civil::Date};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::account::AccountKind;
use crate::act::Act;
use crate::change::Change;
use crate::id::{self, Id};
use crate::refusal::Refusal;
use crate::text::{Lang, Text, text, worded};

/// What an organisation is; one may be several (a provider that evaluates itself is also a body).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OrganisationKind {
    /// 事業者
    Provider,
    /// 評価機関
    Body,
    /// 医療機関
    Institution,
}

impl OrganisationKind {
    pub const ALL: [OrganisationKind; 3] = [OrganisationKind::Provider, OrganisationKind::Body, OrganisationKind::Institution];
    pub const fn name(self) -> Text {
        match self {
            OrganisationKind::Provider => text("事業者", "Provider"),
            OrganisationKind::Body => text("評価機関", "Evaluation body"),
            OrganisationKind::Institution => text("医療機関", "Medical institution"),
        }
    }
}

/// What a person may do in an organisation; a person may have several.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// 運用者: runs the installation; sees no case.
    Operator,
    /// 組織管理者: people, invitations and settings of the own organisation.
    Administrator,
    /// 担当責任者 of a provider: cases, submission, disclosure.
    Officer,
    /// 担当者 of a provider: answers the items given to them.
    Colleague,
    /// 事務局 of a body: intake, assignment, deadlines, certificates.
    Secretariat,
    /// 評価者
    Evaluator,
    /// 判定責任者: decides with grounds.
    Decider,
    /// 医療機関担当者: reads what is disclosed.
    InstitutionOfficer,
}

impl Role {
    pub const ALL: [Role; 8] = [
        Role::Operator,
        Role::Administrator,
        Role::Officer,
        Role::Colleague,
        Role::Secretariat,
        Role::Evaluator,
        Role::Decider,
        Role::InstitutionOfficer,
    ];
    pub const fn name(self) -> Text {
        match self {
            Role::Operator => text("運用者", "Operator"),
            Role::Administrator => text("組織管理者", "Administrator"),
            Role::Officer => text("担当責任者（事業者）", "Compliance officer (provider)"),
            Role::Colleague => text("担当者（事業者）", "Colleague (provider)"),
            Role::Secretariat => text("事務局", "Secretariat"),
            Role::Evaluator => text("評価者", "Evaluator"),
            Role::Decider => text("判定責任者", "Decider"),
            Role::InstitutionOfficer => text("医療機関担当者", "Institution officer"),
        }
    }
    /// The kind of organisation the role belongs to; `None` fits all.
    pub const fn kind(self) -> Option<OrganisationKind> {
        match self {
            Role::Operator | Role::Administrator => None,
            Role::Officer | Role::Colleague => Some(OrganisationKind::Provider),
            Role::Secretariat | Role::Evaluator | Role::Decider => Some(OrganisationKind::Body),
            Role::InstitutionOfficer => Some(OrganisationKind::Institution),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Organisation {
    pub id: Id<id::Organisation>,
    pub name: String,
    pub kinds: Vec<OrganisationKind>,
    pub settings: Settings,
}

/// What an organisation decides for itself; a body's rules are among it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Settings {
    /// Months a certificate is valid; `None` sets no end.
    pub validity_months: Option<u16>,
    /// Every verdict needs a second evaluator's approval.
    pub second_evaluator: bool,
    /// Beginning of 整理番号, before year and number: `AK` gives `AK-2026-0001`.
    pub number_prefix: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Person {
    pub id: Id<id::Person>,
    pub name: String,
    /// The id to sign in with: a mail address, or `machine:…` for another system. Once used it is never given again.
    pub email: String,
    pub lang: Lang,
    // Not `kind` in JSON: a change names its own kind by that word, and a person is the content of one.
    #[serde(default, rename = "account_kind")]
    pub kind: AccountKind,
}

/// A person's roles in one organisation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Membership {
    pub person: Id<id::Person>,
    pub organisation: Id<id::Organisation>,
    pub roles: Vec<Role>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Invitation {
    pub id: Id<id::Invitation>,
    pub organisation: Id<id::Organisation>,
    pub email: String,
    pub roles: Vec<Role>,
    pub expires: Timestamp,
    pub accepted: bool,
}

/// 評価対象プロダクト with its applicability profile: question id → yes or no.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Product {
    pub id: Id<id::Product>,
    pub organisation: Id<id::Organisation>,
    pub name: String,
    pub description: String,
    pub profile: BTreeMap<String, bool>,
}

/// A key for the REST API; the secret itself is stored only as a digest, elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Token {
    pub id: Id<id::Token>,
    pub person: Id<id::Person>,
    pub organisation: Id<id::Organisation>,
    pub name: String,
    pub write: bool,
    pub expires: Date,
    pub revoked: bool,
}

/// 情報グループ: who may see a group of documents, beside the officers of the organisation (items 65-67).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Group {
    pub id: Id<id::Group>,
    pub organisation: Id<id::Organisation>,
    pub name: String,
    pub members: Vec<Id<id::Person>>,
}

/// A phrase an evaluator or applicant reuses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Phrase {
    pub id: Id<id::Phrase>,
    pub organisation: Id<id::Organisation>,
    pub text: String,
}

/// How long an invitation can be accepted.
pub const INVITATION_DAYS: i64 = 7;
/// The longest life of a REST token, in days.
pub const TOKEN_DAYS: i32 = 366;

/// Characters nobody sees that can make a name look empty, or read backwards (`exe.fdp` for `pdf.exe`).
/// Variation selectors stay: 葛󠄀 is written with one.
const fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{AD}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{180E}' | '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}'
            | '\u{2060}'..='\u{2069}' | '\u{2800}' | '\u{3164}' | '\u{FEFF}' | '\u{FFA0}' | '\u{E0000}'..='\u{E007F}'
    )
}

/// Cleans and bounds a line of text, the name of something: single spaces, no invisible characters.
/// `most` is in characters. Refuses an empty line.
pub fn line(field: &'static str, written: &str, most: usize) -> Result<String, Refusal> {
    let visible: String = written.chars().filter(|c| !is_invisible(*c)).collect();
    let clean = visible.split_whitespace().collect::<Vec<_>>().join(" ");
    if clean.is_empty() {
        return Err(Refusal::invalid(field, text("入力してください。", "Enter something here.")));
    }
    bounded(field, &clean, most)
}

/// Bounds a long text to `most` characters; line ends become `\n`. Control characters other than tab and
/// line end are refused, and so is what XML 1.0, and with it an Excel file, cannot hold.
pub fn bounded(field: &'static str, written: &str, most: usize) -> Result<String, Refusal> {
    let clean = written.replace("\r\n", "\n").replace('\r', "\n");
    let odd = |c: &char| (c.is_control() && !matches!(c, '\n' | '\t')) || matches!(c, '\u{FFFE}' | '\u{FFFF}');
    if let Some(bad) = clean.chars().find(odd) {
        let code = format!("U+{:04X}", u32::from(bad));
        return Err(Refusal::invalid(
            field,
            worded(
                format!("使えない制御文字（{code}）が含まれています。取り除いてください。"),
                format!("It contains a control character ({code}); remove it."),
            ),
        ));
    }
    let n = clean.chars().count();
    if n > most {
        return Err(Refusal::invalid(
            field,
            worded(format!("{most}文字以内で入力してください（現在{n}文字）。"), format!("At most {most} characters, please (now {n}).")),
        ));
    }
    Ok(clean)
}

/// Bounds and folds a mail address; whether it exists, only a mail can tell.
pub fn email(field: &'static str, written: &str) -> Result<String, Refusal> {
    let clean = written.trim();
    // ASCII before folding: other alphabets have letters that fold into ours, such as the Kelvin sign.
    let user_ok = |user: &str| !user.is_empty() && user.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~.".contains(&b));
    let host_ok = |host: &str| {
        let label = |l: &str| !l.is_empty() && l.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        host.contains('.') && host.split('.').all(label)
    };
    let ok = clean.len() <= 254 && clean.split_once('@').is_some_and(|(user, host)| user_ok(user) && host_ok(host));
    if ok {
        Ok(clean.to_ascii_lowercase())
    } else {
        Err(Refusal::invalid(
            field,
            text(
                "メールアドレスの形式が正しくありません（例: hanako@example.jp）。",
                "That is not a mail address, such as hanako@example.jp.",
            ),
        ))
    }
}

/// The roles that fit the organisation's kinds, without doubles; refuses one that does not, and none at all.
pub fn fitting(roles: &[Role], kinds: &[OrganisationKind]) -> Result<Vec<Role>, Refusal> {
    let mut out: Vec<Role> = roles.to_vec();
    out.sort();
    out.dedup();
    if out.is_empty() {
        return Err(Refusal::invalid("roles", text("役割を1つ以上選んでください。", "Choose at least one role.")));
    }
    if let Some(odd) = out.iter().find(|r| r.kind().is_some_and(|k| !kinds.contains(&k))) {
        let name = odd.name();
        return Err(Refusal::invalid(
            "roles",
            worded(
                format!("「{}」はこの種類の組織では使えない役割です。", name.ja),
                format!("The role {} does not fit this kind of organisation.", name.en),
            ),
        ));
    }
    Ok(out)
}

/// Creates an organisation.
pub fn create_organisation(act: &mut Act, name: &str, kinds: &[OrganisationKind]) -> Result<Organisation, Refusal> {
    let mut kinds = kinds.to_vec();
    kinds.sort();
    kinds.dedup();
    if kinds.is_empty() {
        return Err(Refusal::invalid("kinds", text("種類を1つ以上選んでください。", "Choose at least one kind.")));
    }
    Ok(Organisation {
        id: act.fresh(),
        name: line("name", name, 100)?,
        kinds,
        settings: Settings { number_prefix: "AK".into(), ..Settings::default() },
    })
}

/// Invites somebody by mail address. Only an operator may invite operators.
pub fn invite(act: &mut Act, to: &Organisation, email_written: &str, roles: &[Role]) -> Result<Invitation, Refusal> {
    let roles = fitting(roles, &to.kinds)?;
    if roles.contains(&Role::Operator) && !act.actor.has(Role::Operator) && !act.actor.is_system() {
        return Err(Refusal::forbidden().at("roles"));
    }
    Ok(Invitation {
        id: act.fresh(),
        organisation: to.id,
        email: email("email", email_written)?,
        roles,
        expires: act.at + jiff::SignedDuration::from_hours(24 * INVITATION_DAYS),
        accepted: false,
    })
}

/// Accepts an invitation, as a new person or as one who is known already. Roles they hold in the organisation stay.
pub fn accept_invitation(
    act: &mut Act,
    invitation: &Invitation,
    known: Option<(&Person, &[Role])>,
    name: &str,
    lang: Lang,
) -> Result<Vec<Change>, Refusal> {
    if invitation.accepted || invitation.expires < act.at {
        return Err(Refusal::state(text(
            "この招待は使用済みか、期限が切れています。招待した方に再発行を依頼してください。",
            "This invitation was used or has expired. Ask for a new one.",
        )));
    }
    let mut changes = vec![];
    let person = match known {
        Some((person, _)) => person.id,
        None => {
            let person =
                Person { id: act.fresh(), name: line("name", name, 60)?, email: invitation.email.clone(), lang, kind: AccountKind::Person };
            let id = person.id;
            changes.push(Change::PersonAdded(person));
            id
        }
    };
    changes.push(Change::InvitationAccepted { invitation: invitation.id, person });
    let mut roles: Vec<Role> = known.map(|(_, held)| held.to_vec()).unwrap_or_default();
    roles.extend(&invitation.roles);
    roles.sort();
    roles.dedup();
    changes.push(Change::RolesGiven(Membership { person, organisation: invitation.organisation, roles }));
    Ok(changes)
}

/// Sets a member's roles; none ends the membership. Nobody takes away their own administration or operation,
/// so neither can be lost by accident, and only an operator makes or unmakes an operator.
pub fn set_roles(act: &Act, of: &Organisation, current: &Membership, roles: &[Role]) -> Result<Change, Refusal> {
    let roles = if roles.is_empty() { vec![] } else { fitting(roles, &of.kinds)? };
    if act.actor.is(current.person) {
        let lost = [Role::Administrator, Role::Operator].into_iter().find(|r| current.roles.contains(r) && !roles.contains(r));
        if let Some(name) = lost.map(Role::name) {
            return Err(Refusal::invalid(
                "roles",
                worded(
                    format!("自分自身の「{}」の役割は外せません。同じ役割を持つほかの人に依頼してください。", name.ja),
                    format!("You cannot take away your own role {}; ask somebody else who holds it.", name.en),
                ),
            ));
        }
    }
    if roles.contains(&Role::Operator) != current.roles.contains(&Role::Operator) && !act.actor.has(Role::Operator) {
        return Err(Refusal::forbidden().at("roles"));
    }
    Ok(Change::RolesGiven(Membership { roles, ..current.clone() }))
}

/// Checks a body's settings.
pub fn settings(new: Settings) -> Result<Settings, Refusal> {
    if new.validity_months.is_some_and(|m| m == 0 || m > 120) {
        return Err(Refusal::invalid(
            "validity_months",
            text("1か月から120か月の間で入力してください。", "Between 1 and 120 months, please."),
        ));
    }
    let prefix = new.number_prefix.trim();
    if prefix.is_empty() || prefix.len() > 12 || !prefix.chars().all(|c| c.is_ascii_alphanumeric()) {
        return Err(Refusal::invalid(
            "number_prefix",
            text("半角英数字12文字以内で入力してください。", "At most 12 ASCII letters and digits, please."),
        ));
    }
    Ok(Settings { number_prefix: prefix.to_owned(), ..new })
}

/// Issues a token; its secret is made and kept elsewhere.
pub fn issue_token(act: &mut Act, name: &str, write: bool, expires: Date) -> Result<Token, Refusal> {
    let (Some(person), Some(organisation)) = (act.actor.person, act.actor.organisation) else { return Err(Refusal::forbidden()) };
    let days = act.today().until(expires).map(|s| s.get_days()).unwrap_or(i32::MAX);
    if !(1..=TOKEN_DAYS).contains(&days) {
        return Err(Refusal::invalid(
            "expires",
            worded(
                format!("明日から{TOKEN_DAYS}日以内の日付を入力してください。"),
                format!("A day from tomorrow to {TOKEN_DAYS} days ahead, please."),
            ),
        ));
    }
    Ok(Token { id: act.fresh(), person, organisation, name: line("name", name, 60)?, write, expires, revoked: false })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::act::Actor;
    use crate::refusal::Why;

    fn act() -> Act {
        Act::new(Actor::system(), "2026-11-22T00:00:00Z".parse().unwrap(), [1; 32])
    }

    #[test]
    fn a_role_must_fit_the_kind() {
        let body = create_organisation(&mut act(), " 評価機構 ", &[OrganisationKind::Body]).unwrap();
        assert_eq!(body.name, "評価機構");
        assert_eq!(invite(&mut act(), &body, "A@Example.jp", &[Role::Evaluator]).unwrap().email, "a@example.jp");
        assert_eq!(invite(&mut act(), &body, "a@example.jp", &[Role::Officer]).unwrap_err().field, Some("roles"));
        assert_eq!(invite(&mut act(), &body, "a@b@c.jp", &[Role::Evaluator]).unwrap_err().field, Some("email"));
    }

    #[test]
    fn an_invitation_is_accepted_once_and_in_time() {
        let body = create_organisation(&mut act(), "機構", &[OrganisationKind::Body]).unwrap();
        let invitation = invite(&mut act(), &body, "a@example.jp", &[Role::Evaluator]).unwrap();
        assert_eq!(accept_invitation(&mut act(), &invitation, None, "評価 花子", Lang::Ja).unwrap().len(), 3);
        let used = Invitation { accepted: true, ..invitation.clone() };
        assert_eq!(accept_invitation(&mut act(), &used, None, "x", Lang::Ja).unwrap_err().why, Why::State);
        let mut late = act();
        late.at += jiff::SignedDuration::from_hours(24 * 8);
        assert_eq!(accept_invitation(&mut late, &invitation, None, "x", Lang::Ja).unwrap_err().why, Why::State);
    }

    #[test]
    fn names_are_bounded_and_free_of_control_characters() {
        assert!(line("name", "  ", 10).is_err());
        assert!(line("name", "12345678901", 10).is_err());
        assert!(bounded("text", "a\u{0}b", 10).is_err());
        assert_eq!(bounded("text", "a\r\nb", 10).unwrap(), "a\nb");
    }

    #[test]
    fn a_name_is_visible_and_reads_in_one_direction() {
        assert_eq!(line("name", "　山田\u{3000}\u{a0}太郎\n", 10).unwrap(), "山田 太郎");
        for empty in ["\u{200b}", "\u{feff} \u{2060}", "\u{3000}", "\u{ad}"] {
            assert!(line("name", empty, 10).is_err(), "{empty:?}");
        }
        assert_eq!(line("name", "a\u{202e}fdp.exe", 20).unwrap(), "afdp.exe");
        assert_eq!(line("name", "👩\u{200d}⚕", 3).unwrap(), "👩\u{200d}⚕", "joiners inside a sign stay");
    }

    #[test]
    fn a_text_is_counted_in_characters_and_holds_nothing_a_file_cannot() {
        assert!(bounded("text", "𠮷野家", 3).is_ok(), "a character outside the first plane is one");
        assert!(bounded("text", "が\u{3099}", 1).is_err());
        assert_eq!(bounded("text", "a\rb\r\nc\td", 10).unwrap(), "a\nb\nc\td");
        for odd in ["\u{1}", "\u{7f}", "\u{85}", "\u{fffe}", "\u{ffff}"] {
            assert!(bounded("text", odd, 10).is_err(), "{odd:?}");
        }
    }

    #[test]
    fn a_mail_address_is_plain_ascii_with_a_host() {
        assert_eq!(email("email", " Hanako.Y+a@Mail.Example.JP ").unwrap(), "hanako.y+a@mail.example.jp");
        for odd in [
            "",
            "@example.jp",
            "a@",
            "a@.",
            "a@example",
            "a@b..jp",
            "a b@c.jp",
            "a@b@c.jp",
            "花子@example.jp",
            "\u{212a}@example.jp",
            "ａ@example.jp",
            "<a@c.jp>",
            "a,b@c.jp",
            "a@c.jp\nx",
            "a@[::1].x",
        ] {
            assert_eq!(email("email", odd).unwrap_err().field, Some("email"), "{odd:?}");
        }
        assert!(email("email", &format!("{}@example.jp", "a".repeat(300))).is_err());
    }

    fn member(person: u8, roles: &[Role]) -> Membership {
        Membership { person: crate::world::id(person), organisation: crate::world::body(), roles: roles.to_vec() }
    }
    fn change_roles(actor: crate::act::Actor, current: &Membership, roles: &[Role]) -> Result<Change, Refusal> {
        let mut body = create_organisation(&mut act(), "機構", &[OrganisationKind::Body]).unwrap();
        body.id = crate::world::body();
        set_roles(&crate::world::act(actor), &body, current, roles)
    }

    #[test]
    fn nobody_takes_away_their_own_administration_or_operation() {
        use crate::world::{body, person};
        let both = [Role::Operator, Role::Administrator];
        let own = member(1, &both);
        for kept in [&[Role::Operator][..], &[Role::Administrator], &[]] {
            assert_eq!(change_roles(person(1, body(), &both), &own, kept).unwrap_err().field, Some("roles"));
        }
        assert!(change_roles(person(1, body(), &both), &own, &[Role::Operator, Role::Administrator, Role::Secretariat]).is_ok());
        assert!(change_roles(person(2, body(), &both), &own, &[]).is_ok(), "somebody else may");
    }

    #[test]
    fn only_an_operator_makes_or_unmakes_an_operator() {
        use crate::world::{body, person};
        let administrator = || person(2, body(), &[Role::Administrator]);
        assert_eq!(change_roles(administrator(), &member(1, &[Role::Evaluator]), &[Role::Operator]).unwrap_err().why, Why::Forbidden);
        assert_eq!(change_roles(administrator(), &member(1, &[Role::Operator]), &[Role::Evaluator]).unwrap_err().why, Why::Forbidden);
        assert!(change_roles(administrator(), &member(1, &[Role::Evaluator]), &[Role::Decider, Role::Decider]).is_ok());
        assert_eq!(change_roles(administrator(), &member(1, &[Role::Evaluator]), &[Role::Officer]).unwrap_err().field, Some("roles"));
        let body = create_organisation(&mut act(), "機構", &[OrganisationKind::Body]).unwrap();
        let invited = |actor| invite(&mut crate::world::act(actor), &body, "a@example.jp", &[Role::Operator]).map(drop).map_err(|r| r.why);
        assert_eq!(invited(administrator()), Err(Why::Forbidden));
        assert_eq!(invited(person(2, crate::world::body(), &[Role::Operator])), Ok(()));
    }

    #[test]
    fn an_organisation_has_a_kind_and_an_invitation_a_role() {
        assert_eq!(create_organisation(&mut act(), "機構", &[]).unwrap_err().field, Some("kinds"));
        let made =
            create_organisation(&mut act(), "機構", &[OrganisationKind::Body, OrganisationKind::Provider, OrganisationKind::Body]).unwrap();
        assert_eq!(made.kinds, [OrganisationKind::Provider, OrganisationKind::Body]);
        assert_eq!(invite(&mut act(), &made, "a@example.jp", &[]).unwrap_err().field, Some("roles"));
    }

    #[test]
    fn an_invitation_lasts_seven_days_to_the_second_and_a_known_person_stays_one() {
        let body = create_organisation(&mut act(), "機構", &[OrganisationKind::Body]).unwrap();
        let invitation = invite(&mut act(), &body, "a@example.jp", &[Role::Evaluator]).unwrap();
        let accept = |at| {
            let known = Person {
                id: crate::world::id(9),
                name: "評価 花子".into(),
                email: "a@example.jp".into(),
                lang: Lang::En,
                kind: AccountKind::Person,
            };
            accept_invitation(&mut Act::new(Actor::system(), at, [1; 32]), &invitation, Some((&known, &[])), "", Lang::Ja)
        };
        assert_eq!(accept(invitation.expires).unwrap().len(), 2);
        assert!(accept(invitation.expires + jiff::SignedDuration::from_nanos(1)).is_err());
        assert_eq!(accept_invitation(&mut act(), &invitation, None, " ", Lang::Ja).unwrap_err().field, Some("name"));
    }

    #[test]
    fn settings_have_bounds() {
        let with =
            |months, prefix: &str| settings(Settings { validity_months: months, number_prefix: prefix.into(), second_evaluator: true });
        assert_eq!(with(None, " AK ").unwrap().number_prefix, "AK");
        assert!(with(Some(1), "AK").is_ok() && with(Some(120), "AK").is_ok());
        for months in [0, 121, u16::MAX] {
            assert_eq!(with(Some(months), "AK").unwrap_err().field, Some("validity_months"));
        }
        for prefix in ["", "A-1", "ＡＫ", "ABCDEFGHIJKLM"] {
            assert_eq!(with(None, prefix).unwrap_err().field, Some("number_prefix"), "{prefix}");
        }
    }

    #[test]
    fn a_token_lives_from_tomorrow_to_a_year() {
        let issue = |day: &str| issue_token(&mut crate::world::act(crate::world::officer()), "自動化", true, day.parse().unwrap());
        assert!(issue("2026-11-23").is_ok() && issue("2027-11-23").is_ok());
        for day in ["2026-11-22", "2027-11-24", "1999-01-01", "9999-12-31"] {
            assert_eq!(issue(day).unwrap_err().field, Some("expires"), "{day}");
        }
        assert_eq!(issue_token(&mut act(), "x", true, "2026-11-23".parse().unwrap()).unwrap_err().why, Why::Forbidden);
    }
}
