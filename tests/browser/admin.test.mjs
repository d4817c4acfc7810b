// An administrator sets things up: keys, sources, quarantine, imports, members.

import assert from "node:assert/strict";

import { Api, csv, day, send, until } from "../harness/holdfast.mjs";
import { journey, visitor, world } from "./support/journey.mjs";

const reader = new Api(world.url, world.keys?.workshop.read);

async function counted(account, metric) {
  const { status, body } = await reader.ask("GET", `/accounts/${account}/metrics/${metric}`);
  return status === 200 ? body.data.reduce((sum, { value }) => sum + value, 0) : 0;
}

journey("creates a key, shown once, and sees what it brings", { as: "smith", path: "/settings/keys" }, async ({ page }) => {
  await page.getByLabel("Name").fill("Checkout service");
  await page.getByRole("button", { name: "Create key" }).click();
  const key = (await page.locator("#new-key").innerText()).trim();
  const example = await page.locator("pre.raw").innerText();
  assert.ok(example.includes(world.url) && example.includes(key), example);
  await page.goto("/settings/keys");
  await page.locator("tr", { hasText: "Checkout service" }).waitFor();
  assert.ok(!(await page.content()).includes(key), "the key is not shown again");

  const message = { userId: "u-1", event: "Query Run", context: { groupId: "anvil" }, messageId: "admin-1" };
  assert.equal((await send(world.url, key, "track", message)).accepted, 1);
  assert.equal((await send(world.url, key, "track", message)).duplicate, 1);
  await page.goto("/settings/sources");
  const row = page.locator("tr", { hasText: "Checkout service" });
  const cells = await row.locator("td.num").allInnerTexts();
  assert.deepEqual(cells.map((text) => text.trim()), ["2", "1", "0", "0"], "arrived, duplicate, quarantined, rejected");

  await page.goto("/settings/keys");
  await page.getByRole("button", { name: "Revoke Checkout service" }).click();
  await page.locator(".toast", { hasText: "Revoked" }).waitFor();
  await page.locator(".toast").getByRole("button", { name: "Undo" }).click();
  await page.getByRole("button", { name: "Revoke Checkout service" }).waitFor();
  await page.goto("/settings/audit");
  await page.locator("tr", { hasText: "Checkout service" }).first().waitFor();
});

journey("an account in sudden trouble is seen within a minute, and why", { as: "smith", path: "/accounts/bellows" }, async ({ page }) => {
  const badge = page.locator(".account-head .badge");
  assert.doesNotMatch(await page.locator(".account-head").innerText(), /Red/);
  const tickets = Array.from({ length: 3 }, (_, n) => ({
    type: "track", event: "High Priority Ticket", userId: "b-1", messageId: `urgent-${n}`, context: { groupId: "bellows" },
  }));
  await send(world.url, world.keys.workshop.write, "batch", { batch: tickets });
  await until("the account turned red", async () => {
    await page.reload();
    return /Red/.test(await badge.innerText());
  }, 60);
  await page.goto("/accounts/bellows/health");
  assert.match(await page.locator("main").innerText(), /urgent tickets/i, "the page says why");
  await page.goto("/");
  const call = page.locator("ol.calls > li", { hasText: "Bellows Ltd" });
  assert.match(await call.locator(".why").innerText(), /Score \d+/);
});

journey("what cannot be tied waits, and counts once its account is known", { as: "smith", path: "/settings/quarantine" }, async ({ page }) => {
  const write = world.keys.workshop.write;
  const sent = await send(world.url, write, "batch", { batch: [
    { type: "track", event: "Query Run", userId: "n-1", messageId: "q-1", context: { groupId: "newcomer" } },
    { type: "track", event: "Query Run", userId: "n-2", messageId: "q-2", context: { groupId: "newcomer" } },
    { type: "track", userId: "n-2", messageId: "q-3", context: { groupId: "newcomer" } },
  ] });
  assert.deepEqual([sent.waiting, sent.rejected], [2, 1]);
  await page.reload();
  await page.locator("ul.messages li", { hasText: "newcomer" }).first().waitFor();
  assert.match(await page.locator("ul.messages").innerText(), /needs an event name/);

  const put = await new Api(world.url, write).ask("PUT", "/accounts/newcomer", { name: "Newcomer Ltd" });
  assert.equal(put.status, 201, JSON.stringify(put.body));
  await page.reload();
  const replay = page.getByRole("button", { name: /Replay/ }).last();
  if (await replay.count()) {
    await replay.click();
    await page.locator(".toast").waitFor();
  }
  await until("both messages are counted", async () => await counted("newcomer", "query_run") === 2, 10);
  // What can never be counted stays to be looked at, until someone puts it aside.
  await page.goto("/settings/quarantine");
  await page.locator("ul.messages li", { hasText: /needs an event name/ }).getByRole("button", { name: "Dismiss" }).click();
  await page.locator(".toast").waitFor();
  assert.equal(await page.locator("ul.messages li", { hasText: /needs an event name/ }).count(), 0);
});

