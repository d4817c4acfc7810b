//! Which accounts of a preview are listed, in which order, and the address that says so.

use serde::Deserialize;

use crate::db::previews::{OutcomeFilter, OutcomeOrder};
use crate::web::paths;

/// How the address says "no band".
pub(super) const NONE: &str = "none";

/// Which accounts, in which order.
#[derive(Debug, Default, Clone, Deserialize)]
pub struct Params {
    #[serde(default)]
    pub(super) before: String,
    #[serde(default)]
    pub(super) after: String,
    #[serde(default)]
    pub(super) segment: String,
    #[serde(default)]
    pub(super) started: String,
    #[serde(default)]
    pub(super) stopped: String,
    /// `all` shows accounts that stay in their band as well.
    #[serde(default)]
    pub(super) show: String,
    /// `change`, `-change`, `name`, `before`, `after`, `arr`.
    #[serde(default)]
    pub(super) sort: String,
    pub(super) page: Option<i64>,
}

impl Params {
    pub(super) fn filter(&self) -> OutcomeFilter {
        let band = |word: &str| match word {
            "" => None,
            NONE => Some(None),
            id => Some(Some(id.to_owned())),
        };
        let rule = |id: &str| (!id.is_empty()).then(|| id.to_owned());
        let by_rule = !self.started.is_empty() || !self.stopped.is_empty();
        let by_bands = !self.before.is_empty() && !self.after.is_empty();
        OutcomeFilter {
            band_before: band(&self.before),
            band_after: band(&self.after),
            segment_before: band(&self.segment),
            started: rule(&self.started),
            stopped: rule(&self.stopped),
            moved: self.show != "all" && !by_rule && !by_bands,
        }
    }

    pub(super) fn order(&self) -> (OutcomeOrder, bool) {
        let (word, down) = match self.sort.strip_prefix('-') {
            Some(word) => (word, true),
            None => (self.sort.as_str(), false),
        };
        match word {
            "name" => (OutcomeOrder::Name, down),
            "before" => (OutcomeOrder::Before, down),
            "after" => (OutcomeOrder::After, down),
            "change" => (OutcomeOrder::Change, down),
            "arr" => (OutcomeOrder::Revenue, down),
            _ => (OutcomeOrder::Revenue, true),
        }
    }

    pub(super) fn href(&self, here: &str) -> String {
        let page = self.page.filter(|page| *page > 1).map_or_else(String::new, |page| page.to_string());
        let pairs = [
            ("before", self.before.as_str()),
            ("after", &self.after),
            ("segment", &self.segment),
            ("started", &self.started),
            ("stopped", &self.stopped),
            ("show", &self.show),
            ("sort", &self.sort),
            ("page", &page),
        ];
        paths::with_query(here, &pairs) + "#accounts"
    }
}
