-- +goose Up

-- What is read by its key on every request is kept in its key (WITHOUT ROWID):
-- one search instead of two.

-- One row: which secret this database belongs to.
CREATE TABLE installations (
    id          INTEGER  PRIMARY KEY CHECK (id = 1),
    fingerprint BLOB     NOT NULL,
    created_at  DATETIME NOT NULL
);

CREATE TABLE setup_codes (
    hash       BLOB     PRIMARY KEY,
    created_at DATETIME NOT NULL,
    expires_at DATETIME NOT NULL,
    used_at    DATETIME
) WITHOUT ROWID;

CREATE TABLE tenants (
    id           TEXT     PRIMARY KEY,
    slug         TEXT     NOT NULL UNIQUE,
    name         TEXT     NOT NULL,
    suspended_at DATETIME,
    created_at   DATETIME NOT NULL
) WITHOUT ROWID;

CREATE TABLE policies (
    tenant_id           TEXT    PRIMARY KEY REFERENCES tenants (id),
    allow_never         BOOLEAN NOT NULL,
    max_lifetime_days   INTEGER CHECK (max_lifetime_days > 0),
    max_tokens_per_user INTEGER NOT NULL CHECK (max_tokens_per_user > 0),
    tokens_by_token     BOOLEAN NOT NULL,
    contact_text        TEXT    NOT NULL
) WITHOUT ROWID;

CREATE TABLE users (
    id                  TEXT     PRIMARY KEY,
    username            TEXT     NOT NULL UNIQUE,
    kind                TEXT     NOT NULL CHECK (kind IN ('person', 'service')),
    display_name        TEXT     NOT NULL,
    email               TEXT     NOT NULL,
    time_zone           TEXT     NOT NULL,
    password_hash       TEXT     NOT NULL,
    operator            BOOLEAN  NOT NULL,
    disabled_at         DATETIME,
    password_changed_at DATETIME,
    created_at          DATETIME NOT NULL
) WITHOUT ROWID;

CREATE TABLE members (
    tenant_id    TEXT     NOT NULL REFERENCES tenants (id),
    user_id      TEXT     NOT NULL REFERENCES users (id),
    username     TEXT     NOT NULL, -- never changes; members are listed by it
    roles        TEXT     NOT NULL,
    disabled_at  DATETIME,
    last_seen_at DATETIME,
    created_at   DATETIME NOT NULL,
    PRIMARY KEY (tenant_id, user_id),
    UNIQUE (tenant_id, username)
) WITHOUT ROWID;
CREATE INDEX members_of_user ON members (user_id);

CREATE TABLE roles (
    tenant_id   TEXT     NOT NULL REFERENCES tenants (id),
    name        TEXT     NOT NULL,
    description TEXT     NOT NULL,
    scopes      TEXT     NOT NULL,
    created_at  DATETIME NOT NULL,
    PRIMARY KEY (tenant_id, name)
) WITHOUT ROWID;

CREATE TABLE invitations (
    id           TEXT     PRIMARY KEY,
    tenant_id    TEXT     NOT NULL REFERENCES tenants (id),
    email        TEXT     NOT NULL,
    roles        TEXT     NOT NULL,
    hash         BLOB     NOT NULL UNIQUE,
    invited_by   TEXT     NOT NULL,
    created_at   DATETIME NOT NULL,
    expires_at   DATETIME NOT NULL,
    used_at      DATETIME,
    used_by      TEXT,
    withdrawn_at DATETIME
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
    hash            BLOB     NOT NULL UNIQUE,
    parent_id       TEXT,
    created_at      DATETIME NOT NULL,
    not_before      DATETIME,
    expires_at      DATETIME,
    revoked_at      DATETIME,
    last_used_at    DATETIME,
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
CREATE TRIGGER tokens_stay_revoked BEFORE UPDATE ON tokens FOR EACH ROW
WHEN OLD.revoked_at IS NOT NULL AND NEW.revoked_at IS NOT OLD.revoked_at
BEGIN
    SELECT RAISE(ABORT, 'a revoked token stays revoked');
END;
-- +goose StatementEnd

CREATE TABLE token_days (
    tenant_id TEXT    NOT NULL,
    token_id  TEXT    NOT NULL,
    day       TEXT    NOT NULL,
    allowed   INTEGER NOT NULL,
    refused   INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, token_id, day),
    FOREIGN KEY (tenant_id, token_id) REFERENCES tokens (tenant_id, id)
) WITHOUT ROWID;

CREATE TABLE sessions (
    id         TEXT     PRIMARY KEY,
    user_id    TEXT     NOT NULL REFERENCES users (id),
    hash       BLOB     NOT NULL UNIQUE,
    data       TEXT     NOT NULL,
    client_ip  TEXT     NOT NULL,
    user_agent TEXT     NOT NULL,
    created_at DATETIME NOT NULL,
    seen_at    DATETIME NOT NULL,
    expires_at DATETIME NOT NULL
);
CREATE INDEX sessions_of_user ON sessions (user_id, created_at);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

CREATE TABLE throttles (
    hash          BLOB     PRIMARY KEY,
    failures      INTEGER  NOT NULL,
    last_at       DATETIME NOT NULL,
    blocked_until DATETIME
) WITHOUT ROWID;
CREATE INDEX throttles_by_age ON throttles (last_at);

-- tenant_id is empty for what concerns the installation as a whole.
CREATE TABLE audit_events (
    id         TEXT     PRIMARY KEY,
    tenant_id  TEXT     NOT NULL,
    at         DATETIME NOT NULL,
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

-- +goose StatementBegin
CREATE TRIGGER audit_events_are_kept BEFORE DELETE ON audit_events
BEGIN
    SELECT RAISE(ABORT, 'the audit log is append-only');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER audit_events_stay_written BEFORE UPDATE ON audit_events
BEGIN
    SELECT RAISE(ABORT, 'the audit log is append-only');
END;
-- +goose StatementEnd
