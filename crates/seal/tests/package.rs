//! Packages that were made, and packages that were altered, cut, forged, misaddressed or sent twice.

mod sample;

use std::io::{Cursor, Read, Seek, SeekFrom, Write};

use proptest::prelude::*;
use sample::*;
use seal::merkle::sha256;
use seal::package::{
    BadManifest, BadSignature, FILES, Manifest, NotWritten, Opened, PackageFault, PackageTrust, PackageWriter, Receipt, ReceiptFault, open,
};
use zip::write::SimpleFileOptions;

fn opened(bytes: &[u8]) -> Result<Opened<Cursor<&[u8]>>, PackageFault> {
    open(Cursor::new(bytes), &trust(), |_| ())
}

fn fault(bytes: &[u8]) -> PackageFault {
    match opened(bytes) {
        Err(fault) => {
            assert_ne!(fault.ja(), fault.to_string());
            let in_english = |text: &str| text.starts_with(|c: char| c.is_ascii_uppercase() || c == '\'') && text.ends_with('.');
            assert!(fault.ja().ends_with('。') && in_english(&fault.to_string()), "{fault}");
            assert!(!fault.to_string().contains(char::is_control), "{fault:?}");
            fault
        }
        Ok(_) => panic!("a package was accepted that must be refused"),
    }
}

fn path(path: &str) -> String {
    path.to_owned()
}

#[test]
fn what_goes_in_comes_out() {
    let bytes = package();
    let mut hashed = 0;
    let mut opened = open(Cursor::new(&bytes), &trust(), |piece| hashed += piece).unwrap();
    assert_eq!(opened.manifest, manifest());
    assert_eq!(opened.digest, sha256(&[manifest().to_text().unwrap().as_bytes()]));
    assert_eq!(opened.signed_by, verifiers(keys()));
    assert_eq!(hashed, 29);
    for (file, (_, content)) in manifest().files.iter().zip(CONTENTS) {
        let mut read = Vec::new();
        opened.file(&file.path).unwrap().read_to_end(&mut read).unwrap();
        assert_eq!(read, content, "{}", file.path);
    }
    assert!(opened.file("sheet.json").is_err());
}

