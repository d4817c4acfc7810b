-- Events in, metrics out.

-- The tenant's metric catalogue: a named daily series, and which event, user count or trait feeds it.
CREATE TABLE metrics (
  tenant_id   uuid NOT NULL REFERENCES tenants,
  id          int NOT NULL,
  name        text NOT NULL CHECK (name ~ '^[A-Za-z_][A-Za-z0-9_.]{0,62}$'),
  label       text NOT NULL,
  unit        text NOT NULL DEFAULT '',
  kind        text NOT NULL CHECK (kind IN ('counter', 'gauge', 'distinct')),
  event       text,
  property    text,
  trait       text,
  fresh_days  int,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, name)
);
SELECT make_tenant_table('metrics');

-- Users of the customer's product, tied to the account of their last group call.
CREATE TABLE end_users (
  tenant_id  uuid NOT NULL REFERENCES tenants,
  user_id    text NOT NULL,
  group_id   text,
  grouped_at timestamptz,
  traits     jsonb,
  traits_at  timestamptz,
  seen_at    timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, user_id)
);
SELECT make_tenant_table('end_users');

-- Every message id ever accepted, as the first 128 bits of its SHA-256: what makes delivery exactly once.
CREATE TABLE event_ids (
  tenant_id  uuid NOT NULL REFERENCES tenants,
  id         uuid NOT NULL,
  seen_on    date NOT NULL,
  PRIMARY KEY (tenant_id, id)
) WITH (fillfactor = 100);
SELECT make_tenant_table('event_ids');

CREATE TABLE events (
  tenant_id   uuid NOT NULL,
  id          uuid NOT NULL,
  received_at timestamptz NOT NULL,
  occurred_at timestamptz NOT NULL,
  day         date NOT NULL,
  account_id  uuid NOT NULL,
  kind        text NOT NULL,
  name        text NOT NULL,
  user_id     text,
  message_id  text NOT NULL,
  key_id      uuid,
  properties  jsonb,
  PRIMARY KEY (tenant_id, received_at, id)
) PARTITION BY RANGE (received_at);
SELECT make_tenant_table('events');
CREATE INDEX events_account ON events (tenant_id, account_id, day DESC);

-- Months of raw events. Run by the platform role on a schedule; the owner's rights make the tables.
CREATE FUNCTION ensure_event_months(first date, last date) RETURNS int
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  m date := date_trunc('month', first);
  part text;
  made int := 0;
BEGIN
  WHILE m <= last LOOP
    part := 'events_' || to_char(m, 'YYYY_MM');
    IF to_regclass(part) IS NULL THEN
      EXECUTE format('CREATE TABLE %I PARTITION OF events FOR VALUES FROM (%L) TO (%L)',
                     part, m::timestamp AT TIME ZONE 'UTC', (m + interval '1 month')::timestamp AT TIME ZONE 'UTC');
      EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', part);
      EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', part);
      made := made + 1;
    END IF;
    m := m + interval '1 month';
  END LOOP;
  RETURN made;
END $$;

CREATE FUNCTION drop_event_months(before date) RETURNS int
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  part text;
  dropped int := 0;
BEGIN
  FOR part IN
    SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = 'events'::regclass
      AND to_date(substr(c.relname, 8), 'YYYY_MM') + interval '1 month' <= before
  LOOP
    EXECUTE format('DROP TABLE %I', part);
    dropped := dropped + 1;
  END LOOP;
  RETURN dropped;
END $$;
REVOKE ALL ON FUNCTION ensure_event_months(date, date), drop_event_months(date) FROM public;
GRANT EXECUTE ON FUNCTION ensure_event_months(date, date), drop_event_months(date) TO holdfast_platform;

-- The daily roll-up. known_on is the tenant's day on which the figures arrived, so that a past day can be
-- asked as it was known then: sum (counters) or take the newest (gauges) of the rows with known_on <= that day.
CREATE TABLE metric_days (
  tenant_id  uuid NOT NULL,
  account_id uuid NOT NULL,
  metric_id  int NOT NULL,
  day        date NOT NULL,
  known_on   date NOT NULL,
  count      bigint NOT NULL DEFAULT 0,
  sum        numeric NOT NULL DEFAULT 0,
  users      int NOT NULL DEFAULT 0,
  value      double precision,
  label      text,
  value_at   timestamptz,
  PRIMARY KEY (tenant_id, account_id, metric_id, day, known_on),
  FOREIGN KEY (tenant_id, account_id) REFERENCES accounts (tenant_id, id) ON DELETE CASCADE,
  FOREIGN KEY (tenant_id, metric_id) REFERENCES metrics (tenant_id, id)
);
SELECT make_tenant_table('metric_days');

-- Who was counted on a day by a distinct-users metric, so that nobody is counted twice.
CREATE TABLE metric_day_users (
  tenant_id  uuid NOT NULL,
  account_id uuid NOT NULL,
  metric_id  int NOT NULL,
  day        date NOT NULL,
  user_hash  bigint NOT NULL,
  PRIMARY KEY (tenant_id, account_id, metric_id, day, user_hash),
  FOREIGN KEY (tenant_id, account_id) REFERENCES accounts (tenant_id, id) ON DELETE CASCADE
);
SELECT make_tenant_table('metric_day_users');

-- Messages that could not be counted, each with its reason; waiting ones are replayed once the account is known.
CREATE TABLE quarantine (
  tenant_id    uuid NOT NULL REFERENCES tenants,
  id           uuid NOT NULL,
  event_id     uuid NOT NULL,
  received_at  timestamptz NOT NULL,
  key_id       uuid,
  reason       text NOT NULL,
  detail       text NOT NULL,
  group_id     text,
  user_id      text,
  message_id   text,
  message      text NOT NULL,
  sent_at      timestamptz,
  state        text NOT NULL CHECK (state IN ('waiting', 'rejected', 'replayed', 'dismissed')),
  settled_at   timestamptz,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, event_id)
);
SELECT make_tenant_table('quarantine');
CREATE INDEX quarantine_open ON quarantine (tenant_id, state, received_at DESC, id DESC);
CREATE INDEX quarantine_group ON quarantine (tenant_id, group_id) WHERE state = 'waiting';
CREATE INDEX quarantine_user ON quarantine (tenant_id, user_id) WHERE state = 'waiting';

-- What each key brought, by the tenant's day.
CREATE TABLE source_days (
  tenant_id   uuid NOT NULL,
  key_id      uuid NOT NULL,
  day         date NOT NULL,
  accepted    bigint NOT NULL DEFAULT 0,
  duplicate   bigint NOT NULL DEFAULT 0,
  waiting     bigint NOT NULL DEFAULT 0,
  rejected    bigint NOT NULL DEFAULT 0,
  last_at     timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, key_id, day),
  FOREIGN KEY (tenant_id, key_id) REFERENCES api_keys (tenant_id, id)
);
SELECT make_tenant_table('source_days');
