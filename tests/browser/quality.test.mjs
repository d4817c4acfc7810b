// Every page, light and dark, wide and narrow: accessible, within its width, silent on the console.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

import { journey } from "./support/journey.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const PAGES = [
  "/", "/accounts", "/accounts?q=zzz", "/accounts/harbor", "/accounts/harbor/health", "/accounts/harbor/usage",
  "/accounts/harbor/people", "/accounts/harbor/contracts", "/renewals", "/portfolio", "/search?q=h", "/password",
  "/settings/members", "/settings/keys", "/settings/sources", "/settings/quarantine", "/settings/imports",
  "/settings/metrics", "/settings/audit",
  "/studio", "/studio/versions/1", "/studio/drafts/new", "/studio/compare?from=1&to=1",
];

/**
 * What axe finds wrong, serious or worse: everything in the light, and in the dark what may differ, the contrast.
 * Injected by the debugger, which no content policy holds back.
 */
async function violations(page, devtools) {
  await devtools.send("Runtime.evaluate", { expression: AXE });
  const problems = [];
  for (const [colorScheme, options] of [["light", {}], ["dark", { runOnly: ["color-contrast"] }]]) {
    await page.emulateMedia({ colorScheme });
    const { violations: found } = await page.evaluate((more) => window.axe.run({ resultTypes: ["violations"], ...more }), options);
    for (const { id, nodes } of found.filter(({ impact }) => ["serious", "critical"].includes(impact))) {
      problems.push(`${colorScheme}: ${id}: ${nodes.slice(0, 3).map((node) => node.target.join(" ")).join(", ")}`);
    }
  }
  return problems;
}

/** Elements that stick out at the right of the page, if the page scrolls sideways. */
function overflow(page) {
  return page.evaluate(() => {
    const width = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= width) return [];
    const wide = [...document.querySelectorAll("main *, header *")].filter((el) => el.getBoundingClientRect().right > width + 1);
    return wide.slice(0, 3).map((el) => `${el.tagName.toLowerCase()}.${el.className}`);
  });
}

for (const width of [1440, 390]) {
  journey(`accessible, light and dark, ${width} px wide`, { as: "admin", viewport: { width, height: 900 } }, async ({ page, context }) => {
    const devtools = await context.newCDPSession(page);
    const problems = [];
    for (const path of PAGES) {
      const answer = await page.goto(path);
      if (answer.status() !== 200) problems.push(`${path}: status ${answer.status()}`);
      for (const found of await violations(page, devtools)) problems.push(`${path}: ${found}`);
      for (const found of await overflow(page)) problems.push(`${path}: sticks out: ${found}`);
    }
    assert.deepEqual(problems, []);
  });
}

journey("nothing sticks out on the narrowest phone", { as: "admin", viewport: { width: 360, height: 740 } }, async ({ page }) => {
  const problems = [];
  for (const path of PAGES) {
    await page.goto(path);
    for (const found of await overflow(page)) problems.push(`${path}: ${found}`);
  }
  assert.deepEqual(problems, []);
});

journey("a company without anything is told what to do next", { as: "first" }, async ({ page, context }) => {
  const devtools = await context.newCDPSession(page);
  const problems = [];
  for (const path of PAGES.filter((each) => !each.includes("harbor"))) {
    const answer = await page.goto(path);
    if (answer.status() !== 200) problems.push(`${path}: status ${answer.status()}`);
    for (const found of await violations(page, devtools)) problems.push(`${path}: ${found}`);
  }
  assert.deepEqual(problems, []);
  for (const path of ["/", "/accounts", "/renewals", "/portfolio", "/settings/keys", "/settings/sources", "/settings/imports"]) {
    await page.goto(path);
    await page.locator("main .empty").first().waitFor();
  }
  await page.goto("/accounts");
  await page.locator(".empty").getByRole("link", { name: /import/i }).click();
  await page.waitForURL("**/settings/imports");
});

journey("the sign-in page is accessible", {}, async ({ page, context }) => {
  await page.goto("/sign-in");
  assert.deepEqual(await violations(page, await context.newCDPSession(page)), []);
});

journey("the first page is light", { as: "csm" }, async ({ page, context }) => {
  const devtools = await context.newCDPSession(page);
  await devtools.send("Network.enable");
  await devtools.send("Network.setCacheDisabled", { cacheDisabled: true });
  let bytes = 0;
  devtools.on("Network.loadingFinished", (event) => { bytes += event.encodedDataLength; });
  await page.goto("/", { waitUntil: "networkidle" });
  assert.ok(bytes > 1000 && bytes < 100 * 1024, `${bytes} bytes over the wire`);
});
