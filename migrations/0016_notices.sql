-- Who is told of what the journal holds, and how: in the app, by mail, by Slack, by webhooks.

-- When an entry was looked at by the one who tells. What is there already is old news.
ALTER TABLE timeline ADD COLUMN told_at timestamptz DEFAULT now();
ALTER TABLE timeline ALTER COLUMN told_at DROP DEFAULT;
CREATE INDEX timeline_untold ON timeline (tenant_id, recorded_at, id) WHERE told_at IS NULL;
CREATE POLICY platform ON timeline FOR SELECT TO holdfast_platform USING (told_at IS NULL);
GRANT SELECT (tenant_id, told_at) ON timeline TO holdfast_platform;

-- A member was told of an entry.
CREATE TABLE notifications (
  tenant_id  uuid NOT NULL,
  id         uuid NOT NULL,
  member_id  uuid NOT NULL,
  entry_id   uuid NOT NULL,
  created_at timestamptz NOT NULL,
  -- Whether it stands under the bell; one that does not is told by mail alone.
  shown      boolean NOT NULL,
  -- Whether it belongs into the member's daily digest.
  digest     boolean NOT NULL,
  read_at    timestamptz,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, member_id, entry_id),
  FOREIGN KEY (tenant_id, member_id) REFERENCES members (tenant_id, id),
  FOREIGN KEY (tenant_id, entry_id) REFERENCES timeline (tenant_id, id) ON DELETE CASCADE
);
SELECT make_tenant_table('notifications');
CREATE INDEX notifications_unread ON notifications (tenant_id, member_id, created_at) WHERE read_at IS NULL AND shown;
CREATE INDEX notifications_of_member ON notifications (tenant_id, member_id, created_at);
CREATE INDEX notifications_of_entry ON notifications (tenant_id, entry_id);
-- The figure at the bell is read with the session, before a tenant is chosen.
CREATE POLICY platform ON notifications FOR SELECT TO holdfast_platform USING (read_at IS NULL AND shown);
GRANT SELECT (tenant_id, member_id, read_at, shown) ON notifications TO holdfast_platform;

-- How a member wants it; without a row, as domain::notice says.
CREATE TABLE notification_preferences (
  tenant_id     uuid NOT NULL,
  member_id     uuid NOT NULL,
  -- Words of domain::timeline::Group.
  app_groups    text[] NOT NULL,
  mail_groups   text[] NOT NULL,
  digest_groups text[] NOT NULL,
  -- Mail at once is for what is at least as grave.
  min_severity  text CHECK (min_severity IN ('low', 'medium', 'high', 'critical')),
  -- Between these times of the day, by the member's clock, mail is held back.
  quiet_from    time,
  quiet_until   time,
  time_zone     text NOT NULL,
  -- Minutes after midnight; none for no digest.
  digest_minute int CHECK (digest_minute BETWEEN 0 AND 1439),
  updated_at    timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, member_id),
  FOREIGN KEY (tenant_id, member_id) REFERENCES members (tenant_id, id),
  CHECK ((quiet_from IS NULL) = (quiet_until IS NULL))
);
SELECT make_tenant_table('notification_preferences');

-- That a member's digest of a day was made, with or without anything in it.
CREATE TABLE digests (
  tenant_id uuid NOT NULL,
  member_id uuid NOT NULL,
  day       date NOT NULL,
  made_at   timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, member_id, day),
  FOREIGN KEY (tenant_id, member_id) REFERENCES members (tenant_id, id)
);
SELECT make_tenant_table('digests');

-- What goes out to people. A message stays queued until an outlet for its channel is configured.
CREATE TABLE messages (
  tenant_id    uuid NOT NULL REFERENCES tenants,
  id           uuid NOT NULL,
  channel      text NOT NULL CHECK (channel IN ('mail', 'slack')),
  -- Why: notice, digest, template, test.
  cause        text NOT NULL CHECK (cause IN ('notice', 'digest', 'template', 'test')),
  -- An address, or nothing for a channel that has one place.
  recipient    text NOT NULL,
  member_id    uuid,
  account_id   uuid,
  entry_id     uuid,
  -- The template it was made from.
  template     text,
  subject      text NOT NULL CHECK (length(subject) BETWEEN 1 AND 500),
  body         text NOT NULL,
  -- What makes it one.
  once         text,
  state        text NOT NULL CHECK (state IN ('queued', 'sent', 'failed', 'expired')),
  created_at   timestamptz NOT NULL,
  -- When it is tried next; whoever tries holds it until locked_until.
  next_at      timestamptz NOT NULL,
  locked_until timestamptz,
  attempts     int NOT NULL DEFAULT 0,
  last_error   text,
  ended_at     timestamptz,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, once),
  FOREIGN KEY (tenant_id, member_id) REFERENCES members (tenant_id, id),
  FOREIGN KEY (tenant_id, account_id) REFERENCES accounts (tenant_id, id) ON DELETE CASCADE,
  FOREIGN KEY (tenant_id, entry_id) REFERENCES timeline (tenant_id, id) ON DELETE CASCADE
);
SELECT make_tenant_table('messages');
CREATE INDEX messages_queued ON messages (tenant_id, channel, next_at) WHERE state = 'queued';
CREATE INDEX messages_in_order ON messages (tenant_id, created_at, id);
CREATE INDEX messages_of_entry ON messages (tenant_id, entry_id);
CREATE INDEX messages_of_account ON messages (tenant_id, account_id);
CREATE POLICY platform ON messages FOR SELECT TO holdfast_platform USING (state = 'queued');
GRANT SELECT (tenant_id, channel, state, next_at, locked_until) ON messages TO holdfast_platform;

