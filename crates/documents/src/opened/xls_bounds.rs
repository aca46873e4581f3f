//! Walks an .xls file's records before the real reader does, because that reader allocates what the file claims.
//!
//! Layout: [MS-CFB] sections 2.2-2.6 for the container, [MS-XLS] section 2.1.4 for records.

use crate::opened::{CELLS, Limits, WORKSHEETS, within};
use crate::unreadable::Unreadable;

const END_OF_CHAIN: u32 = 0xFFFF_FFFE;
const LAST_REGULAR: u32 = 0xFFFF_FFFA;
const NO_WORKBOOK: &str = "no Workbook stream";

/// Refuses chains of sectors that run in circles and worksheets whose used range is beyond the limit on cells.
pub(crate) fn check(bytes: &[u8], limits: &Limits) -> Result<(), Unreadable> {
    let stream = workbook_stream(bytes).ok_or_else(|| Unreadable::damaged("xls", NO_WORKBOOK))?;
    let mut positions = Vec::new();
    for (kind, data) in records(&stream) {
        match kind {
            0x0085 => positions.push(u32_at(data, 0).unwrap_or(u32::MAX) as usize), // BoundSheet8
            0x000A => break,                                                        // EOF of the globals
            _ => {}
        }
    }
    within(positions.len() as u64, limits.worksheets, WORKSHEETS)?;
    let mut cells = 0u64;
    for position in positions {
        let sheet = stream.get(position..).ok_or_else(|| Unreadable::damaged("xls", "worksheet beyond the end"))?;
        cells = cells.saturating_add(used_range(sheet)?);
        within(cells, limits.cells, CELLS)?;
    }
    Ok(())
}

/// Cells in the bounding box of a worksheet's cells.
fn used_range(sheet: &[u8]) -> Result<u64, Unreadable> {
    let (mut top, mut left, mut bottom, mut right) = (u64::MAX, u64::MAX, 0u64, 0u64);
    let mut depth = 0;
    for (kind, data) in records(sheet) {
        match kind {
            0x0809 => depth += 1,          // BOF: of the sheet, then of charts inside it
            0x000A if depth <= 1 => break, // EOF of the sheet
            0x000A => depth -= 1,          // EOF of a chart
            0x0200 => dimensions(data)?,   // Dimensions
            0x0203 | 0x0204 | 0x00D6 | 0x0205 | 0x027E | 0x00FD | 0x00BD | 0x0006 => {
                let (Some(row), Some(first)) = (u16_at(data, 0), u16_at(data, 2)) else { continue };
                // MulRk holds a run of cells; its last two bytes are the last column.
                let last = if kind == 0x00BD { u16_at(data, data.len().saturating_sub(2)).unwrap_or(first) } else { first };
                top = top.min(row.into());
                bottom = bottom.max(row.into());
                left = left.min(first.min(last).into());
                right = right.max(first.max(last).into());
            }
            _ => {}
        }
    }
    Ok(if top == u64::MAX { 0 } else { (bottom - top + 1) * (right - left + 1) })
}

/// The reader reserves memory for the claimed used range: no sheet of this format has more than 65,536 × 256 cells.
fn dimensions(data: &[u8]) -> Result<(), Unreadable> {
    let sane = match data.len() {
        10 => u16_at(data, 0) <= u16_at(data, 2) && u16_at(data, 6) <= Some(256),
        14 | 16 => u32_at(data, 0) <= u32_at(data, 4) && u32_at(data, 4) <= Some(65_536) && u16_at(data, 10) <= Some(256),
        _ => false,
    };
    if sane { Ok(()) } else { Err(Unreadable::damaged("xls", "used range")) }
}

/// Records until the end or until one is cut off: type and data without continuations.
fn records(stream: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    let mut rest = stream;
    std::iter::from_fn(move || {
        let kind = u16_at(rest, 0)?;
        let end = usize::from(u16_at(rest, 2)?) + 4;
        let data = rest.get(4..end)?;
        rest = &rest[end..];
        Some((kind, data))
    })
}

/// The stream `Workbook` (or `Book`, before Excel 97) out of the container.
fn workbook_stream(bytes: &[u8]) -> Option<Vec<u8>> {
    let sector = match u16_at(bytes, 30)? {
        9 => 512,
        12 => 4096,
        _ => return None,
    };
    // Sector 0 begins after the header, which fills one sector.
    let sector_at = |id: u32| {
        let start = (id as usize).checked_add(1)?.checked_mul(sector)?;
        bytes.get(start..bytes.len().min(start.checked_add(sector)?)).filter(|s| !s.is_empty())
    };
    let most = bytes.len() / sector + 1;
    let mut table_sectors: Vec<u32> = words(bytes.get(76..512)?).collect();
    let mut next = u32_at(bytes, 68)?;
    let mut seen = 0;
    while next < LAST_REGULAR {
        seen += 1;
        if seen > most {
            return None;
        }
        table_sectors.extend(words(sector_at(next)?));
        next = table_sectors.pop()?;
    }
    let mut table = Vec::new();
    for id in table_sectors.into_iter().filter(|id| *id < LAST_REGULAR).take(most) {
        table.extend(words(sector_at(id)?));
    }
    let chain = |start: u32, table: &[u32]| {
        let mut out = Vec::new();
        let mut id = start;
        let mut steps = 0;
        while id != END_OF_CHAIN {
            steps += 1;
            if steps > most {
                return None;
            }
            out.extend_from_slice(sector_at(id)?);
            id = *table.get(id as usize)?;
        }
        Some(out)
    };
    let directory = chain(u32_at(bytes, 48)?, &table)?;
    let entries: Vec<&[u8]> = directory.chunks_exact(128).collect();
    let named = |name: &str| entries.iter().find(|entry| name_of(entry).eq_ignore_ascii_case(name));
    let entry = named("Workbook").or_else(|| named("Book"))?;
    let (start, size) = (u32_at(entry, 116)?, u32_at(entry, 120)? as usize);
    // Small streams lie in 64-byte pieces inside the root entry's stream; the reader loads both chains in any case.
    let (small, small_table) = if u32_at(bytes, 64)? > 0 {
        let small_table = words(&chain(u32_at(bytes, 60)?, &table)?).collect();
        (chain(u32_at(entries.first()?, 116)?, &table)?, small_table)
    } else {
        (Vec::new(), Vec::<u32>::new())
    };
    let mut stream = if size < 4096 {
        let mut out = Vec::new();
        let mut id = start;
        while id != END_OF_CHAIN && out.len() < size {
            let at = (id as usize).checked_mul(64)?;
            out.extend_from_slice(small.get(at..at.checked_add(64)?)?);
            id = *small_table.get(id as usize)?;
        }
        out
    } else {
        chain(start, &table)?
    };
    stream.truncate(size);
    Some(stream)
}

fn name_of(entry: &[u8]) -> String {
    let units = entry[..64].chunks_exact(2).map(|b| u16::from_le_bytes([b[0], b[1]])).take_while(|u| *u != 0);
    char::decode_utf16(units).map(|c| c.unwrap_or('\u{FFFD}')).collect()
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(at..at.checked_add(2)?)?.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?))
}

fn words(bytes: &[u8]) -> impl Iterator<Item = u32> {
    bytes.chunks_exact(4).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]))
}
