//! `holdfast pack`: methodology packs, without any database.

use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};

use super::{say, say_error};
use crate::app::methodology;
use crate::domain::cases::{self, Case, CaseError};
use crate::domain::pack::{self, Overrides, Pack as Loaded};

/// Check, show and try out methodology packs.
#[derive(Debug, Subcommand)]
pub(super) enum Pack {
    /// Say everything that is wrong with a pack, also with each of its presets.
    Check(Chosen),
    /// List the packs that come with Holdfast.
    List,
    /// Print the file of a pack.
    Show {
        /// A pack that comes with Holdfast, or a pack file.
        #[arg(value_name = "FILE|ID")]
        pack: String,
    },
    /// Work out invented accounts by a pack and print the results as JSON.
    Eval(Eval),
}

/// A pack with parameters of one's own.
#[derive(Debug, Args)]
pub(super) struct Chosen {
    /// A pack that comes with Holdfast, or a pack file.
    #[arg(value_name = "FILE|ID")]
    pack: String,
    /// A preset of the pack.
    #[arg(long)]
    preset: Option<String>,
    /// Set a parameter; may be given several times.
    #[arg(long, value_name = "NAME=VALUE", value_parser = assignment)]
    set: Vec<(String, String)>,
}

#[derive(Debug, Args)]
pub(super) struct Eval {
    #[command(flatten)]
    chosen: Chosen,
    /// File of cases, in YAML or JSON.
    #[arg(long, value_name = "FILE")]
    cases: String,
    /// Compare with what the cases expect instead of printing results; fails if anything differs.
    #[arg(long)]
    check: bool,
}

fn assignment(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("expected NAME=VALUE")?;
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}

impl Pack {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Pack::Check(chosen) => chosen.check(),
            Pack::List => list(),
            Pack::Show { pack } => {
                say(source(&pack)?.trim_end());
                Ok(ExitCode::SUCCESS)
            }
            Pack::Eval(eval) => eval.run(),
        }
    }
}

impl Chosen {
    fn overrides(&self) -> Overrides {
        Overrides { preset: self.preset.clone(), set: self.set.clone() }
    }

    fn load(&self, source: &str) -> anyhow::Result<Loaded> {
        pack::load(source, &self.overrides()).map_err(|errors| refused(&self.pack, &errors))
    }

    fn check(&self) -> anyhow::Result<ExitCode> {
        let source = source(&self.pack)?;
        let loaded = self.load(&source)?;
        if self.preset.is_none() {
            for preset in &loaded.file.presets {
                let overrides = Overrides { preset: Some(preset.id.to_string()), ..self.overrides() };
                pack::load(&source, &overrides).map_err(|errors| {
                    refused(&format!("{} with the preset {}", self.pack, preset.id), &errors)
                })?;
            }
        }
        say(format_args!("{} holds together: {}.", self.pack, counts(&loaded)));
        Ok(ExitCode::SUCCESS)
    }
}

pub(super) fn refused(pack: &str, errors: &pack::PackErrors) -> anyhow::Error {
    let n = errors.0.len();
    anyhow::anyhow!("{pack} has {n} {}\n\n{errors}", if n == 1 { "error" } else { "errors" })
}

/// The sections a pack fills, with how much is in them.
fn counts(pack: &Loaded) -> String {
    let file = &pack.file;
    let health = file.health.as_ref();
    let counted = [
        (file.segments.len(), "segment"),
        (file.lifecycle.as_ref().map_or(0, |l| l.stages.len()), "stage"),
        (file.inputs.len(), "input"),
        (health.map_or(0, |h| h.indicators.len()), "indicator"),
        (health.map_or(0, |h| h.models.len()), "health model"),
        (file.playbooks.len(), "playbook"),
        (file.rules.len(), "rule"),
        (file.renewals.len(), "renewal timeline"),
        (file.sla.as_ref().map_or(0, |sla| sla.policies.len()), "service level"),
        (file.value_models.len(), "value model"),
        (file.kpis.len(), "KPI"),
        (file.touchpoints.len(), "touchpoint"),
        (file.parameters.len(), "parameter"),
        (file.presets.len(), "preset"),
    ];
    let filled = counted.into_iter().filter(|(n, _)| *n > 0);
    let words = filled.map(|(n, what)| format!("{n} {what}{}", if n == 1 { "" } else { "s" }));
    let words: Vec<String> = words.collect();
    if words.is_empty() { "nothing but a name".to_owned() } else { words.join(", ") }
}

