INSERT INTO calendar_feeds (tenant_id, member_id, secret_hash, created_at)
  SELECT tenant_id, id, '\x01', now() FROM members WHERE tenant_id = '00000000-0000-0000-0000-00000000000a' LIMIT 1;
