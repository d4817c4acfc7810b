//! Packs made to break Holdfast store nothing, and what was in force stays in force.

use holdfast::app::methodology::Publishing;
use holdfast::app::tenants::NewTenant;
use holdfast::app::{Actor, Error};
use holdfast::db;
use holdfast::domain::pack::Overrides;

use crate::support::House;

#[tokio::test]
async fn a_hostile_pack_stores_nothing() {
    let house = House::new().await;
    let home = house.tenant("acme").await;
    let head = "schema: 1\npack: {id: a, name: A}\n";
    let actor = Actor::command_line();
    for source in [
        "a".repeat(10_000_000),
        "[".repeat(100_000),
        format!("{head}inputs:\n  Big: {{kind: attribute, type: text}}\n"),
        format!("{head}inputs:\n  {}: {{kind: gauge, type: number}}\n", "x".repeat(70)),
        format!("{head}inputs:\n  a: {{kind: gauge, type: number, from: a}}\n"),
        format!("{head}segments: [{{id: s, name: \"S\\0\"}}]\n"),
        format!("{head}segments: [{{id: s, name: S, when: \"{}true\"}}]\n", "not ".repeat(10_000)),
    ] {
        let new = NewTenant { name: "Evil", slug: None, time_zone: "UTC", currency: None };
        let made = house.app.create_tenant(&new, &source, &actor).await;
        assert!(matches!(made, Err(Error::Pack(_))), "{made:?}");
        let applied = house
            .app
            .publish_file(&home.scope, &source, &Overrides::default(), &Publishing::default(), &actor)
            .await;
        assert!(matches!(applied, Err(Error::Pack(_))), "{applied:?}");
    }
    assert!(matches!(house.app.tenant("evil").await, Err(Error::NotFound)));
    let mut tx = house.app.db.read(&home.scope).await.unwrap();
    assert_eq!(db::methodologies::published_version(&mut tx).await.unwrap(), Some(1));
    assert!(db::metrics::find(&mut tx, "a").await.unwrap().is_none());
}

#[tokio::test]
async fn odd_but_sound_packs_are_applied() {
    let house = House::new().await;
    for (slug, source) in [
        ("bare", "schema: 1\npack: {id: a, name: A}\n"),
        ("bom", "\u{feff}schema: 1\r\npack: {id: לקוח, name: 顧客の成功 🦀, currency: eur}\r\n"),
    ] {
        let new = NewTenant { name: slug, slug: None, time_zone: "UTC", currency: None };
        let scope = house.app.create_tenant(&new, source, &Actor::command_line()).await.unwrap();
        assert!(house.app.methodology(&scope).await.unwrap().is_some());
    }
}
