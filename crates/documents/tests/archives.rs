//! Archives and Office files that are meant to harm are refused with the reason, whatever they declare; ordinary ones pass.

use std::io::{Cursor, Write};

use documents::archive::{Bounds, Hostile, Looked, look};
use flate2::Compression;
use flate2::write::GzEncoder;
use rules::vault::Inside;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

fn seen(bytes: &[u8]) -> Result<Option<Looked>, Hostile> {
    seen_within(bytes, &Bounds::default())
}

fn seen_within(bytes: &[u8], bounds: &Bounds) -> Result<Option<Looked>, Hostile> {
    look(Cursor::new(bytes), bounds).unwrap()
}

fn inside(bytes: &[u8]) -> Vec<Inside> {
    seen(bytes).unwrap().expect("an archive").inside
}

#[track_caller]
fn refused(bytes: &[u8], word: &str) {
    refused_within(bytes, &Bounds::default(), word);
}

#[track_caller]
fn refused_within(bytes: &[u8], bounds: &Bounds, word: &str) {
    let hostile = seen_within(bytes, bounds).unwrap_err();
    assert_eq!(hostile.word(), word, "{hostile:?}");
    let words = hostile.text();
    assert!(!words.ja.is_empty() && !words.en.is_empty() && words.ja != words.en, "{words:?}");
}

fn zipped(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in parts {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(content).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn tarred(parts: &[(&str, tar::EntryType, &[u8])]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (name, kind, content) in parts {
        let mut header = tar::Header::new_ustar();
        // As bytes: the builder refuses names that lead outside.
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_entry_type(*kind);
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        if matches!(kind, tar::EntryType::Symlink | tar::EntryType::Link) {
            header.set_link_name("elsewhere").unwrap();
        }
        header.set_cksum();
        tar.append(&header, *content).unwrap();
    }
    tar.into_inner().unwrap()
}

fn gzipped(bytes: &[u8]) -> Vec<u8> {
    let mut out = GzEncoder::new(Vec::new(), Compression::best());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

/// The places of a signature in a file.
fn places(bytes: &[u8], signature: &[u8]) -> Vec<usize> {
    bytes.windows(signature.len()).enumerate().filter(|(_, w)| *w == signature).map(|(at, _)| at).collect()
}

const LOCAL: &[u8] = b"PK\x03\x04";
const LISTED: &[u8] = b"PK\x01\x02";

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/../../fixtures/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

#[test]
fn what_is_no_archive_is_left_alone() {
    for bytes in [&b""[..], b"a", b"%PDF-1.7 PK", b"\x89PNG\r\n\x1a\n", "記録".as_bytes()] {
        assert_eq!(seen(bytes), Ok(None));
    }
}

#[test]
fn ordinary_archives_and_office_files_pass() {
    let plain = zipped(&[("規程/第1章.txt", b"one"), ("log.txt", &b"the same line\n".repeat(100_000))]);
    let found = seen(&plain).unwrap().unwrap();
    assert_eq!((found.inside.len(), found.entries, found.unpacked), (0, 2, 1_400_003));
    assert!(inside(&zipped(&[("inner.zip", &plain)])).is_empty());
    assert!(inside(&gzipped(&tarred(&[("a/b.txt", tar::EntryType::Regular, b"words")]))).is_empty());
    assert!(inside(&fixture("filled.ods")).is_empty());
    assert!(inside(&fixture("filled.xls")).is_empty());
    let mut book = rust_xlsxwriter::Workbook::new();
    book.add_worksheet().write(0, 0, "項目").unwrap();
    assert!(inside(&book.save_to_buffer().unwrap()).is_empty());
}

#[test]
fn a_bomb_is_stopped_early_whatever_it_declares() {
    let zeros = vec![0; 40 << 20];
    let mut bomb = zipped(&[("a.txt", &zeros)]);
    refused(&bomb, "packed too tightly");
    // It says that it is small.
    for (signature, at) in [(LOCAL, 22), (LISTED, 24)] {
        for place in places(&bomb, signature) {
            bomb[place + at..place + at + 4].copy_from_slice(&100u32.to_le_bytes());
        }
    }
    refused(&bomb, "damaged");
    refused(&gzipped(&zeros), "packed too tightly");
    let several = zipped(&[("a", &[1; 600_000]), ("b", &[2; 600_000])]);
    refused_within(&several, &Bounds { unpacked: 1 << 20, ..Bounds::default() }, "too large unpacked");
}

#[test]
fn archives_in_archives_end_somewhere() {
    // As 42.zip: each level holds several of the next.
    let mut nested = zipped(&[("0.dll", &[0; 1000])]);
    for level in 0..6 {
        let names: Vec<String> = (0..4).map(|n| format!("{level}{n}.zip")).collect();
        let parts: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), nested.as_slice())).collect();
        nested = zipped(&parts);
    }
    refused(&nested, "nested too deep");
    let mut packed = b"words".to_vec();
    for _ in 0..8 {
        packed = gzipped(&packed);
    }
    refused(&packed, "nested too deep");
    // One that is too large to be held is noted, not believed.
    let mut seed = 1u64;
    let noise = std::iter::repeat_with(|| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (seed >> 56) as u8
    });
    let noise: Vec<u8> = noise.take(200_000).collect();
    let large = zipped(&[("inner.zip", &zipped(&[("noise", &noise)]))]);
    let found = seen_within(&large, &Bounds { nested: 100_000, ..Bounds::default() });
    assert_eq!(found.unwrap().unwrap().inside, [Inside::Unseen]);
}

