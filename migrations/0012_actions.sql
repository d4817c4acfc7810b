-- What follows from what is true of an account: stages entered, alerts, plays of playbooks and their tasks.

-- What was last acted upon, so that a change is noticed once. Whoever acts on an account locks its row first.
CREATE TABLE account_marks (
  tenant_id   uuid NOT NULL,
  account_id  uuid NOT NULL,
  -- The last day whose recurring rules were looked at.
  acted_on    date,
  stage       text,
  overlays    text[] NOT NULL DEFAULT '{}',
  segment     text,
  band        text,
  behind      boolean NOT NULL DEFAULT false,
  PRIMARY KEY (tenant_id, account_id),
  FOREIGN KEY (tenant_id, account_id) REFERENCES accounts (tenant_id, id) ON DELETE CASCADE
);
SELECT make_tenant_table('account_marks');

ALTER TABLE stage_entries
  ADD COLUMN overlay boolean NOT NULL DEFAULT false,
  ADD COLUMN left_on date;

-- A stage that a person holds an account in, or moved it to, against the calendar.
CREATE TABLE stage_holds (
  tenant_id  uuid NOT NULL,
  id         uuid NOT NULL,
  account_id uuid NOT NULL,
  stage      text NOT NULL,
  reason     text NOT NULL CHECK (length(reason) BETWEEN 1 AND 2000),
  set_by     text NOT NULL,
  set_at     timestamptz NOT NULL,
  set_on     date NOT NULL,
  ended_at   timestamptz,
  ended_on   date,
  ended_by   text,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, account_id) REFERENCES accounts (tenant_id, id) ON DELETE CASCADE
);
SELECT make_tenant_table('stage_holds');
CREATE UNIQUE INDEX stage_holds_open ON stage_holds (tenant_id, account_id) WHERE ended_at IS NULL;
CREATE INDEX stage_holds_of_account ON stage_holds (tenant_id, account_id, set_on);

-- Exit criteria that no data decides, ticked by hand.
CREATE TABLE criterion_ticks (
  tenant_id   uuid NOT NULL,
  id          uuid NOT NULL,
  account_id  uuid NOT NULL,
  stage       text NOT NULL,
  criterion   text NOT NULL,
  ticked_by   text NOT NULL,
  ticked_at   timestamptz NOT NULL,
  ticked_on   date NOT NULL,
  unticked_at timestamptz,
  unticked_on date,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, account_id) REFERENCES accounts (tenant_id, id) ON DELETE CASCADE
);
SELECT make_tenant_table('criterion_ticks');
CREATE UNIQUE INDEX criterion_ticks_open ON criterion_ticks (tenant_id, account_id, stage, criterion) WHERE unticked_at IS NULL;

-- Critical moments, once per account.
CREATE TABLE moments (
  tenant_id  uuid NOT NULL,
  account_id uuid NOT NULL,
  moment     text NOT NULL,
  reached_on date NOT NULL,
  PRIMARY KEY (tenant_id, account_id, moment),
  FOREIGN KEY (tenant_id, account_id) REFERENCES accounts (tenant_id, id) ON DELETE CASCADE
);
SELECT make_tenant_table('moments');

-- Who plays a role of the methodology: the account's own CSM, a member, or nobody yet.
CREATE TABLE roles (
  tenant_id uuid NOT NULL REFERENCES tenants,
  role      text NOT NULL,
  name      text NOT NULL,
  follows   text NOT NULL CHECK (follows IN ('owner', 'member', 'nobody')),
  member_id uuid,
  PRIMARY KEY (tenant_id, role),
  FOREIGN KEY (tenant_id, member_id) REFERENCES members (tenant_id, id),
  CHECK ((follows = 'member') = (member_id IS NOT NULL))
);
SELECT make_tenant_table('roles');

-- Who plays it for one account, where that differs.
CREATE TABLE account_roles (
  tenant_id  uuid NOT NULL,
  account_id uuid NOT NULL,
  role       text NOT NULL,
  member_id  uuid NOT NULL,
  PRIMARY KEY (tenant_id, account_id, role),
  FOREIGN KEY (tenant_id, account_id) REFERENCES accounts (tenant_id, id) ON DELETE CASCADE,
  FOREIGN KEY (tenant_id, member_id) REFERENCES members (tenant_id, id)
);
SELECT make_tenant_table('account_roles');
CREATE INDEX account_roles_member ON account_roles (tenant_id, member_id);

