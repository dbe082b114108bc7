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
    created_at    TIMESTAMPTZ NOT NULL,
    removed_at    TIMESTAMPTZ, -- its tokens refer to it for as long as they are listed
    UNIQUE (tenant_id, id)
);
CREATE UNIQUE INDEX applications_by_name ON applications (tenant_id, name_key) WHERE removed_at IS NULL;
CREATE INDEX applications_of_tenant ON applications (tenant_id, created_at, id) WHERE removed_at IS NULL;

CREATE TABLE application_secrets (
    id             TEXT     PRIMARY KEY,
    tenant_id      TEXT     NOT NULL,
    application_id TEXT     NOT NULL,
    hash           BYTEA     NOT NULL UNIQUE,
    hint           TEXT     NOT NULL,
    created_at     TIMESTAMPTZ NOT NULL,
    last_used_at   TIMESTAMPTZ,
    revoked_at     TIMESTAMPTZ,
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
    created_at     TIMESTAMPTZ NOT NULL,
    expires_at     TIMESTAMPTZ NOT NULL, -- with its last refresh token
    ended_at       TIMESTAMPTZ,
    UNIQUE (tenant_id, id),
    FOREIGN KEY (tenant_id, application_id) REFERENCES applications (tenant_id, id)
);
CREATE INDEX grants_of_application ON grants (tenant_id, application_id, user_id, created_at, id) WHERE ended_at IS NULL;
CREATE INDEX grants_of_user ON grants (tenant_id, user_id, application_id) WHERE ended_at IS NULL;
CREATE INDEX grants_by_expiry ON grants (expires_at);
CREATE INDEX grants_by_end ON grants (ended_at) WHERE ended_at IS NOT NULL;

CREATE TABLE refresh_tokens (
    hash       BYTEA     PRIMARY KEY,
    tenant_id  TEXT     NOT NULL,
    grant_id   TEXT     NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL,
    used_at    TIMESTAMPTZ,
    FOREIGN KEY (tenant_id, grant_id) REFERENCES grants (tenant_id, id)
);
CREATE INDEX refresh_tokens_of_grant ON refresh_tokens (grant_id);
CREATE INDEX refresh_tokens_by_expiry ON refresh_tokens (expires_at);

CREATE TABLE authorization_codes (
    hash           BYTEA     PRIMARY KEY,
    tenant_id      TEXT     NOT NULL,
    application_id TEXT     NOT NULL,
    user_id        TEXT     NOT NULL REFERENCES users (id),
    redirect_uri   TEXT     NOT NULL,
    sent_uri       BOOLEAN  NOT NULL, -- the request named it, so the exchange must too
    challenge      TEXT     NOT NULL, -- of PKCE, S256; empty for none
    scopes         TEXT     NOT NULL,
    created_at     TIMESTAMPTZ NOT NULL,
    expires_at     TIMESTAMPTZ NOT NULL,
    used_at        TIMESTAMPTZ,
    grant_id       TEXT, -- what it gave
    FOREIGN KEY (tenant_id, application_id) REFERENCES applications (tenant_id, id)
);
CREATE INDEX authorization_codes_by_expiry ON authorization_codes (expires_at);

CREATE TABLE device_codes (
    hash           BYTEA     PRIMARY KEY,
    user_hash      BYTEA     NOT NULL UNIQUE,
    tenant_id      TEXT     NOT NULL,
    application_id TEXT     NOT NULL,
    scopes         TEXT     NOT NULL,
    created_at     TIMESTAMPTZ NOT NULL,
    expires_at     TIMESTAMPTZ NOT NULL,
    polled_at      TIMESTAMPTZ,
    pause          INTEGER  NOT NULL, -- seconds that must lie between two polls
    user_id        TEXT     REFERENCES users (id), -- who decided
    decision       TEXT     NOT NULL CHECK (decision IN ('', 'allowed', 'denied')),
    decided_at     TIMESTAMPTZ,
    used_at        TIMESTAMPTZ,
    FOREIGN KEY (tenant_id, application_id) REFERENCES applications (tenant_id, id)
);
CREATE INDEX device_codes_by_expiry ON device_codes (expires_at);

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
    expires_at      TIMESTAMPTZ,
    created_at      TIMESTAMPTZ NOT NULL,
    decision        TEXT     NOT NULL CHECK (decision IN ('', 'approved', 'denied')),
    decided_by      TEXT     REFERENCES users (id),
    decided_at      TIMESTAMPTZ,
    answer          TEXT     NOT NULL, -- why it was denied
    withdrawn_at    TIMESTAMPTZ,
    token_id        TEXT, -- once it was picked up
    UNIQUE (tenant_id, id),
    FOREIGN KEY (tenant_id, token_id) REFERENCES tokens (tenant_id, id)
);
CREATE INDEX token_requests_of_tenant ON token_requests (tenant_id, created_at, id);
CREATE INDEX token_requests_of_user ON token_requests (tenant_id, user_id, created_at, id);
CREATE INDEX token_requests_open ON token_requests (tenant_id, created_at, id) WHERE decision = '' AND withdrawn_at IS NULL;

-- The number by which partners know a tenant. It never changes.
CREATE TABLE resellers (
    number    BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id TEXT   NOT NULL UNIQUE REFERENCES tenants (id)
);
INSERT INTO resellers (tenant_id) SELECT id FROM tenants ORDER BY created_at, id;

ALTER TABLE policies ADD COLUMN reviewed_issue BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE policies ADD COLUMN admin_only_revocation BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE policies ADD COLUMN switched_off TEXT NOT NULL DEFAULT ''; -- dialects and grants

ALTER TABLE tokens ALTER COLUMN user_id DROP NOT NULL;
ALTER TABLE tokens ADD COLUMN application_id TEXT;
ALTER TABLE tokens ADD COLUMN grant_id TEXT;
ALTER TABLE tokens ADD COLUMN origin TEXT NOT NULL DEFAULT ''; -- the grant or the dialect that made it; empty for a personal token
ALTER TABLE tokens DROP CONSTRAINT tokens_kind_check;
ALTER TABLE tokens ADD CHECK (kind IN ('pat', 'acc'));
ALTER TABLE tokens ADD CHECK (user_id IS NOT NULL OR application_id IS NOT NULL);
ALTER TABLE tokens ADD FOREIGN KEY (tenant_id, application_id) REFERENCES applications (tenant_id, id);
ALTER TABLE tokens ADD FOREIGN KEY (tenant_id, grant_id) REFERENCES grants (tenant_id, id);

CREATE INDEX tokens_of_application ON tokens (application_id, user_id) WHERE application_id IS NOT NULL;
CREATE INDEX tokens_of_grant ON tokens (grant_id) WHERE grant_id IS NOT NULL;
CREATE INDEX access_tokens_by_end ON tokens (expires_at) WHERE kind = 'acc';
CREATE INDEX access_tokens_to_count ON tokens (tenant_id, expires_at, user_id, revoked_at) WHERE kind = 'acc';

CREATE TRIGGER grants_stay_ended BEFORE UPDATE ON grants FOR EACH ROW
WHEN (OLD.ended_at IS NOT NULL AND NEW.ended_at IS DISTINCT FROM OLD.ended_at)
EXECUTE FUNCTION refuse_change('a grant that ended stays ended');
