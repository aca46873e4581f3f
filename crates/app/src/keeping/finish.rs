//! After an erasure: files leave, freed space is written over, the words are looked for, and the certificate is made.

use jiff::SignedDuration;
use rules::act::{Actor, japan};
use rules::change::Change;
use rules::evidence::{Evidence, Label};
use rules::id::{self, Id, Pos};
use rules::keeping::{Certified, Erasure, Keeping, Matter};
use rules::log::LogQuery;
use rules::review::AlertKind;
use rules::running::Running;
use rules::text::{Text, text, worded};
use store::erase::Scoured;
use store::tables::keeping::{self as rows, Erased};
use store::tables::{party, requests};

use super::certificate;
use crate::execute::Doing;
use crate::{App, Error};

/// The program that erased knows the words to look for. Another one, or the same after a restart, waits for so long.
const WAIT: SignedDuration = SignedDuration::from_mins(10);

/// What was looked at after an erasure.
pub(super) struct Looked {
    pub clean: bool,
    pub words: Vec<Text>,
}

impl App {
    /// Finishes erasures that have no certificate yet; returns how many got one. It runs every few seconds.
    pub fn finish_erasures(&self) -> Result<usize, Error> {
        let mut finished = 0;
        for erased in self.store.read(rows::uncertified)? {
            let words = self.keeping.words(erased.erasure.id);
            if words.is_none() && self.clock.now() < erased.erasure.at + WAIT {
                continue;
            }
            finished += usize::from(self.finish(&erased, words.as_deref())?);
        }
        Ok(finished)
    }

    fn finish(&self, erased: &Erased, words: Option<&[String]>) -> Result<bool, Error> {
        let erasure = &erased.erasure;
        let mut looked = Looked { clean: true, words: vec![] };
        if !self.remove_files(erasure, &mut looked)? {
            return Ok(false);
        }
        if let Matter::Person { person } = erasure.matter {
            self.remove_drafts(person)?;
        }
        let scoured = store::erase::scour(&self.store)?;
        if scoured == Scoured::LogKept {
            // Somebody was reading just then; the next turn tries again.
            return Ok(false);
        }
        looked.words.push(told_space(&scoured));
        self.look(words, &mut looked)?;
        self.list_backups(erasure, &mut looked)?;
        self.certify(erased, looked)?;
        self.keeping.forget(erasure.id);
        Ok(true)
    }

    /// Removes the files that nobody needs any more, and looks whether they are gone. `false`: not all can go yet.
    fn remove_files(&self, erasure: &Erasure, looked: &mut Looked) -> Result<bool, Error> {
        let (mut left, mut kept) = (0, 0);
        for digest in &erasure.files {
            let (here, anywhere) = self.store.read(|conn| store::erase::uses(conn, *digest, erasure.organisation))?;
            // Stored anew since: it belongs to that document now.
            if here {
                kept += 1;
                continue;
            }
            if anywhere && self.blobs.has_plain(*digest)? {
                // A plain file of an earlier version is another organisation's too, until a job has encrypted it for them.
                return Ok(false);
            }
            self.remove_file(erasure.organisation, *digest)?;
            let keys = self.file_keys(erasure.organisation)?;
            left += usize::from(self.blobs.has(&keys, *digest)?);
        }
        looked.clean &= left == 0;
        if !erasure.files.is_empty() {
            let n = erasure.files.len();
            looked.words.push(worded(
                format!("証跡ファイル{n}件を保管場所から削除し、存在しないことを確認しました（残存{left}件、別の文書が使うため保持{kept}件）。"),
                format!("{n} files of evidence were removed from the vault and looked for there: {left} left, {kept} kept because another document uses them."),
            ));
        }
        Ok(true)
    }

