//! What the interface gives back: small structs made of the app's views, each with a JSON Schema.
//!
//! A field that one side may not read is left out for that side here too, whatever the app's view carries.

use std::collections::BTreeMap;

use app::exchange::Preview;
use app::read::search::HitKind;
use jiff::Timestamp;
use jiff::civil::Date;
use rules::answer::Answer;
use rules::case::{Assignment, Case, Certificate, Decision, Round, State};
use rules::evidence::Evidence;
use rules::id::{self, Digest, Id, ItemNo, Pos};
use rules::item::ItemFacts;
use rules::party::{Organisation, Product, Role};
use rules::policy::Side;
use rules::progress::Progress;
use rules::quality::Remark;
use rules::sheet::SheetId;
use rules::text::Text;
use rules::verdict::{Message, Verdict};
use schemars::JsonSchema;
use serde::Serialize;

mod sheet;

pub use sheet::{Category, ScaleMark, SheetDetail, SheetItem, SheetRow, Sheets, SubPoint};

/// What an act did.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Done {
    /// The ledger position of its last change; null where nothing had to change.
    pub pos: Option<Pos>,
    /// How many changes it made.
    pub changes: usize,
    /// The id of what it made.
    pub made: Option<String>,
    /// A one-time link; it is shown here once and nowhere else.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
}

impl From<app::Done> for Done {
    fn from(done: app::Done) -> Done {
        Done { pos: done.pos, changes: done.changes, made: done.made, secret: done.secret }
    }
}

/// Whom the token speaks for.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Me {
    pub person: Option<Id<id::Person>>,
    pub organisation: Organisation,
    pub roles: Vec<Role>,
    /// The token may write.
    pub write: bool,
}

#[derive(Debug, Serialize, JsonSchema)]
pub struct Cases {
    pub cases: Vec<CaseRow>,
    /// Give it as `before` to go on; null at the end.
    pub next: Option<Id<id::Case>>,
}

/// A case in a list.
#[derive(Debug, Serialize, JsonSchema)]
pub struct CaseRow {
    #[serde(flatten)]
    pub case: Case,
    pub provider_name: String,
    pub body_name: String,
    pub product_name: String,
    pub side: Side,
    /// It is this side's turn.
    pub our_turn: bool,
}

impl From<app::read::CaseRow> for CaseRow {
    fn from(row: app::read::CaseRow) -> CaseRow {
        CaseRow {
            our_turn: row.is_our_turn(),
            case: row.case,
            provider_name: row.provider,
            body_name: row.body,
            product_name: row.product,
            side: row.side,
        }
    }
}

/// A case as one side sees it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct CaseDetail {
    #[serde(flatten)]
    pub case: Case,
    pub side: Side,
    pub sides: Vec<Side>,
    pub provider_name: String,
    pub body_name: String,
    pub product_name: String,
    pub rounds: Vec<Round>,
    /// Evaluators; their declarations are for the body only.
    pub assignments: Vec<Assignment>,
    pub decision: Option<Decision>,
    pub certificate: Option<Certificate>,
    /// Institutions it is disclosed to, for the applicant.
    pub disclosed_to: Vec<Id<id::Organisation>>,
    pub progress: Progress,
    /// Names of the people of both sides.
    pub names: BTreeMap<String, String>,
    /// The day in Japan.
    pub today: Date,
}

impl From<app::read::CaseRead> for CaseDetail {
    fn from(read: app::read::CaseRead) -> CaseDetail {
        let progress = read.progress();
        let (facts, side) = (read.facts, read.side);
        let institution = side == Side::Institution;
        // What passes between the two sides while they work is no institution's business.
        let told = |round: Round| if institution { Round { message: String::new(), flagged: None, ..round } } else { round };
        let declared = |a: Assignment| if side == Side::Body { a } else { Assignment { interest: None, ..a } };
        CaseDetail {
            case: facts.case,
            side,
            sides: read.sides,
            provider_name: read.provider.name,
            body_name: read.body.name,
            product_name: read.product.name,
            rounds: facts.rounds.into_iter().map(told).collect(),
            assignments: if institution { vec![] } else { facts.assignments.into_iter().map(declared).collect() },
            decision: facts.decision,
            certificate: facts.certificate,
            disclosed_to: if side == Side::Applicant { facts.disclosed_to } else { vec![] },
            progress,
            names: read.names.into_iter().map(|(id, name)| (id.to_string(), name)).collect(),
            today: read.today,
        }
    }
}

#[derive(Debug, Serialize, JsonSchema)]
pub struct Items {
    pub side: Side,
    pub items: Vec<ItemRow>,
}

/// An item as it stands.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ItemRow {
    pub title: Text,
    /// The applicant changed it since the round before.
    pub changed_since_round: bool,
    #[serde(flatten)]
    pub facts: ItemFacts,
}

impl From<app::read::CaseRead> for Items {
    fn from(read: app::read::CaseRead) -> Items {
        let row = |facts: &ItemFacts| {
            let (item, facts) = read.item(facts.no)?;
            Some(ItemRow { title: item.title.clone(), changed_since_round: read.changed(facts), facts: facts.clone() })
        };
        Items { side: read.side, items: read.items.iter().filter_map(row).collect() }
    }
}

/// One item in depth.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ItemDetail {
    pub side: Side,
    pub item: SheetItem,
    pub stands: ItemFacts,
    /// Versions of the answer, the newest first.
    pub answers: Vec<Answer>,
    /// Versions of the verdict, the newest first.
    pub verdicts: Vec<Verdict>,
    pub messages: Vec<Message>,
    /// Files that its claims point to.
    pub evidence: Vec<Evidence>,
}

