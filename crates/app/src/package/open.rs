//! A package that came: decrypted, checked against the anchors, and compared with what stands; nothing of it is kept yet.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use age::stream::StreamReader;
use rules::act::Actor;
use rules::evidence::Label;
use rules::exchange::{self, AnchorState, Comparison, Refused, Submission, TrustAnchor};
use rules::id::{self, Digest, Id};
use rules::policy::{self, Side};
use rules::refusal::Refusal;
use rules::text::{Text, text, worded};
use seal::merkle::Hash;
use seal::package::{BadManifest, BadSignature, Manifest, Opened, PackageFault, PackageTrust};
use seal::verify::{AnchorKind, Trust, verify_export};
use store::tables::{evaluation, evidence, exchange as rows};

use super::make::{label_word, measured, path_of};
use super::{LEDGER, Mirror, SUBMISSION, VERSION, opened};
use crate::execute::all_items;
use crate::proof::Worth;
use crate::trust::{self, Card};
use crate::{App, Error};

/// The largest `submission.json` that is read, in bytes: 253 items with the longest texts are 60 MB.
const SUBMISSION_BYTES: u64 = 128 * 1024 * 1024;
/// How a file begins that is encrypted.
const AGE: &[u8] = b"age-encryption.org/v1";

/// A package, decrypted where it is encrypted. Its plain text is in memory only, a piece at a time.
pub(super) enum Content {
    Plain(File),
    Sealed(Box<StreamReader<File>>),
}

impl Read for Content {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        match self {
            Content::Plain(file) => file.read(out),
            Content::Sealed(reader) => reader.read(out),
        }
    }
}

impl Seek for Content {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        match self {
            Content::Plain(file) => file.seek(to),
            Content::Sealed(reader) => reader.seek(to),
        }
    }
}

/// Why it is not taken: for good, with a reason of its own; or for another cause, which is not the package's.
pub(super) enum Turn {
    Down(Refused, Text),
    Other(Error),
}

impl<E: Into<Error>> From<E> for Turn {
    fn from(error: E) -> Turn {
        Turn::Other(error.into())
    }
}

/// What a person sees before they take a package in.
#[derive(Debug, Clone)]
pub struct Look {
    pub number: String,
    pub sender: String,
    pub subject: String,
    pub made_at: String,
    pub label: Label,
    /// Of the file that came, in bytes.
    pub size: u64,
    pub anchor: TrustAnchor,
    /// With ids of here.
    pub submission: Submission,
    pub comparison: Comparison,
    /// The case here that it continues.
    pub continues: Option<Id<id::Case>>,
    /// Lines of the sender's ledger that came along, each proven.
    pub lines: u64,
    /// What outsiders said of the sender's ledger, and whether it counts here: whether it is a time stamp, and its worth.
    pub anchors: Vec<(bool, Worth)>,
    /// What keeps it from being taken in just now, though nothing is wrong with it.
    pub waits: Option<Text>,
}

/// What a package changes, the case here that it continues, and what it has to wait for.
type Compared = (Comparison, Option<Id<id::Case>>, Option<Text>);

/// A package that holds.
pub(super) struct Sound {
    pub package: Opened<Content>,
    pub look: Look,
}

/// What is said of a fault of the format.
fn told(fault: &PackageFault) -> Text {
    worded(fault.ja(), fault.to_string())
}

fn reason(fault: &PackageFault) -> Option<Refused> {
    Some(match fault {
        PackageFault::NotAPackage => Refused::NotAPackage,
        PackageFault::Truncated { .. } => Refused::Truncated,
        PackageFault::Altered { .. }
        | PackageFault::Header { .. }
        | PackageFault::Extra { .. }
        | PackageFault::Missing { .. }
        | PackageFault::Order { .. }
        | PackageFault::BadName { .. }
        | PackageFault::Compressed { .. }
        | PackageFault::Stray { .. }
        | PackageFault::Directory { .. } => Refused::Altered,
        PackageFault::Manifest(BadManifest::Version(_)) => Refused::Format,
        PackageFault::Manifest(_) => Refused::Altered,
        PackageFault::Signature(BadSignature::Lacking(_)) => Refused::SignatureMissing,
        PackageFault::Signature(_) => Refused::SignatureWrong,
        PackageFault::UnknownSender { .. } => Refused::UnknownSender,
        PackageFault::OtherReceiver { .. } => Refused::Misaddressed,
        PackageFault::Replayed { .. } => Refused::Replayed,
        PackageFault::TooLarge { .. } => Refused::TooLarge,
        PackageFault::Unreadable(_) => return None,
    })
}

