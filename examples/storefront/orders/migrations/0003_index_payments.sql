-- Reconciliation looks payments up by their order.
CREATE INDEX payments_order_idx ON payments (order_id);
