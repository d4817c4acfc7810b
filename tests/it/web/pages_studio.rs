//! The model studio, as a browser meets it. That tenants are kept apart is in `isolation`.

use holdfast::app::members::Role;
use holdfast::app::methodology::pack_source;
use scraper::{Html, Selector};

use crate::support::html::{attributes, texts};
use crate::support::{Browser, Home, House};

const FIRST_WEIGHT: &str = "%/health/models/0/tree/0/weight";
const SECOND_WEIGHT: &str = "%/health/models/0/tree/1/weight";

/// Four accounts of which only the adoption of features is known, and an admin's browser.
async fn house() -> (House, Home, Browser) {
    let house = House::new().await;
    let home = house.tenant("acme").await;
    house.member(&home, "ada@acme.example", Role::Admin).await;
    house.accounts(&home, &["a", "b", "c", "d"]).await;
    let mut csv = String::from("account,metric,date,value\n");
    for (account, adoption) in [("a", 90), ("b", 65), ("c", 45), ("d", 5)] {
        csv += &format!("{account},advanced_feature_pct,2027-02-27,{adoption}\n");
    }
    house.import(&home, "metrics", &csv).await;
    house.work().await;
    let browser = house.sign_in("ada@acme.example").await;
    (house, home, browser)
}

/// The fields of a form as they stand, by the end of its action.
fn fields(html: &str, action: &str) -> Vec<(String, String)> {
    let found = Html::parse_document(html);
    let (forms, inputs) =
        (Selector::parse("form").unwrap(), Selector::parse("input, select, textarea").unwrap());
    let chosen = Selector::parse("option[selected], option").unwrap();
    let selected = Selector::parse("option[selected]").unwrap();
    let form =
        found.select(&forms).find(|f| f.value().attr("action").is_some_and(|a| a.ends_with(action))).unwrap();
    let value = |e: scraper::ElementRef<'_>| match e.value().name() {
        "select" => {
            let option = e.select(&selected).next().or_else(|| e.select(&chosen).next());
            option.and_then(|o| o.value().attr("value")).unwrap_or_default().to_owned()
        }
        "textarea" => {
            let text = e.text().collect::<String>();
            text.strip_prefix('\n').map(str::to_owned).unwrap_or(text)
        }
        _ => e.value().attr("value").unwrap_or_default().to_owned(),
    };
    let sent = |e: &scraper::ElementRef<'_>| {
        !matches!(e.value().attr("type"), Some("radio" | "checkbox")) || e.value().attr("checked").is_some()
    };
    let named = |e: scraper::ElementRef<'_>| Some((e.value().attr("name")?.to_owned(), value(e)));
    form.select(&inputs).filter(sent).filter_map(named).collect()
}

/// Sends a form of a page with some fields typed otherwise.
async fn submit(
    browser: &Browser,
    page: &str,
    action: &str,
    typed: &[(&str, &str)],
) -> axum_test::TestResponse {
    let html = browser.get(page).await.text();
    let mut form = fields(&html, action);
    for (name, value) in typed {
        match form.iter_mut().find(|(n, _)| n == name) {
            Some((_, old)) => (*value).clone_into(old),
            None => form.push(((*name).to_owned(), (*value).to_owned())),
        }
    }
    let form: Vec<(&str, &str)> = form.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    browser.post(action, &form).await
}

/// A draft of version 1: its path.
async fn draft(browser: &Browser) -> String {
    let form = [("title", "Heavier on adoption"), ("start", "version:1")];
    let made = browser.upload("/studio/drafts", &form, "none.yaml", "").await;
    assert_eq!(made.status_code(), 303, "{}", made.text());
    made.header("location").to_str().unwrap().to_owned()
}

async fn file(browser: &Browser, draft: &str) -> String {
    browser.get(&format!("{draft}/file.yaml")).await.text()
}

