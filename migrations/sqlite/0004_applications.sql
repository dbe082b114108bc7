-- +goose Up

-- Client programs that act for users or for themselves, and what they were
-- given: see docs/oauth.md.

CREATE TABLE applications (
    id            TEXT     PRIMARY KEY,
    tenant_id     TEXT     NOT NULL REFERENCES tenants (id),
    owner_id      TEXT     REFERENCES users (id), -- none when the command line made it
    name          TEXT     NOT NULL,
    name_key      TEXT     NOT NULL,
    kind          TEXT     NOT NULL CHECK (kind IN ('confidential', 'public', 'partner')),
    redirect_uris TEXT     NOT NULL,
    scopes        TEXT     NOT NULL,
    created_at    DATETIME NOT NULL,
    removed_at    DATETIME, -- its tokens refer to it for as long as they are listed
    UNIQUE (tenant_id, id)
);
CREATE UNIQUE INDEX applications_by_name ON applications (tenant_id, name_key) WHERE removed_at IS NULL;
CREATE INDEX applications_of_tenant ON applications (tenant_id, created_at, id) WHERE removed_at IS NULL;

CREATE TABLE application_secrets (
    id             TEXT     PRIMARY KEY,
    tenant_id      TEXT     NOT NULL,
    application_id TEXT     NOT NULL,
    hash           BLOB     NOT NULL UNIQUE,
    hint           TEXT     NOT NULL,
    created_at     DATETIME NOT NULL,
    last_used_at   DATETIME,
    revoked_at     DATETIME,
    FOREIGN KEY (tenant_id, application_id) REFERENCES applications (tenant_id, id)
);
CREATE INDEX secrets_of_application ON application_secrets (tenant_id, application_id, created_at, id);

-- A grant is what a user, or nobody but the application, gave to an
-- application. All tokens that come of it end with it.
CREATE TABLE grants (
    id             TEXT     PRIMARY KEY,
    tenant_id      TEXT     NOT NULL,
    application_id TEXT     NOT NULL,
    user_id        TEXT     REFERENCES users (id),
    origin         TEXT     NOT NULL,
    scopes         TEXT     NOT NULL,
    created_at     DATETIME NOT NULL,
    expires_at     DATETIME NOT NULL, -- with its last refresh token
    ended_at       DATETIME,
    UNIQUE (tenant_id, id),
    FOREIGN KEY (tenant_id, application_id) REFERENCES applications (tenant_id, id)
);
CREATE INDEX grants_of_application ON grants (tenant_id, application_id, user_id, created_at, id) WHERE ended_at IS NULL;
CREATE INDEX grants_of_user ON grants (tenant_id, user_id, application_id) WHERE ended_at IS NULL;
CREATE INDEX grants_by_expiry ON grants (expires_at);
CREATE INDEX grants_by_end ON grants (ended_at) WHERE ended_at IS NOT NULL;

CREATE TABLE refresh_tokens (
    hash       BLOB     PRIMARY KEY,
    tenant_id  TEXT     NOT NULL,
    grant_id   TEXT     NOT NULL,
    created_at DATETIME NOT NULL,
    expires_at DATETIME NOT NULL,
    used_at    DATETIME,
    FOREIGN KEY (tenant_id, grant_id) REFERENCES grants (tenant_id, id)
);
CREATE INDEX refresh_tokens_of_grant ON refresh_tokens (grant_id);
CREATE INDEX refresh_tokens_by_expiry ON refresh_tokens (expires_at);

