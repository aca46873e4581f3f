//! Runs a target over its kept inputs, then over mutations of them: the same ones every time, for a bounded number of rounds.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

/// The longest input that is made, in bytes.
const LONGEST: usize = 64 * 1024;

/// What a run did, for a test to look at.
#[derive(Debug, PartialEq, Eq)]
pub struct Done {
    pub kept: usize,
    pub mutated: u32,
    /// Where the first input lies that brought the target down.
    pub found: Option<PathBuf>,
}

/// Fails if the corpus of this target has an input, or a mutation of one, that brings it down.
pub fn replay(name: &str, target: fn(&[u8]), made: Vec<Vec<u8>>, rounds: u32) {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz");
    let done = run(&fuzz.join("corpus").join(name), &fuzz.join("artifacts").join(name), target, made, rounds);
    assert!(done.kept > 0, "fuzz/corpus/{name} is empty");
    assert_eq!(done.found, None, "this input brings the target '{name}' down; mend it, and keep the input in fuzz/corpus/{name}");
}

/// Runs every file of `corpus` and every input `made`, then `rounds` mutations; stops at the first that fails.
pub fn run(corpus: &Path, artifacts: &Path, target: impl Fn(&[u8]), made: Vec<Vec<u8>>, rounds: u32) -> Done {
    let mut files: Vec<PathBuf> = match std::fs::read_dir(corpus) {
        Ok(listed) => listed.filter_map(|entry| Some(entry.ok()?.path())).collect(),
        Err(_) => Vec::new(),
    };
    // The order of a folder is the file system's; that of the rounds must be ours.
    files.sort();
    let kept: Vec<Vec<u8>> = files.iter().filter_map(|path| std::fs::read(path).ok()).collect();
    let mut done = Done { kept: kept.len(), mutated: 0, found: None };
    let inputs: Vec<Vec<u8>> = kept.into_iter().chain(made).collect();
    let falls = |input: &[u8]| catch_unwind(AssertUnwindSafe(|| target(input))).is_err();
    let keep = |input: &[u8]| {
        let place = artifacts.join(format!("replayed-{:016x}", summed(input)));
        std::fs::create_dir_all(artifacts).expect("the folder for findings can be made");
        std::fs::write(&place, input).expect("a finding can be kept");
        Some(place)
    };
    for input in &inputs {
        if falls(input) {
            done.found = keep(input);
            return done;
        }
    }
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    for _ in 0..rounds {
        let input = mutated(&inputs, &mut dice);
        done.mutated += 1;
        if falls(&input) {
            done.found = keep(&input);
            return done;
        }
    }
    done
}

/// Numbers that look random and are the same in every run (xorshift64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// Below `end`, or 0.
    fn below(&mut self, end: usize) -> usize {
        (self.roll() % end.max(1) as u64) as usize
    }
}

/// Bytes and words that readers stumble over.
const STUMBLES: [&[u8]; 22] = [
    b"\0",
    b"\xff",
    b"\xff\xff\xff\xff",
    b"\xff\xff\xff\xff\xff\xff\xff\x7f",
    b"\0\0\0\x80",
    b"\n",
    b"\n\n",
    b"\r\n",
    b"\"",
    b"\\",
    b"\\u0000",
    b"{",
    b"[[[[[[[[",
    b"null",
    b"-1",
    b"18446744073709551616",
    b"1e999",
    b"\xe2\x80\x94 ",
    b"\xed\xa0\x80",
    b"../",
    b"<![CDATA[",
    b"PK\x03\x04",
];

fn mutated(inputs: &[Vec<u8>], dice: &mut Dice) -> Vec<u8> {
    let pick = |dice: &mut Dice| inputs.get(dice.below(inputs.len())).cloned().unwrap_or_default();
    let mut bytes = pick(dice);
    for _ in 0..=dice.below(6) {
        let at = dice.below(bytes.len());
        let end = (at + 1 + dice.below(32)).min(bytes.len());
        match dice.below(8) {
            0 | 1 if !bytes.is_empty() => bytes[at] ^= 1 << dice.below(8),
            2 if !bytes.is_empty() => bytes[at] = dice.roll() as u8,
            3 => drop(bytes.drain(at.min(end)..end)),
            4 => {
                let piece = bytes[at.min(end)..end].to_vec();
                bytes.splice(at.min(end)..at.min(end), piece);
            }
            5 => drop(bytes.splice(at.min(end)..at.min(end), STUMBLES[dice.below(STUMBLES.len())].iter().copied())),
            6 => {
                let other = pick(dice);
                let from = dice.below(other.len());
                let to = (from + dice.below(256)).min(other.len());
                bytes.splice(at.min(end)..end, other[from.min(to)..to].iter().copied());
            }
            _ => bytes.truncate(at),
        }
    }
    bytes.truncate(LONGEST);
    bytes
}

/// A short name for an input (FNV-1a).
fn summed(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |sum, byte| (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}
