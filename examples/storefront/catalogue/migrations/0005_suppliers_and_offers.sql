-- Whom to call when a delivery is late.
CREATE TABLE supplier_contacts (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    supplier_id bigint NOT NULL UNIQUE REFERENCES suppliers (id),
    name        text NOT NULL,
    -- defect: repeating-group
    phone1      text,
    phone2      text,
    phone3      text
);

-- defect: entity-attribute-value
CREATE TABLE product_attributes (
    product_id bigint NOT NULL REFERENCES products (id) ON DELETE CASCADE,
    attribute  text NOT NULL,
    value      text NOT NULL,
    PRIMARY KEY (product_id, attribute)
);

-- fd: warehouse -> city
CREATE TABLE warehouse_slots (
    warehouse text NOT NULL,
    slot      integer NOT NULL,
    -- defect: partial-dependency
    city      text NOT NULL,
    PRIMARY KEY (warehouse, slot)
);

CREATE TABLE offers (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code       text NOT NULL UNIQUE,
    -- defect: foreign-key-type-mismatch
    product_id integer NOT NULL REFERENCES products (id),
    -- defect: float-money
    price      double precision NOT NULL CHECK (price > 0)
);

CREATE INDEX offers_product_idx ON offers (product_id);

-- Codes are typed in by hand.
-- defect: duplicate-index
CREATE UNIQUE INDEX offers_code_idx ON offers (code);
