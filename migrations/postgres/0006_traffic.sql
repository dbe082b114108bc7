-- +goose Up

-- What went through the gateway, for each proxy in each environment: a row for
-- a minute and one for an hour, never one for a request. Proxies that are gone
-- keep their figures until those are old, so nothing refers to them.
CREATE TABLE traffic (
    tenant_id      TEXT     NOT NULL REFERENCES tenants (id),
    environment_id TEXT     NOT NULL,
    proxy_id       TEXT     NOT NULL,
    span           TEXT     NOT NULL CHECK (span IN ('minute', 'hour')),
    at             TIMESTAMPTZ NOT NULL,
    requests       BIGINT   NOT NULL,
    errors         BIGINT   NOT NULL,
    refused        BIGINT   NOT NULL,
    took           BIGINT   NOT NULL, -- microseconds, of all that were answered
    within_5       BIGINT   NOT NULL, -- of those, how many within so many milliseconds
    within_10      BIGINT   NOT NULL,
    within_25      BIGINT   NOT NULL,
    within_50      BIGINT   NOT NULL,
    within_100     BIGINT   NOT NULL,
    within_250     BIGINT   NOT NULL,
    within_500     BIGINT   NOT NULL,
    within_1000    BIGINT   NOT NULL,
    within_2500    BIGINT   NOT NULL,
    within_10000   BIGINT   NOT NULL,
    longer         BIGINT   NOT NULL,
    PRIMARY KEY (tenant_id, environment_id, proxy_id, span, at)
);
CREATE INDEX traffic_by_age ON traffic (span, at);

-- The last requests that were refused in each environment.
CREATE TABLE gateway_refusals (
    id          TEXT     PRIMARY KEY,
    tenant_id   TEXT     NOT NULL REFERENCES tenants (id),
    environment TEXT     NOT NULL,
    at          TIMESTAMPTZ NOT NULL,
    method      TEXT     NOT NULL,
    path        TEXT     NOT NULL,
    project     TEXT     NOT NULL,
    proxy       TEXT     NOT NULL,
    reason      TEXT     NOT NULL,
    username    TEXT     NOT NULL,
    token_hint  TEXT     NOT NULL
);
CREATE INDEX gateway_refusals_of_environment ON gateway_refusals (tenant_id, environment, id);
