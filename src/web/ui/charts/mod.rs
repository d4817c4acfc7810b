//! Charts as SVG made by the server. They carry no style attributes (the content security policy forbids
//! them), take their colours from classes, keep their text size at any width because coordinates are
//! percentages, print, and have the same figures as a table behind them.

mod columns;
mod curve;
mod heat;
mod line;
mod scale;
mod spark;
mod stackbar;
mod timeline;
mod waterfall;

pub use columns::{Stack, StackedColumns};
pub use curve::CurveDot;
pub use heat::{HeatCell, HeatMap, HeatRow};
pub use line::{BandRange, Flag, LineChart, Series};
pub use spark::{CountBars, Sparkline};
pub use stackbar::{Part, StackedBar};
pub use timeline::{Moment, Timeline};
pub use waterfall::{Step, Waterfall};
