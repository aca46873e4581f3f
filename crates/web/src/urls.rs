//! Every address of a page, as functions: a link cannot be misspelt.

use rules::id::{self, Id, ItemNo};
use rules::policy::Side;
use rules::sheet::SheetId;

type CaseId = Id<id::Case>;

macro_rules! fixed {
    ($($name:ident = $path:literal;)*) => { $(pub fn $name() -> String { $path.to_owned() })* };
}

fixed! {
    home = "/";
    sign_in = "/signin";
    sign_out = "/signout";
    switch = "/switch";
    welcome = "/welcome";
    invitation = "/invitation";
    account = "/account";
    reissue = "/reissue";
    cases = "/cases";
    new_case = "/cases/new";
    board = "/board";
    overview = "/cases/progress";
    library = "/evidence";
    products = "/products";
    sheets = "/sheets";
    import_form = "/sheets/import";
    search = "/search";
    organisations = "/organisations";
    phrases = "/phrases";
    tokens = "/tokens";
    settings = "/settings";
    accounts = "/accounts";
    accounts_groups = "/accounts/groups";
    accounts_review = "/accounts/review";
    access = "/access";
    requests = "/requests";
    alerts = "/alerts";
    questionnaires = "/questionnaires";
    questionnaire_new = "/questionnaires/new";
    registers = "/registers";
    tasks = "/tasks";
    documents = "/documents";
    keeping = "/keeping";
    keys = "/keys";
    ledger = "/ledger";
    ledger_subjects = "/ledger/subjects";
    ledger_chart = "/ledger/chart";
    ledger_reviews = "/ledger/reviews";
    outbox = "/outbox";
    packages = "/packages";
    trust = "/trust";
    anchors = "/anchors";
    backups = "/backups";
    anchors_rotate = "/anchors/rotate";
    proof_latest = "/proof/latest.json";
    proof_keys = "/proof/keys.json";
    viewings = "/viewings";
    registry = "/registry";
    verify = "/verify";
    api = "/api";
}

