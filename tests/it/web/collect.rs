//! The tracking endpoints, as SDKs meet them.

use serde_json::json;

use crate::support::{House, track};

#[tokio::test]
async fn an_event_counts_once_and_moves_the_score() {
    let house = House::new().await;
    let home = house.tenant("acme").await;
    house.accounts(&home, &["a1"]).await;
    house.work().await;
    let event = track("m1", "Dashboard Viewed", "u1", "a1", "2027-03-01T11:00:00Z");
    let answer = house.send(&home, &[event.clone(), event.clone()]).await;
    assert_eq!(answer, json!({"success": true, "accepted": 1, "duplicate": 1, "waiting": 0, "rejected": 0}));
    house.set("2027-03-08T12:00:00Z");
    assert_eq!(house.send(&home, &[event]).await["duplicate"], 1);
}
