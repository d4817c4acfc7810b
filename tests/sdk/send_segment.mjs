// Sends the calls on standard input with @segment/analytics-node. Environment: ENDPOINT, WRITE_KEY.

import { Analytics } from "@segment/analytics-node";
import { text } from "node:stream/consumers";

const failures = [];
for (const wave of JSON.parse(await text(process.stdin))) {
  const analytics = new Analytics({ writeKey: process.env.WRITE_KEY, host: process.env.ENDPOINT, flushAt: 40, maxRetries: 2 });
  analytics.on("error", (error) => failures.push(`${error.code}: ${error.reason?.message ?? error.reason}`));
  for (const { type, ...call } of wave) {
    if (call.timestamp) call.timestamp = new Date(call.timestamp);
    analytics[type](call);
  }
  await analytics.closeAndFlush({ timeout: 30_000 });
}

if (failures.length) {
  console.error(failures.join("; "));
  process.exit(1);
}
