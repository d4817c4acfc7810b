//! A list of accounts as of a past day says what the list said on that day.

use holdfast::app::members::Role;
use holdfast::app::work::Work;
use scraper::{Html, Selector};
use serde_json::{Value, json};

use crate::support::html::texts;
use crate::support::{Browser, Home, House, track};

/// The rows without the small line, which is a drawing, and the links, which carry the day.
fn rows(html: &str) -> Vec<String> {
    let mut rows = texts(html, "tbody tr");
    rows.extend(texts(html, ".list-foot b"));
    rows
}

async fn api(house: &House, home: &Home, path: &str) -> Value {
    let answer =
        house.http().get(path).add_header("authorization", format!("Bearer {}", home.read_key)).await;
    assert_eq!(answer.status_code(), 200, "{path}: {}", answer.text());
    answer.json()
}

async fn sign_in(house: &House) -> Browser {
    house.sign_in("casey@acme.example").await
}

/// Scores of some days, of which the last is 2027-03-20.
async fn house() -> (House, Home) {
    let house = House::new().await;
    let home = house.tenant("acme").await;
    house.member(&home, "casey@acme.example", Role::Csm).await;
    house.accounts(&home, &["a1", "a2", "a3"]).await;
    house.work().await;
    for (n, day) in ["2027-03-01", "2027-03-10", "2027-03-20"].into_iter().enumerate() {
        house.set(&format!("{day}T12:00:00Z"));
        let mut messages: Vec<Value> = (0..=8 - 3 * n)
            .map(|user| {
                let (id, user) = (format!("m{n}-{user}"), format!("u{user}"));
                track(&id, "Dashboard Viewed", &user, "a1", &format!("{day}T11:00:00Z"))
            })
            .collect();
        messages.push(json!({"type": "group", "userId": "u1", "groupId": "a2", "messageId": format!("g{n}"),
            "timestamp": format!("{day}T10:00:00Z"),
            "traits": {"advanced_feature_pct": 60 - 20 * n, "integrations_live": 3}}));
        house.send(&home, &messages).await;
        house.app.score_all(&home.scope, day.parse().unwrap(), &Work::unwatched()).await.unwrap();
        house.work().await;
    }
    (house, home)
}

/// Much that was not known on 2027-03-20: new data, late data, contracts, an account, an end.
async fn goes_on(house: &House, home: &Home) {
    house.set("2027-04-20T12:00:00Z");
    let traits = |id: &str, account: &str, value: u32, time: &str| {
        json!({"type": "group", "userId": "u1", "groupId": account, "messageId": id, "timestamp": time,
               "traits": {"advanced_feature_pct": value}})
    };
    let late =
        [traits("l1", "a2", 90, "2027-03-19T11:00:00Z"), traits("l2", "a1", 5, "2027-04-20T11:00:00Z")];
    house.send(home, &late).await;
    house.accounts(home, &["a4"]).await;
    let csv =
        "external_id,account,start_date,term_months,arr,currency,seats\na1-C2,a1,2027-04-01,12,70000,USD,5\n";
    house.import(home, "contracts", csv).await;
    let csv = "external_id,account,start_date,term_months,arr,currency,seats,ended_on\na3-C1,a3,2026-06-01,12,50000,USD,10,2027-04-10\n";
    house.import(home, "contracts", csv).await;
    house.app.score_all(&home.scope, "2027-04-20".parse().unwrap(), &Work::unwatched()).await.unwrap();
    house.work().await;
    house.app.fold_scores(&home.scope, &Work::unwatched()).await.unwrap();
}

#[tokio::test]
async fn the_page_says_what_it_said_on_that_day() {
    let (house, home) = house().await;
    let lists = [
        "/accounts?sort=-score",
        "/accounts?sort=stage",
        "/accounts?band=green",
        "/accounts?stage=growth",
        "/accounts?renewal=120&sort=name",
        "/accounts?segment=mid_market&csm=none",
        "/accounts?q=a2",
        "/accounts?status=churned",
    ];
    let browser = sign_in(&house).await;
    let mut said = Vec::new();
    for list in lists {
        said.push(rows(&browser.get(list).await.text()));
    }
    assert!(said[0].len() == 5 && said[0][0].contains("Account"), "{:?}", said[0]);
    goes_on(&house, &home).await;
    let browser = sign_in(&house).await;
    assert_ne!(rows(&browser.get(lists[0]).await.text()), said[0], "much has changed since");
    for (list, said) in lists.iter().zip(&said) {
        let page = browser.get(&format!("{list}&as_of=2027-03-20")).await.text();
        assert_eq!(&rows(&page), said, "{list}");
    }
    let page = browser.get("/accounts?sort=-score&as_of=2027-03-25").await.text();
    assert_eq!(rows(&page), said[0], "a day without scores is answered by the last one before it");
    assert!(texts(&page, ".as-of")[0].contains("20 Mar 2027"));
    let links = Html::parse_document(&page);
    let href = |selector: &str| {
        let element = links.select(&Selector::parse(selector).unwrap()).next().unwrap().attr("href");
        element.unwrap().to_owned()
    };
    assert_eq!(href("a.as-of"), "/accounts?sort=-score", "a way back");
    assert!(href("a.name").ends_with("as_of=2027-03-25"), "an account opens on the same day");
    // A day to come is today, and a day before everything has nobody in it.
    let now = rows(&browser.get("/accounts?sort=-score").await.text());
    assert_eq!(rows(&browser.get("/accounts?sort=-score&as_of=2030-01-01").await.text()), now);
    assert_eq!(browser.get("/accounts?as_of=nonsense").await.status_code(), 200);
}

#[tokio::test]
async fn the_api_says_what_it_said_on_that_day() {
    let (house, home) = house().await;
    let lists = [
        "/api/v1/accounts?",
        "/api/v1/accounts?band=green&",
        "/api/v1/accounts?segment=mid_market&renewal_within=90&",
    ];
    let mut said = Vec::new();
    for list in lists {
        said.push(api(&house, &home, list).await);
    }
    assert_eq!(said[0]["data"].as_array().unwrap().len(), 3);
    goes_on(&house, &home).await;
    for (list, said) in lists.iter().zip(&said) {
        assert_ne!(&api(&house, &home, list).await, said);
        assert_eq!(&api(&house, &home, &format!("{list}as_of=2027-03-20")).await, said, "{list}");
    }
    let first = api(&house, &home, "/api/v1/accounts?as_of=2027-03-20&limit=2").await;
    let next = first["next_cursor"].as_str().unwrap();
    let second =
        api(&house, &home, &format!("/api/v1/accounts?as_of=2027-03-20&limit=2&cursor={next}")).await;
    assert_eq!(
        (first["data"][1].clone(), second["data"][0].clone()),
        (said[0]["data"][1].clone(), said[0]["data"][2].clone())
    );
    assert_eq!(api(&house, &home, "/api/v1/accounts?as_of=2020-01-01").await["data"], json!([]));
    let to_come = house.http().get("/api/v1/accounts?as_of=2030-01-01");
    assert_eq!(
        to_come.add_header("authorization", format!("Bearer {}", home.read_key)).await.status_code(),
        400
    );
}