#[tokio::test]
async fn the_home_says_what_is_in_force_and_where_the_next_comes_from() {
    let (_house, _home, browser) = house().await;
    let old = browser.get("/settings/methodology").await;
    assert_eq!((old.status_code().as_u16(), old.header("location").to_str().unwrap()), (308, "/studio"));
    let page = browser.get("/studio").await.text();
    assert_eq!(texts(&page, ".in-force .chip"), ["Version 1, in force"]);
    assert_eq!(attributes(&page, ".settings-nav [aria-current]", "href"), ["/studio"]);
    assert_eq!(texts(&page, ".empty h2"), ["No drafts"]);
    draft(&browser).await;
    let page = browser.get("/studio").await.text();
    assert_eq!(texts(&page, "[data-row]"), ["Heavier on adoption", "Version 1"]);
    let begin = browser.get("/studio/drafts/new?pack=techcorp").await.text();
    assert_eq!(attributes(&begin, "option[selected]", "value"), ["pack:techcorp"]);
}

#[tokio::test]
async fn a_version_is_shown_whole_and_handed_out_to_the_byte() {
    let (_house, _home, browser) = house().await;
    let page = browser.get("/studio/versions/1").await.text();
    assert_eq!(texts(&page, "svg.curve").len(), 9, "a curve a measure");
    assert_eq!(texts(&page, ".band-name"), ["Green", "Yellow", "Red"]);
    assert_eq!(texts(&page, "b.code"), ["T\u{2212}90", "T\u{2212}60", "T\u{2212}30"]);
    let file = browser.get("/studio/versions/1/file.yaml").await;
    assert_eq!(file.text(), pack_source("techcorp").unwrap());
    assert!(file.header("content-disposition").to_str().unwrap().contains("techcorp-v1.yaml"));
    assert_eq!(browser.get("/studio/versions/2").await.status_code(), 404);
}

#[tokio::test]
async fn weights_are_changed_at_their_place_in_the_file() {
    let (_house, _home, browser) = house().await;
    let draft = draft(&browser).await;
    let page = browser.get(&draft).await.text();
    assert_eq!(attributes(&page, &format!("[name='{FIRST_WEIGHT}']"), "value"), ["40"]);
    assert_eq!(texts(&page, "output.tone-critical").len(), 0);
    let model = format!("{draft}/model");
    let wrong = submit(&browser, &draft, &model, &[(FIRST_WEIGHT, "35"), ("do", "save")]).await;
    assert_eq!(wrong.status_code(), 422);
    let html = wrong.text();
    assert!(texts(&html, ".weight .error")[0].contains("add up to 95"), "{:?}", texts(&html, ".error"));
    assert_eq!(
        attributes(&html, &format!("[name='{FIRST_WEIGHT}']"), "value"),
        ["35"],
        "what was typed stays"
    );
    assert_eq!(texts(&html, "output.tone-critical"), ["95 %"]);
    assert_eq!(file(&browser, &draft).await, pack_source("techcorp").unwrap());
    let typed = [(FIRST_WEIGHT, "35"), (SECOND_WEIGHT, "35"), ("do", "save")];
    assert_eq!(submit(&browser, &draft, &model, &typed).await.status_code(), 303);
    let before = pack_source("techcorp").unwrap();
    let after = before
        .replace("name: Product usage, weight: 0.40", "name: Product usage, weight: 0.35")
        .replace("name: Feature adoption, weight: 0.30", "name: Feature adoption, weight: 0.35");
    assert_eq!(file(&browser, &draft).await, after, "two figures, nothing else");
}

