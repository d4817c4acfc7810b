//! What came of a preview, put into words.

use super::params::{NONE, Params};
use crate::app::methodology::Draft;
use crate::app::methodology::preview::{Held, Move, Named, Preview, RuleShift, SegmentMoves, Summary};
use crate::db::previews::{self, OutcomeOrder, OutcomeRow};
use crate::web::error::Result;
use crate::web::extract::Member;
use crate::web::ui::{Chip, Column, EmptyState, HealthBadge, Notice, Pager, StatTile, Tone, format};
use crate::web::{Web, paths};

/// Accounts a page.
const SIZE: i64 = 50;

/// What came of it.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Why it no longer says what publishing would do.
    pub outdated: Option<Notice>,
    /// `12 accounts and $1.2M move to another band.`
    pub headline: String,
    /// Accounts in all, as of which day, by whom.
    pub made: String,
    /// Moved, risen, fallen, with and without a score.
    pub tiles: Vec<StatTile>,
    /// From band to band.
    pub matrix: Matrix,
    /// Rules that newly fire or no longer do.
    pub rules: Vec<RuleLine>,
    /// One a segment.
    pub segments: Vec<SegmentLine>,
    /// The list's columns.
    pub columns: Vec<Column>,
    /// Filters in force.
    pub chips: Vec<Chip>,
    /// Shows all accounts, or again only those that move: (label, address).
    pub toggle: (String, String),
    /// The accounts.
    pub accounts: Vec<AccountLine>,
    /// Said instead of accounts.
    pub none: Option<EmptyState>,
    /// Where one is in the list.
    pub pager: Pager,
}

/// Bands now by bands to come.
#[derive(Clone, Debug)]
pub struct Matrix {
    /// Bands to come.
    pub columns: Vec<(Tone, String)>,
    /// Bands now, each with its cells.
    pub rows: Vec<(Tone, String, Vec<Cell>)>,
}

/// Accounts that go from one band to another.
#[derive(Clone, Debug)]
pub struct Cell {
    /// `12`.
    pub accounts: String,
    /// `$1.2M`.
    pub arr: String,
    /// `same`, `up`, `down` or `none`.
    pub class: &'static str,
    /// The list of them.
    pub href: String,
    /// `12 accounts, $1.2M, from Green to Yellow`.
    pub label: String,
}

/// A rule.
#[derive(Clone, Debug)]
pub struct RuleLine {
    /// Its name.
    pub name: String,
    /// For whom it newly fires: (text, revenue, address); none for nobody.
    pub started: Option<(String, String, String)>,
    /// For whom it no longer does.
    pub stopped: Option<(String, String, String)>,
}

impl RuleLine {
    pub(super) fn sides(&self) -> [&Option<(String, String, String)>; 2] {
        [&self.started, &self.stopped]
    }
}

impl SegmentLine {
    pub(super) fn sides(&self) -> [(&(String, String), &'static str); 2] {
        [(&self.up, Tone::Good.class()), (&self.down, Tone::Critical.class())]
    }
}

/// A segment.
#[derive(Clone, Debug)]
pub struct SegmentLine {
    /// Its name.
    pub name: String,
    /// The list of those that move.
    pub href: String,
    /// Accounts in it.
    pub accounts: String,
    /// Accounts and revenue that rise.
    pub up: (String, String),
    /// Accounts and revenue that fall.
    pub down: (String, String),
}

/// An account.
#[derive(Clone, Debug)]
pub struct AccountLine {
    /// Its name.
    pub name: String,
    /// Its health.
    pub href: String,
    /// `$48K`.
    pub arr: String,
    /// Now.
    pub before: HealthBadge,
    /// By the draft.
    pub after: HealthBadge,
    /// `+4.2`.
    pub change: String,
    /// The tone of the change.
    pub tone: Tone,
    /// Rules that newly fire, and that no longer do.
    pub rules: Vec<String>,
}

/// The words of one preview.
struct Words<'a> {
    summary: &'a Summary,
    currency: &'a str,
    here: String,
    params: &'a Params,
}

