//! What must hold for any bytes that are read as a note, a key or a checkpoint.

use seal::note::{Algorithm, Note, SigningKey, VerifierKey};
use seal::package::Receipt;

/// The key that signed the notes of the corpus.
fn key() -> SigningKey {
    SigningKey::from_seed("akashi-00112233445566aa", Algorithm::Ed25519, [1; 32]).expect("the name is one")
}

pub fn run(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(note) = Note::parse(text) {
        assert_eq!(note.to_string(), text, "a note that was read is written back byte for byte");
        let _ = note.verify(&[key().verifier()]);
        if let Ok(checkpoint) = seal::Checkpoint::parse(&note.text) {
            assert_eq!(checkpoint.text(), note.text, "a checkpoint that was read is written back byte for byte");
        }
    }
    if let Ok(checkpoint) = seal::Checkpoint::parse(text) {
        assert_eq!(checkpoint.text(), text, "a checkpoint that was read is written back byte for byte");
    }
    let line = text.trim_end_matches('\n');
    if let Ok(known) = line.parse::<VerifierKey>() {
        assert_eq!(known.to_string(), line, "a key that was read is written back byte for byte");
    }
    let _ = Receipt::parse(text, &[key().verifier()]);
    // What the reader of receipts sees after a right signature.
    if let Ok(note) = Note::sign(text.to_owned(), &[key()])
        && let Ok((receipt, _)) = Receipt::parse(&note.to_string(), &[key().verifier()])
    {
        assert_eq!(receipt.make(&[key()]).expect("a receipt that was read can be made").text, text);
    }
}
