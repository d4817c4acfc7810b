// A journey: a test with a page of its own, which also fails when the page complains.

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { after, test } from "node:test";
import { delimiter, join } from "node:path";

import { chromium } from "playwright-core";

import { PASSWORD, PEOPLE } from "./world.mjs";

/** Where the world is, and keys to it. */
export const world = JSON.parse(process.env.HOLDFAST_WORLD ?? "{}");

function executable() {
  for (const name of ["chromium", "chromium-browser", "google-chrome"]) {
    for (const dir of process.env.PATH.split(delimiter)) {
      if (existsSync(join(dir, name))) return join(dir, name);
    }
  }
  throw new Error("no Chromium found: install chromium");
}

let running;

/** The browser of this file; its journeys have contexts of their own. */
function browser() {
  running ??= chromium.launch({
    executablePath: executable(),
    args: ["--disable-dev-shm-usage", ...(process.getuid?.() === 0 ? ["--no-sandbox"] : [])],
  });
  return running;
}

after(async () => (await running)?.close());

/** A fresh context with one page, and what that page complained of. `options` are Playwright's. */
export async function visitor(options = {}) {
  const context = await (await browser()).newContext({ baseURL: world.url, viewport: { width: 1440, height: 900 }, reducedMotion: "reduce", ...options });
  context.setDefaultTimeout(30_000);
  const page = await context.newPage();
  const complaints = [];
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(`${message.text()} (${message.location().url})`);
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  return { context, page, complaints };
}

/** Signs a person of `PEOPLE` in, by the form. */
export async function signIn(page, who, path = "/") {
  const { email } = PEOPLE[who];
  await page.goto(path);
  await page.getByLabel("Email").fill(email);
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.locator(".rail-nav").waitFor();
}

/**
 * A test. Options: `as`, a person to sign in; `path`, where to begin; `expects`, complaints that belong to the
 * journey; and those of a browser context. Anything else the console says as an error fails it: scripts that
 * break, and whatever the content security policy had to stop.
 */
export function journey(name, { as, path, expects = [], ...options }, walk) {
  test(name, { timeout: 180_000 }, async () => {
    const { context, page, complaints } = await visitor(options);
    try {
      if (as) await signIn(page, as, path);
      await walk({ page, context });
      const unexpected = complaints.filter((text) => !expects.some((expected) => expected.test(text)));
      assert.deepEqual(unexpected, [], "the console is silent");
    } finally {
      await context.close();
    }
  });
}

/** Waits until `look` gives something equal to `wanted`; fails with the last it gave. */
export async function eventually(look, wanted, what) {
  const end = Date.now() + 30_000;
  for (;;) {
    try {
      // Looking fails while a page gives way to the next.
      assert.deepEqual(await look(), wanted, what);
      return;
    } catch (error) {
      if (Date.now() > end) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
