-- +goose Up

-- Each order of a list of tokens is an index, for the tokens of a user and for
-- those of the tenant. What a list is narrowed by most stands at its end, so
-- that a row which is not wanted is passed over without being read. There is
-- none for the last use: it is written once a minute for every token in use,
-- and as long as no index has it, that writes into none.

DROP INDEX tokens_of_user;
DROP INDEX tokens_of_tenant;
DROP INDEX tokens_by_name;

-- The expressions are written as in models/token_list.go, for an index serves
-- only what it is spelled like. To count from such an index alone, PostgreSQL
-- wants the column in it too.
CREATE INDEX tokens_of_user ON tokens
    (tenant_id, user_id, created_at, id, revoked_at, coalesce(expires_at, 'infinity')) INCLUDE (expires_at);
CREATE INDEX tokens_of_tenant ON tokens
    (tenant_id, created_at, id, revoked_at, coalesce(expires_at, 'infinity')) INCLUDE (expires_at);
CREATE INDEX tokens_by_name ON tokens
    (tenant_id, user_id, name_key, id, revoked_at, coalesce(expires_at, 'infinity'));
CREATE INDEX tenant_tokens_by_name ON tokens
    (tenant_id, name_key, id, revoked_at, coalesce(expires_at, 'infinity'));
CREATE INDEX tokens_by_end ON tokens
    (tenant_id, user_id, coalesce(expires_at, '9999-12-31 23:59:59.999999+00:00'), id, revoked_at) INCLUDE (expires_at);
CREATE INDEX tenant_tokens_by_end ON tokens
    (tenant_id, coalesce(expires_at, '9999-12-31 23:59:59.999999+00:00'), id, revoked_at) INCLUDE (expires_at);

-- Few tokens are made to begin later.
CREATE INDEX tokens_to_come ON tokens (tenant_id, not_before) WHERE not_before IS NOT NULL;

-- A changed row that finds room beside itself needs no new place in any index.
ALTER TABLE tokens SET (fillfactor = 90);

-- However many members there are, they hold few different sets of roles, and
-- few of them are disabled.
CREATE INDEX members_by_roles ON members (tenant_id, roles);
CREATE INDEX members_by_name ON members (tenant_id, username, user_id, roles);
CREATE INDEX members_disabled ON members (tenant_id, disabled_at) WHERE disabled_at IS NOT NULL;
CREATE INDEX users_disabled ON users (id) WHERE disabled_at IS NOT NULL;
