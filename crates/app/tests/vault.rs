//! The vault: nothing lies there in plain, nobody opens another's files, keys change and come back, and damage is told.

mod common;

use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use app::vault::{KeyState, MasterSource, escrow};
use app::{App, Clock, Config, Error};
use common::{World, worlds};
use rules::act::Actor;
use rules::command::Command;
use rules::id::{self, Digest, Id};
use rules::party::Role;
use rules::refusal::Why;
use rules::request::Ask;
use rules::review::AlertKind;
use rules::vault::{KeyEvent, KeyRole, Vaulting};
use store::testing::moto::Moto;

const CANARY: &str = "canary-of-the-vault-7b1f";

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut out = vec![];
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.path().is_dir() { out.extend(files(&entry.path())) } else { out.push(entry.path()) }
    }
    out
}

fn holds(path: &Path, needle: &str) -> bool {
    std::fs::read(path).unwrap_or_default().windows(needle.len()).any(|w| w == needle.as_bytes())
}

fn data(w: &World) -> PathBuf {
    w.app.config.data.clone()
}

fn master_file(w: &World) -> PathBuf {
    data(w).join("keys/master.key")
}

/// The installation, stopped and started again.
fn again(w: &World) -> Result<App, Error> {
    open(w, w.app.config.clone())
}

fn open(w: &World, config: Config) -> Result<App, Error> {
    App::open_at(config, &location(w), Clock::set(w.app.clock.now()))
}

fn location(w: &World) -> store::Location {
    w.location().clone()
}

fn content(app: &App, actor: &Actor, evidence: Id<id::Evidence>) -> Vec<u8> {
    let (_, mut open) = app.file(actor, evidence, None).unwrap();
    let mut out = vec![];
    open.read_to_end(&mut out).unwrap();
    out
}

fn events(w: &World) -> Vec<(String, KeyEvent)> {
    let all = w.changes("key_changed").into_iter();
    all.filter_map(|c| match c {
        rules::change::Change::Vault(Vaulting::KeyChanged { key, event, .. }) => Some((key.split('-').next().unwrap().to_owned(), event)),
        _ => None,
    })
    .collect()
}

fn rotate(key: KeyRole) -> Command {
    Command::RotateKey { key, reason: "年次の更新".into() }
}

#[test]
fn no_file_no_key_and_no_secret_lies_in_plain() {
    for w in worlds() {
        let text = format!("{CANARY} {}", "の記録".repeat(50_000));
        let one = w.upload("officer", "one.txt", text.as_bytes());
        let two = w.upload("stranger", "two.txt", text.as_bytes());
        let sealed = files(&data(&w).join("evidence"));
        assert_eq!(sealed.len(), 2, "equal content of two organisations lies there twice");
        let digest = app::digest(&text);
        for path in files(&data(&w)) {
            assert!(!holds(&path, CANARY), "{}", path.display());
        }
        for path in &sealed {
            assert!(holds(path, "age-encryption.org/v1") && !path.display().to_string().contains(&digest[..8]));
        }
        assert_eq!(content(&w.app, w.actor("officer"), one), text.as_bytes());
        assert_eq!(content(&w.app, w.actor("stranger"), two), text.as_bytes());
        // Another organisation's key opens nothing, even when its file is put into the right place.
        std::fs::copy(&sealed[0], data(&w).join("aside")).unwrap();
        std::fs::copy(&sealed[1], &sealed[0]).unwrap();
        let failed = [w.app.file(w.actor("officer"), one, None).map(drop), w.app.file(w.actor("stranger"), two, None).map(drop)];
        assert_eq!(failed.iter().filter(|f| f.is_err()).count(), 1, "{failed:?}");
        std::fs::copy(data(&w).join("aside"), &sealed[0]).unwrap();

        // What Akashi has to read again stands in the database under the master key.
        let kept = w
            .app
            .store()
            .read(|c| Ok::<_, store::Error>([c.secrets_of("totp")?, c.secrets_of("mail")?, c.secrets_of("file_key")?]))
            .unwrap();
        assert!(kept.iter().all(|of_kind| !of_kind.is_empty()));
        for (_, value) in kept.iter().flatten() {
            assert!(value.starts_with("mk1:") && !value.contains(app::demo::TOTP_KEY) && !value.contains("AGE-SECRET-KEY"), "{value}");
        }
        // Neither the ledger nor the tables know more of a key than its public name.
        for line in w.lines() {
            let text = line.payload.unwrap().text;
            assert!(!text.contains("AGE-SECRET-KEY") && !text.contains("akashi-master-1:"), "{text}");
        }
        let shown = format!("{:?}", w.app.config);
        assert!(!shown.contains("akashi-master-1:"), "{shown}");
    }
}

