-- Scores, and the work that keeps them current.

-- One score per account, model and day. readings holds exactly what it was made from; with the methodology
-- version every reason can be re-derived. segment, band and ARR stand beside it so that a past day of the
-- whole portfolio is one index range.
CREATE TABLE scores (
  tenant_id   uuid NOT NULL,
  account_id  uuid NOT NULL,
  model       text NOT NULL,
  day         date NOT NULL,
  version     int NOT NULL,
  score       double precision,
  band        text,
  coverage    real NOT NULL,
  stale       boolean NOT NULL,
  is_primary  boolean NOT NULL,
  segment     text,
  arr_base_minor bigint,
  renewal_date date,
  readings    jsonb NOT NULL,
  computed_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, account_id, model, day),
  FOREIGN KEY (tenant_id, account_id) REFERENCES accounts (tenant_id, id) ON DELETE CASCADE
);
SELECT make_tenant_table('scores');
CREATE INDEX scores_day ON scores (tenant_id, day) WHERE is_primary;

-- Accounts whose facts changed since they were scored.
CREATE TABLE dirty_accounts (
  tenant_id  uuid NOT NULL,
  account_id uuid NOT NULL,
  since      timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, account_id),
  FOREIGN KEY (tenant_id, account_id) REFERENCES accounts (tenant_id, id) ON DELETE CASCADE
);
SELECT make_tenant_table('dirty_accounts');
CREATE POLICY platform ON dirty_accounts FOR SELECT TO holdfast_platform USING (true);
GRANT SELECT ON dirty_accounts TO holdfast_platform;

-- Durable work. dedupe makes a slot of recurring work run once with any number of replicas.
CREATE TABLE jobs (
  tenant_id    uuid NOT NULL REFERENCES tenants,
  id           uuid NOT NULL,
  kind         text NOT NULL,
  payload      jsonb NOT NULL,
  dedupe       text,
  run_at       timestamptz NOT NULL,
  attempts     int NOT NULL DEFAULT 0,
  locked_until timestamptz,
  finished_at  timestamptz,
  last_error   text,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, dedupe)
);
SELECT make_tenant_table('jobs');
CREATE POLICY platform ON jobs TO holdfast_platform USING (true) WITH CHECK (true);
GRANT SELECT, UPDATE ON jobs TO holdfast_platform;
CREATE INDEX jobs_due ON jobs (run_at) WHERE finished_at IS NULL;
