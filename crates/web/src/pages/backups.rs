//! The backups of the installation: which there are, whether each was really restored, and when the next is made (item 137).

use app::backup::{Backups, Kept};
use maud::{Markup, html};
use rules::party::Role;
use rules::text::{Text, text, worded};

use super::signs::time;
use crate::components::{Column, Crumb, Row, Table, Tone, empty, facts, notice, size, table, tag};
use crate::route::{Answer, Guard, Route, get};
use crate::urls;
use crate::visit::Visit;

const OPERATORS: Guard = Guard::Roles(&[Role::Operator]);

pub const ROUTES: &[Route] = &[get("/backups", OPERATORS, show)];

pub(super) fn title() -> Text {
    text("バックアップ", "Backups")
}

fn show(visit: &Visit) -> Result<Answer, app::Error> {
    let lang = visit.lang;
    let read = visit.app.backups(visit.actor()?)?;
    let main = html! {
        @if read.late {
            (notice(lang, Tone::Warn, &text("試しに復元して確認した新しいバックアップがありません。", "There is no recent backup that was restored to try it."), html! {
                p { (text("「akashi backup 保存先」で作成し、「akashi backup --try ファイル」で確認するか、起動時にAKASHI_BACKUPで保存先を指定してください。", "Make one with `akashi backup FOLDER` and try it with `akashi backup --try FILE`, or name a folder with AKASHI_BACKUP when the service starts.").get(lang)) }
            }))
        }
        (plan(visit, &read))
        @if read.made.is_empty() {
            (empty(lang, &text("バックアップはまだありません", "No backups yet"), &text(
                "作成したバックアップと、試しに復元した結果が、ここに並びます。",
                "Backups that were made, and what came of restoring them, appear here.",
            ), html! {}))
        } @else {
            (list(visit, &read.made))
        }
    };
    let mut page = visit.page(title(), main);
    page.lead = Some(text(
        "データベースと証跡の暗号化された写しです。マスター鍵は含まれません。",
        "Encrypted copies of the database and the evidence. The master key is in none of them.",
    ));
    page.breadcrumb = vec![Crumb::link(text("警告", "Alerts"), urls::alerts()), Crumb::here(title())];
    Ok(page.into())
}

fn plan(visit: &Visit, read: &Backups) -> Markup {
    let lang = visit.lang;
    let Some(schedule) = &read.schedule else {
        return html! { p.muted { (text("自動のバックアップは設定されていません。", "No backups are made by themselves.").get(lang)) } };
    };
    let every = worded(
        format!("{}時間ごと、{}世代", schedule.hours, schedule.keep),
        format!("Every {} hours, {} are kept", schedule.hours, schedule.keep),
    );
    facts(
        lang,
        &[
            (text("自動のバックアップ", "Made by themselves"), html! { (every.get(lang)) }),
            (text("保存先", "Folder"), html! { code { (schedule.folder.display()) } }),
        ],
    )
}

fn list(visit: &Visit, made: &[Kept]) -> Markup {
    let lang = visit.lang;
    let columns = vec![
        Column::new(text("時点", "As of")),
        Column::new(text("保存先", "Place")),
        Column::new(text("大きさ", "Size")).number(),
        Column::new(text("台帳の行", "Lines")).number(),
        Column::new(text("証跡ファイル", "Files")).number(),
        Column::new(text("試しの復元", "Restored to try")),
    ];
    let rows = made.iter().map(|kept| {
        let tried = match &kept.tried {
            None => tag(lang, Tone::Neutral, &text("未確認", "Not tried")),
            Some(drill) if drill.differences.is_empty() => {
                html! { (tag(lang, Tone::Success, &text("一致", "Equal"))) " " (time(drill.at)) }
            }
            Some(drill) => html! {
                (tag(lang, Tone::Danger, &text("不一致", "Different"))) " " (time(drill.at))
                ul.small { @for difference in &drill.differences { li { (difference) } } }
            },
        };
        Row::new(vec![
            time(kept.backup.at),
            html! { code { (kept.backup.place) } },
            html! { (size(kept.backup.size)) },
            html! { (kept.backup.lines) },
            html! { (kept.backup.files) },
            tried,
        ])
    });
    table(lang, &Table::new(title(), columns, rows.collect()).caption_hidden())
}