#[test]
fn secrets_and_files_from_before_are_encrypted_at_the_next_start() {
    for w in worlds() {
        let evidence = w.upload("officer", "one.txt", CANARY.as_bytes());
        // As an earlier version left it: the file by its digest, the keys of codes and the mails in plain.
        for path in files(&data(&w).join("evidence")) {
            std::fs::remove_file(path).unwrap();
        }
        let name = app::digest(CANARY);
        let plain = data(&w).join("evidence").join(&name[..2]).join(&name[2..4]).join(&name);
        std::fs::create_dir_all(plain.parent().unwrap()).unwrap();
        std::fs::write(&plain, CANARY).unwrap();
        w.app
            .store()
            .write(|tx| -> Result<(), Error> {
                for kind in ["totp", "mail"] {
                    for (owner, _) in tx.secrets_of(kind)? {
                        let value = w.app.secret(tx, &owner, kind)?.unwrap();
                        tx.put_secret(&owner, kind, &value)?;
                    }
                }
                Ok(())
            })
            .unwrap();
        let app = again(&w).unwrap();
        let kept = app.store().read(|c| Ok::<_, store::Error>([c.secrets_of("totp")?, c.secrets_of("mail")?])).unwrap();
        assert!(kept.iter().flatten().all(|(_, value)| value.starts_with("mk1:")));
        app.sign_in_with_known_key(&common::email("operator"), common::PASSWORD, common::ADDRESS).unwrap();
        assert_eq!(content(&app, w.actor("officer"), evidence), CANARY.as_bytes(), "it opens before it is taken over");
        assert_eq!(app.renew_files().unwrap(), 1);
        assert!(!plain.exists());
        assert!(files(&data(&w).join("evidence")).iter().all(|path| !holds(path, CANARY)));
        assert_eq!(content(&app, w.actor("officer"), evidence), CANARY.as_bytes());
        assert_eq!(app.renew_files().unwrap(), 0);
    }
}

#[test]
fn the_keys_of_files_rotate_and_the_old_ones_are_retired_when_nothing_is_left_under_them() {
    for w in worlds() {
        let old = w.upload("officer", "one.txt", b"before");
        let other = w.upload("stranger", "two.txt", b"before");
        assert_eq!(w.refused("officer", rotate(KeyRole::Files)), Why::Forbidden);
        w.act("operator", rotate(KeyRole::Files));
        let new = w.upload("officer", "three.txt", b"after");
        let states = || {
            let mut all: Vec<_> = w
                .app
                .keys(w.actor("operator"))
                .unwrap()
                .keys
                .into_iter()
                .filter(|k| k.key.role == KeyRole::Files)
                .map(|k| k.key.state)
                .collect();
            all.sort_by_key(|s| *s as u8);
            all
        };
        assert_eq!(states(), [KeyState::Active, KeyState::Active, KeyState::Rotated, KeyState::Rotated]);
        for (who, evidence, want) in [("officer", old, &b"before"[..]), ("stranger", other, b"before"), ("officer", new, b"after")] {
            assert_eq!(content(&w.app, w.actor(who), evidence), want);
        }
        assert_eq!(w.app.renew_files().unwrap(), 2);
        assert_eq!(w.app.renew_files().unwrap(), 0);
        assert_eq!(states().len(), 4, "an upload under way may need the old key still");
        assert!(states().contains(&KeyState::Rotated));
        w.later(3601);
        assert_eq!(w.app.renew_files().unwrap(), 0);
        assert_eq!(states(), [KeyState::Active, KeyState::Active, KeyState::Retired, KeyState::Retired]);
        for (who, evidence, want) in [("officer", old, &b"before"[..]), ("stranger", other, b"before"), ("officer", new, b"after")] {
            assert_eq!(content(&w.app, w.actor(who), evidence), want);
        }
        assert!(!w.alerts(AlertKind::KeyEvent).is_empty());
        let seen = events(&w);
        for event in [KeyEvent::Made, KeyEvent::Rotated, KeyEvent::Retired] {
            assert!(seen.contains(&("files".into(), event)), "{seen:?}");
        }
        // An administrator sees the own organisation's keys alone.
        let own = w.app.keys(w.actor("secretariat")).unwrap();
        assert!(own.keys.is_empty() && own.place.is_none());
        assert!(matches!(w.app.keys(w.actor("officer")), Err(Error::Refused(_))));
    }
}

