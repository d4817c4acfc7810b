// The world the journeys go through: four companies, their members, and customers in recognisable trouble or none.

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import { Holdfast, csv, day, send } from "../../harness/holdfast.mjs";

export const PASSWORD = "correct horse battery staple";
const HISTORY = 120;

/** Who signs in: role words of Lumen Analytics, and people elsewhere. */
export const PEOPLE = {
  csm: { email: "maya@lumen.example", name: "Maya Lind", role: "csm", tenant: "lumen" },
  manager: { email: "omar@lumen.example", name: "Omar Haddad", role: "manager", tenant: "lumen" },
  executive: { email: "eva@lumen.example", name: "Eva Roth", role: "executive", tenant: "lumen" },
  // Changes his password; nobody else signs in as him.
  careful: { email: "noor@lumen.example", name: "Noor Aziz", role: "executive", tenant: "lumen" },
  admin: { email: "ada@lumen.example", name: "Ada Berg", role: "admin", tenant: "lumen" },
  // Works for Borealis as well.
  adviser: { email: "rita@advice.example", name: "Rita Falk", role: "manager", tenant: "lumen" },
  // The first at a company that has nothing yet.
  first: { email: "zoe@fresh.example", name: "Zoe Marsh", role: "admin", tenant: "fresh" },
  // What an administrator's journeys change, they change here.
  smith: { email: "wanda@workshop.example", name: "Wanda Smith", role: "admin", tenant: "workshop" },
};

/**
 * Customers of Lumen Analytics: id, name, ARR, seats, days to renewal, CSM, and how their use went: `use` is the
 * share of seats in use each day, `fall` what is left of it in the last three weeks.
 */
export const ACCOUNTS = [
  ["harbor", "Harbor Freightways", 240_000, 80, 60, "csm", { use: 0.7, fall: 0.1, features: 40, urgent: 3 }],
  ["alder", "Alder Insurance", 180_000, 60, 200, "csm", { use: 0.7, features: 80 }],
  ["birch", "Birch & Sons", 96_000, 40, 25, "csm", { use: 0.7, features: 75 }],
  ["cedar", "Cedar Clinics", 60_000, 30, 100, "csm", { use: 0.35, features: 45 }],
  ["dogwood", "Dogwood Media", 36_000, 20, 220, "csm", { use: 0.6, features: 70 }],
  ["elm", "Elm Street Bank", 150_000, 70, 150, "csm", { use: 0.4, features: 50 }],
  ["fir", "Fir Robotics", 18_000, 10, 80, "csm", { use: 0.2, features: 20 }],
  ["ginkgo", "Ginkgo Travel", 12_000, 8, 240, "manager", { use: 0.7, features: 65 }],
  ["hazel", "Hazel Foods", 48_000, 25, 130, "manager", { use: 0.3, features: 30, fall: 0.5 }],
  ["iris", "Iris Energy", 84_000, 45, 265, "manager", { use: 0.75, features: 85 }],
  ["juniper", "Juniper Legal", 27_500, 15, 45, null, { use: 0.5, features: 55 }],
  ["kapok", "Kapok Toys", 9_000, 6, 180, null, { use: 0.65, features: 62 }],
];

function figures([account, , , seats, , , { use, fall = 1, features, urgent = 0 }]) {
  const rows = [];
  for (let ago = HISTORY; ago >= 0; ago -= 1) {
    const share = use * (ago <= 20 ? fall : 1) * (1 + 0.04 * Math.sin(ago));
    const users = Math.max(1, Math.round(seats * share));
    const on = (metric, value) => rows.push([account, metric, day(-ago), value]);
    on("daily_active_users", users);
    on("active_usage", users * 14);
    on("dashboard_viewed", Math.round(users * 1.4));
    on("query_run", Math.round(users * 1.5));
    if (ago % 7 === 0) on("advanced_feature_pct", features);
    if (ago % 7 === 0) on("integrations_live", features > 60 ? 3 : 1);
    if (ago % 30 === 0) on("reported_roi_pct", features);
    if (ago % 20 === 10) on("ticket", 1);
  }
  for (let n = 0; n < urgent; n += 1) {
    rows.push([account, "high_priority_ticket", day(-1 - n), 1], [account, "ticket", day(-1 - n), 2]);
  }
  return rows;
}

