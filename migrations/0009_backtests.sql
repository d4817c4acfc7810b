-- What was known of accounts and contracts on past days, and scores of the past held against what happened.

-- What was stated of an account, by the tenant's day on which it was; the last of a day counts. Kept by a trigger,
-- so that no way of writing an account can forget it.
CREATE TABLE account_history (
  tenant_id      uuid NOT NULL,
  account_id     uuid NOT NULL,
  known_on       date NOT NULL,
  start_date     date,
  pinned_segment text,
  fields         jsonb NOT NULL,
  PRIMARY KEY (tenant_id, account_id, known_on),
  FOREIGN KEY (tenant_id, account_id) REFERENCES accounts (tenant_id, id) ON DELETE CASCADE
);

-- The same of contracts. account_id is whose it was then.
CREATE TABLE contract_history (
  tenant_id   uuid NOT NULL,
  contract_id uuid NOT NULL,
  known_on    date NOT NULL,
  account_id  uuid NOT NULL,
  start_date  date NOT NULL,
  end_date    date,
  term_months int,
  arr_minor   bigint NOT NULL,
  currency    text NOT NULL,
  seats       int,
  ended_on    date,
  PRIMARY KEY (tenant_id, contract_id, known_on),
  FOREIGN KEY (tenant_id, contract_id) REFERENCES contracts (tenant_id, id) ON DELETE CASCADE,
  FOREIGN KEY (tenant_id, account_id) REFERENCES accounts (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX contract_history_account ON contract_history (tenant_id, account_id);

-- What is there already: an account is taken to have been as it is since it was created, a contract since it was
-- last changed, which is all that can be known. The owner sees all tenants only while row security is not forced.
ALTER TABLE tenants NO FORCE ROW LEVEL SECURITY;
ALTER TABLE accounts NO FORCE ROW LEVEL SECURITY;
ALTER TABLE contracts NO FORCE ROW LEVEL SECURITY;
INSERT INTO account_history (tenant_id, account_id, known_on, start_date, pinned_segment, fields)
SELECT a.tenant_id, a.id, (a.created_at AT TIME ZONE t.time_zone)::date, a.start_date, a.pinned_segment, a.fields
FROM accounts a JOIN tenants t ON t.id = a.tenant_id;
INSERT INTO contract_history (tenant_id, contract_id, known_on, account_id, start_date, end_date, term_months,
                              arr_minor, currency, seats, ended_on)
SELECT c.tenant_id, c.id, (c.updated_at AT TIME ZONE t.time_zone)::date, c.account_id, c.start_date, c.end_date,
       c.term_months, c.arr_minor, c.currency, c.seats, c.ended_on
FROM contracts c JOIN tenants t ON t.id = c.tenant_id;
ALTER TABLE tenants FORCE ROW LEVEL SECURITY;
ALTER TABLE accounts FORCE ROW LEVEL SECURITY;
ALTER TABLE contracts FORCE ROW LEVEL SECURITY;

SELECT make_tenant_table('account_history');
SELECT make_tenant_table('contract_history');

-- The tenant's calendar day of a moment.
CREATE FUNCTION tenant_day(tenant uuid, at timestamptz) RETURNS date LANGUAGE sql STABLE AS
$$ SELECT (at AT TIME ZONE t.time_zone)::date FROM tenants t WHERE t.id = tenant $$;

CREATE FUNCTION keep_account_history() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO account_history (tenant_id, account_id, known_on, start_date, pinned_segment, fields)
  VALUES (NEW.tenant_id, NEW.id, tenant_day(NEW.tenant_id, NEW.updated_at), NEW.start_date, NEW.pinned_segment,
          NEW.fields)
  ON CONFLICT (tenant_id, account_id, known_on) DO UPDATE SET start_date = excluded.start_date,
    pinned_segment = excluded.pinned_segment, fields = excluded.fields;
  RETURN NULL;
END $$;
CREATE TRIGGER account_created AFTER INSERT ON accounts FOR EACH ROW EXECUTE FUNCTION keep_account_history();
-- Not for the columns that change with every event and every scoring.
CREATE TRIGGER account_changed AFTER UPDATE OF start_date, pinned_segment, fields ON accounts FOR EACH ROW
  WHEN ((OLD.start_date, OLD.pinned_segment, OLD.fields) IS DISTINCT FROM
        (NEW.start_date, NEW.pinned_segment, NEW.fields))
  EXECUTE FUNCTION keep_account_history();

CREATE FUNCTION keep_contract_history() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO contract_history (tenant_id, contract_id, known_on, account_id, start_date, end_date, term_months,
                                arr_minor, currency, seats, ended_on)
  VALUES (NEW.tenant_id, NEW.id, tenant_day(NEW.tenant_id, NEW.updated_at), NEW.account_id, NEW.start_date,
          NEW.end_date, NEW.term_months, NEW.arr_minor, NEW.currency, NEW.seats, NEW.ended_on)
  ON CONFLICT (tenant_id, contract_id, known_on) DO UPDATE SET account_id = excluded.account_id,
    start_date = excluded.start_date, end_date = excluded.end_date, term_months = excluded.term_months,
    arr_minor = excluded.arr_minor, currency = excluded.currency, seats = excluded.seats,
    ended_on = excluded.ended_on;
  RETURN NULL;
END $$;
-- Contracts are only written when something about them changes.
CREATE TRIGGER contract_changed AFTER INSERT OR UPDATE ON contracts FOR EACH ROW
  EXECUTE FUNCTION keep_contract_history();

-- Backtests. A draft is kept as it was tried: its file and what was set; a version is kept elsewhere for good.
-- What became of a run is told by its report, or else by its job.
CREATE TABLE backtests (
  tenant_id    uuid NOT NULL REFERENCES tenants,
  id           uuid NOT NULL,
  job_id       uuid NOT NULL,
  title        text NOT NULL CHECK (length(title) BETWEEN 1 AND 200),
  version      int,
  source       text,
  overrides    jsonb NOT NULL DEFAULT '{}',
  settings     jsonb NOT NULL,
  started_at   timestamptz NOT NULL,
  started_by   text NOT NULL,
  finished_at  timestamptz,
  report       jsonb,
  deleted_at   timestamptz,
  PRIMARY KEY (tenant_id, id),
  CHECK ((version IS NULL) <> (source IS NULL)),
  CHECK ((report IS NULL) = (finished_at IS NULL))
);
SELECT make_tenant_table('backtests');
CREATE INDEX backtests_started ON backtests (tenant_id, started_at DESC, id DESC);

-- Its account-days as CSV without a head, a compressed part for every chunk of accounts.
CREATE TABLE backtest_parts (
  tenant_id   uuid NOT NULL,
  backtest_id uuid NOT NULL,
  part        int NOT NULL,
  days        int NOT NULL,
  rows        bytea NOT NULL,
  PRIMARY KEY (tenant_id, backtest_id, part),
  FOREIGN KEY (tenant_id, backtest_id) REFERENCES backtests (tenant_id, id) ON DELETE CASCADE
);
SELECT make_tenant_table('backtest_parts');
