// An executive reads the portfolio, and can change nothing.

import assert from "node:assert/strict";

import { day } from "../harness/holdfast.mjs";
import { journey } from "./support/journey.mjs";

const section = (page, name) => page.locator("section", { has: page.getByRole("heading", { name, exact: true }) });

journey("reads revenue by band, what renews, what moved and who owns it", { as: "executive", path: "/portfolio" }, async ({ page }) => {
  await page.locator(".headline").waitFor();
  const bands = await section(page, "ARR by band").innerText();
  for (const band of ["Green", "Yellow", "Red"]) assert.match(bands, new RegExp(band));
  assert.match(await section(page, "Segment by band").innerText(), /Enterprise[\s\S]*Mid-market[\s\S]*Small business/);

  const quarters = section(page, "At risk, quarter by quarter").locator("tbody tr");
  assert.ok(await quarters.count() >= 2);
  const counts = await quarters.locator("td:nth-child(2)").allInnerTexts();
  assert.equal(counts.reduce((sum, text) => sum + Number(text), 0), 12, "every contract renews within the quarters");

  const worse = section(page, "Got worse").locator("li").first();
  assert.match(await worse.innerText(), /Harbor Freightways/);
  const load = section(page, "Load by CSM");
  assert.match(await load.locator("tr", { hasText: "Maya Lind" }).innerText(), /\b7\b/);
  await worse.getByRole("link", { name: "Harbor Freightways" }).click();
  await page.waitForURL("**/accounts/harbor**");
});

journey("turns the page back in time", { as: "executive", path: "/portfolio" }, async ({ page }) => {
  const headline = await page.locator(".headline").innerText();
  await page.getByLabel("As of").fill(day(-60));
  await page.waitForURL(new RegExp(`as_of=${day(-60)}`));
  await page.getByRole("link", { name: /back to today/ }).waitFor();
  assert.notEqual(await page.locator(".headline").innerText(), headline);
  await page.getByRole("link", { name: /back to today/ }).click();
  await page.waitForURL((url) => !url.search.includes("as_of"));
});

journey("can change nothing", { as: "executive", expects: [/status of 403/] }, async ({ page }) => {
  const pages = ["/", "/accounts", "/accounts/harbor", "/accounts/harbor/contracts", "/renewals", "/portfolio",
    "/settings/members", "/settings/keys", "/settings/sources", "/settings/quarantine", "/settings/imports"];
  for (const path of pages) {
    const answer = await page.goto(path);
    assert.ok([200, 403].includes(answer.status()), `${path}: ${answer.status()}`);
    assert.equal(await page.locator("main form[method=post]").count(), 0, path);
  }
  const post = (path, form) => page.evaluate(async ([where, fields]) =>
    (await fetch(where, { method: "POST", body: new URLSearchParams(fields), redirect: "manual" })).status, [path, form]);
  assert.equal(await post("/settings/keys", { name: "Mine", scope: "write" }), 403);
  assert.equal(await post("/settings/members", { email: "x@example.com", role: "admin" }), 403);
});

journey("prints without the frame", { as: "executive", path: "/portfolio" }, async ({ page }) => {
  await page.emulateMedia({ media: "print" });
  assert.equal(await page.locator(".rail").isVisible(), false);
  assert.equal(await page.locator(".headline").isVisible(), true);
  assert.equal(await page.locator(".report-head").first().isVisible(), true);
});
