// Coming in, going out, and changing companies.

import assert from "node:assert/strict";

import { journey, signIn, world } from "./support/journey.mjs";
import { PEOPLE } from "./support/world.mjs";

const REFUSED = [/status of 422/];

journey("a wrong password is answered alike for known and unknown addresses", { expects: REFUSED }, async ({ page }) => {
  const answer = async (email) => {
    await page.goto("/sign-in");
    await page.getByLabel("Email").fill(email);
    await page.getByLabel("Password").fill("not the password at all");
    const [response] = await Promise.all([
      page.waitForResponse((r) => r.request().method() === "POST"),
      page.getByRole("button", { name: "Sign in" }).click(),
    ]);
    await page.getByRole("status").waitFor();
    return { status: response.status(), text: await page.locator("main").innerText() };
  };
  const known = await answer(PEOPLE.csm.email);
  const unknown = await answer("nobody@lumen.example");
  assert.deepEqual(known, unknown);
  assert.match(known.text, /wrong/);
});

journey("after signing in one is where one wanted to go", { as: "csm", path: "/accounts?band=red" }, async ({ page }) => {
  await page.waitForURL("**/accounts?band=red");
  await page.getByRole("heading", { name: "Accounts", level: 1 }).waitFor();
});

journey("signing out ends the session", { as: "csm" }, async ({ page, context }) => {
  const cookies = await context.cookies();
  await page.getByRole("button", { name: /your menu/ }).click();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByText("You have signed out.").waitFor();
  // The old cookie opens nothing any more, not only this browser forgot it.
  const cookie = cookies.map(({ name, value }) => `${name}=${value}`).join("; ");
  const answer = await fetch(`${world.url}/accounts`, { headers: { cookie }, redirect: "manual" });
  assert.equal(answer.status, 303);
  assert.match(answer.headers.get("location"), /^\/sign-in/);
});

journey("a member of two companies sees one at a time", { as: "adviser", expects: [/status of 404/] }, async ({ page }) => {
  const rows = page.locator("[data-row]");
  const change = async (company) => {
    await page.getByRole("button", { name: /switch tenant/ }).click();
    await page.locator("#tenant-menu").getByRole("button", { name: new RegExp(company) }).click();
    await page.locator(".rail-tenant", { hasText: company }).waitFor();
    await page.goto("/accounts");
  };
  await change("Lumen Analytics");
  await rows.filter({ hasText: "Harbor Freightways" }).waitFor();
  assert.equal(await page.getByText("Secret Stranger").count(), 0);
  await change("Borealis");
  await rows.filter({ hasText: "Secret Stranger" }).waitFor();
  assert.equal(await rows.count(), 1);

  for (const path of ["/accounts/harbor", "/accounts/harbor/health", "/accounts/harbor/contracts"]) {
    const answer = await page.goto(path);
    assert.equal(answer.status(), 404, path);
    assert.doesNotMatch(await page.content(), /Harbor|Freightways/);
  }
  await page.goto("/search?q=harbor");
  assert.doesNotMatch(await page.locator("main").innerText(), /Freightways/);
  for (const path of ["/", "/renewals", "/portfolio", "/settings/members", "/settings/audit", "/settings/sources"]) {
    await page.goto(path);
    assert.doesNotMatch(await page.locator("main").innerText(), /Freightways|Maya Lind|Backend/, path);
  }
});

journey("a person of another company sees nothing of it", { as: "smith", expects: [/status of 404/] }, async ({ page }) => {
  assert.equal((await page.goto("/accounts/harbor")).status(), 404);
  await page.goto("/accounts");
  await page.locator("[data-row]", { hasText: "Anvil" }).waitFor();
  assert.equal(await page.getByRole("button", { name: /switch tenant/ }).count(), 0);
});

journey("light or dark is a choice that stays", { as: "csm", colorScheme: "light" }, async ({ page }) => {
  const ground = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
  const light = await ground();
  await page.getByRole("button", { name: /your menu/ }).click();
  await page.getByRole("button", { name: "Dark" }).click();
  const dark = await ground();
  assert.notEqual(dark, light);
  await page.goto("/accounts");
  assert.equal(await ground(), dark);
});

journey("a password is changed, and only the new one opens", { expects: REFUSED }, async ({ page }) => {
  await signIn(page, "careful", "/password");
  await page.getByLabel("Current password").fill("correct horse battery staple");
  await page.getByLabel("New password", { exact: true }).fill("an entirely new pass phrase");
  await page.getByLabel("New password again").fill("an entirely new pass phrase");
  await page.getByRole("button", { name: "Change password" }).click();
  await page.locator(".toast").waitFor();
  await page.getByRole("button", { name: /your menu/ }).click();
  await page.getByRole("button", { name: "Sign out" }).click();
  const enter = async (password) => {
    await page.getByLabel("Email").fill(PEOPLE.careful.email);
    await page.getByLabel("Password").fill(password);
    await page.getByRole("button", { name: "Sign in" }).click();
  };
  await enter("correct horse battery staple");
  await page.getByText("Address or password is wrong.").waitFor();
  await enter("an entirely new pass phrase");
  await page.locator(".rail-nav").waitFor();
});