#[tokio::test]
async fn a_tree_grows_shrinks_and_turns() {
    let (_house, _home, browser) = house().await;
    let draft = draft(&browser).await;
    let model = format!("{draft}/model");
    let tree = "/health/models/0/tree";
    let add = [
        (format!("measure:{tree}"), "dau".to_owned()),
        (format!("component:{tree}"), "Daily use".to_owned()),
        ("do".to_owned(), format!("add:{tree}")),
    ];
    let add: Vec<(&str, &str)> = add.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    assert_eq!(submit(&browser, &draft, &model, &add).await.status_code(), 303);
    let added = "{id: daily_use, name: Daily use, weight: 0, children: [{indicator: dau}]}";
    assert!(file(&browser, &draft).await.contains(added));
    let up = format!("up:{tree}/4");
    assert_eq!(submit(&browser, &draft, &model, &[("do", &up)]).await.status_code(), 303);
    let labels = attributes(&browser.get(&draft).await.text(), ".component .titled", "value");
    assert_eq!(labels, ["Product usage", "Feature adoption", "Support", "Daily use", "Business outcomes"]);
    // The weight of what goes is shared by the others in proportion.
    let remove = format!("remove:{tree}/0");
    assert_eq!(submit(&browser, &draft, &model, &[("do", &remove)]).await.status_code(), 303);
    let page = browser.get(&draft).await.text();
    let weights = attributes(&page, &format!("[data-group='{tree}']"), "value");
    assert_eq!(weights, ["50", "33.33", "0", "16.67"]);
    // The last of its siblings stays.
    let only = format!("remove:{tree}/2/children/0");
    let refused = submit(&browser, &draft, &model, &[("do", &only)]).await;
    assert_eq!(refused.status_code(), 422);
    assert!(refused.text().contains("only one here"));
}

#[tokio::test]
async fn a_measure_is_checked_while_it_is_typed_and_saved_at_its_place() {
    let (_house, _home, browser) = house().await;
    let draft = draft(&browser).await;
    let page = format!("{draft}/measures/support_satisfaction");
    let (value, full) = ("/health/indicators/support_satisfaction/value", "full");
    let wrong = submit(&browser, &page, &page, &[(value, "csat_averege + 1")]).await;
    assert_eq!(wrong.status_code(), 422);
    let html = wrong.text();
    assert!(texts(&html, "#e-value")[0].contains("csat_averege"), "{:?}", texts(&html, ".error"));
    assert_eq!(attributes(&html, "#f-value", "value"), ["csat_averege + 1"]);
    let check = format!("{page}/check");
    let html = browser.get(&page).await.text();
    let mut form = fields(&html, &page);
    form.iter_mut().find(|(n, _)| n == full).unwrap().1 = "4".to_owned();
    let sent: Vec<(&str, &str)> = form.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    let part = browser.post(&check, &sent).await.text();
    assert!(part.starts_with("<section") && part.contains("0 at 1, 100 from 4 on"), "{part}");
    assert_eq!(file(&browser, &draft).await, pack_source("techcorp").unwrap(), "checking stores nothing");
    assert_eq!(submit(&browser, &page, &page, &[(full, "4")]).await.status_code(), 303);
    let after =
        pack_source("techcorp").unwrap().replace("linear: {zero: 1, full: 5}", "linear: {zero: 1, full: 4}");
    assert_eq!(file(&browser, &draft).await, after);
    let new = format!("{draft}/measures/new?list=/health/models/0/tree/2/children");
    let name = [
        ("/health/indicators/new/name", "Urgent tickets"),
        ("/health/indicators/new/value", "count(high_priority_ticket, 30d)"),
    ];
    let typed = [&name[..], &[("curve", "linear"), ("zero", "5"), ("full", "0")]].concat();
    let made = submit(&browser, &new, &format!("{draft}/measures/new"), &typed).await;
    assert_eq!(made.status_code(), 303, "{}", made.text());
    let page = browser.get(&draft).await.text();
    assert!(texts(&page, ".what .name").contains(&"Urgent tickets".to_owned()));
}

