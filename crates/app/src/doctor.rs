//! Looks at an installation and says what is wrong with it and how to mend it.

use std::io::Write;
use std::path::Path;

use rules::party::Role;
use rules::text::{Text, text, worded};
use store::tables::{accounts, party, requests};

use crate::{Clock, Config};

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    Good,
    /// It works; whoever runs it should know, and decide.
    Know,
    /// Something is wrong.
    Mend,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub weight: Weight,
    /// What was looked at, and what was found.
    pub text: Text,
    /// What to do about it.
    pub mend: Option<Text>,
}

pub(crate) fn good(text: Text) -> Finding {
    Finding { weight: Weight::Good, text, mend: None }
}

pub(crate) fn bad(text: Text, mend: Text) -> Finding {
    Finding { weight: Weight::Mend, text, mend: Some(mend) }
}

/// To be known; what can be done about it.
pub fn known(text: Text, mend: Text) -> Finding {
    Finding { weight: Weight::Know, text, mend: Some(mend) }
}

/// Free space below which the doctor warns, in MiB.
const LEAST_FREE: u64 = 1024;
/// A certificate-issuing system whose clock is before this has lost its battery.
const EARLIEST: &str = "2026-01-01T00:00:00Z";

/// Examines everything in turn; one finding never hides another.
pub fn examine(config: &Config) -> Vec<Finding> {
    let mut out = vec![];
    out.extend(content());
    out.push(clock());
    out.push(folder(&config.data));
    out.push(space(&config.data));
    out.extend(database(config));
    out.push(address(config));
    out.push(mail(config));
    out.push(crate::scan::finding(config));
    out
}

fn mail(config: &Config) -> Finding {
    if config.mail.is_some() {
        return good(text("メールサーバーが設定されています。", "A mail server is set."));
    }
    known(
        text(
            "メールサーバーが設定されていません。警告や招待は送信箱に残り、送られません。",
            "No mail server is set: alerts and invitations stay in the outbox.",
        ),
        text(
            "AKASHI_SMTP と AKASHI_MAIL_FROM を設定してください。設定しない場合は、運用者が送信箱を毎日確認してください。",
            "Set AKASHI_SMTP and AKASHI_MAIL_FROM; without them an operator looks into the outbox every day.",
        ),
    )
}

fn content() -> Vec<Finding> {
    let faults = crate::content::check(crate::content::embedded_files());
    if faults.is_empty() {
        return vec![good(text("内蔵のカタログに誤りはありません。", "The built-in catalogue has no faults."))];
    }
    let mend = text("プログラムを入れ直してください。", "Install the program again.");
    faults
        .iter()
        .map(|f| bad(worded(format!("内蔵のカタログ: {}", f.text.ja), format!("Built-in catalogue: {}", f.text.en)), mend.clone()))
        .collect()
}

fn clock() -> Finding {
    let now = Clock::Machine.now();
    match EARLIEST.parse() {
        Ok(earliest) if now < earliest => bad(
            worded(format!("このマシンの時計は {now} を指しています。"), format!("The clock of this machine says {now}.")),
            text(
                "時刻を合わせてください（chronyなどの時刻同期を推奨します）。",
                "Set the time; chrony or another time service keeps it right.",
            ),
        ),
        _ => good(worded(format!("時計は {now} です。"), format!("The clock says {now}."))),
    }
}

fn folder(data: &Path) -> Finding {
    let shown = data.display();
    let probe = data.join(".akashi-doctor");
    let tried = std::fs::create_dir_all(data)
        .and_then(|()| std::fs::File::create(&probe))
        .and_then(|mut f| f.write_all(b"akashi").and_then(|()| f.sync_all()));
    let removed = std::fs::remove_file(&probe);
    match tried.and(removed) {
        Ok(()) => good(worded(format!("データフォルダー {shown} に書き込めます。"), format!("The data folder {shown} can be written."))),
        Err(e) => bad(
            worded(format!("データフォルダー {shown} に書き込めません: {e}"), format!("The data folder {shown} cannot be written: {e}")),
            text("フォルダーの所有者と権限、空き容量を確認してください。", "Look at the folder's owner, rights and free space."),
        ),
    }
}

