//! Renewals and the portfolio, as a browser meets them.

use holdfast::app::members::Role;
use holdfast::app::work::Work;

use crate::support::html::texts;
use crate::support::{Browser, Home, House, track};

/// A company with two accounts over 50,000 dollars that renew on 1 June, one of which uses the product.
async fn house() -> (House, Home, Browser) {
    let house = House::new().await;
    let home = house.tenant("acme").await;
    house.accounts(&home, &["a1", "a2"]).await;
    let time = "2027-03-01T11:00:00Z";
    let events: Vec<_> =
        (0..8).map(|n| track(&format!("m{n}"), "Dashboard Viewed", &format!("u{n}"), "a1", time)).collect();
    house.send(&home, &events).await;
    house.work().await;
    house.member(&home, "elin@acme.example", Role::Executive).await;
    let browser = house.sign_in("elin@acme.example").await;
    (house, home, browser)
}

#[tokio::test]
async fn renewals_stand_under_their_month_with_the_next_milestone() {
    let (_house, _home, browser) = house().await;
    let page = browser.get("/renewals").await;
    assert_eq!(page.status_code(), 200);
    let html = page.text();
    assert_eq!(texts(&html, "tr.group th:first-child"), ["June 2027 2 renewals"]);
    assert_eq!(texts(&html, "tr.group th.num"), ["$100K"]);
    let milestones = texts(&html, "td[data-label='Next milestone']");
    // Ninety days before 1 June is 3 March.
    assert!(milestones[0].contains("3 Mar, in 2 days \u{b7} 1 of 3"), "{milestones:?}");
    assert_eq!(texts(&html, ".stat .value")[0], "$100K", "all of it is up for renewal");
}

#[tokio::test]
async fn a_window_shows_its_quarter_and_nothing_else() {
    let (_house, _home, browser) = house().await;
    let part = browser.part("/renewals?window=2027-Q2").await.text();
    assert!(!part.contains("<html"), "htmx gets the list alone");
    assert_eq!(texts(&part, "th.name-cell .name").len(), 2);
    let none = browser.get("/renewals?window=2027-Q3").await.text();
    assert!(texts(&none, ".empty h2")[0].contains("No renewal fits"));
    assert_eq!(texts(&browser.get("/renewals?csm=none&page=99").await.text(), "th.name-cell .name").len(), 2);
}

#[tokio::test]
async fn the_portfolio_adds_up_and_looks_back() {
    let (house, home, browser) = house().await;
    let html = browser.get("/portfolio").await.text();
    assert_eq!(texts(&html, ".stat .value")[0], "$100K");
    let headline = &texts(&html, ".headline")[0];
    assert!(headline.contains("of $100K ARR"), "{headline}");
    let quarters = texts(&html, "section table th[scope=row] a.name");
    assert_eq!(quarters[..4], ["Q1 2027", "Q2 2027", "Q3 2027", "Q4 2027"]);
    let totals = texts(&html, ".heat td.total");
    assert!(totals.iter().any(|total| total.contains("2 accounts")), "{totals:?}");

    // A month later the first day is still to be seen, as it was then.
    house.set("2027-04-01T12:00:00Z");
    house.import(&home, "contracts", "external_id,account,start_date,term_months,arr,currency,seats\na2-C2,a2,2027-03-15,12,70000,USD,5\n").await;
    house.work().await;
    house.app.score_all(&home.scope, "2027-04-01".parse().unwrap(), &Work::unwatched()).await.unwrap();
    // Sessions do not last a month.
    let browser = house.sign_in("elin@acme.example").await;
    let now = browser.get("/portfolio").await.text();
    assert_eq!(texts(&now, ".stat .value")[0], "$170K");
    let then = browser.get("/portfolio?as_of=2027-03-10").await.text();
    assert_eq!(texts(&then, ".stat .value")[0], "$100K");
    assert!(texts(&then, ".as-of")[0].contains("1 Mar 2027"), "the last scored day before it");
}

#[tokio::test]
async fn a_company_without_accounts_is_told_what_to_do() {
    let house = House::new().await;
    let home = house.tenant("acme").await;
    house.member(&home, "elin@acme.example", Role::Executive).await;
    let browser = house.sign_in("elin@acme.example").await;
    for path in ["/portfolio", "/renewals"] {
        assert!(!texts(&browser.get(path).await.text(), ".empty .button").is_empty(), "{path}");
    }
}
