//! What must hold for any bytes that are read as a time-stamp token or as an authority's answer.

/// SHA-256 of nothing: what the tokens of the corpus stamp.
const DIGEST: [u8; 32] = [
    0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24, 0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b,
    0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55,
];

pub fn run(bytes: &[u8]) {
    let _ = seal::stamp::verify(bytes, &DIGEST, &[], None);
    if let Ok(token) = seal::stamp::token_of_response(bytes) {
        let _ = seal::stamp::verify(&token, &DIGEST, &[], None);
    }
    // A certificate is read only from a configuration; it shall not bring anything down either.
    let _ = seal::stamp::verify(bytes, &DIGEST, &[bytes.to_vec()], Some(1));
}
