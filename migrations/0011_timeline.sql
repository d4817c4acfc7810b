-- The journal: everything that happened to an account, to a member or to the tenant, appended in the transaction of
-- its cause. The account's timeline, notifications, digests and outgoing webhooks all read it.
CREATE TABLE timeline (
  tenant_id   uuid NOT NULL REFERENCES tenants,
  id          uuid NOT NULL,
  account_id  uuid,
  -- When it happened, and when Holdfast was told.
  at          timestamptz NOT NULL,
  recorded_at timestamptz NOT NULL,
  -- domain::timeline has the words.
  kind        text NOT NULL,
  -- The alert, task, renewal, ticket … it is about.
  about       uuid,
  -- Who did it, as the audit log names them, and the member whom it concerns first.
  actor       text NOT NULL,
  member_id   uuid,
  severity    text CHECK (severity IN ('low', 'medium', 'high', 'critical')),
  title       text NOT NULL CHECK (length(title) BETWEEN 1 AND 500),
  body        text NOT NULL DEFAULT '' CHECK (length(body) <= 20000),
  data        jsonb NOT NULL DEFAULT '{}',
  -- What makes it one: the same cause met twice is entered once.
  once        text,
  -- Taken back by the one who entered it.
  removed_at  timestamptz,
  words       tsvector NOT NULL GENERATED ALWAYS AS
              (setweight(to_tsvector('simple', title), 'A') || setweight(to_tsvector('simple', body), 'B')) STORED,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, once),
  FOREIGN KEY (tenant_id, account_id) REFERENCES accounts (tenant_id, id) ON DELETE CASCADE,
  FOREIGN KEY (tenant_id, member_id) REFERENCES members (tenant_id, id)
);
SELECT make_tenant_table('timeline');
CREATE INDEX timeline_of_account ON timeline (tenant_id, account_id, at, id);
CREATE INDEX timeline_in_order ON timeline (tenant_id, at, id);
CREATE INDEX timeline_about ON timeline (tenant_id, about);
