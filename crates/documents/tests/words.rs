//! The words of every kind of file are read, page by page; hostile files cost no more than their limit and bring nothing down.

use std::io::{Cursor, Write};
use std::sync::atomic::AtomicBool;

use documents::words::{NotRead, Words, words};
use rust_xlsxwriter::Workbook;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

const WORD: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
const SLIDES: &str = "application/vnd.openxmlformats-officedocument.presentationml.presentation";
const EXCEL: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
const ODT: &str = "application/vnd.oasis.opendocument.text";
const PDF: &str = "application/pdf";

fn read(media: &str, bytes: &[u8]) -> Result<Words, NotRead> {
    words(media, bytes.to_vec(), &AtomicBool::new(false))
}

/// What is read of a PDF that is told to stop after a second.
fn told_to_stop(bytes: Vec<u8>) -> Result<Words, NotRead> {
    let stop = std::sync::Arc::new(AtomicBool::new(false));
    let ends = stop.clone();
    let reader = std::thread::spawn(move || words(PDF, bytes, &ends));
    std::thread::sleep(std::time::Duration::from_secs(1));
    stop.store(true, std::sync::atomic::Ordering::Relaxed);
    reader.join().unwrap()
}

fn zipped(parts: &[(&str, &str)]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in parts {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(content.as_bytes()).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/../../fixtures/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// A PDF of one page with this content, whose table of objects a reader has to find by itself.
fn pdf(content: &str) -> Vec<u8> {
    format!(
        "%PDF-1.7\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n\
         3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>/XObject<</X 6 0 R>>>>>>endobj\n\
         4 0 obj<</Length {}>>stream\n{content}\nendstream endobj\n5 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>endobj\n\
         6 0 obj<</Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</X 6 0 R>>>>/Length 11>>stream\n/X Do /X Do\nendstream endobj\n\
         trailer<</Root 1 0 R/Size 7>>\n%%EOF\n",
        content.len()
    )
    .into_bytes()
}

#[test]
fn a_pdf_is_read_page_by_page() {
    let found = read(PDF, &fixture("words/rules.pdf")).unwrap();
    assert_eq!(found.pages.len(), 2);
    let bare = |n: usize| found.pages[n].split_whitespace().collect::<String>();
    assert!(bare(0).contains("情報セキュリティ管理規程") && found.pages[0].contains("Access control list"), "{found:?}");
    assert!(bare(1).contains("第2章鍵の管理") && bare(1).contains("暗号鍵は二人の承認なしに") && !bare(0).contains("暗号鍵"), "{found:?}");
    // A font that is not in the file, and words that are set apart without a space.
    let found = read(PDF, &pdf("BT /F 12 Tf 50 700 Td (Access) Tj 60 0 Td (rules) Tj 0 -20 Td (second line) Tj ET")).unwrap();
    assert_eq!(found.pages, ["Access rules\nsecond line"]);
}

#[test]
fn office_files_and_texts_are_read() {
    let word = zipped(&[
        (
            "word/document.xml",
            "<w:document><w:body><w:p><w:r><w:t>暗号</w:t></w:r><w:r><w:t>鍵 &amp; &#x9375;</w:t></w:r></w:p><w:p><w:r><w:instrText>SECRET</w:instrText><w:tab/><w:t>第2段</w:t></w:r></w:p></w:body></w:document>",
        ),
        ("word/header1.xml", "<w:hdr><w:p><w:t>社外秘</w:t></w:p></w:hdr>"),
        ("word/footnotes.xml", "<w:footnotes><w:p><w:t>脚注</w:t></w:p></w:footnotes>"),
    ]);
    assert_eq!(read(WORD, &word).unwrap().pages, ["暗号鍵 & 鍵\n 第2段\n社外秘\n脚注\n"]);
    let slide = |words: &str| format!("<p:sld><a:p><a:r><a:t>{words}</a:t></a:r></a:p></p:sld>");
    let (one, two, ten) = (slide("一枚目"), slide("二枚目"), slide("十枚目"));
    let notes = "<p:notes><a:p><a:t>話す言葉</a:t></a:p></p:notes>";
    let parts = [
        ("ppt/slides/slide10.xml", &*ten),
        ("ppt/slides/slide2.xml", &*two),
        ("ppt/slides/slide1.xml", &*one),
        ("ppt/notesSlides/notesSlide2.xml", notes),
    ];
    assert_eq!(read(SLIDES, &zipped(&parts)).unwrap().pages, ["一枚目\n", "二枚目\n話す言葉\n", "十枚目\n"]);
    let odt = zipped(&[(
        "content.xml",
        "<office:text><text:h>見出し</text:h><text:p>本文<text:s/>の<text:span>語</text:span></text:p></office:text>",
    )]);
    assert_eq!(read(ODT, &odt).unwrap().pages, ["見出し\n本文 の語\n"]);
    let mut book = Workbook::new();
    book.add_worksheet().set_name("台帳").unwrap().write(0, 0, "資産").unwrap().write(0, 1, 42).unwrap();
    book.add_worksheet().set_name("別表").unwrap().write(3, 0, "鍵").unwrap();
    assert_eq!(read(EXCEL, &book.save_to_buffer().unwrap()).unwrap().pages, ["台帳\n資産\t42", "別表\n鍵"]);
    let (shift_jis, ..) = encoding_rs::SHIFT_JIS.encode("変更前のパスワード");
    let (euc, ..) = encoding_rs::EUC_JP.encode("変更前のパスワード");
    for bytes in ["変更前のパスワード".as_bytes(), &shift_jis, &euc] {
        assert_eq!(read("text/plain", bytes).unwrap().pages, ["変更前のパスワード"]);
    }
    assert!(read("application/vnd.oasis.opendocument.spreadsheet", &fixture("filled.ods")).is_ok());
    assert!(read("application/vnd.ms-excel", &fixture("filled.xls")).is_ok());
}

#[test]
fn what_cannot_be_read_says_why() {
    assert_eq!(read("image/png", b"\x89PNG"), Err(NotRead::Kind));
    assert_eq!(read("application/zip", b"PK\x03\x04"), Err(NotRead::Kind));
    assert_eq!(read("text/plain", b" \n"), Err(NotRead::NoWords));
    assert_eq!(read("text/plain", &[0xFF, 0x80, 0xFF, 0, 0]), Err(NotRead::Damaged));
    for media in [WORD, SLIDES, ODT, EXCEL, PDF] {
        assert_eq!(read(media, b"PK\x03\x04 and no more"), Err(NotRead::Damaged), "{media}");
    }
    assert_eq!(read(PDF, &pdf("0 0 100 100 re f")), Err(NotRead::NoWords));
    let locked = zipped(&[("META-INF/manifest.xml", "<manifest:encryption-data/>"), ("content.xml", "x")]);
    assert_eq!(read(ODT, &locked), Err(NotRead::Encrypted));
    assert_eq!(words("text/plain", b"words".to_vec(), &AtomicBool::new(true)), Err(NotRead::Stopped));
}

#[test]
fn a_hostile_file_costs_no_more_than_its_limit() {
    let bomb = zipped(&[("word/document.xml", &"<w:t>a</w:t>".repeat(8 << 20))]);
    assert_eq!(read(WORD, &bomb), Err(NotRead::TooLarge));
    let long = read("text/plain", "長い文。".repeat(1 << 20).as_bytes()).unwrap();
    assert!(long.cut && long.pages[0].len() <= 4 << 20 && long.pages[0].len() > 4_000_000);
    // Entities that grow a billion times are not looked up.
    let laughs = r#"<!DOCTYPE d [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><w:d><w:t>&b;words</w:t></w:d>"#;
    assert_eq!(read(WORD, &zipped(&[("word/document.xml", laughs)])).unwrap().pages, [" words"]);
    // Elements inside one another without end.
    assert!(read(WORD, &zipped(&[("word/document.xml", &"<w:p>".repeat(1 << 20))])).is_err());
    // A picture that draws itself twice. Objects so deep that the stack ends are tried where they end one process only:
    // `hostile_files_bring_down_the_reader_and_not_the_service`.
    assert_eq!(told_to_stop(pdf("/X Do BT /F 12 Tf (after) Tj ET")), Err(NotRead::Stopped));
    let _ = read(PDF, &pdf(&"q ".repeat(100_000)));
    let kids = b"%PDF-1.7\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[2 0 R 2 0 R]/Count 9>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF";
    assert!(read(PDF, kids).is_err());
}
