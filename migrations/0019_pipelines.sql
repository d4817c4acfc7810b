-- What passes through the steps of a pipeline: an opportunity, a feature request, whatever a methodology names.
CREATE TABLE pipeline_items (
  tenant_id     uuid NOT NULL REFERENCES tenants,
  id            uuid NOT NULL,
  account_id    uuid NOT NULL,
  -- What it is, as the methodology calls it: opportunity, feature_request …
  subject       text NOT NULL,
  -- Ids of the methodology, and the names they had when the item came there: those stay when the methodology changes.
  -- All empty for one without steps.
  pipeline      text,
  pipeline_name text NOT NULL DEFAULT '',
  step          text,
  step_name     text NOT NULL DEFAULT '',
  title         text NOT NULL CHECK (length(title) BETWEEN 1 AND 300),
  -- Its justification, or what made the rule true that opened it.
  why           text NOT NULL CHECK (length(why) <= 4000),
  offer         text,
  offer_name    text NOT NULL DEFAULT '',
  amount_minor  bigint CHECK (amount_minor >= 0),
  currency      text CHECK (currency ~ '^[A-Z]{3}$'),
  owner_id      uuid,
  owner_by_hand boolean NOT NULL DEFAULT false,
  -- won is done, and lost dropped, of what is no sale.
  state         text NOT NULL CHECK (state IN ('open', 'won', 'lost')),
  opened_at     timestamptz NOT NULL,
  opened_on     date NOT NULL,
  opened_by     text NOT NULL,
  -- Since when it is in its step.
  entered_on    date NOT NULL,
  closed_at     timestamptz,
  closed_on     date,
  closed_by     text,
  close_reason  text NOT NULL DEFAULT '' CHECK (length(close_reason) <= 2000),
  -- The rule that opened it, and its alert.
  rule          text,
  alert_id      uuid,
  -- What makes it one: an action of an alert, or the id that an integration gave it.
  once          text,
  -- Counts changes, so that an outdated page overwrites nothing.
  revision      int NOT NULL DEFAULT 1,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, once),
  FOREIGN KEY (tenant_id, account_id) REFERENCES accounts (tenant_id, id) ON DELETE CASCADE,
  FOREIGN KEY (tenant_id, owner_id) REFERENCES members (tenant_id, id),
  FOREIGN KEY (tenant_id, alert_id) REFERENCES alerts (tenant_id, id) ON DELETE SET NULL (alert_id),
  CHECK ((pipeline IS NULL) = (step IS NULL)),
  CHECK ((amount_minor IS NULL) = (currency IS NULL)),
  CHECK ((state = 'open') = (closed_at IS NULL) AND (state = 'open') = (closed_on IS NULL)
     AND (state = 'open') = (closed_by IS NULL))
);
SELECT make_tenant_table('pipeline_items');
-- Rules open one of an offer (or, without an offer, of the rule) at a time.
CREATE UNIQUE INDEX pipeline_items_of_rule ON pipeline_items
  (tenant_id, account_id, coalesce('offer:' || offer, 'rule:' || rule)) WHERE state = 'open' AND rule IS NOT NULL;
CREATE INDEX pipeline_items_open ON pipeline_items (tenant_id, pipeline, step, entered_on) WHERE state = 'open';
CREATE INDEX pipeline_items_closed ON pipeline_items (tenant_id, closed_at) WHERE state <> 'open';
CREATE INDEX pipeline_items_of_account ON pipeline_items (tenant_id, account_id, opened_at);
CREATE INDEX pipeline_items_of_alert ON pipeline_items (tenant_id, alert_id) WHERE alert_id IS NOT NULL;

-- Everything that became of an item, in order.
CREATE TABLE pipeline_moves (
  tenant_id uuid NOT NULL,
  item_id   uuid NOT NULL,
  -- 0, 1, 2 …
  nth       int NOT NULL,
  what      text NOT NULL CHECK (what IN ('opened', 'advanced', 'back', 'moved', 'won', 'lost', 'reopened')),
  -- Names of the steps at the time; empty where there is none.
  from_step text NOT NULL DEFAULT '',
  to_step   text NOT NULL DEFAULT '',
  at        timestamptz NOT NULL,
  on_day    date NOT NULL,
  actor     text NOT NULL,
  -- Against unticked checks, which are kept here.
  forced    boolean NOT NULL DEFAULT false,
  missing   text[] NOT NULL DEFAULT '{}',
  reason    text NOT NULL DEFAULT '' CHECK (length(reason) <= 2000),
  PRIMARY KEY (tenant_id, item_id, nth),
  FOREIGN KEY (tenant_id, item_id) REFERENCES pipeline_items (tenant_id, id) ON DELETE CASCADE,
  CHECK (forced = (missing <> '{}'))
);
SELECT make_tenant_table('pipeline_moves');

