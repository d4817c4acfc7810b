//! Segments, lifecycle, playbooks, rules, renewals and service levels.

use super::super::super::Id;
use super::super::super::expr::{Level, Name, Ty};
use super::super::super::lifecycle::{Criterion, Moment, Stage, StageSpan};
use super::super::super::playbook::{Playbook, Task, Timing};
use super::super::super::renewal::{Strategy, Timeline};
use super::super::super::rule::{Escalation, Rule};
use super::super::super::segment::Segment;
use super::super::super::sla;
use super::super::schema;
use super::super::types::Text;
use super::{Check, id};

impl Check<'_, '_, '_> {
    pub(super) fn segments(&mut self) {
        let file = self.file;
        self.unique("segment", file.segments.iter().map(|s| &s.id));
        for segment in &file.segments {
            let when = self.optional(segment.when.as_ref(), Level::Facts);
            let advisory = segment.advisory.iter().filter_map(|text| self.condition(text)).collect();
            self.role(segment.coverage.as_ref().and_then(|coverage| coverage.role.as_ref()));
            self.out.segments.push(Segment { id: id(&segment.id), name: id(&segment.name), when, advisory });
        }
        self.reachable("segment", file.segments.iter().map(|s| (&s.id, s.when.is_some())));
    }

    /// In a list where the first match wins, what stands after one without a condition is never reached.
    fn reachable<'t>(&mut self, what: &str, rows: impl Iterator<Item = (&'t Text, bool)>) {
        let mut open_ended = false;
        for (id, has_condition) in rows {
            if open_ended {
                self.error(
                    id.at,
                    format!("the {what} `{id}` is never reached: one before it takes everything"),
                );
            }
            open_ended |= !has_condition;
        }
    }

    pub(super) fn lifecycle(&mut self) {
        let Some(lifecycle) = &self.file.lifecycle else { return };
        self.out.lifecycle.first_day = lifecycle.first_day;
        self.unique("stage", lifecycle.stages.iter().map(|s| &s.id));
        self.unique("moment", lifecycle.moments.iter().map(|m| &m.id));
        self.stage_order(lifecycle);
        for stage in &lifecycle.stages {
            let span = if stage.overlay {
                self.optional(stage.when.as_ref(), Level::Band).map(StageSpan::Overlay)
            } else {
                Some(StageSpan::Days(stage.from.unwrap_or(lifecycle.first_day), stage.to))
            };
            self.distinct("criteria called", stage.exit.iter().map(|c| &c.name));
            let exit =
                stage.exit.iter().map(|c| Criterion { name: id(&c.name), when: self.optional_condition(c) });
            let exit = exit.collect();
            let playbooks =
                stage.playbooks.iter().filter(|p| self.playbook(Some(p)).is_some()).map(id).collect();
            if let Some(span) = span {
                let (id, name) = (id(&stage.id), id(&stage.name));
                self.out.lifecycle.stages.push(Stage { id, name, span, exit, playbooks });
            }
        }
        for moment in &lifecycle.moments {
            let when = self.optional(moment.when.as_ref(), Level::Band);
            self.out.lifecycle.moments.push(Moment { id: id(&moment.id), name: id(&moment.name), when });
        }
    }

    pub(super) fn optional_condition(&mut self, criterion: &schema::ExitCriterion) -> Option<super::Expr> {
        self.optional(criterion.when.as_ref(), Level::Band)
    }

    /// Base stages have days that do not overlap; overlays have a condition.
    fn stage_order(&mut self, lifecycle: &schema::Lifecycle) {
        let mut spans = Vec::new();
        for stage in &lifecycle.stages {
            match (stage.overlay, &stage.when, stage.from) {
                (true, None, _) => self.error(stage.id.at, "an overlay needs `when`"),
                (true, Some(_), _) => {}
                (false, Some(when), _) => {
                    self.error(when.at, "a base stage follows its days; only an overlay has `when`");
                }
                (false, None, None) => {
                    self.error(stage.id.at, format!("the stage `{}` needs `from`", stage.id))
                }
                (false, None, Some(from)) if stage.to.is_some_and(|to| to < from) => {
                    self.error(stage.id.at, format!("the stage `{}` ends before it begins", stage.id));
                }
                (false, None, Some(from)) => spans.push((from, stage.to, &stage.id)),
            }
        }
        spans.sort_by_key(|(from, ..)| *from);
        for pair in spans.windows(2) {
            let ((_, to, before), (from, _, after)) = (pair[0], pair[1]);
            if to.is_none_or(|to| to >= from) {
                self.error(after.at, format!("the stages `{before}` and `{after}` overlap"));
            }
        }
    }

    pub(super) fn playbooks(&mut self) {
        let file = self.file;
        self.unique("playbook", file.playbooks.iter().map(|p| &p.id));
        for playbook in &file.playbooks {
            if let Some(every) = &playbook.every {
                self.cadence(every);
            }
            let goal_when = self.optional(playbook.goal_when.as_ref(), Level::Band);
            let tasks = playbook.tasks.iter().map(|task| self.task(task)).collect();
            self.out.playbooks.push(Playbook {
                id: id(&playbook.id),
                name: id(&playbook.name),
                first_day: playbook.first_day,
                days: playbook.days,
                goal_when,
                tasks,
            });
        }
    }

    fn task(&mut self, task: &schema::Task) -> Task {
        self.role(task.owner.as_ref());
        self.role(task.handoff_to.as_ref());
        let timing = match (task.day, task.lasts) {
            (Some(day), None) => Timing::Days(day.0, day.1),
            (None, Some(days)) => Timing::Lasts(days),
            (None, None) => Timing::Spread,
            (Some(_), Some(_)) => {
                self.error(task.title.at, "a task has `day` or `lasts`, not both");
                Timing::Spread
            }
        };
        Task {
            title: id(&task.title),
            timing,
            done_when: self.optional(task.done_when.as_ref(), Level::Band),
        }
    }

    pub(super) fn rules(&mut self) {
        let file = self.file;
        self.unique("rule", file.rules.iter().map(|rule| &rule.id));
        for rule in &file.rules {
            rule.actions.iter().for_each(|action| self.action(rule, action));
            let escalate =
                rule.escalate.iter().filter_map(|escalation| self.escalation(escalation)).collect();
            if let Some(when) = self.condition(&rule.when) {
                self.out.rules.push(Rule { id: id(&rule.id), name: id(&rule.name), when, escalate });
            }
        }
    }

    fn escalation(&mut self, escalation: &schema::Escalation) -> Option<Escalation> {
        let to = self.role(Some(&escalation.to));
        let when = self.optional(escalation.when.as_ref(), Level::Band);
        let after = escalation.after.as_ref().and_then(|after| self.period(after));
        Some(Escalation { to: to?, when, after })
    }

    fn action(&mut self, rule: &schema::Rule, action: &schema::Action) {
        use schema::Verb;
        self.role(action.owner.as_ref());
        self.role(action.role.as_ref());
        self.playbook(action.playbook.as_ref());
        if let Some(offer) = &action.offer {
            self.position("offer", offer);
        }
        if let Some(template) = &action.template {
            self.position("template", template);
        }
        let missing = match action.verb {
            Verb::Playbook if action.playbook.is_none() => "playbook",
            Verb::Opportunity if action.offer.is_none() => "offer",
            Verb::Email if action.template.is_none() => "template",
            Verb::Cta | Verb::Task if action.title.is_none() => "title",
            _ => return,
        };
        self.error(rule.id.at, format!("an action of the rule `{}` needs `{missing}`", rule.id));
    }

    pub(super) fn renewals(&mut self) {
        let file = self.file;
        self.unique("renewal timeline", file.renewals.iter().map(|r| &r.id));
        self.reachable("renewal timeline", file.renewals.iter().map(|r| (&r.id, r.when.is_some())));
        for renewal in &file.renewals {
            let when = self.optional(renewal.when.as_ref(), Level::Segment);
            let playbook = self.playbook(Some(&renewal.playbook));
            self.unique("strategy", renewal.strategies.iter().map(|s| &s.id));
            self.reachable("strategy", renewal.strategies.iter().map(|s| (&s.id, s.when.is_some())));
            let strategy = |s: &schema::RenewalStrategy| Strategy {
                id: id(&s.id),
                name: id(&s.name),
                when: self.optional(s.when.as_ref(), Level::Band),
            };
            let strategies = renewal.strategies.iter().map(strategy).collect();
            if let Some(playbook) = playbook {
                self.out.renewals.push(Timeline {
                    id: id(&renewal.id),
                    when,
                    window: renewal.window,
                    playbook,
                    strategies,
                });
            }
        }
    }

    pub(super) fn sla(&mut self) {
        let Some(sla) = &self.file.sla else { return };
        self.out.sla.strict = sla.strict;
        let mut seen = Vec::new();
        for level in &sla.levels {
            if seen.contains(&level.id) {
                self.error(level.name.at, format!("there are two levels with the id {}", level.id));
            }
            seen.push(level.id);
            let role = self.role(Some(&level.role));
            let calendar = self.calendar(level.calendar.as_ref());
            if let Some(role) = role {
                self.out.sla.levels.push(sla::Level { id: level.id, role, calendar });
            }
        }
        self.names.set_locals([
            (
                "severity".into(),
                Name::Local(0, Ty::Text(Some(["low", "medium", "high", "critical"].map(Id::from).into()))),
            ),
            ("level".into(), Name::Local(1, Ty::Number)),
        ]);
        for policy in &sla.policies {
            let when = self.optional(policy.when.as_ref(), Level::Band);
            let response = self.period(&policy.response);
            let resolution = policy.resolution.as_ref().and_then(|text| self.period(text));
            let calendar = self.calendar(policy.calendar.as_ref());
            if let Some(response) = response {
                self.out.sla.policies.push(sla::Policy { when, response, resolution, calendar });
            }
        }
        self.names.set_locals([]);
        for channel in &sla.channels {
            self.calendar(channel.calendar.as_ref());
        }
    }

    /// A calendar's id; `always` needs no declaration.
    fn calendar(&mut self, reference: Option<&Text>) -> Option<Id> {
        let reference = reference?;
        if **reference == *sla::ALWAYS {
            return Some(id(reference));
        }
        self.position("calendar", reference).map(|_| id(reference))
    }
}
