//! Who looks after what, against the ratio the methodology gives.

use uuid::Uuid;

use super::show::{Day, Load};
use crate::db::portfolio;
use crate::web::paths;
use crate::web::ui::charts::{Part, StackedBar};
use crate::web::ui::{Avatar, format};

/// One row a CSM, most ARR first; accounts without one last.
pub(super) fn rows(of: &Day, shares: &[portfolio::Load]) -> Vec<Load> {
    let mut owners: Vec<Option<Uuid>> = Vec::new();
    for share in shares {
        if !owners.contains(&share.owner_id) {
            owners.push(share.owner_id);
        }
    }
    let of_owner = |owner: Option<Uuid>| shares.iter().filter(move |share| share.owner_id == owner);
    let arr = |owner: &Option<Uuid>| of_owner(*owner).map(|share| share.arr_base_minor).sum::<i64>();
    owners.sort_by_key(|owner| (owner.is_none(), std::cmp::Reverse(arr(owner))));
    owners.iter().map(|owner| row(of, *owner, &of_owner(*owner).collect::<Vec<_>>())).collect()
}

fn row(of: &Day, owner: Option<Uuid>, shares: &[&portfolio::Load]) -> Load {
    let sum = |count: fn(&portfolio::Load) -> i64| shares.iter().map(|share| count(share)).sum::<i64>();
    let (ratio, over) = ratio(of, shares);
    let in_band = |band: Option<&str>| {
        let shares = shares.iter().filter(|share| share.band.as_deref() == band);
        shares.map(|share| share.arr_base_minor).sum::<i64>()
    };
    let bands = of.names.bands();
    let parts = bands.iter().map(|(id, name, tone)| (Some(id.as_str()), name.clone(), *tone));
    let parts = parts.chain([(None, of.names.band(None), of.names.tone(None))]);
    let part = |(band, name, tone): (Option<&str>, String, _)| {
        let arr = in_band(band);
        Part { tone, name, size: arr as f64, text: of.money(arr), note: String::new(), href: None }
    };
    let at_risk = shares.iter().filter(|share| of.names.at_risk(share.band.as_deref()));
    let owner_word = owner.map_or("none".to_owned(), |owner| owner.to_string());
    Load {
        csm: shares.first().and_then(|share| share.owner.as_deref()).map(Avatar::new),
        href: paths::with_query(paths::ACCOUNTS, &[("csm", &owner_word)]),
        accounts: format::number(sum(|share| share.accounts)),
        ratio,
        over,
        arr: of.money(sum(|share| share.arr_base_minor)),
        bands: StackedBar::new("ARR by band", parts.map(part).collect()).bare(),
        at_risk: of.money(at_risk.map(|share| share.arr_base_minor).sum()),
        renewals: format::number(sum(|share| share.renewals)),
    }
}

/// `Mid-market 12 of 20` for each segment with a ratio that the CSM serves, and whether one is exceeded.
fn ratio(of: &Day, shares: &[&portfolio::Load]) -> (String, bool) {
    let Some(in_force) = shares.iter().find(|s| s.owner_id.is_some()).and(of.names.in_force.as_ref()) else {
        return (String::new(), false);
    };
    let (mut texts, mut over) = (Vec::new(), false);
    for segment in in_force.file.segments.iter() {
        let limits = segment.coverage.as_ref().and_then(|coverage| coverage.accounts_per_csm.as_ref());
        let Some(most) = limits.and_then(|limits| limits.max).map(|most| most.value) else { continue };
        let theirs = shares.iter().filter(|share| share.segment.as_deref() == Some(&*segment.id));
        let accounts: i64 = theirs.map(|share| share.accounts).sum();
        if accounts > 0 {
            over |= accounts as f64 > most;
            texts.push(format!(
                "{} {} of {}",
                segment.name,
                format::number(accounts),
                format::decimal(most, 0)
            ));
        }
    }
    (texts.join(", "), over)
}
