-- Days that are over, folded: all series of an account in one row a month (domain::series has the layout of data).
-- metric_days keeps what became known today, and what is about to be folded.

-- A month is rewritten every night while it lasts: room on the page keeps its next version beside it, without a new
-- entry in the index. Its bytes are as short as they get; compressing them again would only take time.
CREATE TABLE metric_months (
  tenant_id  uuid NOT NULL,
  account_id uuid NOT NULL,
  month      date NOT NULL CHECK (extract(day FROM month) = 1),
  data       bytea NOT NULL,
  PRIMARY KEY (tenant_id, account_id, month),
  FOREIGN KEY (tenant_id, account_id) REFERENCES accounts (tenant_id, id) ON DELETE CASCADE
) WITH (fillfactor = 85);
ALTER TABLE metric_months ALTER COLUMN data SET STORAGE EXTERNAL;
SELECT make_tenant_table('metric_months');

-- Every row of it is deleted within a day or two.
ALTER TABLE metric_days SET (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 1);
