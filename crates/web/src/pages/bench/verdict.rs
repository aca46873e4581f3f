//! The verdict on the workbench: the form, the second evaluator's word, the questions, the history.

use maud::{Markup, html};
use rules::case::Part;
use rules::command::Kind as Act;
use rules::evidence::Finding;
use rules::id::Pos;
use rules::policy::Side;
use rules::refusal::Why;
use rules::text::{Lang, text, worded};
use rules::verdict::{Verdict, VerdictContent};

use super::Look;
use super::narrow::is_to_do;
use crate::components::{
    Area, Button, Choice, Event, Field, Kind, Mark, Tone, actions, card, csrf, details, diff, marks, notice, select, submit, tag, textarea,
    timeline,
};
use crate::pages::contents;
use crate::pages::form::Form;
use crate::pages::signs;

impl Look<'_> {
    pub(super) fn may_confirm(&self) -> bool {
        self.assignment().is_some() && contents::may(self.visit, Act::ConfirmClaim, &self.case().facts)
    }
    fn may_judge(&self) -> bool {
        self.works_as(Part::First) && contents::may(self.visit, Act::GiveVerdict, &self.case().facts)
    }
    /// Who gave the verdict never approves it.
    fn may_approve(&self) -> bool {
        let mine = |by| self.visit.signed.as_ref().is_some_and(|s| s.actor.is(by));
        self.works_as(Part::Second)
            && self.read.facts().verdict.as_ref().is_some_and(|v| !mine(v.by))
            && contents::may(self.visit, Act::ApproveVerdict, &self.case().facts)
    }
    fn may_ask(&self) -> bool {
        contents::may(self.visit, Act::SendMessage, &self.case().facts)
    }

    /// What the form begins with: what was typed, else the verdict that stands; after a change of the answer only what was confirmed.
    fn draft(&self) -> (Pos, VerdictContent) {
        let facts = self.read.facts();
        let stands = facts.verdict.as_ref();
        let newest = stands.map_or(Pos::NEVER, |v| v.pos);
        if let Some(form) = self.typed("verdict") {
            let conflict = self.refusal("verdict").is_some_and(|r| r.why == Why::Conflict);
            let base = if conflict { newest } else { form.text("base").parse().map_or(newest, Pos) };
            return (base, typed(form));
        }
        let content = match stands {
            Some(verdict) if verdict.round == self.case().facts.case.round || !is_to_do(facts) => verdict.content.clone(),
            _ => VerdictContent { evidence: self.confirmed(), ..VerdictContent::default() },
        };
        (newest, content)
    }

    /// The claims that were confirmed, one a line.
    fn confirmed(&self) -> String {
        let facts = self.read.facts();
        let seen = |id| facts.confirmations.iter().any(|c| c.claim == id && c.finding == Finding::Seen);
        contents::claims_text(&facts.claims.iter().filter(|c| seen(c.id)).cloned().collect::<Vec<_>>())
    }
}

/// What a form of a verdict says, with the phrase that its button adds.
fn typed(form: &crate::visit::Fields) -> VerdictContent {
    let with_phrase = |name: &str| {
        let (written, phrase) = (form.text(name), form.text("phrase"));
        if form.text("insert") != name || phrase.is_empty() {
            return written.to_owned();
        }
        if written.is_empty() { phrase.to_owned() } else { format!("{}\n{phrase}", written.trim_end()) }
    };
    VerdictContent {
        mark: form.text("mark").to_owned(),
        evidence: form.text("evidence").to_owned(),
        improvement: with_phrase("improvement"),
        remarks: with_phrase("remarks"),
    }
}

/// A refusal whose form is not on the page any more, as the case has moved on in the meantime.
pub fn gone(look: &Look) -> Markup {
    let shown = |form: &str| match form {
        "verdict" => look.may_judge(),
        "approve" => look.may_approve(),
        "ask" => look.may_ask(),
        _ => true,
    };
    html! { @if let Some((form, _)) = look.refused.filter(|(form, _)| !shown(form)) { (Form::new(look.visit, form, look.refused).summary()) } }
}

pub fn verdict(look: &Look) -> Markup {
    let lang = look.visit.lang;
    let stands = look.read.facts().verdict.as_ref();
    html! {
        h2 id="verdict" { (text("判定", "Verdict").get(lang)) }
        @if look.may_judge() { (form(look)) }
        @else if let Some(verdict) = stands { (told(look, verdict)) }
        @else { p.muted { (contents::NOT_JUDGED.get(lang)) } }
    }
}

