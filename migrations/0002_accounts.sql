-- Accounts, the people and contracts of accounts, and files that brought them.

-- How a tenant works: one published methodology at a time; the others are its history.
CREATE TABLE methodologies (
  tenant_id    uuid NOT NULL REFERENCES tenants,
  id           uuid NOT NULL,
  version      int NOT NULL CHECK (version > 0),
  pack_id      text NOT NULL,
  pack_name    text NOT NULL,
  source       text NOT NULL,
  overrides    jsonb NOT NULL DEFAULT '{}',
  status       text NOT NULL CHECK (status IN ('published', 'superseded')),
  published_at timestamptz NOT NULL,
  published_by text NOT NULL,
  note         text NOT NULL DEFAULT '',
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, version)
);
SELECT make_tenant_table('methodologies');
CREATE UNIQUE INDEX methodologies_published ON methodologies (tenant_id) WHERE status = 'published';

-- Fields a tenant adds to its accounts; rules and indicators may read them by name.
CREATE TABLE custom_fields (
  tenant_id  uuid NOT NULL REFERENCES tenants,
  id         uuid NOT NULL,
  name       text NOT NULL CHECK (name ~ '^[a-z][a-z0-9_]{0,62}$'),
  label      text NOT NULL,
  kind       text NOT NULL CHECK (kind IN ('text', 'number', 'bool', 'date', 'enum')),
  choices    text[] NOT NULL DEFAULT '{}',
  created_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, name)
);
SELECT make_tenant_table('custom_fields');

CREATE TABLE accounts (
  tenant_id      uuid NOT NULL REFERENCES tenants,
  id             uuid NOT NULL,
  external_id    text NOT NULL CHECK (length(external_id) BETWEEN 1 AND 200),
  name           text NOT NULL CHECK (length(name) BETWEEN 1 AND 300),
  owner_id       uuid,
  start_date     date,
  pinned_segment text,
  tags           text[] NOT NULL DEFAULT '{}',
  fields         jsonb NOT NULL DEFAULT '{}',
  traits_at      timestamptz,
  last_event_at  timestamptz,
  churned_on     date,
  created_at     timestamptz NOT NULL,
  updated_at     timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, external_id),
  FOREIGN KEY (tenant_id, owner_id) REFERENCES members (tenant_id, id)
);
SELECT make_tenant_table('accounts');
CREATE INDEX accounts_owner ON accounts (tenant_id, owner_id);
CREATE INDEX accounts_name ON accounts (tenant_id, lower(name), id);

-- What Holdfast works out about an account as of its last scoring; lists and filters read this.
CREATE TABLE account_states (
  tenant_id     uuid NOT NULL,
  account_id    uuid NOT NULL,
  day           date NOT NULL,
  computed_at   timestamptz NOT NULL,
  segment       text,
  stage         text,
  stage_day     int,
  model         text,
  score         double precision,
  band          text,
  tone          text,
  coverage      double precision NOT NULL DEFAULT 0,
  stale         boolean NOT NULL DEFAULT false,
  score_before  double precision,
  band_before   text,
  before_day    date,
  why           text NOT NULL DEFAULT '',
  arr_minor     bigint NOT NULL DEFAULT 0,
  currency      text NOT NULL,
  arr_base_minor bigint,
  renewal_date  date,
  renewal_open  boolean NOT NULL DEFAULT false,
  strategy      text,
  PRIMARY KEY (tenant_id, account_id),
  FOREIGN KEY (tenant_id, account_id) REFERENCES accounts (tenant_id, id) ON DELETE CASCADE
);
SELECT make_tenant_table('account_states');
CREATE INDEX account_states_renewal ON account_states (tenant_id, renewal_date);
CREATE INDEX account_states_score ON account_states (tenant_id, score);
CREATE INDEX account_states_arr ON account_states (tenant_id, arr_base_minor);

-- The day an account entered each stage; the open one has no end.
CREATE TABLE stage_entries (
  tenant_id  uuid NOT NULL,
  id         uuid NOT NULL,
  account_id uuid NOT NULL,
  stage      text NOT NULL,
  entered_on date NOT NULL,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, account_id, stage, entered_on),
  FOREIGN KEY (tenant_id, account_id) REFERENCES accounts (tenant_id, id) ON DELETE CASCADE
);
SELECT make_tenant_table('stage_entries');

