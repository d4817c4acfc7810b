// The morning of a CSM: who needs me, why, and when do they renew?

import assert from "node:assert/strict";

import { day } from "../harness/holdfast.mjs";
import { journey } from "./support/journey.mjs";

/** From Today to the reasons and the renewal of the account in the greatest trouble. */
async function morning({ page }) {
  await page.getByRole("heading", { name: "Today", level: 1 }).waitFor();
  const first = page.locator("ol.calls > li").first();
  assert.equal(await first.locator("a.name").innerText(), "Harbor Freightways");
  assert.match(await first.locator(".why").innerText(), /\d/, "the reason has a figure");
  assert.match(await first.locator(".worth").innerText(), /240/);
  assert.match(await first.locator(".badge").innerText(), /Red/);

  await first.locator("a.name").click();
  await page.getByRole("heading", { name: "Harbor Freightways", level: 1 }).waitFor();
  const reasons = page.locator("section", { has: page.getByRole("heading", { name: "Why this score" }) });
  assert.ok(await reasons.locator("li").count() >= 2, "several reasons");
  await reasons.getByRole("link", { name: "All measures" }).click();

  await page.waitForURL("**/accounts/harbor/health");
  const waterfall = page.locator("table.waterfall");
  await waterfall.waitFor();
  const rows = await waterfall.locator("tr").count();
  assert.ok(rows >= 4, `the waterfall has ${rows} rows`);
  const total = await waterfall.locator("tr.total").innerText();
  assert.match(total, /Red/);
  const badge = Number(await page.locator(".account-head .badge b").innerText());
  assert.equal(Math.round(Number(total.trim().split(/\s+/).at(-1))), badge, "the waterfall ends on the score");
  const measures = page.locator("table.measures");
  await measures.getByText("Daily active users", { exact: true }).waitFor();
  assert.ok(await measures.locator("svg").count() >= 5, "curves with the account's dot");

  await page.getByRole("link", { name: /Contracts|renewal/i }).filter({ visible: true }).last().click();
  await page.waitForURL("**/accounts/harbor/contracts");
  const steps = page.locator("ol.milestones > li");
  assert.equal(await steps.count(), 3);
  assert.match(await steps.nth(0).innerText(), /90 Days Before Renewal/);
  const shown = await page.locator(".account-head .facts").innerText();
  const due = new Date(`${day(60)}T00:00:00Z`);
  assert.match(shown, new RegExp(`${due.getUTCDate()} `), "the renewal date");
  assert.match(shown, /60 days/);
  assert.match(await page.locator("main table").last().innerText(), /c-harbor/);
}

journey("finds the account in trouble, opens why, sees its renewal", { as: "csm" }, morning);
journey("the same without JavaScript", { as: "csm", javaScriptEnabled: false }, morning);
journey("the same on a phone", { as: "csm", viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true }, morning);

journey("Today says what moved and what renews", { as: "csm" }, async ({ page }) => {
  const renewals = page.locator("section", { has: page.getByRole("heading", { name: "Renewals in the next 120 days" }) });
  const names = await renewals.locator("tbody a.name").allInnerTexts();
  assert.deepEqual(names, ["Birch & Sons", "Harbor Freightways", "Fir Robotics", "Cedar Clinics"], "mine, soonest first");
  await renewals.getByRole("link", { name: "All renewals" }).click();
  await page.waitForURL("**/renewals");
  const rows = page.locator("tbody a.name");
  assert.equal(await rows.first().innerText(), "Birch & Sons");
});

journey("usage and people of an account", { as: "csm", path: "/accounts/harbor/usage" }, async ({ page }) => {
  await page.locator("section.metric", { hasText: "Daily active users" }).waitFor();
  await page.getByText("Show as table").first().click();
  await page.locator(".chart-table table").first().waitFor();
  await page.getByRole("link", { name: "People" }).click();
  await page.waitForURL("**/accounts/harbor/people");
  const champion = page.locator("tr", { hasText: "Rosa Vega" });
  assert.match(await champion.innerText(), /Champion/);
});

/** Sets Harbor's band by hand, sees both words wherever it stands, takes it back, and undoes that. */
async function judge({ page }) {
  const form = page.locator("#set-by-hand");
  const open = page.getByRole("button", { name: "Set it by hand" });
  await open.focus();
  await page.keyboard.press("Enter");
  await form.getByLabel("It counts as").selectOption({ label: "Yellow" });
  await form.getByLabel("What do you know").fill("Their <new> director signs on Friday");
  await form.getByRole("button", { name: "Set", exact: true }).click();

  const line = page.locator(".by-hand-line");
  await line.getByText(/Set to Yellow by .* until/).waitFor();
  assert.match(await line.innerText(), /the model says Red at/);
  assert.match(await line.innerText(), /<new> director/);
  const card = page.locator("#judgement");
  assert.equal(await card.locator(".badge").count(), 2, "both, side by side");
  assert.match(await page.locator("table.waterfall tr.total").innerText(), /Red/, "the waterfall is the model's");

  await page.goto("/accounts?q=harbor");
  assert.match(await page.locator(".badge:has(.by-hand)").getAttribute("title"), /the model says Red/);
  await page.goto("/portfolio/overrides");
  const row = page.locator("tr", { hasText: "Harbor Freightways" }).first();
  assert.match(await row.innerText(), /they disagree/);
  await row.getByRole("link", { name: "Harbor Freightways" }).click();

  await card.getByRole("button", { name: "Withdraw" }).click();
  await page.locator(".toast", { hasText: "follows the model again" }).getByRole("button", { name: "Undo" }).click();
  await line.getByText("Set to Yellow").waitFor();
  await card.getByRole("button", { name: "Withdraw" }).click();
  await open.waitFor();
  assert.equal(await line.count(), 0);
}

const JUDGE = { as: "csm", path: "/accounts/harbor/health" };
journey("sets the health by hand, sees both, takes it back", JUDGE, judge);
journey("sets it by hand without JavaScript", { ...JUDGE, javaScriptEnabled: false }, judge);
journey("sets it by hand on a phone", { ...JUDGE, viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true }, judge);
