//! The master key comes back from escrow only with an approval and the words of two people, and each try is recorded (items 171, 190).

use app::Clock;
use app::vault::escrow;
use rules::command::Command;
use rules::refusal::Why;
use rules::request::Ask;
use rules::text::text;

use crate::scratch::OPERATOR;
use crate::{Check, Failed, Mechanism, Scratch, Tried, expect, refusal};

/// The words of two people.
const WORDS: [&str; 2] = ["青い灯台のそばで待つ八匹の猫 42", "correct horse battery lighthouse 7"];

pub static MECHANISM: Mechanism = Mechanism {
    id: "key_vault",
    name: text("鍵の保管", "Key vault"),
    checks: &[Check {
        shows: &[(171, 0), (190, 0)],
        what: text(
            "預託した鍵は、承認された申請と2人の合言葉がそろわなければ取り出せず、試みはすべて記録される。",
            "An escrowed key comes out only with an approved request and the words of two people; every try is recorded.",
        ),
        run: two_people_and_an_approval,
        break_it: |s| s.later(|s| s.approved_by_nobody(s.home(OPERATOR)?, OPERATOR, Ask::OpenEscrow)),
    }],
};

fn two_people_and_an_approval(s: &Scratch) -> Tried {
    let operator = s.signed_in(OPERATOR)?;
    refusal(s.app().escrow([WORDS[0], WORDS[0]]))?;
    let sealed = s.app().escrow(WORDS)?;
    let file = s.world().folder().join("keys/master.key");
    let unusable = |e: std::io::Error| Failed::new(format!("鍵を使えません: {e}"), format!("the key cannot be used: {e}"));
    let key = std::fs::read(&file).map_err(unusable)?;
    std::fs::remove_file(&file).map_err(unusable)?;
    let recover = |words| escrow::recover(&s.app().config, &Clock::set(s.now()), &sealed, words);
    let request = s.asked(&operator, Ask::OpenEscrow, 2)?;
    let alone = operator.refused(Command::DecideRequest { request, approve: true, statement: String::new() })?;
    expect(alone.why == Why::Forbidden, "1人で承認できます", "one person approves alone")?;
    s.meanwhile()?;
    let before = s.mark()?;
    expect(refusal(recover(WORDS))?.0 == Why::Forbidden, "承認なしの拒否ではありません", "it is refused for another reason")?;
    expect(!file.exists(), "承認なしで鍵が出ました", "the key came out without an approval")?;
    s.approved_by_nobody(s.home(OPERATOR)?, OPERATOR, Ask::OpenEscrow)?;
    refusal(recover([WORDS[0], WORDS[0]]))?;
    expect(!file.exists(), "1人の合言葉で鍵が出ました", "the key came out with one person's words")?;
    recover([WORDS[1], WORDS[0]])?;
    expect(std::fs::read(&file).map_err(unusable)? == key, "別の鍵が出ました", "another key came out")?;
    let lines = s.lines_after(before)?;
    let tries = lines.iter().filter(|l| l.kind == "act_refused").count();
    let out = lines.iter().any(|l| l.kind == "key_changed" && l.change["event"] == "recovered");
    expect(tries == 2 && out, "試みの記録がありません", "the tries are not recorded")
}