fn content(ja: &str, en: &str) -> Turn {
    Turn::Down(
        Refused::Content,
        worded(
            format!("パッケージの内容に矛盾があります（{ja}）。送り主に確認してください。"),
            format!("The package does not hold together: {en}. Ask the sender."),
        ),
    )
}

impl App {
    /// The bytes of a package, whoever it is from.
    pub(super) fn unsealed(&self, organisation: Id<id::Organisation>, mut file: File) -> Result<Content, Turn> {
        let mut head = vec![];
        let io = |e: io::Error| Turn::Other(Error::Broken(format!("the package cannot be read: {e}")));
        file.by_ref().take(AGE.len() as u64).read_to_end(&mut head).map_err(io)?;
        file.seek(SeekFrom::Start(0)).map_err(io)?;
        if head != AGE {
            return Ok(Content::Plain(file));
        }
        let altered = || {
            Turn::Down(
                Refused::Altered,
                text(
                    "暗号化されたパッケージが壊れているか、改変されています。送り主に再送を依頼してください。",
                    "The encrypted package is damaged or was altered. Ask the sender to send it again.",
                ),
            )
        };
        let key = self.exchange_key(organisation)?;
        let opened = age::Decryptor::new(file).map_err(|_| altered())?.decrypt(std::iter::once(&key as &dyn age::Identity));
        let mut reader = opened.map_err(|e| match e {
            age::DecryptError::NoMatchingKeys => Turn::Down(
                Refused::Misaddressed,
                text(
                    "このパッケージは、この組織に宛てて暗号化されたものではありません。送り主に宛先を確認してください。",
                    "This package is not encrypted to this organisation. Ask the sender for whom it is.",
                ),
            ),
            _ => altered(),
        })?;
        // The end is authenticated too: what was cut is known before a byte of it is used.
        let whole = reader.seek(SeekFrom::End(0)).and_then(|_| reader.seek(SeekFrom::Start(0)));
        whole.map_err(|_| {
            Turn::Down(
                Refused::Truncated,
                text(
                    "暗号化されたパッケージが途中で切れているか、改変されています。送り主に再送を依頼してください。",
                    "The encrypted package is cut off or was altered. Ask the sender to send it again.",
                ),
            )
        })?;
        Ok(Content::Sealed(Box::new(reader)))
    }