fn space(data: &Path) -> Finding {
    match fs4::available_space(data) {
        Ok(bytes) => {
            let mib = bytes / (1024 * 1024);
            let found = worded(format!("空き容量は {mib} MiB です。"), format!("{mib} MiB are free."));
            if mib >= LEAST_FREE {
                good(found)
            } else {
                bad(
                    found,
                    worded(format!("{LEAST_FREE} MiB以上の空きを確保してください。"), format!("Make room: at least {LEAST_FREE} MiB.")),
                )
            }
        }
        Err(e) => bad(
            worded(format!("空き容量を調べられません: {e}"), format!("Free space cannot be told: {e}")),
            text("データフォルダーを確認してください。", "Look at the data folder."),
        ),
    }
}

fn database(config: &Config) -> Vec<Finding> {
    let mend = text(
        "AKASHI_DATABASE の値、データベースの起動状態、接続の権限を確認してください。",
        "Look at AKASHI_DATABASE, whether the database runs, and who may connect.",
    );
    let opened = config.location().and_then(|location| Ok((location.to_string(), store::Store::open(&location, 1)?)));
    let (place, store) = match opened {
        Ok(opened) => opened,
        Err(e) => return vec![bad(worded(format!("データベースを開けません: {e}"), format!("The database cannot be opened: {e}")), mend)],
    };
    let mut out = vec![good(worded(format!("データベース {place} を開けました。"), format!("The database {place} opens.")))];
    out.extend(durable(&store));
    out.push(match store.verify() {
        Ok(v) => good(worded(
            format!("台帳の{}行を検証し、改ざんはありません。", v.lines),
            format!("{} lines of the ledger verified: nothing was altered.", v.lines),
        )),
        Err(e) => bad(
            worded(format!("台帳の検証に失敗しました: {e}"), format!("The ledger does not verify: {e}")),
            text(
                "サービスを止め、バックアップと照合してください。データベースは書き換えないでください。",
                "Stop the service and compare with a backup. Do not write to the database.",
            ),
        ),
    });
    out.extend(evidence(config, &store));
    out.extend(people(config, &store));
    out
}

/// Settings of a PostgreSQL server by which it forgets what it confirmed when the power goes.
fn durable(store: &store::Store) -> Option<Finding> {
    let off = match store.read(store::durability::off) {
        Ok(off) => off,
        Err(e) => {
            return Some(bad(
                worded(format!("データベースの設定を調べられません: {e}"), format!("The settings of the database cannot be told: {e}")),
                text("データベースを確認してください。", "Look at the database."),
            ));
        }
    };
    if off.is_empty() {
        return None;
    }
    let list = off.join(", ");
    Some(bad(
        worded(
            format!("PostgreSQLの設定 {list} がオフです。停電やクラッシュで、確定した記録が失われることがあります。"),
            format!("PostgreSQL runs with {list} off: a power cut or a crash may lose what was confirmed."),
        ),
        text(
            "postgresql.conf と、データベースやロールごとの設定（ALTER DATABASE、ALTER ROLE）でオンにしてください。",
            "Set it on in postgresql.conf, and in what is set for the database or the role (ALTER DATABASE, ALTER ROLE).",
        ),
    ))
}