#[test]
fn entries_that_share_bytes_or_a_name_are_refused() {
    let mut zip = zipped(&[("a.txt", &[b'a'; 100]), ("b.txt", &[b'b'; 100])]);
    let listed = places(&zip, LISTED);
    // The second points at the content of the first.
    zip[listed[1] + 42..listed[1] + 46].copy_from_slice(&0u32.to_le_bytes());
    refused(&zip, "overlapping entries");
    let mut twice = zipped(&[("a.txt", b"shown"), ("b.txt", b"other")]);
    for place in places(&twice, b"b.txt") {
        twice[place] = b'a';
    }
    refused(&twice, "overlapping entries");
}

#[test]
fn no_entry_leads_outside_or_is_anything_but_a_file() {
    for (name, word) in [
        ("../../etc/passwd", "a path that leads outside"),
        ("a/..\\..\\b.txt", "a path that leads outside"),
        ("/etc/passwd", "an absolute path"),
        ("C:\\Windows\\a.txt", "an absolute path"),
        ("invoice\u{202e}fdp.exe", "a name with hidden characters"),
        ("a\nb", "a name with hidden characters"),
    ] {
        refused(&zipped(&[(name, b"x")]), word);
        refused(&tarred(&[(name, tar::EntryType::Regular, b"x")]), word);
        // In an archive in an archive, too.
        refused(&zipped(&[("inner.tar.gz", &gzipped(&tarred(&[(name, tar::EntryType::Regular, b"x")])))]), word);
    }
    let mut linked = ZipWriter::new(Cursor::new(Vec::new()));
    linked.add_symlink("a", "/etc/passwd", SimpleFileOptions::default()).unwrap();
    refused(&linked.finish().unwrap().into_inner(), "a link");
    for kind in [tar::EntryType::Symlink, tar::EntryType::Link, tar::EntryType::Fifo, tar::EntryType::Block] {
        refused(&tarred(&[("a", kind, b"")]), "a link");
    }
    // A long name comes in an entry of its own.
    let long = format!("{}/../../x", "a".repeat(150));
    let tar = tarred(&[("././@LongLink", tar::EntryType::GNULongName, long.as_bytes()), ("short", tar::EntryType::Regular, b"x")]);
    refused(&tar, "a path that leads outside");
    let pax = |words: &str| tarred(&[("pax", tar::EntryType::XHeader, words.as_bytes()), ("short", tar::EntryType::Regular, b"x")]);
    refused(&pax("13 path=../x\n"), "a path that leads outside");
    refused(&pax("10 size=9\n"), "overlapping entries");
}

