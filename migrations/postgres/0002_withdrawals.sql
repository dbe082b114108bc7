-- +goose Up

-- How a right that was taken away leaves the memory of every process: see
-- docs/revocation.md.

-- One row. Whoever withdraws adds one, in the transaction that withdraws: the
-- lock on the row hands the numbers out in the order of the commits.
CREATE TABLE withdrawal_counter (
    id  INTEGER PRIMARY KEY CHECK (id = 1),
    seq BIGINT  NOT NULL
);
INSERT INTO withdrawal_counter (id, seq) VALUES (1, 0);

CREATE TABLE withdrawals (
    seq BIGINT NOT NULL,
    ref TEXT   NOT NULL, -- a token, a user, a tenant, or tenant/user for a member
    PRIMARY KEY (seq, ref)
);

-- The processes that serve from memory, and what each has forgotten.
CREATE TABLE replicas (
    id       TEXT   PRIMARY KEY,
    seen_seq BIGINT NOT NULL
);