fn form(look: &Look) -> Markup {
    let (lang, case) = (look.visit.lang, look.case());
    let (base, draft) = look.draft();
    let refused = look.refusal("verdict");
    let fields = Form::new(look.visit, "verdict", look.refused);
    let error = |name| refused.filter(|r| r.field == Some(name)).map(|r| &r.text);
    let field = |name: &'static str, label| Field::new(name, label).form("verdict").error(error(name));
    let scale: Vec<Mark> =
        case.sheet.scale.iter().map(|m| Mark { value: &m.code, label: m.name.clone(), tone: signs::class_tone(m.class) }).collect();
    html! {
        @if let Some(refusal) = refused {
            @if look.visit.form.is_on("insert") { (notice(lang, Tone::Info, &refusal.text, html! {})) } @else { (fields.summary()) }
            @if let (Why::Conflict, Some(stands)) = (refusal.why, &look.read.facts().verdict) { (both(look, stands, &draft)) }
        }
        form method="post" action=(look.act("verdict")) data-submit-key data-keep=(look.keep("verdict")) {
            (csrf(&look.visit.csrf))
            (look.narrow.hidden())
            input type="hidden" name="base" value=(base.0);
            (marks(lang, &field("mark", text("判定結果", "Verdict")).value(&draft.mark).required(), &scale))
            (textarea(lang, Area { rows: 2, ..Area::default() }, &field("evidence", text("確認したエビデンス", "Evidence checked")).value(&draft.evidence)))
            (textarea(lang, Area { rows: 3, key: Some("i"), ..Area::default() }, &field("improvement", text("改善策", "Improvement")).hint(text("条件付適合・不適合では必須です。", "Needed with a verdict of conditional or fails.")).value(&draft.improvement)))
            (textarea(lang, Area { rows: 2, ..Area::default() }, &field("remarks", text("備考", "Remarks")).value(&draft.remarks)))
            (actions(html! {
                (Button::new(Kind::Primary, text("保存して次へ", "Save and go on")).submit(lang))
                (Button::new(Kind::Secondary, text("保存", "Save")).act("go", "stay").submit(lang))
                span.small.muted { kbd { "Ctrl" } "+" kbd { "Enter" } }
            }))
            @if !look.read.phrases.is_empty() { (phrases(look)) }
        }
    }
}

/// Phrases to add; the buttons work without a script too, and never ask for a verdict first.
fn phrases(look: &Look) -> Markup {
    let lang = look.visit.lang;
    let choices: Vec<Choice> =
        look.read.phrases.iter().map(|p| Choice::new(p.text.as_str(), worded(p.text.clone(), p.text.clone()))).collect();
    html! {
        div.row {
            (select(lang, &Field::new("phrase", text("定型文", "Phrase")).form("verdict"), &choices))
            @for (into, label) in [("improvement", text("改善策に加える", "Add to improvement")), ("remarks", text("備考に加える", "Add to remarks"))] {
                button.button.quiet.small type="submit" name="insert" value=(into) formnovalidate data-insert={ "f-verdict-" (into) } data-insert-from="f-verdict-phrase" { (label.get(lang)) }
            }
            a.small href=(crate::urls::phrases()) { (text("定型文を管理", "Manage phrases").get(lang)) }
        }
    }
}

/// Two people judged the same item: what stands, and what was typed, side by side.
fn both(look: &Look, stands: &Verdict, draft: &VerdictContent) -> Markup {
    let (lang, case) = (look.visit.lang, look.case());
    let now = &stands.content;
    let lines = |c: &VerdictContent| format!("{}\n{}\n{}", c.evidence, c.improvement, c.remarks);
    html! {
        div.columns {
            (card(lang, &text("いま保存されている判定", "What is saved now"), html! { span.small { (case.name(stands.by)) " · " (signs::time(stands.at)) } }, content(lang, look, now)))
            (card(lang, &text("あなたが入力した判定", "What you typed"), html! {}, content(lang, look, draft)))
        }
        (details(lang, &text("違い", "Difference"), true, diff(lang, &lines(now), &lines(draft))))
        p { (text("下のフォームにはあなたの入力が残っています。保存すると、いまの判定を置き換えます（前の判定は履歴に残ります）。", "The form below keeps what you typed. Saving replaces the present verdict; it stays in the history.").get(lang)) }
    }
}

fn content(lang: Lang, look: &Look, content: &VerdictContent) -> Markup {
    let texts = [
        (text("確認したエビデンス", "Evidence checked"), &content.evidence),
        (text("改善策", "Improvement"), &content.improvement),
        (text("備考", "Remarks"), &content.remarks),
    ];
    html! {
        p { (contents::mark_tag(lang, &look.case().sheet, Some(&content.mark))) }
        dl.facts { @for (name, words) in texts.iter().filter(|(_, words)| !words.is_empty()) { dt { (name.get(lang)) } dd.prose { (words) } } }
    }
}

