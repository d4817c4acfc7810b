-- A member's open tasks as a calendar, behind a link that only they know.
CREATE TABLE calendar_feeds (
  tenant_id   uuid NOT NULL,
  member_id   uuid NOT NULL,
  secret_hash bytea NOT NULL UNIQUE,
  created_at  timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, member_id),
  FOREIGN KEY (tenant_id, member_id) REFERENCES members (tenant_id, id) ON DELETE CASCADE
);
SELECT make_tenant_table('calendar_feeds');
CREATE POLICY platform ON calendar_feeds FOR SELECT TO holdfast_platform USING (true);
GRANT SELECT ON calendar_feeds TO holdfast_platform;
