//! What is to be done for a job: one exhaustive match.

use crate::app::work::Work;
use crate::app::{App, PLAN_CADENCES, Result, methodology, tickets};
use crate::db::queue::ClaimedJob;
use crate::ingest::replay;

/// Every kind of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Score all accounts of a tenant for today.
    ScoreAll,
    /// Fold days that are over into months.
    Fold,
    /// Work out again past days about which data came late.
    Correct,
    /// Count what waited in quarantine and is known by now.
    Replay,
    /// End what people set by hand where its time is over, and record whom renewals proved right.
    SettleOverrides,
    /// Fold scores of days that are over into months.
    FoldScores,
    /// Forget jobs that were done long ago.
    Forget,
    /// Try a draft of a methodology out on every account.
    Preview,
    /// Hold the scores of past days against what happened.
    Backtest,
    /// Look at the clocks of a ticket that are due soon or broken.
    WatchTicket,
    /// Work the clocks of open tickets out by a new methodology.
    ReworkClocks,
    /// Plan the company's own meetings.
    PlanCadences,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Kind; 12] = [
        Kind::ScoreAll,
        Kind::Fold,
        Kind::Correct,
        Kind::FoldScores,
        Kind::Replay,
        Kind::SettleOverrides,
        Kind::Forget,
        Kind::Preview,
        Kind::Backtest,
        Kind::WatchTicket,
        Kind::ReworkClocks,
        Kind::PlanCadences,
    ];

    /// The word in the database.
    pub fn word(self) -> &'static str {
        match self {
            Kind::ScoreAll => "score_all",
            Kind::Fold => "fold",
            Kind::Correct => "correct",
            Kind::Replay => "replay",
            Kind::SettleOverrides => "settle_overrides",
            Kind::FoldScores => "fold_scores",
            Kind::Forget => "forget",
            Kind::Preview => methodology::preview::JOB,
            Kind::Backtest => "backtest",
            Kind::WatchTicket => tickets::WATCH,
            Kind::ReworkClocks => tickets::REWORK,
            Kind::PlanCadences => PLAN_CADENCES,
        }
    }

    /// Whether it may take minutes. One runner of each process is kept free of such work, so that short work is
    /// done at once.
    pub fn is_long(self) -> bool {
        match self {
            Kind::Fold | Kind::Correct | Kind::FoldScores | Kind::Preview | Kind::Backtest => true,
            Kind::ScoreAll
            | Kind::Replay
            | Kind::SettleOverrides
            | Kind::Forget
            | Kind::WatchTicket
            | Kind::ReworkClocks
            | Kind::PlanCadences => false,
        }
    }

    /// How often it is tried before it is given up, where trying again may help. Twelve tries take some three hours.
    pub fn tries(self) -> i32 {
        match self {
            // Somebody waits for the result, or for the reason why there is none.
            Kind::Preview | Kind::Backtest => 3,
            _ => 12,
        }
    }

    /// The kind of a word.
    pub fn parse(word: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

/// Does one job. All kinds may be done twice without harm.
pub(super) async fn run(app: &App, job: &ClaimedJob) -> Result<()> {
    let work = Work::of_job(app, &job.scope, job.claim);
    let Some(kind) = Kind::parse(&job.kind) else {
        return Err(anyhow::anyhow!("no kind of job is called {:?}", job.kind).into());
    };
    match kind {
        Kind::ScoreAll => {
            // A tenant that is only just being made has nothing to score by yet. Accounts wait until it has.
            if app.methodology(&job.scope).await?.is_some() {
                let today = app.clock.today(job.scope.time_zone());
                app.score_all(&job.scope, today, &work).await?;
            }
        }
        Kind::Fold => {
            let folded = app.fold(&job.scope, &work).await?;
            tracing::info!(folded, "folded days that are over into months");
        }
        Kind::Correct => {
            let corrected = app.correct_scores(&job.scope, &work).await?;
            tracing::info!(corrected, "corrected past scores by late data");
        }
        Kind::Replay => {
            let replayed = replay::replay(&app.db, &app.clock, &job.scope).await?;
            tracing::info!(replayed, "counted messages from quarantine");
        }
        Kind::SettleOverrides => {
            let settled = app.settle_overrides(&job.scope).await?;
            tracing::info!(settled.ended, settled.judged, "settled what was set by hand");
        }
        Kind::FoldScores => {
            let days = app.fold_scores(&job.scope, &work).await?;
            tracing::info!(days, "folded scores into months");
        }
        Kind::Forget => {
            let before = |days| app.clock.now() - chrono::Duration::days(days);
            let mut tx = app.db.write(&job.scope).await?;
            crate::db::jobs::forget_finished(&mut tx, before(30)).await?;
            crate::db::backtests::forget_deleted(&mut tx, before(30)).await?;
            crate::db::webhooks::forget_ended(&mut tx, before(30)).await?;
            crate::db::messages::forget_ended(&mut tx, before(180)).await?;
            tx.commit().await?;
        }
        Kind::Preview => app.make_preview(&job.scope, about(job, "preview")?, &work).await?,
        Kind::Backtest => app.run_backtest(&job.scope, about(job, "backtest")?, &work).await?,
        Kind::WatchTicket => app.watch_ticket(&job.scope, about(job, "ticket")?).await?,
        Kind::ReworkClocks => {
            let reworked = app.rework_clocks(&job.scope).await?;
            tracing::info!(reworked, "worked out the clocks of open tickets");
        }
        Kind::PlanCadences => app.plan_cadences(&job.scope).await?,
    }
    Ok(())
}

/// The id in a job's payload.
fn about(job: &ClaimedJob, key: &str) -> Result<uuid::Uuid> {
    let id = job.payload.get(key).and_then(|id| id.as_str()).and_then(|id| id.parse().ok());
    id.ok_or_else(|| anyhow::anyhow!("a job of kind {} does not say its {key}", job.kind).into())
}