fn told(look: &Look, verdict: &Verdict) -> Markup {
    let (lang, case) = (look.visit.lang, look.case());
    html! {
        (content(lang, look, &verdict.content))
        p.small.muted { (worded(format!("第{}回", verdict.round), format!("Round {}", verdict.round)).get(lang)) " · " (case.name(verdict.by)) " · " (signs::time(verdict.at)) }
    }
}

/// The second evaluator's word on the verdict, and the form for it.
pub fn approval(look: &Look) -> Markup {
    let (lang, case, facts) = (look.visit.lang, look.case(), look.read.facts());
    let Some(verdict) = &facts.verdict else { return html! {} };
    let said = facts.approval.as_ref().filter(|a| a.verdict == verdict.pos);
    let demanded = case.facts.settings.second_evaluator || case.facts.assignments.iter().any(|a| a.part == Part::Second);
    html! {
        @if demanded || said.is_some() {
            h2 { (text("第2評価者の承認", "Second evaluator's approval").get(lang)) }
            @match said {
                Some(said) => {
                    div.row {
                        @if said.agrees { (tag(lang, Tone::Success, &text("承認", "Approved"))) } @else { (tag(lang, Tone::Danger, &text("同意しない", "Not agreed"))) }
                        span.small.muted { (case.name(said.by)) " · " (signs::time(said.at)) }
                    }
                    @if !said.comment.is_empty() { p.prose { (said.comment) } }
                },
                None => { p { (tag(lang, Tone::Neutral, &text("未承認", "Not approved yet"))) } },
            }
            @if look.may_approve() { (approve_form(look, verdict)) }
        }
    }
}

fn approve_form(look: &Look, verdict: &Verdict) -> Markup {
    let lang = look.visit.lang;
    let form = Form::new(look.visit, "approve", look.refused);
    html! {
        (form.summary())
        form method="post" action=(look.act("approve")) data-submit-key data-keep=(look.keep("approve")) {
            (csrf(&look.visit.csrf))
            (look.narrow.hidden())
            input type="hidden" name="seen" value=(verdict.pos.0);
            (textarea(lang, Area { rows: 2, ..Area::default() }, &form.field("comment", text("コメント", "Comment"), "").hint(text("同意しない場合は必須です。", "Needed where you do not agree."))))
            (actions(html! {
                (Button::new(Kind::Primary, text("承認する", "Approve")).act("agrees", "yes").key("a").submit(lang))
                (Button::new(Kind::Secondary, text("同意しない", "Do not agree")).act("agrees", "no").submit(lang))
            }))
        }
    }
}

/// The question thread with both sides.
pub fn thread(look: &Look) -> Markup {
    let (lang, case) = (look.visit.lang, look.case());
    let form = Form::new(look.visit, "ask", look.refused);
    let events: Vec<Event> = look
        .read
        .messages
        .iter()
        .map(|m| Event {
            time: (m.at.to_string(), signs::moment(m.at)),
            what: if m.side == Side::Body {
                text("評価者から", "From the evaluator")
            } else {
                text("申請者から", "From the applicant")
            },
            who: Some(case.name(m.by).to_owned()),
            tone: Some(if m.side == Side::Body { Tone::Info } else { Tone::Neutral }),
            more: Some(html! { p.prose { (m.text) } }),
        })
        .collect();
    html! {
        @if !events.is_empty() || look.may_ask() { h2 id="thread" { (text("質疑", "Questions").get(lang)) } (timeline(lang, &events)) }
        @if look.may_ask() {
            (form.summary())
            form method="post" action=(look.act("messages")) data-submit-key data-keep=(look.keep("ask")) {
                (csrf(&look.visit.csrf))
                (look.narrow.hidden())
                (textarea(lang, Area { rows: 2, ..Area::default() }, &form.field("text", text("申請者への質問・連絡", "Question or word to the applicant"), "")))
                (submit(lang, Kind::Secondary, &text("送信する", "Send")))
            }
        }
    }
}

/// Earlier versions of the verdict.
pub fn history(look: &Look) -> Markup {
    let (lang, verdicts) = (look.visit.lang, &look.read.verdicts);
    html! {
        @if verdicts.len() > 1 {
            (details(lang, &worded(format!("判定の履歴（{}件）", verdicts.len()), format!("History of the verdict ({})", verdicts.len())), false, html! {
                ol.stack reversed { @for verdict in verdicts { li { (told(look, verdict)) } } }
            }))
        }
    }
}
