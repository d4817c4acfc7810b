// The list of accounts: filters without a reload, order, keyboard, and the jump dialog.

import assert from "node:assert/strict";

import { eventually, journey } from "./support/journey.mjs";

const names = (page) => page.locator("#list [data-row]").allInnerTexts();

/** Marks the document: a reload would lose the mark. */
async function mark(page) {
  await page.evaluate(() => { document.documentElement.dataset.mark = "here"; });
  return () => page.evaluate(() => document.documentElement.dataset.mark === "here");
}

journey("filters by band and text without a reload", { as: "csm", path: "/accounts" }, async ({ page }) => {
  await eventually(() => page.locator("#list [data-row]").count(), 12);
  const same = await mark(page);
  await page.locator("select[name=band]").selectOption({ label: "Red" });
  await page.waitForURL(/band=red/);
  await eventually(async () => (await names(page)).includes("Harbor Freightways"), true);
  await eventually(async () => (await names(page)).includes("Alder Insurance"), false);
  const badges = await page.locator("#list .badge").allInnerTexts();
  assert.ok(badges.length && badges.every((text) => /Red/.test(text)), `${badges}`);

  await page.getByLabel("Filter by name or external id").fill("harb");
  await page.waitForURL(/q=harb/);
  await eventually(() => names(page), ["Harbor Freightways"]);
  assert.match(await page.locator(".list-foot").innerText(), /1 account[\s\S]*240/);
  assert.ok(await same(), "all of that in one document");

  await page.goBack();
  await eventually(async () => (await names(page)).length > 1, true);
  await page.getByRole("link", { name: "Clear all" }).click();
  await eventually(() => page.locator("#list [data-row]").count(), 12);
});

journey("filters of others: segment, CSM, renewal window, nothing found", { as: "csm", path: "/accounts" }, async ({ page }) => {
  await page.locator("select[name=segment]").selectOption({ label: "Enterprise" });
  await eventually(() => names(page), ["Alder Insurance", "Elm Street Bank", "Harbor Freightways"]);
  await page.locator("select[name=renewal]").selectOption("60");
  await eventually(() => names(page), ["Harbor Freightways"]);
  await page.getByLabel("Filter by name or external id").fill("zzz");
  await page.locator("#list .empty").waitFor();
  await page.goto("/accounts?csm=none");
  await eventually(() => names(page), ["Juniper Legal", "Kapok Toys"]);
});

journey("sorts, and says which way", { as: "csm", path: "/accounts" }, async ({ page }) => {
  await page.locator("thead").getByRole("link", { name: "ARR" }).click();
  await page.waitForURL(/sort=-arr/);
  await eventually(async () => (await names(page)).slice(0, 3), ["Harbor Freightways", "Alder Insurance", "Elm Street Bank"]);
  assert.equal(await page.locator("th[aria-sort]").getAttribute("aria-sort"), "descending");
  await page.locator("thead").getByRole("link", { name: "ARR" }).click();
  await page.waitForURL(/sort=arr/);
  await eventually(async () => (await names(page))[0], "Kapok Toys");
});

journey("goes by keyboard", { as: "csm", path: "/accounts" }, async ({ page }) => {
  const rows = await names(page);
  await page.keyboard.press("j");
  await page.keyboard.press("j");
  await page.keyboard.press("k");
  await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/accounts\/./);
  assert.equal(await page.locator("h1").innerText(), rows[1]);

  await page.keyboard.press("?");
  await page.getByRole("dialog", { name: "Keyboard" }).waitFor();
  await page.keyboard.press("Escape");

  await page.keyboard.press("/");
  await page.getByRole("dialog", { name: "Jump to" }).waitFor();
  await page.keyboard.type("harbor");
  await page.locator("#jump-hits a", { hasText: "Harbor Freightways" }).waitFor();
  await page.keyboard.press("Enter");
  await page.waitForURL("**/accounts/harbor");
  await page.getByRole("heading", { name: "Harbor Freightways", level: 1 }).waitFor();

  await page.keyboard.press("Control+k");
  await page.keyboard.type("portfolio");
  await page.locator("#jump-hits a", { hasText: "Portfolio" }).waitFor();
  await page.keyboard.press("Enter");
  await page.waitForURL("**/portfolio");
});

journey("filters by form without JavaScript", { as: "csm", path: "/accounts", javaScriptEnabled: false }, async ({ page }) => {
  await page.locator("select[name=band]").selectOption({ label: "Red" });
  await page.getByRole("button", { name: "Filter" }).click();
  await page.waitForURL(/band=red/);
  assert.ok((await names(page)).includes("Harbor Freightways"));
  await page.locator(".bar input[name=q]").fill("harbor");
  await page.locator(".bar input[name=q]").press("Enter");
  await page.waitForURL(/\/search/);
  await page.getByRole("link", { name: /Harbor Freightways/ }).click();
  await page.waitForURL("**/accounts/harbor");
});
