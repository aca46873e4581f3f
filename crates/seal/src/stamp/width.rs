//! A look over DER from outside before it is decoded: the decoder sorts sets, and a set of thousands costs it seconds.

use der::Decode;

/// The most parts an element may have. Names, attributes and extensions of real tokens have fewer than twenty.
const MOST_PARTS: usize = 100;
/// How deep elements may lie in each other. Real tokens have eleven levels.
const DEEPEST: usize = 24;

/// Decodes what is of reasonable width; `None` where it is not, or is not what it should be.
pub fn decode<'a, T: Decode<'a>>(bytes: &'a [u8]) -> Option<T> {
    is_narrow(bytes, 0).then(|| T::from_der(bytes).ok()).flatten()
}

fn is_narrow(mut bytes: &[u8], depth: usize) -> bool {
    let mut parts = 0;
    while !bytes.is_empty() {
        parts += 1;
        let Some((is_constructed, content, after)) = element(bytes) else { return false };
        if parts > MOST_PARTS || depth > DEEPEST || (is_constructed && !is_narrow(content, depth + 1)) {
            return false;
        }
        bytes = after;
    }
    true
}

/// The first element: whether it has parts, its content, and what follows it.
fn element(bytes: &[u8]) -> Option<(bool, &[u8], &[u8])> {
    let (tag, rest) = bytes.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = if *first < 0x80 {
        (usize::from(*first), rest)
    } else {
        let (length, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
        let fits = (1..=3).contains(&length.len());
        (fits.then(|| length.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte)))?, rest)
    };
    let (content, after) = rest.split_at_checked(length)?;
    Some((tag & 0x20 != 0, content, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_narrow_and_shallow_der_is_decoded() {
        let nulls = |count: usize| [[0x30, 0x81, (count * 2) as u8].as_slice(), &[5, 0].repeat(count)].concat();
        let shell = |inner: Vec<u8>| [[0x30, inner.len() as u8].as_slice(), &inner].concat();
        let nested = |depth: usize| (0..depth).fold(vec![5, 0], |inner, _| shell(inner));
        let cut = |bytes: &[u8]| bytes[..bytes.len() - 1].to_vec();
        for (seen, bytes) in [
            (true, nulls(MOST_PARTS)),
            (false, nulls(MOST_PARTS + 1)),
            (true, nested(DEEPEST)),
            (false, nested(DEEPEST + 1)),
            (false, cut(&nulls(9))),
            (false, vec![0x30, 0x80, 0, 0]),
            (false, vec![0x30]),
            (false, vec![0x30, 0x84, 0, 0, 0, 0]),
        ] {
            assert_eq!(is_narrow(&bytes, 0), seen, "{bytes:x?}");
        }
    }
}
