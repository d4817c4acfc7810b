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
  "/settings/metrics", "/settings/methodology", "/settings/audit",
];

/** What axe finds wrong, serious or worse. Injected by the debugger, which no content policy holds back. */
async function violations(page, devtools) {
  await devtools.send("Runtime.evaluate", { expression: AXE });
  const { violations: found } = await page.evaluate(() => window.axe.run({ resultTypes: ["violations"] }));
  return found.filter(({ impact }) => ["serious", "critical"].includes(impact))
    .map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map((node) => node.target.join(" ")).join(", ")}`);
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

for (const [colorScheme, width] of [["light", 1440], ["dark", 1440], ["light", 390], ["dark", 390]]) {
  journey(`accessible, ${colorScheme}, ${width} px wide`, { as: "admin", colorScheme, viewport: { width, height: 900 } }, async ({ page, context }) => {
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
