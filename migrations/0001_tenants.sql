-- Tenants, people, and how they sign in.
--
-- Two roles do all the work; neither may bypass row security:
--   holdfast_tenant    everything inside one tenant, chosen by app.tenant_id
--   holdfast_platform  the few look-ups that happen before a tenant is known
-- The managed server creates both at bootstrap; elsewhere this does, or says what to run.
DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'holdfast_tenant') THEN
    CREATE ROLE holdfast_tenant NOLOGIN NOSUPERUSER NOBYPASSRLS;
  END IF;
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'holdfast_platform') THEN
    CREATE ROLE holdfast_platform NOLOGIN NOSUPERUSER NOBYPASSRLS;
  END IF;
  IF NOT pg_has_role(current_user, 'holdfast_tenant', 'MEMBER') THEN
    EXECUTE format('GRANT holdfast_tenant TO %I', current_user);
  END IF;
  IF NOT pg_has_role(current_user, 'holdfast_platform', 'MEMBER') THEN
    EXECUTE format('GRANT holdfast_platform TO %I', current_user);
  END IF;
EXCEPTION WHEN insufficient_privilege THEN
  RAISE EXCEPTION 'the database role % may not create roles', current_user
    USING HINT = 'As an administrator run: CREATE ROLE holdfast_tenant NOLOGIN; CREATE ROLE holdfast_platform NOLOGIN; '
              || 'GRANT holdfast_tenant, holdfast_platform TO ' || quote_ident(current_user) || ';';
END $$;

GRANT USAGE ON SCHEMA public TO holdfast_tenant, holdfast_platform;

-- The tenant of this transaction; NULL (no rows) when none is set. A setting made by SET LOCAL reads '' afterwards.
CREATE FUNCTION current_tenant() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT nullif(current_setting('app.tenant_id', true), '')::uuid $$;

-- Makes a table a tenant's: row security on and forced, one policy, rights for the tenant role.
CREATE FUNCTION make_tenant_table(t regclass) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', t);
  EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', t);
  EXECUTE format('CREATE POLICY tenant ON %s TO holdfast_tenant '
                 'USING (tenant_id = nullif(current_setting(''app.tenant_id'', true), '''')::uuid) '
                 'WITH CHECK (tenant_id = nullif(current_setting(''app.tenant_id'', true), '''')::uuid)', t);
  EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO holdfast_tenant', t);
END $$;

CREATE TABLE tenants (
  id          uuid PRIMARY KEY,
  slug        text NOT NULL UNIQUE CHECK (slug ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
  name        text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  time_zone   text NOT NULL DEFAULT 'UTC',
  currency    text NOT NULL DEFAULT 'USD' CHECK (currency ~ '^[A-Z]{3}$'),
  created_at  timestamptz NOT NULL
);
ALTER TABLE tenants ENABLE ROW LEVEL SECURITY;
ALTER TABLE tenants FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON tenants TO holdfast_tenant
  USING (id = nullif(current_setting('app.tenant_id', true), '')::uuid);
CREATE POLICY platform ON tenants TO holdfast_platform USING (true) WITH CHECK (true);
GRANT SELECT, UPDATE ON tenants TO holdfast_tenant;
GRANT SELECT, INSERT, UPDATE ON tenants TO holdfast_platform;

-- A person who can sign in. Their place in a tenant is a row of members.
CREATE TABLE users (
  id            uuid PRIMARY KEY,
  email         text NOT NULL,
  name          text NOT NULL,
  password_hash text,
  password_changed_at timestamptz,
  created_at    timestamptz NOT NULL
);
CREATE UNIQUE INDEX users_email ON users (lower(email));

CREATE TABLE members (
  tenant_id   uuid NOT NULL REFERENCES tenants,
  id          uuid NOT NULL,
  user_id     uuid NOT NULL REFERENCES users,
  role        text NOT NULL CHECK (role IN ('admin', 'manager', 'csm', 'executive')),
  created_at  timestamptz NOT NULL,
  last_seen_at timestamptz,
  removed_at  timestamptz,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, user_id)
);
SELECT make_tenant_table('members');
CREATE POLICY platform ON members TO holdfast_platform USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE ON members TO holdfast_platform;
CREATE INDEX members_user ON members (user_id);

