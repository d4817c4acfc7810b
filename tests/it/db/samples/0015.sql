INSERT INTO tickets (tenant_id, id, account_id, external_id, subject, severity, status, channel, requester, opened_at, stay, resolution_breached, stated_at)
  VALUES ('00000000-0000-0000-0000-00000000000a', '00000000-0000-0000-0000-000000000501', '00000000-0000-0000-0000-000000000101', 'T-1', 'Cannot sign in', 'high', 'open', 'email', 'ada@example.com', now(), 0, false, now());
INSERT INTO ticket_levels (tenant_id, ticket_id, stay, step, level, role, at, reason, actor, response_due, response_breached)
  VALUES ('00000000-0000-0000-0000-00000000000a', '00000000-0000-0000-0000-000000000501', 0, 'opened', 1, 'csm', now(), '', 'Holdfast', now(), false);
