INSERT INTO renewals (tenant_id, id, account_id, renews_on, opened_on, opened_at, timeline, strategy, forecast, likelihood, forecast_by, forecast_at)
  VALUES ('00000000-0000-0000-0000-00000000000a', '00000000-0000-0000-0000-000000000501', '00000000-0000-0000-0000-000000000101', '2028-02-29', '2027-12-01', now(), 'process-90', 'grow', 'commit', 90, 'Ada', now());
INSERT INTO renewal_strategies (tenant_id, id, renewal_id, day, at, to_strategy, why)
  VALUES ('00000000-0000-0000-0000-00000000000a', '00000000-0000-0000-0000-000000000502', '00000000-0000-0000-0000-000000000501', '2027-12-01', now(), 'grow', 'Health 86, Green.');
INSERT INTO renewal_contracts (tenant_id, renewal_id, contract_id, arr_minor, currency)
  SELECT tenant_id, '00000000-0000-0000-0000-000000000501', id, arr_minor, currency FROM contracts;
