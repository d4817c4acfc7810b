//! The people of an account.

use chrono::NaiveDate;

use super::dice::Dice;
use super::names::{person, plain};

/// A person at a customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContactPlan {
    /// Unique per tenant.
    pub external_id: String,
    /// Full name.
    pub name: String,
    /// Unique within the account.
    pub email: String,
    /// Position in the customer's company.
    pub title: &'static str,
    /// `champion`, `economic_buyer`, `admin` or `user`.
    pub role: &'static str,
    /// The person who argues for the product within the account.
    pub champion: bool,
    /// Day the person left, if so.
    pub departed_on: Option<NaiveDate>,
}

const TITLES: [(&str, &[&str]); 4] = [
    ("champion", &["Head of Analytics", "Director of Data", "VP Operations", "Insights Lead"]),
    (
        "economic_buyer",
        &["Chief Financial Officer", "Chief Operating Officer", "VP Finance", "Managing Director"],
    ),
    ("admin", &["Data Platform Engineer", "BI Administrator", "IT Manager"]),
    ("user", &["Business Analyst", "Operations Analyst", "Marketing Analyst", "Controller"]),
];

/// Two to six contacts; the first is the champion, who left on `champion_left` if that is given.
pub(super) fn contacts(
    dice: &mut Dice,
    account: &str,
    domain: &str,
    seats: i64,
    champion_left: Option<NaiveDate>,
) -> Vec<ContactPlan> {
    let count = dice.between((2, 3 + (seats / 4).min(3)));
    let mut found: Vec<ContactPlan> = Vec::new();
    for n in 0..count as usize {
        let (role, titles) = TITLES[n.min(TITLES.len() - 1)];
        let name = person(dice);
        let mut email = format!("{}@{domain}", plain(&name, "."));
        if found.iter().any(|other| other.email == email) {
            email = format!("{}.{n}@{domain}", plain(&name, "."));
        }
        found.push(ContactPlan {
            external_id: format!("{account}-P{}", n + 1),
            name,
            email,
            title: dice.pick(titles),
            role,
            champion: n == 0,
            departed_on: if n == 0 { champion_left } else { None },
        });
    }
    found
}
