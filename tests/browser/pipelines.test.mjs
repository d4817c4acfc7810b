// A wish of a customer from its opening to its end: ticked, refused, forced, done, taken back.

import assert from "node:assert/strict";

import { eventually, journey } from "./support/journey.mjs";

/** Opens one from the account's page; the item's page is shown afterwards. */
async function open(page, title) {
  await page.locator("#items").getByRole("link", { name: "Open one" }).click();
  await page.getByLabel("Account, by name or id").waitFor();
  assert.equal(await page.getByLabel("Account, by name or id").inputValue(), "alder");
  await page.getByLabel("Pipeline", { exact: true }).selectOption("feature-request");
  await page.getByLabel("Title").fill(title);
  await page.getByLabel("What speaks for it").fill("Their field teams have no network");
  await page.getByLabel("Amount").fill("12,000");
  await page.getByRole("button", { name: "Open it" }).click();
  await page.waitForURL("**/pipelines/items/*");
  await page.getByRole("heading", { name: title, level: 1 }).waitFor();
}

const step = (page) => page.locator(".steps-line [aria-current] .name").innerText();

async function way({ page }) {
  const title = `Charts offline ${Math.floor(performance.now())}`;
  await open(page, title);
  assert.equal(await step(page), "Requested");

  // Refused while its check is not ticked.
  await page.getByRole("button", { name: "On to Impact judged" }).click();
  const refused = page.locator("#refused");
  await refused.waitFor();
  assert.match(await refused.innerText(), /Recorded with its business justification/);
  await refused.getByRole("link", { name: "Leave it" }).click();
  const check = page.getByRole("checkbox", { name: /Recorded with its business justification/ });
  await check.click();
  await eventually(() => check.getAttribute("aria-checked"), "true", "it is ticked");
  await page.getByRole("button", { name: "On to Impact judged" }).click();
  await page.locator(".toast", { hasText: "is at Impact judged now" }).waitFor();

  // Forced, with a reason that is kept.
  await page.getByRole("button", { name: "On to Reviewed" }).click();
  await refused.getByLabel("Why all the same").fill("The roadmap is <settled>");
  await refused.getByRole("button", { name: "Force it" }).click();
  await page.locator(".toast", { hasText: "is at Reviewed now" }).waitFor();
  const last = page.locator(".item-history li").first();
  assert.match(await last.innerText(), /Impact judged → Reviewed[\s\S]*Forced, without: Impact and customer value estimated[\s\S]*The roadmap is <settled>/);

  // Done, and taken back.
  await page.getByRole("button", { name: "Done", exact: true }).click();
  await refused.getByLabel("Why all the same").fill("Shipped");
  await refused.getByRole("button", { name: "Force it" }).click();
  const toast = page.locator(".toast", { hasText: "is done" });
  await toast.getByRole("button", { name: "Undo" }).click();
  await page.locator(".toast", { hasText: "is open again" }).waitFor();
  assert.equal(await step(page), "Reviewed");

  await page.goto("/pipelines");
  await page.locator(".lane", { hasText: "Reviewed" }).getByRole("link", { name: title }).waitFor();
}

const refusals = [/422/];
journey("a wish goes its way: refused, ticked, forced, done, taken back", { as: "csm", path: "/accounts/alder", expects: refusals }, way);
journey("the same without JavaScript", { as: "csm", path: "/accounts/alder", expects: refusals, javaScriptEnabled: false }, way);

journey("the board by htmx: mine, closed, as a list", { as: "csm", path: "/pipelines" }, async ({ page }) => {
  await page.getByRole("heading", { name: "Pipelines", level: 1 }).waitFor();
  await page.getByLabel("State").selectOption("closed");
  await page.waitForURL(/state=closed/);
  await page.getByLabel("State").selectOption("");
  // The answer brings a new form: whoever is quicker than it chooses in the old one.
  await page.waitForURL((url) => !url.searchParams.get("state"));
  await page.getByLabel("Whose").selectOption("me");
  await page.waitForURL(/whose=me/);
  await page.getByRole("navigation", { name: "Pipelines" }).getByRole("link", { name: /Beta/ }).click();
  await page.locator(".pipeline-choice [aria-current]", { hasText: "Beta" }).waitFor();
});
