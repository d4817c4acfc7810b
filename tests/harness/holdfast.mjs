// A Holdfast of one's own for tests outside Rust: a fresh database, the command line, a running server.
//
// `make test` runs these tests beside a throw-away PostgreSQL, whose address is in DATABASE_URL.

import { execFile, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { createInterface } from "node:readline";
import { existsSync, readdirSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");

/** The program under test. */
export const PROGRAM = process.env.HOLDFAST_BIN
  ?? path.resolve(ROOT, process.env.CARGO_TARGET_DIR ?? "target", "debug/holdfast");

/** Runs a program to its end; its standard output. Fails with what it said when it fails. */
export function run(program, args, { env = {}, input = "", cwd } = {}) {
  return new Promise((resolve, reject) => {
    const options = { env: { ...process.env, ...env }, cwd, maxBuffer: 64 * 1024 * 1024 };
    const child = execFile(program, args, options, (error, stdout, stderr) => {
      if (error) reject(new Error(`${path.basename(program)} ${args.join(" ")}\n${stdout}${stderr}`));
      else resolve(stdout);
    });
    // A program that does not read its input may end before it is written.
    child.stdin.on("error", () => {});
    child.stdin.end(input);
  });
}

/** Asks `question` until its answer is true; fails after `seconds`, saying what was waited for. */
export async function until(what, question, seconds = 60) {
  const end = Date.now() + seconds * 1000;
  let last;
  for (;;) {
    last = await question();
    if (last) return last;
    if (Date.now() > end) throw new Error(`waited ${seconds} s in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

async function psql(url, sql) {
  const debian = "/usr/lib/postgresql";
  const versions = existsSync(debian) ? readdirSync(debian).map((version) => `${debian}/${version}/bin`) : [];
  const configured = await run("pg_config", ["--bindir"]).catch(() => "");
  const places = [process.env.HOLDFAST_PG_BIN ?? "", configured.trim(), ...versions].map((dir) => `${dir}/psql`);
  const found = places.find((file) => existsSync(file)) ?? "psql";
  return run(found, ["--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1", "--command", sql, url]);
}

/** A database of its own with the schema in it, the command line on it, and servers. */
export class Holdfast {
  #server;
  #env;

  /** Makes the database. */
  static async create() {
    const url = process.env.DATABASE_URL;
    if (!url) throw new Error("DATABASE_URL is not set; run this through: holdfast with-pg -- COMMAND");
    const self = new Holdfast();
    self.#server = url;
    self.name = `e2e_${randomBytes(6).toString("hex")}`;
    await psql(url, `CREATE DATABASE ${self.name}`);
    const own = url.replace(/^([a-z]+:\/\/[^/]*\/)[^?]*/, `$1${self.name}`);
    self.#env = { DATABASE_URL: own, HOLDFAST_LOG: "warn", HOLDFAST_DB_CONNECTIONS: "10" };
    await self.cli("migrate");
    return self;
  }

  /** Runs a command of the program; what it printed. */
  cli(...args) {
    return run(PROGRAM, args, { env: this.#env });
  }

  /** The same, with something on its standard input. */
  cliWith(input, ...args) {
    return run(PROGRAM, args, { env: this.#env, input });
  }

  /** Creates a key; the key. */
  async key(tenant, scope, name = scope) {
    return (await this.cli("key", "create", "--tenant", tenant, "--scope", scope, "--name", name)).trim();
  }

  /** Starts a server on a free port of the loopback interface. */
  async serve() {
    const env = { ...process.env, ...this.#env, HOLDFAST_LISTEN: "127.0.0.1:0" };
    const child = spawn(PROGRAM, ["serve"], { env, stdio: ["ignore", "pipe", "pipe"] });
    this.log = "";
    child.stderr.on("data", (text) => { this.log += text; });
    const ended = new Promise((resolve) => child.once("exit", (code, signal) => resolve(signal ?? code)));
    this.url = await new Promise((resolve, reject) => {
      createInterface(child.stdout).on("line", (line) => {
        const [address] = line.match(/http:\/\/\S+/) ?? [];
        if (address) resolve(address);
      });
      ended.then((how) => reject(new Error(`the server ended (${how}) before it listened\n${this.log}`)));
    });
    this.stopServer = async () => {
      child.kill("SIGTERM");
      return ended;
    };
    return this.url;
  }

  /** Stops the server, if there is one, and drops the database. Returns how the server ended: 0 when cleanly. */
  async end() {
    const how = await this.stopServer?.() ?? 0;
    await psql(this.#server, `DROP DATABASE ${this.name} WITH (FORCE)`);
    return how;
  }
}

/** The REST API with a key. */
export class Api {
  constructor(url, key) {
    this.url = url;
    this.key = key;
  }

  /** The answer's status and body. */
  async ask(method, where, body) {
    const headers = { authorization: `Bearer ${this.key}` };
    if (body !== undefined) headers["content-type"] = "application/json";
    const answer = await fetch(`${this.url}/api/v1${where}`, { method, headers, body: body && JSON.stringify(body) });
    const text = await answer.text();
    return { status: answer.status, body: text && JSON.parse(text) };
  }

  /** The body of a GET; fails unless it is 200. */
  async get(where) {
    const { status, body } = await this.ask("GET", where);
    if (status !== 200) throw new Error(`GET ${where}: ${status} ${JSON.stringify(body)}`);
    return body;
  }
}

/** Sends messages to a tracking endpoint, as an SDK would; the answer's body. Fails unless it is 200. */
export async function send(url, key, endpoint, body) {
  const authorization = `Basic ${Buffer.from(`${key}:`).toString("base64")}`;
  const headers = { authorization, "content-type": "application/json" };
  const answer = await fetch(`${url}/v1/${endpoint}`, { method: "POST", headers, body: JSON.stringify(body) });
  const text = await answer.text();
  if (answer.status !== 200) throw new Error(`POST /v1/${endpoint}: ${answer.status} ${text}`);
  return JSON.parse(text);
}

/** A day of UTC as 2027-01-31, so many days from today. */
export function day(offset) {
  return new Date(Date.now() + offset * 86_400_000).toISOString().slice(0, 10);
}

/** Rows as a CSV file's text. */
export function csv(header, rows) {
  const cell = (value) => (/[",\n]/.test(String(value)) ? `"${String(value).replaceAll('"', '""')}"` : value);
  return [header, ...rows].map((row) => row.map(cell).join(",")).join("\n") + "\n";
}