#[tokio::test]
async fn bands_caps_and_parameters_are_changed() {
    let (_house, _home, browser) = house().await;
    let draft = draft(&browser).await;
    let bands = format!("{draft}/bands");
    let typed = [
        ("/health/bands/0/above", "80"),
        ("new_band", "Blue"),
        ("new_band_from", "95"),
        ("new_band_colour", "blue"),
        ("/health/caps/3/when", "day < 10"),
        ("/health/caps/3/at_most", "yellow"),
        ("/health/caps/3/why", "Too early to say"),
        ("do", "save"),
    ];
    let saved = submit(&browser, &draft, &bands, &typed).await;
    assert_eq!(saved.status_code(), 303, "{}", saved.text());
    let page = browser.get(&draft).await.text();
    let names = attributes(&page, ".band-row > .input:first-of-type", "value");
    assert_eq!(names, ["Blue", "Green", "Yellow", "Red", ""]);
    let unordered = submit(&browser, &draft, &bands, &[("/health/bands/1/above", "99")]).await;
    assert_eq!(unordered.status_code(), 422);
    assert!(texts(&unordered.text(), ".band-row .error")[0].contains("lower than the one before"));
    let gone = submit(&browser, &draft, &bands, &[("do", "remove:/health/caps/3")]).await;
    assert_eq!(gone.status_code(), 303);
    assert!(!file(&browser, &draft).await.contains("Too early"));

    let parameters = format!("{draft}/parameters");
    assert_eq!(submit(&browser, &parameters, &parameters, &[("=DAU_FULL", "75")]).await.status_code(), 303);
    let page = browser.get(&parameters).await.text();
    assert_eq!(attributes(&page, "[name='=DAU_FULL']", "value"), ["75"]);
    let wrong = submit(&browser, &parameters, &parameters, &[("=DAU_FULL", "many")]).await;
    assert_eq!(wrong.status_code(), 422);
    let html = wrong.text();
    assert!(texts(&html, ".error")[0].contains("DAU_FULL") && html.contains("value=\"many\""));
    let words = texts(&browser.get(&format!("{draft}/changes")).await.text(), ".change-list b");
    assert!(words.iter().any(|w| w.contains("DAU_FULL")), "{words:?}");
    let contents = browser.get(&format!("{draft}/contents")).await.text();
    assert!(texts(&contents, ".contents h2").contains(&"Rules".to_owned()));
}

#[tokio::test]
async fn a_broken_file_keeps_its_text_and_says_where() {
    let (_house, _home, browser) = house().await;
    let draft = draft(&browser).await;
    let path = format!("{draft}/file");
    let good = pack_source("techcorp").unwrap();
    let broken = good.replace("value: dau_pct", "value: dau_percent").replace("weight: 0.40", "weight: 0.50");
    let line = |text: &str| broken.lines().position(|l| l.contains(text)).unwrap() + 1;
    // A browser sends the line ends of a text area as CR LF.
    let typed = broken.replace('\n', "\r\n");
    let refused = browser.post(&path, &[("revision", "1"), ("source", &typed)]).await;
    assert_eq!(refused.status_code(), 422);
    let html = refused.text();
    let places = [line("dau_percent"), line("weight: 0.50")].map(|n| format!("Line {n}"));
    assert_eq!(texts(&html, "#faults li a"), places);
    assert_eq!(texts(&html, "#marks mark").len(), 2);
    assert!(texts(&html, "#marks mark")[0].starts_with("dau_percent"), "{:?}", texts(&html, "#marks mark"));
    let kept = fields(&html, "/file").into_iter().find(|(name, _)| name == "source").unwrap().1;
    assert_eq!(kept, broken, "not a letter is lost");
    assert_eq!(file(&browser, &draft).await, good, "and nothing was stored");
    let part = browser.post(&format!("{draft}/check"), &[("source", &typed)]).await;
    assert_eq!((part.status_code().as_u16(), texts(&part.text(), "#faults li").len()), (200, 2));
    let fine = browser.post(&format!("{draft}/check"), &[("source", &good)]).await.text();
    assert_eq!(texts(&fine, ".verdict"), ["The file holds together"]);

    let saved = good.replace("weight: 0.40", "weight: 0.45").replace("weight: 0.30", "weight: 0.25");
    let stored = browser.post(&path, &[("revision", "1"), ("source", &saved.replace('\n', "\r\n"))]).await;
    assert_eq!(stored.status_code(), 303, "{}", stored.text());
    assert_eq!(file(&browser, &draft).await, saved);
    let uploaded = browser.upload(&format!("{draft}/upload"), &[("revision", "2")], "own.yaml", &good).await;
    assert_eq!(uploaded.status_code(), 303);
    assert_eq!(file(&browser, &draft).await, good);
    let wrong = browser.upload(&format!("{draft}/upload"), &[("revision", "3")], "own.yaml", "a: [").await;
    assert_eq!(wrong.status_code(), 422);
    assert_eq!(texts(&wrong.text(), "textarea"), ["a: ["]);
    let new = [("title", "Own"), ("start", "file"), ("source", broken.as_str())];
    let begun = browser.upload("/studio/drafts", &new, "none.yaml", "").await;
    assert_eq!((begun.status_code().as_u16(), texts(&begun.text(), "#faults li").len()), (422, 2));
}

