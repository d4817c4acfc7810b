INSERT INTO notifications (tenant_id, id, member_id, entry_id, created_at, shown, digest)
  VALUES ('00000000-0000-0000-0000-00000000000a', '00000000-0000-0000-0000-000000000501', '00000000-0000-0000-0000-0000000000c1', '00000000-0000-0000-0000-000000000401', now(), true, true);
INSERT INTO notification_preferences (tenant_id, member_id, app_groups, mail_groups, digest_groups, min_severity, quiet_from, quiet_until, time_zone, digest_minute, updated_at)
  VALUES ('00000000-0000-0000-0000-00000000000a', '00000000-0000-0000-0000-0000000000c1', '{alerts,health}', '{alerts}', '{}', 'high', '22:00', '07:00', 'Europe/Berlin', 450, now());
INSERT INTO digests (tenant_id, member_id, day, made_at)
  VALUES ('00000000-0000-0000-0000-00000000000a', '00000000-0000-0000-0000-0000000000c1', '2028-02-29', now());
INSERT INTO messages (tenant_id, id, channel, cause, recipient, member_id, entry_id, subject, body, once, state, created_at, next_at)
  VALUES ('00000000-0000-0000-0000-00000000000a', '00000000-0000-0000-0000-000000000502', 'mail', 'notice', 'ada@example.com', '00000000-0000-0000-0000-0000000000c1', '00000000-0000-0000-0000-000000000401', 'Wants single sign-on', 'Asked for it twice.', 'notice:x', 'queued', now(), now());
INSERT INTO slack_hooks (tenant_id, url, groups, updated_at)
  VALUES ('00000000-0000-0000-0000-00000000000a', 'https://hooks.slack.example/services/T0/B0/x', '{alerts}', now());
INSERT INTO webhook_endpoints (tenant_id, id, url, secret, groups, enabled, created_at, updated_at)
  VALUES ('00000000-0000-0000-0000-00000000000a', '00000000-0000-0000-0000-000000000503', 'https://example.com/hook', '\x000102030405060708090a0b0c0d0e0f1011121314151617', '{alerts}', true, now(), now());
INSERT INTO webhook_deliveries (tenant_id, id, endpoint_id, entry_id, type, body, state, created_at, next_at, attempts, tries)
  VALUES ('00000000-0000-0000-0000-00000000000a', '00000000-0000-0000-0000-000000000504', '00000000-0000-0000-0000-000000000503', '00000000-0000-0000-0000-000000000401', 'note', '{}', 'waiting', now(), now(), 1, 1);
INSERT INTO webhook_attempts (tenant_id, delivery_id, attempt, at, millis, status, body)
  VALUES ('00000000-0000-0000-0000-00000000000a', '00000000-0000-0000-0000-000000000504', 1, now(), 12, 503, 'busy');
INSERT INTO mail_templates (tenant_id, id, name, subject, body, updated_at, updated_by)
  VALUES ('00000000-0000-0000-0000-00000000000a', 'welcome', 'Welcome', 'Hello {{contact.name}}', 'We start on {{account.start_date}}.', now(), 'Ada');
