// What is to be done: tasks as a list and as a month, many at once and undone, and a playbook from start to stop.

import assert from "node:assert/strict";

import { day } from "../harness/holdfast.mjs";
import { eventually, journey } from "./support/journey.mjs";

/** Adds a task by the form of the page and waits for it. */
async function add(page, title, due) {
  await page.getByText("Add a task", { exact: true }).click();
  await page.getByLabel("What is to be done").fill(title);
  await page.getByLabel("Due", { exact: true }).fill(due);
  await page.getByRole("button", { name: "Add", exact: true }).click();
  await page.locator(".toast", { hasText: "is on the list" }).waitFor();
  await page.locator(".task", { hasText: title }).first().waitFor();
}

journey("ticks two tasks at once, takes it back, finds them in the month", { as: "manager", path: "/tasks" }, async ({ page }) => {
  await page.getByRole("heading", { name: "Tasks", level: 1 }).waitFor();
  await add(page, "Ask for the floor plan", day(0));
  await add(page, "Send the floor plan", day(0));
  const task = (title) => page.locator(".task", { hasText: title });
  for (const title of ["Ask for the floor plan", "Send the floor plan"]) await task(title).getByRole("checkbox").check();
  await page.locator(".bulk").getByRole("button", { name: "Done" }).click();
  const toast = page.locator(".toast", { hasText: "2 tasks are done." });
  await toast.waitFor();
  assert.equal(await task("floor plan").count(), 0);
  await toast.getByRole("button", { name: "Undo" }).click();
  await eventually(() => task("floor plan").count(), 2, "both are open again");

  await page.getByRole("link", { name: "Calendar", exact: true }).click();
  await page.locator("table.month").waitFor();
  const today = page.locator(".month .is-today");
  assert.match(await today.innerText(), /floor plan/);
  await today.locator(".day").focus();
  await page.keyboard.press("ArrowLeft");
  await page.keyboard.press("ArrowRight");
  assert.ok(await today.locator(".day").evaluate((el) => el === document.activeElement), "the arrows walk the days");
  await page.keyboard.press("Enter");
  await page.locator(".chips-row", { hasText: "Due" }).waitFor();
  await task("Ask for the floor plan").getByRole("button", { name: /^Done/ }).click();
  await page.locator(".toast", { hasText: "is done" }).waitFor();
});

/** From the account's page: choose, look at the dates, start; pause, take up again, stop with a reason. */
async function play({ page }) {
  await page.locator("#plays").getByRole("link", { name: "Start one" }).click();
  await page.locator("#templates").getByRole("link", { name: "Value in doubt" }).click();
  await page.getByRole("heading", { name: "Value in doubt", level: 1 }).waitFor();
  assert.equal(await page.getByLabel("Account, by name or id").inputValue(), "alder");
  await page.getByRole("button", { name: "Preview the dates" }).click();
  await page.locator("#start").getByRole("button", { name: "Start", exact: true }).click();
  await page.waitForURL("**/plays/*");
  await page.getByRole("heading", { name: "Value in doubt", level: 1 }).waitFor();
  assert.equal(await page.locator(".task").count(), 4);

  await page.getByRole("button", { name: "Pause" }).click();
  await page.getByText("Paused since").waitFor();
  await page.getByRole("button", { name: "Take it up again" }).click();
  await page.getByRole("button", { name: "Pause" }).waitFor();

  await page.getByText("Stop", { exact: true }).click();
  await page.getByLabel("Why is it stopped?").fill("They found <it> themselves");
  await page.getByRole("button", { name: "Stop it" }).click();
  await page.getByText("They found <it> themselves").first().waitFor();
  await page.goto("/accounts/alder");
  assert.equal(await page.locator("#plays", { hasText: "Value in doubt" }).count(), 0, "it runs no more");
}

journey("starts a playbook from the account's page, pauses it, stops it", { as: "csm", path: "/accounts/alder" }, play);
journey("the same without JavaScript", { as: "csm", path: "/accounts/alder", javaScriptEnabled: false }, play);

journey("the load of the team, and who plays which role", { as: "manager", path: "/team" }, async ({ page }) => {
  await page.getByRole("heading", { name: "Load", level: 1 }).waitFor();
  const maya = page.locator("tr", { hasText: "Maya Lind" }).first();
  assert.match(await maya.innerText(), /Enterprise/);
  await page.goto("/settings/roles");
  const row = page.locator("#role-implementation_specialist");
  await row.getByRole("combobox").selectOption({ label: "Maya Lind" });
  await row.getByRole("button", { name: "Save" }).click();
  const toast = page.locator(".toast", { hasText: "is played by Maya Lind now" });
  await toast.getByRole("button", { name: "Undo" }).click();
  await page.locator(".toast", { hasText: "is played by nobody now" }).waitFor();
});
