-- +goose Up

-- The gateway: what requests go through, and what is live. Names are unique
-- however they are written: name_key is the name without its case. Lists are in
-- its order, and each has an index for that.

CREATE TABLE projects (
    tenant_id   TEXT     NOT NULL REFERENCES tenants (id),
    id          TEXT     NOT NULL,
    name        TEXT     NOT NULL,
    name_key    TEXT     NOT NULL,
    description TEXT     NOT NULL,
    created_at  DATETIME NOT NULL,
    updated_at  DATETIME NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, name_key)
) WITHOUT ROWID;
CREATE INDEX projects_by_name ON projects (tenant_id, name_key, id);

CREATE TABLE environments (
    tenant_id  TEXT     NOT NULL REFERENCES tenants (id),
    id         TEXT     NOT NULL,
    name       TEXT     NOT NULL,
    name_key   TEXT     NOT NULL,
    created_at DATETIME NOT NULL,
    updated_at DATETIME NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, name_key)
) WITHOUT ROWID;
CREATE INDEX environments_by_name ON environments (tenant_id, name_key, id);

-- sealed holds the token, the password or the value: see models/sealed.go.
CREATE TABLE credentials (
    tenant_id  TEXT     NOT NULL,
    id         TEXT     NOT NULL,
    project_id TEXT     NOT NULL,
    name       TEXT     NOT NULL,
    name_key   TEXT     NOT NULL,
    kind       TEXT     NOT NULL CHECK (kind IN ('bearer', 'basic', 'header')),
    username   TEXT     NOT NULL,
    header     TEXT     NOT NULL,
    sealed     BLOB     NOT NULL,
    created_at DATETIME NOT NULL,
    updated_at DATETIME NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, project_id, id),
    UNIQUE (tenant_id, project_id, name_key),
    FOREIGN KEY (tenant_id, project_id) REFERENCES projects (tenant_id, id)
) WITHOUT ROWID;
CREATE INDEX credentials_by_name ON credentials (tenant_id, project_id, name_key, id);

CREATE TABLE certificates (
    tenant_id  TEXT     NOT NULL,
    id         TEXT     NOT NULL,
    project_id TEXT     NOT NULL,
    name       TEXT     NOT NULL,
    name_key   TEXT     NOT NULL,
    pem        TEXT     NOT NULL,
    sealed_key BLOB,
    subject    TEXT     NOT NULL,
    issuer     TEXT     NOT NULL,
    not_before DATETIME NOT NULL,
    not_after  DATETIME NOT NULL,
    created_at DATETIME NOT NULL,
    updated_at DATETIME NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, project_id, id),
    UNIQUE (tenant_id, project_id, name_key),
    FOREIGN KEY (tenant_id, project_id) REFERENCES projects (tenant_id, id)
) WITHOUT ROWID;
CREATE INDEX certificates_by_name ON certificates (tenant_id, project_id, name_key, id);

CREATE TABLE connections (
    tenant_id             TEXT     NOT NULL,
    id                    TEXT     NOT NULL,
    project_id            TEXT     NOT NULL,
    name                  TEXT     NOT NULL,
    name_key              TEXT     NOT NULL,
    base_url              TEXT     NOT NULL,
    timeout_ms            INTEGER  NOT NULL CHECK (timeout_ms > 0),
    credential_id         TEXT,
    ca_certificate_id     TEXT,
    client_certificate_id TEXT,
    created_at            DATETIME NOT NULL,
    updated_at            DATETIME NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, project_id, id),
    UNIQUE (tenant_id, project_id, name_key),
    FOREIGN KEY (tenant_id, project_id) REFERENCES projects (tenant_id, id),
    FOREIGN KEY (tenant_id, project_id, credential_id) REFERENCES credentials (tenant_id, project_id, id),
    FOREIGN KEY (tenant_id, project_id, ca_certificate_id) REFERENCES certificates (tenant_id, project_id, id),
    FOREIGN KEY (tenant_id, project_id, client_certificate_id) REFERENCES certificates (tenant_id, project_id, id)
) WITHOUT ROWID;
CREATE INDEX connections_by_name ON connections (tenant_id, project_id, name_key, id);
CREATE INDEX connections_by_credential ON connections (tenant_id, project_id, credential_id);
CREATE INDEX connections_by_ca ON connections (tenant_id, project_id, ca_certificate_id);
CREATE INDEX connections_by_client_certificate ON connections (tenant_id, project_id, client_certificate_id);

