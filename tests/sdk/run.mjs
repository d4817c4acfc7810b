// Points each SDK at a Holdfast of its own and checks that everything arrived once and the score moved.

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import { Api, Holdfast, csv, day, run, until } from "../harness/holdfast.mjs";
import { ACCOUNTS, PAST, USERS, expected, plan } from "./plan.mjs";

const here = import.meta.dirname;
const node = (file, gzip) => ({ program: process.execPath, file, gzip });
const python = (gzip) => ({ program: path.join(here, ".venv/bin/python"), file: "send_python.py", gzip });
const SDKS = {
  "segment-analytics-python 2.4.0": python("0"),
  "segment-analytics-python 2.4.0, gzip": python("1"),
  "@segment/analytics-node 3.1.0": node("send_segment.mjs", "0"),
  "@rudderstack/rudder-sdk-node 3.0.13": node("send_rudder.mjs", "0"),
  "@rudderstack/rudder-sdk-node 3.0.13, gzip": node("send_rudder.mjs", "1"),
};

/** A tenant with two accounts under contract, and keys to it. */
async function tenant(holdfast, slug) {
  await holdfast.cli("tenant", "create", slug, "--slug", slug, "--pack", "techcorp");
  const dir = await mkdtemp(path.join(tmpdir(), "holdfast-sdk-"));
  const accounts = ACCOUNTS.map((id) => [id, `${id} Ltd`, day(-200)]);
  const contracts = ACCOUNTS.map((id) => [`c-${id}`, id, day(-200), 12, "48000.00", "USD", 10]);
  const files = {
    accounts: csv(["external_id", "name", "start_date"], accounts),
    contracts: csv(["external_id", "account", "start_date", "term_months", "arr", "currency", "seats"], contracts),
  };
  for (const [kind, text] of Object.entries(files)) {
    await writeFile(path.join(dir, `${kind}.csv`), text);
    await holdfast.cli("import", kind, path.join(dir, `${kind}.csv`), "--tenant", slug);
  }
  await rm(dir, { recursive: true });
  await holdfast.cli("score", "--tenant", slug);
  return { write: await holdfast.key(slug, "write"), api: new Api(holdfast.url, await holdfast.key(slug, "read")) };
}

async function send({ program, file, gzip }, endpoint, key, waves) {
  const env = { ENDPOINT: endpoint, WRITE_KEY: key, GZIP: gzip };
  await run(program, [path.join(here, file)], { env, cwd: here, input: JSON.stringify(waves) });
}

/** What the server says of messages so far: accepted, duplicate, waiting, rejected. */
async function outcomes(url) {
  const text = await (await fetch(`${url}/metrics`)).text();
  const lines = text.matchAll(/^holdfast_messages_total\{outcome="(\w+)"\} (\d+)/gm);
  return { accepted: 0, duplicate: 0, waiting: 0, rejected: 0, ...Object.fromEntries([...lines].map(([, k, n]) => [k, +n])) };
}

function since(now, before) {
  return Object.fromEntries(Object.keys(now).map((name) => [name, now[name] - before[name]]));
}

/** Everything that was counted of the accounts, by metric. */
async function counted(api) {
  const all = {};
  for (const account of ACCOUNTS) {
    const series = async (metric) => (await api.get(`/accounts/${account}/metrics/${metric}?from=${day(-10)}`)).data;
    const counts = {};
    for (const metric of ["active_usage", "dashboard_viewed", "query_run"]) {
      counts[metric] = (await series(metric)).reduce((sum, { value }) => sum + value, 0);
    }
    const users = (await series("daily_active_users")).find((entry) => entry.day === PAST);
    all[account] = { counts, pastUsers: users?.value ?? 0 };
  }
  return all;
}

async function score(api, account) {
  return (await api.get(`/accounts/${account}`)).health?.score ?? null;
}

async function check(holdfast, sdk, slug) {
  const { write, api } = await tenant(holdfast, slug);
  const waves = plan(slug);
  const total = waves.flat().length;
  const before = await outcomes(holdfast.url);
  const scoreBefore = await score(api, ACCOUNTS[0]);

  const started = Date.now();
  await send(sdk, holdfast.url, write, waves);
  const nothing = { accepted: 0, duplicate: 0, waiting: 0, rejected: 0 };
  assert.deepEqual(since(await outcomes(holdfast.url), before), { ...nothing, accepted: total }, "what arrived");
  const wanted = Object.fromEntries(ACCOUNTS.map((account) => [account, expected(account, waves)]));
  assert.equal(wanted.acme.pastUsers, USERS);
  assert.deepEqual(await counted(api), wanted, "what was counted");

  const moved = await until("the score moved within a minute of the events", async () => {
    const now = await score(api, ACCOUNTS[0]);
    return now !== scoreBefore && { now };
  }, 60);
  const seconds = ((Date.now() - started) / 1000).toFixed(1);

  await send(sdk, holdfast.url, write, waves);
  assert.deepEqual(since(await outcomes(holdfast.url), before), { ...nothing, accepted: total, duplicate: total }, "sent again");
  assert.deepEqual(await counted(api), wanted, "what was counted after sending it all again");
  const round = (value) => (value === null ? "none" : value.toFixed(1));
  return `${total} messages once, ${total} again counted nowhere, score ${round(scoreBefore)} to ${round(moved.now)} in ${seconds} s`;
}

let passed = 0, failed = 0, skipped = 0;
const holdfast = await Holdfast.create();
try {
  await holdfast.serve();
  for (const [index, [name, sdk]] of Object.entries(SDKS).entries()) {
    if (!existsSync(sdk.program)) {
      console.log(`skip  ${name}: install Python 3.11 or newer to run it`);
      skipped += 1;
      continue;
    }
    try {
      console.log(`ok    ${name}: ${await check(holdfast, sdk, `sdk-${index}`)}`);
      passed += 1;
    } catch (error) {
      console.log(`FAIL  ${name}\n${error.stack.replace(/^/gm, "      ")}`);
      failed += 1;
    }
  }
} finally {
  const how = await holdfast.end();
  if (how !== 0) {
    console.log(`FAIL  the server ended with ${how}\n${holdfast.log}`);
    failed += 1;
  }
}
console.log(`${passed} passed, ${failed} failed${skipped ? `, ${skipped} skipped` : ""}`);
process.exit(failed ? 1 : 0);
