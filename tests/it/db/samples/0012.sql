INSERT INTO account_marks (tenant_id, account_id, acted_on, stage, segment, band)
  VALUES ('00000000-0000-0000-0000-00000000000a', '00000000-0000-0000-0000-000000000101', '2028-02-29', 'onboarding', 'smb', 'green');
INSERT INTO roles (tenant_id, role, name, follows) VALUES ('00000000-0000-0000-0000-00000000000a', 'csm', 'CSM', 'owner');
INSERT INTO alerts (tenant_id, id, account_id, rule, version, name, title, category, severity, asks, state, opened_at, opened_on)
  VALUES ('00000000-0000-0000-0000-00000000000a', '00000000-0000-0000-0000-000000000411', '00000000-0000-0000-0000-000000000101', 'usage-drop', 1, 'Usage drop', 'Call them', 'risk', 'high', true, 'open', now(), '2028-02-29');
INSERT INTO plays (tenant_id, id, playbook, version, name, category, subject, account_id, cause, once, anchor_on, started_on, started_at, started_by, state)
  VALUES ('00000000-0000-0000-0000-00000000000a', '00000000-0000-0000-0000-000000000412', 'recovery', 1, 'Recovery', 'risk', 'account', '00000000-0000-0000-0000-000000000101', 'hand', 'x', '2028-02-29', '2028-02-29', now(), 'Ada', 'running');
INSERT INTO tasks (tenant_id, id, account_id, play_id, source, title, kind, state, created_at)
  VALUES ('00000000-0000-0000-0000-00000000000a', '00000000-0000-0000-0000-000000000413', '00000000-0000-0000-0000-000000000101', '00000000-0000-0000-0000-000000000412', 'play', 'Ask what changed', 'task', 'open', now());