-- What a rule raises. proposed: true, and about to be opened; held: waits for a manager's word, because the rule is
-- true of too many; open; closed.
CREATE TABLE alerts (
  tenant_id    uuid NOT NULL,
  id           uuid NOT NULL,
  account_id   uuid NOT NULL,
  rule         text NOT NULL,
  -- The version whose rule it is, and its words at the time.
  version      int NOT NULL,
  name         text NOT NULL,
  title        text NOT NULL,
  category     text NOT NULL,
  severity     text NOT NULL CHECK (severity IN ('low', 'medium', 'high', 'critical')),
  -- Whether a person is asked to act; a rule that only tells or starts something keeps its place here as well.
  asks         boolean NOT NULL,
  state        text NOT NULL CHECK (state IN ('proposed', 'held', 'open', 'closed')),
  -- The run it was proposed by; it is settled when that run has seen every account.
  batch        text,
  -- What made it true: sentences, and the same for machines.
  reasons      text[] NOT NULL DEFAULT '{}',
  evidence     jsonb NOT NULL DEFAULT '[]',
  -- The dates that what it starts counts from.
  anchors      jsonb NOT NULL DEFAULT '{}',
  role         text,
  owner_id     uuid,
  owner_by_hand boolean NOT NULL DEFAULT false,
  opened_at    timestamptz NOT NULL,
  opened_on    date NOT NULL,
  due_on       date,
  snoozed_until date,
  -- Set aside with a reason: it is not opened again before its condition has cleared.
  dismissed_at timestamptz,
  escalated    text[] NOT NULL DEFAULT '{}',
  -- Its rule is no longer in the methodology: nothing but a person can close it.
  rule_gone    boolean NOT NULL DEFAULT false,
  closed_at    timestamptz,
  closed_on    date,
  closed_by    text,
  close_reason text CHECK (close_reason IN ('done', 'cleared', 'dismissed', 'refused', 'churned')),
  note         text NOT NULL DEFAULT '',
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, account_id, rule, opened_on),
  FOREIGN KEY (tenant_id, account_id) REFERENCES accounts (tenant_id, id) ON DELETE CASCADE,
  FOREIGN KEY (tenant_id, owner_id) REFERENCES members (tenant_id, id),
  CHECK ((state = 'closed') = (closed_at IS NOT NULL) AND (closed_at IS NULL) = (close_reason IS NULL))
);
SELECT make_tenant_table('alerts');
-- A rule is open once per account.
CREATE UNIQUE INDEX alerts_open ON alerts (tenant_id, account_id, rule) WHERE closed_at IS NULL;
CREATE INDEX alerts_owner ON alerts (tenant_id, owner_id) WHERE closed_at IS NULL;
CREATE INDEX alerts_proposed ON alerts (tenant_id, rule) WHERE state IN ('proposed', 'held');
CREATE INDEX alerts_rule ON alerts (tenant_id, rule, opened_on);
CREATE POLICY platform ON alerts FOR SELECT TO holdfast_platform USING (state = 'proposed');
GRANT SELECT (tenant_id, state, batch) ON alerts TO holdfast_platform;

-- A rule that was true of more accounts at once than the tenant lets pass.
CREATE TABLE storms (
  tenant_id  uuid NOT NULL REFERENCES tenants,
  id         uuid NOT NULL,
  rule       text NOT NULL,
  name       text NOT NULL,
  noticed_on date NOT NULL,
  noticed_at timestamptz NOT NULL,
  accounts   int NOT NULL,
  of_accounts int NOT NULL,
  decided_at timestamptz,
  decided_by text,
  decision   text CHECK (decision IN ('released', 'refused', 'cleared')),
  PRIMARY KEY (tenant_id, id),
  CHECK ((decided_at IS NULL) = (decision IS NULL))
);
SELECT make_tenant_table('storms');
CREATE UNIQUE INDEX storms_waiting ON storms (tenant_id, rule) WHERE decided_at IS NULL;

