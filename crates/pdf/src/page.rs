//! Turns a page description and its data into PDF bytes with the embedded fonts, and reads nothing else.

use std::collections::HashSet;
use std::sync::LazyLock;

use jiff::civil::Date;
use typst::diag::{FileError, FileResult, SourceDiagnostic, Warned};
use typst::foundations::{Bytes, Datetime, Duration, Smart};
use typst::syntax::{FileId, RootedPath, Source, VirtualPath, VirtualRoot};
use typst::text::{Font, FontBook};
use typst::utils::LazyHash;
use typst::{Library, LibraryExt, World};
use typst_pdf::{PdfOptions, PdfStandard, PdfStandards, Timestamp};

use crate::Error;

/// BIZ UDPGothic 1.05 by Morisawa (SIL Open Font License, see `fonts/OFL.txt`): made to be read by everybody.
const FONTS: [&[u8]; 2] = [include_bytes!("../fonts/BIZUDPGothic-Regular.ttf"), include_bytes!("../fonts/BIZUDPGothic-Bold.ttf")];

/// Minutes that Japan's clock is ahead of UTC, all year round.
const JAPAN: i32 = 9 * 60;

/// What is the same for every paper, made once.
struct Fixed {
    library: LazyHash<Library>,
    book: LazyHash<FontBook>,
    fonts: Vec<Font>,
    /// The characters that every embedded font can draw.
    drawable: HashSet<u32>,
    main: FileId,
    data: FileId,
}

static FIXED: LazyLock<Fixed> = LazyLock::new(|| {
    let fonts: Vec<Font> = FONTS.iter().flat_map(|bytes| Font::iter(Bytes::new(*bytes))).collect();
    let file = |path| {
        let path = VirtualPath::new(path).expect("a fixed path is well formed");
        RootedPath::new(VirtualRoot::Project, path).intern()
    };
    Fixed {
        library: LazyHash::new(Library::default()),
        book: LazyHash::new(FontBook::from_fonts(&fonts)),
        drawable: fonts
            .iter()
            .map(|font| font.info().coverage.iter().collect::<HashSet<u32>>())
            .reduce(|some, others| &some & &others)
            .unwrap_or_default(),
        fonts,
        main: file("/page.typ"),
        data: file("/data.json"),
    }
});

/// Whether the embedded fonts can draw this character.
pub fn drawable(c: char) -> bool {
    FIXED.drawable.contains(&u32::from(c))
}

/// The world a page lives in: its own text, its data, two fonts; no other file, no clock.
struct Sheet {
    fixed: &'static Fixed,
    source: Source,
    data: Bytes,
}

impl World for Sheet {
    fn library(&self) -> &LazyHash<Library> {
        &self.fixed.library
    }
    fn book(&self) -> &LazyHash<FontBook> {
        &self.fixed.book
    }
    fn main(&self) -> FileId {
        self.fixed.main
    }
    fn source(&self, id: FileId) -> FileResult<Source> {
        if id == self.fixed.main { Ok(self.source.clone()) } else { Err(FileError::AccessDenied) }
    }
    fn file(&self, id: FileId) -> FileResult<Bytes> {
        if id == self.fixed.data { Ok(self.data.clone()) } else { Err(FileError::AccessDenied) }
    }
    fn font(&self, index: usize) -> Option<Font> {
        self.fixed.fonts.get(index).cloned()
    }
    fn today(&self, _offset: Option<Duration>) -> Option<Datetime> {
        None
    }
}

/// Sets `template` with `data` (read there as `json("/data.json")`: values, never markup) and writes a PDF/A-2b that is also PDF/UA-1
/// dated `issued_on`. `ident` names the document for ever.
pub fn write(template: &str, data: &serde_json::Value, ident: &str, issued_on: Date) -> Result<Vec<u8>, Error> {
    let fixed = &*FIXED;
    let sheet = Sheet { fixed, source: Source::new(fixed.main, template.to_owned()), data: Bytes::from_string(data.to_string()) };
    let Warned { output, .. } = typst::compile(&sheet);
    let document = output.map_err(|faults| Error::Page(told(&faults)))?;
    let standards = PdfStandards::new(&[PdfStandard::A_2b, PdfStandard::Ua_1]).map_err(|fault| Error::File(fault.message().to_string()))?;
    let midnight = Datetime::from_ymd_hms(issued_on.year().into(), month(issued_on), day(issued_on), 0, 0, 0);
    let options = PdfOptions {
        ident: Smart::Custom(ident.to_owned()),
        creator: Smart::Custom(Some("Akashi".to_owned())),
        timestamp: midnight.and_then(|at| Timestamp::new_local(at, JAPAN)),
        standards,
        ..PdfOptions::default()
    };
    let bytes = typst_pdf::pdf(&document, &options).map_err(|faults| Error::File(told(&faults)));
    // The typesetter remembers what it did; a server that runs for years must not.
    typst::comemo::evict(3);
    bytes
}

fn month(date: Date) -> u8 {
    date.month().unsigned_abs()
}

fn day(date: Date) -> u8 {
    date.day().unsigned_abs()
}

fn told(faults: &[SourceDiagnostic]) -> String {
    faults.iter().map(|fault| fault.message.as_str()).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn page(template: &str) -> Result<Vec<u8>, Error> {
        write(template, &json!({}), "test", jiff::civil::date(2026, 11, 22))
    }

    #[test]
    fn a_page_reaches_no_other_file_and_no_clock() {
        assert!(page("#set document(title: \"t\")\n= Title\nText").is_ok());
        for reach in ["#read(\"/etc/passwd\")", "#import \"/other.typ\": x", "#import \"@preview/cetz:0.3.0\": canvas", "#datetime.today()"]
        {
            assert!(matches!(page(reach), Err(Error::Page(_))), "{reach}");
        }
    }
}
