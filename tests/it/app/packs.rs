//! The packs that come with Holdfast, as a tenant's methodology.

use holdfast::app::methodology;
use holdfast::db;

use crate::support::{House, track};

#[tokio::test]
async fn every_pack_sets_up_a_tenant_whose_accounts_are_scored() {
    let house = House::new().await;
    for id in methodology::pack_ids() {
        let home = house.tenant_on(&id, &id).await;
        house.accounts(&home, &["a1"]).await;
        house.send(&home, &[track("m1", "Login", "u1", "a1", "2027-03-01T11:00:00Z")]).await;
        house.work().await;
        let in_force = house.app.methodology(&home.scope).await.unwrap().unwrap();
        assert_eq!(in_force.pack_id, id);
        let mut tx = house.app.db.read(&home.scope).await.unwrap();
        let account = db::accounts::find(&mut tx, "a1").await.unwrap().unwrap();
        let band = account.band.unwrap();
        assert!(in_force.tone_of(&band).is_some(), "{id}: {band}");
        assert!(
            account.score.is_some_and(|score| (0.0..=100.0).contains(&score)),
            "{id}: {:?}",
            account.score
        );
    }
}