    /// Checks a package from its first byte to its last, and compares it with what stands.
    pub(super) fn judged(&self, actor: &Actor, organisation: Id<id::Organisation>, path: &Path) -> Result<Sound, Turn> {
        let file = opened(path)?;
        let size = file.metadata().map_err(|e| Error::Broken(e.to_string()))?.len();
        if size > self.config.package_limit {
            let gb = self.config.package_limit >> 20;
            return Err(Turn::Down(
                Refused::TooLarge,
                worded(
                    format!("大きすぎます。{gb} MB以内のパッケージを受け付けます。"),
                    format!("It is too large; at most {gb} MB are taken."),
                ),
            ));
        }
        let me = self.installation()?.ok_or_else(|| Error::Broken("this installation has no number yet: start the service once".into()))?;
        let others = self.store.read(|conn| trust::others(conn, organisation))?;
        let active: Vec<&(TrustAnchor, Card)> = others.iter().filter(|(a, _)| a.state == AnchorState::Active).collect();
        let keys = active.iter().flat_map(|(_, card)| card.keys.iter().cloned()).collect();
        let seen = |number: &str| self.store.read(|conn| rows::came_before(conn, organisation, number)).unwrap_or(true);
        let trusted = PackageTrust { keys, me: Some(me), seen: &seen };
        let mut package =
            seal::package::open(self.unsealed(organisation, file)?, &trusted, |_| {}).map_err(|fault| match reason(&fault) {
                Some(Refused::UnknownSender) => not_known(&fault, &others),
                Some(reason) => Turn::Down(reason, told(&fault)),
                None => Turn::Other(Error::Broken(fault.to_string())),
            })?;
        let theirs = read_submission(&mut package)?;
        let manifest = package.manifest.clone();
        // Organisations of one installation sign with the same keys: the one that sends has to be the one that is known.
        let from = active.iter().find(|(_, card)| {
            card.organisation == theirs.from
                && card.installation == manifest.sender.installation
                && card.keys.iter().any(|k| package.signed_by.contains(k))
        });
        let Some((anchor, card)) = from else {
            return Err(Turn::Down(
                Refused::UnknownSender,
                worded(
                    format!("送り主の組織（{}）は、トラストアンカーに登録されていません。", manifest.sender.name),
                    format!("The organisation that sends it ({}) is not among the trust anchors.", manifest.sender.name),
                ),
            ));
        };
        if theirs.to != organisation {
            return Err(Turn::Down(
                Refused::Misaddressed,
                text("このパッケージは別の組織に宛てたものです。", "This package is for another organisation."),
            ));
        }
        let label = theirs.label();
        if manifest.label != label_word(label) {
            return Err(content("秘密区分", "its label is not that of its files"));
        }
        if let Err(refusal) = exchange::within(anchor, label) {
            return Err(Turn::Down(Refused::Label, refusal.text));
        }
        for file in &theirs.evidence {
            if !manifest.files.iter().any(|f| f.path == path_of(file.digest) && f.size == file.size && f.sha256 == file.digest.0) {
                return Err(content("証跡", "a document is not among its files"));
            }
        }
        let (lines, anchors) = {
            let input = package.file(LEDGER).map_err(|_| content("台帳の抜粋がない", "there is no ledger extract"))?;
            let outside = self.store.read(trust::outside)?;
            let given = Trust { keys: card.keys.clone(), ..outside };
            let report = verify_export(BufReader::with_capacity(1 << 18, input), &given, |_| {}).map_err(|fault| {
                Turn::Down(
                    Refused::Content,
                    worded(format!("台帳の抜粋が正しくありません。{}", fault.ja()), format!("The ledger extract is not sound: {fault}")),
                )
            })?;
            if report.installation != card.installation || report.tenant != theirs.from.to_string() {
                return Err(content("台帳の抜粋", "the ledger extract is another organisation's"));
            }
            let worth = report.anchors.iter().map(Worth::of).map(|(kind, worth)| (kind == AnchorKind::Stamp, worth));
            (report.lines, worth.collect())
        };
        let mirror = Mirror::of(&card.installation, card.organisation, organisation);
        let submission = mirror.submission(theirs);
        let (comparison, continues, waits) = self.compared(actor, &submission)?;
        let waits = self.import_waits()?.or(waits);
        let look = Look {
            number: manifest.id.clone(),
            sender: manifest.sender.name.clone(),
            subject: manifest.subject.clone(),
            made_at: manifest.made_at.clone(),
            label,
            size,
            anchor: anchor.clone(),
            submission,
            comparison,
            continues,
            lines,
            anchors,
            waits,
        };
        Ok(Sound { package, look })
    }

    /// What the package would change here, and what it has to wait for.
    fn compared(&self, actor: &Actor, submission: &Submission) -> Result<Compared, Error> {
        let Some(sheet) = self.content.sheets().into_iter().find(|s| s.id == submission.sheet) else {
            let waits = super::no_sheet(&submission.sheet).text;
            return Ok((exchange::compare(submission, &[], &[]), None, Some(waits)));
        };
        self.store.read(|conn| {
            let Some(facts) = evaluation::facts(conn, submission.case)? else {
                return Ok((exchange::compare(submission, &[], &[]), None, None));
            };
            let view = policy::view(&super::applicant(actor, facts.case.provider), &facts, Some(Side::Applicant))?;
            let items = all_items(conn, &sheet, &view)?;
            let files = evidence::of_case(conn, &view)?;
            let waits = (!facts.case.state.is_open_to_applicant()).then(|| {
                let now = facts.case.state.name();
                worded(
                    format!("この案件はここでは「{}」です。次のラウンドとして受領するには、先に改善依頼で戻してください。", now.ja),
                    format!(
                        "The case is {} here. Return the round first, then take the package in as the next one.",
                        now.en.to_lowercase()
                    ),
                )
            });
            Ok((exchange::compare(submission, &items, &files), Some(facts.case.id), waits))
        })
    }

