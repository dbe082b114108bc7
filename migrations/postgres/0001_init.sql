-- +goose Up

-- One row: which secret this database belongs to.
CREATE TABLE installations (
    id          INTEGER  PRIMARY KEY CHECK (id = 1),
    fingerprint BYTEA    NOT NULL,
    created_at  TIMESTAMPTZ NOT NULL
);

CREATE TABLE setup_codes (
    hash       BYTEA    PRIMARY KEY,
    created_at TIMESTAMPTZ NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL,
    used_at    TIMESTAMPTZ
);

CREATE TABLE tenants (
    id           TEXT     PRIMARY KEY,
    slug         TEXT     NOT NULL UNIQUE,
    name         TEXT     NOT NULL,
    suspended_at TIMESTAMPTZ,
    created_at   TIMESTAMPTZ NOT NULL
);

CREATE TABLE policies (
    tenant_id           TEXT    PRIMARY KEY REFERENCES tenants (id),
    allow_never         BOOLEAN NOT NULL,
    max_lifetime_days   INTEGER CHECK (max_lifetime_days > 0),
    max_tokens_per_user INTEGER NOT NULL CHECK (max_tokens_per_user > 0),
    tokens_by_token     BOOLEAN NOT NULL,
    contact_text        TEXT    NOT NULL
);

CREATE TABLE users (
    id                  TEXT     PRIMARY KEY,
    username            TEXT     NOT NULL UNIQUE,
    kind                TEXT     NOT NULL CHECK (kind IN ('person', 'service')),
    display_name        TEXT     NOT NULL,
    email               TEXT     NOT NULL,
    time_zone           TEXT     NOT NULL,
    password_hash       TEXT     NOT NULL,
    operator            BOOLEAN  NOT NULL,
    disabled_at         TIMESTAMPTZ,
    password_changed_at TIMESTAMPTZ,
    created_at          TIMESTAMPTZ NOT NULL
);

CREATE TABLE members (
    tenant_id    TEXT     NOT NULL REFERENCES tenants (id),
    user_id      TEXT     NOT NULL REFERENCES users (id),
    username     TEXT     NOT NULL, -- never changes; members are listed by it
    roles        TEXT     NOT NULL,
    disabled_at  TIMESTAMPTZ,
    last_seen_at TIMESTAMPTZ,
    created_at   TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (tenant_id, user_id),
    UNIQUE (tenant_id, username)
);
CREATE INDEX members_of_user ON members (user_id);

CREATE TABLE roles (
    tenant_id   TEXT     NOT NULL REFERENCES tenants (id),
    name        TEXT     NOT NULL,
    description TEXT     NOT NULL,
    scopes      TEXT     NOT NULL,
    created_at  TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (tenant_id, name)
);

CREATE TABLE invitations (
    id           TEXT     PRIMARY KEY,
    tenant_id    TEXT     NOT NULL REFERENCES tenants (id),
    email        TEXT     NOT NULL,
    roles        TEXT     NOT NULL,
    hash         BYTEA    NOT NULL UNIQUE,
    invited_by   TEXT     NOT NULL,
    created_at   TIMESTAMPTZ NOT NULL,
    expires_at   TIMESTAMPTZ NOT NULL,
    used_at      TIMESTAMPTZ,
    used_by      TEXT,
    withdrawn_at TIMESTAMPTZ
);
CREATE INDEX invitations_of_tenant ON invitations (tenant_id, created_at, id);