pub(super) async fn outcome(
    web: &Web,
    member: &Member,
    draft: &Draft,
    (preview, summary): (&Preview, &Summary),
    params: &Params,
) -> Result<Outcome> {
    let here = format!("{}/preview", paths::draft(draft.stored.id));
    let words = Words { summary, currency: member.scope.currency(), here, params };
    let (filter, number) = (params.filter(), params.page.unwrap_or(1).clamp(1, 1_000_000));
    let mut tx = web.app.db.read(&member.scope).await?;
    let total = previews::count(&mut tx, preview.stored.id, &filter).await?;
    let offset = (number - 1) * SIZE;
    let rows = previews::page_by(&mut tx, preview.stored.id, &filter, params.order(), offset, SIZE).await?;
    drop(tx);
    let (now, stored) = (web.app.clock.now(), &preview.stored);
    let pager = Pager::numbered(number, SIZE, total, "account", |page| {
        Params { page: Some(page), ..params.clone() }.href(&words.here)
    });
    let outdated = preview.outdated.as_ref().map(|why| {
        Notice::new(
            Tone::Watch,
            "Out of date.",
            &format!("{why} Try it out again to see what publishing does now."),
        )
    });
    Ok(Outcome {
        outdated,
        headline: headline(summary, words.currency),
        made: format!(
            "{} worked out for {}, {} by {}",
            format::count(summary.all.accounts, "account"),
            format::date(summary.day),
            format::ago(stored.finished_at.unwrap_or(stored.started_at), now),
            stored.started_by
        ),
        tiles: words.tiles(),
        matrix: words.matrix(),
        rules: words.rules(),
        segments: words.segments(),
        columns: words.columns(),
        chips: words.chips(),
        toggle: words.toggle(),
        none: rows.is_empty().then(|| {
            EmptyState::new("check", "No account here", "No account moves, or none that the filters take.")
        }),
        accounts: rows.iter().map(|row| words.account(row)).collect(),
        pager,
    })
}

/// `12 accounts and $1.2M move to another band.`
pub(in crate::web::pages::studio) fn headline(summary: &Summary, currency: &str) -> String {
    let Held { accounts, arr_base_minor, .. } = summary.moved;
    if accounts == 0 {
        return "No account moves to another band.".to_owned();
    }
    let arr = format::money_short(arr_base_minor, currency);
    format!("{} and {arr} move to another band.", format::count(accounts, "account"))
}

