//! Bands, caps, indicators and weighted trees.

use super::super::super::expr::{Level, Ty, without_noise};
use super::super::super::health::{Band, Bound, Cap, Curve, Indicator, Model, Node, Step};
use super::super::error::Span;
use super::super::schema;
use super::super::types::{Figure, List, Text};
use super::{Check, id};

/// Most nodes that a pack's models may have together.
pub const MAX_NODES: usize = 1000;

/// Where a node stands, by whatever it has.
fn place(node: &schema::TreeNode) -> Option<Span> {
    let text = node.indicator.as_ref().or(node.id.as_ref()).or(node.name.as_ref());
    text.map(|text| text.at).or(node.weight.map(|weight| weight.at))
}

impl Check<'_, '_, '_> {
    pub(super) fn health(&mut self) {
        let Some(health) = &self.file.health else { return };
        if let Some(every) = &health.every {
            self.period(every);
        }
        self.out.health.round = health.round;
        self.bands(health);
        self.unique("indicator", health.indicators.iter().map(|(key, _)| key));
        for (key, indicator) in &health.indicators {
            let value = self.expr(&indicator.value, &Ty::Any, Level::Renewal);
            let curve = self.curve(key, indicator, value.as_ref().map(|v| v.ty()));
            if let Some((value, curve)) = value.zip(curve) {
                self.out.health.indicators.push(Indicator {
                    id: id(key),
                    name: id(&indicator.name),
                    value,
                    curve,
                });
            }
        }
        self.unique("model", health.models.iter().map(|model| &model.id));
        let mut total = 0;
        for model in &health.models {
            let primary = self.optional(model.primary.as_ref(), Level::Scores);
            let mut nodes = Vec::new();
            self.siblings(health, &model.id, &model.tree, None, 0, &mut nodes);
            if nodes.is_empty() && model.tree.is_whole() {
                self.error(model.id.at, "a model needs an indicator");
            }
            if total <= MAX_NODES && total + nodes.len() > MAX_NODES {
                self.error(model.id.at, format!("models may have {MAX_NODES} nodes at most, all together"));
            }
            total += nodes.len();
            self.out.health.models.push(Model { id: id(&model.id), name: id(&model.name), primary, nodes });
        }
        for cap in &health.caps {
            let at_most = self.position("band", &cap.at_most);
            let when = self.expr(&cap.when, &Ty::Bool, Level::Health);
            if let Some((at_most, when)) = at_most.zip(when) {
                self.out.health.caps.push(Cap { when, at_most, why: id(&cap.why) });
            }
        }
    }

    fn bands(&mut self, health: &schema::Health) {
        self.unique("band", health.bands.iter().map(|band| &band.id));
        let mut last: Option<f64> = None;
        for (i, band) in health.bands.iter().enumerate() {
            let bound = match (band.from, band.above) {
                (Some(from), None) => Some((Bound::From(from.value), from.at)),
                (None, Some(above)) => Some((Bound::Above(above.value), above.at)),
                (None, None) => None,
                (Some(_), Some(above)) => {
                    self.error(above.at, "a band has `from` or `above`, not both");
                    None
                }
            };
            match (bound, i + 1 == health.bands.len()) {
                (None, false) => {
                    self.error(band.id.at, format!("the band `{}` needs `from` or `above`", band.id))
                }
                (Some((_, at)), true) => {
                    self.error(at, "the last band takes all that is left and has no bound")
                }
                (Some((bound, at)), false) => {
                    let figure = bound.figure();
                    if last.is_some_and(|last| figure >= last) {
                        self.error(at, "bands stand best first: each bound is lower than the one before");
                    }
                    if !(0.0..=100.0).contains(&figure) {
                        self.error(at, "a band's bound is within 0 to 100");
                    }
                    last = Some(figure);
                }
                (None, true) => {}
            }
            let escalate_to = self.role(band.escalate_to.as_ref());
            self.out.health.bands.push(Band {
                id: id(&band.id),
                name: id(&band.name),
                colour: id(&band.colour),
                bound: bound.map(|(bound, _)| bound),
                escalate_to,
            });
        }
    }

    fn curve(&mut self, key: &Text, indicator: &schema::Indicator, ty: Option<&Ty>) -> Option<Curve> {
        let curve = match (&indicator.steps, &indicator.map, &indicator.linear) {
            (Some(steps), None, None) => {
                let steps: Vec<Step> = steps.iter().filter_map(|step| self.step(step)).collect();
                Curve::Steps(steps.into())
            }
            (None, Some(map), None) => {
                Curve::Map(map.iter().map(|(value, score)| (id(value), score.value)).collect())
            }
            (None, None, Some(linear)) => Curve::Linear { zero: linear.zero.value, full: linear.full.value },
            _ => {
                self.error(key.at, format!("`{key}` needs one of steps, map and linear"));
                return None;
            }
        };
        if let Err(error) = curve.check() {
            let step = error.at.zip(indicator.steps.as_ref()).and_then(|(i, steps)| steps.get(i));
            let value = error.at.zip(indicator.map.as_ref()).and_then(|(i, map)| map.get_index(i));
            let at = step.map(|step| step.score.at).or(value.map(|(_, score)| score.at)).unwrap_or(key.at);
            if indicator.steps.as_ref().is_none_or(List::is_whole) {
                self.error(at, format!("`{key}`: {error}"));
            }
        }
        let number = !matches!(curve, Curve::Map(_));
        match ty {
            Some(ty @ (Ty::Text(_) | Ty::Bool)) if number => {
                self.error(
                    indicator.value.at,
                    format!("this curve scores a number, but this is {}", ty.word()),
                );
            }
            Some(Ty::Number | Ty::Duration) if !number => {
                self.error(indicator.value.at, "a map scores texts and truth values, but this is a number");
            }
            Some(Ty::Text(Some(values))) => {
                for (value, _) in indicator.map.iter().flat_map(|map| map.iter()) {
                    self.one_of("value", value, values);
                }
            }
            _ => {}
        }
        Some(curve)
    }

    fn step(&mut self, step: &schema::Step) -> Option<Step> {
        let bounds = [
            step.from.map(|f| (Bound::From(f.value), f.at)),
            step.above.map(|f| (Bound::Above(f.value), f.at)),
            step.upto.map(|f| (Bound::Upto(f.value), f.at)),
            step.below.map(|f| (Bound::Below(f.value), f.at)),
        ];
        let mut given = bounds.into_iter().flatten();
        let bound = given.next();
        if let Some((_, at)) = given.next() {
            self.error(at, "a step has one bound");
            return None;
        }
        let label = step.label.as_ref().map(id);
        Some(Step { bound: bound.map(|(bound, _)| bound), score: step.score.value, label })
    }

    fn siblings(
        &mut self,
        health: &schema::Health,
        model: &Text,
        nodes: &List<schema::TreeNode>,
        parent: Option<u16>,
        depth: u8,
        out: &mut Vec<Node>,
    ) {
        let total = self.total_weight(nodes);
        for node in nodes {
            if out.len() > MAX_NODES {
                return;
            }
            let weight = match (total, node.weight) {
                (Some(total), Some(weight)) => weight.value / total,
                _ => 1.0 / nodes.len() as f64,
            };
            let at = out.len() as u16;
            match (&node.indicator, &node.children) {
                (Some(reference), None) => {
                    let Some(position) = self.position("indicator", reference) else { continue };
                    let name = node.name.as_ref().unwrap_or(&health.indicators[position].1.name);
                    let own = node.id.as_ref().unwrap_or(reference);
                    out.push(Node {
                        id: id(own),
                        name: id(name),
                        parent,
                        depth,
                        weight,
                        indicator: Some(position),
                    });
                }
                (None, Some(children)) => {
                    let Some((own, name)) = node.id.as_ref().zip(node.name.as_ref()) else {
                        let at = place(node).or_else(|| children.first().and_then(place));
                        self.error(at.unwrap_or(model.at), "a node with children needs an id and a name");
                        continue;
                    };
                    if children.is_empty() && children.is_whole() {
                        self.error(own.at, format!("`{own}` has no children"));
                    }
                    out.push(Node { id: id(own), name: id(name), parent, depth, weight, indicator: None });
                    self.siblings(health, model, children, Some(at), depth + 1, out);
                }
                _ => {
                    self.error(place(node).unwrap_or(model.at), "a node has an indicator or children");
                }
            }
        }
    }

    /// What the siblings' weights add up to, 1 or 100; none if they share equally.
    fn total_weight(&mut self, nodes: &List<schema::TreeNode>) -> Option<f64> {
        let given: Vec<Figure> = nodes.iter().filter_map(|node| node.weight).collect();
        let first = given.first()?;
        if given.len() < nodes.len() {
            self.error(first.at, "either every sibling has a weight or none has");
            return None;
        }
        if let Some(negative) = given.iter().find(|weight| weight.value < 0.0) {
            self.error(negative.at, "a weight cannot be negative");
        }
        let sum = without_noise(given.iter().map(|weight| weight.value).sum());
        if sum != 1.0 && sum != 100.0 && nodes.is_whole() {
            self.error(first.at, format!("weights sum to {sum}, expected 1 or 100"));
        }
        Some(sum)
    }
}