CREATE TABLE tokens (
    id              TEXT     PRIMARY KEY,
    tenant_id       TEXT     NOT NULL REFERENCES tenants (id),
    user_id         TEXT     NOT NULL REFERENCES users (id),
    kind            TEXT     NOT NULL CHECK (kind IN ('pat')),
    name            TEXT     NOT NULL,
    name_key        TEXT     NOT NULL,
    description     TEXT     NOT NULL,
    scopes          TEXT     NOT NULL,
    allowed_cidrs   TEXT     NOT NULL,
    hint            TEXT     NOT NULL,
    hash            BYTEA    NOT NULL UNIQUE,
    parent_id       TEXT,
    created_at      TIMESTAMPTZ NOT NULL,
    not_before      TIMESTAMPTZ,
    expires_at      TIMESTAMPTZ,
    revoked_at      TIMESTAMPTZ,
    last_used_at    TIMESTAMPTZ,
    last_used_ip    TEXT,
    last_used_agent TEXT,
    UNIQUE (tenant_id, id),
    FOREIGN KEY (tenant_id, parent_id) REFERENCES tokens (tenant_id, id)
);
CREATE INDEX tokens_of_user ON tokens (tenant_id, user_id, created_at, id);
CREATE INDEX tokens_of_tenant ON tokens (tenant_id, created_at, id);
CREATE INDEX tokens_by_name ON tokens (tenant_id, user_id, name_key);
CREATE INDEX tokens_by_parent ON tokens (parent_id) WHERE parent_id IS NOT NULL;

-- +goose StatementBegin
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%', TG_ARGV[0];
END $$;
-- +goose StatementEnd
CREATE TRIGGER tokens_stay_revoked BEFORE UPDATE ON tokens FOR EACH ROW
WHEN (OLD.revoked_at IS NOT NULL AND NEW.revoked_at IS DISTINCT FROM OLD.revoked_at)
EXECUTE FUNCTION refuse_change('a revoked token stays revoked');

CREATE TABLE token_days (
    tenant_id TEXT    NOT NULL,
    token_id  TEXT    NOT NULL,
    day       TEXT    NOT NULL,
    allowed   INTEGER NOT NULL,
    refused   INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, token_id, day),
    FOREIGN KEY (tenant_id, token_id) REFERENCES tokens (tenant_id, id)
);

CREATE TABLE sessions (
    id         TEXT     PRIMARY KEY,
    user_id    TEXT     NOT NULL REFERENCES users (id),
    hash       BYTEA    NOT NULL UNIQUE,
    data       TEXT     NOT NULL,
    client_ip  TEXT     NOT NULL,
    user_agent TEXT     NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    seen_at    TIMESTAMPTZ NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX sessions_of_user ON sessions (user_id, created_at);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

CREATE TABLE throttles (
    hash          BYTEA    PRIMARY KEY,
    failures      INTEGER  NOT NULL,
    last_at       TIMESTAMPTZ NOT NULL,
    blocked_until TIMESTAMPTZ
);
CREATE INDEX throttles_by_age ON throttles (last_at);

-- tenant_id is empty for what concerns the installation as a whole.
CREATE TABLE audit_events (
    id         TEXT     PRIMARY KEY,
    tenant_id  TEXT     NOT NULL,
    at         TIMESTAMPTZ NOT NULL,
    action     TEXT     NOT NULL,
    outcome    TEXT     NOT NULL CHECK (outcome IN ('allowed', 'refused')),
    actor_id   TEXT     NOT NULL,
    actor      TEXT     NOT NULL,
    token_id   TEXT     NOT NULL,
    token_hint TEXT     NOT NULL,
    client_ip  TEXT     NOT NULL,
    subject    TEXT     NOT NULL,
    count      INTEGER  NOT NULL,
    before     TEXT,
    after      TEXT
);
CREATE INDEX audit_events_of_tenant ON audit_events (tenant_id, at, id);
CREATE INDEX audit_events_by_actor ON audit_events (tenant_id, actor, at, id);
CREATE INDEX audit_events_by_action ON audit_events (tenant_id, action, at, id);
CREATE INDEX audit_events_by_subject ON audit_events (tenant_id, subject, at, id);

CREATE TRIGGER audit_events_are_kept BEFORE DELETE ON audit_events FOR EACH ROW
EXECUTE FUNCTION refuse_change('the audit log is append-only');
CREATE TRIGGER audit_events_stay_written BEFORE UPDATE ON audit_events FOR EACH ROW
EXECUTE FUNCTION refuse_change('the audit log is append-only');