/// Who can come in, and by how little.
fn people(config: &Config, store: &store::Store) -> Vec<Finding> {
    let looked = store.read(|conn| -> Result<_, store::Error> {
        let mut out = vec![];
        for of in party::organisations(conn)? {
            out.extend(members(conn, &of)?);
        }
        let lost = accounts::homeless(conn)?;
        if !lost.is_empty() {
            let all = lost.join(", ");
            out.push(known(
                worded(
                    format!("管理する組織のないアカウントがあります: {all}"),
                    format!("Accounts that no organisation answers for: {all}"),
                ),
                text(
                    "組織へ招待するか、使わないことを確認してください。停止や再発行のできる管理者がいません。",
                    "Invite them to an organisation, or make sure that nobody uses them: no administrator can suspend them.",
                ),
            ));
        }
        let mend = text("AKASHI_OIDC のファイルを直してください。", "Mend the file that AKASHI_OIDC names.");
        let faults = crate::sign_in::elsewhere::faults(conn, &config.providers.0)?;
        out.extend(faults.into_iter().map(|fault| bad(fault, mend.clone())));
        Ok(out)
    });
    match looked {
        Ok(out) if out.is_empty() => vec![good(text("アカウントに問題はありません。", "Nothing is wrong with the accounts."))],
        Ok(out) => out,
        Err(e) => vec![bad(
            worded(format!("アカウントを調べられません: {e}"), format!("The accounts cannot be examined: {e}")),
            text("データベースを確認してください。", "Look at the database."),
        )],
    }
}

fn members(conn: &mut store::Conn, of: &rules::party::Organisation) -> Result<Vec<Finding>, store::Error> {
    let mut out = vec![];
    let name = &of.name;
    let access = requests::access(conn, of.id)?;
    let fits = |r: &Role| r.kind().is_none_or(|kind| of.kinds.contains(&kind));
    let without: Vec<Role> = Role::ALL.into_iter().filter(|r| fits(r) && !access.needs_second_factor(&[*r])).collect();
    if !without.is_empty() {
        let (ja, en): (Vec<_>, Vec<_>) = without.iter().map(|r| (r.name().ja, r.name().en)).unzip();
        out.push(known(
            worded(
                format!("{name}: 2段階認証が必須でない役割があります（{}）。", ja.join("、")),
                format!("{name}: roles without a second factor: {}.", en.join(", ")),
            ),
            text(
                "組織管理者が「アクセス規則」で全役割に2段階認証を求められます。",
                "An administrator can demand a second factor of every role in the access rules.",
            ),
        ));
    }
    let today = rules::act::japan(Clock::Machine.now()).date();
    let mut administrators = 0;
    for (person, _) in party::members(conn, of.id)?.into_iter().filter(|(_, m)| m.roles.contains(&Role::Administrator)) {
        administrators += usize::from(accounts::account(conn, person.id)?.is_some_and(|a| a.is_open(today)));
    }
    if administrators < 2 {
        out.push(known(
            worded(
                format!("{name}: 利用できる組織管理者は{administrators}人です。"),
                format!("{name}: administrators who can act: {administrators}."),
            ),
            text(
                "承認や再発行には別の管理者が必要です。2人以上を登録してください。",
                "Approvals and reissues need another administrator: name at least two.",
            ),
        ));
    }
    Ok(out)
}

/// Every evidence file that the tables name lies in the folder and is unaltered.
fn evidence(config: &Config, store: &store::Store) -> Vec<Finding> {
    let checked = crate::vault::examine(config, store);
    match checked {
        Ok((n, wrong)) if wrong.is_empty() => vec![good(worded(
            format!("証跡ファイル{n}件はすべて揃っています。"),
            format!("All {n} evidence files are there and unaltered."),
        ))],
        Ok((_, wrong)) => wrong
            .into_iter()
            .map(|(name, e)| {
                bad(
                    worded(format!("証跡「{name}」に問題があります: {e}"), format!("Evidence {name}: {e}")),
                    text(
                        "バックアップから evidence フォルダーの該当ファイルを戻してください。",
                        "Restore the file in the evidence folder from a backup.",
                    ),
                )
            })
            .collect(),
        Err(e) => vec![bad(
            worded(format!("証跡フォルダーを調べられません: {e}"), format!("The evidence folder cannot be examined: {e}")),
            text("データフォルダーを確認してください。", "Look at the data folder."),
        )],
    }
}

