//! The reader of words of one file: a process that knows nothing of the installation, with little memory and a large stack.
//!
//! Whoever serves starts it for each file (`app::words::read_apart`), so that a hostile file ends it and nothing else.

use std::io::{Read, Write};

use documents::words::{LARGEST, NotRead};
use rustix::process::{Resource, Rlimit, setrlimit};

/// Address space, in bytes: the file, its parts unpacked, and the stack.
const MEMORY: u64 = 3 << 30;
/// Seconds of the processor, for a reader whose parent is gone.
const SECONDS: u64 = 120;

/// Reads a file of a media type from the standard input and writes its words as JSON.
pub fn run(media: &str) -> std::io::Result<()> {
    let most = |most| Rlimit { current: Some(most), maximum: Some(most) };
    setrlimit(Resource::As, most(MEMORY))?;
    setrlimit(Resource::Cpu, most(SECONDS))?;
    // What it left of its memory when it is ended holds words of files.
    setrlimit(Resource::Core, most(0))?;
    let mut bytes = vec![];
    std::io::stdin().take(LARGEST + 1).read_to_end(&mut bytes)?;
    let read = app::words::read_here(media, bytes);
    let answer = serde_json::to_vec(&read).or_else(|_| serde_json::to_vec(&Err::<(), _>(NotRead::Damaged)))?;
    std::io::stdout().write_all(&answer)
}
