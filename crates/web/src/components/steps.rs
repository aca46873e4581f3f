//! The way of a case in steps: what is done, where it stands, what comes.

use maud::{Markup, html};
use rules::text::{Lang, Text, text};

/// Whether a step is behind, at, or before us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepState {
    Done,
    Now,
    Ahead,
}

/// One step, with a date or remark under it.
#[derive(Debug, Clone)]
pub struct Step {
    pub name: Text,
    pub state: StepState,
    pub note: Option<Text>,
}

impl Step {
    pub fn new(name: Text, state: StepState) -> Step {
        Step { name, state, note: None }
    }

    pub fn note(self, note: Text) -> Step {
        Step { note: Some(note), ..self }
    }
}

/// Draws the steps in order.
pub fn steps(lang: Lang, steps: &[Step]) -> Markup {
    html! {
        ol.steps {
            @for step in steps {
                @let (class, sign, said) = match step.state {
                    StepState::Done => ("done", "✓ ", text("済み", "done")),
                    StepState::Now => ("now", "● ", text("現在", "current")),
                    StepState::Ahead => ("ahead", "○ ", text("これから", "to come")),
                };
                li.(class) aria-current=[(step.state == StepState::Now).then_some("step")] {
                    span aria-hidden="true" { (sign) } (step.name.get(lang)) span.hidden-text { " (" (said.get(lang)) ")" }
                    @if let Some(note) = &step.note { small { (note.get(lang)) } }
                }
            }
        }
    }
}

pub(super) fn example(lang: Lang) -> Markup {
    steps(
        lang,
        &[
            Step::new(text("申請", "Application"), StepState::Done).note(text("10月1日", "1 October")),
            Step::new(text("第1回 評価", "Round 1"), StepState::Done).note(text("11月2日に返却", "Returned on 2 November")),
            Step::new(text("第2回 評価", "Round 2"), StepState::Now).note(text("期限 12月18日", "Due on 18 December")),
            Step::new(text("決定", "Decision"), StepState::Ahead),
            Step::new(text("証明書", "Certificate"), StepState::Ahead),
        ],
    )
}
