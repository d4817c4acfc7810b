INSERT INTO score_months VALUES ('00000000-0000-0000-0000-00000000000a', '00000000-0000-0000-0000-000000000101', '2028-01-01',
  decode(repeat('00', 30) || '01', 'hex'), array_fill(NULL::float8, ARRAY[30]) || 61.5::float8,
  ARRAY[ROW(1, 0.9, NULL, NULL, false, 'overall', 'yellow', NULL)::score_variant], '\x0101');
INSERT INTO scored_days VALUES ('00000000-0000-0000-0000-00000000000a', '2028-01-31');
INSERT INTO score_corrections VALUES ('00000000-0000-0000-0000-00000000000a', '00000000-0000-0000-0000-000000000101', '2028-01-31',
  '2028-02-02', 1, 68, 'yellow', '\x00', now());
INSERT INTO portfolio_days VALUES ('00000000-0000-0000-0000-00000000000a', '2028-01-31', '', 'yellow', 1, 1, 61.5, 0, 0, 1, 0, 0);
