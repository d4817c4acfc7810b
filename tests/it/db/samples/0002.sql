INSERT INTO methodologies VALUES ('00000000-0000-0000-0000-00000000000a', '00000000-0000-0000-0000-0000000000f1', 1, 'techcorp', 'TechCorp', 'schema: 1', '{}', 'published', now(), 'Ada', '');
INSERT INTO accounts (tenant_id, id, external_id, name, owner_id, start_date, tags, fields, created_at, updated_at)
  VALUES ('00000000-0000-0000-0000-00000000000a', '00000000-0000-0000-0000-000000000101', 'a-1', 'נועה 😀', '00000000-0000-0000-0000-0000000000c1', '2028-02-29', '{vip}', '{"industry": "retail"}', now(), now());
INSERT INTO contracts VALUES ('00000000-0000-0000-0000-00000000000a', '00000000-0000-0000-0000-000000000111', '00000000-0000-0000-0000-000000000101', 'a-1-C1', '2028-02-29', NULL, 12, 1234567, 'JPY', 25, NULL, now());
INSERT INTO account_states (tenant_id, account_id, day, computed_at, currency) VALUES ('00000000-0000-0000-0000-00000000000a', '00000000-0000-0000-0000-000000000101', '2028-03-01', now(), 'EUR');