#[test]
fn the_master_key_rotates_in_one_transaction_and_the_one_before_goes_at_the_next_start() {
    for w in worlds() {
        let evidence = w.upload("officer", "one.txt", b"evidence");
        assert_eq!(w.refused("secretariat", rotate(KeyRole::Master)), Why::Forbidden, "an administrator's power ends at the organisation");
        let before = std::fs::read_to_string(master_file(&w)).unwrap();
        let wrapped = || w.app.store().read(|c| c.sealed_secrets()).unwrap();
        let old = wrapped();
        w.act("operator", rotate(KeyRole::Master));
        let after = std::fs::read_to_string(master_file(&w)).unwrap();
        assert_ne!(before, after);
        let new = wrapped();
        assert!(new.len() >= old.len());
        let fingerprint = |value: &str| value.split(':').nth(1).unwrap().to_owned();
        let first = fingerprint(&new[0].2);
        assert!(new.iter().all(|(_, _, v)| fingerprint(v) == first) && old.iter().all(|(_, _, v)| fingerprint(v) != first));
        assert_eq!(content(&w.app, w.actor("officer"), evidence), b"evidence");
        let aside = data(&w).join("keys/master.key.old");
        assert_eq!(std::fs::read_to_string(&aside).unwrap(), before);
        assert!(!data(&w).join("keys/master.key.new").exists());
        let app = again(&w).unwrap();
        assert!(!aside.exists(), "the new one was proved");
        assert_eq!(content(&app, w.actor("officer"), evidence), b"evidence");
        app.sign_in_with_known_key(&common::email("operator"), common::PASSWORD, common::ADDRESS).unwrap();
        // The old key is no key for this database any more, and no key is made in its place.
        std::fs::write(master_file(&w), &before).unwrap();
        assert!(matches!(again(&w).map(drop), Err(Error::Refused(_))));
        std::fs::remove_file(master_file(&w)).unwrap();
        assert!(matches!(again(&w).map(drop), Err(Error::Refused(_))));
        assert!(!master_file(&w).exists());
        // Given as text it works as well, but is not rotated from within.
        let config = Config { master: MasterSource::parse(after.trim()), ..w.app.config.clone() };
        let app = open(&w, config).unwrap();
        assert_eq!(content(&app, w.actor("officer"), evidence), b"evidence");
        assert_eq!(w.why(app.execute(w.actor("operator"), rotate(KeyRole::Master))), Why::State);
        let seen = events(&w);
        for event in [KeyEvent::Made, KeyEvent::Rotated, KeyEvent::Retired] {
            assert!(seen.contains(&("master".into(), event)), "{seen:?}");
        }
    }
}

