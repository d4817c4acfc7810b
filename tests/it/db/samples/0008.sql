INSERT INTO methodologies (tenant_id, id, pack_id, pack_name, source, status, title, based_on, created_at, created_by, updated_at, updated_by)
  VALUES ('00000000-0000-0000-0000-00000000000a', '00000000-0000-0000-0000-0000000000f2', 'techcorp', 'TechCorp', 'schema: 1', 'draft', 'Stricter support', 1, now(), 'Ada', now(), 'Ada');
INSERT INTO methodology_previews (tenant_id, id, draft_id, revision, over_version, day, started_at, started_by, summary)
  VALUES ('00000000-0000-0000-0000-00000000000a', '00000000-0000-0000-0000-0000000000f3', '00000000-0000-0000-0000-0000000000f2', 1, 1, '2028-03-01', now(), 'Ada', '{}');
INSERT INTO methodology_preview_accounts (tenant_id, preview_id, account_id, score_before, score_after, band_before, band_after)
  VALUES ('00000000-0000-0000-0000-00000000000a', '00000000-0000-0000-0000-0000000000f3', '00000000-0000-0000-0000-000000000101', 61.5, 48.0, 'yellow', 'red');
