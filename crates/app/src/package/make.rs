//! A package of a case: what was submitted, with its files and the ledger's proofs, signed here and encrypted to one receiver.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};

use age::x25519::Recipient;
use rules::act::Actor;
use rules::command::{Command, Kind};
use rules::exchange::{self, Package, Submission, SubmittedFile, SubmittedItem, SubmittedParty, SubmittedProduct};
use rules::id::{self, Digest, Id};
use rules::log::LogQuery;
use rules::party::Role;
use rules::policy::{self, Place, Side};
use rules::refusal::Refusal;
use rules::text::Lang;
use seal::merkle::sha256;
use seal::package::{Listed, Manifest, PackageWriter, Receiver, Sender};
use store::tables::evaluation;

use super::{ANSWERS, LEDGER, SUBMISSION, VERSION, broken};
use crate::exchange::Wanted;
use crate::read::CaseRead;
use crate::trust::{self, Card};
use crate::{App, Error};

const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// A package that was made and recorded.
pub struct Sent {
    /// What the file is called.
    pub name: String,
    pub file: File,
    pub package: Package,
}

impl App {
    /// Makes a package of a case for the other side of an anchor, and records that it was sent. What was submitted goes
    /// in; what stands, where nothing was yet. Memory does not grow with the evidence.
    pub fn send_package(&self, actor: &Actor, case: Id<id::Case>, anchor: Id<id::TrustAnchor>) -> Result<Sent, Error> {
        let organisation = actor.organisation.ok_or(Refusal::forbidden())?;
        let (side, round, to, card) = self.store.read(|conn| -> Result<_, Error> {
            let facts = evaluation::facts(conn, case)?.ok_or(Refusal::not_found())?;
            policy::may(Kind::SendPackage, actor, Place::Case(&facts))?;
            // Who has both parts sends as the applicant.
            let applies = actor.has(Role::Officer) && policy::sides(actor, &facts).contains(&Side::Applicant);
            let side = if applies { Side::Applicant } else { Side::Body };
            let known = trust::active(conn, organisation)?;
            let (to, card) = known.into_iter().find(|(a, _)| a.id == anchor).ok_or(Refusal::not_found().at("anchor"))?;
            Ok((side, facts.case.round, to, card))
        })?;
        let own =
            self.card_of(organisation)?.ok_or_else(|| Error::Broken("this installation has no keys yet: start the service once".into()))?;
        let read = if round > 0 { self.round(actor, case, Some(side), round)? } else { self.case(actor, case, Some(side))? };
        let read = only_the_applicants(read);
        let submission = submission(&read, &own, &card);
        exchange::within(&to, submission.label())?;
        let subject = format!("{} {}", read.product.name, submission.number.as_deref().unwrap_or_default()).trim().to_owned();

        let whole = serde_json::to_vec(&submission).map_err(|e| Error::Broken(e.to_string()))?;
        let wanted = Wanted { csv: false, blank: false, filters: false, a4: false, lang: Lang::Ja };
        let sheet = self.sheet_of(&read, wanted)?.bytes;
        let mut extract = self.aside()?;
        let query = LogQuery { subject: Some(case.to_string()), ..LogQuery::default() };
        self.export_ledger(&organisation.to_string(), Some(&query), BufWriter::with_capacity(1 << 18, &extract))?;
        let proofs = measured(&mut extract)?;

        let listed = |path: &str, media: &str, size: u64, sha256| Listed { path: path.to_owned(), media: media.to_owned(), size, sha256 };
        let of = |path: &str, media: &str, bytes: &[u8]| listed(path, media, bytes.len() as u64, sha256(&[bytes]));
        let mut files = vec![
            of(SUBMISSION, "application/json", &whole),
            of(ANSWERS, XLSX, &sheet),
            listed(LEDGER, "application/x-ndjson", proofs.0, proofs.1),
        ];
        let evidence: BTreeMap<Digest, u64> = submission.evidence.iter().map(|f| (f.digest, f.size)).collect();
        files.extend(evidence.iter().map(|(digest, size)| listed(&path_of(*digest), "application/octet-stream", *size, digest.0)));
        let number = identity::random::<16>()?.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let at = self.clock.now();
        let manifest = Manifest {
            id: number.clone(),
            sender: Sender {
                installation: own.installation.clone(),
                name: own.name.clone(),
                keys: own.keys.iter().map(ToString::to_string).collect(),
            },
            receiver: Receiver { installation: Some(card.installation.clone()), name: card.name.clone() },
            subject: if subject.is_empty() { case.to_string() } else { subject },
            label: label_word(submission.label()),
            made_at: format!("{at:.6}"),
            replaces: None,
            files,
        };
        let not_written = |e: seal::package::NotWritten| Error::Broken(e.to_string());
        let mut writer = PackageWriter::new(self.aside()?, manifest, &self.signing_keys()?).map_err(not_written)?;
        let digest = Digest(writer.manifest());
        writer.file(&whole[..]).map_err(not_written)?;
        writer.file(&sheet[..]).map_err(not_written)?;
        extract.seek(SeekFrom::Start(0)).map_err(broken("the ledger extract cannot be read"))?;
        writer.file(&extract).map_err(not_written)?;
        for digest in evidence.keys() {
            self.must_not_be_locked(*digest)?;
            writer.file(self.kept_file(read.provider.id, *digest)?).map_err(not_written)?;
        }
        let mut plain = writer.finish().map_err(not_written)?;
        plain.seek(SeekFrom::Start(0)).map_err(broken("the package cannot be read back"))?;
        let mut file = self.aside()?;
        let size = sealed(&plain, &file, &card)?;
        file.seek(SeekFrom::Start(0)).map_err(broken("the package cannot be read back"))?;

        let package = Package {
            id: self.act(actor.clone())?.fresh(),
            number: number.clone(),
            organisation,
            case: Some(case),
            round,
            other: card.installation,
            other_name: card.name,
            label: submission.label(),
            manifest: digest,
            size,
            by: actor.person.ok_or(Refusal::forbidden())?,
            at,
        };
        self.execute(actor, Command::SendPackage { case, package: Some(Box::new(package.clone())) })?;
        Ok(Sent { name: format!("{number}.akashi.age"), file, package })
    }
}