#[test]
fn a_rotation_that_fails_leaves_everything_as_it_was() {
    for w in worlds() {
        let evidence = w.upload("officer", "one.txt", b"evidence");
        let before = std::fs::read_to_string(master_file(&w)).unwrap();
        // A secret that does not open stops the rotation in the middle.
        w.app.store().write(|tx| tx.put_secret("zzz", "totp", "mk1:0000000000000000:AAAA")).map_err(|e: store::Error| e).unwrap();
        assert!(w.app.execute(w.actor("operator"), rotate(KeyRole::Master)).is_err());
        assert_eq!(std::fs::read_to_string(master_file(&w)).unwrap(), before);
        assert!(!data(&w).join("keys/master.key.new").exists());
        w.app.store().write(|tx| tx.delete_secret("zzz", "totp")).map_err(|e: store::Error| e).unwrap();
        assert_eq!(content(&w.app, w.actor("officer"), evidence), b"evidence");
        w.upload("officer", "two.txt", b"more");
        w.act("operator", rotate(KeyRole::Master));
        assert_eq!(content(&again(&w).unwrap(), w.actor("officer"), evidence), b"evidence");
    }
}

const ONE: &str = "青い灯台のそばで待つ八匹の猫 42";
const TWO: &str = "correct horse battery lighthouse 7";

#[test]
fn the_key_comes_back_from_escrow_by_two_people_with_an_approval() {
    for mut w in worlds() {
        let evidence = w.upload("officer", "one.txt", b"evidence");
        for bad in [["password", TWO], [ONE, "12345678"], [ONE, ONE]] {
            assert_eq!(w.why(w.app.escrow(bad)), Why::Invalid, "{bad:?}");
        }
        let sealed = w.app.escrow([ONE, TWO]).unwrap();
        assert!(!sealed.windows(15).any(|part| part == b"akashi-master-1"));
        let newest = w.app.keys(w.actor("operator")).unwrap().keys.into_iter().find(|k| k.key.role == KeyRole::Master).unwrap();
        assert!(newest.key.escrowed.is_some());
        let secret = std::fs::read(master_file(&w)).unwrap();
        std::fs::remove_file(master_file(&w)).unwrap();
        assert!(again(&w).is_err());

        let config = Config { database: w.address().or(w.app.config.database.clone()), ..w.app.config.clone() };
        let recover = |w: &World, words| escrow::recover(&config, &Clock::set(w.app.clock.now()), &sealed, words);
        assert_eq!(w.why(recover(&w, [ONE, TWO])), Why::Forbidden, "nobody approved it");
        assert!(!master_file(&w).exists());
        // A second operator approves.
        let body = w.organisation("operator");
        let second = w.person("secretariat");
        w.act("operator", Command::SetRoles { organisation: body, person: second, roles: vec![Role::Operator, Role::Administrator] });
        w.sign_in_again("secretariat");
        let request = w.ask("operator", Ask::OpenEscrow, 2);
        w.approve("secretariat", request);
        for wrong in [[ONE, ONE], [TWO, TWO], [ONE, "somebody else's words 99"]] {
            assert_eq!(w.why(recover(&w, wrong)), Why::Invalid);
        }
        let done = recover(&w, [TWO, ONE]).unwrap();
        assert!(done.approved);
        assert_eq!(std::fs::read(master_file(&w)).unwrap(), secret);
        let app = again(&w).unwrap();
        assert_eq!(content(&app, w.actor("officer"), evidence), b"evidence");
        assert!(events(&w).contains(&("master".into(), KeyEvent::Recovered)));
        assert!(w.changes("act_refused").len() >= 4, "each try is in the ledger");
        // After its time the approval opens nothing.
        w.later(3 * 3600);
        assert_eq!(w.why(recover(&w, [ONE, TWO])), Why::Forbidden);
    }
}