CREATE TABLE proxies (
    tenant_id     TEXT     NOT NULL,
    id            TEXT     NOT NULL,
    project_id    TEXT     NOT NULL,
    name          TEXT     NOT NULL,
    name_key      TEXT     NOT NULL,
    description   TEXT     NOT NULL,
    route         TEXT     NOT NULL,
    connection_id TEXT,
    strip_route   BOOLEAN  NOT NULL,
    methods       TEXT     NOT NULL,
    read_scopes   TEXT     NOT NULL,
    write_scopes  TEXT     NOT NULL,
    created_at    DATETIME NOT NULL,
    updated_at    DATETIME NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, project_id, id),
    UNIQUE (tenant_id, project_id, name_key),
    FOREIGN KEY (tenant_id, project_id) REFERENCES projects (tenant_id, id),
    FOREIGN KEY (tenant_id, project_id, connection_id) REFERENCES connections (tenant_id, project_id, id)
) WITHOUT ROWID;
CREATE INDEX proxies_by_name ON proxies (tenant_id, project_id, name_key, id);
CREATE INDEX proxies_by_connection ON proxies (tenant_id, project_id, connection_id);

-- What was deployed and undeployed. sealed holds the whole snapshot; it is taken
-- out when something that the snapshot uses is deleted, and cannot come back.
CREATE TABLE deployment_events (
    tenant_id             TEXT     NOT NULL,
    id                    TEXT     NOT NULL,
    project_id            TEXT     NOT NULL,
    proxy_id              TEXT     NOT NULL,
    environment_id        TEXT     NOT NULL,
    at                    DATETIME NOT NULL,
    action                TEXT     NOT NULL CHECK (action IN ('deployed', 'restored', 'undeployed')),
    actor                 TEXT     NOT NULL,
    restored_id           TEXT,
    changes               TEXT,
    route                 TEXT     NOT NULL,
    connection_id         TEXT,
    credential_id         TEXT,
    ca_certificate_id     TEXT,
    client_certificate_id TEXT,
    sealed                BLOB,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, project_id, proxy_id) REFERENCES proxies (tenant_id, project_id, id),
    FOREIGN KEY (tenant_id, environment_id) REFERENCES environments (tenant_id, id)
) WITHOUT ROWID;
CREATE INDEX deployment_events_by_time ON deployment_events (tenant_id, proxy_id, environment_id, at, id);
CREATE INDEX deployment_events_by_environment ON deployment_events (tenant_id, environment_id);
CREATE INDEX deployment_events_by_connection ON deployment_events (tenant_id, connection_id);
CREATE INDEX deployment_events_by_credential ON deployment_events (tenant_id, credential_id);
CREATE INDEX deployment_events_by_ca ON deployment_events (tenant_id, ca_certificate_id);
CREATE INDEX deployment_events_by_client_certificate ON deployment_events (tenant_id, client_certificate_id);

-- What is live. The references keep what a live proxy uses from being deleted.
CREATE TABLE deployments (
    tenant_id             TEXT     NOT NULL,
    id                    TEXT     NOT NULL,
    project_id            TEXT     NOT NULL,
    proxy_id              TEXT     NOT NULL,
    environment_id        TEXT     NOT NULL,
    event_id              TEXT     NOT NULL,
    route                 TEXT     NOT NULL,
    connection_id         TEXT     NOT NULL,
    credential_id         TEXT,
    ca_certificate_id     TEXT,
    client_certificate_id TEXT,
    created_at            DATETIME NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, proxy_id, environment_id),
    UNIQUE (tenant_id, environment_id, route),
    FOREIGN KEY (tenant_id, project_id, proxy_id) REFERENCES proxies (tenant_id, project_id, id),
    FOREIGN KEY (tenant_id, environment_id) REFERENCES environments (tenant_id, id),
    FOREIGN KEY (tenant_id, event_id) REFERENCES deployment_events (tenant_id, id),
    FOREIGN KEY (tenant_id, project_id, connection_id) REFERENCES connections (tenant_id, project_id, id),
    FOREIGN KEY (tenant_id, project_id, credential_id) REFERENCES credentials (tenant_id, project_id, id),
    FOREIGN KEY (tenant_id, project_id, ca_certificate_id) REFERENCES certificates (tenant_id, project_id, id),
    FOREIGN KEY (tenant_id, project_id, client_certificate_id) REFERENCES certificates (tenant_id, project_id, id)
) WITHOUT ROWID;
CREATE INDEX deployments_by_event ON deployments (tenant_id, event_id);
CREATE INDEX deployments_by_connection ON deployments (tenant_id, project_id, connection_id);
CREATE INDEX deployments_by_credential ON deployments (tenant_id, project_id, credential_id);
CREATE INDEX deployments_by_ca ON deployments (tenant_id, project_id, ca_certificate_id);
CREATE INDEX deployments_by_client_certificate ON deployments (tenant_id, project_id, client_certificate_id);
