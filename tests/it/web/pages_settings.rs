//! The settings, as a browser meets them. That roles and tenants are kept apart is in `isolation`.

use holdfast::app::members::Role;
use scraper::{Html, Selector};

use crate::support::html::texts;
use crate::support::{Browser, Home, House, track};

async fn house() -> (House, Home, Browser) {
    let house = House::new().await;
    let home = house.tenant("acme").await;
    house.member(&home, "ada@acme.example", Role::Admin).await;
    house.member(&home, "casey@acme.example", Role::Csm).await;
    let browser = house.sign_in("ada@acme.example").await;
    (house, home, browser)
}

/// The action of the first form that ends so.
fn action(html: &str, end: &str) -> String {
    let found = Html::parse_document(html);
    let forms = Selector::parse("form").unwrap();
    let mut actions = found.select(&forms).filter_map(|form| form.value().attr("action"));
    actions.find(|action| action.ends_with(end)).unwrap().to_owned()
}

#[tokio::test]
async fn an_invitation_is_shown_once_and_works_until_taken_back() {
    let (house, _home, browser) = house().await;
    let wrong = browser.post("/settings/members", &[("email", "nope"), ("role", "csm")]).await;
    assert_eq!(wrong.status_code(), 422);
    assert_eq!(texts(&wrong.text(), "#e-email").len(), 1);
    let made = browser.post("/settings/members", &[("email", "new@acme.example"), ("role", "csm")]).await;
    let link = texts(&made.text(), "#invite-link").remove(0);
    let path = link.split_once("/invitations/").unwrap().1.to_owned();
    let list = browser.get("/settings/members").await.text();
    assert!(!list.contains(&path), "the link is shown once");
    assert_eq!(house.http().get(&format!("/invitations/{path}")).await.status_code(), 200);
    assert_eq!(browser.post(&action(&list, "/withdraw"), &[]).await.status_code(), 303);
    assert_eq!(house.http().get(&format!("/invitations/{path}")).await.status_code(), 404);
}

#[tokio::test]
async fn roles_change_and_nobody_shuts_themself_out() {
    let (_house, _home, browser) = house().await;
    let list = browser.get("/settings/members").await.text();
    let role = action(&list, "/role");
    assert_eq!(browser.post(&role, &[("role", "manager")]).await.status_code(), 303);
    let list = browser.get("/settings/members").await.text();
    assert_eq!(texts(&list, "option[selected]").iter().filter(|text| *text == "Manager").count(), 1);
    assert_eq!(browser.post(&role, &[("role", "emperor")]).await.status_code(), 422);
    let remove = action(&list, "/remove");
    assert_eq!(browser.post(&remove, &[]).await.status_code(), 303);
    assert_eq!(texts(&browser.get("/settings/members").await.text(), "tbody tr").len(), 1);
    assert_eq!(browser.post(&remove.replace("/remove", "/restore"), &[]).await.status_code(), 303);
    assert_eq!(texts(&browser.get("/settings/members").await.text(), "tbody tr").len(), 2);
    let log = browser.get("/settings/audit?what=member").await.text();
    assert!(texts(&log, "td .strong").iter().any(|what| what == "Changed the role of"), "{log}");
}

#[tokio::test]
async fn a_key_shows_its_secret_once_and_can_be_revoked_and_restored() {
    let (_house, _home, browser) = house().await;
    let made = browser.post("/settings/keys", &[("name", "Shop"), ("scope", "write")]).await.text();
    let secret = texts(&made, "#new-key").remove(0);
    let list = browser.get("/settings/keys").await.text();
    assert!(secret.starts_with("hfw_") && !list.contains(&secret));
    let revoke = action(&list, "/revoke");
    assert_eq!(browser.post(&revoke, &[]).await.status_code(), 303);
    let list = browser.get("/settings/keys").await.text();
    assert_eq!(texts(&list, "tr.faint").len(), 1);
    assert_eq!(browser.post(&action(&list, "/restore"), &[]).await.status_code(), 303);
    assert!(texts(&browser.get("/settings/keys").await.text(), "tr.faint").is_empty());
    let unnamed = browser.post("/settings/keys", &[("name", " "), ("scope", "read")]).await;
    assert_eq!(unnamed.status_code(), 422);
}

#[tokio::test]
async fn quarantine_says_why_and_a_message_is_put_aside_and_taken_back() {
    let (house, home, browser) = house().await;
    let time = "2027-03-01T11:00:00Z";
    house
        .send(&home, &[track("m1", "Opened", "u1", "nobody", time), track("m2", "", "u1", "nobody", time)])
        .await;
    let list = browser.get("/settings/quarantine").await.text();
    assert_eq!(texts(&list, ".messages > li").len(), 2);
    let waiting = browser.part("/settings/quarantine?state=waiting").await.text();
    assert_eq!(texts(&waiting, ".messages > li").len(), 1);
    assert!(texts(&waiting, "pre.raw")[0].contains("\"messageId\": \"m1\""), "{waiting}");
    let dismiss = action(&waiting, "/dismiss");
    assert_eq!(browser.post(&dismiss, &[]).await.status_code(), 303);
    assert_eq!(texts(&browser.get("/settings/quarantine").await.text(), ".messages > li").len(), 1);
    assert_eq!(browser.post(&dismiss.replace("/dismiss", "/reopen"), &[]).await.status_code(), 303);
    assert_eq!(texts(&browser.get("/settings/quarantine").await.text(), ".messages > li").len(), 2);
    let sources = browser.get("/settings/sources").await.text();
    assert_eq!(texts(&sources, ".stat .value"), ["2", "0", "1", "1"]);
}

