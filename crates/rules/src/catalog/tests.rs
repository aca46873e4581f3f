//! The shipped catalogue is without fault, its texts are as transcribed, and every check finds what it is for.

use std::collections::BTreeMap;
use std::path::Path as FilePath;

use super::*;
use crate::id::ItemNo;
use crate::sheet::{Class, Damage, Item};

/// Path relative to the catalogue, and text.
type Files = BTreeMap<String, String>;

const FORM: &str = "sheets/hospital-form/sheet.toml";

fn item(n: u16) -> String {
    format!("sheets/hospital-form/items/{n:03}.toml")
}

/// All TOML files below a folder of the repository.
fn files_in(folder: &str, below: &str) -> Files {
    fn walk(dir: &FilePath, prefix: &str, out: &mut Files) {
        for entry in std::fs::read_dir(dir).unwrap().map(Result::unwrap) {
            let path = format!("{prefix}{}", entry.file_name().into_string().unwrap());
            if entry.file_type().unwrap().is_dir() {
                walk(&entry.path(), &format!("{path}/"), out);
            } else {
                out.insert(path, std::fs::read_to_string(entry.path()).unwrap());
            }
        }
    }
    let mut out = Files::new();
    let root = FilePath::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(folder).join(below);
    walk(&root, &if below.is_empty() { String::new() } else { format!("{below}/") }, &mut out);
    out
}

fn shipped() -> Files {
    files_in("catalog", "")
}

/// The catalogue as it is shipped.
pub(crate) fn shipped_catalog() -> Catalog {
    read_files(&shipped()).0
}

/// The small form of the fixtures with the shipped words.
fn form() -> Files {
    let mut files = files_in("fixtures", "sheets");
    files.extend(files_in("catalog", "vocabulary"));
    files.insert("evidence-names.toml".into(), shipped().remove("evidence-names.toml").unwrap());
    files
}

fn read_files(files: &Files) -> (Catalog, Vec<Fault>) {
    read(files.iter().map(|(path, text)| (path.as_str(), text.as_str())))
}

/// Replaces words in one file of the form and returns the faults.
fn broken(file: &str, old: &str, new: &str) -> Vec<Fault> {
    let mut files = form();
    let text = files.get_mut(file).unwrap_or_else(|| panic!("no file {file}"));
    assert!(text.contains(old), "{file} does not contain {old:?}");
    *text = text.replacen(old, new, 1);
    read_files(&files).1
}

/// The change is found by this check, in this file.
#[track_caller]
fn finds(check: &str, file: &str, old: &str, new: &str) {
    let faults = broken(file, old, new);
    assert!(CHECKS.iter().any(|c| c.name == check), "no check is named {check}");
    assert!(faults.iter().any(|f| f.check == check && f.file == file), "{check} did not find {new:?} in {file}: {faults:#?}");
    for fault in &faults {
        assert!(!fault.text.ja.is_empty() && !fault.text.en.is_empty());
    }
}

fn shown(faults: &[Fault]) -> String {
    faults.iter().map(|f| format!("{f}\n")).collect()
}

#[test]
fn the_shipped_catalogue_has_no_fault() {
    let (catalog, faults) = read_files(&shipped());
    assert!(faults.is_empty(), "{}", shown(&faults));
    let sheet = &catalog.sheets[0];
    assert_eq!(sheet.id.0, "medical-cloud-253@2026-11");
    let numbers: Vec<u16> = sheet.items.iter().map(|i| i.no.0).collect();
    assert_eq!(numbers, (1..=253).collect::<Vec<_>>());
    assert_eq!((sheet.majors.len(), sheet.majors.iter().map(|m| m.minors.len()).sum::<usize>()), (4, 28));
    let words = &catalog.vocabulary;
    assert_eq!((words.mechanisms.len(), words.probes.len(), words.registers.len(), words.documents.len()), (58, 49, 25, 23));
    assert_eq!(catalog.evidence_names.len(), 97);
}