-- One Slack-compatible incoming webhook of the tenant. Its URL is the secret.
CREATE TABLE slack_hooks (
  tenant_id    uuid NOT NULL REFERENCES tenants,
  url          text NOT NULL CHECK (length(url) BETWEEN 1 AND 2000),
  groups       text[] NOT NULL,
  min_severity text CHECK (min_severity IN ('low', 'medium', 'high', 'critical')),
  updated_at   timestamptz NOT NULL,
  PRIMARY KEY (tenant_id)
);
SELECT make_tenant_table('slack_hooks');

-- Where the tenant's own services are told of entries, signed by Standard Webhooks.
CREATE TABLE webhook_endpoints (
  tenant_id     uuid NOT NULL REFERENCES tenants,
  id            uuid NOT NULL,
  url           text NOT NULL CHECK (length(url) BETWEEN 1 AND 2000),
  description   text NOT NULL DEFAULT '' CHECK (length(description) <= 200),
  -- The key of the signature. It must be known to sign, so it cannot be kept as a hash.
  secret        bytea NOT NULL CHECK (length(secret) BETWEEN 24 AND 64),
  -- The key before, which signs as well until its time is over.
  secret_before bytea,
  secret_before_until timestamptz,
  -- Words of domain::timeline: whole groups, and single kinds. Both empty: everything.
  groups        text[] NOT NULL DEFAULT '{}',
  kinds         text[] NOT NULL DEFAULT '{}',
  min_severity  text CHECK (min_severity IN ('low', 'medium', 'high', 'critical')),
  enabled       boolean NOT NULL,
  -- Why it is not: by hand, the other side said it is gone, or nothing but failures for days.
  paused_why    text CHECK (paused_why IN ('hand', 'gone', 'failing')),
  failing_since timestamptz,
  created_at    timestamptz NOT NULL,
  updated_at    timestamptz NOT NULL,
  removed_at    timestamptz,
  PRIMARY KEY (tenant_id, id),
  CHECK (enabled = (paused_why IS NULL))
);
SELECT make_tenant_table('webhook_endpoints');

CREATE TABLE webhook_deliveries (
  tenant_id    uuid NOT NULL,
  -- The webhook-id: the same at every attempt.
  id           uuid NOT NULL,
  endpoint_id  uuid NOT NULL,
  -- None for a test.
  entry_id     uuid,
  type         text NOT NULL,
  -- The payload, byte for byte as it is signed.
  body         text NOT NULL,
  state        text NOT NULL CHECK (state IN ('waiting', 'delivered', 'failed')),
  created_at   timestamptz NOT NULL,
  next_at      timestamptz NOT NULL,
  locked_until timestamptz,
  -- Attempts in all, and since it was last started: by its cause, or by hand.
  attempts     int NOT NULL DEFAULT 0,
  tries        int NOT NULL DEFAULT 0,
  ended_at     timestamptz,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, endpoint_id, entry_id),
  FOREIGN KEY (tenant_id, endpoint_id) REFERENCES webhook_endpoints (tenant_id, id),
  FOREIGN KEY (tenant_id, entry_id) REFERENCES timeline (tenant_id, id) ON DELETE CASCADE
);
SELECT make_tenant_table('webhook_deliveries');
CREATE INDEX webhook_deliveries_waiting ON webhook_deliveries (tenant_id, next_at) WHERE state = 'waiting';
CREATE INDEX webhook_deliveries_of_endpoint ON webhook_deliveries (tenant_id, endpoint_id, id);
CREATE INDEX webhook_deliveries_of_entry ON webhook_deliveries (tenant_id, entry_id);
CREATE POLICY platform ON webhook_deliveries FOR SELECT TO holdfast_platform USING (state = 'waiting');
GRANT SELECT (tenant_id, state, next_at, locked_until) ON webhook_deliveries TO holdfast_platform;

CREATE TABLE webhook_attempts (
  tenant_id   uuid NOT NULL,
  delivery_id uuid NOT NULL,
  attempt     int NOT NULL,
  at          timestamptz NOT NULL,
  millis      int NOT NULL,
  -- What the other side answered, with the beginning of its body; or why there was no answer.
  status      int,
  body        text NOT NULL DEFAULT '',
  error       text,
  PRIMARY KEY (tenant_id, delivery_id, attempt),
  FOREIGN KEY (tenant_id, delivery_id) REFERENCES webhook_deliveries (tenant_id, id) ON DELETE CASCADE
);
SELECT make_tenant_table('webhook_attempts');

-- Mail templates a tenant wrote, beside or in place of those of its methodology.
CREATE TABLE mail_templates (
  tenant_id  uuid NOT NULL REFERENCES tenants,
  id         text NOT NULL CHECK (id ~ '^[a-z][a-z0-9_-]{0,62}$'),
  name       text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  subject    text NOT NULL CHECK (length(subject) BETWEEN 1 AND 300),
  body       text NOT NULL CHECK (length(body) BETWEEN 1 AND 20000),
  updated_at timestamptz NOT NULL,
  updated_by text NOT NULL,
  PRIMARY KEY (tenant_id, id)
);
SELECT make_tenant_table('mail_templates');