#[tokio::test]
async fn a_metric_is_added_fed_anew_and_refused_with_a_reason() {
    let (_house, _home, browser) = house().await;
    let form = |event| [("name", "exports"), ("label", "Exports"), ("kind", "counter"), ("event", event)];
    assert_eq!(browser.post("/settings/metrics", &form("")).await.status_code(), 422);
    assert_eq!(browser.post("/settings/metrics", &form("Exported")).await.status_code(), 303);
    assert_eq!(browser.post("/settings/metrics", &form("Saved")).await.status_code(), 303);
    let list = browser.get("/settings/metrics").await.text();
    assert!(
        texts(&list, "tbody tr").iter().any(|row| row.contains("exports") && row.contains("event Saved"))
    );
    assert_eq!(browser.get("/settings/metrics?edit=unknown").await.status_code(), 404);
}

#[tokio::test]
async fn a_rate_without_which_sums_lack_an_account_is_asked_for() {
    let (house, home, browser) = house().await;
    house.import(&home, "accounts", "external_id,name\ne1,Euro\n").await;
    let csv = "external_id,account,start_date,term_months,arr,currency\nc1,e1,2027-01-01,12,1000,EUR\n";
    house.import(&home, "contracts", csv).await;
    house.work().await;
    assert!(texts(&browser.get("/settings/rates").await.text(), ".notice")[0].contains("EUR (1 contract)"));
    assert_eq!(texts(&browser.get("/portfolio").await.text(), ".notice").len(), 1);
    for wrong in [[("currency", "USD"), ("rate", "1")], [("currency", "EUR"), ("rate", "-1")]] {
        assert_eq!(browser.post("/settings/rates", &wrong).await.status_code(), 422);
    }
    let rate = [("currency", "eur"), ("rate", "1.10")];
    assert_eq!(browser.post("/settings/rates", &rate).await.status_code(), 303);
    house.work().await;
    assert!(texts(&browser.get("/settings/rates").await.text(), ".notice").is_empty());
    assert_eq!(texts(&browser.get("/portfolio").await.text(), ".stat .value")[0], "$1.1K");
}

#[tokio::test]
async fn a_file_is_mapped_checked_imported_and_its_rejects_handed_back() {
    let (_house, _home, browser) = house().await;
    let csv = "id,Company,Odd\nz-1,Zürich AG,1\n,No id,2\n";
    let kept = browser.upload("/settings/imports", &[("kind", "accounts")], "crm.csv", csv).await;
    assert_eq!(kept.status_code(), 303, "{}", kept.text());
    let mapping = kept.header("location").to_str().unwrap().to_owned();
    assert_eq!(texts(&browser.get(&mapping).await.text(), "tbody tr").len(), 3);
    let twice = [("column:0", "name"), ("column:1", "name"), ("column:2", "")];
    assert_eq!(browser.post(&mapping, &twice).await.status_code(), 422);
    let choice = [("column:0", "external_id"), ("column:1", "name"), ("column:2", "")];
    let check: Vec<_> = choice.into_iter().chain([("dry_run", "1")]).collect();
    for (form, went_in) in [(check.as_slice(), false), (&choice, true)] {
        let started = browser.post(&mapping, form).await;
        let here = started.header("location").to_str().unwrap().to_owned();
        let page = finished(&browser, &here).await;
        assert_eq!(texts(&page, ".stat .value"), ["1", "0", "0", "1"]);
        assert_eq!(browser.get("/accounts/z-1").await.status_code() == 200, went_in);
        let path = here.split('?').next().unwrap();
        let rejects = browser.get(&format!("{path}/rejected.csv")).await.text();
        assert!(rejects.contains("No id") && rejects.starts_with("line,reason,id,Company,Odd"), "{rejects}");
    }
    assert_eq!(browser.get(&mapping).await.status_code(), 404, "the file is gone once it is in");
    let empty = browser.upload("/settings/imports", &[("kind", "accounts")], "empty.csv", "").await;
    assert_eq!(empty.status_code(), 422);
}

/// The page of an import once it is over.
async fn finished(browser: &Browser, path: &str) -> String {
    loop {
        let page = browser.get(path).await.text();
        if texts(&page, "progress").is_empty() {
            return page;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn the_log_says_in_words_what_people_did_with_accounts() {
    let (house, home, browser) = house().await;
    house.accounts(&home, &["own-account"]).await;
    house.work().await;
    let due = house.clock.today(home.scope.time_zone()).to_string();
    let task = [("title", "Send the report"), ("account", "own-account"), ("due", &*due)];
    assert_eq!(browser.post("/tasks", &task).await.status_code(), 303);
    let task = &browser.get("/tasks?who=team").await.text();
    let task = texts(task, "a[href^='/tasks/']");
    assert!(task.contains(&"Send the report".to_owned()), "{task:?}");
    let stage = [("stage", "onboarding"), ("reason", "A new division_2 starts")];
    assert_eq!(browser.post("/accounts/own-account/lifecycle/hold", &stage).await.status_code(), 303);
    let log = browser.get("/settings/audit").await.text();
    let lines = texts(&log, "tbody tr");
    let said = |end: &str| assert!(lines.iter().any(|line| line.ends_with(end)), "{end}: {lines:?}");
    said("Added a task own-account “Send the report”, due 1 Mar 2027");
    said("Held the stage of own-account reason A new division_2 starts, stage Onboarding");
    let own = texts(&browser.get("/settings/audit?what=stage").await.text(), "tbody tr");
    assert!(own.len() == 1 && own[0].contains("Held the stage of own-account"), "{own:?}");
}
