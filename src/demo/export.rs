//! The CSV files a company would bring.

use chrono::NaiveDate;

use super::account::AccountPlan;
use super::contracts::Term;
use super::tenant::TenantPlan;

impl TenantPlan {
    /// `external_id,name,owner_email,start_date,tags,industry,region,website`; tags are joined by `;`,
    /// the last three columns are custom fields.
    pub fn accounts_csv(&self) -> String {
        let head =
            ["external_id", "name", "owner_email", "start_date", "tags", "industry", "region", "website"];
        table(
            head,
            self.accounts.iter().map(|a| {
                [
                    a.external_id.clone(),
                    a.name.clone(),
                    a.owner_email.unwrap_or_default().to_owned(),
                    a.start_date.to_string(),
                    a.tags.join(";"),
                    a.industry.to_owned(),
                    a.region.to_owned(),
                    a.website.clone(),
                ]
            }),
        )
    }

    /// `external_id,account,start_date,term_months,end_date,arr,currency,seats,ended_on`: one of term and
    /// end date is given; `arr` is in major units; `ended_on` is set on contracts that are over.
    ///
    /// As the books are on a day: what ends or is replaced later is not known yet.
    pub fn contracts_csv(&self, day: NaiveDate) -> String {
        self.contracts_table(day, |_| true)
    }

    /// The rows of those accounts whose contracts ended or were replaced on the day; none when there are none such.
    pub fn contracts_changed_csv(&self, day: NaiveDate) -> Option<String> {
        let changed = |account: &AccountPlan| account.contracts.iter().any(|c| c.ended_on == Some(day));
        self.accounts.iter().any(changed).then(|| self.contracts_table(day, changed))
    }

    fn contracts_table(&self, day: NaiveDate, of: impl Fn(&AccountPlan) -> bool) -> String {
        let head = [
            "external_id",
            "account",
            "start_date",
            "term_months",
            "end_date",
            "arr",
            "currency",
            "seats",
            "ended_on",
        ];
        let rows = self.accounts.iter().filter(|a| of(a)).flat_map(|a| {
            let signed = a.contracts.iter().enumerate().filter(move |(at, c)| *at == 0 || c.start <= day);
            signed.map(move |(_, c)| {
                let (months, end) = match c.term {
                    Term::Months(months) => (months.to_string(), String::new()),
                    Term::Until(end) => (String::new(), end.to_string()),
                };
                [
                    c.external_id.clone(),
                    a.external_id.clone(),
                    c.start.to_string(),
                    months,
                    end,
                    c.arr_text(),
                    c.currency.to_owned(),
                    c.seats.to_string(),
                    c.ended_on.filter(|end| *end <= day).map(|day| day.to_string()).unwrap_or_default(),
                ]
            })
        });
        table(head, rows)
    }

    /// `external_id,account,name,email,title,role,champion,departed_on`.
    pub fn contacts_csv(&self) -> String {
        let head = ["external_id", "account", "name", "email", "title", "role", "champion", "departed_on"];
        let rows = self.accounts.iter().flat_map(|a| {
            a.contacts.iter().map(|c| {
                [
                    c.external_id.clone(),
                    a.external_id.clone(),
                    c.name.clone(),
                    c.email.clone(),
                    c.title.to_owned(),
                    c.role.to_owned(),
                    c.champion.to_string(),
                    c.departed_on.map(|day| day.to_string()).unwrap_or_default(),
                ]
            })
        });
        table(head, rows)
    }

    /// `account,metric,date,value` of the days up to `until`; the metrics are [`super::METRICS`].
    pub fn metrics_csv(&self, until: NaiveDate) -> String {
        let rows = self.accounts.iter().flat_map(|a| {
            a.gauges
                .iter()
                .filter(move |g| g.date <= until)
                .map(|g| [a.external_id.clone(), g.metric.to_owned(), g.date.to_string(), g.value.clone()])
        });
        table(["account", "metric", "date", "value"], rows)
    }
}

fn table<const N: usize>(head: [&str; N], rows: impl Iterator<Item = [String; N]>) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(head).expect("memory takes every record of equal length");
    for row in rows {
        writer.write_record(&row).expect("memory takes every record of equal length");
    }
    let bytes = writer.into_inner().expect("memory can always be flushed");
    String::from_utf8(bytes).expect("text in, text out")
}