    /// Writes a package decrypted, as `akashi verify` and other programs read it; nothing of it is believed for that. For the
    /// console, where whoever sits may read the database anyway.
    pub fn open_package(&self, organisation: Id<id::Organisation>, path: &Path, mut out: impl io::Write) -> Result<u64, Error> {
        let mut content = match self.unsealed(organisation, opened(path)?) {
            Ok(content) => content,
            Err(Turn::Down(_, words)) => return Err(refusal(&words).into()),
            Err(Turn::Other(error)) => return Err(error),
        };
        io::copy(&mut content, &mut out)
            .and_then(|size| out.flush().map(|()| size))
            .map_err(|e| Error::Broken(format!("the package cannot be decrypted: {e}")))
    }

    /// What a refused package says of itself, as far as it can be read, and the digest of the file.
    pub(super) fn peeked(&self, organisation: Id<id::Organisation>, path: &Path) -> Result<(Digest, Option<(Manifest, Hash)>), Error> {
        let mut file = opened(path)?;
        let (_, digest) = measured(&mut file)?;
        let said = self.unsealed(organisation, file).ok().and_then(seal::package::peek);
        Ok((Digest(digest), said))
    }
}

/// A sender whose keys are known, but do not count.
fn not_known(fault: &PackageFault, others: &[(TrustAnchor, Card)]) -> Turn {
    let PackageFault::UnknownSender { keys, .. } = fault else { return Turn::Down(Refused::UnknownSender, told(fault)) };
    let named = others.iter().find(|(_, card)| card.keys.iter().any(|k| keys.contains(&k.to_string())));
    let (why, words) = match named.map(|(a, _)| a.state) {
        Some(AnchorState::Removed) => (
            Refused::AnchorRemoved,
            text(
                "送り主のトラストアンカーは削除されています。組織管理者に確認してください。",
                "The sender's trust anchor was removed. Ask an administrator.",
            ),
        ),
        Some(AnchorState::Blocked) => (
            Refused::AnchorBlocked,
            text(
                "送り主のトラストアンカーは、指紋が一致しなかったため拒否されています。組織管理者に確認してください。",
                "The sender's trust anchor is blocked: its fingerprint did not match. Ask an administrator.",
            ),
        ),
        Some(AnchorState::Proposed) => (
            Refused::AnchorPending,
            text(
                "送り主のトラストアンカーは、2人目の確認を待っています。確認されてから、もう一度受領してください。",
                "The sender's trust anchor awaits the second person. Take the package in after that.",
            ),
        ),
        Some(AnchorState::Active) | None => (Refused::UnknownSender, told(fault)),
    };
    Turn::Down(why, words)
}

fn read_submission(package: &mut Opened<Content>) -> Result<Submission, Turn> {
    let size = package.manifest.files.iter().find(|f| f.path == SUBMISSION).map(|f| f.size);
    let missing = || content("submission.json がない", "there is no submission.json");
    if size.ok_or_else(missing)? > SUBMISSION_BYTES {
        return Err(Turn::Down(Refused::TooLarge, text("submission.json が大きすぎます。", "submission.json is too large.")));
    }
    let mut bytes = vec![];
    package
        .file(SUBMISSION)
        .and_then(|mut f| f.read_to_end(&mut bytes))
        .map_err(|e| Error::Broken(format!("the package cannot be read: {e}")))?;
    #[derive(serde::Deserialize)]
    struct Version {
        v: u32,
    }
    let unread = |e: serde_json::Error| content(&format!("submission.json: {e}"), &format!("submission.json: {e}"));
    let Version { v } = serde_json::from_slice(&bytes).map_err(unread)?;
    if v != VERSION {
        return Err(Turn::Down(
            Refused::Format,
            worded(
                format!("submission.json の版（{v}）は、この版のAkashiでは読めません。"),
                format!("submission.json is of version {v}, which is not read here."),
            ),
        ));
    }
    serde_json::from_slice(&bytes).map_err(unread)
}

/// Not for outside: a refusal that the package caused, as people read it.
pub(super) fn refusal(words: &Text) -> Refusal {
    Refusal::invalid("file", words.clone())
}
