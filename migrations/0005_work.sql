-- Long work tells how far it is, and can be told to stop.
ALTER TABLE jobs
  ADD COLUMN done         bigint NOT NULL DEFAULT 0,
  ADD COLUMN total        bigint NOT NULL DEFAULT 0,
  ADD COLUMN created_at   timestamptz NOT NULL DEFAULT now(),
  ADD COLUMN cancelled_at timestamptz;
