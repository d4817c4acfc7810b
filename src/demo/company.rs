//! The two companies that use Holdfast in the demo.

use chrono::NaiveDate;
use chrono_tz::Tz;

use super::account::account;
use super::cast::{Endangered, Numbers, cast};
use super::dice::Dice;
use super::stories::Story;
use super::tenant::{MemberPlan, TenantPlan};

/// A tenant before its data is made.
pub(super) struct Company {
    slug: &'static str,
    name: &'static str,
    time_zone: Tz,
    currency: &'static str,
    prefix: &'static str,
    members: Vec<MemberPlan>,
    numbers: Numbers,
    endangered: Vec<Endangered>,
    currencies: &'static [(u64, &'static str)],
    unusual: bool,
}

/// The two tenants of the demo.
pub(super) fn companies() -> [Company; 2] {
    [larkfield(), brightwater()]
}

const fn member(email: &'static str, name: &'static str, role: &'static str) -> MemberPlan {
    MemberPlan { email, name, role }
}

fn larkfield() -> Company {
    Company {
        slug: "larkfield",
        name: "Larkfield Analytics",
        time_zone: Tz::America__New_York,
        currency: "USD",
        prefix: "LF",
        members: vec![
            member("casey@larkfield.example", "Casey Thornbury", "csm"),
            member("jun@larkfield.example", "Jun Okafor", "csm"),
            member("mira@larkfield.example", "Mira Solheim", "csm"),
            member("dario@larkfield.example", "Dario Fontanel", "csm"),
            member("aisha@larkfield.example", "Aisha Renwick", "csm"),
            member("tobias@larkfield.example", "Tobias Væring", "csm"),
            member("morgan@larkfield.example", "Morgan Adeyemi", "manager"),
            member("elin@larkfield.example", "Elin Castellan", "executive"),
            member("robin@larkfield.example", "Robin Ashgrove", "admin"),
        ],
        numbers: Numbers {
            steady: 61,
            growth: 16,
            expansion: 10,
            rollout: 10,
            seasonal: 8,
            low_adoption: 13,
            lukewarm: 4,
            slow_decay: 11,
            deep_decay: 4,
            champion_left: 5,
            sudden_stop: 4,
            support_storm: 4,
            churned: 20,
        },
        endangered: vec![
            Endangered {
                name: "Kestrelmoor Shipping Group",
                industry: "Logistics",
                story: Story::ChampionLeft { ago: 18, remaining: 240 },
                arr: 684_000,
                seats: 16,
                renewal_in: 34,
                months: 12,
            },
            Endangered {
                name: "Orrindale Health Network",
                industry: "Healthcare",
                story: Story::SuddenStop { ago: 15 },
                arr: 512_000,
                seats: 15,
                renewal_in: 58,
                months: 24,
            },
            Endangered {
                name: "Vellamar Grocers Alliance",
                industry: "Retail",
                story: Story::SupportStorm { ago: 19, remaining: 380 },
                arr: 935_000,
                seats: 18,
                renewal_in: 76,
                months: 36,
            },
        ],
        currencies: &[(80, "USD"), (12, "EUR"), (8, "GBP")],
        unusual: true,
    }
}

fn brightwater() -> Company {
    Company {
        slug: "brightwater",
        name: "Brightwater",
        time_zone: Tz::Europe__Berlin,
        currency: "EUR",
        prefix: "BW",
        members: vec![
            member("noor@brightwater.example", "Noor Vestergaard", "csm"),
            member("tomas@brightwater.example", "Tomas Rieger", "csm"),
            member("ingrid@brightwater.example", "Ingrid Falkner", "manager"),
            member("elias@brightwater.example", "Elias Morgenroth", "executive"),
            member("robin@larkfield.example", "Robin Ashgrove", "admin"),
        ],
        numbers: Numbers {
            steady: 17,
            growth: 3,
            expansion: 2,
            rollout: 3,
            seasonal: 2,
            low_adoption: 4,
            lukewarm: 1,
            slow_decay: 2,
            deep_decay: 1,
            champion_left: 1,
            sudden_stop: 1,
            support_storm: 1,
            churned: 6,
        },
        endangered: vec![Endangered {
            name: "Fjordvale Elektronik",
            industry: "Technology",
            story: Story::ChampionLeft { ago: 16, remaining: 260 },
            arr: 310_000,
            seats: 12,
            renewal_in: 41,
            months: 12,
        }],
        currencies: &[(75, "EUR"), (15, "USD"), (10, "GBP")],
        unusual: false,
    }
}

impl Company {
    /// Makes everything of the tenant.
    pub(super) fn plan(self, seed: u64, today: NaiveDate) -> TenantPlan {
        let seed = self.prefix.bytes().fold(seed, |seed, byte| seed.rotate_left(9) ^ u64::from(byte));
        let mut dice = Dice::keyed(seed, &[1]);
        let roles = cast(&mut dice, today, self.numbers, &self.endangered, self.currencies, self.unusual);
        let csms: Vec<&'static str> =
            self.members.iter().filter(|m| m.role == "csm").map(|m| m.email).collect();
        let accounts = roles
            .into_iter()
            .enumerate()
            .map(|(n, role)| {
                let mut dice = Dice::keyed(seed, &[2, n as u64]);
                let digital = role.arr < 10_000 && dice.chance(120);
                // The first CSM, whose log-in the demo prints, looks after all accounts in great danger.
                let owner = if role.endangered { csms[0] } else { csms[n % csms.len()] };
                let owner_email = (!digital).then_some(owner);
                account(&mut dice, today, format!("{}-{}", self.prefix, 1001 + n), role, owner_email)
            })
            .collect();
        TenantPlan {
            slug: self.slug,
            name: self.name,
            time_zone: self.time_zone,
            currency: self.currency,
            members: self.members,
            accounts,
            seed,
            today,
        }
    }
}