pub(super) fn path_of(digest: Digest) -> String {
    format!("evidence/{digest}")
}

pub(super) fn label_word(label: rules::evidence::Label) -> String {
    match label {
        rules::evidence::Label::Public => "public",
        rules::evidence::Label::Disclosable => "disclosable",
        rules::evidence::Label::Confidential => "confidential",
    }
    .to_owned()
}

/// What the body wrote, and whom it assigned, is not the applicant's to hand on; nor are claims on documents that the
/// sender does not see.
fn only_the_applicants(mut read: CaseRead) -> CaseRead {
    for facts in &mut read.items {
        facts.claims.retain(|c| !c.hidden);
        (facts.verdict, facts.approval) = (None, None);
        facts.confirmations.clear();
    }
    read.facts.assignments.clear();
    let claimed: BTreeSet<Id<id::Evidence>> = read.items.iter().flat_map(|f| f.claims.iter().filter_map(|c| c.evidence)).collect();
    read.evidence.retain(|id, _| claimed.contains(id));
    read
}

fn submission(read: &CaseRead, own: &Card, to: &Card) -> Submission {
    Submission {
        v: VERSION,
        from: own.organisation,
        to: to.organisation,
        provider: SubmittedParty { id: read.provider.id, name: read.provider.name.clone() },
        product: SubmittedProduct {
            id: read.product.id,
            name: read.product.name.clone(),
            description: read.product.description.clone(),
            profile: read.product.profile.clone(),
        },
        case: read.facts.case.id,
        number: read.facts.case.number.clone(),
        sheet: read.facts.case.sheet.clone(),
        round: read.facts.case.round,
        items: read.items.iter().filter_map(SubmittedItem::of).collect(),
        evidence: read.evidence.values().map(SubmittedFile::of).collect(),
    }
}

/// Size and digest of a file, from its beginning.
pub(super) fn measured(file: &mut File) -> Result<(u64, [u8; 32]), Error> {
    use sha2::Digest as _;
    let failed = broken("a file cannot be read");
    file.seek(SeekFrom::Start(0)).map_err(&failed)?;
    let (mut hasher, mut size, mut buffer) = (sha2::Sha256::new(), 0, vec![0; 256 * 1024]);
    loop {
        let read = file.read(&mut buffer).map_err(&failed)?;
        if read == 0 {
            file.seek(SeekFrom::Start(0)).map_err(&failed)?;
            return Ok((size, hasher.finalize().into()));
        }
        hasher.update(buffer.get(..read).unwrap_or_default());
        size += read as u64;
    }
}

/// Encrypts the package to its receiver, and says how large it became.
fn sealed(mut plain: &File, out: &File, to: &Card) -> Result<u64, Error> {
    let failed = broken("the package cannot be encrypted");
    let recipient: Recipient = to.recipient.parse().map_err(|e| Error::Broken(format!("the card's recipient: {e}")))?;
    let encryptor = age::Encryptor::with_recipients(std::iter::once(&recipient as &dyn age::Recipient))
        .map_err(|e| Error::Broken(format!("the package cannot be encrypted: {e}")))?;
    let mut writer = encryptor.wrap_output(BufWriter::with_capacity(1 << 18, out)).map_err(&failed)?;
    io::copy(&mut io::BufReader::with_capacity(1 << 18, &mut plain), &mut writer).map_err(&failed)?;
    writer.finish().and_then(|mut out| out.flush()).map_err(&failed)?;
    out.metadata().map(|m| m.len()).map_err(&failed)
}
