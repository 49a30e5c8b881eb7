CREATE TABLE categories (
    id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL UNIQUE
);

CREATE TABLE suppliers (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name      text NOT NULL,
    order_url text NOT NULL
);

-- Products that the shop makes itself have no supplier.
CREATE TABLE products (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    sku         text NOT NULL UNIQUE,
    name        text NOT NULL,
    description text NOT NULL DEFAULT '',
    price_cents bigint NOT NULL CHECK (price_cents >= 0),
    category_id bigint NOT NULL REFERENCES categories (id),
    supplier_id bigint REFERENCES suppliers (id)
);

CREATE INDEX products_category_name_idx ON products (category_id, name);
CREATE INDEX products_supplier_idx ON products (supplier_id);
CREATE INDEX products_search_idx ON products USING gin (to_tsvector('simple', name));
