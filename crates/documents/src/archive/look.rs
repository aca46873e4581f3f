//! The walk through an archive and the archives in it: everything is unpacked into nothing, and counted.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::io::{self, Cursor, Read, Seek, SeekFrom};

use flate2::read::MultiGzDecoder;
use rules::vault::Inside;
use tar::EntryType;
use zip::{CompressionMethod, ZipArchive};

use super::names::checked;
use super::{Bounds, Hostile, Looked};

/// What is read at once; a whole number of directory entries of an old Office file.
const PIECE: usize = 64 << 10;
/// Unpacked bytes from which on an entry's ratio counts.
const SMALL: u64 = 4 << 20;
/// Bytes of an entry's text that are searched for what it declares.
const DECLARED: usize = 1 << 20;

/// Looks through a file if it is an archive or an Office file; `None` if it is neither.
///
/// # Errors
/// Why it must not be kept. Reading errors of `content` itself come as they are.
pub fn look<R: Read + Seek>(mut content: R, bounds: &Bounds) -> io::Result<Result<Option<Looked>, Hostile>> {
    let mut head = [0; 512];
    let n = fill(&mut content, &mut head)?;
    content.seek(SeekFrom::Start(0))?;
    let kind = kind(&head[..n]);
    if kind == Kind::Other {
        return Ok(Ok(None));
    }
    let look = Look { bounds, entries: Cell::new(0), unpacked: Cell::new(0), inside: RefCell::default(), stop: RefCell::default() };
    // What the place of the file says is no fault of the file.
    let broken = RefCell::new(None);
    let mut outer = Outer { content, broken: &broken };
    let result = match kind {
        Kind::Zip => look.zip(&mut outer, 1),
        _ => look.stream("", &mut outer, 1),
    };
    if let Some(error) = broken.take() {
        return Err(error);
    }
    let inside = look.inside.into_inner().into_iter().collect();
    Ok(result.map(|()| Some(Looked { inside, entries: look.entries.get(), unpacked: look.unpacked.get() })))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Zip,
    Gzip,
    Tar,
    /// Office files before 2007, and encrypted ones.
    Ole,
    Other,
}

fn kind(head: &[u8]) -> Kind {
    if head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06") {
        Kind::Zip
    } else if head.starts_with(&[0x1F, 0x8B]) {
        Kind::Gzip
    } else if head.get(257..262) == Some(b"ustar") {
        Kind::Tar
    } else if head.starts_with(&[0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1]) {
        Kind::Ole
    } else {
        Kind::Other
    }
}

/// Reads until a buffer is full or the content ends.
fn fill(content: &mut dyn Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut n = 0;
    while n < buffer.len() {
        match content.read(&mut buffer[n..]) {
            Ok(0) => break,
            Ok(more) => n += more,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(n)
}

/// The file itself. What goes wrong with it is remembered: a parser above may say something else.
struct Outer<'a, R> {
    content: R,
    broken: &'a RefCell<Option<io::Error>>,
}

impl<R: Read> Read for Outer<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.content.read(buffer).inspect_err(|e| drop(self.broken.replace(Some(io::Error::new(e.kind(), e.to_string())))))
    }
}

impl<R: Seek> Seek for Outer<'_, R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.content.seek(to)
    }
}

trait ReadSeek: Read + Seek {}
impl<T: Read + Seek> ReadSeek for T {}

/// Reads at most so many bytes while the list of entries is read, which a parser holds in memory.
struct Directory<'a, 'b> {
    content: &'a mut dyn ReadSeek,
    look: &'a Look<'b>,
    left: &'a Cell<Option<u64>>,
}

impl Read for Directory<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.content.read(buffer)?;
        if let Some(left) = self.left.get() {
            if n as u64 > left {
                self.look.stop.replace(Some(Hostile::TooManyEntries { limit: self.look.bounds.entries }));
                return Err(io::Error::other("stopped"));
            }
            self.left.set(Some(left - n as u64));
        }
        Ok(n)
    }
}

impl Seek for Directory<'_, '_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.content.seek(to)
    }
}

struct Look<'b> {
    bounds: &'b Bounds,
    entries: Cell<u64>,
    unpacked: Cell<u64>,
    inside: RefCell<BTreeSet<Inside>>,
    /// Why reading was stopped: parsers between pass on no more than that it failed.
    stop: RefCell<Option<Hostile>>,
}

/// Counts packed bytes as they are read.
struct Tally<'a> {
    content: &'a mut dyn Read,
    read: &'a Cell<u64>,
}

impl Read for Tally<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.content.read(buffer)?;
        self.read.set(self.read.get() + n as u64);
        Ok(n)
    }
}

/// What comes out of a packing, counted against the limits.
struct Unpacked<'a, 'b, R> {
    content: R,
    look: &'a Look<'b>,
    name: &'a str,
    out: u64,
    packed: &'a Cell<u64>,
}

