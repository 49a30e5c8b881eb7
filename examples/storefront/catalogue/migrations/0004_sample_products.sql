INSERT INTO categories (name) VALUES ('Tea'), ('Coffee'), ('Cups');

INSERT INTO suppliers (name, order_url) VALUES
    ('Hill Estates', 'http://hill-estates.example/orders'),
    ('Harbour Roasters', 'http://harbour-roasters.example/orders');

INSERT INTO products (sku, name, price_cents, category_id, supplier_id, featured)
SELECT sample.sku, sample.name, sample.price_cents, categories.id, suppliers.id, sample.featured
FROM (
    VALUES
        ('TEA-001', 'First flush, 100 g', 1450, 'Tea', 'Hill Estates', true),
        ('TEA-002', 'Smoked black, 100 g', 1190, 'Tea', 'Hill Estates', false),
        ('COF-001', 'House espresso, 250 g', 890, 'Coffee', 'Harbour Roasters', true),
        ('CUP-001', 'Stoneware cup', 1800, 'Cups', NULL, false)
) AS sample (sku, name, price_cents, category, supplier, featured)
JOIN categories ON categories.name = sample.category
LEFT JOIN suppliers ON suppliers.name = sample.supplier;

INSERT INTO stock_levels (product_id, warehouse, quantity)
SELECT id, 'main', 40 FROM products;
