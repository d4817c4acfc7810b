-- Jobs that can be trusted: whose turn it is, who holds a job, and what is kept of those that failed for good.
ALTER TABLE jobs
  -- Larger goes first among the jobs of one tenant; between tenants turns decide.
  ADD COLUMN priority     smallint NOT NULL DEFAULT 0,
  -- Drawn anew by each claim. Only who knows it may say how the job ends.
  ADD COLUMN claim        uuid,
  ADD COLUMN started_at   timestamptz,
  -- A person has put a failed job aside.
  ADD COLUMN discarded_at timestamptz;

DROP INDEX jobs_due;
CREATE INDEX jobs_queue ON jobs (tenant_id, priority DESC, run_at, id) WHERE finished_at IS NULL;
CREATE INDEX jobs_failed ON jobs (tenant_id, finished_at DESC, id DESC)
  WHERE finished_at IS NOT NULL AND last_error IS NOT NULL AND cancelled_at IS NULL AND discarded_at IS NULL;
CREATE INDEX jobs_finished ON jobs (tenant_id, finished_at DESC, id DESC) WHERE finished_at IS NOT NULL;

-- When a tenant had its last turn; who waited longest is next.
CREATE TABLE job_turns (
  tenant_id uuid PRIMARY KEY REFERENCES tenants,
  served_at timestamptz NOT NULL
);
SELECT make_tenant_table('job_turns');
CREATE POLICY platform ON job_turns TO holdfast_platform USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE ON job_turns TO holdfast_platform;

-- The last slot of each recurring kind that was enqueued, by the clock on the tenant's wall (UTC for intervals of
-- minutes). It outlives the job, and a slot before it is never enqueued again, whichever way the time zone moves.
CREATE TABLE job_slots (
  tenant_id uuid NOT NULL REFERENCES tenants,
  kind      text NOT NULL,
  slot      timestamp NOT NULL,
  PRIMARY KEY (tenant_id, kind)
);
SELECT make_tenant_table('job_slots');
CREATE POLICY platform ON job_slots FOR SELECT TO holdfast_platform USING (true);
GRANT SELECT ON job_slots TO holdfast_platform;

-- Accounts that wait longest are scored first, however many wait.
CREATE INDEX dirty_accounts_since ON dirty_accounts (tenant_id, since);
