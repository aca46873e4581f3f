//! The bytes around the files of a package: ZIP headers, each with the one content it may have (APPNOTE.TXT 6.3.10).

/// An entry as the central directory knows it.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub path: String,
    pub size: u64,
    pub crc: u32,
    /// Where its local header begins.
    pub offset: u64,
}

pub(super) const LOCAL: [u8; 4] = *b"PK\x03\x04";
pub(super) const CENTRAL: [u8; 4] = *b"PK\x01\x02";
const END_64: [u8; 4] = *b"PK\x06\x06";
const LOCATOR_64: [u8; 4] = *b"PK\x06\x07";
const END: [u8; 4] = *b"PK\x05\x06";

/// Bytes of a local header before its name.
pub(super) const LOCAL_FIXED: usize = 30;
/// Where the checksum stands in a local header.
pub(super) const CRC_AT: usize = 14;

/// Says "look into the zip64 record": a size or an offset as large as this does not fit beside it.
const TOO_LARGE: u32 = u32::MAX;
/// 1 January 1980, the first day a ZIP file can name: entries carry no time of their own.
const DATE: u16 = 0x0021;
/// Names are UTF-8. They are ASCII here, but readers that ask are told the truth.
const UTF_8: u16 = 1 << 11;
/// Versions of the format a reader must know: 2.0, and 4.5 where zip64 is used.
const PLAIN: u16 = 20;
const ZIP64: u16 = 45;
/// Regular file, rw-r--r--, as Unix writes it into the upper half of the attributes.
const MODE: u32 = 0o100_644 << 16;
/// Made on Unix (3): the attributes are a mode.
const UNIX: u16 = 3 << 8;

fn short(size: u64) -> u32 {
    u32::try_from(size).unwrap_or(TOO_LARGE)
}

fn is_long(size: u64) -> bool {
    size >= u64::from(TOO_LARGE)
}

/// Little-endian numbers, one after the other.
#[derive(Default)]
struct Bytes(Vec<u8>);

impl Bytes {
    fn raw(mut self, bytes: &[u8]) -> Bytes {
        self.0.extend_from_slice(bytes);
        self
    }
    fn u16(self, n: u16) -> Bytes {
        self.raw(&n.to_le_bytes())
    }
    fn u32(self, n: u32) -> Bytes {
        self.raw(&n.to_le_bytes())
    }
    fn u64(self, n: u64) -> Bytes {
        self.raw(&n.to_le_bytes())
    }
}

/// What stands before a file.
pub(super) fn local_header(path: &str, size: u64, crc: u32) -> Vec<u8> {
    let extra = if is_long(size) { Bytes::default().u16(1).u16(16).u64(size).u64(size).0 } else { Vec::new() };
    Bytes::default()
        .raw(&LOCAL)
        .u16(if is_long(size) { ZIP64 } else { PLAIN })
        .u16(UTF_8)
        .u16(0)
        .u16(0)
        .u16(DATE)
        .u32(crc)
        .u32(if is_long(size) { TOO_LARGE } else { short(size) })
        .u32(if is_long(size) { TOO_LARGE } else { short(size) })
        .u16(path.len() as u16)
        .u16(extra.len() as u16)
        .raw(path.as_bytes())
        .raw(&extra)
        .0
}

/// What stands after the last file, which ends at `offset`: the central directory and its end.
pub(super) fn directory(entries: &[Entry], offset: u64) -> Vec<u8> {
    let mut out = Vec::new();
    for entry in entries {
        let mut long = Bytes::default();
        if is_long(entry.size) {
            long = long.u64(entry.size).u64(entry.size);
        }
        if is_long(entry.offset) {
            long = long.u64(entry.offset);
        }
        let extra = if long.0.is_empty() { Vec::new() } else { Bytes::default().u16(1).u16(long.0.len() as u16).raw(&long.0).0 };
        let version = if extra.is_empty() { PLAIN } else { ZIP64 };
        let header = Bytes::default()
            .raw(&CENTRAL)
            .u16(UNIX | version)
            .u16(version)
            .u16(UTF_8)
            .u16(0)
            .u16(0)
            .u16(DATE)
            .u32(entry.crc)
            .u32(short(entry.size))
            .u32(short(entry.size))
            .u16(entry.path.len() as u16)
            .u16(extra.len() as u16)
            .u16(0)
            .u16(0)
            .u16(0)
            .u32(MODE)
            .u32(short(entry.offset))
            .raw(entry.path.as_bytes())
            .raw(&extra);
        out.extend_from_slice(&header.0);
    }
    let (count, size) = (entries.len() as u64, out.len() as u64);
    // The number of entries is limited far below 65,535; a directory that large never comes.
    if is_long(offset) {
        let end = Bytes::default()
            .raw(&END_64)
            .u64(44)
            .u16(UNIX | ZIP64)
            .u16(ZIP64)
            .u32(0)
            .u32(0)
            .u64(count)
            .u64(count)
            .u64(size)
            .u64(offset)
            .raw(&LOCATOR_64)
            .u32(0)
            .u64(offset.saturating_add(size))
            .u32(1);
        out.extend_from_slice(&end.0);
    }
    let end = Bytes::default().raw(&END).u16(0).u16(0).u16(count as u16).u16(count as u16).u32(size as u32).u32(short(offset)).u16(0);
    out.extend_from_slice(&end.0);
    out
}

