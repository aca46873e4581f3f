//! What must hold for any bytes that are checked as a ledger export.

use seal::verify::{Trust, verify_export};

pub fn run(bytes: &[u8]) {
    if let Err(fault) = verify_export(bytes, &Trust::default(), |_| ()) {
        assert_ne!(fault.to_string(), fault.ja());
        assert!(fault.offset <= bytes.len() as u64, "a place outside the file");
        let lines = bytes.iter().filter(|byte| **byte == b'\n').count() as u64;
        assert!(fault.file_line <= lines + 1, "line {} of {lines}", fault.file_line);
    }
}
