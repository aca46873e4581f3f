//! What must hold for any bytes that are opened as a package.

use std::io::{Cursor, Read};
use std::sync::LazyLock;

use seal::merkle::sha256;
use seal::package::{Manifest, PackageFault, open};

use crate::sample;

/// The sample's manifest and signatures: bytes that no fuzzer guesses, and what stands behind them is looked at only then.
static SIGNED: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let package = sample::package();
    let third = package.windows(4).enumerate().filter(|(_, bytes)| *bytes == b"PK\x03\x04").nth(2);
    package[..third.expect("a package has files").0].to_vec()
});

pub fn run(bytes: &[u8]) {
    opened(bytes);
    opened(&[&SIGNED[..], bytes].concat());
    if let Ok(manifest) = Manifest::parse(bytes) {
        assert_eq!(manifest.to_text().expect("a manifest that was read can be sent").as_bytes(), bytes);
    }
}

fn opened(bytes: &[u8]) {
    match open(Cursor::new(bytes), &sample::trust(), |_| ()) {
        Ok(mut opened) => {
            for file in opened.manifest.files.clone() {
                let mut content = Vec::new();
                opened.file(&file.path).expect("a listed file").read_to_end(&mut content).expect("a file that was checked");
                assert_eq!((content.len() as u64, sha256(&[&content])), (file.size, file.sha256));
            }
            assert_eq!(bytes, sample::package(), "one package has one form");
        }
        Err(fault) => {
            let (ja, en) = (fault.ja(), fault.to_string());
            assert!(ja != en && !en.contains(char::is_control), "{en:?}");
            if let PackageFault::Truncated { offset } | PackageFault::Stray { offset } = fault {
                assert!(offset <= bytes.len() as u64, "a place outside the file");
            }
        }
    }
}