-- The share of accounts a rule may open on at once, and the number that always may.
ALTER TABLE tenants
  ADD COLUMN storm_share real NOT NULL DEFAULT 0.2 CHECK (storm_share > 0 AND storm_share <= 1),
  ADD COLUMN storm_least int NOT NULL DEFAULT 10 CHECK (storm_least > 0);

-- A run of a playbook, for an account, a member or the tenant.
CREATE TABLE plays (
  tenant_id  uuid NOT NULL REFERENCES tenants,
  id         uuid NOT NULL,
  playbook   text NOT NULL,
  version    int NOT NULL,
  name       text NOT NULL,
  category   text NOT NULL,
  subject    text NOT NULL CHECK (subject IN ('account', 'member', 'tenant')),
  account_id uuid,
  member_id  uuid,
  -- Why it was started: stage, overlay, alert, renewal, hand.
  cause      text NOT NULL,
  alert_id   uuid,
  once       text NOT NULL,
  anchor_on  date NOT NULL,
  started_on date NOT NULL,
  started_at timestamptz NOT NULL,
  started_by text NOT NULL,
  ends_on    date,
  goal       text NOT NULL DEFAULT '',
  -- Whether data decides about the goal.
  goal_by_data boolean NOT NULL DEFAULT false,
  state      text NOT NULL CHECK (state IN ('running', 'paused', 'reached', 'missed', 'done', 'stopped')),
  paused_on  date,
  ended_at   timestamptz,
  ended_on   date,
  ended_by   text,
  end_reason text NOT NULL DEFAULT '',
  -- Health when it began, to see what followed.
  score_before double precision,
  band_before  text,
  playbook_gone boolean NOT NULL DEFAULT false,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, once),
  FOREIGN KEY (tenant_id, account_id) REFERENCES accounts (tenant_id, id) ON DELETE CASCADE,
  FOREIGN KEY (tenant_id, member_id) REFERENCES members (tenant_id, id),
  FOREIGN KEY (tenant_id, alert_id) REFERENCES alerts (tenant_id, id),
  CHECK ((subject = 'account') = (account_id IS NOT NULL) AND (subject = 'member') = (member_id IS NOT NULL)),
  CHECK ((state IN ('running', 'paused')) = (ended_at IS NULL))
);
SELECT make_tenant_table('plays');
CREATE INDEX plays_of_account ON plays (tenant_id, account_id) WHERE ended_at IS NULL;
CREATE INDEX plays_of_alert ON plays (tenant_id, alert_id);
CREATE INDEX plays_playbook ON plays (tenant_id, playbook, started_on);

CREATE TABLE tasks (
  tenant_id   uuid NOT NULL REFERENCES tenants,
  id          uuid NOT NULL,
  account_id  uuid,
  play_id     uuid,
  -- Its place in the playbook, from 0.
  position    int NOT NULL DEFAULT 0,
  alert_id    uuid,
  -- play, touchpoint, rule or hand; and the touchpoint's id.
  source      text NOT NULL CHECK (source IN ('play', 'touchpoint', 'rule', 'hand')),
  touchpoint  text,
  once        text,
  title       text NOT NULL CHECK (length(title) BETWEEN 1 AND 500),
  kind        text NOT NULL CHECK (kind IN ('task', 'meeting', 'training', 'milestone', 'validation')),
  phase       text NOT NULL DEFAULT '',
  duration    text NOT NULL DEFAULT '',
  details     text[] NOT NULL DEFAULT '{}',
  deliverables text[] NOT NULL DEFAULT '{}',
  note        text NOT NULL DEFAULT '',
  role        text,
  owner_id    uuid,
  owner_by_hand boolean NOT NULL DEFAULT false,
  from_on     date,
  planned_on  date,
  due_on      date,
  -- Planned before its play began.
  late        boolean NOT NULL DEFAULT false,
  -- Whether data may close it.
  by_data     boolean NOT NULL DEFAULT false,
  state       text NOT NULL CHECK (state IN ('open', 'done', 'skipped', 'cancelled')),
  done_at     timestamptz,
  done_on     date,
  done_by     text,
  created_at  timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, once),
  UNIQUE (tenant_id, play_id, position),
  FOREIGN KEY (tenant_id, account_id) REFERENCES accounts (tenant_id, id) ON DELETE CASCADE,
  FOREIGN KEY (tenant_id, play_id) REFERENCES plays (tenant_id, id) ON DELETE CASCADE,
  FOREIGN KEY (tenant_id, alert_id) REFERENCES alerts (tenant_id, id),
  FOREIGN KEY (tenant_id, owner_id) REFERENCES members (tenant_id, id),
  CHECK ((state = 'open') = (done_at IS NULL))
);
SELECT make_tenant_table('tasks');
CREATE INDEX tasks_open_of_owner ON tasks (tenant_id, owner_id, due_on) WHERE state = 'open';
CREATE INDEX tasks_open_of_account ON tasks (tenant_id, account_id) WHERE state = 'open';
CREATE INDEX tasks_of_account ON tasks (tenant_id, account_id, due_on);
CREATE INDEX tasks_of_alert ON tasks (tenant_id, alert_id);

