// What each SDK is told to send, and what must be counted of it.

import { day } from "../harness/holdfast.mjs";

export const ACCOUNTS = ["acme", "globex"];
export const USERS = 4;
const TRACKS = 300;
const EVENTS = ["Dashboard Viewed", "Query Run", "Report Shared"];

/** Days ago on which events without a time of their own do not fall, for figures of one day. */
export const PAST = day(-3);

/**
 * Two waves of calls, each to be flushed before the next: who everybody is, then what they did. Message ids are
 * fixed by `tag`, so that a plan sent twice is the same messages twice.
 */
export function plan(tag) {
  const id = (wave, index) => `${tag}-${wave}-${index}`;
  const users = ACCOUNTS.flatMap((account) =>
    Array.from({ length: USERS }, (_, n) => ({ account, userId: `${account}-user-${n}` })));
  const who = users.flatMap(({ account, userId }) => [
    { type: "identify", userId, traits: { email: `${userId}@example.com`, plan: "pro" } },
    { type: "group", userId, groupId: account, traits: { advanced_feature_pct: 72, integrations_live: 2 } },
  ]);
  const what = Array.from({ length: TRACKS }, (_, n) => {
    const { account, userId } = users[n % users.length];
    const call = { type: "track", userId, event: EVENTS[n % EVENTS.length], properties: { n, note: "größer & schöner" } };
    // Every other call leaves it to Holdfast to know the account from the user's group call.
    if (Math.floor(n / users.length) % 2 === 0) call.context = { groupId: account };
    if (n >= TRACKS / 2) call.timestamp = `${PAST}T${String(n % 24).padStart(2, "0")}:15:00.000Z`;
    return call;
  });
  what.push(
    { type: "page", userId: users[0].userId, name: "Pricing", properties: { path: "/pricing" } },
    { type: "screen", userId: users[USERS].userId, name: "Home", properties: {} },
    { type: "track", anonymousId: "visitor-1", event: "Query Run", properties: {}, context: { groupId: "globex" } },
  );
  return [who, what].map((calls, wave) => calls.map((call, n) => ({ ...call, messageId: id(wave, n) })));
}

/** What an account's metrics must hold after a plan, by metric; and how many users were seen on the past day. */
export function expected(account, [, what]) {
  const mine = what.filter((call) => (call.context?.groupId ?? call.userId?.split("-user-")[0]) === account);
  const named = (event) => mine.filter((call) => call.event === event).length;
  const past = new Set(mine.filter((call) => call.timestamp).map((call) => call.userId));
  return {
    counts: { active_usage: mine.length, dashboard_viewed: named("Dashboard Viewed"), query_run: named("Query Run") },
    pastUsers: past.size,
  };
}