#[test]
fn the_bytes_of_version_1_do_not_change() {
    let text = manifest().to_text().unwrap();
    assert!(text.starts_with(r#"{"files":[{"media":"application/json","path":"case.json","sha256":""#), "{text}");
    assert_eq!(zip_of(&entries(), b"", b""), package());
}

#[test]
fn an_empty_package_and_a_package_for_anybody_are_packages() {
    let mut nothing = manifest_of(Vec::new(), keys());
    nothing.receiver.installation = None;
    nothing.label.clear();
    nothing.replaces = Some("f".repeat(32));
    let bytes = package_of(nothing.clone(), &[], keys());
    assert_eq!(opened(&bytes).unwrap().manifest, nothing);
}

#[test]
fn other_programs_read_a_package() {
    let bytes = package();
    let mut archive = zip::ZipArchive::new(Cursor::new(&bytes)).unwrap();
    assert_eq!(archive.len(), 6);
    for (at, (_, content)) in CONTENTS.iter().enumerate() {
        let mut read = Vec::new();
        let mut file = archive.by_index(at + 2).unwrap();
        assert_eq!(file.name().unwrap(), manifest().files[at].path);
        file.read_to_end(&mut read).unwrap();
        assert_eq!(read, *content);
    }
    let place = std::env::temp_dir().join(format!("akashi-package-{}.akashi", std::process::id()));
    std::fs::write(&place, &bytes).unwrap();
    let said = std::process::Command::new("python3").args(["-m", "zipfile", "-t"]).arg(&place).output();
    std::fs::remove_file(&place).unwrap();
    let said = said.expect("python3 reads ZIP files");
    assert!(said.status.success() && String::from_utf8_lossy(&said.stdout).contains("Done testing"), "{said:?}");
}

#[test]
fn any_changed_byte_is_refused() {
    let bytes = package();
    for at in 0..bytes.len() {
        // One bit of every byte, each bit in turn; every bit of the headers at the beginning and of the table at the end.
        let everything = at < 80 || at > bytes.len() - 120;
        for bit in (0..8).filter(|bit| everything || at % 8 == *bit) {
            let mut bent = bytes.clone();
            bent[at] ^= 1 << bit;
            assert!(opened(&bent).is_err(), "bit {bit} of byte {at} of {} may be changed", bytes.len());
        }
    }
}

#[test]
fn any_changed_byte_is_refused_though_every_checksum_is_made_to_fit() {
    for which in 0..6 {
        for at in 0..entries()[which].content.len() {
            let fault = forged(|e| {
                let mut content = e[which].content.clone();
                content[at] ^= 1 << (at % 8);
                e[which] = raw(&String::from_utf8_lossy(&e[which].name), &content);
            });
            let right = match which {
                0 => matches!(fault, PackageFault::Manifest(_) | PackageFault::Signature(BadSignature::OtherManifest)),
                1 => matches!(fault, PackageFault::Signature(_)),
                _ => matches!(&fault, PackageFault::Altered { path } if *path == manifest().files[which - 2].path),
            };
            assert!(right, "byte {at} of entry {which}: {fault:?}");
        }
    }
}

#[test]
fn a_changed_byte_of_a_file_names_the_file() {
    let bytes = package();
    for (file, (_, content)) in manifest().files.iter().zip(CONTENTS).filter(|(_, (_, content))| content.len() > 2) {
        let at = bytes.windows(content.len()).rposition(|window| window == content).unwrap();
        for place in at..at + content.len() {
            let mut bent = bytes.clone();
            bent[place] ^= 0x20;
            assert_eq!(fault(&bent), PackageFault::Altered { path: file.path.clone() });
        }
    }
}

#[test]
fn a_package_cut_anywhere_is_refused_and_says_where() {
    let bytes = package();
    assert_eq!(fault(&[]), PackageFault::NotAPackage);
    for length in 1..bytes.len() {
        assert_eq!(fault(&bytes[..length]), PackageFault::Truncated { offset: length as u64 }, "cut at {length}");
    }
}

#[test]
fn another_file_is_no_package() {
    for other in [&b"%PDF-1.7"[..], b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", b"\0", b"{}"] {
        assert_eq!(fault(other), PackageFault::NotAPackage);
    }
}

/// The sample's entries after a change, as a ZIP file that is right otherwise.
fn forged(change: impl FnOnce(&mut Vec<Raw>)) -> PackageFault {
    let mut changed = entries();
    change(&mut changed);
    fault(&zip_of(&changed, b"", b""))
}

#[test]
fn files_added_removed_renamed_doubled_or_moved_are_each_named() {
    for at in 2..=6 {
        assert_eq!(forged(|e| e.insert(at, raw("more.json", b"{}"))), PackageFault::Extra { path: path("more.json") });
    }
    for at in 2..6 {
        let name = manifest().files[at - 2].path.clone();
        let fault = forged(|e| drop(e.remove(at)));
        let next = manifest().files.get(at - 1).map(|file| file.path.clone());
        // The next file stands where this one should; after the last there is none.
        assert_eq!(fault, next.map_or(PackageFault::Missing { path: name.clone() }, |path| PackageFault::Order { path }));
        let fault = forged(|e| e[at] = raw("other.json", &e[at].content));
        assert_eq!(fault, PackageFault::Extra { path: path("other.json") });
        assert_eq!(forged(|e| e.insert(at, e[at].clone())), PackageFault::Order { path: name });
    }
    assert_eq!(forged(|e| e.swap(2, 3)), PackageFault::Order { path: path("answers.json") });
    assert_eq!(forged(|e| e.truncate(2)), PackageFault::Missing { path: path("case.json") });
    assert_eq!(forged(|e| e.truncate(1)), PackageFault::Missing { path: path("manifest.note") });
    assert_eq!(forged(|e| e.push(e[0].clone())), PackageFault::Order { path: path("manifest.json") });
    assert_eq!(forged(|e| e.swap(0, 1)), PackageFault::Order { path: path("manifest.note") });
    assert_eq!(forged(|e| e.swap(0, 2)), PackageFault::Missing { path: path("manifest.json") });
    assert_eq!(forged(|e| e.swap(1, 2)), PackageFault::Missing { path: path("manifest.note") });
    assert_eq!(forged(|e| e[2] = raw("case.json", b"{\"case\":12}")), PackageFault::Altered { path: path("case.json") });
    assert_eq!(forged(|e| e[2] = raw("case.json", b"{\"case\":2}")), PackageFault::Altered { path: path("case.json") });
}

#[test]
fn bytes_that_belong_to_no_file_are_refused_wherever_they_stand() {
    assert_eq!(forged(|e| e[0].before = b"MZ".to_vec()), PackageFault::NotAPackage);
    for at in 1..6 {
        let offset = zip_of(&entries()[..at], b"", b"").windows(4).rposition(|window| window == b"PK\x05\x06").unwrap();
        let table: usize = entries()[..at].iter().map(|entry| 46 + entry.name.len()).sum();
        assert_eq!(forged(|e| e[at].before = b"#!/bin/sh\n".to_vec()), PackageFault::Stray { offset: (offset - table) as u64 });
    }
    let table: usize = entries().iter().map(|entry| 46 + entry.name.len()).sum();
    let whole = package().len();
    assert_eq!(fault(&zip_of(&entries(), b"stray", b"")), PackageFault::Stray { offset: (whole - 22 - table) as u64 });
    assert_eq!(fault(&zip_of(&entries(), b"", b"a comment")), PackageFault::Directory { offset: whole as u64 - 2 });
    assert_eq!(fault(&[package(), vec![0]].concat()), PackageFault::Stray { offset: whole as u64 });
    assert_eq!(fault(&[package(), package()].concat()), PackageFault::Stray { offset: whole as u64 });
}

#[test]
fn headers_that_say_two_things_are_refused() {
    let directory = |change: &dyn Fn(&mut Raw)| {
        let fault = forged(|e| change(&mut e[2]));
        assert!(matches!(fault, PackageFault::Directory { .. }), "{fault:?}");
    };
    directory(&|entry| entry.listed_name = b"answers.json".to_vec());
    directory(&|entry| entry.listed_crc ^= 1);
    directory(&|entry| entry.listed_size += 1);
    directory(&|entry| entry.listed_extra = b"UT\x05\0\x03\0\0\0\0".to_vec());
    directory(&|entry| entry.comment = b"x".to_vec());
    let fault = forged(|e| e[2].extra = b"UT\x05\0\x03\0\0\0\0".to_vec());
    assert!(matches!(&fault, PackageFault::Header { path, .. } if path == "case.json"), "{fault:?}");
    for flags in [0, 1 << 11 | 1 << 3, 1 << 11 | 1] {
        let fault = forged(|e| e[3].flags = flags);
        assert!(matches!(&fault, PackageFault::Header { path, .. } if path == "answers.json"), "{fault:?}");
    }
}

#[test]
fn compressed_files_are_refused_even_when_they_would_unpack_to_the_right_bytes() {
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (at, entry) in entries().iter().enumerate() {
        let method = if at == 2 { zip::CompressionMethod::Deflated } else { zip::CompressionMethod::Stored };
        let options = SimpleFileOptions::DEFAULT.compression_method(method).unix_permissions(0o644);
        archive.start_file(String::from_utf8_lossy(&entry.name), options).unwrap();
        archive.write_all(&entry.content).unwrap();
    }
    let packed = archive.finish().unwrap().into_inner();
    let fault = fault(&packed);
    // This packer leaves out a flag in the very first header; a package repacked by it is refused there at the latest.
    assert!(matches!(&fault, PackageFault::Header { path, .. } if path == "manifest.json"), "{fault:?}");

    assert_eq!(forged(|e| e[2].method = 8), PackageFault::Compressed { path: path("case.json") });
    assert_eq!(forged(|e| e[0].method = 8), PackageFault::Compressed { path: path("manifest.json") });
}

const BAD_NAMES: [&str; 24] = [
    "",
    "/case.json",
    "../case.json",
    "evidence/../../x",
    "a/..",
    "a/./b",
    ".hidden",
    "a//b",
    "a/",
    "C:/x",
    "..\\x",
    "a\\b",
    "a\0b",
    "case.json\0.exe",
    "Case.json",
    "ＣＡＳＥ.json",
    "表.json",
    "a b",
    "a\nb",
    "-rf",
    "con.",
    "~root",
    "manifest.json",
    "manifest.note",
];

#[test]
fn names_that_lead_elsewhere_are_refused_in_the_container_and_in_the_manifest() {
    for name in BAD_NAMES.iter().filter(|name| !name.starts_with("manifest")) {
        assert_eq!(forged(|e| e.insert(3, raw(name, b"x"))), PackageFault::BadName { path: path(name) });
    }
    assert_eq!(forged(|e| e[3].name = b"a\xff".to_vec()), PackageFault::BadName { path: path("a\u{fffd}") });
    let long = "a".repeat(201);
    let names = BAD_NAMES.iter().copied().chain([long.as_str()]);
    for name in names {
        let listed = manifest_of(vec![listed(name, b"x")], keys());
        assert_eq!(listed.to_text(), Err(BadManifest::Path(path(name))));
        // A forger who has a trusted key writes such a manifest all the same.
        let text = manifest_of(vec![sample::listed("harmless", b"x")], keys()).to_text().unwrap();
        let name_in_json = serde_json::to_string(name).unwrap();
        let text = text.replace("\"harmless\"", &name_in_json);
        let mut entries = signed(&text, keys());
        entries.push(raw(name, b"x"));
        assert_eq!(fault(&zip_of(&entries, b"", b"")), PackageFault::Manifest(BadManifest::Path(path(name))));
    }
    assert!(manifest_of(vec![listed(&long[..200], b"x")], keys()).to_text().is_ok());
}

#[test]
fn two_files_of_one_name_are_refused() {
    let doubled = |names: [&str; 2]| manifest_of(names.map(|name| listed(name, b"x")).to_vec(), keys()).to_text();
    assert_eq!(doubled(["a/b.json", "a/b.json"]), Err(BadManifest::Doubled(path("a/b.json"))));
    // Case is not a difference on every system: large letters are refused at all.
    assert_eq!(doubled(["case.json", "CASE.json"]), Err(BadManifest::Path(path("CASE.json"))));
    assert_eq!(doubled(["a/b", "a"]), Err(BadManifest::Doubled(path("a"))));
    assert_eq!(doubled(["a", "a/b/c"]), Err(BadManifest::Doubled(path("a"))));
    assert!(doubled(["a/b", "a-b"]).is_ok());
}

#[test]
fn evidence_is_called_by_its_digest() {
    let name = format!("evidence/{}", "0".repeat(64));
    assert_eq!(manifest_of(vec![listed(&name, b"x")], keys()).to_text(), Err(BadManifest::NotItsDigest(name)));
}

/// The sample's manifest with one piece of its text replaced, signed by the sender.
fn resigned(from: &str, to: &str) -> PackageFault {
    let text = manifest().to_text().unwrap();
    assert!(text.contains(from), "{from} is not in {text}");
    let mut entries = entries();
    entries.splice(..2, signed(&text.replacen(from, to, 1), keys()));
    fault(&zip_of(&entries, b"", b""))
}

#[test]
fn a_manifest_that_is_not_exactly_one_is_refused_though_it_is_signed() {
    let bad = |from: &str, to: &str| match resigned(from, to) {
        PackageFault::Manifest(bad) => bad,
        other => panic!("{from} → {to}: {other:?}"),
    };
    let not_canonical = |from: &str, to: &str| assert!(matches!(bad(from, to), BadManifest::NotCanonical(_)), "{from} → {to}");
    not_canonical("{", "{ ");
    not_canonical("{", "{\"a\":1,");
    not_canonical("\"v\":1}", "\"v\":1}\n");
    not_canonical("\"v\":1}", "\"v\":1}}");
    not_canonical("\"v\":1}", "\"v\":1");
    not_canonical("\"v\":1}", "\"v\":1,\"v\":1}");
    not_canonical("\"v\":1}", "\"v\":1.0}");
    not_canonical("\"v\":1}", "\"v\":-1}");
    not_canonical("\"path\":\"case.json\"", "\"path\":\"\\u0063ase.json\"");
    not_canonical("\"replaces\":null,", "");
    not_canonical("\"size\":10", "\"size\":18446744073709551616");
    assert_eq!(bad("\"v\":1}", "\"v\":2,\"w\":{}}"), BadManifest::Version(2));
    assert_eq!(bad("\"size\":10", "\"size\":9223372036854775808"), BadManifest::TooLarge);
    assert_eq!(bad("\"size\":10", "\"size\":18446744073709551615"), BadManifest::TooLarge);
    assert_eq!(bad("\"size\":10", "\"size\":9007199254740991"), BadManifest::TooLarge);
    assert_eq!(bad("0123456789abcdef0123", "0123456789ABCDEF0123"), BadManifest::Field("id"));
    assert_eq!(bad("\"replaces\":null", "\"replaces\":\"x\""), BadManifest::Field("replaces"));
    assert_eq!(bad("03:04:05.000006Z", "03:04:05.000006"), BadManifest::Field("made_at"));
    assert_eq!(bad("2026-01-02T", "2026-02-30T"), BadManifest::Field("made_at"));
    assert_eq!(bad("ABC病院", "ABC\u{202e}病院"), BadManifest::Field("sender.name"));
    assert_eq!(bad("評価機関", " "), BadManifest::Field("receiver.name"));
    assert_eq!(bad("関係者限り", "\\n"), BadManifest::Field("label"));
    assert_eq!(bad("電子カルテ", &"あ".repeat(1_001)), BadManifest::Field("subject"));
    assert_eq!(bad("application/json", "json"), BadManifest::Media(path("case.json")));
    let digest = manifest().files[0].sha256;
    let digest = {
        use base64::Engine;
        base64::engine::general_purpose::STANDARD.encode(digest)
    };
    assert_eq!(bad(&digest, &digest[4..]), BadManifest::Digest(path("case.json")));
    assert_eq!(bad("\"akashi-00112233445566aa+", "\"akashi 00112233445566aa+"), BadManifest::Field("sender.keys"));
}

#[test]
fn a_manifest_that_promises_more_than_there_is_is_refused_before_anything_is_read() {
    // 4 PB in a file of some kilobytes, with headers that agree.
    let size: u64 = 1 << 52;
    let mut big = manifest_of(vec![listed("case.json", b"x")], keys());
    big.files[0].size = size;
    let mut case = raw("case.json", b"x");
    case.extra = [&1_u16.to_le_bytes()[..], &16_u16.to_le_bytes(), &size.to_le_bytes(), &size.to_le_bytes()].concat();
    let mut entries = signed(&big.to_text().unwrap(), keys());
    entries.push(case);
    let mut bytes = zip_of(&entries, b"", b"");
    // Version 4.5 and "look into the extra field", as zip64 has it.
    let header = bytes.windows(4).enumerate().filter(|(_, window)| *window == b"PK\x03\x04").nth(2).unwrap().0;
    bytes[header + 4] = 45;
    bytes[header + 18..header + 26].fill(0xff);
    assert_eq!(fault(&bytes), PackageFault::Truncated { offset: bytes.len() as u64 });

    let mut large = raw("manifest.json", b"{}");
    large.content = vec![b' '; 17 * 1024 * 1024];
    let fault = fault(&zip_of(&[large], b"", b""));
    assert_eq!(fault, PackageFault::TooLarge { path: path("manifest.json"), size: 17 * 1024 * 1024 });
}

#[test]
fn more_files_than_a_package_holds_are_refused() {
    let files = (0..=FILES).map(|n| listed(&format!("f/{n}"), b"")).collect();
    assert_eq!(manifest_of(files, keys()).to_text(), Err(BadManifest::Files(FILES + 1)));
}

#[test]
fn a_package_for_another_is_refused() {
    let trust = PackageTrust { me: Some("0000000000000000".to_owned()), ..trust() };
    let refused = open(Cursor::new(package()), &trust, |_| ()).err();
    assert_eq!(refused, Some(PackageFault::OtherReceiver { name: "評価機関".to_owned() }));
    let onlooker = PackageTrust { me: None, ..trust };
    assert!(open(Cursor::new(package()), &onlooker, |_| ()).is_ok());
}

#[test]
fn a_package_is_accepted_once() {
    let accepted = std::cell::RefCell::new(Vec::new());
    let seen = |id: &str| accepted.borrow().iter().any(|known| known == id);
    let trust = PackageTrust { seen: &seen, ..trust() };
    let first = open(Cursor::new(package()), &trust, |_| ()).unwrap();
    accepted.borrow_mut().push(first.manifest.id.clone());
    assert_eq!(open(Cursor::new(package()), &trust, |_| ()).err(), Some(PackageFault::Replayed { id: first.manifest.id }));
}

#[test]
fn an_unknown_sender_is_refused_and_its_keys_are_shown() {
    let trust = PackageTrust { keys: verifiers(&keys_of(SENDER, 7)), ..trust() };
    let keys: Vec<String> = keys().iter().map(|key| key.verifier().to_string()).collect();
    let refused = open(Cursor::new(package()), &trust, |_| ()).err();
    assert_eq!(refused, Some(PackageFault::UnknownSender { name: "ABC病院".to_owned(), keys: keys.clone() }));
    let nobody = PackageTrust { keys: Vec::new(), ..trust };
    assert!(matches!(open(Cursor::new(package()), &nobody, |_| ()), Err(PackageFault::UnknownSender { .. })));
    // Whoever confirms the keys by another way and registers them opens it.
    let confirmed = keys.iter().map(|key| key.parse().unwrap()).collect();
    assert!(open(Cursor::new(package()), &PackageTrust { keys: confirmed, ..nobody }, |_| ()).is_ok());
}

#[test]
fn nobody_signs_for_another() {
    // A known installation signs a package that names another as its sender, and lists its own keys.
    let other = keys_of("9999999999999999", 50);
    let trust = PackageTrust { keys: verifiers(&other).into_iter().chain(verifiers(keys())).collect(), ..trust() };
    let text = manifest_of(Vec::new(), &other).to_text().unwrap();
    let forged = zip_of(&signed(&text, &other), b"", b"");
    let refused = open(Cursor::new(&forged), &trust, |_| ()).err();
    let (signed_as, named) = ("akashi-9999999999999999".to_owned(), format!("akashi-{SENDER}"));
    assert_eq!(refused, Some(PackageFault::Signature(BadSignature::OtherSender { signed: signed_as, named })));
    assert!(matches!(PackageWriter::new(Cursor::new(Vec::new()), manifest_of(Vec::new(), &other), &other), Err(NotWritten::Keys(_))));
}

#[test]
fn neither_signature_can_be_left_out_replaced_or_joined_by_a_strangers() {
    let text = manifest().to_text().unwrap();
    let with = |note: Vec<Raw>| {
        let mut entries = entries();
        entries.splice(..2, note);
        fault(&zip_of(&entries, b"", b""))
    };
    let lacking = |name| PackageFault::Signature(BadSignature::Lacking(name));
    assert_eq!(with(signed(&text, &keys()[..1])), lacking("ML-DSA-44"));
    assert_eq!(with(signed(&text, &keys()[1..])), lacking("Ed25519"));
    let joined: Vec<_> = keys_of(SENDER, 1).into_iter().chain(keys_of("1234123412341234", 3)).collect();
    assert!(matches!(with(signed(&text, &joined)), PackageFault::Signature(BadSignature::Wrong(_))));
    assert!(matches!(with(signed(&text, &keys_of(SENDER, 3))), PackageFault::Signature(BadSignature::Wrong(_))));
    // The right signatures under another manifest of the same sender.
    let mut other = signed(&text, keys());
    other[0] = raw("manifest.json", manifest_of(Vec::new(), keys()).to_text().unwrap().as_bytes());
    assert_eq!(with(other), PackageFault::Signature(BadSignature::OtherManifest));
    let mut other = signed(&text, keys());
    other[1] = raw("manifest.note", b"no note");
    assert!(matches!(with(other), PackageFault::Signature(BadSignature::NotANote(_))));
}

#[test]
fn a_file_that_changes_while_it_is_packed_is_no_package() {
    let begin = || PackageWriter::new(Cursor::new(Vec::new()), manifest(), keys()).unwrap();
    for content in [&b"{\"case\":2}"[..], b"{\"case\":1", b"{\"case\":1} ", b""] {
        assert!(matches!(begin().file(content), Err(NotWritten::Altered { path }) if path == "case.json"));
    }
    assert!(matches!(begin().finish(), Err(NotWritten::Missing { path }) if path == "case.json"));
    let mut writer = begin();
    assert_eq!(writer.expected().map(|file| file.size), Some(10));
    CONTENTS.iter().for_each(|(_, content)| writer.file(*content).unwrap());
    assert!(matches!(writer.file(&b""[..]), Err(NotWritten::Extra)));
}

/// A file in memory whose bytes another hand can change.
struct Shared(std::rc::Rc<std::cell::RefCell<Vec<u8>>>, u64);

impl Read for Shared {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let bytes = self.0.borrow();
        let read = (&bytes[(self.1 as usize).min(bytes.len())..]).read(out)?;
        self.1 += read as u64;
        Ok(read)
    }
}

impl Seek for Shared {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        self.1 = match to {
            SeekFrom::Start(at) => at,
            SeekFrom::End(back) => self.0.borrow().len().saturating_add_signed(back as isize) as u64,
            SeekFrom::Current(on) => self.1.saturating_add_signed(on),
        };
        Ok(self.1)
    }
}