async function load(holdfast, dir, kind, tenant, text, ...more) {
  const file = path.join(dir, `${tenant}-${kind}.csv`);
  await writeFile(file, text);
  const said = await holdfast.cli("import", kind, file, "--tenant", tenant, ...more);
  if (!said.includes(" 0 rejected")) throw new Error(`${kind} of ${tenant}: ${said}`);
}

async function people(holdfast) {
  for (const { email, name, role, tenant } of Object.values(PEOPLE)) {
    await holdfast.cliWith(PASSWORD, "member", "add", email, "--tenant", tenant, "--role", role, "--name", name);
  }
  await holdfast.cliWith(PASSWORD, "member", "add", PEOPLE.adviser.email, "--tenant", "borealis", "--role", "admin");
}

async function customers(holdfast, dir) {
  const named = (...rows) => csv(["external_id", "name"], rows);
  await load(holdfast, dir, "accounts", "workshop", named(["anvil", "Anvil & Co"], ["bellows", "Bellows Ltd"]));
  await load(holdfast, dir, "accounts", "borealis", named(["stranger", "Secret Stranger"]));
  const owner = (key) => (key ? PEOPLE[key].email : "");
  await load(holdfast, dir, "accounts", "lumen", csv(
    ["external_id", "name", "owner_email", "start_date", "tags"],
    ACCOUNTS.map(([id, name, , , renews, csm]) => [id, name, owner(csm), day(renews - 730), "beta"])));
  await load(holdfast, dir, "contracts", "lumen", csv(
    ["external_id", "account", "start_date", "end_date", "arr", "currency", "seats"],
    ACCOUNTS.map(([id, , arr, seats, renews]) => [`c-${id}`, id, day(renews - 365), day(renews), `${arr}.00`, "USD", seats])));
  await load(holdfast, dir, "contacts", "lumen", csv(
    ["external_id", "account", "name", "email", "title", "champion"],
    [["p-1", "harbor", "Rosa Vega", "rosa@harbor.example", "Head of Operations", "yes"],
      ["p-2", "harbor", "Tom Okafor", "tom@harbor.example", "CFO", "no"]]));
  await load(holdfast, dir, "metrics", "lumen",
    csv(["account", "metric", "date", "value"], ACCOUNTS.flatMap(figures)), "--known", "on-its-day");
  for (const ago of [90, 60, 30, 14, 7, 1, 0]) {
    await holdfast.cli("score", "--tenant", "lumen", "--as-of", day(-ago));
  }
}

/** Makes the world and serves it. */
export async function build() {
  const holdfast = await Holdfast.create();
  const dir = await mkdtemp(path.join(tmpdir(), "holdfast-world-"));
  try {
    for (const [slug, name] of [["lumen", "Lumen Analytics"], ["borealis", "Borealis"], ["workshop", "Workshop"], ["fresh", "Fresh Start"]]) {
      await holdfast.cli("tenant", "create", name, "--slug", slug, "--pack", "techcorp");
    }
    await people(holdfast);
    await customers(holdfast, dir);
    const url = await holdfast.serve();
    const keys = {
      lumen: { write: await holdfast.key("lumen", "write", "Backend") },
      workshop: { write: await holdfast.key("workshop", "write", "Seed"), read: await holdfast.key("workshop", "read", "Reader") },
    };
    // The past of one customer comes the way an integration would send it: with the times it happened.
    const yesterday = Array.from({ length: 40 }, (_, n) => ({
      type: "track", messageId: `past-${n}`, userId: `alder-${n % 10}`, event: "Report Shared",
      timestamp: `${day(-1)}T10:${String(n).padStart(2, "0")}:00Z`, context: { groupId: "alder" },
    }));
    await send(url, keys.lumen.write, "import", { batch: yesterday });
    return { holdfast, world: { url, keys } };
  } catch (error) {
    await holdfast.end();
    throw error;
  } finally {
    await rm(dir, { recursive: true });
  }
}
