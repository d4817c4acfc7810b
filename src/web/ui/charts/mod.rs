//! Charts as SVG made by the server. They carry no style attributes (the content security policy forbids
//! them), take their colours from classes, keep their text size at any width because coordinates are
//! percentages, print, and have the same figures as a table behind them.

mod bars;
mod bridge;
mod columns;
mod curve;
mod curve_plot;
mod gantt;
mod heat;
mod line;
mod plot;
mod scale;
mod spark;
mod stackbar;
mod timeline;
mod waterfall;

pub use bars::{Bars, Group};
pub use bridge::{BridgeChart, BridgeStep};
pub use columns::{Stack, StackedColumns};
pub use curve::CurveDot;
pub use curve_plot::{CurvePlot, CurveSpot};
pub use gantt::{Gantt, GanttMark, GanttRow};
pub use heat::{HeatCell, HeatMap, HeatRow};
pub use line::{BandRange, Flag, LineChart, Series, Spot};
pub use plot::{Axis, Curve, Plot, Row};
pub use spark::{CountBars, Sparkline};
pub use stackbar::{Part, StackedBar};
pub use timeline::{Moment, Timeline};
pub use waterfall::{Step, Waterfall};

#[cfg(test)]
mod tests {
    use chrono::{Days, NaiveDate};

    use super::*;
    use crate::web::ui::Tone;

    fn today() -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 11, 22).unwrap()
    }

    /// Every place of an SVG attribute such as `x="12.5%"`.
    fn places(html: &str, attribute: &str) -> Vec<f64> {
        let opening = format!(" {attribute}=\"");
        let values = html.split(&opening).skip(1).filter_map(|rest| rest.split('"').next());
        values.filter_map(|value| value.strip_suffix('%')).map(|value| value.parse().unwrap()).collect()
    }

    #[test]
    fn a_waterfall_ends_where_the_score_begins() {
        let step = |cost, tone| Step { name: "m".into(), href: None, cost, tone, text: String::new() };
        let steps = vec![step(25.0, Tone::Critical), step(13.5, Tone::Watch)];
        let html = Waterfall::new(steps, 61.5, "61.5", "Yellow", Tone::Watch).to_string();
        assert!(html.contains(r#"x="75%" width="25%""#), "{html}");
        assert!(html.contains(r#"x="61.5%" width="13.5%""#), "{html}");
        assert!(html.contains(r#"class="sum" width="61.5%""#), "{html}");
    }

    #[test]
    fn gaps_in_the_data_are_gaps_in_the_line() {
        let days: Vec<_> = (0..5).map(|i| today() + Days::new(i)).collect();
        let values = vec![Some(1.0), Some(2.0), None, Some(3.0), Some(4.0)];
        let series = [Series { name: "logins".into(), values: values.clone() }];
        let html = LineChart::new("Logins", &days, &series, 0).to_string();
        let path = html.split(r#"<path class="line s0" d=""#).nth(1).unwrap().split('"').next().unwrap();
        assert_eq!((path.matches('M').count(), path.matches('L').count()), (2, 2), "{path}");
        assert!(!html.contains("class=\"area\""), "an area over a gap would invent data");
        assert_eq!(html.matches("<tr>").count(), 6, "the table behind has every day");

        let spark = Sparkline::new(&values, None, Tone::None, "Logins").to_string();
        assert_eq!(spark.matches('M').count(), 2);
        assert!(!Sparkline::new(&[None, None], None, Tone::None, "").to_string().contains("<svg"));
    }

    #[test]
    fn empty_charts_draw_nothing_that_is_not_a_number() {
        let line = LineChart::new("Nothing", &[], &[], 0).to_string();
        let columns = StackedColumns::new("Nothing", "Month", &[], &[], |v| v.to_string()).to_string();
        let bar = StackedBar::new("Nothing", Vec::new()).to_string();
        let curve = CurveDot::new(&[], Some((3.0, 50.0)), Tone::None, "").to_string();
        for html in [line, columns, bar, curve] {
            assert!(!html.contains("NaN") && !html.contains("inf"), "{html}");
        }
    }

    #[test]
    fn columns_stack_to_their_total() {
        let parts = [(Tone::Critical, "Red".to_owned()), (Tone::Good, "Green".to_owned())];
        let columns = [Stack { label: "Nov".into(), values: vec![25.0, 75.0] }];
        let html = StackedColumns::new("ARR", "Month", &parts, &columns, |v| v.to_string()).to_string();
        assert_eq!(places(&html, "height").iter().sum::<f64>(), 100.0, "{html}");
        assert!(html.contains("<td class=\"num\">100</td>"), "{html}");
    }

    #[test]
    fn a_time_line_keeps_to_its_days_and_lanes() {
        let moment = |day: u64| Moment {
            day: today() + Days::new(day),
            label: "A name that is far too long to print".into(),
            note: "€1M".into(),
            tone: Tone::Risk,
            word: "Orange".into(),
            href: "/accounts/a".into(),
        };
        let many: Vec<_> = (0..40).map(|i| moment(i % 3)).chain([moment(121)]).collect();
        let html = Timeline::new("Renewals", today(), 120, &many).to_string();
        assert_eq!(html.matches("<a href").count(), 40, "day 121 lies outside");
        assert_eq!(html.matches("class=\"label\"").count(), 7, "labels stop where lanes do");
        assert!(places(&html, "x").iter().all(|x| (0.0..=100.0).contains(x)));
    }

    #[test]
    fn the_security_policy_finds_no_style_in_a_chart() {
        let cell = |size| HeatCell { size, text: "€1".into(), note: String::new(), href: None };
        let row = HeatRow {
            label: "SMB".into(),
            cells: vec![cell(0.0), cell(4.0)],
            total: "€1".into(),
            total_note: String::new(),
        };
        let columns = vec![(Tone::Good, "Green".to_owned()), (Tone::Critical, "Red".to_owned())];
        let heat = HeatMap::new("Segment by band", columns, vec![row]).to_string();
        assert!(heat.contains("tone-good h0") && heat.contains("tone-critical h4"), "{heat}");
        let bars = CountBars::new(&[(1_000_000, 1), (0, 0)], "Messages").to_string();
        assert!(bars.contains("class=\"bad\""), "one bad message among a million is seen");
        for html in [heat, bars] {
            assert!(!html.contains("style="), "{html}");
        }
    }
}
