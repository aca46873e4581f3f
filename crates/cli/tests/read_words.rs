//! The reader of words is a process of its own: hostile files bring it down and not the service.

use std::path::Path;
use std::time::Duration;

use app::words::read_apart;
use documents::words::NotRead;

fn read(media: &str, bytes: Vec<u8>, patience: u64) -> Result<Vec<String>, NotRead> {
    read_apart(Path::new(env!("CARGO_BIN_EXE_akashi")), media, bytes, Duration::from_secs(patience)).map(|words| words.pages)
}

fn pdf(content: &str, form: &str) -> Vec<u8> {
    format!(
        "%PDF-1.7\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n\
         3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 4 0 R/Resources<</XObject<</X 5 0 R>>>>>>endobj\n\
         4 0 obj<</Length {}>>stream\n{content}\nendstream endobj\n5 0 obj<</Type/XObject/Subtype/Form/BBox[0 0 9 9]\
         /Resources<</XObject<</X 5 0 R>>>>/Length {}>>stream\n{form}\nendstream endobj\ntrailer<</Root 1 0 R/Size 6>>\n%%EOF\n",
        content.len(),
        form.len()
    )
    .into_bytes()
}

#[test]
fn hostile_files_bring_down_the_reader_and_not_the_service() {
    let fixture = format!("{}/../../fixtures/words/rules.pdf", env!("CARGO_MANIFEST_DIR"));
    let pages = read("application/pdf", std::fs::read(fixture).unwrap(), 60).unwrap();
    assert!(pages.len() == 2 && pages[1].contains("暗号鍵"), "{pages:?}");
    assert_eq!(read("image/png", vec![1, 2, 3], 60), Err(NotRead::Kind));
    // Objects so deep that the stack of whoever reads them ends.
    let deep = pdf(&format!("{} Tj", "[".repeat(8 << 20)), "");
    assert!(matches!(read("application/pdf", deep, 60), Err(NotRead::Damaged | NotRead::NoWords)));
    // A picture that draws itself twice, and so on: longer than anybody waits.
    assert_eq!(read("application/pdf", pdf("/X Do", "/X Do /X Do"), 3), Err(NotRead::Stopped));
    // Nobody has this program.
    assert_eq!(read_apart(Path::new("/nowhere/akashi"), "text/plain", b"words".to_vec(), Duration::from_secs(3)), Err(NotRead::Stopped));
}
