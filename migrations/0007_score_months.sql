-- One row per account and day: the score of its primary model. The other models' scores follow from the same
-- readings. Days that are over are folded into months, which SQL still reads day by day.

ALTER TABLE scores NO FORCE ROW LEVEL SECURITY;
ALTER TABLE scores RENAME TO scores_by_model;
DROP INDEX scores_day;

-- readings: one byte for the layout, then what domain::health::Kept says; 0 is JSON, as it was stored before.
CREATE TABLE scores (
  tenant_id   uuid NOT NULL,
  account_id  uuid NOT NULL,
  day         date NOT NULL,
  version     int NOT NULL,
  coverage    real NOT NULL,
  renewal_date date,
  score       double precision,
  arr_base_minor bigint,
  computed_at timestamptz NOT NULL,
  stale       boolean NOT NULL,
  model       text,
  band        text,
  segment     text,
  readings    bytea NOT NULL,
  CONSTRAINT scores_days_pkey PRIMARY KEY (tenant_id, account_id, day),
  FOREIGN KEY (tenant_id, account_id) REFERENCES accounts (tenant_id, id) ON DELETE CASCADE
);

-- Where no model was the primary one, what the models said stays beside the empty readings.
INSERT INTO scores (tenant_id, account_id, day, version, coverage, renewal_date, score, arr_base_minor, computed_at,
                    stale, model, band, segment, readings)
SELECT DISTINCT ON (tenant_id, account_id, day) tenant_id, account_id, day, version,
       CASE WHEN is_primary THEN coverage ELSE 0 END, renewal_date, CASE WHEN is_primary THEN score END,
       arr_base_minor, computed_at, CASE WHEN is_primary THEN stale ELSE true END, CASE WHEN is_primary THEN model END,
       band, segment,
       '\x00'::bytea || convert_to(CASE WHEN is_primary THEN readings ELSE
         jsonb_build_object('as_of', day, 'of', '{}'::jsonb, 'scores',
           (SELECT jsonb_object_agg(o.model, o.score) FROM scores_by_model o
            WHERE (o.tenant_id, o.account_id, o.day) = (s.tenant_id, s.account_id, s.day))) END::text, 'UTF8')
FROM scores_by_model s ORDER BY tenant_id, account_id, day, is_primary DESC, model;
DROP TABLE scores_by_model;
SELECT make_tenant_table('scores');
CREATE INDEX scores_day ON scores (tenant_id, day);

-- The days on which a tenant was scored: the portfolio's calendar.
CREATE TABLE scored_days (
  tenant_id uuid NOT NULL REFERENCES tenants,
  day       date NOT NULL,
  PRIMARY KEY (tenant_id, day)
);
INSERT INTO scored_days SELECT DISTINCT tenant_id, day FROM scores;
SELECT make_tenant_table('scored_days');

-- What is usually the same for all days of a month.
CREATE TYPE score_variant AS (
  version     int,
  coverage    real,
  renewal_date date,
  arr_base_minor bigint,
  stale       boolean,
  model       text,
  band        text,
  segment     text
);

-- A month of an account. which says, a byte a day, which of the variants held (counted from 1; 0: no score that day);
-- scores holds the score by day of the month; readings what the scores were made from (domain::health::write_month).
CREATE TABLE score_months (
  tenant_id   uuid NOT NULL,
  account_id  uuid NOT NULL,
  month       date NOT NULL CHECK (extract(day FROM month) = 1),
  which       bytea NOT NULL CHECK (length(which) = 31),
  scores      double precision[] NOT NULL,
  variants    score_variant[] NOT NULL,
  readings    bytea NOT NULL,
  PRIMARY KEY (tenant_id, account_id, month),
  FOREIGN KEY (tenant_id, account_id) REFERENCES accounts (tenant_id, id) ON DELETE CASCADE
);
SELECT make_tenant_table('score_months');
CREATE INDEX score_months_month ON score_months (tenant_id, month);
-- They are deflated already.
ALTER TABLE score_months ALTER COLUMN readings SET STORAGE EXTERNAL;

-- All accounts on one day, whether it is folded or not. Both functions are simple enough for the planner to put them in
-- place of their call; the caller's row security applies. Of a folded day, readings are those of its whole month, and
-- computed_at is in them.
CREATE FUNCTION scores_on(d date)
RETURNS TABLE (account_id uuid, day date, version int, coverage real, renewal_date date, score double precision,
               arr_base_minor bigint, computed_at timestamptz, stale boolean, model text, band text, segment text,
               readings bytea)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT s.account_id, s.day, s.version, s.coverage, s.renewal_date, s.score, s.arr_base_minor, s.computed_at,
         s.stale, s.model, s.band, s.segment, s.readings
  FROM scores s WHERE s.day = d
  UNION ALL
  SELECT m.account_id, d, (v.v).version, (v.v).coverage, (v.v).renewal_date, m.scores[date_part('day', d)::int],
         (v.v).arr_base_minor, NULL::timestamptz, (v.v).stale, (v.v).model, (v.v).band, (v.v).segment, m.readings
  FROM score_months m
  CROSS JOIN LATERAL (SELECT m.variants[get_byte(m.which, date_part('day', d)::int - 1)] AS v OFFSET 0) v
  WHERE m.month = d - (date_part('day', d)::int - 1) AND get_byte(m.which, date_part('day', d)::int - 1) > 0