    /// Looks for the erased words in every table, and in the bytes of the database file where it is one.
    fn look(&self, words: Option<&[String]>, looked: &mut Looked) -> Result<(), Error> {
        let Some(words) = words.filter(|w| !w.is_empty()) else {
            looked.words.push(text(
                "消去した文言の検索は行っていません（消去後にサービスが再起動したか、検索できる文言がありませんでした）。表と台帳の行が削除されたことは、データベースの処理結果で確認しています。",
                "The erased words were not searched for: the service was restarted in between, or there were none to look for. That rows and payloads were deleted is known from the database's own answer.",
            ));
            return Ok(());
        };
        let n = words.len();
        let tables = self.store.read(|conn| store::erase::find_in_tables(conn, words))?;
        if tables.found.is_empty() {
            looked.words.push(worded(
                format!("消去した文言から取った{n}個の断片を、台帳、全文検索、秘密情報を含むすべての表の{}行で検索し、見つかりませんでした。", tables.read),
                format!("{n} pieces of the erased words were looked for in all {} rows of every table, with ledger, search and secrets: none was found.", tables.read),
            ));
        } else {
            let list: Vec<String> = tables.found.iter().map(|(table, rows)| format!("{table}: {rows}")).collect();
            let list = list.join(", ");
            looked.words.push(worded(
                format!("消去した文言から取った{n}個の断片をすべての表の{}行で検索しました。同じ文言を含む別の記録があります（{list}）。それらは対象ではなく、それぞれの保存期間に従います。", tables.read),
                format!("{n} pieces of the erased words were looked for in all {} rows of every table. Other records hold some of the same words ({list}); they were not the subject and are kept for their own time.", tables.read),
            ));
        }
        let Some(files) = store::erase::find_in_files(&self.store, words)? else {
            looked.words.push(text(
                "PostgreSQLのデータファイルとWALのバイト列は、このサービスからは読めないため検索していません。",
                "The bytes of PostgreSQL's own files and of its write-ahead log cannot be read by this service and were not searched.",
            ));
            return Ok(());
        };
        // What a living row holds stands in the file too.
        let mut alone = vec![];
        for word in files.found {
            let living = self.store.read(|conn| store::erase::find_in_tables(conn, std::slice::from_ref(&word)))?;
            if living.found.is_empty() {
                alone.push(word);
            }
        }
        looked.clean &= alone.is_empty();
        looked.words.push(worded(
            format!(
                "データベースのファイルとそのログ（{}バイト）を1バイトずつ検索し、消去した文言の残りは{}件でした。",
                files.read,
                alone.len()
            ),
            format!(
                "The database file and its log, {} bytes, were searched byte by byte: {} pieces of erased words were left.",
                files.read,
                alone.len()
            ),
        ));
        Ok(())
    }

    /// Backups made before still hold it: the certificate says which.
    fn list_backups(&self, erasure: &Erasure, looked: &mut Looked) -> Result<(), Error> {
        let query = LogQuery { kind: Some("backup_made".into()), ..LogQuery::default() };
        let lines = self.store.read(|conn| store::ledger::search(conn, store::INSTALLATION, &query, None, 1000))?;
        let made = lines.into_iter().filter_map(|line| serde_json::from_str::<Change>(&line.payload?.text).ok());
        let before: Vec<_> = made
            .filter_map(|c| if let Change::Running(Running::BackupMade(b)) = c { Some(b) } else { None })
            .filter(|b| b.at < erasure.at)
            .collect();
        if before.is_empty() {
            looked.words.push(text(
                "この消去より前に作成されたバックアップは記録されていません。",
                "No backup made before this erasure is on record.",
            ));
            return Ok(());
        }
        let list: Vec<String> = before.iter().take(10).map(|b| format!("{} ({})", japan(b.at).date(), b.id)).collect();
        let (n, list) = (before.len(), list.join(", "));
        looked.words.push(worded(
            format!("消去より前に作成された暗号化バックアップが{n}件記録されています（新しい順: {list}）。これらには消去した内容が残っており、運用者が定めた保存期間の終わりに破棄されます。復元した場合は、台帳の記録に従って消去を繰り返す必要があります。次のバックアップからは含まれません。"),
            format!("{n} encrypted backups made before the erasure are on record (newest first: {list}). They still hold what was erased, until they are destroyed at the end of the time the operator set; whoever restores one has to repeat the erasure by the ledger's record. Later backups do not hold it."),
        ));
        Ok(())
    }

