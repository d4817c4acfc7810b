//! Value models and KPIs.

use std::collections::HashSet;
use std::sync::Arc;

use super::super::super::Id;
use super::super::super::expr::{Level, Name, Names, Ty, Use};
use super::super::super::kpi::Kpi;
use super::super::super::value_model::{Driver, Outcome, ValueModel};
use super::super::schema;
use super::{Check, id};

/// The names that a value model's formulas mention and that are not its own.
pub(super) fn mentioned(model: &schema::ValueModel) -> Vec<String> {
    let drivers = || model.gains.iter().chain(&model.costs);
    let mut own: HashSet<&str> = model.constants.iter().map(|(name, _)| &**name).collect();
    let formulas = drivers().flat_map(|driver| Names::mentioned(&driver.formula));
    let mut names: HashSet<String> = formulas.filter(|name| !own.contains(&**name)).collect();
    own.extend(model.results.iter().map(|(name, _)| &**name).chain(drivers().map(|driver| &*driver.id)));
    let results = model.results.iter().flat_map(|(_, formula)| Names::mentioned(formula));
    names.extend(results.filter(|name| !own.contains(&**name)));
    let mut names: Vec<String> = names.into_iter().collect();
    names.sort();
    names
}

impl Check<'_, '_, '_> {
    pub(super) fn value_model(&mut self, position: usize) {
        let model = &self.file.value_models[position];
        let drivers = || model.gains.iter().chain(&model.costs);
        let own = model.constants.iter().map(|(name, _)| name).chain(drivers().map(|d| &d.id));
        self.unique("name", own.chain(model.results.iter().map(|(name, _)| name)));
        let mut groups: Vec<Id> = Vec::new();
        for group in drivers().filter_map(|d| d.group.as_ref()) {
            if !groups.iter().any(|known| **known == **group) {
                groups.push(id(group));
            }
        }
        let mut locals: Vec<Id> = model.constants.iter().map(|(name, _)| id(name)).collect();
        self.locals(&locals);
        let mut reach = Reach::default();
        let gains = model.gains.iter().filter_map(|d| self.driver(d, &groups, &mut reach)).collect();
        let costs = model.costs.iter().filter_map(|d| self.driver(d, &groups, &mut reach)).collect();
        locals.extend(drivers().map(|d| id(&d.id)));
        locals.extend(["gain", "cost"].map(Id::from));
        let results = self.results(model, locals, &mut reach);
        self.names.set_locals([]);
        let uses: Arc<[Use]> = reach.uses.into();
        for (i, (name, _)) in model.results.iter().enumerate() {
            let meaning = Name::Outcome(position as u16, i as u16, reach.level, uses.clone());
            self.names.add(&format!("{}.{name}", model.id), meaning);
        }
        let constants = model.constants.iter().map(|(name, n)| (id(name), n.value)).collect();
        let compiled =
            ValueModel { id: id(&model.id), name: id(&model.name), constants, gains, costs, groups, results };
        self.value_models.push((position, compiled));
    }

    fn driver(&mut self, driver: &schema::ValueDriver, groups: &[Id], reach: &mut Reach) -> Option<Driver> {
        let formula = self.expr(&driver.formula, &Ty::Number, Level::Band)?;
        reach.take(formula.level(), formula.uses());
        let group = driver.group.as_ref().and_then(|g| groups.iter().position(|known| **known == **g));
        Some(Driver { id: id(&driver.id), name: id(&driver.name), group, formula })
    }

    fn results(
        &mut self,
        model: &schema::ValueModel,
        mut locals: Vec<Id>,
        reach: &mut Reach,
    ) -> Vec<Outcome> {
        let mut results = Vec::new();
        self.locals(&locals);
        for (name, text) in &model.results {
            if let Some(formula) = self.expr(text, &Ty::Number, Level::Band) {
                reach.take(formula.level(), formula.uses());
                let target = model.targets.get(name).and_then(|target| self.target(target));
                results.push(Outcome { id: id(name), formula, target });
            }
            self.names.add_local(name, Name::Local(locals.len() as u16, Ty::Number));
            locals.push(id(name));
        }
        let known: Vec<Id> = model.results.iter().map(|(name, _)| id(name)).collect();
        for (name, _) in &model.targets {
            self.one_of("result", name, &known);
        }
        results
    }

    fn locals(&mut self, names: &[Id]) {
        let number = |(i, name): (usize, &Id)| (Box::from(&**name), Name::Local(i as u16, Ty::Number));
        self.names.set_locals(names.iter().enumerate().map(number));
    }

    pub(super) fn kpis(&mut self) {
        let file = self.file;
        self.unique("value model", file.value_models.iter().map(|m| &m.id));
        self.unique("KPI", file.kpis.iter().map(|kpi| &kpi.id));
        for kpi in &file.kpis {
            let formula = self.expr(&kpi.formula, &Ty::Number, Level::Band);
            let target = kpi.target.as_ref().and_then(|target| self.target(target));
            let mut by_segment = Vec::new();
            for (segment, text) in &kpi.by_segment {
                let target = self.target(text);
                by_segment.extend(self.segment(segment).zip(target));
            }
            if let Some(formula) = formula {
                self.out.kpis.push(Kpi { id: id(&kpi.id), name: id(&kpi.name), formula, target, by_segment });
            }
        }
    }
}

/// How far evaluation must have come for a value model, and what it reads.
#[derive(Default)]
struct Reach {
    level: Level,
    uses: Vec<Use>,
}

impl Reach {
    fn take(&mut self, level: Level, uses: &[Use]) {
        self.level = self.level.max(level);
        for used in uses {
            match self.uses.iter_mut().find(|known| known.input == used.input) {
                Some(known) => known.days = known.days.max(used.days),
                None => self.uses.push(*used),
            }
        }
    }
}
