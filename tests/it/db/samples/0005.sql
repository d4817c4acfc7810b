INSERT INTO jobs (tenant_id, id, kind, payload, run_at, done, total, cancelled_at)
  VALUES ('00000000-0000-0000-0000-00000000000a', '00000000-0000-0000-0000-000000000501', 'score_all', '{}', now(), 10, 200, now());
