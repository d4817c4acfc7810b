-- What a person says of an account against its model, for a while and with a reason; what the model said; and which
-- of the two the renewal proved right.
CREATE TABLE overrides (
  tenant_id   uuid NOT NULL,
  id          uuid NOT NULL,
  account_id  uuid NOT NULL,
  -- One of the two is set.
  score       double precision CHECK (score BETWEEN 0 AND 100),
  band        text,
  reason      text NOT NULL CHECK (length(reason) BETWEEN 1 AND 2000),
  -- Who, as the audit log names them; the member, unless a key did it.
  set_by      text NOT NULL,
  member_id   uuid,
  set_at      timestamptz NOT NULL,
  -- The tenant's day; it applies from then to expires_on, both included, or to the day before ended_on.
  set_on      date NOT NULL,
  expires_on  date NOT NULL CHECK (expires_on >= set_on),
  -- What was said that day: by the model in this version of the methodology, and by the person in its bands.
  version     int NOT NULL,
  model_score double precision,
  model_band  text,
  person_band text,
  lean        text CHECK (lean IN ('better', 'level', 'worse')),
  -- What the model says now, and since when without a break it agrees.
  now_on      date,
  now_score   double precision,
  now_band    text,
  agreed_since date,
  ended_at    timestamptz,
  ended_on    date,
  ended_by    text,
  end_reason  text CHECK (end_reason IN ('withdrawn', 'replaced', 'expired', 'agreed', 'churned')),
  -- The renewal it counted for; judged without an outcome when it counted for none.
  judged_at   timestamptz,
  outcome     text CHECK (outcome IN ('renewed', 'shrank', 'churned')),
  outcome_on  date,
  arr_before_minor bigint,
  arr_after_minor  bigint,
  proved      text CHECK (proved IN ('person', 'model', 'neither')),
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, account_id) REFERENCES accounts (tenant_id, id) ON DELETE CASCADE,
  FOREIGN KEY (tenant_id, member_id) REFERENCES members (tenant_id, id),
  CHECK ((score IS NULL) <> (band IS NULL)),
  CHECK ((ended_at IS NULL) = (end_reason IS NULL) AND (ended_at IS NULL) = (ended_on IS NULL)),
  CHECK ((outcome IS NULL) = (proved IS NULL) AND (outcome IS NULL OR judged_at IS NOT NULL))
);
SELECT make_tenant_table('overrides');
-- One at a time speaks for an account.
CREATE UNIQUE INDEX overrides_open ON overrides (tenant_id, account_id) WHERE ended_at IS NULL;
CREATE INDEX overrides_of_account ON overrides (tenant_id, account_id, set_at);
CREATE INDEX overrides_unjudged ON overrides (tenant_id) WHERE judged_at IS NULL;
