//! Row SL-11: what tickets say of support, against what each methodology asks of it.

use std::fmt::Write;

use holdfast::app::members::Role;
use serde_json::json;

use super::talk::{accounts, tell};
use crate::support::House;
use crate::support::html::texts;

// SL-11
#[tokio::test]
async fn escalations_and_answers_in_time_are_held_against_their_targets() {
    let house = House::at("2027-03-20T12:00:00Z").await;
    // 200 tickets, answered after 3.9 hours, of which ten go up a level; 100 of which 99 are answered in time.
    for (pack, n, hours, targets) in [
        (
            "mwrasp",
            200,
            ["15:54"; 2],
            [("Escalation rate", "5 %", "off target"), ("Average first response", "3.9 hours", "on target")]
                .as_slice(),
        ),
        ("techcorp", 100, ["13:00", "17:00"], [("Answered in time", "99 %", "off target")].as_slice()),
    ] {
        let home = house.tenant_on(pack, pack).await;
        accounts(&house, &home, &[("a1", "2026-06-01", 24, 150_000)]).await;
        let mut csv = "external_id,account,opened_at,responded_at,level,priority,status\n".to_owned();
        for n in 0..n {
            let day = format!("2027-03-{:02}", n % 10 + 1);
            writeln!(csv, "T-{n},a1,{day} 12:00,{day} {},1,normal,open", hours[usize::from(n == 0)]).unwrap();
        }
        house.import(&home, "tickets", &csv).await;
        if pack == "mwrasp" {
            for n in 0..10 {
                tell(
                    &house,
                    &home,
                    "POST",
                    &format!("/tickets/T-{n}/escalate"),
                    json!({"reason": "Needs more"}),
                )
                .await;
            }
        }
        house.work().await;
        let email = format!("casey@{pack}.example");
        house.member(&home, &email, Role::Csm).await;
        let page = house.sign_in(&email).await.get("/support").await.text();
        let rows = texts(&page, "table tr");
        for (name, value, state) in targets {
            let said = |row: &&String| row.starts_with(name) && row.contains(value) && row.ends_with(state);
            assert!(rows.iter().any(|row| said(&row)), "{pack}: {name} {value} {state}: {rows:?}");
        }
    }
}