#[tokio::test]
async fn the_second_to_save_sees_both_texts() {
    let (house, home, browser) = house().await;
    house.member(&home, "max@acme.example", Role::Manager).await;
    let other = house.sign_in("max@acme.example").await;
    let draft = draft(&browser).await;
    let path = format!("{draft}/file");
    let good = pack_source("techcorp").unwrap();
    let theirs = good.replace(">60% adoption of key features within 90 days", "Theirs");
    let mine = good.replace(">60% adoption of key features within 90 days", "Mine");
    assert_eq!(other.post(&path, &[("revision", "1"), ("source", &theirs)]).await.status_code(), 303);
    let late = browser.post(&path, &[("revision", "1"), ("source", &mine)]).await;
    assert_eq!(late.status_code(), 409);
    let html = late.text();
    assert!(texts(&html, ".diff del").contains(&"Theirs".to_owned()), "{:?}", texts(&html, ".diff del"));
    assert!(texts(&html, ".diff ins").contains(&"Mine".to_owned()));
    assert!(html.contains("max"), "who");
    let again = fields(&html, "/file");
    let again: Vec<(&str, &str)> = again.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    assert_eq!(browser.post(&path, &again).await.status_code(), 303, "knowingly over theirs");
    assert_eq!(file(&browser, &draft).await, mine);
    // The same in the tree: what was typed stays.
    let weights = [("revision", "1"), (FIRST_WEIGHT, "45"), (SECOND_WEIGHT, "25"), ("do", "save")];
    let form = fields(&browser.get(&draft).await.text(), "/model");
    let mut form: Vec<(&str, &str)> = form.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    form.retain(|(name, _)| weights.iter().all(|(n, _)| n != name));
    form.extend(weights);
    let late = browser.post(&format!("{draft}/model"), &form).await;
    assert_eq!(late.status_code(), 422);
    assert_eq!(attributes(&late.text(), &format!("[name='{FIRST_WEIGHT}']"), "value"), ["45"]);
}