-- Who plays a role for an account: the one named for this account, else the one who plays it everywhere, else the
-- account's own CSM where the role follows them. Nobody: null, and what it owns is shown as unassigned.
CREATE FUNCTION holder_of(tenant uuid, account uuid, for_role text) RETURNS uuid LANGUAGE sql STABLE AS $$
  SELECT m.id FROM members m WHERE m.tenant_id = tenant AND m.removed_at IS NULL AND m.id = coalesce(
    (SELECT r.member_id FROM account_roles r WHERE r.tenant_id = tenant AND r.account_id = account AND r.role = for_role),
    (SELECT r.member_id FROM roles r WHERE r.tenant_id = tenant AND r.role = for_role),
    (SELECT a.owner_id FROM accounts a WHERE a.tenant_id = tenant AND a.id = account
      AND (for_role IS NULL OR EXISTS (SELECT FROM roles r WHERE r.tenant_id = tenant AND r.role = for_role AND r.follows = 'owner'))))
$$;

-- Gives what is open to whoever plays its role now. What was given to somebody by hand stays theirs, until they leave.
CREATE FUNCTION hand_over(tenant uuid, account uuid) RETURNS void LANGUAGE sql AS $$
  UPDATE tasks t SET owner_id = holder_of(tenant, t.account_id, t.role)
  WHERE t.tenant_id = tenant AND t.state = 'open' AND NOT t.owner_by_hand AND (account IS NULL OR t.account_id = account)
    AND t.owner_id IS DISTINCT FROM holder_of(tenant, t.account_id, t.role);
  UPDATE alerts l SET owner_id = holder_of(tenant, l.account_id, l.role)
  WHERE l.tenant_id = tenant AND l.closed_at IS NULL AND NOT l.owner_by_hand AND (account IS NULL OR l.account_id = account)
    AND l.owner_id IS DISTINCT FROM holder_of(tenant, l.account_id, l.role);
$$;

CREATE FUNCTION account_changed_hands() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM hand_over(NEW.tenant_id, NEW.id);
  RETURN NULL;
END $$;
CREATE TRIGGER account_changed_hands AFTER UPDATE OF owner_id ON accounts
  FOR EACH ROW WHEN (OLD.owner_id IS DISTINCT FROM NEW.owner_id) EXECUTE FUNCTION account_changed_hands();

-- Who is removed keeps nothing that is open, not even by hand; what nobody plays any more is shown as unassigned.
CREATE FUNCTION member_left_or_came_back() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE tasks SET owner_by_hand = false
  WHERE tenant_id = NEW.tenant_id AND owner_id = NEW.id AND state = 'open' AND owner_by_hand;
  UPDATE alerts SET owner_by_hand = false
  WHERE tenant_id = NEW.tenant_id AND owner_id = NEW.id AND closed_at IS NULL AND owner_by_hand;
  PERFORM hand_over(NEW.tenant_id, NULL);
  RETURN NULL;
END $$;
CREATE TRIGGER member_left_or_came_back AFTER UPDATE OF removed_at ON members
  FOR EACH ROW WHEN (OLD.removed_at IS DISTINCT FROM NEW.removed_at) EXECUTE FUNCTION member_left_or_came_back();
