-- +goose Up

-- What went through the gateway, for each proxy in each environment: a row for
-- a minute and one for an hour, never one for a request. Proxies that are gone
-- keep their figures until those are old, so nothing refers to them.
CREATE TABLE traffic (
    tenant_id      TEXT     NOT NULL REFERENCES tenants (id),
    environment_id TEXT     NOT NULL,
    proxy_id       TEXT     NOT NULL,
    span           TEXT     NOT NULL CHECK (span IN ('minute', 'hour')),
    at             DATETIME NOT NULL,
    requests       INTEGER  NOT NULL,
    errors         INTEGER  NOT NULL,
    refused        INTEGER  NOT NULL,
    took           INTEGER  NOT NULL, -- microseconds, of all that were answered
    within_5       INTEGER  NOT NULL, -- of those, how many within so many milliseconds
    within_10      INTEGER  NOT NULL,
    within_25      INTEGER  NOT NULL,
    within_50      INTEGER  NOT NULL,
    within_100     INTEGER  NOT NULL,
    within_250     INTEGER  NOT NULL,
    within_500     INTEGER  NOT NULL,
    within_1000    INTEGER  NOT NULL,
    within_2500    INTEGER  NOT NULL,
    within_10000   INTEGER  NOT NULL,
    longer         INTEGER  NOT NULL,
    PRIMARY KEY (tenant_id, environment_id, proxy_id, span, at)
) WITHOUT ROWID;
CREATE INDEX traffic_by_age ON traffic (span, at);

-- The last requests that were refused in each environment.
CREATE TABLE gateway_refusals (
    id          TEXT     PRIMARY KEY,
    tenant_id   TEXT     NOT NULL REFERENCES tenants (id),
    environment TEXT     NOT NULL,
    at          DATETIME NOT NULL,
    method      TEXT     NOT NULL,
    path        TEXT     NOT NULL,
    project     TEXT     NOT NULL,
    proxy       TEXT     NOT NULL,
    reason      TEXT     NOT NULL,
    username    TEXT     NOT NULL,
    token_hint  TEXT     NOT NULL
) WITHOUT ROWID;
CREATE INDEX gateway_refusals_of_environment ON gateway_refusals (tenant_id, environment, id);