fn list() -> anyhow::Result<ExitCode> {
    for id in methodology::pack_ids() {
        let loaded = pack::load(&source(&id)?, &Overrides::default())?;
        let meta = &loaded.file.pack;
        let summary =
            meta.summary.as_deref().map(|summary| format!("\n{:16}{summary}", "")).unwrap_or_default();
        say(format_args!("{id:<16}{}{summary}", meta.name));
    }
    Ok(ExitCode::SUCCESS)
}

impl Eval {
    fn run(self) -> anyhow::Result<ExitCode> {
        let source = source(&self.chosen.pack)?;
        let loaded = self.chosen.load(&source)?;
        let text =
            std::fs::read_to_string(&self.cases).with_context(|| format!("{} cannot be read", self.cases))?;
        let cases = cases::read(&text).with_context(|| format!("{} has no cases", self.cases))?;
        let own = |case: &Result<Case, CaseError>| match case {
            Ok(case) => case.pack.as_deref().is_none_or(|pack| *pack == *loaded.file.pack.id),
            Err(_) => true,
        };
        let (mut results, mut differences, mut faults, mut checked) = (Vec::new(), 0, 0, 0);
        for case in cases.into_iter().filter(own) {
            let answered = case.and_then(|case| Ok((self.answer(&case, &source, &loaded)?, case)));
            let (answer, case) = match answered {
                Ok(answered) => answered,
                Err(fault) => {
                    say_error(&fault.into());
                    faults += 1;
                    continue;
                }
            };
            if self.check {
                let expect = case.expect.unwrap_or_default();
                checked += 1;
                for difference in cases::differences(&expect, &answer) {
                    say(format_args!("{}: {difference}", case.id));
                    differences += 1;
                }
            } else {
                results.push(serde_json::json!({"id": case.id, "result": answer}));
            }
        }
        if self.check {
            say(format_args!("{checked} cases checked, {differences} differences."));
        } else {
            say(serde_json::to_string_pretty(&results)?);
        }
        Ok(if faults + differences == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    /// Works a case out, with the pack as the command line and then the case want it.
    fn answer(
        &self,
        case: &Case,
        source: &str,
        loaded: &Loaded,
    ) -> Result<serde_json::Map<String, serde_json::Value>, CaseError> {
        if case.overrides == Overrides::default() {
            return case.answer(loaded);
        }
        let mut overrides = self.chosen.overrides();
        overrides.preset = case.overrides.preset.clone().or(overrides.preset);
        overrides.set.extend(case.overrides.set.iter().cloned());
        let own = pack::load(source, &overrides);
        case.answer(&own.map_err(|errors| CaseError { id: case.id.clone(), message: errors.to_string() })?)
    }
}

/// The text of a pack that comes with Holdfast, by its id, or of a file.
pub(super) fn source(name: &str) -> anyhow::Result<String> {
    if let Some(source) = methodology::pack_source(name) {
        return Ok(source);
    }
    if !std::path::Path::new(name).exists() {
        bail!("there is no pack {name:?}; Holdfast comes with: {}", methodology::pack_ids().join(", "));
    }
    let file = std::fs::read(name).with_context(|| format!("{name} cannot be read"))?;
    Ok(pack::text(&file).with_context(|| format!("{name} cannot be read"))?.to_owned())
}
