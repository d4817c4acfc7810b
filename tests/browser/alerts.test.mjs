// From an alert to what is done about it, and a note that is found again.

import assert from "node:assert/strict";

import { journey } from "./support/journey.mjs";

const toast = (page) => page.locator(".toast .text").last();

/** Closes the gravest alert of Harbor, undoes it, snoozes it and brings it back. */
async function work({ page }) {
  const card = page.locator("section", { has: page.getByRole("heading", { name: "Open alerts" }) });
  const alert = card.locator(".alerts > li", { hasText: "Harbor Freightways" }).first();
  const title = await alert.locator("a.name").innerText();
  const shown = card.locator(".alerts > li", { hasText: "Harbor Freightways" }).filter({ has: page.getByRole("link", { name: title, exact: true }) });
  assert.match(await alert.locator(".what .chip").innerText(), /Critical|High/);
  assert.match(await alert.locator(".why").innerText(), /\d|Health|band/i);

  await alert.getByRole("button", { name: "Done" }).click();
  await toast(page).waitFor();
  assert.match(await toast(page).innerText(), /^Done: /);
  assert.equal(await shown.count(), 0);
  await page.getByRole("button", { name: "Undo" }).click();
  await shown.waitFor();

  await shown.getByRole("link", { name: "Snooze" }).click();
  await page.getByRole("button", { name: "In a week" }).first().click();
  await toast(page).waitFor();
  assert.match(await toast(page).innerText(), /^Snoozed until /);
  await page.goto("/alerts?which=snoozed");
  const snoozed = page.locator(".alerts > li", { hasText: "Harbor Freightways" }).first();
  assert.match(await snoozed.locator(".owner").innerText(), /Snoozed until/);
  await snoozed.getByRole("button", { name: "Open again" }).click();
  await page.goto("/");
  await shown.waitFor();

  await shown.locator("a.name").click();
  await page.getByRole("heading", { name: title, level: 1 }).waitFor();
  await page.getByRole("heading", { name: "Why", exact: true }).waitFor();
  assert.ok(await page.locator(".stream .entry").count() >= 5, "its history");
}

journey("an alert is closed, undone, snoozed and brought back", { as: "csm" }, work);
journey("the same without JavaScript", { as: "csm", javaScriptEnabled: false }, work);

journey("a note is added and found by its words", { as: "csm" }, async ({ page }) => {
  await page.goto("/accounts/cedar/timeline");
  await page.getByText("Call", { exact: true }).first().click();
  await page.getByLabel("What happened").fill("Budget talk\nThe quartermaster wants two more seats.");
  await page.getByLabel(/^With/).fill("Ines Roth");
  await page.getByRole("button", { name: "Add" }).click();
  const entry = page.locator(".entry", { hasText: "Budget talk" });
  await entry.waitFor();
  assert.match(await entry.innerText(), /with Ines Roth/);
  await page.getByPlaceholder("Search the timeline").fill("quartermaster");
  await page.keyboard.press("Enter");
  await page.waitForURL(/q=quartermaster/);
  assert.deepEqual(await page.locator(".entry mark").allInnerTexts(), ["quartermaster"]);
  await page.locator(".entry").getByRole("button", { name: "Remove" }).click();
  await toast(page).waitFor();
  assert.equal(await page.locator(".entry", { hasText: "Budget talk" }).count(), 0);
  await page.getByRole("button", { name: "Undo" }).click();
  await page.locator(".entry", { hasText: "Budget talk" }).waitFor();
});

journey("a stage is held and let go again", { as: "csm" }, async ({ page }) => {
  await page.goto("/accounts/elm/lifecycle");
  await page.getByLabel("Stage", { exact: true }).selectOption({ label: "Onboarding" });
  await page.getByLabel("Why", { exact: true }).fill("A second rollout");
  await page.getByRole("button", { name: "Hold" }).click();
  await page.getByText("Held in Onboarding by Maya Lind").waitFor();
  await page.getByRole("button", { name: "Let the calendar decide" }).click();
  await page.locator(".track .current h3", { hasText: "Ongoing success" }).waitFor();
});