#[test]
fn the_shipped_items_count_as_the_transcription_says() {
    let (catalog, _) = read_files(&shipped());
    let items = &catalog.sheets[0].items;
    let count = |holds: fn(&Item) -> bool| items.iter().filter(|i| holds(i)).count();
    assert_eq!(count(|i| i.text.damage == Damage::None), 153);
    assert_eq!(count(|i| i.text.damage == Damage::Lost), 4);
    assert_eq!(count(|i| i.text.proposed.is_some()), 87);
    assert_eq!(items.iter().map(|i| i.text.suspects.len()).sum::<usize>(), 33);
    assert_eq!((items.iter().map(|i| i.points.len()).sum::<usize>(), count(|i| !i.points.is_empty())), (268, 57));
    assert_eq!((count(|i| i.disclosure), count(|i| i.recurring)), (99, 40));
    assert_eq!(catalog.sheets[0].item(ItemNo(4)).unwrap().major, "contract");
}

#[test]
fn the_texts_are_byte_for_byte_as_transcribed() {
    let (catalog, _) = read_files(&shipped());
    let listed = include_str!("../../../../fixtures/catalog/medical-cloud-253.digests");
    let listed: Vec<&str> = listed.lines().filter(|l| !l.starts_with('#')).collect();
    let found: Vec<String> = catalog.sheets[0].items.iter().map(digests).collect();
    assert_eq!(found, listed);
}

/// A line of the list of digests.
fn digests(item: &Item) -> String {
    use sha2::Digest as _;
    let hex = |text: &str| crate::id::Digest(sha2::Sha256::digest(text.as_bytes()).into()).to_string();
    let proposed = item.text.proposed.as_deref().map_or("-".to_owned(), hex);
    format!("{:03} {} {} {}", item.no.0, hex(&item.text.transcribed), proposed, hex(&item.evidence.transcribed))
}

#[test]
fn a_second_sheet_needs_files_only() {
    let mut files = shipped();
    files.extend(files_in("fixtures", "sheets"));
    let (catalog, faults) = read_files(&files);
    assert!(faults.is_empty(), "{}", shown(&faults));
    assert_eq!(catalog.sheets.len(), 2);
    let form = catalog.sheets.iter().find(|s| s.id.0 == "hospital-form@2026").unwrap();
    assert_eq!(form.read_mark(" ○ ").map(|m| m.class), Some(Class::Conforms));
    assert_eq!(form.item(ItemNo(4)).unwrap().major, "systems", "the major category follows from the minor");
    assert_eq!(form.item(ItemNo(4)).unwrap().lead, "無線LANで利用する場合の対策を示してください。", "without points the lead is the text");
}

#[test]
fn a_sheet_survives_json() {
    for sheet in read_files(&shipped()).0.sheets {
        let json = serde_json::to_string(&sheet).unwrap();
        assert_eq!(serde_json::from_str::<crate::sheet::Sheet>(&json).unwrap(), sheet);
    }
}

#[test]
fn a_sheet_without_files_is_checked_too() {
    let (catalog, _) = read_files(&form());
    let mut sheet = catalog.sheets[0].clone();
    assert_eq!(check_sheet(&sheet, &catalog), []);
    sheet.majors.clear();
    for item in &mut sheet.items {
        (item.major, item.minor) = Default::default();
    }
    assert_eq!(check_sheet(&sheet, &catalog), [], "a sheet may have no categories at all");
    sheet.items[1].no = ItemNo(1);
    let faults = check_sheet(&sheet, &catalog);
    assert!(faults.iter().any(|f| f.check == "item-numbers" && f.file == "hospital-form@2026 1"), "{faults:#?}");
}

#[test]
fn every_fault_is_reported_at_once_and_a_broken_file_does_not_hide_others() {
    let mut files = form();
    *files.get_mut(&item(3)).unwrap() = "no = 3\nminor = \n".into();
    *files.get_mut(&item(4)).unwrap() += "colour = \"red\"\n";
    files.insert("sheets/hospital-form/notes.txt".into(), String::new());
    files.insert("README.md".into(), "# Read me".into());
    let text = files.get_mut(&item(1)).unwrap();
    *text = text.replace("organization_chart", "organisation_chart");
    let (catalog, faults) = read_files(&files);
    let mut places: Vec<(&str, &str, String)> = faults.iter().map(|f| (f.check, f.file.as_str(), f.place.text().en.into_owned())).collect();
    places.sort();
    let expected = [
        ("links", item(1), "documents".to_owned()),
        ("readable", item(3), "line 2".to_owned()),
        ("readable", item(4), "line 7".to_owned()),
        ("readable", "sheets/hospital-form/notes.txt".to_owned(), "the whole file".to_owned()),
    ];
    assert_eq!(places, expected.each_ref().map(|(c, f, p)| (*c, f.as_str(), p.clone())), "{}", shown(&faults));
    assert_eq!(catalog.sheets[0].items.len(), 2, "what can be read is read");
}