CREATE TABLE contacts (
  tenant_id   uuid NOT NULL,
  id          uuid NOT NULL,
  account_id  uuid NOT NULL,
  external_id text NOT NULL CHECK (length(external_id) BETWEEN 1 AND 200),
  name        text NOT NULL CHECK (length(name) BETWEEN 1 AND 300),
  email       text NOT NULL DEFAULT '',
  title       text NOT NULL DEFAULT '',
  role        text NOT NULL DEFAULT '',
  champion    boolean NOT NULL DEFAULT false,
  left_on     date,
  updated_at  timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, external_id),
  FOREIGN KEY (tenant_id, account_id) REFERENCES accounts (tenant_id, id) ON DELETE CASCADE
);
SELECT make_tenant_table('contacts');
CREATE INDEX contacts_account ON contacts (tenant_id, account_id);

-- A term with its annual recurring revenue in minor units. end_date is exclusive: the renewal date.
CREATE TABLE contracts (
  tenant_id   uuid NOT NULL,
  id          uuid NOT NULL,
  account_id  uuid NOT NULL,
  external_id text NOT NULL CHECK (length(external_id) BETWEEN 1 AND 200),
  start_date  date NOT NULL,
  end_date    date,
  term_months int CHECK (term_months BETWEEN 1 AND 600),
  arr_minor   bigint NOT NULL CHECK (arr_minor >= 0),
  currency    text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
  seats       int CHECK (seats >= 0),
  ended_on    date,
  updated_at  timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, external_id),
  FOREIGN KEY (tenant_id, account_id) REFERENCES accounts (tenant_id, id) ON DELETE CASCADE,
  CHECK (end_date IS NOT NULL OR term_months IS NOT NULL),
  CHECK (end_date > start_date),
  CHECK (ended_on >= start_date)
);
SELECT make_tenant_table('contracts');
CREATE INDEX contracts_account ON contracts (tenant_id, account_id);

-- Exchange rates into the tenant's currency, as the tenant states them: units of its currency per unit of another.
CREATE TABLE exchange_rates (
  tenant_id  uuid NOT NULL REFERENCES tenants,
  id         uuid NOT NULL,
  currency   text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
  rate       numeric NOT NULL CHECK (rate > 0),
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, currency)
);
SELECT make_tenant_table('exchange_rates');

CREATE TABLE imports (
  tenant_id   uuid NOT NULL REFERENCES tenants,
  id          uuid NOT NULL,
  kind        text NOT NULL CHECK (kind IN ('accounts', 'contracts', 'contacts', 'metrics')),
  file_name   text NOT NULL,
  mapping     jsonb NOT NULL DEFAULT '{}',
  dry_run     boolean NOT NULL,
  status      text NOT NULL CHECK (status IN ('waiting', 'running', 'done', 'failed')),
  bytes_total bigint NOT NULL DEFAULT 0,
  bytes_done  bigint NOT NULL DEFAULT 0,
  rows_done   bigint NOT NULL DEFAULT 0,
  created     bigint NOT NULL DEFAULT 0,
  updated     bigint NOT NULL DEFAULT 0,
  unchanged   bigint NOT NULL DEFAULT 0,
  rejected    bigint NOT NULL DEFAULT 0,
  error       text,
  started_by  text NOT NULL,
  started_at  timestamptz NOT NULL,
  finished_at timestamptz,
  PRIMARY KEY (tenant_id, id)
);
SELECT make_tenant_table('imports');

CREATE TABLE import_rejects (
  tenant_id uuid NOT NULL,
  import_id uuid NOT NULL,
  line      bigint NOT NULL,
  reason    text NOT NULL,
  record    jsonb NOT NULL,
  PRIMARY KEY (tenant_id, import_id, line),
  FOREIGN KEY (tenant_id, import_id) REFERENCES imports (tenant_id, id) ON DELETE CASCADE
);
SELECT make_tenant_table('import_rejects');
