-- Tickets of customers, and the clocks by which they must be answered and resolved.
CREATE TABLE tickets (
  tenant_id   uuid NOT NULL,
  id          uuid NOT NULL,
  account_id  uuid NOT NULL,
  -- Identity in the tenant's support tool.
  external_id text NOT NULL CHECK (length(external_id) BETWEEN 1 AND 200),
  subject     text NOT NULL CHECK (length(subject) BETWEEN 1 AND 500),
  severity    text NOT NULL CHECK (severity IN ('low', 'medium', 'high', 'critical')),
  status      text NOT NULL CHECK (status IN ('open', 'pending', 'resolved')),
  channel     text NOT NULL CHECK (length(channel) <= 100),
  requester   text NOT NULL CHECK (length(requester) <= 300),
  assignee_id uuid,
  csat        int CHECK (csat BETWEEN 1 AND 5),
  opened_at   timestamptz NOT NULL,
  -- The first answer of all.
  responded_at timestamptz CHECK (responded_at >= opened_at),
  resolved_at timestamptz CHECK (resolved_at >= opened_at),
  reopened_at timestamptz,
  -- The latest row of ticket_levels; the response clock runs there.
  stay        int NOT NULL,
  -- The resolution clock; none where the policy has no such time.
  resolution_due timestamptz,
  resolution_breached boolean NOT NULL,
  -- The moment of the latest word that was taken: an older one never goes back behind it.
  stated_at   timestamptz NOT NULL,
  -- The version of the methodology by which the clocks were worked out last.
  worked_by   int,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, external_id),
  FOREIGN KEY (tenant_id, account_id) REFERENCES accounts (tenant_id, id) ON DELETE CASCADE,
  FOREIGN KEY (tenant_id, assignee_id) REFERENCES members (tenant_id, id),
  CHECK ((status = 'resolved') = (resolved_at IS NOT NULL))
);
SELECT make_tenant_table('tickets');
CREATE INDEX tickets_of_account ON tickets (tenant_id, account_id, opened_at);
CREATE INDEX tickets_opened ON tickets (tenant_id, opened_at);
CREATE INDEX tickets_resolved ON tickets (tenant_id, resolved_at) WHERE resolved_at IS NOT NULL;
CREATE INDEX tickets_open ON tickets (tenant_id) WHERE status <> 'resolved';

-- A ticket's stays at levels of support: each has a response clock of its own.
CREATE TABLE ticket_levels (
  tenant_id   uuid NOT NULL,
  ticket_id   uuid NOT NULL,
  -- 0, 1, 2 …
  stay        int NOT NULL,
  step        text NOT NULL CHECK (step IN ('opened', 'escalated', 'lowered', 'reopened')),
  level       int NOT NULL,
  -- The role of the methodology that works at the level; holder_of says who plays it for the account.
  role        text NOT NULL,
  at          timestamptz NOT NULL,
  reason      text NOT NULL CHECK (length(reason) <= 2000),
  actor       text NOT NULL,
  -- The policy and calendar the clock runs by, as they read then; no due time where no policy applies.
  terms       jsonb,
  response_due timestamptz,
  answered_at timestamptz,
  response_breached boolean NOT NULL,
  PRIMARY KEY (tenant_id, ticket_id, stay),
  FOREIGN KEY (tenant_id, ticket_id) REFERENCES tickets (tenant_id, id) ON DELETE CASCADE
);
SELECT make_tenant_table('ticket_levels');
CREATE INDEX ticket_levels_due ON ticket_levels (tenant_id, response_due);

-- What a ticket was counted for in daily metrics, so that it counts once and a correction takes back exactly that.
CREATE TABLE ticket_counts (
  tenant_id   uuid NOT NULL,
  ticket_id   uuid NOT NULL,
  account_id  uuid NOT NULL,
  metric_id   int NOT NULL,
  day         date NOT NULL,
  count       bigint NOT NULL,
  sum         numeric NOT NULL,
  PRIMARY KEY (tenant_id, ticket_id, account_id, metric_id, day),
  FOREIGN KEY (tenant_id, ticket_id) REFERENCES tickets (tenant_id, id) ON DELETE CASCADE,
  FOREIGN KEY (tenant_id, metric_id) REFERENCES metrics (tenant_id, id)
);
SELECT make_tenant_table('ticket_counts');

-- Files of tickets are imported like any other.
ALTER TABLE imports DROP CONSTRAINT imports_kind_check,
  ADD CONSTRAINT imports_kind_check CHECK (kind IN ('accounts', 'contracts', 'contacts', 'metrics', 'tickets'));
