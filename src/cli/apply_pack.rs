//! `holdfast tenant apply-pack`.

use anyhow::bail;
use clap::Args;

use super::say;
use crate::app::methodology::preview::{Held, Summary};
use crate::app::methodology::{self, Plan, Publishing};
use crate::app::work::Work;
use crate::app::{Actor, App, Error};
use crate::db::TenantScope;
use crate::domain::money::{Currency, Money};
use crate::domain::pack::Overrides;
use crate::domain::pack::compare::{Change, What};

/// Publish a pack as a tenant's next version, after telling what it changes.
#[derive(Debug, Args)]
pub(super) struct ApplyPack {
    /// Short name of the tenant.
    tenant: String,
    /// A pack file, or the id of a pack that comes with Holdfast.
    pack: String,
    #[command(flatten)]
    parameters: Parameters,
    /// Tell what would change and store nothing.
    #[arg(long)]
    dry_run: bool,
    /// Also work out every account by the pack: which scores, bands and rules would change.
    #[arg(long)]
    preview: bool,
    /// Why, for those who look at the versions later.
    #[arg(long, default_value = "")]
    note: String,
    /// Publish even though something in use loses its definition. Data is never deleted.
    #[arg(long)]
    remove_used: bool,
}

/// What is changed of a pack as it is applied.
#[derive(Debug, Args)]
pub(super) struct Parameters {
    /// A parameter of the pack and its value. Several may follow one --set.
    #[arg(long, value_name = "NAME=VALUE", num_args = 1.., value_parser = setting)]
    set: Vec<(String, String)>,
    /// A preset of the pack; --set goes before it.
    #[arg(long)]
    preset: Option<String>,
}

fn setting(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write it as NAME=VALUE")?;
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}

impl Parameters {
    pub(super) fn overrides(self) -> Overrides {
        Overrides { preset: self.preset, set: self.set }
    }
}

/// Words for a pack that cannot be applied: where it is wrong, or which option.
pub(super) fn refused(pack: &str, error: Error) -> anyhow::Error {
    match error {
        Error::Pack(errors) if errors.0.iter().any(|error| error.at.is_some()) => {
            super::pack::refused(pack, &errors)
        }
        Error::Pack(errors) => {
            let texts: Vec<&str> = errors.0.iter().map(|error| error.message.as_str()).collect();
            anyhow::anyhow!("{}", texts.join("; "))
        }
        other => other.into(),
    }
}

impl ApplyPack {
    pub(super) async fn run(self, app: &App) -> anyhow::Result<()> {
        let scope = super::tenant(app, &self.tenant).await?;
        let source = super::pack::source(&self.pack)?;
        let overrides = self.parameters.overrides();
        let plan = app.plan_file(&scope, &source, &overrides).await;
        let plan = plan.map_err(|error| refused(&self.pack, error))?;
        tell(&plan);
        if self.preview && plan.over.is_some() {
            let summary = app.try_out(&scope, &source, &overrides, &Work::unwatched()).await?;
            tell_outcome(&summary, &scope);
        }
        if self.dry_run {
            say("Dry run, nothing was published.");
            return Ok(());
        }
        if let Some(version) = plan.over
            && let Some(current) = app.version(&scope, version).await?
            && (current.source.as_str(), methodology::overrides_of(&current.overrides))
                == (&source, overrides.clone())
        {
            say(format_args!("Version {version} is just this; nothing was published."));
            return Ok(());
        }
        if plan.refusal().is_some() && !self.remove_used {
            bail!(
                "nothing was published, as {} in use would lose its definition; --remove-used publishes it anyway",
                if plan.in_use.len() == 1 { "something" } else { "what is" }
            );
        }
        let how = Publishing { note: &self.note, over: plan.over, remove_used: self.remove_used };
        let version = app.publish_file(&scope, &source, &overrides, &how, &Actor::command_line()).await?;
        say(format_args!(
            "Published version {version}. The server scores every account anew; without one, `holdfast score --tenant \
             {}` does.",
            self.tenant
        ));
        Ok(())
    }
}

fn tell(plan: &Plan) {
    match plan.over {
        Some(over) => say(format_args!("{} ({}) over version {over}:", plan.pack_name, plan.pack_id)),
        None => say(format_args!("{} ({}) as the first version.", plan.pack_name, plan.pack_id)),
    }
    for change in &plan.changes {
        tell_change(change);
    }
    if plan.over.is_some() && plan.changes.is_empty() {
        say("  nothing that decides or is shown differs");
    }
    for (what, names) in [("Metrics", &plan.new_metrics), ("Fields", &plan.new_fields)] {
        if !names.is_empty() {
            say(format_args!("{what} to be added: {}.", names.join(", ")));
        }
    }
    for note in &plan.notes {
        say(format_args!("Note: {note}"));
    }
    if !plan.in_use.is_empty() {
        say("In use, and would lose its definition:");
        for used in &plan.in_use {
            say(format_args!("  {used}"));
        }
    }
}

fn tell_change(change: &Change) {
    let sign = match change.what {
        What::Added => '+',
        What::Removed => '-',
        What::Changed | What::Reordered => '~',
    };
    let id = if change.id.is_empty() || change.id == change.name {
        String::new()
    } else {
        format!(" ({})", change.id)
    };
    say(format_args!("  {sign} {} {}{id}", change.noun, change.name));
    for detail in &change.details {
        let text = |side: &Option<String>| side.clone().unwrap_or_else(|| "nothing".to_owned());
        say(format_args!("      {}: {} -> {}", detail.key, text(&detail.before), text(&detail.after)));
    }
}

fn tell_outcome(summary: &Summary, scope: &TenantScope) {
    let currency: Currency = scope.currency().parse().unwrap_or(Currency::USD);
    let held = |held: &Held| {
        let arr = Money::from_minor(held.arr_base_minor, currency).to_major_f64();
        let unconverted = match held.unconverted {
            0 => String::new(),
            n => format!(", {n} without an exchange rate"),
        };
        format!("{:>7} accounts {arr:>16.0} {}{unconverted}", held.accounts, scope.currency())
    };
    say(format_args!("Every account as of {}:", summary.day));
    for (what, of) in [
        ("in business", &summary.all),
        ("score rises", &summary.risen),
        ("score falls", &summary.fallen),
        ("lose their score", &summary.lost),
        ("gain a score", &summary.gained),
        ("change band", &summary.moved),
    ] {
        say(format_args!("  {what:<24}{}", held(of)));
    }
    for moved in summary.bands.iter().filter(|moved| moved.before != moved.after) {
        let band = |id: &Option<String>| id.clone().unwrap_or_else(|| "none".to_owned());
        let what = format!("{} -> {}", band(&moved.before), band(&moved.after));
        say(format_args!("    {what:<22}{}", held(&moved.held)));
    }
    for shift in &summary.rules {
        let (started, stopped) = (shift.started.accounts, shift.stopped.accounts);
        say(format_args!("  rule {}: newly fires for {started}, no longer for {stopped}", shift.rule.id));
    }
}
