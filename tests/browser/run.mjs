// Makes a world, runs the journeys through it, and takes it down again.

import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import path from "node:path";

import { build } from "./support/world.mjs";

const here = import.meta.dirname;
const named = process.argv.slice(2);
const files = named.length ? named : readdirSync(here).filter((file) => file.endsWith(".test.mjs")).sort();

const started = Date.now();
const { holdfast, world } = await build();
console.log(`A world at ${world.url} in ${((Date.now() - started) / 1000).toFixed(1)} s`);
let code = 1;
try {
  const args = ["--test", "--test-concurrency=2", "--test-reporter=spec", ...files.map((file) => path.resolve(here, file))];
  const env = { ...process.env, HOLDFAST_WORLD: JSON.stringify(world) };
  const child = spawn(process.execPath, args, { stdio: "inherit", env });
  code = await new Promise((resolve) => child.once("exit", (status) => resolve(status ?? 1)));
} finally {
  const how = await holdfast.end();
  const logged = holdfast.log.split("\n").filter((line) => / (ERROR|panicked)/.test(line));
  if (how !== 0 || logged.length) {
    console.log(`The server ended with ${how}; errors in its log:\n${logged.join("\n")}`);
    code = 1;
  }
}
process.exit(code);
