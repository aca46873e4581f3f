//! Words of Word, PowerPoint and OpenDocument files: the text between the tags of some parts of the zip file.
//!
//! Sources: ECMA-376 part 1, sections 17.3 and 21.1 (`w:t`, `a:t`); OpenDocument 1.3 part 3, section 5 and 6.1.

use std::io::{Cursor, Read};

use quick_xml::events::Event;
use quick_xml::{Reader, XmlVersion};
use zip::ZipArchive;

use super::{Growing, NotRead};

/// Bytes of one part, unpacked, that are read.
const PART: u64 = 64 << 20;
/// Parts of one file that are read.
const PARTS: usize = 5_000;

type Archive<'a> = ZipArchive<Cursor<&'a [u8]>>;

fn archive(bytes: &[u8]) -> Result<Archive<'_>, NotRead> {
    ZipArchive::new(Cursor::new(bytes)).map_err(|_| NotRead::Damaged)
}

/// The names of parts that begin and end like this, in the order of the numbers in them.
fn parts(archive: &Archive<'_>, begins: &str, ends: &str) -> Vec<String> {
    let mut found: Vec<(u64, String)> = archive
        .file_names()
        .filter_map(|name| name.ok())
        .filter(|name| name.starts_with(begins) && name.ends_with(ends) && name.len() >= begins.len() + ends.len())
        .map(|name| {
            let digits: String = name[begins.len()..name.len() - ends.len()].chars().filter(char::is_ascii_digit).take(9).collect();
            (digits.parse().unwrap_or(0), name.to_string())
        })
        .take(PARTS)
        .collect();
    found.sort();
    found.into_iter().map(|(_, name)| name).collect()
}

/// The text of a part, unpacked to the limit; a part that is not there has none.
fn part(archive: &mut Archive<'_>, name: &str) -> Result<String, NotRead> {
    let Ok(index) = archive.index_for_name(name).ok_or(NotRead::Damaged) else { return Ok(String::new()) };
    if archive.by_index_raw(index).map_err(|_| NotRead::Damaged)?.encrypted() {
        return Err(NotRead::Encrypted);
    }
    let part = archive.by_index(index).map_err(|_| NotRead::Damaged)?;
    let mut bytes = vec![];
    part.take(PART + 1).read_to_end(&mut bytes).map_err(|_| NotRead::Damaged)?;
    if bytes.len() as u64 > PART {
        return Err(NotRead::TooLarge);
    }
    String::from_utf8(bytes).map_err(|_| NotRead::Damaged)
}

/// A Word document with its headers, footers, notes and comments.
pub(super) fn word(bytes: &[u8], out: &mut Growing<'_>) -> Result<(), NotRead> {
    let mut archive = archive(bytes)?;
    let mut names = vec!["word/document.xml".to_owned()];
    for more in ["word/header", "word/footer", "word/footnotes", "word/endnotes", "word/comments"] {
        names.extend(parts(&archive, more, ".xml"));
    }
    out.page();
    for name in names {
        texts(&part(&mut archive, &name)?, Some("w:t"), out)?;
    }
    Ok(())
}

/// A presentation, a page for each slide; what is said beside a slide stands with it.
pub(super) fn slides(bytes: &[u8], out: &mut Growing<'_>) -> Result<(), NotRead> {
    let mut archive = archive(bytes)?;
    for name in parts(&archive, "ppt/slides/slide", ".xml") {
        if !out.page() {
            break;
        }
        texts(&part(&mut archive, &name)?, Some("a:t"), out)?;
        let notes = name.replace("ppt/slides/slide", "ppt/notesSlides/notesSlide");
        texts(&part(&mut archive, &notes)?, Some("a:t"), out)?;
    }
    Ok(())
}

/// An OpenDocument text or presentation; a page for each slide.
pub(super) fn open(bytes: &[u8], out: &mut Growing<'_>) -> Result<(), NotRead> {
    let mut archive = archive(bytes)?;
    let manifest = part(&mut archive, "META-INF/manifest.xml")?;
    if manifest.contains("encryption-data") {
        return Err(NotRead::Encrypted);
    }
    texts(&part(&mut archive, "content.xml")?, None, out)
}

/// Adds the text of a part: within elements of a name, or all within paragraphs.
fn texts(xml: &str, only: Option<&str>, out: &mut Growing<'_>) -> Result<(), NotRead> {
    let mut reader = Reader::from_str(xml);
    reader.config_mut().expand_empty_elements = true;
    let mut within = 0_usize;
    loop {
        out.goes_on()?;
        let event = reader.read_event().map_err(|_| NotRead::Damaged)?;
        let fits = match &event {
            Event::Start(e) => {
                let name = e.name();
                let name = name.as_ref();
                match name {
                    "draw:page" => out.page() && out.push("\n"),
                    "w:tab" | "text:tab" | "text:s" => out.push(" "),
                    "w:br" | "w:cr" | "a:br" | "text:line-break" => out.push("\n"),
                    _ => {
                        within += usize::from(only.map_or(name == "text:p" || name == "text:h", |only| name == only));
                        true
                    }
                }
            }
            Event::End(e) => {
                let name = e.name();
                let name = name.as_ref();
                within -= usize::from(within > 0 && only.map_or(name == "text:p" || name == "text:h", |only| name == only));
                !matches!(name, "w:p" | "a:p" | "text:p" | "text:h") || out.push("\n")
            }
            Event::Text(t) if within > 0 => out.push(&t.xml_content(XmlVersion::Implicit1_0)),
            Event::CData(t) if within > 0 => out.push(&t.xml_content(XmlVersion::Implicit1_0)),
            Event::GeneralRef(r) if within > 0 => {
                let c = match r.resolve_char_ref().map_err(|_| NotRead::Damaged)? {
                    Some(c) => c,
                    None => match r.xml10_content().as_ref() {
                        "lt" => '<',
                        "gt" => '>',
                        "amp" => '&',
                        "quot" => '"',
                        "apos" => '\'',
                        // An entity of the file's own is never looked up: it may stand for a billion words.
                        _ => ' ',
                    },
                };
                out.push(c.encode_utf8(&mut [0; 4]))
            }
            Event::Eof => return Ok(()),
            _ => true,
        };
        if !fits {
            return Ok(());
        }
    }
}
