// Sends the calls on standard input with @rudderstack/rudder-sdk-node. Environment: ENDPOINT, WRITE_KEY, GZIP.

import Analytics from "@rudderstack/rudder-sdk-node";
import { text } from "node:stream/consumers";

const failures = [];
const analytics = new Analytics(process.env.WRITE_KEY, {
  dataPlaneUrl: process.env.ENDPOINT,
  gzip: process.env.GZIP === "1",
  flushAt: 40,
  retryCount: 2,
  logLevel: "error",
  errorHandler: (error) => failures.push(error.message),
});

for (const wave of JSON.parse(await text(process.stdin))) {
  // Each call's callback comes when its batch was answered.
  const answered = wave.map(({ type, ...call }) => new Promise((resolve) => {
    if (call.timestamp) call.timestamp = new Date(call.timestamp);
    analytics[type](call, (error) => {
      if (error) failures.push(error.message);
      resolve();
    });
  }));
  await analytics.flush();
  await Promise.all(answered);
}

if (failures.length) console.error(failures.join("; "));
process.exit(failures.length ? 1 : 0);
