SET lock_timeout = '5s';

ALTER TABLE products ADD COLUMN featured boolean NOT NULL DEFAULT false;

-- defect: blocking-index-build
CREATE INDEX products_featured_idx ON products (name) WHERE featured;

-- defect: missing-primary-key
CREATE TABLE price_changes (
    product_id  bigint NOT NULL REFERENCES products (id) ON DELETE CASCADE,
    price_cents bigint NOT NULL,
    changed_at  timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX price_changes_product_idx ON price_changes (product_id, changed_at DESC);

-- The category page filters by category.
-- defect: redundant-index
CREATE INDEX products_category_idx ON products (category_id); -- backend: ignore[blocking-index-build] built at night, when nobody writes