#[test]
fn a_file_that_changes_after_it_was_checked_is_not_read_to_its_end() {
    let bytes = std::rc::Rc::new(std::cell::RefCell::new(package()));
    let mut opened = open(Shared(bytes.clone(), 0), &trust(), |_| ()).unwrap();
    let at = package().windows(10).position(|window| window == b"{\"case\":1}").unwrap();
    bytes.borrow_mut()[at + 8] = b'2';
    let mut read = Vec::new();
    assert!(opened.file("case.json").unwrap().read_to_end(&mut read).is_err());
    bytes.borrow_mut().truncate(at + 4);
    assert!(opened.file("case.json").unwrap().read_to_end(&mut read).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_bytes_are_refused_and_nothing_panics(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(opened(&bytes).is_err());
        prop_assert!(opened(&[b"PK\x03\x04", &bytes[..]].concat()).is_err());
        let _ = Manifest::parse(&bytes);
    }

    #[test]
    fn any_manifest_that_is_read_is_its_own_text(cut in any::<prop::sample::Index>(), with in any::<String>(), length in 0_usize..6) {
        let text = manifest().to_text().unwrap();
        let mut at = cut.index(text.len());
        while !text.is_char_boundary(at) { at -= 1 }
        let rest: String = text[at..].chars().skip(length).collect();
        let bent = format!("{}{with}{rest}", &text[..at]);
        if let Ok(read) = Manifest::parse(bent.as_bytes()) {
            prop_assert_eq!(read.to_text().unwrap(), bent);
        }
    }

    #[test]
    fn a_package_with_pieces_moved_doubled_cut_or_overwritten_is_refused(
        steps in proptest::collection::vec((0_u8..5, any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<u64>()), 1..6),
    ) {
        let whole = package();
        let mut bytes = whole.clone();
        for (what, from, to, value) in steps {
            if bytes.is_empty() { break }
            let (from, to) = (from.index(bytes.len()), to.index(bytes.len()));
            let (from, to) = (from.min(to), from.max(to));
            match what {
                0 => drop(bytes.drain(from..to)),
                1 => { let piece = bytes[from..to].to_vec(); bytes.splice(to..to, piece); }
                2 => bytes[from..to].reverse(),
                3 => bytes.iter_mut().skip(from).zip(value.to_le_bytes()).for_each(|(byte, new)| *byte = new),
                _ => bytes[from..to].rotate_left((value as usize) % (to - from).max(1)),
            }
        }
        prop_assert_eq!(opened(&bytes).is_ok(), bytes == whole);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_files_come_back(contents in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..2_000), 0..8)) {
        let files = contents.iter().enumerate().map(|(n, content)| listed(&format!("part-{n}.bin"), content)).collect();
        let slices: Vec<&[u8]> = contents.iter().map(Vec::as_slice).collect();
        let bytes = package_of(manifest_of(files, keys()), &slices, keys());
        let mut opened = opened(&bytes).unwrap();
        for (n, content) in contents.iter().enumerate() {
            let mut read = Vec::new();
            opened.file(&format!("part-{n}.bin")).unwrap().read_to_end(&mut read).unwrap();
            prop_assert_eq!(&read, content);
        }
        prop_assert!(zip::ZipArchive::new(Cursor::new(&bytes)).is_ok());
    }
}