#[test]
fn items_without_a_sheet_file_are_a_fault() {
    let mut files = form();
    files.remove(FORM);
    let faults = read_files(&files).1;
    assert_eq!(faults.iter().map(|f| (f.check, f.file.as_str())).collect::<Vec<_>>(), [("readable", FORM)]);
}

#[test]
fn sheet_ids() {
    finds("sheet-ids", FORM, r#"id = "hospital-form""#, r#"id = "病院""#);
    let mut files = form();
    files.insert("sheets/copy/sheet.toml".into(), files[FORM].clone());
    let faults = read_files(&files).1;
    assert!(faults.iter().any(|f| f.check == "sheet-ids" && f.text.en.contains("twice")), "{faults:#?}");
}

#[test]
fn item_numbers() {
    finds("item-numbers", &item(2), "no = 2", "no = 1");
    finds("item-numbers", &item(3), "no = 3", "no = 1");
    finds("item-numbers", &item(1), "no = 1", "no = 0");
}

#[test]
fn file_names() {
    finds("file-names", &item(4), "no = 4", "no = 5");
}

#[test]
fn categories() {
    finds("categories", &item(1), "people.contact", "people.nobody");
    finds("categories", &item(1), "minor = \"people.contact\"\n", "");
    finds("categories", &item(3), "systems.access", "people.contact");
    finds("categories", FORM, "people.contact", "systems.access");
    finds("categories", FORM, "id = \"systems.network\"", "id = \"systems.wires\"");
    let extra =
        "[[majors.minors]]\nid = \"systems.empty\"\nname = { ja = \"空\", en = \"Empty\" }\n[[majors.minors]]\nid = \"systems.network\"";
    finds("categories", FORM, "[[majors.minors]]\nid = \"systems.network\"", extra);
}

#[test]
fn points() {
    finds("points", &item(2), "n = 2", "n = 3");
    finds("points", &item(2), "text = \"認証の方式\"", "text = \"認証の方弍\"");
    finds("points", &item(2), "lead = \"利用者", "lead = \"患者");
    finds("points", &item(2), "\n[[points]]\nn = 2\ntext = \"パスワードの条件\"\n", "");
}

#[test]
fn layers() {
    finds("layers", &item(2), "damage = \"minor\"\n", "");
    finds("layers", &item(2), "note = {", "# note = {");
    finds("layers", &item(2), "方弍 (2)", "方式 (2)");
    finds("layers", &item(2), "transcribed = \"示して\"", "transcribed = \"教えて\"");
    finds("layers", &item(1), "names = [", "damage = \"lost\"\nnames = [");
    finds("layers", &item(4), "無線LANで利用する場合の対策を示してください。", " ");
}

#[test]
fn links() {
    finds("links", &item(2), "related = [3]", "related = [9]");
    finds("links", &item(2), "related = [3]", "related = [2]");
    finds("links", &item(2), "multi_factor", "multi_faktor");
    finds("links", &item(3), "account_inventory", "account_list");
    finds("links", &item(1), "organization_chart", "org_chart");
    finds("links", &item(4), "title", "registers = [\"asset\"]\ntitle");
    finds("links", &item(1), "体制図・組織図", "組織図");
    finds("links", &item(1), "primary = \"D\"", "primary = \"P\"");
}

#[test]
fn item_words() {
    finds("item-words", &item(2), "kind = [\"technical\"]", "kind = [\"magic\"]");
    finds("item-words", &item(1), "primary = \"D\"", "primary = \"X\"");
    finds("item-words", &item(1), "review_cycle = \"yearly\"", "review_cycle = \"annual\"");
}

#[test]
fn titles() {
    finds("titles", &item(1), "ja = \"問合せ窓口\"", &format!("ja = \"{}\"", "窓".repeat(29)));
    finds("titles", &item(1), "en = \"Contact desk\"", &format!("en = \"{}\"", "d".repeat(71)));
    assert_eq!(broken(&item(1), "ja = \"問合せ窓口\"", &format!("ja = \"{}\"", "窓".repeat(28))), []);
}

#[test]
fn scale() {
    finds("scale", FORM, "class = \"conforms\"", "class = \"partly\"");
    finds("scale", FORM, "class = \"open\"", "class = \"partly\"");
    finds("scale", FORM, "class = \"fails\"", "class = \"open\"");
    finds("scale", FORM, "class = \"out_of_scope\"", "class = \"fails\"");
    finds("scale", FORM, "code = \"bad\"", "code = \"good\"");
    finds("scale", FORM, "code = \"bad\"", "code = \"Bad one\"");
    finds("scale", FORM, "aliases = [\"×\"]", "aliases = [\"○\"]");
    finds("scale", FORM, "aliases = [\"×\"]", "aliases = [\"GOOD\"]");
    finds("scale", FORM, "aliases = [\"×\"]", "aliases = [\" \"]");
}

#[test]
fn columns() {
    finds("columns", FORM, "kind = \"answer\"", "kind = \"verdict\"");
    finds("columns", FORM, "kind = \"no\"", "kind = \"remarks\"");
    finds("columns", FORM, "kind = \"requirement\"", "kind = \"remarks\"");
    finds("columns", FORM, "aliases = [\"ご回答\"]", "aliases = [\"判定\"]");
    finds("columns", FORM, "width = 60", "width = 0");
    let twice = "[[header]]\nid = \"product_name\"\nname = { ja = \"名\", en = \"Name\" }\n\n[[header]]";
    finds("columns", FORM, "[[header]]", twice);
}

#[test]
fn questions() {
    finds("questions", FORM, "decides = [4]", "decides = [9]");
    finds("questions", FORM, "decides = [4]", "decides = [4, 4]");
    finds("questions", FORM, "id = \"wireless\"", "id = \"無線\"");
    let mut files = form();
    let sheet = files.get_mut(FORM).unwrap();
    let (start, end) = (sheet.find("[[questions]]").unwrap(), sheet.find("[[majors]]").unwrap());
    let again = sheet[start..end].to_owned();
    sheet.insert_str(end, &again);
    let faults = read_files(&files).1;
    assert!(faults.iter().any(|f| f.check == "questions" && f.text.en.contains("twice")), "{faults:#?}");
}

#[test]
fn both_languages() {
    for (old, new) in [
        ("en = \"Cloud service confirmation form\"", "en = \"\""),
        ("ja = \"試験のために作成した架空の様式です。\"", "ja = \" \""),
        ("en = \"Name of the service\"", "en = \"\""),
        ("en = \"Question\"", "en = \"\""),
        ("en = \"Acceptable\"", "en = \"\""),
        ("en = \"Is it used over wireless LAN?\"", "en = \"\""),
        ("ja = \"院内の無線LANを含みます。\"", "ja = \"\""),
        ("en = \"It is not used over wireless LAN.\"", "en = \"\""),
        ("ja = \"体制\"", "ja = \"\""),
        ("en = \"Contact\"", "en = \"\""),
    ] {
        finds("both-languages", FORM, old, new);
    }
    finds("both-languages", &item(1), "en = \"Contact desk\"", "en = \"\"");
    finds("both-languages", &item(2), "en = \"「方弍」→「方式」.\"", "en = \"\"");
    finds("both-languages", "vocabulary/probes.toml", "en = \"TLS profile\"", "en = \"\"");
    finds("both-languages", "evidence-names.toml", "en = \"Operation rules\"", "en = \"\"");
}

#[test]
fn vocabulary() {
    finds("vocabulary", "vocabulary/mechanisms.toml", "id = \"role_access\"", "id = \"unique_ids\"");
    finds("vocabulary", "evidence-names.toml", "ja = \"サービス仕様適合開示書\"", "ja = \"運用管理規程\"");
    finds("vocabulary", "evidence-names.toml", "documents = [\"operation_rules\"]", "");
    finds("vocabulary", "evidence-names.toml", "documents = [\"operation_rules\"]", "documents = [\"rules\"]");
}

#[test]
fn every_check_has_a_test_of_its_name() {
    let here = include_str!("tests.rs");
    for check in CHECKS {
        assert!(here.contains(&format!("fn {}()", check.name.replace('-', "_"))), "no test breaks {}", check.name);
    }
}

const DISPOSAL: &str = "registers/disposal_record.toml";

/// A register without fault, but for the items that it leaves out.
const REGISTER: &str = r#"
id = "disposal_record"
name = { ja = "廃棄・消去記録", en = "Disposal records" }
about = { ja = "廃棄の記録です。", en = "A disposal." }
title = ["number"]
label = "confidential"
kept_months = 60
items = ["9", "209", "213", "214", "215", "216", "217"]
states = [{ id = "planned", name = { ja = "予定", en = "Planned" } }, { id = "done", name = { ja = "済", en = "Done" }, open = false }]
moves = [{ from = "planned", to = "done", name = { ja = "記録", en = "Record" }, roles = ["officer"], needs = ["method"] }]
fields = [
    { id = "number", name = { ja = "管理番号", en = "Number" }, kind = "line", required = true, serves = ["9", "209", "213", "215", "216", "217"] },
    { id = "method", name = { ja = "方法", en = "Method" }, kind = "choice", choices = [{ id = "wipe", name = { ja = "上書き", en = "Wiping" } }], serves = ["214"] },
    { id = "asset", name = { ja = "資産", en = "Asset" }, kind = "entry", to = "asset_ledger" },
]
checks = [
    { kind = "needed_if", field = "asset", other = "method", is = "wipe", words = { ja = "資産", en = "asset" } },
    { kind = "linked", field = "asset", states = ["used"], words = { ja = "状態", en = "state" } },
]
example = { number = "D-1", method = "上書き" }
"#;

/// The faults of the shipped catalogue with this one register instead of its own.
fn register_faults(old: &str, new: &str) -> Vec<Fault> {
    assert!(REGISTER.contains(old), "the register does not contain {old:?}");
    let mut files = shipped();
    files.retain(|path, _| !path.starts_with("registers/") && !path.starts_with("documents/"));
    files.insert(DISPOSAL.into(), REGISTER.replacen(old, new, 1));
    read_files(&files).1
}

#[track_caller]
fn register_finds(check: &str, old: &str, new: &str) {
    let faults = register_faults(old, new);
    assert!(faults.iter().any(|f| f.check == check && f.file.starts_with("registers/")), "{check} did not find {new:?}: {faults:#?}");
}

#[test]
fn a_register_without_fault_has_none() {
    let faults = register_faults("D-1", "D-1");
    assert!(faults.is_empty(), "{}", shown(&faults));
}

#[test]
fn register_ids() {
    register_finds("register-ids", "id = \"disposal_record\"", "id = \"disposal\"");
    register_finds("register-ids", "id = \"asset\"", "id = \"method\"");
    register_finds("register-ids", "{ id = \"done\"", "{ id = \"planned\"");
}

#[test]
fn register_references() {
    for (old, new) in [
        ("title = [\"number\"]", "title = [\"name\"]"),
        ("to = \"done\", name", "to = \"gone\", name"),
        ("needs = [\"method\"]", "needs = [\"way\"]"),
        ("to = \"asset_ledger\"", "to = \"assets\""),
        ("other = \"method\"", "other = \"way\""),
        ("is = \"wipe\"", "is = \"burn\""),
        ("number = \"D-1\"", "number = \"D-1\", colour = \"red\""),
    ] {
        register_finds("register-references", old, new);
    }
}

#[test]
fn register_shape() {
    register_finds("register-shape", "kind = \"entry\", to = \"asset_ledger\"", "kind = \"entry\"");
    register_finds("register-shape", "kind = \"choice\"", "kind = \"line\"");
    register_finds("register-shape", "to = \"done\", name", "to = \"planned\", name");
    register_finds("register-shape", "roles = [\"officer\"]", "roles = []");
    register_finds("register-shape", "title = [\"number\"]", "title = []");
}

#[test]
fn register_items() {
    register_finds("register-items", "\"217\"]\nstates", "\"217\", \"1\"]\nstates");
    register_finds("register-items", ", \"217\"]\nstates", "]\nstates");
    register_finds("register-items", "serves = [\"214\"]", "serves = []");
    register_finds("register-items", "serves = [\"214\"]", "serves = [\"214\", \"214:99\"]");
    register_finds("register-items", "serves = [\"214\"]", "serves = [\"214\", \"999\"]");
}

#[test]
fn register_example() {
    register_finds("register-example", "number = \"D-1\", ", "");
    register_finds("register-example", "method = \"上書き\"", "method = \"焼却\"");
}

#[test]
fn register_languages() {
    register_finds("register-languages", "en = \"Wiping\"", "en = \"\"");
    register_finds("register-languages", "ja = \"廃棄の記録です。\"", "ja = \" \"");
}

/// A type of document without fault.
const DOCUMENT: &str = r#"
id = "disposal_certificate"
name = { ja = "廃棄・消去証明書", en = "Disposal certificate" }
about = { ja = "証明します。", en = "It certifies." }
label = "disclosable"
review_months = 12
per_entry = "disposal_record"

[[chapters]]
id = "statement"
name = { ja = "証明", en = "Statement" }

[[chapters.clauses]]
id = "signed"
name = { ja = "証明者", en = "Signed" }
serves = ["9", "209", "214", "215"]
words = { ja = "{signer}が証明する。", en = "{signer} certifies." }
questions = [{ id = "signer", name = { ja = "証明者", en = "Signer" }, kind = "person", required = true }]

[[chapters.clauses.shows]]
kind = "entry"
name = { ja = "対象", en = "Target" }
fields = ["number"]

[[chapters.clauses.shows]]
kind = "table"
name = { ja = "資産", en = "Assets" }
register = "asset_ledger"
columns = ["number"]
states = ["in_use"]

[[chapters.clauses.shows]]
kind = "matrix"
name = { ja = "分担", en = "Parts" }
columns = [{ id = "us", name = { ja = "当社", en = "We" } }, { id = "them", name = { ja = "医療機関", en = "They" } }]
marks = [{ id = "does", name = { ja = "○", en = "○" } }, { id = "none", name = { ja = "−", en = "−" } }]
rows = [{ id = "wiping", name = { ja = "消去", en = "Wiping" }, serves = ["214"], usual = ["does", "none"] }]

[[chapters.clauses.shows]]
kind = "measured"
name = { ja = "検証", en = "Checked" }
id = "wipe_verify"
"#;

/// The faults of the shipped catalogue with this one document instead of its own.
fn document_faults(old: &str, new: &str) -> Vec<Fault> {
    assert!(DOCUMENT.contains(old), "the document does not contain {old:?}");
    let mut files = shipped();
    files.retain(|path, _| !path.starts_with("documents/"));
    files.insert("documents/disposal_certificate.toml".into(), DOCUMENT.replacen(old, new, 1));
    read_files(&files).1
}

#[test]
fn a_document_without_fault_has_none() {
    let faults = document_faults("signed", "signed");
    assert!(faults.is_empty(), "{}", shown(&faults));
}

#[track_caller]
fn document_finds(check: &str, old: &str, new: &str) {
    let faults = document_faults(old, new);
    assert!(faults.iter().any(|f| f.check == check), "{check} did not find {new:?}: {}", shown(&faults));
}

#[test]
fn document_ids() {
    document_finds("document-ids", "id = \"disposal_certificate\"", "id = \"certificate\"");
    document_finds("document-ids", "id = \"them\"", "id = \"us\"");
    document_finds("document-ids", "id = \"signed\"", "id = \"Signed by\"");
}

#[test]
fn document_references() {
    for (old, new) in [
        ("per_entry = \"disposal_record\"", ""),
        ("per_entry = \"disposal_record\"", "per_entry = \"disposals\""),
        ("fields = [\"number\"]", "fields = [\"colour\"]"),
        ("register = \"asset_ledger\"", "register = \"assets\""),
        ("columns = [\"number\"]", "columns = [\"colour\"]"),
        ("states = [\"in_use\"]", "states = [\"gone\"]"),
        ("id = \"wipe_verify\"", "id = \"wiping\""),
    ] {
        document_finds("document-references", old, new);
    }
}

#[test]
fn document_shape() {
    document_finds("document-shape", "kind = \"person\"", "kind = \"choice\"");
    document_finds("document-shape", "usual = [\"does\", \"none\"]", "usual = [\"does\"]");
    document_finds("document-shape", "usual = [\"does\", \"none\"]", "usual = [\"does\", \"helps\"]");
}

#[test]
fn document_items() {
    document_finds("document-items", "serves = [\"9\"", "serves = [\"999\", \"9\"");
    document_finds("document-items", "serves = [\"9\"", "serves = [\"9:99\", \"9\"");
    document_finds("document-items", "serves = [\"214\"]", "serves = [\"999\"]");
}

#[test]
fn document_complete() {
    document_finds("document-complete", "\"209\", ", "");
}

#[test]
fn document_words() {
    document_finds("document-words", "ja = \"{signer}が", "ja = \"{who}が");
    document_finds("document-words", "en = \"{signer} certifies", "en = \"We certify");
}

#[test]
fn document_languages() {
    document_finds("document-languages", "en = \"Target\"", "en = \"\"");
    document_finds("document-languages", "en = \"Wiping\"", "en = \"\"");
}