$$;

-- Some accounts on the days between two, both included.
CREATE FUNCTION scores_between(ids uuid[], first date, last date)
RETURNS TABLE (account_id uuid, day date, version int, coverage real, renewal_date date, score double precision,
               arr_base_minor bigint, computed_at timestamptz, stale boolean, model text, band text, segment text,
               readings bytea)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT s.account_id, s.day, s.version, s.coverage, s.renewal_date, s.score, s.arr_base_minor, s.computed_at,
         s.stale, s.model, s.band, s.segment, s.readings
  FROM scores s WHERE s.account_id = ANY (ids) AND s.day BETWEEN first AND last
  UNION ALL
  SELECT m.account_id, m.month + n, (v.v).version, (v.v).coverage, (v.v).renewal_date, m.scores[n + 1],
         (v.v).arr_base_minor, NULL::timestamptz, (v.v).stale, (v.v).model, (v.v).band, (v.v).segment, m.readings
  FROM score_months m
  CROSS JOIN LATERAL generate_series(greatest(first - m.month, 0), least(last - m.month, 30)) AS n
  CROSS JOIN LATERAL (SELECT m.variants[get_byte(m.which, n)] AS v OFFSET 0) v
  WHERE m.account_id = ANY (ids) AND m.month > first - 31 AND m.month <= last AND get_byte(m.which, n) > 0
$$;

-- The sums of days that are folded, so that months of them are added up at once; '' stands for none.
CREATE TABLE portfolio_days (
  tenant_id   uuid NOT NULL,
  day         date NOT NULL,
  segment     text NOT NULL,
  band        text NOT NULL,
  accounts    bigint NOT NULL,
  scored      bigint NOT NULL,
  score_sum   numeric NOT NULL,
  arr_base_minor bigint NOT NULL,
  stale       bigint NOT NULL,
  unconverted bigint NOT NULL,
  renewals    bigint NOT NULL,
  renewals_minor bigint NOT NULL,
  PRIMARY KEY (tenant_id, day, segment, band),
  FOREIGN KEY (tenant_id, day) REFERENCES scored_days (tenant_id, day) ON DELETE CASCADE
);
SELECT make_tenant_table('portfolio_days');

-- Sums by segment and band of some days, as stored or worked out now; renewals are those of the 120 days that follow.
CREATE FUNCTION portfolio_on(days date[])
RETURNS TABLE (day date, segment text, band text, accounts bigint, scored bigint, score_sum numeric,
               arr_base_minor bigint, stale bigint, unconverted bigint, renewals bigint, renewals_minor bigint)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT p.day, p.segment, p.band, p.accounts, p.scored, p.score_sum, p.arr_base_minor, p.stale, p.unconverted,
         p.renewals, p.renewals_minor
  FROM portfolio_days p WHERE p.day = ANY (days)
  UNION ALL
  SELECT s.day, coalesce(s.segment, ''), coalesce(s.band, ''), count(*), count(s.score),
         coalesce(sum(s.score::numeric), 0), coalesce(sum(s.arr_base_minor), 0)::bigint,
         count(*) FILTER (WHERE s.stale), count(*) FILTER (WHERE s.arr_base_minor IS NULL),
         count(*) FILTER (WHERE s.renewal_date BETWEEN s.day AND s.day + 120),
         coalesce(sum(s.arr_base_minor) FILTER (WHERE s.renewal_date BETWEEN s.day AND s.day + 120), 0)::bigint
  FROM (SELECT unnest(days) AS day EXCEPT SELECT p.day FROM portfolio_days p WHERE p.day = ANY (days)) d
  CROSS JOIN LATERAL scores_on(d.day) s GROUP BY 1, 2, 3
$$;

-- What was said of a past day stays; what would be said of it by what is known since stands beside it.
CREATE TABLE score_corrections (
  tenant_id   uuid NOT NULL,
  account_id  uuid NOT NULL,
  day         date NOT NULL,
  known_on    date NOT NULL,
  version     int NOT NULL,
  score       double precision,
  band        text,
  readings    bytea NOT NULL,
  computed_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, account_id, day, known_on),
  FOREIGN KEY (tenant_id, account_id) REFERENCES accounts (tenant_id, id) ON DELETE CASCADE
);
SELECT make_tenant_table('score_corrections');
