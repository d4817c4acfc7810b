-- Renewals: one for each day on which contracts of an account renew, from the opening of its window to its outcome.
-- Contracts that renew on one day are one renewal; other days are other renewals.
CREATE TABLE renewals (
  tenant_id     uuid NOT NULL REFERENCES tenants,
  id            uuid NOT NULL,
  account_id    uuid NOT NULL,
  -- The first day of the next term.
  renews_on     date NOT NULL,
  opened_on     date NOT NULL,
  opened_at     timestamptz NOT NULL,
  -- The methodology's timeline; none where no timeline serves the account.
  timeline      text,
  -- The strategy as things are while it is open, and as they were when it was closed.
  strategy      text,
  -- What a person expects, and when they said so.
  forecast      text CHECK (forecast IN ('commit', 'likely', 'at_risk', 'lost', 'omitted')),
  likelihood    smallint CHECK (likelihood BETWEEN 0 AND 100),
  forecast_note text NOT NULL DEFAULT '' CHECK (length(forecast_note) <= 2000),
  forecast_by   text,
  forecast_at   timestamptz,
  -- What a backtest of this version of the methodology found of accounts with such a score.
  modelled      smallint CHECK (modelled BETWEEN 0 AND 100),
  modelled_by   int,
  -- What became of it; all of it is empty while it is open.
  outcome       text CHECK (outcome IN ('renewed', 'expanded', 'shrunk', 'churned')),
  -- Told by a person (or key), or worked out from contracts that were stated.
  told_by       text CHECK (told_by IN ('person', 'contracts')),
  closed_at     timestamptz,
  closed_on     date,
  closed_by     text,
  -- The first day of the next term, or the first without any.
  effective_on  date,
  term_months   int CHECK (term_months BETWEEN 1 AND 600),
  reason        text,
  note          text NOT NULL DEFAULT '' CHECK (length(note) <= 2000),
  competitor    text NOT NULL DEFAULT '' CHECK (length(competitor) <= 200),
  -- Somebody took an outcome back: contracts alone do not close it again.
  reopened_at   timestamptz,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, account_id, renews_on),
  FOREIGN KEY (tenant_id, account_id) REFERENCES accounts (tenant_id, id) ON DELETE CASCADE,
  CHECK ((outcome IS NULL) = (closed_at IS NULL) AND (outcome IS NULL) = (closed_on IS NULL)
     AND (outcome IS NULL) = (closed_by IS NULL) AND (outcome IS NULL) = (told_by IS NULL)
     AND (outcome IS NULL) = (effective_on IS NULL)),
  CHECK ((forecast IS NULL AND likelihood IS NULL) OR (forecast_by IS NOT NULL AND forecast_at IS NOT NULL))
);
SELECT make_tenant_table('renewals');
CREATE INDEX renewals_open ON renewals (tenant_id, renews_on, id) WHERE outcome IS NULL;
CREATE INDEX renewals_closed ON renewals (tenant_id, effective_on) WHERE outcome IS NOT NULL;

-- Every strategy a renewal had, and why it came.
CREATE TABLE renewal_strategies (
  tenant_id     uuid NOT NULL,
  id            uuid NOT NULL,
  renewal_id    uuid NOT NULL,
  day           date NOT NULL,
  at            timestamptz NOT NULL,
  from_strategy text,
  to_strategy   text,
  why           text NOT NULL,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, renewal_id) REFERENCES renewals (tenant_id, id) ON DELETE CASCADE
);
SELECT make_tenant_table('renewal_strategies');
CREATE INDEX renewal_strategies_of ON renewal_strategies (tenant_id, renewal_id, at);

-- A contract that an outcome brought about, until the tenant's own systems state it; and the days on which an outcome
-- ended a contract, which hold however often a file states it without them.
ALTER TABLE contracts
  ADD COLUMN renewal_id uuid,
  ADD COLUMN renewed_on date,
  ADD COLUMN left_on    date,
  ADD FOREIGN KEY (tenant_id, renewal_id) REFERENCES renewals (tenant_id, id) ON DELETE SET NULL (renewal_id);
CREATE INDEX contracts_renewal ON contracts (tenant_id, renewal_id) WHERE renewal_id IS NOT NULL;

-- The contracts of a renewal: what each was worth, what it is worth afterwards, and how it stood before the outcome.
CREATE TABLE renewal_contracts (
  tenant_id   uuid NOT NULL,
  renewal_id  uuid NOT NULL,
  contract_id uuid NOT NULL,
  arr_minor   bigint NOT NULL CHECK (arr_minor >= 0),
  currency    text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
  -- Empty while the renewal is open; 0 when it was not renewed.
  after_minor bigint CHECK (after_minor >= 0),
  -- Whether the outcome changed the contract, and the days it had before.
  changed     boolean NOT NULL DEFAULT false,
  end_was     date,
  ended_was   date,
  PRIMARY KEY (tenant_id, renewal_id, contract_id),
  FOREIGN KEY (tenant_id, renewal_id) REFERENCES renewals (tenant_id, id) ON DELETE CASCADE,
  FOREIGN KEY (tenant_id, contract_id) REFERENCES contracts (tenant_id, id) ON DELETE CASCADE
);
SELECT make_tenant_table('renewal_contracts');
CREATE INDEX renewal_contracts_of ON renewal_contracts (tenant_id, contract_id);