#[test]
fn without_a_database_the_key_comes_back_and_the_next_start_says_so() {
    let w = World::sqlite();
    let sealed = w.app.escrow([ONE, TWO]).unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let config = Config::embedded(elsewhere.path());
    let done = escrow::recover(&config, &Clock::Machine, &sealed, [ONE, TWO]).unwrap();
    assert!(!done.approved);
    // The database is put back beside it.
    std::fs::copy(data(&w).join("akashi.db"), elsewhere.path().join("akashi.db")).unwrap();
    for ending in ["-wal", "-shm"] {
        let _ = std::fs::copy(data(&w).join(format!("akashi.db{ending}")), elsewhere.path().join(format!("akashi.db{ending}")));
    }
    let app = App::open(config.clone(), Clock::Machine).unwrap();
    let read = |c: &mut store::Conn| {
        let mut n = 0;
        store::ledger::lines_after(c, id::Pos::NEVER, i64::MAX, |line| {
            n += usize::from(line.payload.is_some_and(|p| p.text.contains("\"recovered\"") && p.text.contains("was not there")));
            Ok(())
        })
        .map(|()| n)
    };
    assert_eq!(app.store().read(read).unwrap(), 1);
    drop(app);
    let app = App::open(config, Clock::Machine).unwrap();
    assert_eq!(app.store().read(read).unwrap(), 1, "once");
}

#[test]
fn damage_is_told_calmly_to_who_meets_it_and_at_once_to_operators() {
    for w in worlds() {
        let bad = w.upload("officer", "bad.txt", &[b'a'; 200_000]);
        let sealed = files(&data(&w).join("evidence"));
        let good = w.upload("officer", "good.txt", b"good");
        let mut bytes = std::fs::read(&sealed[0]).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        std::fs::write(&sealed[0], &bytes).unwrap();
        // In the middle: it opens, and breaks off there.
        let (_, mut open) = w.app.file(w.actor("officer"), bad, None).unwrap();
        assert!(open.read_to_end(&mut vec![]).is_err());
        // A slice a day: within thirty days everything was looked at, and once a day only.
        let mut read = 0;
        for _ in 0..31 {
            read += w.app.check_files().unwrap();
            assert_eq!(w.app.check_files().unwrap(), 0);
            w.later(24 * 3600);
        }
        assert!((2..=4).contains(&read), "{read}");
        let alerts = w.alerts(AlertKind::VaultDamaged);
        assert!(!alerts.is_empty() && alerts[0].organisation.is_none());
        // The header: it does not open at all.
        bytes[40] ^= 1;
        std::fs::write(&sealed[0], &bytes).unwrap();
        w.later(7200);
        assert_eq!(w.why(w.app.file(w.actor("officer"), bad, None)), Why::Unavailable);
        assert_eq!(w.alerts(AlertKind::VaultDamaged).len(), alerts.len() + 1);
        std::fs::remove_file(&sealed[0]).unwrap();
        assert_eq!(w.why(w.app.file(w.actor("officer"), bad, None)), Why::Unavailable);
        // The rest goes on.
        assert_eq!(content(&w.app, w.actor("officer"), good), b"good");
        // The store as a whole is gone.
        std::fs::rename(data(&w).join("evidence"), data(&w).join("away")).unwrap();
        assert_eq!(w.why(w.app.file(w.actor("officer"), good, None)), Why::Unavailable);
        let upload = w.app.add_evidence(w.actor("officer"), "more.txt", &b"more"[..], rules::evidence::Label::Confidential, None, None);
        assert_eq!(w.why(upload), Why::Unavailable);
        w.act("officer", Command::CreateProduct { name: "製品".into(), description: String::new() });
        std::fs::rename(data(&w).join("away"), data(&w).join("evidence")).unwrap();
        assert_eq!(content(&w.app, w.actor("officer"), good), b"good");
        w.upload("officer", "more.txt", b"more");
    }
}