#[tokio::test]
async fn a_draft_is_tried_out_published_and_rolled_back() {
    let (house, _, browser) = house().await;
    let draft = draft(&browser).await;
    let preview = format!("{draft}/preview");
    assert_eq!(texts(&browser.get(&preview).await.text(), ".empty h2"), ["Not tried out yet"]);
    let saved = submit(&browser, &draft, &format!("{draft}/bands"), &[("/health/bands/1/from", "20")]).await;
    assert_eq!(saved.status_code(), 303);
    assert_eq!(submit(&browser, &preview, &preview, &[]).await.status_code(), 303);
    let running = browser.part(&preview).await.text();
    assert!(running.contains("hx-trigger") && running.contains("<progress"), "{running}");
    house.work().await;
    let done = browser.get(&preview).await.text();
    assert_eq!(texts(&done, ".headline"), ["1 account and $50K move to another band."]);
    assert_eq!(texts(&done, ".matrix .up b"), ["1"]);
    assert_eq!(texts(&done, "#accounts [data-row]"), ["Account d"]);
    let cell = attributes(&done, ".matrix .up a", "href").remove(0);
    let filtered = browser.get(cell.split('#').next().unwrap()).await.text();
    assert_eq!(texts(&filtered, "#accounts [data-row]"), ["Account d"]);
    let all = browser.get(&format!("{preview}?show=all&sort=before")).await.text();
    assert_eq!(texts(&all, "#accounts [data-row]")[0], "Account d", "worst score first");
    assert_eq!(texts(&all, "#accounts [data-row]").len(), 4);
    let stopped = attributes(&done, "td a[href*='stopped=']", "href");
    assert_eq!(stopped.len(), 1, "the rule on red accounts no longer fires");
    let csv = browser.get(&format!("{preview}.csv")).await.text();
    assert_eq!(csv.lines().count(), 5, "{csv}");

    let publish = format!("{draft}/publish");
    let empty = submit(&browser, &publish, &publish, &[("note", "  ")]).await;
    assert_eq!((empty.status_code().as_u16(), texts(&empty.text(), "#e-note").len()), (422, 1));
    let page = browser.get(&publish).await.text();
    assert!(page.contains("1 account and $50K move"), "the preview is summed up");
    let published = submit(&browser, &publish, &publish, &[("note", "Red is for the worst only.")]).await;
    assert_eq!(published.header("location"), "/studio/versions/2", "{}", published.text());
    let version = browser.get("/studio/versions/2").await.text();
    assert_eq!(texts(&version, ".why-note"), ["Red is for the worst only."]);
    assert_eq!(texts(&version, "#scoring progress").len(), 1, "accounts are being scored anew");
    assert!(version.contains("under way"), "nobody has begun");
    sqlx::query("UPDATE jobs SET done = 3, total = 4 WHERE kind = 'score_all' AND finished_at IS NULL")
        .execute(&mut house.behind().await)
        .await
        .unwrap();
    let part = browser.part("/studio/versions/2").await.text();
    assert!(texts(&part, "#scoring")[0].contains("3 of 4 accounts"), "{part}");
    house.work().await;
    assert!(texts(&browser.get("/studio/versions/2").await.text(), "#scoring progress").is_empty());
    assert_eq!(browser.get(&draft).await.header("location"), "/studio/versions/2", "the draft has become it");
    let compared = browser.get("/studio/compare?from=1&to=2").await.text();
    assert!(
        texts(&compared, ".change-list").concat().contains("Yellow"),
        "{:?}",
        texts(&compared, ".change-list")
    );

    let back = "/studio/versions/1/roll-back";
    assert!(browser.get(back).await.text().contains("Roll back to version 1?"));
    let rolled = submit(&browser, back, back, &[]).await;
    assert_eq!(rolled.header("location"), "/studio/versions/3");
    assert_eq!(file_of(&browser, 3).await, pack_source("techcorp").unwrap());
    let twice = browser.post(back, &[("note", "x"), ("over", "2")]).await;
    assert_eq!(twice.status_code(), 409, "somebody else published since");
}

async fn file_of(browser: &Browser, version: i32) -> String {
    browser.get(&format!("/studio/versions/{version}/file.yaml")).await.text()
}

#[tokio::test]
async fn a_preview_says_when_it_is_out_of_date() {
    let (house, _home, browser) = house().await;
    let draft = draft(&browser).await;
    let preview = format!("{draft}/preview");
    assert_eq!(submit(&browser, &preview, &preview, &[]).await.status_code(), 303);
    house.work().await;
    let done = browser.get(&preview).await.text();
    assert_eq!(texts(&done, ".headline"), ["No account moves to another band."]);
    assert!(!done.contains("Out of date"));
    submit(&browser, &draft, &format!("{draft}/bands"), &[("/health/bands/1/from", "20")]).await;
    assert!(browser.get(&preview).await.text().contains("Out of date"));
    let late = browser.post(&preview, &[("revision", "1")]).await;
    assert_eq!(late.status_code(), 303);
}