journey("imports a file by mapping its columns, and keeps the rejected rows", { as: "smith", path: "/settings/imports" }, async ({ page }) => {
  const text = csv(["Customer Number", "Firm", "Since"], [
    ["imp-1", "Imported One", day(-30)],
    ["imp-2", "Imported Two", "31/12/2026"],
    ["imp-3", "Imported, Three", day(-10)],
  ]);
  const upload = async () => {
    await page.goto("/settings/imports");
    await page.getByLabel("What it holds").selectOption("accounts");
    await page.getByLabel("CSV file").setInputFiles({ name: "customers.csv", mimeType: "text/csv", buffer: Buffer.from(text) });
    await page.getByRole("button", { name: "Upload" }).click();
    await page.getByText("Which column is what?").waitFor();
    await page.getByLabel("Field for Customer Number").selectOption("external_id");
    await page.getByLabel("Field for Firm").selectOption("name");
    await page.getByLabel("Field for Since").selectOption("start_date");
  };
  await upload();
  await page.getByRole("button", { name: "Import", exact: true }).click();
  const rejected = page.locator("section", { has: page.getByRole("heading", { name: "Rejected rows" }) });
  await rejected.waitFor();
  assert.equal(await rejected.locator("tbody tr").count(), 1);
  assert.match(await rejected.locator("tbody tr").innerText(), /3[\s\S]*comes first[\s\S]*imp-2/);
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    rejected.getByRole("link", { name: "Download all" }).click(),
  ]);
  const stream = await download.createReadStream();
  assert.match((await stream.toArray()).join(""), /imp-2/);

  await page.goto("/accounts?q=imported");
  assert.deepEqual(await page.locator("[data-row]").allInnerTexts(), ["Imported One", "Imported, Three"]);
  await upload();
  await page.getByRole("button", { name: "Import", exact: true }).click();
  await rejected.waitFor();
  await page.goto("/accounts?q=imported");
  assert.equal(await page.locator("[data-row]").count(), 2, "the same file twice changes nothing");
});

journey("invites a colleague, who joins", { as: "smith", path: "/settings/members" }, async ({ page }) => {
  await page.getByLabel("Email").fill("nils@workshop.example");
  await page.getByLabel("Role", { exact: true }).selectOption("csm");
  await page.getByRole("button", { name: "Invite" }).click();
  const link = (await page.locator("#invite-link").innerText()).trim();
  assert.ok(link.startsWith(`${world.url}/invitations/`), link);

  const { context, page: theirs } = await visitor();
  try {
    await theirs.goto(link);
    await theirs.getByRole("heading", { name: "Join Workshop" }).waitFor();
    await theirs.getByLabel("Your name").fill("Nils Holm");
    await theirs.getByLabel("Choose a password").fill("four quite unrelated words");
    await theirs.getByRole("button", { name: "Join" }).click();
    await theirs.getByRole("heading", { name: "Today", level: 1 }).waitFor();
    assert.equal((await theirs.goto(link)).status(), 404, "the link works once");
  } finally {
    await context.close();
  }

  await page.goto("/settings/members");
  const row = page.locator("tr", { hasText: "nils@workshop.example" });
  assert.match(await row.innerText(), /Nils Holm/);
  await row.getByLabel(/^Role of/).selectOption("executive");
  await row.getByRole("button", { name: "Save" }).click();
  await page.locator(".toast").waitFor();
  assert.equal(await row.getByLabel(/^Role of/).inputValue(), "executive");
});

journey("reads how the tenant works", { as: "smith", path: "/settings/methodology" }, async ({ page }) => {
  await page.getByRole("heading", { name: "Methodology", level: 1 }).waitFor();
  await page.getByRole("link", { name: "TechCorp customer success", exact: true }).click();
  await page.getByRole("heading", { name: "TechCorp customer success", level: 1 }).waitFor();
  for (const text of ["Enterprise", "Onboarding", "Green", "Daily active users"]) {
    await page.locator("main").getByText(text).filter({ visible: true }).first().waitFor();
  }
  await page.goto("/settings/metrics");
  await page.locator("tr", { hasText: "query_run" }).waitFor();
  const answer = await page.goto("/api/docs");
  assert.equal(answer.status(), 200);
  await page.getByText("/api/v1/accounts/{external_id}", { exact: true }).first().waitFor();
});
