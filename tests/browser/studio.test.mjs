// The model studio: a weight moves accounts, a broken file says where, a version comes into force and goes again.

import assert from "node:assert/strict";

import { eventually, journey } from "./support/journey.mjs";

const WEIGHT = (name) => `Weight of ${name}, percent`;

async function begin(page, title) {
  await page.goto("/studio/drafts/new");
  await page.getByLabel("Name").fill(title);
  await page.getByRole("button", { name: "Begin the draft" }).click();
  await page.getByRole("heading", { name: title, level: 1 }).waitFor();
}

journey("changes a weight, sees who moves, publishes and rolls back", { as: "admin", path: "/studio" }, async ({ page }) => {
  await page.getByText("Version 1, in force").waitFor();
  await begin(page, "Adoption first");
  const sum = page.locator("output[data-sum='/health/models/0/tree']");
  assert.equal((await sum.innerText()).trim(), "100 %");
  await page.getByLabel(WEIGHT("Product usage")).fill("10");
  assert.equal((await sum.innerText()).trim(), "70 %", "the sum follows what is typed");
  assert.match(await sum.getAttribute("class"), /tone-critical/);
  await page.getByLabel(WEIGHT("Feature adoption")).fill("60");
  assert.equal((await sum.innerText()).trim(), "100 %");
  await page.getByRole("button", { name: "Save the model" }).click();
  await page.locator(".toast", { hasText: "Saved" }).waitFor();
  assert.equal(await page.getByLabel(WEIGHT("Product usage")).inputValue(), "10");

  await page.getByRole("link", { name: "Changes", exact: true }).click();
  const words = page.locator(".change-list");
  assert.match(await words.innerText(), /Weight of Product usage[\s\S]*40\s%[\s\S]*10\s%/);

  await page.getByRole("link", { name: "Preview", exact: true }).click();
  await page.getByRole("button", { name: "Try it out on every account" }).click();
  await page.locator(".matrix").waitFor({ timeout: 30_000 });
  assert.match(await page.locator("#preview .headline").innerText(), /^\d+ accounts? and \$/);
  const moved = await page.locator("#accounts [data-row]").count();
  assert.ok(moved > 0, "somebody moves");
  await page.locator(".matrix td:is(.up, .down) a").first().click();
  await page.locator(".chips-row .chip").first().waitFor();
  assert.ok(await page.locator("#accounts [data-row]").count() <= moved);

  await page.getByRole("link", { name: "Publish…" }).click();
  await page.getByLabel("Why?").fill("Adoption tells us more than log-ins.");
  await page.getByRole("button", { name: "Publish", exact: true }).click();
  await page.getByText(/Version \d+, in force/).waitFor();
  assert.match(await page.locator(".why-note").innerText(), /more than log-ins/);
  const version = Number(/versions\/(\d+)/.exec(page.url())[1]);

  await page.goto("/studio");
  await page.getByRole("link", { name: "Roll back to version 1", exact: true }).click();
  await page.getByRole("button", { name: "Roll back" }).click();
  await page.getByText(`Version ${version + 1}, in force`).waitFor();
  assert.match(await page.locator(".why-note").innerText(), /Back to version 1/);
});

journey("breaks the file and is shown where, without losing a letter", { as: "admin", path: "/studio", expects: [/422/] }, async ({ page }) => {
  await begin(page, "A slip of the pen");
  await page.getByRole("link", { name: "File", exact: true }).click();
  const text = page.locator("textarea[name=source]");
  const good = await text.inputValue();
  const broken = good.replace("value: dau_pct", "value: dau_percent");
  const line = broken.split("\n").findIndex((one) => one.includes("dau_percent")) + 1;
  await text.fill(broken);
  const fault = page.locator("#faults li", { hasText: "dau_percent" });
  await fault.waitFor();
  await page.locator(`#L${line}.fault`).waitFor();
  await fault.getByRole("link", { name: `Line ${line}` }).click();
  await page.locator("#marks mark .said", { hasText: "dau_percent" }).waitFor({ state: "visible" });
  assert.equal(await text.evaluate((el) => el.value.slice(0, el.selectionStart).split("\n").length), line);

  await page.keyboard.press("Control+s");
  await page.getByText("Not saved.").waitFor();
  assert.equal(await text.inputValue(), broken);
  await text.fill(good);
  await eventually(() => page.locator(".verdict").innerText(), "The file holds together");
  await page.getByRole("button", { name: "Discard" }).click();
  await page.locator(".toast", { hasText: "discarded" }).waitFor();
});

journey("a curve is drawn as it is typed", { as: "admin", path: "/studio" }, async ({ page }) => {
  await begin(page, "Another curve");
  await page.getByRole("link", { name: "Support satisfaction", exact: true }).click();
  await page.getByLabel("All points at").fill("4");
  await page.locator("#view", { hasText: "0 at 1, 100 from 4 on" }).waitFor();
  await page.getByLabel("Reads").fill("csat_avrg");
  await page.locator(".view-faults").waitFor();
  await page.getByLabel("Reads").fill("csat_avg");
  await page.locator("#view:not(:has(.view-faults))").waitFor();
  await page.getByText("Steps", { exact: true }).click();
  await page.getByLabel("Figure of step 1").fill("4");
  await page.getByLabel("Points of step 1").fill("100");
  await page.getByLabel("Bound of step 2").selectOption("");
  await page.getByLabel("Points of step 2").fill("30");
  await page.locator("#view", { hasText: "100 from 4, else 30" }).waitFor();
  await page.getByRole("button", { name: "Save the measure" }).click();
  await page.locator(".toast", { hasText: "Saved" }).waitFor();
  assert.match(await page.locator(".tree-row", { hasText: "Support satisfaction" }).innerText(), /100 from 4, else 30/);
});

journey("an executive reads and changes nothing", { as: "executive", path: "/studio" }, async ({ page }) => {
  assert.equal(await page.getByRole("link", { name: "New draft" }).count(), 0);
  await page.getByRole("link", { name: "Read" }).click();
  await page.getByRole("heading", { name: "Health score" }).waitFor();
  assert.equal(await page.locator("main button").count(), 0);
});
