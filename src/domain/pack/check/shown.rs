//! The sections that are mostly shown: their ids, references and periods.

use chrono::{NaiveDate, NaiveTime};

use super::super::super::lifecycle::Criterion;
use super::super::super::profile::Question;
use super::super::super::sla::Hours;
use super::super::schema::ProfileOption;
use super::super::types::Text;
use super::{Check, id};

impl Check<'_, '_, '_> {
    pub(super) fn shown(&mut self) {
        self.profile();
        self.calendars();
        self.touchpoints();
        self.catalogue();
        let file = self.file;
        self.unique("preset", file.presets.iter().map(|x| &x.id));
        self.unique("report", file.reports.iter().map(|x| &x.id));
        self.unique("template", file.templates.iter().map(|x| &x.id));
        self.unique("success plan", file.success_plans.iter().map(|x| &x.id));
        self.unique("integration", file.integrations.iter().map(|x| &x.id));
        self.unique("guide", file.guides.iter().map(|x| &x.id));
        self.unique("resolution", file.resolutions.iter().map(|x| &x.id));
        self.unique("pipeline", file.pipelines.iter().map(|x| &x.id));
        for pipeline in &file.pipelines {
            self.unique("step", pipeline.steps.iter().map(|x| &x.id));
        }
        if let Some(team) = &file.team {
            self.unique("role", team.roles.iter().map(|x| &x.id));
            team.recognition.iter().for_each(|award| self.cadences([Some(&award.every)]));
        }
    }

    fn cadences<const N: usize>(&mut self, texts: [Option<&Text>; N]) {
        for text in texts.into_iter().flatten() {
            self.cadence(text);
        }
    }

    fn profile(&mut self) {
        let file = self.file;
        self.unique("question", file.profile.iter().map(|x| &x.id));
        for question in &file.profile {
            self.unique("option", question.options.iter().map(|x| &x.id));
            let option =
                |o: &ProfileOption| (id(&o.id), o.when.as_ref().and_then(|when| self.condition(when)));
            let options = question.options.iter().map(option).collect();
            self.out.profile.push(Question {
                id: id(&question.id),
                choose: question.choose == Some(true),
                options,
            });
        }
    }

    fn calendars(&mut self) {
        let time = |text: &Text| NaiveTime::parse_from_str(text, "%H:%M").ok();
        self.unique("calendar", self.file.calendars.iter().map(|(name, _)| name));
        for (name, calendar) in &self.file.calendars {
            let mut days = [false; 7];
            for day in &calendar.days {
                match ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
                    .iter()
                    .position(|known| *known == &**day)
                {
                    Some(i) => days[i] = true,
                    None => self.error(
                        day.at,
                        format!("`{day}` is no day; write mon, tue, wed, thu, fri, sat or sun"),
                    ),
                }
            }
            if !days.contains(&true) && calendar.days.is_whole() {
                self.error(name.at, format!("`{name}` has no working day"));
            }
            let mut holidays: Vec<NaiveDate> = Vec::new();
            for holiday in &calendar.holidays {
                match holiday.parse() {
                    Ok(date) => holidays.push(date),
                    Err(_) => self
                        .error(holiday.at, format!("`{holiday}` is no date; write it like \"2027-12-24\"")),
                }
            }
            holidays.sort();
            match (time(&calendar.open), time(&calendar.close)) {
                (Some(open), Some(close)) if open < close => {
                    self.out.sla.calendars.push(Hours { id: id(name), days, open, close, holidays });
                }
                (Some(_), Some(_)) => {
                    self.error(calendar.close.at, format!("`{name}` closes before it opens"))
                }
                (None, _) => self.error(calendar.open.at, "a time is written like \"09:00\""),
                (_, None) => {
                    self.error(
                        calendar.close.at,
                        "a time is written like \"17:00\", and the day's last is \"23:59\"",
                    );
                }
            }
        }
    }

    fn touchpoints(&mut self) {
        let file = self.file;
        self.unique("touchpoint", file.touchpoints.iter().map(|x| &x.id));
        self.unique("survey", file.surveys.iter().map(|x| &x.id));
        for touchpoint in &file.touchpoints {
            self.cadences([Some(&touchpoint.every), touchpoint.until.as_ref()]);
            touchpoint.segments.iter().for_each(|segment| {
                self.segment(segment);
            });
            touchpoint.report.as_ref().map(|report| self.position("report", report));
        }
        for survey in &file.surveys {
            self.cadences([survey.every.as_ref()]);
        }
    }

    fn catalogue(&mut self) {
        let file = self.file;
        self.unique("offer", file.offers.iter().map(|x| &x.id));
        for offer in &file.offers {
            self.playbook(offer.playbook.as_ref());
        }
        let Some(advocacy) = &file.advocacy else { return };
        self.unique("programme", advocacy.programmes.iter().map(|x| &x.id));
        self.distinct("signs called", advocacy.identify.iter().map(|x| &x.name));
        for sign in &advocacy.identify {
            let when = self.optional_condition(sign);
            self.out.advocacy.push(Criterion { name: id(&sign.name), when });
        }
        for programme in &advocacy.programmes {
            self.playbook(programme.playbook.as_ref());
            self.cadences([programme.every.as_ref()]);
        }
    }
}