/// A register, or a page of it: `new`, `import`.
pub fn register(register: &str, page: &str) -> String {
    if page.is_empty() { format!("/registers/{register}") } else { format!("/registers/{register}/{page}") }
}
pub fn questionnaire(questionnaire: Id<id::Questionnaire>) -> String {
    format!("/questionnaires/{questionnaire}")
}
pub fn questionnaire_map(questionnaire: Id<id::Questionnaire>) -> String {
    format!("/questionnaires/{questionnaire}/map")
}
/// The filled form.
pub fn questionnaire_file(questionnaire: Id<id::Questionnaire>) -> String {
    format!("/questionnaires/{questionnaire}/file")
}
/// A question, by the row of the form that it stands in.
pub fn question(questionnaire: Id<id::Questionnaire>, row: u32) -> String {
    format!("/questionnaires/{questionnaire}/questions/{row}")
}
pub fn question_map(questionnaire: Id<id::Questionnaire>, row: u32) -> String {
    format!("/questionnaires/{questionnaire}/questions/{row}/map")
}
/// An entry of a register, or a page of it: `edit`, `move`.
pub fn entry(entry: Id<id::Entry>, page: &str) -> String {
    if page.is_empty() { format!("/entries/{entry}") } else { format!("/entries/{entry}/{page}") }
}
/// Something done with deadlines: `waive`, `feeds`, `calendar.ics`.
pub fn tasks_act(act: &str) -> String {
    format!("/tasks/{act}")
}
/// A document of the catalogue, or a page of it: `propose`.
pub fn document_type(document: &str, page: &str) -> String {
    if page.is_empty() { format!("/documents/{document}") } else { format!("/documents/{document}/{page}") }
}
/// One clause of a document.
pub fn clause(document: &str, clause: &str) -> String {
    format!("/documents/{document}/clauses/{clause}")
}
/// A version of a document, or a page of it: `approve`, `changes`, `paper.pdf` …
pub fn paper(version: Id<id::Document>, page: &str) -> String {
    if page.is_empty() { format!("/papers/{version}") } else { format!("/papers/{version}/{page}") }
}
pub fn case(case: CaseId) -> String {
    format!("/cases/{case}")
}
/// A page of a case: `items`, `evidence`, `import`, `quality`, `print`, `rounds` …
pub fn case_page(case: CaseId, page: &str) -> String {
    format!("/cases/{case}/{page}")
}
pub fn item(case: CaseId, no: ItemNo) -> String {
    format!("/cases/{case}/items/{no}")
}
/// Something done on an item: `answer`, `claims`, `review`, `messages` …
pub fn item_act(case: CaseId, no: ItemNo, act: &str) -> String {
    format!("/cases/{case}/items/{no}/{act}")
}
pub fn bench(case: CaseId) -> String {
    format!("/cases/{case}/bench")
}
pub fn bench_item(case: CaseId, no: ItemNo) -> String {
    format!("/cases/{case}/bench/{no}")
}
pub fn bench_act(case: CaseId, no: ItemNo, act: &str) -> String {
    format!("/cases/{case}/bench/{no}/{act}")
}
pub fn document(evidence: Id<id::Evidence>) -> String {
    format!("/evidence/{evidence}")
}
/// The file itself, as a download; `through` is the case in which the visitor may see it.
pub fn file(evidence: Id<id::Evidence>, through: Option<CaseId>) -> String {
    match through {
        Some(case) => format!("/files/{evidence}?case={case}"),
        None => format!("/files/{evidence}"),
    }
}
/// The file for the viewer's frame; the browser opens a PDF at the page.
pub fn file_view(evidence: Id<id::Evidence>, through: Option<CaseId>, page: Option<u32>) -> String {
    let case = through.map(|c| format!("&case={c}")).unwrap_or_default();
    let page = page.map(|p| format!("#page={p}")).unwrap_or_default();
    format!("/files/{evidence}?view=1{case}{page}")
}
pub fn product(product: Id<id::Product>) -> String {
    format!("/products/{product}")
}
pub fn sheet(sheet: &SheetId) -> String {
    format!("/sheets/{sheet}")
}
pub fn sheet_item(sheet: &SheetId, no: ItemNo) -> String {
    format!("/sheets/{sheet}/{no}")
}
pub fn organisation(organisation: Id<id::Organisation>) -> String {
    format!("/organisations/{organisation}")
}
/// Something done in an organisation: `invitations`, `roles`.
pub fn organisation_act(organisation: Id<id::Organisation>, act: &str) -> String {
    format!("/organisations/{organisation}/{act}")
}
/// An account, for the administrators of its organisation.
pub fn account_of(person: Id<id::Person>) -> String {
    format!("/accounts/{person}")
}
/// Something done with an account: `suspend`, `close`, `tokens` …
pub fn account_deed(person: Id<id::Person>, act: &str) -> String {
    format!("/accounts/{person}/{act}")
}
/// A past review of accounts.
pub fn past_review(review: Id<id::Review>) -> String {
    format!("/accounts/review?review={review}")
}
/// A review as CSV; without one, the accounts to be reviewed.
pub fn review_csv(review: Option<Id<id::Review>>) -> String {
    let query = review.map(|r| format!("?review={r}")).unwrap_or_default();
    format!("/accounts/review.csv{query}")
}
/// Something done about retention: `hold`, `lift`, `erase`, `rule`.
/// A page with a query behind it; the values may hold anything.
pub fn with_query(page: &str, pairs: &[(&'static str, String)]) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(pairs.iter().filter(|(_, value)| !value.is_empty()));
    let query = query.finish();
    if query.is_empty() { page.to_owned() } else { format!("{page}?{query}") }
}
/// One line of a ledger: `own` or `installation`.
pub fn ledger_line(seq: u64, ledger: &str) -> String {
    format!("/ledger/{seq}?ledger={ledger}")
}
pub fn ledger_json(seq: u64, ledger: &str) -> String {
    format!("/ledger/{seq}/line.json?ledger={ledger}")
}
pub fn ledger_act(act: &str) -> String {
    format!("/ledger/{act}")
}
pub fn ledger_review(review: Id<id::LogReview>, ledger: &str) -> String {
    format!("/ledger/reviews?ledger={ledger}&review={review}")
}
pub fn ledger_review_json(review: Id<id::LogReview>, ledger: &str) -> String {
    format!("/ledger/reviews/review.json?ledger={ledger}&review={review}")
}
/// A review of a ledger becomes evidence of a case.
pub fn ledger_review_attach() -> String {
    "/ledger/reviews/attach".to_owned()
}
pub fn keeping_act(act: &str) -> String {
    format!("/keeping/{act}")
}
/// Something done with packages: `send`, `take`, `receipt` …
pub fn packages_act(act: &str) -> String {
    format!("/packages/{act}")
}
/// Something done with trust anchors: `propose`, `decide`, `remove`, `card`.
pub fn trust_act(act: &str) -> String {
    format!("/trust/{act}")
}
/// One request.
pub fn request(request: Id<id::Request>) -> String {
    format!("/requests?request={request}")
}
/// Something done with a request: `decide`, `end`, `review`.
pub fn request_act(act: &str) -> String {
    format!("/requests/{act}")
}
/// The form of a kind of request: `register`, `resume` …
pub fn new_request(ask: &str) -> String {
    format!("/requests/new?ask={ask}")
}
/// The form of a kind of request, about somebody.
pub fn new_request_for(ask: &str, person: Id<id::Person>) -> String {
    format!("/requests/new?ask={ask}&person={person}")
}
/// Home after signing in, where the last sign-in is told; `enrolled` after registering a second factor.
pub fn come_in(enrolled: bool) -> String {
    if enrolled { "/?in=enrolled".to_owned() } else { "/?in=1".to_owned() }
}
/// Something done with the own account: `password`, `language`, `totp` …
pub fn account_act(act: &str) -> String {
    format!("/account/{act}")
}
pub fn token_revoke() -> String {
    "/tokens/revoke".to_owned()
}
/// A page of a sheet: `blank.xlsx`, `blank.csv`.
pub fn sheet_page(sheet: &SheetId, page: &str) -> String {
    format!("/sheets/{sheet}/{page}")
}
/// A step of importing a form: `columns`, `items`.
pub fn import_form_step(step: &str) -> String {
    format!("/sheets/import/{step}")
}
pub fn api_document() -> String {
    "/api/openapi.json".to_owned()
}
pub fn phrases_remove() -> String {
    "/phrases/remove".to_owned()
}
pub fn verify_code(code: &str) -> String {
    format!("/verify/{code}")
}

/// Leaves for a provider; `to` is the page wanted after signing in.
pub fn elsewhere(provider: &str, to: &str) -> String {
    let to: String = form_urlencoded::byte_serialize(to.as_bytes()).collect();
    format!("/signin/elsewhere/{provider}?to={to}")
}

/// How a side is named in a query: `?side=body`.
pub fn side_word(side: Side) -> &'static str {
    match side {
        Side::Applicant => "applicant",
        Side::Body => "body",
        Side::Institution => "institution",
    }
}
