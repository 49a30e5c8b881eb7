CREATE TABLE product_reviews (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    product_id bigint NOT NULL REFERENCES products (id) ON DELETE CASCADE,
    author     text NOT NULL,
    rating     smallint NOT NULL CHECK (rating BETWEEN 1 AND 5),
    body       text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX product_reviews_product_idx ON product_reviews (product_id, created_at DESC);

CREATE TABLE stock_levels (
    product_id bigint NOT NULL REFERENCES products (id) ON DELETE CASCADE,
    warehouse  text NOT NULL,
    quantity   integer NOT NULL CHECK (quantity >= 0),
    PRIMARY KEY (product_id, warehouse)
);