CREATE TABLE authorization_codes (
    hash           BLOB     PRIMARY KEY,
    tenant_id      TEXT     NOT NULL,
    application_id TEXT     NOT NULL,
    user_id        TEXT     NOT NULL REFERENCES users (id),
    redirect_uri   TEXT     NOT NULL,
    sent_uri       BOOLEAN  NOT NULL, -- the request named it, so the exchange must too
    challenge      TEXT     NOT NULL, -- of PKCE, S256; empty for none
    scopes         TEXT     NOT NULL,
    created_at     DATETIME NOT NULL,
    expires_at     DATETIME NOT NULL,
    used_at        DATETIME,
    grant_id       TEXT, -- what it gave
    FOREIGN KEY (tenant_id, application_id) REFERENCES applications (tenant_id, id)
);
CREATE INDEX authorization_codes_by_expiry ON authorization_codes (expires_at);

CREATE TABLE device_codes (
    hash           BLOB     PRIMARY KEY,
    user_hash      BLOB     NOT NULL UNIQUE,
    tenant_id      TEXT     NOT NULL,
    application_id TEXT     NOT NULL,
    scopes         TEXT     NOT NULL,
    created_at     DATETIME NOT NULL,
    expires_at     DATETIME NOT NULL,
    polled_at      DATETIME,
    pause          INTEGER  NOT NULL, -- seconds that must lie between two polls
    user_id        TEXT     REFERENCES users (id), -- who decided
    decision       TEXT     NOT NULL CHECK (decision IN ('', 'allowed', 'denied')),
    decided_at     DATETIME,
    used_at        DATETIME,
    FOREIGN KEY (tenant_id, application_id) REFERENCES applications (tenant_id, id)
);
CREATE INDEX device_codes_by_expiry ON device_codes (expires_at);

-- The number by which partners know a tenant. It never changes.
CREATE TABLE resellers (
    number    INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant_id TEXT    NOT NULL UNIQUE REFERENCES tenants (id)
);
INSERT INTO resellers (tenant_id) SELECT id FROM tenants ORDER BY created_at, id;

ALTER TABLE policies ADD COLUMN reviewed_issue BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE policies ADD COLUMN admin_only_revocation BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE policies ADD COLUMN switched_off TEXT NOT NULL DEFAULT ''; -- dialects and grants

-- SQLite changes a table by making it anew.
CREATE TABLE tokens_next (
    id              TEXT     PRIMARY KEY,
    tenant_id       TEXT     NOT NULL REFERENCES tenants (id),
    user_id         TEXT     REFERENCES users (id), -- none for what an application does for itself
    application_id  TEXT,
    grant_id        TEXT,
    kind            TEXT     NOT NULL CHECK (kind IN ('pat', 'acc')),
    origin          TEXT     NOT NULL DEFAULT '', -- the grant or the dialect that made it; empty for a personal token
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
    FOREIGN KEY (tenant_id, parent_id) REFERENCES tokens_next (tenant_id, id),
    FOREIGN KEY (tenant_id, application_id) REFERENCES applications (tenant_id, id),
    FOREIGN KEY (tenant_id, grant_id) REFERENCES grants (tenant_id, id),
    CHECK (user_id IS NOT NULL OR application_id IS NOT NULL)
);
INSERT INTO tokens_next (id, tenant_id, user_id, kind, origin, name, name_key, description, scopes, allowed_cidrs, hint, hash,
    parent_id, created_at, not_before, expires_at, revoked_at, last_used_at, last_used_ip, last_used_agent)
SELECT id, tenant_id, user_id, kind, '', name, name_key, description, scopes, allowed_cidrs, hint, hash,
    parent_id, created_at, not_before, expires_at, revoked_at, last_used_at, last_used_ip, last_used_agent FROM tokens;

CREATE TABLE token_days_next (
    tenant_id TEXT    NOT NULL,
    token_id  TEXT    NOT NULL,
    day       TEXT    NOT NULL,
    allowed   INTEGER NOT NULL,
    refused   INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, token_id, day),
    FOREIGN KEY (tenant_id, token_id) REFERENCES tokens_next (tenant_id, id)
) WITHOUT ROWID;
INSERT INTO token_days_next SELECT tenant_id, token_id, day, allowed, refused FROM token_days;

