INSERT INTO jobs (tenant_id, id, kind, payload, run_at, attempts, priority, started_at, finished_at, last_error, discarded_at)
  VALUES ('00000000-0000-0000-0000-00000000000a', '00000000-0000-0000-0000-000000000502', 'correct', '{}', now(), 12, -10, now(), now(), 'the disk was full', now());
INSERT INTO job_turns (tenant_id, served_at) VALUES ('00000000-0000-0000-0000-00000000000a', now());
INSERT INTO job_slots (tenant_id, kind, slot) VALUES ('00000000-0000-0000-0000-00000000000a', 'score_all', '2028-02-29');