#[test]
fn a_receipt_comes_back_and_no_byte_of_it_may_change() {
    let (mine, known) = (keys_of(ME, 20), verifiers(&keys_of(ME, 20)));
    let receipt =
        Receipt { package: manifest().id, manifest: [9; 32], accepted: true, reason: String::new(), at: "2026-01-03T00:00:00Z".to_owned() };
    let text = receipt.make(&mine).unwrap().to_string();
    assert!(text.starts_with(&format!("akashi-receipt v1\n{}\nCQkJ", receipt.package)), "{text}");
    assert_eq!(Receipt::parse(&text, &known), Ok((receipt.clone(), known.clone())));
    assert!(matches!(Receipt::parse(&text, &verifiers(keys())), Err(ReceiptFault::Signature(_))));
    assert_eq!(Receipt::parse(&text, &known[..1]), Err(ReceiptFault::Stranger));
    for at in 0..text.len() {
        let mut bent = text.clone().into_bytes();
        bent[at] ^= 1 << (at % 7);
        if let Ok(bent) = String::from_utf8(bent) {
            assert!(Receipt::parse(&bent, &known).is_err(), "byte {at}");
        }
        assert!(!text.is_char_boundary(at) || Receipt::parse(&text[..at], &known).is_err());
    }
    for reason in ["", "altered", "not_a_package"] {
        let refused = Receipt { accepted: false, reason: reason.to_owned(), ..receipt.clone() };
        assert_eq!(Receipt::parse(&refused.make(&mine).unwrap().to_string(), &verifiers(&mine)).unwrap().0, refused);
    }
    for (accepted, reason) in [(true, "altered"), (false, "two words"), (false, "Upper"), (false, "x\naccepted")] {
        let odd = Receipt { accepted, reason: reason.to_owned(), ..receipt.clone() };
        assert_eq!(odd.make(&mine), Err(ReceiptFault::Line(4)), "{reason}");
    }
    assert_eq!(Receipt { at: "yesterday".to_owned(), ..receipt.clone() }.make(&mine), Err(ReceiptFault::Line(5)));
    assert_eq!(Receipt { package: "x\ny".to_owned(), ..receipt }.make(&mine), Err(ReceiptFault::Line(2)));
}