/// A local header that is not the one that was expected, as far as it can be read.
pub(super) struct Found {
    pub method: u16,
    pub crc: u32,
    /// The size beside the name; what zip64 says more stands in the extra field.
    pub size: u32,
    pub name_length: usize,
    pub extra_length: usize,
}

impl Found {
    /// Reads the fixed part; `None` when this is no local header.
    pub fn read(bytes: &[u8]) -> Option<Found> {
        let fixed: &[u8; LOCAL_FIXED] = bytes.first_chunk()?;
        let u16_at = |at: usize| fixed.get(at..at + 2)?.try_into().ok().map(u16::from_le_bytes);
        let u32_at = |at: usize| fixed.get(at..at + 4)?.try_into().ok().map(u32::from_le_bytes);
        if !fixed.starts_with(&LOCAL) {
            return None;
        }
        Some(Found {
            method: u16_at(8)?,
            crc: u32_at(CRC_AT)?,
            size: u32_at(22)?,
            name_length: usize::from(u16_at(26)?),
            extra_length: usize::from(u16_at(28)?),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::io::{self, Read, Seek, SeekFrom};

    use super::*;

    /// A file of many gigabytes: these pieces, and zeros between them.
    struct Vast {
        pieces: Vec<(u64, Vec<u8>)>,
        length: u64,
        at: u64,
    }

    impl Read for Vast {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            let room = out.len().min((self.length - self.at.min(self.length)) as usize);
            out[..room].fill(0);
            for (start, bytes) in &self.pieces {
                for (byte, at) in bytes.iter().zip(*start..) {
                    if (self.at..self.at + room as u64).contains(&at) {
                        out[(at - self.at) as usize] = *byte;
                    }
                }
            }
            self.at += room as u64;
            Ok(room)
        }
    }

    impl Seek for Vast {
        fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
            self.at = match to {
                SeekFrom::Start(at) => at,
                SeekFrom::End(back) => self.length.saturating_add_signed(back),
                SeekFrom::Current(on) => self.at.saturating_add_signed(on),
            };
            Ok(self.at)
        }
    }

    /// A container of files of these sizes, all zeros, with wrong checksums.
    fn vast(sizes: &[u64]) -> Vast {
        let (mut entries, mut pieces, mut at) = (Vec::new(), Vec::new(), 0);
        for (n, size) in sizes.iter().enumerate() {
            let path = format!("evidence/{n}");
            let header = local_header(&path, *size, 7);
            entries.push(Entry { path, size: *size, crc: 7, offset: at });
            let end = at + header.len() as u64 + size;
            pieces.push((at, header));
            at = end;
        }
        let end = directory(&entries, at);
        let length = at + end.len() as u64;
        pieces.push((at, end));
        Vast { pieces, length, at: 0 }
    }

    #[test]
    fn another_program_finds_files_of_any_size_where_we_put_them() {
        let limit = u64::from(u32::MAX);
        let lists: [&[u64]; 7] =
            [&[0], &[limit - 1], &[limit], &[limit + 1, 3], &[5 << 30, 5 << 30, 1], &[limit - 45, 0, 9], &[1 << 50, 1 << 51, 4096]];
        for sizes in lists {
            let mut archive = zip::ZipArchive::new(vast(sizes)).unwrap();
            assert_eq!(archive.len(), sizes.len(), "{sizes:?}");
            let mut start = 0;
            for (n, size) in sizes.iter().enumerate() {
                let header = local_header(&format!("evidence/{n}"), *size, 7).len() as u64;
                let file = archive.by_index_raw(n).unwrap();
                assert_eq!((file.size(), file.compressed_size(), file.crc32()), (*size, *size, 7), "{sizes:?}");
                assert_eq!((file.header_start(), file.data_start()), (start, Some(start + header)), "{sizes:?}");
                start += header + size;
            }
        }
    }

    #[test]
    fn zip64_is_used_exactly_where_four_bytes_do_not_hold_the_number() {
        let limit = u64::from(u32::MAX);
        assert_eq!(local_header("a", limit - 1, 0).len(), 31);
        assert_eq!(local_header("a", limit, 0).len(), 51);
        let entry = |size, offset| Entry { path: "a".to_owned(), size, crc: 0, offset };
        assert_eq!(directory(&[entry(limit - 1, limit - 1)], limit - 1).len(), 47 + 22);
        assert_eq!(directory(&[entry(limit, 0)], limit - 1).len(), 47 + 20 + 22);
        assert_eq!(directory(&[entry(0, limit)], limit - 1).len(), 47 + 12 + 22);
        assert_eq!(directory(&[entry(limit, limit)], limit).len(), 47 + 28 + 76 + 22);
    }
}
