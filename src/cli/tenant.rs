//! `holdfast tenant`.

use clap::Subcommand;

use super::apply_pack::{ApplyPack, Parameters, refused};
use super::say;
use crate::app::tenants::NewTenant;
use crate::app::{Actor, App};
use crate::db::platform;

/// Create and list tenants.
#[derive(Debug, Subcommand)]
pub(super) enum Tenant {
    /// Create a tenant and set it up by a methodology pack.
    Create {
        /// Its name; the short name for other commands follows from it.
        name: String,
        /// A pack that comes with Holdfast (`holdfast pack list`), or a pack file.
        #[arg(long)]
        pack: String,
        #[command(flatten)]
        parameters: Parameters,
        /// Short name for commands, if it is to be another.
        #[arg(long)]
        slug: Option<String>,
        /// IANA time zone in which its days begin.
        #[arg(long, default_value = "UTC")]
        time_zone: String,
        /// ISO 4217 currency it adds up in [default: the pack's].
        #[arg(long)]
        currency: Option<String>,
    },
    /// Publish a pack as a tenant's next version, after telling what it changes.
    ApplyPack(ApplyPack),
    /// List tenants: short name and name.
    List,
    /// State an exchange rate into the tenant's currency, so that contracts in another can be added up.
    Rate {
        /// Short name of the tenant.
        #[arg(long)]
        tenant: String,
        /// The other currency.
        currency: String,
        /// Units of the tenant's currency for one unit of it, such as 1.0843.
        rate: String,
    },
}

impl Tenant {
    pub(super) async fn run(self, app: &App) -> anyhow::Result<()> {
        match self {
            Tenant::Create { name, pack, parameters, slug, time_zone, currency } => {
                let source = super::pack::source(&pack)?;
                let new = NewTenant {
                    name: &name,
                    slug: slug.as_deref(),
                    time_zone: &time_zone,
                    currency: currency.as_deref(),
                };
                let (overrides, actor) = (parameters.overrides(), Actor::command_line());
                let created = app.create_tenant_with(&new, &source, &overrides, &actor).await;
                created.map_err(|error| refused(&pack, error))?;
                let scope = app.tenant(&name).await?;
                let mut tx = app.db.platform().await?;
                let rows = platform::tenant_rows(&mut tx).await?;
                let slug = rows.iter().rfind(|row| row.name == name.trim()).map_or("", |row| &row.slug);
                say(format_args!("Created tenant {slug} ({}) with the pack {pack}.", scope.tenant_id()));
            }
            Tenant::ApplyPack(apply) => apply.run(app).await?,
            Tenant::List => {
                let mut tx = app.db.platform().await?;
                for row in platform::tenant_rows(&mut tx).await? {
                    say(format_args!("{}\t{}", row.slug, row.name));
                }
            }
            Tenant::Rate { tenant, currency, rate } => {
                let scope = super::tenant(app, &tenant).await?;
                app.put_rate(&scope, &currency, &rate, &Actor::command_line()).await?;
                say(format_args!("1 {currency} is {rate} {} now.", scope.currency()));
            }
        }
        Ok(())
    }
}