    /// Makes the certificate, keeps it as evidence, and says so in the ledger.
    fn certify(&self, erased: &Erased, looked: Looked) -> Result<(), Error> {
        let erasure = &erased.erasure;
        let facts = self.store.read(|conn| -> Result<_, store::Error> {
            let organisation = party::organisation(conn, erasure.organisation)?.map(|o| o.name).unwrap_or_default();
            let request = match erasure.request {
                Some(id) => requests::request(conn, id)?,
                None => None,
            };
            let mut name = |id: Option<Id<id::Person>>| -> Result<String, store::Error> {
                Ok(match id {
                    Some(id) => party::person(conn, id)?.map(|p| p.name).unwrap_or_default(),
                    None => String::new(),
                })
            };
            let (asked, approved) = (name(request.as_ref().map(|r| r.by))?, name(erasure.by)?);
            let mut line = None;
            store::ledger::lines_after(conn, Pos(erased.pos.0 - 1), 1, |found| {
                line = Some(found);
                Ok(())
            })?;
            Ok(certificate::Facts { organisation, asked, approved, reason: request.map(|r| r.reason).unwrap_or_default(), line })
        })?;
        let now = self.clock.now();
        let bytes = certificate::pdf(erasure, &facts, &looked, japan(now).date())?;
        let by = erasure.by.ok_or_else(|| Error::Broken(format!("nobody approved {}", erasure.id)))?;
        let stored = self.keep_file(erasure.organisation, bytes.as_slice(), u64::MAX)?;
        let actor = Actor { organisation: Some(erasure.organisation), ..Actor::system() };
        self.store.write(|tx| -> Result<(), Error> {
            // Another program may have been quicker.
            if rows::erasure(tx, erasure.id)?.is_none_or(|e| e.certified.is_some()) {
                return Ok(());
            }
            let mut doing = Doing::new(self, tx, actor)?;
            let id: Id<id::Evidence> = doing.act.fresh();
            doing.write(&Change::EvidenceAdded(Evidence {
                id,
                series: id,
                version: 1,
                organisation: erasure.organisation,
                name: format!("消去証明書_{}.pdf", erasure.id),
                media: "application/pdf".into(),
                size: stored.size,
                digest: stored.digest,
                label: Label::Confidential,
                valid_until: None,
                by,
                at: now,
                pos: Pos::NEVER,
            }))?;
            let clean = looked.clean;
            let certified = Certified { erasure: erasure.id, clean, looked: looked.words, evidence: id, digest: stored.digest };
            doing.write(&Change::Keeping(Keeping::ErasureCertified(certified)))?;
            if !clean {
                let words = worded(
                    format!("消去（{}）の後の確認で、消去した内容の残りが見つかりました。証明書を確認してください。", erasure.id),
                    format!("After the erasure {} something of what was erased was still found. Look at its certificate.", erasure.id),
                );
                doing.alert(AlertKind::RetentionDue, Some(erasure.organisation), &format!("{} left", erasure.id), words)?;
            }
            Ok(())
        })
    }

    /// Reminds administrators once a month of what is due; nothing is ever erased by itself. Returns how many were told.
    pub fn remind_of_due(&self) -> Result<usize, Error> {
        let today = japan(self.clock.now()).date();
        let mut told = 0;
        for organisation in self.store.read(party::organisations)? {
            let subject = format!("{} {}-{:02} retention", organisation.id, today.year(), today.month());
            let (due, said) = self.store.read(|conn| -> Result<_, Error> {
                let said = requests::was_alerted(conn, AlertKind::RetentionDue, &subject, jiff::Timestamp::UNIX_EPOCH)?;
                let mut due = 0;
                if !said {
                    for (matter, name) in super::read::matters(conn, organisation.id)? {
                        let found = self.due(conn, matter, name, today)?;
                        due += usize::from(found.kept.over && found.holds.is_empty());
                    }
                }
                Ok((due, said))
            })?;
            if due == 0 || said {
                continue;
            }
            let words = worded(
                format!(
                    "保存期間が終わった記録が{due}件あります。「保存と消去」の画面で、消去するか、規則で延長するかを決めてください。自動では消去されません。"
                ),
                format!(
                    "The time of {due} records is over. Decide on the page Retention and erasure whether they are erased or kept longer. Nothing is erased by itself."
                ),
            );
            self.store.write(|tx| {
                Doing::new(self, tx, Actor::system())?.alert(AlertKind::RetentionDue, Some(organisation.id), &subject, words)
            })?;
            told += 1;
        }
        Ok(told)
    }

    fn remove_drafts(&self, person: Id<id::Person>) -> Result<(), Error> {
        let folder = self.config.data.join("drafts").join(person.to_string());
        match std::fs::remove_dir_all(&folder) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(Error::Broken(format!("cannot remove {}: {e}", folder.display()))),
            _ => Ok(()),
        }
    }
}

/// How the freed space was dealt with, in words for the certificate.
fn told_space(scoured: &Scoured) -> Text {
    match scoured {
        Scoured::File | Scoured::LogKept => text(
            "データベースのファイルを書き直し、書込みログ（WAL）を空にしました。",
            "The database file was written anew, and its write-ahead log was cut to nothing.",
        ),
        Scoured::Tables { left, .. } if left.is_empty() => text(
            "関係するすべての表を書き直しました（VACUUM FULL）。PostgreSQLのWALは、データベースの設定に従って再利用・破棄されます。",
            "Every table concerned was written anew (VACUUM FULL). PostgreSQL's write-ahead log is reused or removed as the database is set up.",
        ),
        Scoured::Tables { left, .. } => {
            let left = left.join(", ");
            worded(
                format!(
                    "関係する表を書き直しました（VACUUM FULL）。大きすぎる表（{left}）では行を除去し、領域は再利用時に上書きされます（VACUUM）。"
                ),
                format!(
                    "The tables concerned were written anew (VACUUM FULL). In those too large for that ({left}) the rows were removed, and the space is written over when it is reused (VACUUM)."
                ),
            )
        }
    }
}
