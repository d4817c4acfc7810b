//! Past scores of which more is known since: both values, in words.

use chrono::NaiveDate;

use super::load::Subject;
use crate::db;
use crate::db::corrections::Correction;
use crate::db::scores::Point;
use crate::web::Web;
use crate::web::error::Result;
use crate::web::extract::Member;
use crate::web::ui::charts::Flag;
use crate::web::ui::{Notice, Tone, format};

/// The mark in the chart.
const SIGN: &str = "C";
/// At most so many stretches of days are told, the newest.
const MOST: usize = 5;

/// What is said of corrections on the page of an account's health.
#[derive(Default)]
pub struct Corrections {
    /// Of the page's own day.
    pub notice: Option<Notice>,
    /// One a stretch of days, newest first.
    pub rows: Vec<CorrectedDays>,
    /// Their marks in the chart.
    pub flags: Vec<Flag>,
}

/// Days that follow each other and were corrected on the same day.
#[derive(Clone, Debug)]
pub struct CorrectedDays {
    /// `8 Mar to 12 Mar`.
    pub days: String,
    /// `61 as we know now, 68 as was said then`.
    pub text: String,
    /// `from data that arrived on 14 Mar`.
    pub note: String,
}

/// The corrections of the days that are drawn.
pub async fn of(web: &Web, member: &Member, subject: &Subject, points: &[Point]) -> Result<Corrections> {
    let (Some(first), Some(last)) = (points.first(), points.last()) else {
        return Ok(Corrections::default());
    };
    let mut tx = web.app.db.read(&member.scope).await?;
    let all = db::corrections::of_account(&mut tx, subject.account.id, first.day, last.day).await?;
    drop(tx);
    let own = subject.score.as_ref().and_then(|scored| all.iter().find(|one| one.day == scored.row.day));
    let mut out = Corrections { notice: own.map(|one| notice(subject, one)), ..Corrections::default() };
    let follows =
        |a: &Correction, b: &Correction| a.day.succ_opt() == Some(b.day) && a.known_on == b.known_on;
    let runs: Vec<&[Correction]> = all.chunk_by(follows).collect();
    for run in runs.into_iter().rev().take(MOST) {
        let (Some(from), Some(to)) = (run.first(), run.last()) else { continue };
        // The day that changed most speaks for its stretch.
        let Some(most) = run.iter().max_by(|a, b| change(a).total_cmp(&change(b))) else { continue };
        let near = |day: NaiveDate| format::date_near(day, subject.day);
        let days =
            if from.day == to.day { near(to.day) } else { format!("{} to {}", near(from.day), near(to.day)) };
        let row = CorrectedDays {
            days,
            text: both(subject, most),
            note: format!("from data that arrived on {}", near(most.known_on)),
        };
        out.flags.push(Flag {
            day: most.day,
            sign: SIGN.to_owned(),
            text: format!("{}: {}, {}", row.days, row.text, row.note),
        });
        out.rows.push(row);
    }
    Ok(out)
}

fn change(one: &Correction) -> f64 {
    (one.score.unwrap_or_default() - one.said_score.unwrap_or_default()).abs()
}

/// `61 (Yellow) as we know now, 68 (Green) as was said then`
fn both(subject: &Subject, one: &Correction) -> String {
    let said = |score: Option<f64>, band: &Option<String>| match (score, band) {
        (Some(score), Some(band)) => {
            format!("{} ({})", subject.words.shown(score), subject.words.band(&**band))
        }
        (Some(score), None) => subject.words.shown(score).to_string(),
        (None, _) => "no score".to_owned(),
    };
    let (now, then) = (said(one.score, &one.band), said(one.said_score, &one.said_band));
    format!("{now} as we know now, {then} as was said then")
}

fn notice(subject: &Subject, one: &Correction) -> Notice {
    let text = format!(
        "Data that arrived on {} changed it. What was said stays as it was.",
        format::date(one.known_on)
    );
    Notice::new(Tone::Watch, &format!("{}.", both(subject, one)), &text)
}
