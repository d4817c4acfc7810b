SELECT ensure_event_months('2028-02-01', '2028-04-01');
INSERT INTO metrics VALUES ('00000000-0000-0000-0000-00000000000a', 1, 'active_usage', 'Active usage', '', 'counter', '*', NULL, NULL, NULL);
INSERT INTO events (tenant_id, id, received_at, occurred_at, day, account_id, kind, name, message_id)
  VALUES ('00000000-0000-0000-0000-00000000000a', '00000000-0000-0000-0000-000000000201', '2028-02-29T10:00:00Z', '2028-02-29T10:00:00Z', '2028-02-29', '00000000-0000-0000-0000-000000000101', 'track', 'Opened', 'm1');
INSERT INTO metric_days (tenant_id, account_id, metric_id, day, known_on, count) VALUES ('00000000-0000-0000-0000-00000000000a', '00000000-0000-0000-0000-000000000101', 1, '2028-02-29', '2028-02-29', 1);