#[tokio::test]
async fn what_is_in_use_goes_only_when_that_is_said() {
    let (_house, _home, browser) = house().await;
    let draft = draft(&browser).await;
    // Every account of this house is in the segment mid_market.
    let source = pack_source("techcorp").unwrap();
    let source = source.replace("mid_market", "middle");
    let saved = browser.post(&format!("{draft}/file"), &[("revision", "1"), ("source", &source)]).await;
    assert_eq!(saved.status_code(), 303, "{}", saved.text());
    let publish = format!("{draft}/publish");
    let page = browser.get(&publish).await.text();
    assert!(texts(&page, ".notice").iter().any(|n| n.contains("Takes away what is in use")), "{page}");
    let mut form = fields(&page, "/publish");
    form.iter_mut().find(|(n, _)| n == "note").unwrap().1 = "Renamed".to_owned();
    let sent: Vec<(&str, &str)> = form.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    let refused = browser.post(&publish, &sent).await;
    assert_eq!(refused.status_code(), 409);
    assert_eq!(texts(&refused.text(), "#f-note"), ["Renamed"]);
    let meant: Vec<(&str, &str)> = sent.iter().copied().chain([("remove_used", "1")]).collect();
    assert_eq!(browser.post(&publish, &meant).await.status_code(), 303);
}

#[tokio::test]
async fn everybody_looks_managers_draft_admins_publish() {
    let (house, home, browser) = house().await;
    let draft = draft(&browser).await;
    for (email, role) in [
        ("max@acme.example", Role::Manager),
        ("casey@acme.example", Role::Csm),
        ("elin@acme.example", Role::Executive),
    ] {
        house.member(&home, email, role).await;
        let theirs = house.sign_in(email).await;
        for path in ["", "/parameters", "/contents", "/file", "/changes", "/preview"] {
            let page = theirs.get(&format!("{draft}{path}")).await;
            assert_eq!(page.status_code(), 200, "{email} {path}");
            let buttons = texts(&page.text(), "main button, main a.button.primary");
            assert_eq!(buttons.is_empty(), role < Role::Manager, "{email} {path}: {buttons:?}");
        }
        for path in ["/studio", "/studio/versions/1"] {
            let page = theirs.get(path).await.text();
            assert_eq!(page.contains("/studio/drafts/new"), role >= Role::Manager, "{email} {path}");
            assert!(!page.contains("/roll-back"), "{email} {path}");
        }
        assert_eq!(theirs.get(&format!("{draft}/publish")).await.status_code(), 403, "{email}");
        assert_eq!(theirs.post(&format!("{draft}/publish"), &[("note", "x")]).await.status_code(), 403);
        assert_eq!(theirs.post("/studio/versions/1/roll-back", &[("note", "x")]).await.status_code(), 403);
        if role < Role::Manager {
            for path in [
                "model",
                "bands",
                "parameters",
                "file",
                "check",
                "preview",
                "discard",
                "restore",
                "measures/dau",
            ] {
                let answer = theirs.post(&format!("{draft}/{path}"), &[("revision", "1")]).await;
                assert_eq!(answer.status_code(), 403, "{email} {path}");
            }
        }
    }
    let gone = browser.post(&format!("{draft}/discard"), &[]).await;
    assert_eq!(gone.header("location"), "/studio");
    assert!(texts(&browser.get(&draft).await.text(), ".page-head .chip").contains(&"Discarded".to_owned()));
    assert_eq!(texts(&browser.get("/studio").await.text(), ".empty h2"), ["No drafts"]);
    assert_eq!(browser.post(&format!("{draft}/restore"), &[]).await.header("location"), draft.as_str());
}
