//! Blobs as they are tried: folders and stores, right and wrong keys, altered and missing content.

use std::fs;
use std::io::{Seek, SeekFrom};
use std::path::Path;

use age::x25519::Identity;

use super::*;
use crate::testing::moto::Moto;

fn keys(names: u8) -> FileKeys {
    FileKeys::new([names; 32], Identity::generate(), vec![])
}

fn files(path: &Path) -> Vec<PathBuf> {
    let mut out = vec![];
    for entry in fs::read_dir(path).unwrap().flatten() {
        if entry.path().is_dir() { out.extend(files(&entry.path())) } else { out.push(entry.path()) }
    }
    out
}

fn folder() -> (tempfile::TempDir, Blobs) {
    let directory = tempfile::tempdir().unwrap();
    let blobs = Blobs::open(directory.path().join("blobs"), &EvidencePlace::Folder).unwrap();
    (directory, blobs)
}

fn whole(blobs: &Blobs, keys: &FileKeys, digest: Digest) -> Vec<u8> {
    let mut out = vec![];
    blobs.get(keys, digest).unwrap().read_to_end(&mut out).unwrap();
    out
}

#[test]
fn content_is_found_by_its_digest_and_kept_once() {
    let (directory, blobs) = folder();
    let own = keys(1);
    let content = vec![7; 200_000];
    let stored = blobs.put(&own, &content[..], 200_000).unwrap();
    assert_eq!(stored.size, 200_000);
    assert_eq!(blobs.put(&own, &content[..], 200_000).unwrap(), stored);
    assert_eq!(files(directory.path()).len(), 1);
    assert_eq!(whole(&blobs, &own, stored.digest), content);
    assert_eq!(blobs.get(&own, stored.digest).unwrap().len(), 200_000);
    let empty = blobs.put(&own, io::empty(), 0).unwrap();
    assert_eq!(empty.digest.to_string(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_eq!(blobs.check(&own, empty.digest).unwrap(), 0);
}

#[test]
fn what_is_too_large_or_breaks_off_leaves_nothing() {
    struct Broken(usize);
    impl Read for Broken {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.0 += 1;
            if self.0 > 3 { Err(io::Error::other("the sender went away")) } else { Ok(buffer.len()) }
        }
    }
    let (directory, blobs) = folder();
    assert!(matches!(blobs.put(&keys(1), &[0; 101][..], 100), Err(Error::TooLarge { limit: 100 })));
    assert!(matches!(blobs.put(&keys(1), Broken(0), u64::MAX), Err(Error::File { .. })));
    assert_eq!(files(directory.path()).len(), 0);
}

#[test]
fn the_folder_shows_nothing_of_the_content_and_not_who_holds_the_same() {
    let (directory, blobs) = folder();
    let (one, other) = (keys(1), keys(2));
    let canary = b"canary-of-the-vault ".repeat(20_000);
    let stored = blobs.put(&one, &canary[..], u64::MAX).unwrap();
    assert!(!blobs.has(&other, stored.digest).unwrap(), "what one organisation has, another has not");
    assert!(matches!(blobs.get(&other, stored.digest), Err(Error::NoBlob { .. })));
    assert_eq!(blobs.put(&other, &canary[..], u64::MAX).unwrap(), stored);
    let all = files(directory.path());
    assert_eq!(all.len(), 2, "equal content of two organisations lies there twice");
    for path in &all {
        let bytes = fs::read(path).unwrap();
        assert!(bytes.starts_with(b"age-encryption.org/v1\n-> X25519 "));
        assert!(!bytes.windows(10).any(|w| w == b"canary-of-"));
        assert!(!path.display().to_string().contains(&stored.digest.to_string()[..8]), "{}", path.display());
    }
    // Even under the right name another organisation's key opens nothing.
    let thief = FileKeys::new([1; 32], Identity::generate(), vec![]);
    assert!(matches!(blobs.get(&thief, stored.digest), Err(Error::OtherKey { .. })));
}

#[test]
fn every_altered_byte_and_every_cut_is_seen() {
    let (directory, blobs) = folder();
    let own = keys(1);
    let content: Vec<u8> = (0..150_000_u32).map(|n| (n % 251) as u8).collect();
    let digest = blobs.put(&own, &content[..], u64::MAX).unwrap().digest;
    let path = files(directory.path()).remove(0);
    let whole = fs::read(&path).unwrap();
    let header = whole.len() - content.len();
    // Each byte of the header, and a sample of the rest.
    let places = (0..header.min(400)).chain((400..whole.len()).step_by(1_009)).chain([whole.len() - 1]);
    for place in places {
        let mut bytes = whole.clone();
        bytes[place] ^= 1;
        fs::write(&path, &bytes).unwrap();
        let found = blobs.check(&own, digest);
        assert!(matches!(found, Err(Error::AlteredBlob { .. } | Error::OtherKey { .. })), "byte {place}: {found:?}");
    }
    for cut in [0, 10, header, header + 1, 65_536, 131_000, whole.len() - 17, whole.len() - 1] {
        fs::write(&path, &whole[..cut]).unwrap();
        assert!(matches!(blobs.get(&own, digest).map(drop), Err(Error::AlteredBlob { .. })), "cut at {cut}");
    }
    fs::write(&path, [&whole[..], b"more"].concat()).unwrap();
    assert!(matches!(blobs.check(&own, digest), Err(Error::AlteredBlob { .. })));
    fs::write(&path, &whole).unwrap();
    assert_eq!(blobs.check(&own, digest).unwrap(), 150_000);
    fs::remove_file(&path).unwrap();
    assert!(matches!(blobs.check(&own, digest), Err(Error::NoBlob { .. })));
}

#[test]
fn a_true_file_in_another_files_place_is_seen() {
    let (_directory, blobs) = folder();
    let own = keys(1);
    let one = blobs.put(&own, &b"the certificate of 2025"[..], 100).unwrap().digest;
    let two = blobs.put(&own, &b"the certificate of 2026"[..], 100).unwrap().digest;
    let path = |d| blobs.here.told() + "/sealed/" + &own.name(d)[..2] + "/" + &own.name(d);
    fs::copy(path(one), path(two)).unwrap();
    let mut out = vec![];
    let failed = blobs.get(&own, two).unwrap().read_to_end(&mut out);
    assert!(failed.is_err() && out.is_empty(), "not a byte of a small file is handed out");
    assert!(matches!(blobs.check(&own, two), Err(Error::AlteredBlob { .. })));
    // Uploading it again mends nothing that can be opened: the same size under the same key; the check says so still.
    fs::write(path(two), b"rubbish").unwrap();
    blobs.put(&own, &b"the certificate of 2026"[..], 100).unwrap();
    blobs.check(&own, two).unwrap();
}

fn jumps(blobs: &Blobs) {
    let own = keys(1);
    let content: Vec<u8> = (0..(20 << 20) + 77_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let digest = blobs.put(&own, &content[..], u64::MAX).unwrap().digest;
    let mut reader = blobs.get(&own, digest).unwrap();
    for (at, want) in [(0, 10), (65_536, 100), (5_000_000, 70_000), (content.len() - 5, 5), (3, 1), (8 << 20, 200_000)] {
        reader.seek(SeekFrom::Start(at as u64)).unwrap();
        let mut part = vec![0; want];
        reader.read_exact(&mut part).unwrap();
        assert_eq!(part, content[at..at + want], "{want} bytes at {at}");
    }
    reader.seek(SeekFrom::End(-10)).unwrap();
    let mut rest = vec![];
    reader.read_to_end(&mut rest).unwrap();
    assert_eq!(rest, content[content.len() - 10..]);
    assert!(reader.seek(SeekFrom::End(1)).is_err());
    assert_eq!(blobs.check(&own, digest).unwrap(), content.len() as u64);
    assert!(blobs.remove(&own, digest).unwrap() && !blobs.remove(&own, digest).unwrap());
    assert!(!blobs.has(&own, digest).unwrap());
}

#[test]
fn a_reader_may_jump() {
    jumps(&folder().1);
}

#[test]
fn a_plain_file_of_before_is_read_and_taken_over_for_each_organisation() {
    let (directory, blobs) = folder();
    let (one, other) = (keys(1), keys(2));
    let content = b"kept before files were encrypted";
    let digest = Digest(Sha256::digest(content).into());
    let name = digest.to_string();
    let plain = directory.path().join("blobs").join(&name[..2]).join(&name[2..4]).join(&name);
    fs::create_dir_all(plain.parent().unwrap()).unwrap();
    fs::write(&plain, content).unwrap();
    assert_eq!(whole(&blobs, &one, digest), content);
    assert!(blobs.renew(&one, digest).unwrap() && !blobs.renew(&one, digest).unwrap());
    assert!(blobs.renew(&other, digest).unwrap());
    assert!(blobs.remove_plain(digest).unwrap());
    assert_eq!(whole(&blobs, &one, digest), content);
    assert_eq!(whole(&blobs, &other, digest), content);
    // An altered one is not taken over as if it were right.
    fs::write(&plain, b"Kept before files were encrypted").unwrap();
    let third = keys(3);
    assert!(matches!(blobs.renew(&third, digest), Err(Error::AlteredBlob { .. })));
    assert!(matches!(blobs.check(&third, digest), Err(Error::AlteredBlob { .. })));
}

#[test]
fn a_new_key_takes_over_and_the_old_one_opens_nothing_any_more() {
    let (_directory, blobs) = folder();
    let old = Identity::generate();
    let copy = || old.to_string();
    let again = || -> Identity { age::secrecy::ExposeSecret::expose_secret(&copy()).parse().unwrap() };
    let before = FileKeys::new([1; 32], again(), vec![]);
    let digest = blobs.put(&before, &b"evidence"[..], 100).unwrap().digest;
    let fresh = Identity::generate();
    let secret = fresh.to_string();
    let fresh_again = || -> Identity { age::secrecy::ExposeSecret::expose_secret(&secret).parse().unwrap() };
    let both = FileKeys::new([1; 32], fresh, vec![again()]);
    assert_eq!(whole(&blobs, &both, digest), b"evidence");
    assert!(blobs.renew(&both, digest).unwrap() && !blobs.renew(&both, digest).unwrap());
    assert!(matches!(blobs.get(&before, digest), Err(Error::OtherKey { .. })));
    assert_eq!(whole(&blobs, &FileKeys::new([1; 32], fresh_again(), vec![]), digest), b"evidence");
}

#[test]
fn two_nodes_share_the_files_of_an_s3_store_and_its_operator_reads_nothing() {
    let Some(mut moto) = Moto::start() else { return };
    let folders = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let node = |folder: &tempfile::TempDir| Blobs::open(folder.path(), &moto.place()).unwrap();
    let (one, two) = (node(&folders.0), node(&folders.1));
    one.probe().unwrap();
    let own = keys(1);
    let canary = b"canary-of-the-vault ".repeat(1_000_000);
    let stored = one.put(&own, &canary[..], u64::MAX).unwrap();
    assert_eq!(one.put(&own, &canary[..], u64::MAX).unwrap(), stored);
    assert_eq!(whole(&two, &own, stored.digest), canary, "what one node took in in parts, the other gives out");
    let names = moto.names();
    assert_eq!(names.len(), 1, "{names:?}");
    let raw = moto.ask_with("GET", &format!("/akashi/{}", names[0]), b"");
    assert!(raw.len() > canary.len() && !raw.windows(10).any(|w| w == b"canary-of-"));
    assert!(files(folders.0.path()).is_empty() && files(folders.1.path()).is_empty(), "nothing stays behind on a node");
    jumps(&two);

    // Altered in the store: seen. Replaced while it is read: the halves are not mixed.
    let small = one.put(&own, &b"evidence"[..], 100).unwrap().digest;
    let name = moto.names().into_iter().find(|n| n.contains(&own.name(small))).unwrap();
    let path = format!("/akashi/{name}");
    let answer = moto.ask_with("GET", &path, b"");
    let at = answer.windows(4).position(|w| w == b"\r\n\r\n").unwrap() + 4;
    let mut body = answer[at..].to_vec();
    *body.last_mut().unwrap() ^= 1;
    moto.ask_with("PUT", &path, &body);
    assert!(matches!(two.check(&own, small), Err(Error::AlteredBlob { .. })));
    assert!(two.remove(&own, small).unwrap());
    assert!(matches!(two.get(&own, small), Err(Error::NoBlob { .. })));
    let mut reader = one.get(&own, stored.digest).unwrap();
    let mut part = vec![0; 4096];
    reader.read_exact(&mut part).unwrap();
    let fresh = FileKeys::new([1; 32], Identity::generate(), vec![]);
    let (incoming, _) = two.take_in(&fresh, &canary[..], u64::MAX).unwrap();
    two.place.keep(incoming, &own.name(stored.digest)).unwrap();
    assert!(reader.read_to_end(&mut vec![]).is_err());

    moto.stop();
    assert!(matches!(one.get(&own, stored.digest), Err(Error::Blobs { .. })));
    assert!(matches!(one.put(&own, &b"more"[..], 100), Err(Error::Blobs { .. })));
    assert!(matches!(one.probe(), Err(Error::Blobs { .. })));
}

#[test]
fn a_store_is_reached_by_https_unless_it_is_here() {
    let parse = |address: &str| EvidencePlace::parse(address, S3Keys::default());
    for right in
        ["s3://b", "s3://b/p/q?region=ap-northeast-1", "s3://b?endpoint=https://s3.example.jp", "s3://b?endpoint=http://127.0.0.1:9000/"]
    {
        assert!(parse(right).is_ok(), "{right}");
    }
    for wrong in [
        "b",
        "s3://",
        "s3://b?x=1",
        "s3://b?endpoint=http://s3.example.jp",
        "s3://b?endpoint=http://127.0.0.1.evil.jp",
        "s3://b?endpoint=ftp://a",
    ] {
        assert!(matches!(parse(wrong), Err(Error::Address { .. })), "{wrong}");
    }
    let shown = format!("{:?}", EvidencePlace::parse("s3://b", S3Keys { id: "me".into(), secret: "hunter2".into() }));
    assert!(!shown.contains("hunter2"), "{shown}");
}
