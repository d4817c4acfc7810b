//! Today, the list of accounts and the pages of one, as a browser meets them.

use holdfast::app::members::Role;
use holdfast::app::work::Work;
use scraper::{Html, Selector};

use crate::support::html::texts;
use crate::support::{Browser, Home, House, track};

/// Two companies; the first has two accounts, of which `a1` used the product for a month and then stopped.
async fn houses() -> (House, Home, Browser) {
    let house = House::new().await;
    let home = house.tenant("acme").await;
    house.accounts(&home, &["a1", "a2"]).await;
    house.work().await;
    for day in 1..=31 {
        house.set(&format!("2027-03-{day:02}T12:00:00Z"));
        let time = format!("2027-03-{day:02}T11:00:00Z");
        let users = if day <= 24 { 8 } else { 0 };
        let events: Vec<_> = (0..users)
            .map(|n| track(&format!("m{day}-{n}"), "Dashboard Viewed", &format!("u{n}"), "a1", &time))
            .collect();
        if !events.is_empty() {
            house.send(&home, &events).await;
        }
        house.app.score_all(&home.scope, time[..10].parse().unwrap(), &Work::unwatched()).await.unwrap();
    }
    house.work().await;
    house.member(&home, "casey@acme.example", Role::Csm).await;
    let other = house.tenant("other").await;
    house.accounts(&other, &["b1"]).await;
    house.work().await;
    let browser = house.sign_in("casey@acme.example").await;
    (house, home, browser)
}

#[tokio::test]
async fn health_is_explained_to_the_last_point() {
    let (_house, _home, browser) = houses().await;
    let page = browser.get("/accounts/a1/health").await;
    assert_eq!(page.status_code(), 200);
    let html = page.text();
    let figures: Vec<f64> = texts(&html, ".waterfall td:last-child")
        .iter()
        .map(|text| text.replace('\u{2212}', "-").parse().unwrap())
        .collect();
    let (score, steps) = figures.split_last().unwrap();
    assert!(steps.len() >= 2 && steps[0] == 100.0, "{figures:?}");
    assert!((steps.iter().sum::<f64>() - score).abs() < 1e-9, "the steps end at the score: {figures:?}");
    let names = texts(&html, ".measures .measure-name .name");
    assert_eq!(names.len(), 9, "{names:?}");
    assert!(!texts(&html, ".changes li").is_empty(), "the week of silence is explained");

    // A past day is shown as it was computed then.
    let then = browser.get("/accounts/a1/health?as_of=2027-03-24").await.text();
    assert_ne!(
        texts(&then, ".waterfall .total td:last-child"),
        texts(&html, ".waterfall .total td:last-child")
    );
    assert!(texts(&then, ".as-of")[0].contains("24 Mar 2027"));
}

#[tokio::test]
async fn every_page_of_an_account_answers_and_strangers_are_not_found() {
    let (_house, _home, browser) = houses().await;
    let part = browser.part("/accounts?q=a1").await;
    assert_eq!(part.headers().get_all("vary").iter().filter(|v| *v == "hx-request").count(), 1);
    assert!(!part.text().contains("<html"));
    assert_eq!(texts(&part.text(), ".name"), ["Account a1"]);
    assert_eq!(
        texts(&browser.get("/accounts?renewal=overdue").await.text(), ".empty h2"),
        ["No account matches"]
    );
    assert_eq!(texts(&browser.part("/search?q=a1").await.text(), ".hits a, a .grow")[0], "Account a1 a1");
    for tab in ["", "/health", "/usage", "/people", "/contracts"] {
        for id in ["a1", "a2"] {
            let page = browser.get(&format!("/accounts/{id}{tab}")).await;
            assert_eq!(page.status_code(), 200, "{id}{tab}: {}", page.text());
            assert!(page.text().contains(&format!("Account {id}")));
        }
        assert_eq!(browser.get(&format!("/accounts/b1{tab}")).await.status_code(), 404, "{tab}");
    }
    for action in ["owner", "segment"] {
        assert_eq!(browser.post(&format!("/accounts/b1/{action}"), &[]).await.status_code(), 404, "{action}");
    }
    let contracts = browser.get("/accounts/a1/contracts").await.text();
    let codes = texts(&contracts, ".milestones .code");
    assert_eq!(codes, ["T\u{2212}90", "T\u{2212}60", "T\u{2212}30"]);
    let today = browser.get("/").await;
    assert_eq!(today.status_code(), 200);
    assert!(texts(&today.text(), ".calls .name").contains(&"Account a1".to_owned()), "{}", today.text());
}

#[tokio::test]
async fn accounts_are_given_by_managers_and_taken_by_csms() {
    let (house, home, casey) = houses().await;
    house.member(&home, "morgan@acme.example", Role::Manager).await;
    house.member(&home, "elin@acme.example", Role::Executive).await;
    let (manager, executive) =
        (house.sign_in("morgan@acme.example").await, house.sign_in("elin@acme.example").await);
    let ids = |html: &str| -> Vec<String> {
        let found = Html::parse_document(html);
        let options = Selector::parse("#edit-owner option[value]").unwrap();
        let values = found.select(&options).filter_map(|o| o.value().attr("value").map(str::to_owned));
        values.filter(|value| !value.is_empty()).collect()
    };
    let mine = ids(&casey.get("/accounts/a1").await.text());
    assert_eq!(mine.len(), 1, "a CSM is offered only themself");
    let everyone = ids(&manager.get("/accounts/a1").await.text());
    assert_eq!(everyone.len(), 2, "executives look after nobody");
    let other = everyone.iter().find(|id| **id != mine[0]).unwrap();

    assert_eq!(executive.post("/accounts/a1/owner", &[("owner", "")]).await.status_code(), 403);
    assert_eq!(casey.post("/accounts/a1/owner", &[("owner", other)]).await.status_code(), 403);
    let taken = casey.post("/accounts/a1/owner", &[("owner", &mine[0]), ("next", "//evil.example")]).await;
    assert_eq!((taken.status_code().as_u16(), taken.header("location").to_str().unwrap()), (303, "/"));
    assert_eq!(texts(&casey.get("/accounts?csm=me").await.text(), "a.name"), ["Account a1"]);
    assert_eq!(manager.post("/accounts/a1/owner", &[("owner", other)]).await.status_code(), 303);
    assert!(texts(&casey.get("/accounts?csm=me").await.text(), "a.name").is_empty());

    assert_eq!(casey.post("/accounts/a1/segment", &[("segment", "enterprise")]).await.status_code(), 303);
    assert!(texts(&casey.get("/accounts/a1").await.text(), ".facts")[0].contains("Enterprise set by hand"));
    assert_eq!(casey.post("/accounts/a1/segment", &[("segment", "nonsense")]).await.status_code(), 422);
}