#[test]
fn a_signed_text_of_another_kind_is_no_receipt() {
    let mine = keys_of(ME, 20);
    let digest = "CQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQk=";
    let id = "0123456789abcdef0123456789abcdef";
    let line = |text: String| match Receipt::parse(&seal::Note::sign(text, &mine).unwrap().to_string(), &verifiers(&mine)) {
        Err(ReceiptFault::Line(line)) => line,
        other => panic!("{other:?}"),
    };
    assert_eq!(line(format!("akashi-package v1\n{digest}\n")), 1);
    assert_eq!(line(format!("akashi-receipt v1\n{}\n{digest}\naccepted\n2026-01-03T00:00:00Z\n", id.to_uppercase())), 2);
    assert_eq!(line(format!("akashi-receipt v1\n{id}\nCQkJ\naccepted\n2026-01-03T00:00:00Z\n")), 3);
    assert_eq!(line(format!("akashi-receipt v1\n{id}\n{digest}\nACCEPTED\n2026-01-03T00:00:00Z\n")), 4);
    assert_eq!(line(format!("akashi-receipt v1\n{id}\n{digest}\naccepted x\n2026-01-03T00:00:00Z\n")), 4);
    assert_eq!(line(format!("akashi-receipt v1\n{id}\n{digest}\nrefused \n2026-01-03T00:00:00Z\n")), 6);
    assert_eq!(line(format!("akashi-receipt v1\n{id}\n{digest}\naccepted\n")), 5);
    assert_eq!(line(format!("akashi-receipt v1\n{id}\n{digest}\naccepted\n2026-01-03T00:00:00Z\nmore\n")), 6);
    assert_eq!(line(format!("akashi-receipt v1\n{id}\n{digest}\naccepted\n2026-01-03T00:00:00Z\n\n")), 6);
}