-- Checks that are ticked, by their text: one that the methodology words anew is another.
CREATE TABLE pipeline_ticks (
  tenant_id uuid NOT NULL,
  item_id   uuid NOT NULL,
  pipeline  text NOT NULL,
  step      text NOT NULL,
  check_text text NOT NULL,
  ticked_by text NOT NULL,
  ticked_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, item_id, pipeline, step, check_text),
  FOREIGN KEY (tenant_id, item_id) REFERENCES pipeline_items (tenant_id, id) ON DELETE CASCADE
);
SELECT make_tenant_table('pipeline_ticks');

-- As before (0012), and an open item follows its account's CSM unless it was given to somebody by hand.
CREATE OR REPLACE FUNCTION hand_over(tenant uuid, account uuid) RETURNS void LANGUAGE sql AS $$
  UPDATE tasks t SET owner_id = holder_of(tenant, t.account_id, t.role)
  WHERE t.tenant_id = tenant AND t.state = 'open' AND NOT t.owner_by_hand AND (account IS NULL OR t.account_id = account)
    AND t.owner_id IS DISTINCT FROM holder_of(tenant, t.account_id, t.role);
  UPDATE alerts l SET owner_id = holder_of(tenant, l.account_id, l.role)
  WHERE l.tenant_id = tenant AND l.closed_at IS NULL AND NOT l.owner_by_hand AND (account IS NULL OR l.account_id = account)
    AND l.owner_id IS DISTINCT FROM holder_of(tenant, l.account_id, l.role);
  UPDATE pipeline_items i SET owner_id = holder_of(tenant, i.account_id, NULL)
  WHERE i.tenant_id = tenant AND i.state = 'open' AND NOT i.owner_by_hand AND (account IS NULL OR i.account_id = account)
    AND i.owner_id IS DISTINCT FROM holder_of(tenant, i.account_id, NULL);
$$;

CREATE OR REPLACE FUNCTION member_left_or_came_back() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE tasks SET owner_by_hand = false
  WHERE tenant_id = NEW.tenant_id AND owner_id = NEW.id AND state = 'open' AND owner_by_hand;
  UPDATE alerts SET owner_by_hand = false
  WHERE tenant_id = NEW.tenant_id AND owner_id = NEW.id AND closed_at IS NULL AND owner_by_hand;
  UPDATE pipeline_items SET owner_by_hand = false
  WHERE tenant_id = NEW.tenant_id AND owner_id = NEW.id AND state = 'open' AND owner_by_hand;
  PERFORM hand_over(NEW.tenant_id, NULL);
  RETURN NULL;
END $$;

-- Opportunities were only noted so far: their entries lead to the account, those to come to their item.
ALTER TABLE timeline NO FORCE ROW LEVEL SECURITY;
UPDATE timeline SET about = NULL WHERE kind = 'opportunity';
ALTER TABLE timeline FORCE ROW LEVEL SECURITY;
-- They belong to a group of their own from now on; whoever wanted to be told still is.
ALTER TABLE notification_preferences NO FORCE ROW LEVEL SECURITY;
ALTER TABLE slack_hooks NO FORCE ROW LEVEL SECURITY;
ALTER TABLE webhook_endpoints NO FORCE ROW LEVEL SECURITY;
UPDATE notification_preferences SET
  app_groups = CASE WHEN 'renewal' = ANY(app_groups) THEN app_groups || 'pipelines'::text ELSE app_groups END,
  mail_groups = CASE WHEN 'renewal' = ANY(mail_groups) THEN mail_groups || 'pipelines'::text ELSE mail_groups END,
  digest_groups = CASE WHEN 'renewal' = ANY(digest_groups) THEN digest_groups || 'pipelines'::text ELSE digest_groups END;
UPDATE slack_hooks SET groups = groups || 'pipelines'::text WHERE 'renewal' = ANY(groups);
UPDATE webhook_endpoints SET groups = groups || 'pipelines'::text WHERE 'renewal' = ANY(groups);
ALTER TABLE notification_preferences FORCE ROW LEVEL SECURITY;
ALTER TABLE slack_hooks FORCE ROW LEVEL SECURITY;
ALTER TABLE webhook_endpoints FORCE ROW LEVEL SECURITY;