impl Words<'_> {
    fn money(&self, held: &Held) -> String {
        format::money_short(held.arr_base_minor, self.currency)
    }

    fn href(&self, params: Params) -> String {
        params.href(&self.here)
    }

    fn tiles(&self) -> Vec<StatTile> {
        let s = self.summary;
        let tile = |name: &str, held: &Held, note: &str| {
            StatTile::new(name, format::number(held.accounts), &format!("{} {note}", self.money(held)))
        };
        let mut tiles = vec![
            tile("Move to another band", &s.moved, "ARR"),
            tile("Score rises", &s.risen, "ARR"),
            tile("Score falls", &s.fallen, "ARR"),
        ];
        tiles.push(if s.lost.accounts > 0 {
            tile("Lose their score", &s.lost, "ARR, no data the draft asks for")
        } else {
            tile("Gain a score", &s.gained, "ARR")
        });
        tiles
    }

    fn tone(named: &Named) -> Tone {
        named.tone.map_or(Tone::None, |tone| Tone::parse(tone.word()))
    }

    /// Where a band stands between best and worst.
    fn rank(bands: &[Named], id: Option<&str>) -> Option<(Tone, usize)> {
        let at = bands.iter().position(|band| Some(band.id.as_str()) == id)?;
        Some((Self::tone(&bands[at]), at))
    }

    /// Whether a move is one for the better, the worse or neither.
    fn direction(&self, before: Option<&str>, after: Option<&str>) -> &'static str {
        let s = self.summary;
        let ranks = (Self::rank(&s.bands_before, before), Self::rank(&s.bands_after, after));
        match ranks {
            _ if before == after => "same",
            (Some(a), Some(b)) if b < a => "up",
            (Some(a), Some(b)) if b > a => "down",
            (Some(_), None) => "down",
            (None, Some(_)) => "up",
            _ => "same",
        }
    }

    fn matrix(&self) -> Matrix {
        let s = self.summary;
        let unscored = |side: fn(&Move) -> &Option<String>| s.bands.iter().any(|one| side(one).is_none());
        let listed = |bands: &[Named], unscored: bool| -> Vec<(Option<String>, Tone, String)> {
            let named = bands.iter().map(|band| (Some(band.id.clone()), Self::tone(band), band.name.clone()));
            named.chain(unscored.then(|| (None, Tone::None, "No score".to_owned()))).collect()
        };
        let columns = listed(&s.bands_after, unscored(|one| &one.after));
        let rows = listed(&s.bands_before, unscored(|one| &one.before));
        let row = |(before, tone, name): (Option<String>, Tone, String)| {
            let cells = columns.iter().map(|(after, _, to)| self.cell(&before, &name, after, to)).collect();
            (tone, name.clone(), cells)
        };
        let rows = rows.into_iter().map(row).collect();
        Matrix { rows, columns: columns.iter().map(|(_, tone, name)| (*tone, name.clone())).collect() }
    }

    fn cell(&self, before: &Option<String>, from: &str, after: &Option<String>, to: &str) -> Cell {
        let found = self.summary.bands.iter().find(|one| one.before == *before && one.after == *after);
        let Some(one) = found else {
            let (accounts, arr, href) = (String::new(), String::new(), String::new());
            return Cell { accounts, arr, class: "none", href, label: String::new() };
        };
        let word = |band: &Option<String>| band.clone().unwrap_or_else(|| NONE.to_owned());
        let (accounts, arr) = (format::number(one.held.accounts), self.money(&one.held));
        Cell {
            label: format!("{}, {arr}, from {from} to {to}", format::count(one.held.accounts, "account")),
            class: self.direction(before.as_deref(), after.as_deref()),
            href: self.href(Params { before: word(before), after: word(after), ..Params::default() }),
            accounts,
            arr,
        }
    }

    fn rules(&self) -> Vec<RuleLine> {
        let said = |held: &Held, params: Params| {
            let text = format::count(held.accounts, "account");
            (held.accounts > 0).then(|| (text, self.money(held), self.href(params)))
        };
        let rule = |shift: &RuleShift| {
            let id = || shift.rule.id.clone();
            RuleLine {
                name: shift.rule.name.clone(),
                started: said(&shift.started, Params { started: id(), ..Params::default() }),
                stopped: said(&shift.stopped, Params { stopped: id(), ..Params::default() }),
            }
        };
        self.summary.rules.iter().map(rule).collect()
    }

    fn segments(&self) -> Vec<SegmentLine> {
        let line = |segment: &SegmentMoves| {
            let sum = |class: Option<&str>| {
                segment.bands.iter().fold((0, 0), |(accounts, arr), one| {
                    let direction = self.direction(one.before.as_deref(), one.after.as_deref());
                    let counts = class.is_none_or(|class| class == direction);
                    let own = if counts { (one.held.accounts, one.held.arr_base_minor) } else { (0, 0) };
                    (accounts + own.0, arr + own.1)
                })
            };
            let said = |(accounts, arr): (i64, i64)| match accounts {
                0 => (String::new(), String::new()),
                n => (format::number(n), format::money_short(arr, self.currency)),
            };
            let id = segment.segment.as_ref().map_or(NONE.to_owned(), |named| named.id.clone());
            SegmentLine {
                name: segment.segment.as_ref().map_or("No segment".to_owned(), |named| named.name.clone()),
                href: self.href(Params { segment: id, ..Params::default() }),
                accounts: format::number(sum(None).0),
                up: said(sum(Some("up"))),
                down: said(sum(Some("down"))),
            }
        };
        self.summary.by_segment.iter().map(line).collect()
    }

    fn columns(&self) -> Vec<Column> {
        let (order, down) = self.params.order();
        let column = |label: &str, word: &str, this: OutcomeOrder, first_down: bool| {
            let sorted = (order == this).then_some(down);
            let next =
                if sorted.map_or(first_down, |down| !down) { format!("-{word}") } else { word.to_owned() };
            let href = self.href(Params { sort: next, page: None, ..self.params.clone() });
            let column = Column::new(label).sortable(href, sorted);
            if this == OutcomeOrder::Name { column } else { column.numeric() }
        };
        vec![
            column("Account", "name", OutcomeOrder::Name, false),
            column("ARR", "arr", OutcomeOrder::Revenue, true),
            column("Now", "before", OutcomeOrder::Before, false),
            column("By the draft", "after", OutcomeOrder::After, false),
            column("Change", "change", OutcomeOrder::Change, false),
            Column::new("Rules"),
        ]
    }

    fn chips(&self) -> Vec<Chip> {
        let (p, s) = (self.params, self.summary);
        let name = |list: &[Named], id: &str| {
            list.iter().find(|named| named.id == id).map_or_else(|| "No score".to_owned(), |n| n.name.clone())
        };
        let rule = |id: &str| {
            let found = s.rules.iter().find(|shift| shift.rule.id == id);
            found.map_or_else(|| id.to_owned(), |shift| shift.rule.name.clone())
        };
        let segment = |id: &str| {
            let mut named = s.by_segment.iter().filter_map(|line| line.segment.as_ref());
            named.find(|named| named.id == id).map_or("No segment".to_owned(), |named| named.name.clone())
        };
        let empty = String::new;
        let all = [
            (
                &p.before,
                format!("Now: {}", name(&s.bands_before, &p.before)),
                Params { before: empty(), ..p.clone() },
            ),
            (
                &p.after,
                format!("Then: {}", name(&s.bands_after, &p.after)),
                Params { after: empty(), ..p.clone() },
            ),
            (
                &p.segment,
                format!("Segment: {}", segment(&p.segment)),
                Params { segment: empty(), ..p.clone() },
            ),
            (
                &p.started,
                format!("Newly fires: {}", rule(&p.started)),
                Params { started: empty(), ..p.clone() },
            ),
            (
                &p.stopped,
                format!("No longer fires: {}", rule(&p.stopped)),
                Params { stopped: empty(), ..p.clone() },
            ),
        ];
        let set = all.into_iter().filter(|(value, ..)| !value.is_empty());
        set.map(|(_, label, without)| Chip::new(label, self.href(Params { page: None, ..without }))).collect()
    }

    fn toggle(&self) -> (String, String) {
        let to = |show: &str| self.href(Params { show: show.to_owned(), page: None, ..self.params.clone() });
        match self.params.show.as_str() {
            "all" => ("Only those that move".to_owned(), to("")),
            _ => ("Show all accounts".to_owned(), to("all")),
        }
    }

    fn account(&self, row: &OutcomeRow) -> AccountLine {
        let badge = |score: Option<f64>, bands: &[Named], band: Option<&str>| {
            let named = bands.iter().find(|named| Some(named.id.as_str()) == band);
            let name = named.map_or("", |named| named.name.as_str());
            // In tenths like the change beside it, so that the three add up to the eye.
            let score = score.map(|score| (score * 10.0).round() / 10.0);
            HealthBadge::new(score, name, named.map_or(Tone::None, Self::tone))
        };
        let change = row.score_before.zip(row.score_after).map(|(before, after)| after - before);
        let rule = |id: &String| {
            let found = self.summary.rules.iter().find(|shift| shift.rule.id == *id);
            found.map_or_else(|| id.clone(), |shift| shift.rule.name.clone())
        };
        let started = row.started.iter().map(|id| format!("+ {}", rule(id)));
        let stopped = row.stopped.iter().map(|id| format!("\u{2212} {}", rule(id)));
        AccountLine {
            name: row.name.clone(),
            href: paths::account_tab(&row.external_id, "health"),
            arr: row.arr_base_minor.map_or_else(String::new, |arr| format::money_short(arr, self.currency)),
            before: badge(row.score_before, &self.summary.bands_before, row.band_before.as_deref()),
            after: badge(row.score_after, &self.summary.bands_after, row.band_after.as_deref()),
            change: change.map_or_else(String::new, format::points),
            tone: match change {
                Some(change) if change > 0.05 => Tone::Good,
                Some(change) if change < -0.05 => Tone::Critical,
                _ => Tone::None,
            },
            rules: started.chain(stopped).collect(),
        }
    }
}
