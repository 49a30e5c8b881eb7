CREATE TABLE payments (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    order_id     bigint NOT NULL REFERENCES orders (id),
    amount_cents bigint NOT NULL CHECK (amount_cents > 0),
    paid_at      timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE refunds (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- defect: unindexed-foreign-key
    order_id     bigint NOT NULL REFERENCES orders (id),
    amount_cents bigint NOT NULL CHECK (amount_cents > 0),
    reason       text NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE carriers (
    code text PRIMARY KEY,
    name text NOT NULL
);

INSERT INTO carriers (code, name) VALUES ('post', 'National Post'), ('bike', 'City Bike Couriers');

CREATE TABLE shipments (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    order_id     bigint NOT NULL UNIQUE REFERENCES orders (id),
    carrier_code text NOT NULL REFERENCES carriers (code), -- backend: ignore[unindexed-foreign-key] a handful of carriers, never deleted and never searched by
    shipped_at   timestamptz NOT NULL DEFAULT now()
);
