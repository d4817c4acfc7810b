INSERT INTO timeline (tenant_id, id, account_id, at, recorded_at, kind, actor, title, body)
  VALUES ('00000000-0000-0000-0000-00000000000a', '00000000-0000-0000-0000-000000000401', '00000000-0000-0000-0000-000000000101', now(), now(), 'note', 'Ada', 'Wants single sign-on', 'Asked for it twice.');