#[test]
fn two_nodes_on_one_database_and_one_s3_store_see_each_others_files() {
    let Some(mut moto) = Moto::start() else { return };
    for w in worlds() {
        let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        let key = MasterSource::File(master_file(&w));
        let node = |n: usize| {
            let config = Config { data: folders[n].path().into(), evidence: moto.place(), master: key.clone(), ..w.app.config.clone() };
            open(&w, config).unwrap()
        };
        let (one, two) = (node(0), node(1));
        let add = |app: &App, name: &str, bytes: &[u8]| -> Id<id::Evidence> {
            let done = app.add_evidence(w.actor("officer"), name, bytes, rules::evidence::Label::Confidential, None, None).unwrap();
            done.made.unwrap().parse().unwrap()
        };
        let large: Vec<u8> = CANARY.bytes().cycle().take(12 << 20).collect();
        let first = add(&one, "one.txt", &large);
        assert_eq!(content(&two, w.actor("officer"), first), large);
        // Rotated on one node, at once on the other; old files are encrypted anew.
        two.execute(w.actor("operator"), rotate(KeyRole::Files)).unwrap();
        let second = add(&one, "two.txt", b"after");
        assert_eq!(content(&two, w.actor("officer"), second), b"after");
        assert_eq!(one.renew_files().unwrap(), 1);
        assert_eq!(content(&two, w.actor("officer"), first), large);
        let (_, mut open) = two.file(w.actor("officer"), first, None).unwrap();
        open.seek(SeekFrom::Start(7 << 20)).unwrap();
        let mut part = [0; 64];
        open.read_exact(&mut part).unwrap();
        assert_eq!(part, large[7 << 20..][..64]);
        for name in moto.names() {
            let raw = moto.ask_with("GET", &format!("/akashi/{name}"), b"");
            assert!(!raw.windows(CANARY.len()).any(|part| part == CANARY.as_bytes()));
        }
        // The master key rotated on one node is found by the other where both look.
        one.execute(w.actor("operator"), rotate(KeyRole::Master)).unwrap();
        assert_eq!(content(&two, w.actor("officer"), second), b"after");
        let third = add(&two, "three.txt", b"more");
        assert_eq!(content(&one, w.actor("officer"), third), b"more");
    }
    // A backup brings the files along, out of the bucket, and a restore puts them into another one or into a folder.
    for w in worlds() {
        let app = open(&w, Config { evidence: moto.place(), ..w.app.config.clone() }).unwrap();
        let id = app.add_evidence(w.actor("officer"), "s3.txt", CANARY.as_bytes(), rules::evidence::Label::Confidential, None, None);
        let id: Id<id::Evidence> = id.unwrap().made.unwrap().parse().unwrap();
        app.start().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let made = app.back_up(folder.path(), &[], &mut |_| {}).unwrap();
        assert!(made.backup.files > 0 && made.copied.missing.is_empty(), "{:?}", made.copied);
        let keys = app::backup::identities(&app.backup_key()).unwrap();
        let Some(other) = Moto::start() else { return };
        for evidence in [other.place(), store::EvidencePlace::Folder] {
            let target = store::testing::Scratch::sqlite();
            let config = Config {
                database: target.address(),
                evidence,
                master: app::vault::MasterSource::File(w.app.config.data.join("keys/master.key")),
                ..Config::embedded(target.directory())
            };
            let restored = app::backup::restore(&config, &made.path, &keys, &mut |_| {}).unwrap();
            assert_eq!((restored.files, restored.differences.as_slice()), (made.backup.files, &[][..]));
            let again = App::open_at(config, target.location(), app::Clock::set(w.app.clock.now())).unwrap();
            assert_eq!(content(&again, w.actor("officer"), id), CANARY.as_bytes());
        }
    }
    // Gone: refused calmly, told, and the rest goes on.
    let w = World::sqlite();
    let app = open(&w, Config { evidence: moto.place(), ..w.app.config.clone() }).unwrap();
    moto.stop();
    let upload = app.add_evidence(w.actor("officer"), "a.txt", &b"a"[..], rules::evidence::Label::Confidential, None, None);
    assert_eq!(w.why(upload), Why::Unavailable);
    assert_eq!(w.alerts(AlertKind::VaultDamaged).len(), 1);
    assert!(matches!(app.kept_file(w.organisation("officer"), Digest([1; 32])), Err(Error::Refused(_))));
}
