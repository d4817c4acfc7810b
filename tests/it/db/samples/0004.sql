INSERT INTO scores (tenant_id, account_id, model, day, version, score, band, coverage, stale, is_primary, readings, computed_at)
  VALUES ('00000000-0000-0000-0000-00000000000a', '00000000-0000-0000-0000-000000000101', 'overall', '2028-02-29', 1, 61.5, 'yellow', 0.9, false, true, '{}', now());
INSERT INTO dirty_accounts VALUES ('00000000-0000-0000-0000-00000000000a', '00000000-0000-0000-0000-000000000101', now());