impl<R: Read> Read for Unpacked<'_, '_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.content.read(buffer)?;
        let (look, bounds) = (self.look, self.look.bounds);
        self.out += n as u64;
        look.unpacked.set(look.unpacked.get().saturating_add(n as u64));
        let stop = if look.unpacked.get() > bounds.unpacked {
            Hostile::Unpacks { limit: bounds.unpacked }
        } else if self.out > SMALL && self.out / self.packed.get().max(1) > bounds.ratio {
            Hostile::Ratio { name: self.name.to_owned(), ratio: bounds.ratio }
        } else {
            return Ok(n);
        };
        look.stop.replace(Some(stop));
        Err(io::Error::other("stopped"))
    }
}

impl Look<'_> {
    fn note(&self, inside: Inside) {
        self.inside.borrow_mut().insert(inside);
    }

    /// What a failure of a parser means: the limit that was met, or damage.
    fn failed(&self, detail: impl ToString) -> Hostile {
        self.stop.take().unwrap_or_else(|| Hostile::Damaged { detail: detail.to_string() })
    }

    fn entry(&self) -> Result<(), Hostile> {
        self.entries.set(self.entries.get() + 1);
        if self.entries.get() > self.bounds.entries { Err(Hostile::TooManyEntries { limit: self.bounds.entries }) } else { Ok(()) }
    }

    fn deeper(&self, depth: u32) -> Result<(), Hostile> {
        if depth > self.bounds.depth { Err(Hostile::Nested { depth: self.bounds.depth }) } else { Ok(()) }
    }

    /// Content that can be read once, at a depth if it is an archive itself.
    fn stream(&self, name: &str, content: &mut dyn Read, depth: u32) -> Result<(), Hostile> {
        let mut head = [0; 512];
        let n = fill(content, &mut head).map_err(|e| self.failed(e))?;
        let head = &head[..n];
        let mut content = head.chain(content);
        match kind(head) {
            Kind::Zip => {
                self.deeper(depth)?;
                let mut held = vec![];
                content.by_ref().take(self.bounds.nested + 1).read_to_end(&mut held).map_err(|e| self.failed(e))?;
                if held.len() as u64 > self.bounds.nested {
                    self.note(Inside::Unseen);
                    return self.drain(name, &mut content, false);
                }
                self.zip(&mut Cursor::new(held), depth)
            }
            Kind::Gzip => {
                self.deeper(depth)?;
                self.entry()?;
                let packed = Cell::new(0);
                let decoder = MultiGzDecoder::new(Tally { content: &mut content, read: &packed });
                let mut unpacked = Unpacked { content: decoder, look: self, name, out: 0, packed: &packed };
                self.stream(name, &mut unpacked, depth + 1)
            }
            Kind::Tar => {
                self.deeper(depth)?;
                self.tar(&mut content, depth)
            }
            Kind::Ole => self.drain(name, &mut content, true),
            Kind::Other => self.drain(name, &mut content, false),
        }
    }

    /// Reads to the end; of an old Office file, notes what the names of its streams say.
    fn drain(&self, name: &str, content: &mut dyn Read, ole: bool) -> Result<(), Hostile> {
        let lower = name.to_lowercase();
        let declares = lower.ends_with("[content_types].xml") || lower == "meta-inf/manifest.xml";
        let mut declared = vec![];
        let mut piece = vec![0; PIECE];
        loop {
            let n = fill(content, &mut piece).map_err(|e| self.failed(e))?;
            if n == 0 {
                break;
            }
            if ole {
                // Names of streams stand at the beginning of entries of 128 bytes, in UTF-16 ([MS-CFB] 2.6.1).
                for entry in piece[..n].chunks(128) {
                    let named = |name: &str| name.encode_utf16().flat_map(u16::to_le_bytes).eq(entry.iter().copied().take(name.len() * 2));
                    if named("_VBA_PROJECT") {
                        self.note(Inside::Macros);
                    } else if named("EncryptedPackage") {
                        self.note(Inside::Encrypted);
                    }
                }
            }
            if declares {
                declared.extend_from_slice(&piece[..n.min(DECLARED - declared.len())]);
            }
        }
        let says = |words: &[u8]| declared.windows(words.len()).any(|w| w.eq_ignore_ascii_case(words));
        if says(b"macroEnabled") || says(b"vbaProject") {
            self.note(Inside::Macros);
        }
        if says(b"encryption-data") {
            self.note(Inside::Encrypted);
        }
        Ok(())
    }

    fn zip(&self, content: &mut dyn ReadSeek, depth: u32) -> Result<(), Hostile> {
        let left = Cell::new(Some(self.bounds.directory));
        let mut archive = ZipArchive::new(Directory { content, look: self, left: &left }).map_err(|e| self.failed(e))?;
        left.set(None);
        if archive.len() as u64 > self.bounds.entries {
            return Err(Hostile::TooManyEntries { limit: self.bounds.entries });
        }
        if archive.has_overlapping_entries().map_err(|e| self.failed(e))? {
            return Err(Hostile::Ambiguous);
        }
        let start = archive.central_directory_start();
        let listed = archive.len();
        for index in 0..listed {
            self.entry()?;
            let (name, encrypted, readable, packed) = {
                let part = archive.by_index_raw(index).map_err(|e| self.failed(e))?;
                let name = checked(part.name_raw())?;
                if part.is_symlink() {
                    return Err(Hostile::Link { name });
                }
                let readable = matches!(part.compression(), CompressionMethod::Stored | CompressionMethod::Deflated);
                (name, part.encrypted(), readable, part.compressed_size())
            };
            let lower = name.to_lowercase().replace('\\', "/");
            if lower.ends_with("vbaproject.bin")
                || lower.contains("xl/macrosheets/")
                || ((lower.starts_with("basic/") || lower.starts_with("scripts/")) && !lower.ends_with('/'))
            {
                self.note(Inside::Macros);
            }
            if encrypted {
                self.note(Inside::Encrypted);
                continue;
            }
            if !readable {
                self.note(Inside::Unseen);
                continue;
            }
            let part = archive.by_index(index).map_err(|e| self.failed(e))?;
            let packed = Cell::new(packed);
            let mut unpacked = Unpacked { content: part, look: self, name: &name, out: 0, packed: &packed };
            self.stream(&name, &mut unpacked, depth + 1)?;
        }
        if entries_at(&mut archive.into_inner(), start, self.bounds.entries).map_err(|e| self.failed(e))? == listed as u64 {
            Ok(())
        } else {
            Err(Hostile::Ambiguous)
        }
    }

    fn tar(&self, content: &mut dyn Read, depth: u32) -> Result<(), Hostile> {
        let mut archive = tar::Archive::new(content);
        // Raw: what extends a name is read here, under a limit.
        let entries = archive.entries().map_err(|e| self.failed(e))?.raw(true);
        let mut long: Option<Vec<u8>> = None;
        for entry in entries {
            let mut entry = entry.map_err(|e| self.failed(e))?;
            let kind = entry.header().entry_type();
            self.entry()?;
            if matches!(kind, EntryType::GNULongName | EntryType::GNULongLink | EntryType::XHeader | EntryType::XGlobalHeader) {
                let mut words = vec![];
                entry.by_ref().take(PIECE as u64 + 1).read_to_end(&mut words).map_err(|e| self.failed(e))?;
                if words.len() > PIECE {
                    return Err(Hostile::Damaged { detail: "a name is too long".into() });
                }
                match kind {
                    EntryType::GNULongName => long = Some(words.split(|b| *b == 0).next().unwrap_or_default().to_vec()),
                    EntryType::XHeader => {
                        for said in tar::PaxExtensions::new(&words) {
                            let said = said.map_err(|e| self.failed(e))?;
                            match said.key_bytes() {
                                b"path" => long = Some(said.value_bytes().to_vec()),
                                // Programs that believe it read the rest at other places.
                                b"size" => return Err(Hostile::Ambiguous),
                                key if key.starts_with(b"GNU.sparse") => self.note(Inside::Unseen),
                                _ => {}
                            }
                        }
                    }
                    _ => {}
                }
                continue;
            }
            let raw = long.take().unwrap_or_else(|| entry.header().path_bytes().into_owned());
            let name = checked(&raw)?;
            match kind {
                EntryType::Regular | EntryType::Continuous => self.stream(&name, &mut entry, depth + 1)?,
                EntryType::Directory => {}
                EntryType::GNUSparse => {
                    self.note(Inside::Unseen);
                    self.drain(&name, &mut entry, false)?;
                }
                EntryType::Symlink | EntryType::Link | EntryType::Char | EntryType::Block | EntryType::Fifo => {
                    return Err(Hostile::Link { name });
                }
                _ => self.note(Inside::Unseen),
            }
        }
        Ok(())
    }
}

/// Entries in the list of a zip file, those of one name counted each; the parser keeps the last of them only.
fn entries_at(content: &mut dyn ReadSeek, start: u64, most: u64) -> io::Result<u64> {
    content.seek(SeekFrom::Start(start))?;
    let mut content = io::BufReader::new(content);
    let mut count = 0;
    let mut fixed = [0; 46];
    while count <= most && fill(&mut content, &mut fixed)? == fixed.len() && fixed.starts_with(b"PK\x01\x02") {
        let length = |at: usize| u64::from(u16::from_le_bytes([fixed[at], fixed[at + 1]]));
        let rest = length(28) + length(30) + length(32);
        io::copy(&mut content.by_ref().take(rest), &mut io::sink())?;
        count += 1;
    }
    Ok(count)
}
