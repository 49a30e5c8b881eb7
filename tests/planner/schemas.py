"""Three schemas of different sorts, on which rewrites are judged."""

from __future__ import annotations

from tests.planner.conftest import script

LIBRARY = script("""
CREATE TYPE state AS ENUM ('open', 'lent', 'lost');
CREATE TABLE authors (id integer PRIMARY KEY, name text NOT NULL, born integer);
CREATE TABLE members (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, email text NOT NULL UNIQUE, name text,
  joined date NOT NULL, branch integer, active boolean NOT NULL DEFAULT true
);
CREATE TABLE books (
  id bigint PRIMARY KEY, isbn varchar(13) UNIQUE, title text NOT NULL, author_id integer REFERENCES authors (id),
  pages integer, price numeric(8, 2), state state NOT NULL DEFAULT 'open', tags text[], added timestamp NOT NULL
);
CREATE TABLE loans (
  member_id bigint NOT NULL REFERENCES members (id), book_id bigint NOT NULL REFERENCES books (id),
  taken timestamp NOT NULL, due date, returned timestamp, PRIMARY KEY (member_id, book_id, taken)
);
""")

CLINIC = script("""
CREATE TABLE patients (id uuid PRIMARY KEY, code text NOT NULL UNIQUE, born date, weight real, city text);
CREATE TABLE doctors (
  id integer PRIMARY KEY, name text NOT NULL, ward text, chief_id integer REFERENCES doctors (id)
);
CREATE TABLE visits (
  id bigint PRIMARY KEY, patient_id uuid NOT NULL REFERENCES patients (id), doctor_id integer REFERENCES doctors (id),
  at timestamptz NOT NULL, minutes integer CHECK (minutes > 0),
  kind text NOT NULL CHECK (kind IN ('new', 'check', 'emergency')), data jsonb
);
CREATE TABLE results (
  visit_id bigint REFERENCES visits (id), name text, value double precision, taken timestamp, grade smallint,
  PRIMARY KEY (visit_id, name)
);
""")

LEDGER = script("""
CREATE TABLE accounts (
  id integer PRIMARY KEY, number text NOT NULL UNIQUE, owner text NOT NULL, kind char(1) NOT NULL,
  parent_id integer REFERENCES accounts (id), opened timestamp NOT NULL, ceiling numeric(12, 2)
);
CREATE TABLE entries (
  id bigint PRIMARY KEY, account_id integer NOT NULL REFERENCES accounts (id), other_id integer REFERENCES accounts (id),
  amount numeric(12, 2) NOT NULL CHECK (amount <> 0), booked date NOT NULL, valued date, label text, batch integer
);
CREATE TABLE rates (currency char(3), day date, rate numeric NOT NULL, PRIMARY KEY (currency, day));
CREATE TABLE periods (account_id integer REFERENCES accounts (id), year integer, closed boolean, UNIQUE (account_id, year));
""")

SCHEMAS = {"library": LIBRARY, "clinic": CLINIC, "ledger": LEDGER}
