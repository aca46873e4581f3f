//! What must hold for any bytes whose words are read, and for any bytes that are looked into as an archive.

use std::io::Cursor;
use std::sync::atomic::AtomicBool;

use documents::archive::{Bounds, look};
use documents::words::words;

/// What the first byte of an input says the rest is.
const KINDS: [&str; 5] = [
    "application/pdf",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "application/vnd.oasis.opendocument.text",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
];

pub fn run(bytes: &[u8]) {
    let Some((kind, content)) = bytes.split_first() else { return };
    let media = KINDS[usize::from(*kind) % KINDS.len()];
    if let Ok(read) = words(media, content.to_vec(), &AtomicBool::new(false)) {
        assert!(read.pages.iter().any(|page| !page.trim().is_empty()), "what has no words says so");
    }
    let bounds = Bounds { unpacked: 8 << 20, ..Bounds::default() };
    if let Ok(Ok(Some(found))) = look(Cursor::new(content), &bounds) {
        assert!(found.unpacked <= bounds.unpacked && found.entries <= bounds.entries, "limits hold");
    }
}
