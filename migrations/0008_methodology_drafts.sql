-- A methodology is prepared as a draft, compared and tried out, and then published as the next version.

-- The table's own owner is subject to row security as well, so it has to be lifted for the rows that are there.
ALTER TABLE methodologies NO FORCE ROW LEVEL SECURITY;
ALTER TABLE methodologies
  ALTER COLUMN version DROP NOT NULL,
  ALTER COLUMN published_at DROP NOT NULL,
  ALTER COLUMN published_by DROP NOT NULL,
  ADD COLUMN title text NOT NULL DEFAULT '',
  ADD COLUMN based_on int,
  ADD COLUMN revision int NOT NULL DEFAULT 1,
  ADD COLUMN created_at timestamptz,
  ADD COLUMN created_by text,
  ADD COLUMN updated_at timestamptz,
  ADD COLUMN updated_by text;
UPDATE methodologies SET title = left(pack_name, 200), created_at = published_at, created_by = published_by,
  updated_at = published_at, updated_by = published_by;
ALTER TABLE methodologies
  ALTER COLUMN created_at SET NOT NULL,
  ALTER COLUMN created_by SET NOT NULL,
  ALTER COLUMN updated_at SET NOT NULL,
  ALTER COLUMN updated_by SET NOT NULL,
  DROP CONSTRAINT methodologies_status_check,
  ADD CONSTRAINT methodologies_status_check CHECK (status IN ('draft', 'discarded', 'published', 'superseded')),
  ADD CONSTRAINT methodologies_title_check CHECK (length(title) <= 200),
  -- Only what was published has a number, and everything that was published has one.
  ADD CONSTRAINT methodologies_published_check CHECK (CASE WHEN status IN ('published', 'superseded')
    THEN version IS NOT NULL AND published_at IS NOT NULL AND published_by IS NOT NULL
    ELSE version IS NULL AND published_at IS NULL AND published_by IS NULL END);
ALTER TABLE methodologies FORCE ROW LEVEL SECURITY;

-- What a draft would do to every account, worked out on a day. It holds for one revision of the draft over one
-- version in force.
CREATE TABLE methodology_previews (
  tenant_id   uuid NOT NULL,
  id          uuid NOT NULL,
  draft_id    uuid NOT NULL,
  revision    int NOT NULL,
  over_version int NOT NULL,
  day         date NOT NULL,
  job_id      uuid,
  started_at  timestamptz NOT NULL,
  started_by  text NOT NULL,
  finished_at timestamptz,
  summary     jsonb,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, draft_id) REFERENCES methodologies (tenant_id, id)
);
SELECT make_tenant_table('methodology_previews');
CREATE INDEX methodology_previews_draft ON methodology_previews (tenant_id, draft_id, started_at DESC);

-- One row an account. Bands and segments are ids; started and stopped are the rules that newly fire and that no
-- longer do.
CREATE TABLE methodology_preview_accounts (
  tenant_id      uuid NOT NULL,
  preview_id     uuid NOT NULL,
  account_id     uuid NOT NULL,
  segment_before text,
  segment_after  text,
  score_before   double precision,
  score_after    double precision,
  band_before    text,
  band_after     text,
  arr_base_minor bigint,
  started        text[] NOT NULL DEFAULT '{}',
  stopped        text[] NOT NULL DEFAULT '{}',
  PRIMARY KEY (tenant_id, preview_id, account_id),
  FOREIGN KEY (tenant_id, preview_id) REFERENCES methodology_previews (tenant_id, id) ON DELETE CASCADE,
  FOREIGN KEY (tenant_id, account_id) REFERENCES accounts (tenant_id, id) ON DELETE CASCADE
);
SELECT make_tenant_table('methodology_preview_accounts');

-- Keys that may publish a methodology; those of scope write stay fit for products and browsers.
ALTER TABLE api_keys DROP CONSTRAINT api_keys_scope_check;
ALTER TABLE api_keys ADD CONSTRAINT api_keys_scope_check CHECK (scope IN ('read', 'write', 'manage'));
