//! How fast a package is made and verified: `cargo bench -p seal --bench package [megabytes] [folder]`, 1,000 MB by default.

use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;
use std::time::Instant;

use seal::merkle::sha256;
use seal::note::{Algorithm, SigningKey};
use seal::package::{Listed, Manifest, PackageTrust, PackageWriter, Receiver, Sender, open};

/// Bytes of one file: an ordinary scan.
const FILE: usize = 4_000_000;

fn main() {
    let mut given = std::env::args().skip(1).filter(|argument| !argument.starts_with('-'));
    let megabytes: usize = given.next().and_then(|text| text.parse().ok()).unwrap_or(1_000);
    let folder = given.next().map_or_else(std::env::temp_dir, PathBuf::from);
    let place = folder.join(format!("akashi-bench-{}.akashi", std::process::id()));
    let all = measure(&place, megabytes * 1_000_000 / FILE);
    let _ = std::fs::remove_file(&place);
    all.expect("a package is made and verified");
}

/// Seconds this thread has run: on a busy machine the clock tells more about the neighbours.
fn on_cpu() -> f64 {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    told.split(' ').next().and_then(|text| text.parse::<f64>().ok()).unwrap_or_default() / 1e9
}

fn measure(place: &PathBuf, files: usize) -> Result<(), Box<dyn std::error::Error>> {
    let keys = [
        SigningKey::from_seed("akashi-00112233445566aa", Algorithm::Ed25519, [1; 32])?,
        SigningKey::from_seed("akashi-00112233445566aa", Algorithm::MlDsa44, [2; 32])?,
    ];
    // Contents differ, so that each has its own name.
    let contents: Vec<Vec<u8>> =
        (0..files).map(|n| (0..FILE).map(|at| (at.wrapping_mul(2_654_435_761) >> 11) as u8 ^ n as u8).collect()).collect();
    let contents: Vec<(Vec<u8>, [u8; 32])> = contents
        .into_iter()
        .enumerate()
        .map(|(n, mut content)| {
            content[..8].copy_from_slice(&(n as u64).to_le_bytes());
            let digest = sha256(&[&content]);
            (content, digest)
        })
        .collect();
    let listed = contents.iter().map(|(content, sha256)| Listed {
        path: format!("evidence/{}", sha256.iter().map(|b| format!("{b:02x}")).collect::<String>()),
        media: "application/pdf".to_owned(),
        size: content.len() as u64,
        sha256: *sha256,
    });
    let manifest = Manifest {
        id: "0".repeat(32),
        sender: Sender {
            installation: "00112233445566aa".to_owned(),
            name: "A".to_owned(),
            keys: keys.iter().map(|key| key.verifier().to_string()).collect(),
        },
        receiver: Receiver { installation: None, name: "B".to_owned() },
        subject: "S".to_owned(),
        label: String::new(),
        made_at: "2026-01-02T03:04:05Z".to_owned(),
        replaces: None,
        files: listed.collect(),
    };
    let bytes: u64 = manifest.files.iter().map(|file| file.size).sum();
    let megabytes = bytes as f64 / 1e6;
    let tell = |what: &str, (wall, cpu): (Instant, f64)| {
        let (wall, cpu) = (wall.elapsed().as_secs_f64(), on_cpu() - cpu);
        println!("{what:<22} {:6.0} MB/s by the clock, {:6.0} MB/s of one CPU", megabytes / wall, megabytes / cpu);
    };
    let now = || (Instant::now(), on_cpu());
    println!("{files} files, {} MB, at {}", bytes / 1_000_000, place.display());

    let began = now();
    let mut writer = PackageWriter::new(io::Cursor::new(Vec::with_capacity(bytes as usize + 10_000_000)), manifest.clone(), &keys)?;
    for (content, _) in &contents {
        writer.file(&content[..])?;
    }
    let memory = writer.finish()?;
    tell("make, into memory", began);
    let trust = PackageTrust { keys: keys.iter().map(SigningKey::verifier).collect(), me: None, seen: &|_| false };
    let began = now();
    open(memory, &trust, |_| ())?;
    tell("verify, from memory", began);

    let began = now();
    let mut writer = PackageWriter::new(File::create(place)?, manifest, &keys)?;
    for (content, _) in &contents {
        writer.file(&content[..])?;
    }
    writer.finish()?;
    tell("make, into a file", began);
    let began = now();
    let mut opened = open(File::open(place)?, &trust, |_| ())?;
    tell("verify, from a file", began);
    let began = now();
    let paths: Vec<String> = opened.manifest.files.iter().map(|file| file.path.clone()).collect();
    let mut buffer = vec![0; 256 * 1024];
    for path in &paths {
        let mut file = opened.file(path)?;
        while file.read(&mut buffer)? > 0 {}
    }
    tell("read all files again", began);
    Ok(())
}