-- A tenant sees the names of its own members and nobody's password.
ALTER TABLE users ENABLE ROW LEVEL SECURITY;
ALTER TABLE users FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON users FOR SELECT TO holdfast_tenant
  USING (EXISTS (SELECT FROM members m WHERE m.user_id = users.id));
CREATE POLICY platform ON users TO holdfast_platform USING (true) WITH CHECK (true);
GRANT SELECT (id, email, name) ON users TO holdfast_tenant;
GRANT SELECT, INSERT, UPDATE ON users TO holdfast_platform;

CREATE TABLE sessions (
  token_hash  bytea PRIMARY KEY CHECK (length(token_hash) = 32),
  user_id     uuid NOT NULL REFERENCES users ON DELETE CASCADE,
  current_tenant_id uuid REFERENCES tenants,
  created_at  timestamptz NOT NULL,
  seen_at     timestamptz NOT NULL,
  expires_at  timestamptz NOT NULL
);
CREATE INDEX sessions_user ON sessions (user_id);
CREATE INDEX sessions_expiry ON sessions (expires_at);
GRANT SELECT, INSERT, UPDATE, DELETE ON sessions TO holdfast_platform;

-- Failed sign-ins by a keyed hash of address or network, in fixed windows.
CREATE TABLE sign_in_attempts (
  key          bytea NOT NULL,
  window_start timestamptz NOT NULL,
  failures     int NOT NULL,
  PRIMARY KEY (key, window_start)
);
GRANT SELECT, INSERT, UPDATE, DELETE ON sign_in_attempts TO holdfast_platform;

CREATE TABLE invitations (
  tenant_id   uuid NOT NULL REFERENCES tenants,
  id          uuid NOT NULL,
  email       text NOT NULL,
  role        text NOT NULL CHECK (role IN ('admin', 'manager', 'csm', 'executive')),
  token_hash  bytea NOT NULL UNIQUE CHECK (length(token_hash) = 32),
  created_at  timestamptz NOT NULL,
  expires_at  timestamptz NOT NULL,
  accepted_at timestamptz,
  PRIMARY KEY (tenant_id, id)
);
SELECT make_tenant_table('invitations');
CREATE POLICY platform ON invitations TO holdfast_platform USING (true) WITH CHECK (true);
GRANT SELECT, UPDATE ON invitations TO holdfast_platform;

-- Keys of integrations. The secret itself is never stored; the look-up is by its SHA-256.
CREATE TABLE api_keys (
  tenant_id   uuid NOT NULL REFERENCES tenants,
  id          uuid NOT NULL,
  name        text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
  scope       text NOT NULL CHECK (scope IN ('read', 'write')),
  hint        text NOT NULL,
  secret_hash bytea NOT NULL UNIQUE CHECK (length(secret_hash) = 32),
  created_at  timestamptz NOT NULL,
  revoked_at  timestamptz,
  PRIMARY KEY (tenant_id, id)
);
SELECT make_tenant_table('api_keys');
CREATE POLICY platform ON api_keys FOR SELECT TO holdfast_platform USING (true);
GRANT SELECT ON api_keys TO holdfast_platform;

CREATE TABLE audit_log (
  tenant_id   uuid NOT NULL REFERENCES tenants,
  id          uuid NOT NULL,
  at          timestamptz NOT NULL,
  actor       text NOT NULL,
  action      text NOT NULL,
  subject     text NOT NULL,
  detail      jsonb NOT NULL DEFAULT '{}',
  PRIMARY KEY (tenant_id, id)
);
SELECT make_tenant_table('audit_log');
REVOKE UPDATE, DELETE ON audit_log FROM holdfast_tenant;
CREATE INDEX audit_log_at ON audit_log (tenant_id, at DESC, id DESC);
