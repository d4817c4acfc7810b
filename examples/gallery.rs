//! Renders every page with sample data into a directory, to be looked at.
//! `cargo run --example gallery -- DIR` writes `DIR/<page>.html` and `DIR/static/*`.
#![expect(clippy::unwrap_used, missing_docs, reason = "a tool for the eye of a developer")]

use askama::Template;
use axum::extract::Path as P;
use chrono::{Days, NaiveDate};
use holdfast::web::assets;
use holdfast::web::pages::accounts as acc;
use holdfast::web::pages::{error, portfolio, renewals, search, session, settings, today};
use holdfast::web::ui::charts::*;
use holdfast::web::ui::shell::{Room, TenantChoice, Theme};
use holdfast::web::ui::*;

const NAMES: [(&str, &str); 14] = [
    ("Northwind Traders", "nw-001"),
    ("Blåbær Logistics AS", "bl-77"),
    ("Hanseatic Freight & Warehousing GmbH", "hfw"),
    ("שמש טכנולוגיות", "il-204"),
    ("🚀 Orbital Labs", "orb"),
    ("Acme Rockets", "acme"),
    ("Lumen & Daughters", "lum-9"),
    (
        "The Extraordinarily Long-Named International Association of Municipal Waterworks and Sewage Operators",
        "iamwso-emea-2024-0001",
    ),
    ("Zénith Énergie", "zen"),
    ("Kobayashi Denki 小林電機", "kd-1"),
    ("Pied Piper", "pp"),
    ("Globex", "glx"),
    ("شركة النور", "noor"),
    ("Vandelay Industries", "vdl"),
];
fn today_d() -> NaiveDate {
    "2026-11-22".parse().unwrap()
}
fn rnd(i: usize, n: usize) -> usize {
    (i.wrapping_mul(2654435761).wrapping_add(n * 40503) >> 7) % 1000
}
fn band(s: f64) -> (&'static str, Tone) {
    if s >= 80. {
        ("Green", Tone::Good)
    } else if s >= 60. {
        ("Yellow", Tone::Watch)
    } else if s >= 40. {
        ("Orange", Tone::Risk)
    } else {
        ("Red", Tone::Critical)
    }
}
fn health(i: usize) -> HealthBadge {
    let s = (rnd(i, 3) % 75 + 24) as f64;
    let (b, t) = band(s);
    let h = HealthBadge::new(Some(s), b, t);
    match i % 9 {
        4 => h.stale("last data 12 days ago"),
        6 => h.coverage(0.4, 0.6),
        8 => HealthBadge::new(None, "", Tone::None),
        _ => h.trend((rnd(i, 5) % 40) as f64 - 24., ""),
    }
}
fn walk(i: usize, n: usize, start: f64, step: f64) -> Vec<Option<f64>> {
    let mut v = start;
    (0..n)
        .map(|k| {
            v = (v + (rnd(i * 97 + k, 7) as f64 / 1000. - 0.52) * step).clamp(2., 98.);
            Some(v)
        })
        .collect()
}
fn spark(i: usize) -> Sparkline {
    let s = (rnd(i, 3) % 75 + 24) as f64;
    Sparkline::new(
        &if i % 9 == 8 { vec![] } else { walk(i, 13, s, 12.) },
        Some((0., 100.)),
        band(s).1,
        "Score over 90 days",
    )
}
fn shell(room: Room, theme: Theme) -> Shell {
    let t = |id: &str, name: &str, role: &str, current| TenantChoice {
        id: id.into(),
        name: name.into(),
        role: role.into(),
        current,
    };
    Shell {
        room,
        tenant: "Meridian Analytics".into(),
        tenants: vec![t("a", "Meridian Analytics", "CSM", true), t("b", "Tidewater", "Manager", false)],
        member: "Ana María Pérez".into(),
        email: "ana@meridian.example".into(),
        role: "CSM".into(),
        theme,
        as_of: None,
        toasts: vec![],
        here: "/".into(),
    }
}
fn bands() -> Vec<BandRange> {
    [("Green", 80., 100.), ("Yellow", 60., 80.), ("Orange", 40., 60.), ("Red", 0., 40.)]
        .into_iter()
        .map(|(n, a, b)| BandRange { name: n.into(), tone: band(a + 1.).1, from: a, to: b })
        .collect()
}
fn days(n: u64) -> Vec<NaiveDate> {
    (0..n).rev().map(|i| today_d() - Days::new(i)).collect()
}
fn score_chart(n: u64) -> LineChart {
    let d = days(n);
    let v: Vec<_> = (0..n as usize)
        .map(|i| {
            let x = i as f64 / n as f64;
            Some(86. - if x > 0.72 { (x - 0.72) * 88. } else { 0. } + (rnd(i / 4, 1) % 5) as f64)
        })
        .collect();
    let f = |i: usize, s: &str, t: &str| Flag { day: d[i], sign: s.into(), text: t.into() };
    LineChart::score("Health score", &d, &[Series { name: "Score".into(), values: v }], &bands()).flags(
        &d,
        &[
            f((n as f64 * 0.74) as usize, "1", "champion left"),
            f((n as f64 * 0.9) as usize, "2", "logins fell"),
        ],
    )
}
fn moments() -> Vec<Moment> {
    NAMES
        .iter()
        .enumerate()
        .map(|(i, (n, id))| {
            let s = (rnd(i, 3) % 75 + 24) as f64;
            Moment {
                day: today_d() + Days::new((rnd(i, 9) % 125) as u64),
                label: (*n).into(),
                note: format::money_short((20 + rnd(i, 2) as i64) * 25_000, "EUR"),
                tone: band(s).1,
                word: band(s).0.into(),
                href: format!("/accounts/{id}"),
            }
        })
        .collect()
}
fn tile(n: &str, v: &str, note: &str, d: f64, up: bool) -> StatTile {
    StatTile::new(n, v, note).delta(Delta::new(d, format::signed(d, 0) + " %", "", up)).link("/accounts")
}
fn head(tab: usize) -> acc::head::AccountHead {
    let mut tabs = Tabs::new("Account");
    for (i, (l, h)) in [
        ("Overview", ""),
        ("Health", "/health"),
        ("Usage", "/usage"),
        ("People", "/people"),
        ("Contracts & renewal", "/contracts"),
    ]
    .into_iter()
    .enumerate()
    {
        tabs = tabs.tab(l, format!("/accounts/hfw{h}"), i == tab);
        if i == 3 {
            tabs = tabs.count(6);
        }
    }
    acc::head::AccountHead {
        name: NAMES[2].0.into(),
        external_id: "hfw".into(),
        health: HealthBadge::new(Some(61.4), "Yellow", Tone::Watch).trend(-21., "in 30 days").large(),
        coverage: "94\u{2009}% of the model".into(),
        freshness: "last event 3 h ago".into(),
        segment: "Enterprise".into(),
        stage: "Ongoing success".into(),
        stage_day: "day 412".into(),
        arr: "€480,000".into(),
        renewal: "14 Jan 2027".into(),
        renewal_in: "in 53 days".into(),
        renewal_tone: Tone::Watch,
        csm: Some(Avatar::new("Ana María Pérez")),
        tags: vec!["Strategic".into(), "EMEA".into()],
        tabs,
        notice: None,
    }
}
fn milestones() -> Vec<acc::contracts::Milestone> {
    [
        (
            "T-90",
            "Renewal kick-off: value report and usage review",
            "16 Oct 2026",
            "done 14 Oct",
            Tone::Good,
            true,
        ),
        (
            "T-60",
            "Executive briefing with the economic buyer",
            "15 Nov 2026",
            "7 days late",
            Tone::Critical,
            false,
        ),
        ("T-45", "Commercial proposal sent", "30 Nov 2026", "in 8 days", Tone::None, false),
        ("T-30", "Verbal commitment", "15 Dec 2026", "in 23 days", Tone::None, false),
        ("T-0", "Contract signed", "14 Jan 2027", "in 53 days", Tone::None, false),
    ]
    .into_iter()
    .map(|(c, t, d, w, tone, done)| acc::contracts::Milestone {
        code: c.into(),
        title: t.into(),
        date: d.into(),
        when: w.into(),
        tone,
        action: Some("/x".into()),
        done,
    })
    .collect()
}
fn select(name: &str, label: &str, any: &str, of: &[&str], cur: Option<&str>) -> SelectFilter {
    SelectFilter::new(name, label, any, of.iter().map(|v| (v.to_lowercase(), v.to_string())), cur)
}
fn pages(theme: Theme) -> Vec<(&'static str, String)> {
    let mut out: Vec<(&'static str, String)> = Vec::new();
    let bare = Bare { theme };
    let demo = [
        ("CSM", "ana@meridian.example"),
        ("Manager", "li@meridian.example"),
        ("Executive", "sam@meridian.example"),
    ]
    .map(|(w, e)| (w.into(), e.into(), "correct-horse".into()))
    .to_vec();
    out.push((
        "sign_in",
        session::sign_in::SignInPage {
            bare: bare.clone(),
            email: "ana@meridian.example".into(),
            next: "/".into(),
            notice: Some(Notice::new(
                Tone::Critical,
                "That did not work.",
                "The address or the password is wrong. Nothing was changed.",
            )),
            demo,
        }
        .render()
        .unwrap(),
    ));
    out.push((
        "invitation",
        session::invitation::InvitationPage {
            bare: bare.clone(),
            tenant: "Meridian Analytics".into(),
            invited_by: "Li Wei".into(),
            role: "a CSM".into(),
            email: "new@meridian.example".into(),
            known: false,
            name: String::new(),
            name_error: None,
            password_error: Some("At least 12 characters, please.".into()),
            action: "/invitations/x".into(),
        }
        .render()
        .unwrap(),
    ));
    out.push((
        "error",
        error::ErrorPage {
            bare,
            status: 404,
            title: "There is no such page".into(),
            text: "It may have moved, or it belongs to a company you are not signed in to.".into(),
            request_id: "01JD4M9Z7Q".into(),
        }
        .render()
        .unwrap(),
    ));
    out.push((
        "password",
        session::password::PasswordPage {
            shell: shell(Room::Elsewhere, theme),
            current_error: Some("This is not your current password.".into()),
            password_error: None,
            again_error: None,
        }
        .render()
        .unwrap(),
    ));

    let whys = [
        "82 → 61 in 9 days: logins −43\u{2009}%, 3 urgent tickets",
        "Champion Marta Nowak left on 14 Nov; nobody else has signed in since",
        "No event for 12 days while the renewal is 34 days away",
        "NPS 2 from the economic buyer; adoption of dashboards fell to 8\u{2009}%",
        "Support: 6 high-priority tickets in 7 days, two past their SLA",
        "Usage halved after the rollout in Malmö ended",
        "Payment 21 days late",
    ];
    let calls: Vec<_> = (0..7)
        .map(|i| {
            let s = [61., 34., 22., 47., 55., 38., 66.][i];
            let h = HealthBadge::new(Some(s), band(s).0, band(s).1);
            today::show::Call {
                name: NAMES[[2, 0, 3, 7, 4, 5, 8][i]].0.into(),
                href: "/accounts/hfw".into(),
                health: if i == 2 {
                    h.stale("12 days")
                } else {
                    h.trend([-21., -30., -4., -18., -9., -25., -6.][i], "")
                },
                why: whys[i].into(),
                arr: ["€480,000", "€312,000", "€268,500", "€120,000", "€96,000", "€84,200", "€61,000"][i]
                    .into(),
                when: [
                    "renews in 53 days",
                    "renews in 21 days",
                    "renews in 34 days",
                    "renews in 118 days",
                    "renews in 9 months",
                    "renewal 3 days overdue",
                    "renews in 71 days",
                ][i]
                    .into(),
                next: [
                    "Review health",
                    "Find a champion",
                    "Call them",
                    "Review health",
                    "Review support",
                    "Prepare renewal",
                    "Review contract",
                ][i]
                    .into(),
                next_href: "/".into(),
            }
        })
        .collect();
    let upcoming: Vec<_> = (0..6)
        .map(|i| today::show::Upcoming {
            name: NAMES[i].0.into(),
            href: "/".into(),
            health: health(i + 2),
            arr: "€120,000".into(),
            date: "14 Jan 2027".into(),
            when: "in 53 days".into(),
        })
        .collect();
    let tp = today::show::TodayPage {
        shell: {
            let mut s = shell(Room::Today, theme);
            s.toasts = vec![
                Toast::done("Milestone “T-60 Executive briefing” marked done").undo("/undo", &[("id", "1")]),
            ];
            s
        },
        date: "Sunday, 22 November".into(),
        whose: "your 41 accounts".into(),
        freshness: "Last event 2 min ago, scores of 03:00".into(),
        fresh: true,
        notice: None,
        stats: vec![
            tile("My ARR", "€4.8M", "in 41 accounts", 3., true),
            tile("ARR at risk", "€1.4M", "in 7 accounts, was €1.1M in October", 27., false),
            StatTile::new("Renewing in 120 days", "€1.9M", "14 renewals, 4 at risk").link("/renewals"),
            StatTile::new("Mean health", "72", "target above 70")
                .delta(Delta::points(-3., "in 30 days"))
                .unit("of 100")
                .link("/accounts"),
        ],
        calls,
        more: Some(("5 more at risk".into(), "/accounts?band=risk".into())),
        empty: None,
        renewals: Timeline::new("Renewals in 120 days", today_d(), 120, &moments()),
        renewals_text: "14 renewals, €1.9M".into(),
        renewal_list: upcoming,
        since: "Friday, 18:04".into(),
        moved: (0..5)
            .map(|i| today::show::Moved {
                name: NAMES[i * 2 + 1].0.into(),
                href: "/".into(),
                delta: Delta::points([-21., -9., 12., -6., 5.][i], ""),
                why: [
                    "Green → Yellow: logins −43\u{2009}%",
                    "tickets up",
                    "Yellow → Green: rollout done",
                    "dashboards −30\u{2009}%",
                    "CSAT 4.8",
                ][i]
                    .into(),
                arr: "€120K".into(),
            })
            .collect(),
        due: vec![
            today::show::Due {
                title: "T-60 Executive briefing".into(),
                account: NAMES[2].0.into(),
                href: "/".into(),
                when: "7 days late".into(),
                tone: Tone::Critical,
            },
            today::show::Due {
                title: "T-90 Value review".into(),
                account: NAMES[7].0.into(),
                href: "/".into(),
                when: "due Tuesday".into(),
                tone: Tone::Watch,
            },
        ],
    };
    out.push(("today", tp.render().unwrap()));
    let mut t0 = tp.clone();
    t0.calls.clear();
    t0.moved.clear();
    t0.due.clear();
    t0.renewal_list.clear();
    t0.more = None;
    t0.shell.toasts.clear();
    t0.notice = Some(Notice::new(
        Tone::Watch,
        "“Production backend” fell silent.",
        "Nothing has arrived for 3 days; scores rest on older data.",
    ));
    t0.fresh = false;
    t0.freshness = "Last event 3 days ago".into();
    t0.empty = Some(
        EmptyState::new(
            "building-2",
            "No accounts yet",
            "Import your customers from a CSV file, or create a write key and let your product send them.",
        )
        .action("Import accounts", "/settings/imports")
        .action("Create a key", "/settings/keys"),
    );
    out.push(("today_empty", t0.render().unwrap()));

    let rows = (0..50)
        .map(|i| {
            let (n, id) = NAMES[i % 14];
            acc::list::AccountRow {
                name: n.into(),
                external_id: format!("{id}-{i}"),
                href: format!("/accounts/{id}"),
                health: health(i),
                spark: spark(i),
                segment: ["Enterprise", "Mid-Market", "SMB"][i % 3].into(),
                stage: ["Ongoing success", "Onboarding"][usize::from(i % 7 == 0)].into(),
                arr: format::money(((1000 - rnd(i, 2)) * (60 - i) * 1000) as i64, "EUR"),
                renewal: if i == 5 {
                    String::new()
                } else {
                    format::date(today_d() + Days::new(rnd(i, 4) as u64))
                },
                renewal_in: if i == 5 { String::new() } else { format!("{} days", rnd(i, 4)) },
                renewal_tone: if rnd(i, 4) < 60 { Tone::Risk } else { Tone::None },
                csm: (i % 11 != 3)
                    .then(|| Avatar::new(["Ana María Pérez", "Jonas Weber", "Priya Raman"][i % 3])),
            }
        })
        .collect();
    let cols = vec![
        Column::new("Account").sortable("?sort=name", None),
        Column::new("Health").sortable("?sort=score", None),
        Column::new("90 days"),
        Column::new("Segment").sortable("?", None),
        Column::new("Stage").sortable("?", None),
        Column::new("ARR").numeric().sortable("?sort=arr", Some(true)),
        Column::new("Renews").numeric().sortable("?", None),
        Column::new("In").numeric(),
        Column::new("CSM").sortable("?", None),
    ];
    let lp = acc::list::AccountListPage {
        shell: shell(Room::Accounts, theme),
        q: String::new(),
        sort: "-arr".into(),
        selects: vec![
            select("segment", "Segment", "Any segment", &["Enterprise", "Mid-Market", "SMB"], None),
            select("band", "Band", "Any band", &["Green", "Yellow", "Red"], Some("red")),
            select("csm", "CSM", "Any CSM", &["Ana María Pérez"], None),
            select("renewal", "Renewal", "Renews any time", &["30 days", "90 days"], None),
        ],
        chips: vec![Chip::new("Band: Red", "/accounts")],
        columns: cols,
        rows,
        empty: None,
        pager: Pager::numbered(2, 50, 160, "account", |p| format!("/accounts?page={p}")).target("#list"),
        count: "160 accounts".into(),
        arr: "€12.4M ARR".into(),
    };
    out.push(("accounts", lp.render().unwrap()));
    let mut l0 = lp.clone();
    l0.rows.clear();
    l0.empty = Some(
        EmptyState::new("search", "No account matches", "Nothing in your 160 accounts fits these filters.")
            .action("Clear filters", "/accounts"),
    );
    out.push(("accounts_empty", l0.render().unwrap()));

    out.push((
        "account",
        acc::show::AccountPage {
            shell: shell(Room::Accounts, theme),
            head: head(0),
            verdict: "Yellow at 61: adoption cost 21 points and support 9. It was Green until 30 October."
                .into(),
            reasons: vec![
                (
                    "Daily active users",
                    "31\u{2009}% of licensed users, 54\u{2009}% a month ago",
                    "−12.4",
                    Tone::Critical,
                ),
                ("Key features in use", "24\u{2009}% of 60\u{2009}%", "−8.6", Tone::Risk),
                ("Tickets in 30 days", "7, three of them urgent", "−9.1", Tone::Risk),
                ("CSAT", "3.9 of 5", "−4.0", Tone::Watch),
            ]
            .into_iter()
            .map(|(n, r, c, t)| acc::show::Reason {
                name: n.into(),
                reading: r.into(),
                cost: c.into(),
                tone: t,
                href: "#".into(),
            })
            .collect(),
            score: Some(score_chart(180)),
            empty: None,
            next: milestones()[1..4].to_vec(),
            details: vec![
                ("Plan".into(), "Enterprise Plus".into()),
                ("Region".into(), "EMEA".into()),
                ("Industry".into(), "Logistics".into()),
                ("CRM id".into(), "0015g00000XyZAAA0".into()),
            ],
            people: vec![
                ("Marta Nowak".into(), "VP of Operations".into(), true),
                ("Jürgen Groß-Müller".into(), "Head of Data".into(), false),
            ],
            activity: vec![
                ("Report Exported".into(), "412".into(), "3 h ago".into()),
                ("Signed In".into(), "1,204".into(), "3 h ago".into()),
            ],
        }
        .render()
        .unwrap(),
    ));

    let st = |n: &str, c: f64, t: Tone| Step {
        name: n.into(),
        href: Some("#dau".into()),
        cost: c,
        tone: t,
        text: format::points(-c),
    };
    let m = |a: &str,
             n: &str,
             w: &str,
             r: &str,
             u: &str,
             x: f64,
             y: f64,
             g: &str,
             l: &str,
             t: Tone,
             mark: Option<&str>| acc::health::MeasureRow {
        anchor: a.into(),
        name: n.into(),
        what: w.into(),
        reading: r.into(),
        unit: u.into(),
        window: "30 days to 21 Nov".into(),
        curve: CurveDot::new(
            &[(0., 0.), (20., 10.), (60., 100.), (80., 100.)],
            if mark == Some("missing") { None } else { Some((x, y)) },
            t,
            "31 % gives 38 of 100",
        ),
        weight_asked: "10 %".into(),
        weight_given: if a == "dau" { "12.5 %".into() } else { "10 %".into() },
        gained: g.into(),
        lost: l.into(),
        tone: t,
        fresh: "3 h ago".into(),
        mark: mark.map(Into::into),
        href: Some("#".into()),
    };
    let comp = |n: &str, w: &str, s: &str, p: &str, t, ms| acc::health::ComponentRow {
        name: n.into(),
        weight: w.into(),
        score: s.into(),
        tone: t,
        points: p.into(),
        measures: ms,
    };
    out.push(("health", acc::health::AccountHealthPage { shell: shell(Room::Accounts, theme), head: head(1), empty: None, verdict: "61 of 100. Fewer of their people use it (31 % of licensed users, 54 % a month ago) and support has become noisy; outcomes and satisfaction are where they were.".into(), model: "TechCorp health score, version 1, as of 22 Nov 2026".into(), waterfall: Some(Waterfall::new(vec![st("Daily active users", 12.4, Tone::Critical), st("Tickets in 30 days", 9.1, Tone::Risk), st("Key and advanced features in use", 8.6, Tone::Risk), st("Dashboard views", 4.5, Tone::Watch), st("CSAT", 4.0, Tone::Watch)], 61.4, "61.4", "Yellow", Tone::Watch)), caps: vec![Notice::new(Tone::Watch, "Held at Yellow.", "Usage fell by 43\u{2009}% in 30 days; from 25\u{2009}% on, the band is Yellow at best, whatever the score.")], path_up: vec![acc::health::PathUp { text: "Daily active users from 31 % to 58 %".into(), gain: "+11.8".into(), note: "reaches 73".into() }, acc::health::PathUp { text: "No more than 3 tickets in 30 days".into(), gain: "+6.2".into(), note: "with the step above reaches 79".into() }, acc::health::PathUp { text: "Key features in use from 24 % to 30 %".into(), gain: "+1.4".into(), note: "with both above reaches 80: Green".into() }],
        components: vec![comp("Product usage", "40 %", "54", "21.6 of 40", Tone::Risk, vec![m("dau", "Daily active users", "share of licensed users, mean a day", "31", "%", 31., 38., "+4.8", "−7.7", Tone::Critical, None), m("dash", "Dashboard views", "a user and week", "6.2", "views", 48., 73., "+9.1", "−3.4", Tone::Watch, None), m("q", "Queries", "a user and week", "no data", "", 0., 0., "–", "–", Tone::None, Some("missing"))]), comp("Support", "20 %", "54", "10.9 of 20", Tone::Risk, vec![m("t", "Tickets", "opened, all priorities", "7", "tickets", 35., 44., "+10.9", "−9.1", Tone::Risk, Some("stale"))])],
        score: Some(score_chart(365)), changes: vec![acc::health::ScoreChange { sign: "2".into(), date: "13 Nov".into(), change: "71 → 61".into(), tone: Tone::Critical, why: "logins −43 %, three urgent tickets".into() }, acc::health::ScoreChange { sign: "1".into(), date: "30 Oct".into(), change: "82 → 74".into(), tone: Tone::Risk, why: "champion left; dashboards −30 %".into() }] }.render().unwrap()));

    let d = days(90);
    out.push((
        "usage",
        acc::usage::AccountUsagePage {
            shell: shell(Room::Accounts, theme),
            head: head(2),
            action: "/accounts/hfw/usage".into(),
            window: select("days", "Window", "Last 90 days", &["30 days", "365 days"], None),
            metrics: (0..7)
                .map(|i| {
                    let mut v: Vec<_> = walk(i, 90, 50., 9.)
                        .into_iter()
                        .map(|x| x.map(|x| (x * [4.0, 90., 1., 0.3, 1300., 2., 1.][i]).round()))
                        .collect();
                    if i == 2 {
                        for k in 60..70 {
                            v[k] = None;
                        }
                    }
                    if i == 6 {
                        v = vec![Some(0.); 90];
                    }
                    acc::usage::UsageMetric {
                        anchor: format!("m{i}"),
                        name: [
                            "Active users",
                            "Sessions",
                            "Dashboards viewed",
                            "Tickets",
                            "Rows queried",
                            "Exports",
                            "Integrations live",
                        ][i]
                            .into(),
                        latest: "412".into(),
                        unit: "users a day, mean of 7 days".into(),
                        delta: Some(Delta::new(
                            [-43., 3., 0., 12., -3., 5., 0.][i],
                            format!("{} %", format::signed([-43., 3., 0., 12., -3., 5., 0.][i], 0)),
                            "",
                            i != 3,
                        )),
                        chart: LineChart::new(
                            "Active users",
                            &d,
                            &[Series { name: "Users".into(), values: v }],
                            0,
                        )
                        .small(),
                    }
                })
                .collect(),
            silent: vec!["NPS".into(), "Reported ROI".into()],
            empty: None,
        }
        .render()
        .unwrap(),
    ));
    out.push((
        "people",
        acc::people::AccountPeoplePage {
            shell: shell(Room::Accounts, theme),
            head: head(3),
            people: [
                ("Marta Nowak", "VP of Operations", "Decision maker", true),
                ("Jürgen Groß-Müller", "Head of Data", "Influencer", false),
                ("نور الهاشمي", "Analyst", "User", false),
            ]
            .into_iter()
            .map(|(n, t, r, c)| acc::people::Person {
                avatar: Avatar::new(n),
                title: t.into(),
                role: r.into(),
                champion: c,
                email: "m.nowak@hanseatic-freight.example".into(),
                phone: "+49 40 1234 5678".into(),
                last_seen: "3 h ago".into(),
            })
            .collect(),
            empty: None,
        }
        .render()
        .unwrap(),
    ));
    out.push((
        "contracts",
        acc::contracts::AccountContractsPage {
            shell: shell(Room::Accounts, theme),
            head: head(4),
            stats: vec![
                StatTile::new("Next renewal", "14 Jan 2027", "in 53 days, 24-month term"),
                StatTile::new("Up for renewal", "€480,000", "€420,000 at the last renewal"),
                StatTile::new("Strategy", "Reinforce value", "because the band is Yellow"),
                StatTile::new("Milestones", "1", "one is 7 days late").unit("of 5 done"),
            ],
            process: "the process opens 90 days before".into(),
            milestones: milestones(),
            contracts: vec![
                acc::contracts::Contract {
                    reference: "C-2025-014".into(),
                    start: "15 Jan 2025".into(),
                    end: "14 Jan 2027".into(),
                    term: "24 months".into(),
                    arr: "€480,000".into(),
                    seats: "250".into(),
                    state: "Current".into(),
                    tone: Tone::Good,
                },
                acc::contracts::Contract {
                    reference: "C-2023-002".into(),
                    start: "15 Jan 2023".into(),
                    end: "14 Jan 2025".into(),
                    term: "24 months".into(),
                    arr: "€420,000".into(),
                    seats: "200".into(),
                    state: "Ended".into(),
                    tone: Tone::None,
                },
            ],
            empty: None,
        }
        .render()
        .unwrap(),
    ));

    let part = |t: Tone, n: &str, s: f64, k: &str| Part {
        tone: t,
        name: n.into(),
        size: s,
        text: format::money_short((s * 1e8) as i64, "EUR"),
        note: k.into(),
        href: Some("/accounts".into()),
    };
    let bar = || {
        StackedBar::new(
            "ARR by band",
            vec![
                part(Tone::Good, "Green", 7.9, "98 accounts"),
                part(Tone::Watch, "Yellow", 2.6, "37 accounts"),
                part(Tone::Critical, "Red", 1.4, "21 accounts"),
                part(Tone::None, "No score", 0.5, "4 accounts"),
            ],
        )
    };
    let month = |n: &str, o: usize| renewals::list::Month {
        name: n.into(),
        count: "5 renewals".into(),
        arr: "€812K".into(),
        rows: (o..o + 5)
            .map(|i| renewals::list::Renewal {
                name: NAMES[i % 14].0.into(),
                segment: "Enterprise".into(),
                href: "/".into(),
                date: "14 Jan 2027".into(),
                when: "in 53 days".into(),
                when_tone: Tone::None,
                arr: "€120,000".into(),
                health: health(i),
                strategy: ["Churn prevention", "Reinforce value", "Renew and expand"][i % 3].into(),
                done: i % 4,
                of: 5,
                open: ["2 late", "", "1 due"][i % 3].into(),
                open_tone: [Tone::Critical, Tone::None, Tone::Watch][i % 3],
                csm: Some(Avatar::new("Jonas Weber")),
            })
            .collect(),
    };
    out.push((
        "renewals",
        renewals::list::RenewalListPage {
            shell: shell(Room::Renewals, theme),
            selects: vec![
                select("window", "Window", "Next 120 days", &["30 days", "365 days"], None),
                select("segment", "Segment", "Any segment", &["Enterprise"], Some("enterprise")),
                select("csm", "CSM", "Any CSM", &["Jonas"], None),
            ],
            chips: vec![Chip::new("Segment: Enterprise", "/renewals")],
            stats: vec![
                StatTile::new("Up for renewal", "€1.9M", "14 renewals in 120 days"),
                StatTile::new("At risk", "€640K", "4 renewals, 34\u{2009}% of ARR"),
                StatTile::new("Milestones late", "3", "in 2 renewals"),
            ],
            by_band: Some(bar()),
            months: vec![month("Overdue", 0), month("December 2026", 3), month("January 2027", 7)],
            empty: None,
        }
        .render()
        .unwrap(),
    ));

    let bandp = || {
        vec![(Tone::Critical, "Red".to_owned()), (Tone::Watch, "Yellow".into()), (Tone::Good, "Green".into())]
    };
    let txt = |v: f64| format::money_short((v * 1e8) as i64, "EUR");
    let over: Vec<_> = [
        "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec", "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul",
        "Aug", "Sep", "Oct", "Nov",
    ]
    .iter()
    .enumerate()
    .map(|(i, l)| charts::Stack {
        label: (*l).into(),
        values: vec![0.6 + 0.05 * i as f64, 1.8 + 0.04 * i as f64, 5.2 + 0.16 * i as f64],
    })
    .collect();
    let cell = |s: f64, k: i64| HeatCell {
        size: s,
        text: if s > 0. { txt(s) } else { "–".into() },
        note: if s > 0. { format::count(k, "account") } else { String::new() },
        href: (s > 0.).then(|| "/accounts".into()),
    };
    let hrow = |l: &str, c: [(f64, i64); 3], t: &str| HeatRow {
        label: l.into(),
        cells: c.iter().map(|x| cell(x.0, x.1)).collect(),
        total: t.into(),
        total_note: "48 accounts".into(),
    };
    let mv = |i: usize, dlt: f64, b: &str, w: &str| portfolio::show::PortfolioMove {
        name: NAMES[i].0.into(),
        href: "/".into(),
        delta: Delta::points(dlt, ""),
        bands: b.into(),
        why: w.into(),
        arr: "€480K".into(),
    };
    let mut ps = shell(Room::Portfolio, theme);
    ps.as_of = Some(("30 Sep 2026".into(), "/portfolio".into()));
    out.push(("portfolio", portfolio::show::PortfolioPage { shell: ps, day: "2026-09-30".into(), first_day: "2025-05-22".into(), last_day: "2026-11-22".into(), day_text: "30 September 2026".into(), headline: "€7.9M of €12.4M ARR is Green. €1.4M is Red, and €640K of that renews before the end of March.".into(), empty: None, stats: vec![tile("ARR", "€12.4M", "160 accounts", 3., true), tile("At risk", "€1.4M", "11\u{2009}% of ARR, 21 accounts", 12., false), StatTile::new("Up for renewal in 2 quarters", "€4.0M", "46 renewals, €860K at risk").link("/renewals"), StatTile::new("Mean health", "72", "target above 70").delta(Delta::points(-3., "in 30 days")).unit("of 100")], by_band: Some(bar()), over_time: Some(StackedColumns::new("ARR by band over time", "Month", &bandp(), &over, txt)), heat: Some(HeatMap::new("ARR by segment and band", vec![(Tone::Good, "Green".into()), (Tone::Watch, "Yellow".into()), (Tone::Critical, "Red".into())], vec![hrow("Enterprise", [(5.2, 24), (1.4, 8), (0.9, 5)], "€7.5M"), hrow("Mid-Market", [(2.1, 40), (0.9, 19), (0.4, 10)], "€3.4M"), hrow("SMB", [(0.6, 34), (0.3, 10), (0.0, 0)], "€0.9M")])), renewals: Some(StackedColumns::new("Revenue up for renewal", "Quarter", &bandp(), &["Q4 2026", "Q1 2027", "Q2 2027", "Q3 2027"].iter().enumerate().map(|(i, l)| charts::Stack { label: (*l).into(), values: vec![0.3, 0.5 + 0.2 * i as f64, 1.1] }).collect::<Vec<_>>(), txt)), quarters: ["Q4 2026", "Q1 2027", "Q2 2027", "Q3 2027"].iter().map(|q| portfolio::show::Quarter { name: (*q).into(), count: "24".into(), arr: "€2.1M".into(), at_risk: "€640K".into(), share: "30 %".into(), href: "/renewals".into() }).collect(), period: "in the last 30 days".into(), up: vec![mv(1, 14., "Yellow → Green", "rollout finished, active users +38 %"), mv(6, 9., "Red → Yellow", "tickets settled"), mv(9, 7., "", "CSAT 3.8 → 4.7")], down: vec![mv(2, -21., "Green → Yellow", "logins −43 %, three urgent tickets"), mv(7, -18., "Yellow → Red", "champion left"), mv(0, -11., "Green → Yellow", "dashboards −30 %")], load: ["Ana María Pérez", "Jonas Weber", "Priya Raman"].iter().enumerate().map(|(i, n)| portfolio::show::Load { csm: Some(Avatar::new(n)), href: "/accounts".into(), accounts: "41".into(), ratio: if i == 1 { "of 20 by the book".into() } else { String::new() }, over: i == 1, arr: "€4.8M".into(), bands: bar().bare(), at_risk: "€640K".into(), renewals: "14".into() }).chain([portfolio::show::Load { csm: None, href: "/".into(), accounts: "3".into(), ratio: String::new(), over: false, arr: "€90K".into(), bands: bar().bare(), at_risk: "€0".into(), renewals: "1".into() }]).collect() }.render().unwrap()));
    out.push((
        "search",
        search::list::SearchPage {
            shell: shell(Room::Elsewhere, theme),
            q: "nor".into(),
            accounts: (0..4)
                .map(|i| search::list::AccountHit {
                    name: NAMES[i].0.into(),
                    external_id: NAMES[i].1.into(),
                    href: "/".into(),
                    health: health(i),
                })
                .collect(),
            pages: vec![("activity", "Sources".into(), "/settings/sources".into())],
        }
        .render()
        .unwrap(),
    ));

    use settings::{SettingsNav, SettingsRoom as SR};
    let s = || shell(Room::Settings, theme);
    let nav = |r| SettingsNav { room: r, quarantined: "312".into() };
    let roles: Vec<(String, String, String)> = [
        ("admin", "Administrator", "everything"),
        ("manager", "Manager", "assigns accounts"),
        ("csm", "CSM", "works on accounts"),
        ("executive", "Executive", "reads"),
    ]
    .map(|(a, b, c)| (a.into(), b.into(), c.into()))
    .to_vec();
    out.push((
        "members",
        settings::members::MembersPage {
            shell: s(),
            nav: nav(SR::Members),
            may_edit: true,
            roles,
            members: [
                ("Ana María Pérez", "ana@meridian.example", "csm"),
                ("Li Wei", "li.wei@meridian.example", "admin"),
                (
                    "Maximilian von und zu Hohenstein-Oettingen",
                    "maximilian.von.und.zu.hohenstein-oettingen@meridian.example",
                    "executive",
                ),
            ]
            .iter()
            .enumerate()
            .map(|(i, (n, e, r))| settings::members::MemberRow {
                id: "1".into(),
                avatar: Avatar::new(n),
                email: (*e).into(),
                role: (*r).into(),
                role_text: "Administrator".into(),
                last_seen: "2 h ago".into(),
                accounts: "41".into(),
                is_me: i == 1,
            })
            .collect(),
            invitations: vec![settings::members::InvitationRow {
                email: "new@meridian.example".into(),
                role: "CSM".into(),
                expires: "expires in 6 days".into(),
                revoke: "/x".into(),
            }],
            email: String::new(),
            email_error: None,
            invited: Some((
                "new@meridian.example".into(),
                "https://holdfast.example/invitations/8Kd92jLmQ0sVb7Yt".into(),
            )),
        }
        .render()
        .unwrap(),
    ));
    out.push(("keys", settings::keys::KeysPage { shell: s(), nav: nav(SR::Keys), may_edit: true, created: Some(settings::keys::NewKey { name: "Production backend".into(), secret: "hf_w_8Kd92jLmQ0sVb7YtRz1XcN4pWqE6uA3o".into(), example: "curl -u hf_w_8Kd92jLmQ0sVb7YtRz1XcN4pWqE6uA3o: https://holdfast.example/v1/track \\\n  -d '{\"userId\":\"u1\",\"event\":\"Hello\",\"context\":{\"groupId\":\"acme\"}}'".into() }), name_error: None, keys: vec![settings::keys::KeyRow { id: "1".into(), name: "Production backend".into(), scope: "Write".into(), prefix: "hf_w_8Kd9…".into(), created: "today by Li Wei".into(), last_used: "never".into(), revoked: None }, settings::keys::KeyRow { id: "2".into(), name: "Warehouse export".into(), scope: "Read".into(), prefix: "hf_r_Zz01…".into(), created: "12 Jan 2026 by Li Wei".into(), last_used: "4 min ago".into(), revoked: Some("3 Nov".into()) }], empty: None }.render().unwrap()));
    let bars = |i: usize| {
        CountBars::new(
            &(0..30)
                .map(|k| {
                    let n = rnd(k + i, 3) as i64 * 30;
                    (n, if k % 9 == 4 { n / 9 } else { 0 })
                })
                .collect::<Vec<_>>(),
            "Messages a day",
        )
    };
    out.push((
        "sources",
        settings::sources::SourcesPage {
            shell: s(),
            nav: nav(SR::Sources),
            stats: vec![
                StatTile::new("Arrived", "1,204,331", "in 30 days"),
                StatTile::new("Duplicates", "8,120", "0.7\u{2009}%, stored once"),
                StatTile::new("In quarantine", "312", "oldest 6 days").link("/settings/quarantine"),
                StatTile::new("Rejected", "4", "whole requests"),
            ],
            sources: vec![
                settings::sources::SourceRow {
                    name: "Production backend".into(),
                    library: "analytics-python 2.3.2".into(),
                    last: "2 min ago".into(),
                    tone: Tone::Good,
                    state: "Sending".into(),
                    bars: bars(1),
                    arrived: "1,180,210".into(),
                    duplicate: "8,120".into(),
                    quarantined: "312".into(),
                    rejected: "4".into(),
                    href: "/".into(),
                },
                settings::sources::SourceRow {
                    name: "Mobile".into(),
                    library: "@rudderstack/rudder-sdk-node 2.1".into(),
                    last: "3 days ago".into(),
                    tone: Tone::Watch,
                    state: "Silent for 3 days".into(),
                    bars: bars(9),
                    arrived: "24,121".into(),
                    duplicate: "0".into(),
                    quarantined: "0".into(),
                    rejected: "0".into(),
                    href: "/".into(),
                },
            ],
            empty: None,
        }
        .render()
        .unwrap(),
    ));
    out.push(("quarantine", settings::quarantine::QuarantinePage { shell: s(), nav: nav(SR::Quarantine), may_edit: true, selects: vec![select("reason", "Reason", "Any reason", &["Unknown account", "No event name"], None), select("source", "Source", "Any source", &["Mobile"], None)], chips: vec![], filters: vec![], count: "312 messages".into(), rows: (0..4).map(|i| settings::quarantine::QuarantineRow { id: "1".into(), received: "22 Nov, 09:14:31".into(), source: "Production backend".into(), what: "track: Report Exported".into(), reason: ["The user “u-8821” belongs to no account.", "The date 2041-01-01 lies in the future."][i % 2].into(), remedy: ["Send a group call for this user, then replay.", "It can never be counted: dismiss it."][i % 2].into(), raw: "{\n  \"type\": \"track\",\n  \"event\": \"Report Exported\",\n  \"userId\": \"u-8821\"\n}".into(), can_replay: i % 2 == 0 }).collect(), empty: None, pager: Pager::keyset("", None, Some("?after=1".into())) }.render().unwrap()));
    let st = |h: &str| (h.to_owned(), h.to_owned(), false);
    let imp = |step| settings::imports::ImportPage {
        shell: s(),
        nav: nav(SR::Imports),
        file: "accounts-2026-11.csv".into(),
        kind: "Accounts".into(),
        here: "/settings/imports/1".into(),
        step,
    };
    out.push((
        "imports",
        settings::imports::ImportsPage {
            shell: s(),
            nav: nav(SR::Imports),
            may_edit: true,
            kinds: vec![("accounts".into(), "Accounts".into(), "external_id, name".into())],
            error: None,
            imports: vec![settings::imports::ImportRow {
                href: "/".into(),
                file: "accounts-2026-11.csv".into(),
                kind: "Accounts".into(),
                started: "22 Nov, 09:14 by Li Wei".into(),
                state: "Done".into(),
                tone: Tone::Good,
                accepted: "99,988".into(),
                rejected: "12".into(),
            }],
            empty: None,
        }
        .render()
        .unwrap(),
    ));
    out.push((
        "import_map",
        imp(settings::imports::ImportStep::Mapping {
            columns: ["Customer ID", "Company", "Annual value", "Notes"]
                .iter()
                .map(|h| settings::imports::ColumnMapping {
                    input: "column:1".into(),
                    header: (*h).into(),
                    samples: "C-001, C-002, C-003".into(),
                    choices: vec![st("Leave out"), st("External id"), st("Name")],
                })
                .collect(),
            error: Some(Notice::new(
                Tone::Critical,
                "“External id” is missing.",
                "Choose the column that identifies each account.",
            )),
        })
        .render()
        .unwrap(),
    ));
    out.push((
        "import_run",
        imp(settings::imports::ImportStep::Running(ProgressBar::new(
            "Importing",
            48_210,
            Some(100_000),
            "row",
        )))
        .render()
        .unwrap(),
    ));
    out.push((
        "import_done",
        imp(settings::imports::ImportStep::Finished {
            notice: Notice::new(
                Tone::Good,
                "Done in 8 seconds.",
                "99,988 rows were taken; 12 were rejected and are kept below.",
            ),
            stats: vec![
                StatTile::new("Created", "98,000", "new accounts"),
                StatTile::new("Updated", "1,988", "already known"),
                StatTile::new("Unchanged", "0", ""),
                StatTile::new("Rejected", "12", "see below"),
            ],
            rejected: vec![("14".into(), "ARR “12k” is not a number".into(), "C-014,Initech,12k,".into())],
            download: Some("/x".into()),
        })
        .render()
        .unwrap(),
    ));
    out.push((
        "metrics",
        settings::metrics::MetricsPage {
            shell: s(),
            nav: nav(SR::Metrics),
            metrics: (0..6)
                .map(|i| settings::metrics::MetricRow {
                    name: ["Active users", "Logins", "Seats in use", "Reports exported", "Tickets", "NPS"][i]
                        .into(),
                    id: ["active_users", "logins", "seats_used", "reports_exported", "tickets", "nps"][i]
                        .into(),
                    kind: ["Distinct users", "Counter", "Gauge", "Counter", "Counter", "Gauge"][i].into(),
                    source: [
                        "any track event",
                        "track: Signed In",
                        "group trait seats_used",
                        "track: Report Exported",
                        "track: Ticket Opened",
                        "REST",
                    ][i]
                        .into(),
                    accounts: "140".into(),
                    spark: Sparkline::new(&walk(i, 30, 50., 20.), None, Tone::None, "30 days"),
                    last: "4 min ago".into(),
                    tone: [Tone::Good, Tone::Watch, Tone::None][i % 3],
                    state: ["Fresh", "Stale", "No data"][i % 3].into(),
                })
                .collect(),
            empty: None,
        }
        .render()
        .unwrap(),
    ));
    let curve = || CurveDot::new(&[(0., 0.), (60., 100.), (80., 100.)], None, Tone::None, "curve");
    out.push((
        "methodology",
        settings::methodology::MethodologyPage {
            shell: s(),
            nav: nav(SR::Methodology),
            name: "TechCorp Customer Success Playbook".into(),
            summary: "Four-part health score, three segments by ARR, a renewal process of 90 days.".into(),
            version: "techcorp 1.0".into(),
            segments: vec![
                ("Enterprise".into(), "ARR from $100,000".into(), "Dedicated CSM".into(), "37".into()),
                ("SMB".into(), "ARR below $25,000".into(), "Digital".into(), "44".into()),
            ],
            stages: vec![
                ("Onboarding".into(), "1–90".into(), "12".into()),
                ("Ongoing success".into(), "from 91".into(), "148".into()),
            ],
            bands: vec![
                (Tone::Good, "Green".into(), "80–100".into(), "Look for expansion".into()),
                (Tone::Watch, "Yellow".into(), "60–79".into(), "Find the cause within a week".into()),
                (Tone::Critical, "Red".into(), "0–59".into(), "Call within a day".into()),
            ],
            model: "Health score, version 1".into(),
            components: vec![settings::methodology::ModelComponent {
                name: "Product usage".into(),
                weight: "40 %".into(),
                measures: vec![settings::methodology::ModelMeasure {
                    name: "Daily active users".into(),
                    reading: "active_users / seats, mean of 30 days".into(),
                    weight: "33.3 %".into(),
                    curve: curve(),
                    curve_text: "0 at 0, 100 from 60 on".into(),
                    missing: "left out".into(),
                }],
            }],
            caps: vec![("Usage falls by 25 % in 30 days".into(), "Yellow at best".into())],
            milestones: vec![("T-90".into(), "Renewal kick-off".into(), "90 days before".into())],
        }
        .render()
        .unwrap(),
    ));
    out.push((
        "audit",
        settings::audit::AuditPage {
            shell: s(),
            nav: nav(SR::Audit),
            q: String::new(),
            selects: vec![select("kind", "Kind", "Anything", &["Keys", "Members"], None)],
            chips: vec![],
            rows: (0..8)
                .map(|i| settings::audit::AuditRow {
                    when: "22 Nov, 09:14:31".into(),
                    who: Avatar::new(["Li Wei", "Ana María Pérez", "Holdfast"][i % 3]),
                    what: ["Revoked API key", "Marked milestone done", "Recomputed all scores"][i % 3].into(),
                    subject: ["Warehouse export", "T-60, Northwind Traders", ""][i % 3].into(),
                    href: (i % 3 == 1).then(|| "/".into()),
                    change: ["", "open → done", "160 accounts, model version 1"][i % 3].into(),
                })
                .collect(),
            empty: None,
            pager: Pager::keyset("", None, Some("?after=1".into())).target("#list"),
        }
        .render()
        .unwrap(),
    ));
    out
}

#[tokio::main]
async fn main() {
    let dir = std::path::PathBuf::from(std::env::args().nth(1).unwrap());
    std::fs::create_dir_all(dir.join("static/vendor")).unwrap();
    for name in
        ["app.css", "app.js", "charts.js", "icons.svg", "favicon.svg", "inter.woff2", "vendor/htmx.min.js"]
    {
        let url = assets::url(name);
        let answer =
            assets::serve(P(url.trim_start_matches("/static/").to_owned()), axum::http::HeaderMap::new())
                .await;
        let body = axum::body::to_bytes(answer.into_body(), 1 << 24).await.unwrap();
        std::fs::write(dir.join(url.trim_start_matches('/')), body).unwrap();
    }
    for (suffix, theme) in [("", Theme::Light), ("_dark", Theme::Dark)] {
        for (name, html) in pages(theme) {
            std::fs::write(dir.join(format!("{name}{suffix}.html")), html).unwrap();
        }
    }
}
