INSERT INTO pipeline_items (tenant_id, id, account_id, subject, pipeline, pipeline_name, step, step_name, title, why, amount_minor, currency, state, opened_at, opened_on, opened_by, entered_on, rule, alert_id, once)
  VALUES ('00000000-0000-0000-0000-00000000000a', '00000000-0000-0000-0000-000000000601', '00000000-0000-0000-0000-000000000101', 'opportunity', 'growth', 'Growth', 'qualify', 'Qualify', 'More seats', 'Seats are used up', 120000, 'USD', 'open', now(), '2028-02-29', 'Holdfast', '2028-02-29', 'usage-drop', '00000000-0000-0000-0000-000000000411', 'alert:x:0');
INSERT INTO pipeline_moves (tenant_id, item_id, nth, what, to_step, at, on_day, actor, forced, missing, reason)
  VALUES ('00000000-0000-0000-0000-00000000000a', '00000000-0000-0000-0000-000000000601', 0, 'advanced', 'Qualify', now(), '2028-02-29', 'Ada', true, '{Who decides is known}', 'They asked for it');
INSERT INTO pipeline_ticks (tenant_id, item_id, pipeline, step, check_text, ticked_by, ticked_at)
  VALUES ('00000000-0000-0000-0000-00000000000a', '00000000-0000-0000-0000-000000000601', 'growth', 'qualify', 'Money is set aside', 'Ada', now());