fn address(config: &Config) -> Finding {
    let shown = &config.address;
    let local = shown.contains("127.0.0.1") || shown.contains("localhost");
    if shown.starts_with("https://") || local {
        return good(worded(format!("利用者に案内するアドレスは {shown} です。"), format!("People are told the address {shown}.")));
    }
    bad(
        worded(format!("アドレス {shown} は暗号化されていません。"), format!("The address {shown} is not encrypted.")),
        text(
            "TLSを終端するリバースプロキシの後ろに置き、AKASHI_ADDRESS に https:// のアドレスを設定してください。",
            "Put a reverse proxy with TLS in front and set AKASHI_ADDRESS to its https address.",
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(findings: &[Finding]) -> Vec<&str> {
        findings.iter().filter(|f| f.weight == Weight::Mend).map(|f| f.text.en.as_ref()).collect()
    }

    #[test]
    fn a_sound_installation_is_sound_and_a_lost_file_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let config = Config::embedded(folder.path());
        let app = crate::App::open(config.clone(), Clock::Machine).unwrap();
        app.fill_demo().unwrap();
        assert_eq!(wrong(&examine(&config)), Vec::<&str>::new());

        let blob = walk(&folder.path().join("evidence")).pop().expect("the demonstration has evidence");
        std::fs::remove_file(blob).unwrap();
        assert!(wrong(&examine(&config)).iter().any(|w| w.contains("Evidence")));
    }

    #[test]
    fn what_an_operator_should_know_is_told_and_is_no_fault() {
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config::embedded(folder.path());
        let app = crate::App::open(config.clone(), Clock::Machine).unwrap();
        app.fill_demo().unwrap();
        let told = |config: &Config| -> Vec<String> {
            let all = examine(config).into_iter().filter(|f| f.weight == Weight::Know);
            all.map(|f| f.text.en.into_owned()).collect()
        };
        let count = |part: &str| told(&config).iter().filter(|t| t.contains(part)).count();
        assert_eq!(count("No mail server"), 1);
        assert_eq!(count("roles without a second factor"), 3, "the demonstration asks operators and administrators only");
        assert_eq!(count("administrators who can act: 1"), 2, "the body has two");
        assert_eq!(count("no organisation answers"), 0);
        let act = app.act(rules::act::Actor::system()).unwrap();
        let person = rules::party::Person {
            id: act.clone().fresh(),
            name: "誰か".into(),
            email: "nobody@example.jp".into(),
            lang: rules::text::Lang::Ja,
            kind: rules::account::AccountKind::Person,
        };
        let added = rules::change::Change::PersonAdded(person);
        app.store.write(|tx| tx.enact(&act, &added, [7; 16]).map(drop)).unwrap();
        assert_eq!(count("no organisation answers for: nobody@example.jp"), 1);
        config.mail = crate::mail::MailSettings::parse("smtps://mail.example.jp", "akashi@example.jp").ok();
        assert!(!told(&config).iter().any(|t| t.contains("No mail server")));
    }

    fn walk(folder: &Path) -> Vec<std::path::PathBuf> {
        let mut out = vec![];
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            if entry.path().is_dir() { out.extend(walk(&entry.path())) } else { out.push(entry.path()) }
        }
        out
    }

    #[test]
    fn an_unreachable_database_and_an_open_address_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let config = Config {
            database: Some("postgres://nobody@127.0.0.1:1/none?sslmode=disable".into()),
            address: "http://akashi.example.jp".into(),
            ..Config::embedded(folder.path())
        };
        let findings = examine(&config);
        assert_eq!(wrong(&findings).len(), 2, "{findings:?}");
        assert!(findings.iter().filter(|f| f.weight == Weight::Mend).all(|f| f.mend.is_some()));
    }
}
