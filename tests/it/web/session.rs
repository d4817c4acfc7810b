//! Coming in, going out, and who may do what.

use holdfast::app::members::Role;

use crate::support::{House, PASSWORD};

#[tokio::test]
async fn the_cookie_is_bound_to_the_host_and_unreadable_for_scripts() {
    let house = House::new().await;
    let home = house.tenant("acme").await;
    house.member(&home, "ada@example.com", Role::Csm).await;
    let answer = house
        .http()
        .post("/sign-in")
        .form(&[("email", "ADA@example.com"), ("password", PASSWORD), ("next", "/accounts?q=x")])
        .await;
    assert_eq!(answer.status_code(), 303);
    assert_eq!(answer.header("location"), "/accounts?q=x");
    let cookie = answer.header("set-cookie").to_str().unwrap().to_owned();
    for part in ["__Host-holdfast=", "Secure", "HttpOnly", "SameSite=Lax", "Path=/"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    let mut behind = house.behind().await;
    let token = cookie.split('=').nth(1).unwrap().split(';').next().unwrap();
    let stored: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM sessions WHERE encode(token_hash, 'escape') LIKE '%' || $1 || '%'",
    )
    .bind(token)
    .fetch_one(&mut behind)
    .await
    .unwrap();
    assert_eq!(stored, 0, "only the hash of the token is stored");
}

#[tokio::test]
async fn known_and_unknown_addresses_are_answered_alike_and_throttled_alike() {
    let house = House::new().await;
    let home = house.tenant("acme").await;
    house.member(&home, "ada@example.com", Role::Csm).await;
    let http = house.http();
    let attempt = async |email: &str, password: &str| {
        let answer =
            http.post("/sign-in").form(&[("email", email), ("password", password), ("next", "")]).await;
        (answer.status_code().as_u16(), answer.text().replace(email, "ADDRESS"))
    };
    for _ in 0..8 {
        let known = attempt("ada@example.com", "wrong").await;
        let unknown = attempt("eve@example.com", "wrong").await;
        assert_eq!(known.0, 422);
        assert_eq!(known, unknown);
    }
    let known = attempt("ada@example.com", PASSWORD).await;
    let unknown = attempt("eve@example.com", PASSWORD).await;
    assert!(known.1.contains("Too many failed tries"), "even the right password waits");
    assert_eq!(known, unknown);
    house.set("2027-03-01T12:15:00Z");
    assert_eq!(attempt("ada@example.com", PASSWORD).await.0, 303, "the next window is open again");
}

#[tokio::test]
async fn a_change_from_another_site_is_refused() {
    let house = House::new().await;
    for header in [("sec-fetch-site", "cross-site"), ("origin", "https://evil.example")] {
        let answer = house
            .http()
            .post("/sign-in")
            .add_header("host", "holdfast.example")
            .add_header(header.0, header.1)
            .form(&[("email", "a"), ("password", "b")])
            .await;
        assert_eq!(answer.status_code(), 403, "{header:?}");
        assert!(answer.text().contains("another site"), "{header:?}");
    }
}

#[tokio::test]
async fn signing_out_ends_the_session_for_good() {
    let house = House::new().await;
    let home = house.tenant("acme").await;
    house.member(&home, "ada@example.com", Role::Csm).await;
    let browser = house.sign_in("ada@example.com").await;
    assert_eq!(browser.get("/password").await.status_code(), 200);
    assert_eq!(browser.post("/sign-out", &[]).await.status_code(), 303);
    // The cookie is still sent, as a thief would.
    let after = browser.get("/password").await;
    assert_eq!(
        (after.status_code().as_u16(), after.header("location").to_str().unwrap()),
        (303, "/sign-in?next=%2Fpassword")
    );
}

#[tokio::test]
async fn a_new_password_ends_the_other_sessions() {
    let house = House::new().await;
    let home = house.tenant("acme").await;
    house.member(&home, "ada@example.com", Role::Csm).await;
    let (here, there) = (house.sign_in("ada@example.com").await, house.sign_in("ada@example.com").await);
    let wrong = here
        .post(
            "/password",
            &[("current", "nope"), ("password", "a much better one"), ("again", "a much better one")],
        )
        .await;
    assert_eq!(wrong.status_code(), 422);
    let short =
        here.post("/password", &[("current", PASSWORD), ("password", "short"), ("again", "short")]).await;
    assert!(short.text().contains("at least 12"), "{}", short.text());
    let changed = here
        .post(
            "/password",
            &[("current", PASSWORD), ("password", "a much better one"), ("again", "a much better one")],
        )
        .await;
    assert_eq!(changed.status_code(), 303);
    assert_eq!(here.get("/password").await.status_code(), 200);
    assert_eq!(there.get("/password").await.status_code(), 303);
}

#[tokio::test]
async fn a_person_of_two_companies_switches_between_them_and_nowhere_else() {
    let house = House::new().await;
    let (one, two, three) =
        (house.tenant("one").await, house.tenant("two").await, house.tenant("three").await);
    house.member(&one, "ada@example.com", Role::Csm).await;
    house.member(&two, "ada@example.com", Role::Admin).await;
    house.member(&three, "eve@example.com", Role::Admin).await;
    let browser = house.sign_in("ada@example.com").await;
    let page = browser.get("/password").await.text();
    assert!(page.contains("one") && page.contains("two") && !page.contains("three"));
    assert_eq!(browser.post("/tenant", &[("tenant", "two")]).await.status_code(), 303);
    assert!(browser.get("/password").await.text().contains("· two ·"));
    assert_eq!(browser.post("/tenant", &[("tenant", "three")]).await.status_code(), 404);
    assert!(browser.get("/password").await.text().contains("· two ·"));
}

#[tokio::test]
async fn an_invitation_lets_one_person_in_once() {
    let house = House::new().await;
    let home = house.tenant("acme").await;
    let actor = holdfast::app::Actor::command_line();
    let invited = house.app.invite(&home.scope, "new@example.com", Role::Manager, &actor).await.unwrap();
    let path = format!("/invitations/{}", invited.token);
    let http = house.http();
    assert!(http.get(&path).await.text().contains("new@example.com"));
    let short = http.post(&path).form(&[("name", "New"), ("password", "short")]).await;
    assert_eq!(short.status_code(), 422);
    let joined = http.post(&path).form(&[("name", "New Person"), ("password", PASSWORD)]).await;
    assert_eq!(joined.status_code(), 303, "{}", joined.text());
    assert_eq!(http.get(&path).await.status_code(), 404, "the link is used up");
    assert!(house.sign_in("new@example.com").await.get("/password").await.text().contains("New Person"));
    let late = house.app.invite(&home.scope, "late@example.com", Role::Csm, &actor).await.unwrap();
    house.set("2027-03-09T12:00:01Z");
    assert_eq!(http.get(&format!("/invitations/{}", late.token)).await.status_code(), 404);
}