DROP TABLE token_days;
DROP TABLE tokens;
ALTER TABLE tokens_next RENAME TO tokens;
ALTER TABLE token_days_next RENAME TO token_days;

CREATE INDEX tokens_by_parent ON tokens (parent_id) WHERE parent_id IS NOT NULL;
CREATE INDEX tokens_of_user ON tokens (tenant_id, user_id, created_at, id, revoked_at, expires_at);
CREATE INDEX tokens_of_tenant ON tokens (tenant_id, created_at, id, revoked_at, expires_at);
CREATE INDEX tokens_by_name ON tokens (tenant_id, user_id, name_key, id, revoked_at, expires_at);
CREATE INDEX tenant_tokens_by_name ON tokens (tenant_id, name_key, id, revoked_at, expires_at);
CREATE INDEX tokens_by_end ON tokens
    (tenant_id, user_id, coalesce(expires_at, '9999-12-31 23:59:59.999999+00:00'), id, revoked_at);
CREATE INDEX tenant_tokens_by_end ON tokens
    (tenant_id, coalesce(expires_at, '9999-12-31 23:59:59.999999+00:00'), id, revoked_at);
CREATE INDEX tokens_to_come ON tokens (tenant_id, not_before) WHERE not_before IS NOT NULL;
CREATE INDEX tokens_of_application ON tokens (application_id, user_id) WHERE application_id IS NOT NULL;
CREATE INDEX tokens_of_grant ON tokens (grant_id) WHERE grant_id IS NOT NULL;
CREATE INDEX access_tokens_by_end ON tokens (expires_at) WHERE kind = 'acc';
CREATE INDEX access_tokens_to_count ON tokens (tenant_id, expires_at, user_id, revoked_at) WHERE kind = 'acc';

-- +goose StatementBegin
CREATE TRIGGER tokens_stay_revoked BEFORE UPDATE ON tokens FOR EACH ROW
WHEN OLD.revoked_at IS NOT NULL AND NEW.revoked_at IS NOT OLD.revoked_at
BEGIN
    SELECT RAISE(ABORT, 'a revoked token stays revoked');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER grants_stay_ended BEFORE UPDATE ON grants FOR EACH ROW
WHEN OLD.ended_at IS NOT NULL AND NEW.ended_at IS NOT OLD.ended_at
BEGIN
    SELECT RAISE(ABORT, 'a grant that ended stays ended');
END;
-- +goose StatementEnd

-- A token that a member asks for and an administrator approves.
CREATE TABLE token_requests (
    id              TEXT     PRIMARY KEY,
    tenant_id       TEXT     NOT NULL REFERENCES tenants (id),
    user_id         TEXT     NOT NULL REFERENCES users (id),
    name            TEXT     NOT NULL,
    name_key        TEXT     NOT NULL,
    reason          TEXT     NOT NULL, -- what it is for, in the words of who asks
    scopes          TEXT     NOT NULL, -- that were asked for
    approved_scopes TEXT     NOT NULL, -- that the token gets
    allowed_cidrs   TEXT     NOT NULL,
    expires_at      DATETIME,
    created_at      DATETIME NOT NULL,
    decision        TEXT     NOT NULL CHECK (decision IN ('', 'approved', 'denied')),
    decided_by      TEXT     REFERENCES users (id),
    decided_at      DATETIME,
    answer          TEXT     NOT NULL, -- why it was denied
    withdrawn_at    DATETIME,
    token_id        TEXT, -- once it was picked up
    UNIQUE (tenant_id, id),
    FOREIGN KEY (tenant_id, token_id) REFERENCES tokens (tenant_id, id)
);
CREATE INDEX token_requests_of_tenant ON token_requests (tenant_id, created_at, id);
CREATE INDEX token_requests_of_user ON token_requests (tenant_id, user_id, created_at, id);
CREATE INDEX token_requests_open ON token_requests (tenant_id, created_at, id) WHERE decision = '' AND withdrawn_at IS NULL;