#[test]
fn too_many_entries_are_refused_before_they_are_held() {
    let names: Vec<String> = (0..200).map(|n| format!("{n}.txt")).collect();
    let parts: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), &b""[..])).collect();
    let zip = zipped(&parts);
    refused_within(&zip, &Bounds { entries: 100, ..Bounds::default() }, "too many entries");
    refused_within(&zip, &Bounds { directory: 2000, ..Bounds::default() }, "too many entries");
    // Those of archives inside count too.
    let both = zipped(&[("1.zip", &zip), ("2.zip", &zip)]);
    assert!(seen_within(&both, &Bounds { entries: 500, ..Bounds::default() }).is_ok());
    refused_within(&both, &Bounds { entries: 300, ..Bounds::default() }, "too many entries");
}

#[test]
fn what_is_damaged_is_said_to_be() {
    refused(b"PK\x03\x04aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "damaged");
    refused(&zipped(&[("a", b"words")])[..40], "damaged");
    refused(&[0x1F, 0x8B, 8, 0, 0], "damaged");
}

#[test]
fn macros_are_found_by_content_and_not_by_name() {
    let types = |more: &str| format!(r#"<Types><Override PartName="/word/document.xml" ContentType="{more}"/></Types>"#);
    let document = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml";
    let plain = zipped(&[("[Content_Types].xml", types(document).as_bytes()), ("word/document.xml", b"<w:document/>")]);
    assert!(inside(&plain).is_empty());
    let project = zipped(&[("word/document.xml", b""), ("word/vbaProject.bin", b"x")]);
    let enabled = zipped(&[("[Content_Types].xml", types("application/vnd.ms-word.document.macroEnabled.main+xml").as_bytes())]);
    // The project under another name: its type says what it is.
    let renamed = zipped(&[("[Content_Types].xml", types("application/vnd.ms-office.vbaProject").as_bytes()), ("word/a.bin", b"x")]);
    let excel4 = zipped(&[("xl/macrosheets/sheet1.xml", b"x")]);
    let basic = zipped(&[("mimetype", b"application/vnd.oasis.opendocument.text"), ("Basic/Standard/Module1.xml", b"x")]);
    let mut old = vec![0; 2048];
    old[..8].copy_from_slice(&[0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1]);
    let name: Vec<u8> = "_VBA_PROJECT".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let mut not_a_name = old.clone();
    old[1024..1024 + name.len()].copy_from_slice(&name);
    // The same words in a text are no name of a stream.
    not_a_name[1031..1031 + name.len()].copy_from_slice(&name);
    assert!(inside(&not_a_name).is_empty());
    for bytes in [project, enabled, renamed, excel4, basic, old] {
        assert_eq!(inside(&bytes), [Inside::Macros]);
        assert_eq!(inside(&zipped(&[("a/b.dat", &bytes)])), [Inside::Macros], "inside another archive");
    }
}

#[test]
fn what_nobody_can_look_into_is_noted() {
    let mut locked = zipped(&[("a.txt", b"words"), ("b.txt", b"words")]);
    for (signature, at) in [(LOCAL, 6), (LISTED, 8)] {
        let place = places(&locked, signature)[0];
        locked[place + at] |= 1;
    }
    assert_eq!(inside(&locked), [Inside::Encrypted]);
    let mut other = zipped(&[("a.txt", b"words")]);
    for (signature, at) in [(LOCAL, 8), (LISTED, 10)] {
        let place = places(&other, signature)[0];
        other[place + at] = 14;
    }
    assert_eq!(inside(&other), [Inside::Unseen]);
    let manifest = b"<manifest:file-entry><manifest:encryption-data/></manifest:file-entry>";
    assert_eq!(inside(&zipped(&[("META-INF/manifest.xml", manifest)])), [Inside::Encrypted]);
}