impl From<app::read::ItemRead> for ItemDetail {
    fn from(read: app::read::ItemRead) -> ItemDetail {
        let stands = read.facts().clone();
        let evidence = stands.claims.iter().filter_map(|c| read.case.evidence.get(&c.evidence?).cloned()).collect();
        let (text, layer) = read.case.text(read.item());
        let item = SheetItem::of(read.item(), text, layer);
        ItemDetail { side: read.case.side, item, stands, answers: read.answers, verdicts: read.verdicts, messages: read.messages, evidence }
    }
}

#[derive(Debug, Serialize, JsonSchema)]
pub struct Quality {
    pub side: Side,
    pub remarks: Vec<Remark>,
}

/// What a submitted round held.
#[derive(Debug, Serialize, JsonSchema)]
pub struct RoundDetail {
    pub n: u32,
    pub submitted: Timestamp,
    /// SHA-256 of the snapshot.
    pub digest: Digest,
    pub items: Vec<ItemFacts>,
}

impl RoundDetail {
    pub fn of(read: app::read::CaseRead, n: u32) -> Option<RoundDetail> {
        let round = read.facts.rounds.iter().find(|r| r.n == n)?;
        Some(RoundDetail { n, submitted: round.submitted, digest: round.digest, items: read.items })
    }
}

#[derive(Debug, Serialize, JsonSchema)]
pub struct Products {
    pub products: Vec<Product>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub struct Library {
    pub evidence: Vec<Evidence>,
}

/// What an import changes, or would.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Import {
    pub side: Side,
    /// Items the file speaks of.
    pub items: usize,
    /// Each value of the file that differs from what stands; with `take=all` each of them was taken over.
    pub differences: Vec<Difference>,
    /// What cannot be read; it is never taken over.
    pub faults: Vec<CellNote>,
    /// What was read in a way the person should know.
    pub notes: Vec<CellNote>,
    /// What taking it over did; null where nothing was taken over.
    pub taken: Option<Done>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub struct Difference {
    pub item: ItemNo,
    /// `answer`, `evidence`, `remarks`; of an evaluator's file `verdict`, `confirmed`, `improvement`, `evaluator_remarks`.
    pub field: &'static str,
    /// Where the file says it: `Sheet1!F12`.
    pub cell: String,
    pub stands: String,
    pub file: String,
}

/// A remark on a cell of the file.
#[derive(Debug, Serialize, JsonSchema)]
pub struct CellNote {
    /// Empty where it concerns the file as a whole.
    pub cell: String,
    pub item: Option<ItemNo>,
    pub text: Text,
}

impl Import {
    pub fn of(preview: Preview, side: Side, taken: Option<app::Done>) -> Import {
        let difference =
            |d: app::exchange::Difference| Difference { item: d.item, field: d.field.code(), cell: d.cell, stands: d.stands, file: d.file };
        Import {
            side,
            items: preview.items,
            differences: preview.differences.into_iter().map(difference).collect(),
            faults: preview.faults.into_iter().map(|f| CellNote { cell: f.cell, item: f.item, text: f.text }).collect(),
            notes: preview.notes.into_iter().map(|f| CellNote { cell: f.cell, item: f.item, text: f.text }).collect(),
            taken: taken.map(Done::from),
        }
    }
}

#[derive(Debug, Serialize, JsonSchema)]
pub struct Search {
    pub hits: Vec<Hit>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub struct Hit {
    /// `item`, `answer`, `evidence` (a document by its name) or `words` (a document by the words in its file).
    pub kind: &'static str,
    pub case: Option<Id<id::Case>>,
    pub side: Option<Side>,
    pub item: Option<ItemNo>,
    pub sheet: Option<SheetId>,
    pub evidence: Option<Id<id::Evidence>>,
    pub title: Text,
    /// The text around the first match, in pieces.
    pub snippet: Vec<Piece>,
    /// The page, slide or worksheet of the file that has every word.
    pub page: Option<u32>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub struct Piece {
    pub text: String,
    /// It is what was looked for.
    pub matches: bool,
}

impl From<app::read::Hit> for Hit {
    fn from(hit: app::read::Hit) -> Hit {
        let kind = match hit.kind {
            HitKind::Item => "item",
            HitKind::Answer => "answer",
            HitKind::Evidence => "evidence",
            HitKind::Words => "words",
        };
        let snippet = hit.snippet.into_iter().map(|(text, matches)| Piece { text, matches }).collect();
        Hit {
            kind,
            case: hit.case,
            side: hit.side,
            item: hit.item,
            sheet: hit.sheet,
            evidence: hit.evidence,
            title: hit.title,
            snippet,
            page: hit.page,
        }
    }
}

#[derive(Debug, Serialize, JsonSchema)]
pub struct Registry {
    pub certificates: Vec<Published>,
}

/// A certificate that both sides agreed to publish. Its verification code stays with who holds it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Published {
    pub number: String,
    pub state: State,
    /// It stands today.
    pub valid: bool,
    pub provider: String,
    pub product: String,
    pub body: String,
    pub scope: String,
    pub sheet: Text,
    pub edition: String,
    pub self_evaluation: bool,
    pub decided: Date,
    pub issued: Date,
    pub valid_until: Option<Date>,
    /// SHA-256 of the snapshot the decision rests on.
    pub snapshot: Digest,
}

impl From<app::read::PublicCertificate> for Published {
    fn from(public: app::read::PublicCertificate) -> Published {
        Published {
            valid: public.is_valid(),
            number: public.certificate.number,
            state: public.state,
            provider: public.provider,
            product: public.product,
            body: public.body,
            scope: public.certificate.scope,
            sheet: public.sheet,
            edition: public.edition,
            self_evaluation: public.self_evaluation,
            decided: public.decided,
            issued: public.certificate.issued,
            valid_until: public.certificate.valid_until,
            snapshot: public.snapshot,
        }
    }
}
