"""Queries for which some rewrite is offered, by schema; every rewrite has several."""

from __future__ import annotations

# fmt: off
LIBRARY = """
SELECT book_id FROM loans WHERE taken::date = '2024-02-29'
SELECT book_id, member_id FROM loans WHERE date(taken) > '2024-02-28' AND due IS NULL
SELECT book_id FROM loans WHERE taken::date <= $1 AND member_id = 1
SELECT book_id FROM loans WHERE taken::date BETWEEN $1 AND '2024-12-31'
SELECT book_id FROM loans WHERE NOT (date(taken) = '2024-01-31') OR returned IS NOT NULL
SELECT book_id FROM loans WHERE extract(year FROM taken) = 2024
SELECT book_id FROM loans WHERE extract(year FROM due) > 2023
SELECT book_id FROM loans WHERE extract(year FROM returned) BETWEEN 2023 AND 2024
SELECT book_id FROM loans WHERE date_trunc('month', returned) = '2024-12-01'
SELECT book_id FROM loans WHERE date_trunc('year', taken) < '2024-01-01'
SELECT book_id FROM loans WHERE date_trunc('day', taken) >= '2024-02-29'
SELECT book_id FROM loans WHERE '2024-02-29' < taken::date
SELECT id FROM books WHERE pages + 10 > 12
SELECT id FROM books WHERE pages - 2 <= -1 OR title = 'a'
SELECT id FROM books WHERE 1 + pages = 3
SELECT id FROM books WHERE pages * 3 >= 6
SELECT id FROM books WHERE price + 1.5 < 3
SELECT id FROM books WHERE price - 1 = 0.5
SELECT id FROM books WHERE coalesce(pages, 0) = 2
SELECT id FROM books WHERE coalesce(pages, 0) = 0 AND title <> 'a'
SELECT id FROM books WHERE coalesce(pages, 5) > 3
SELECT id FROM books WHERE coalesce(title, 'x') = 'a' OR pages = 1
SELECT id FROM books WHERE coalesce(isbn, '') = ''
SELECT id FROM books WHERE left(title, 2) = 'ab'
SELECT id FROM books WHERE substr(title, 1, 1) = 'a'
SELECT id FROM books WHERE substring(isbn, 1, 2) = 'ab' AND pages > 0
SELECT id FROM books WHERE id::text = '2'
SELECT id FROM books WHERE state::text = 'lent'
SELECT id FROM authors WHERE id NOT IN (SELECT author_id FROM books WHERE author_id IS NOT NULL)
SELECT id FROM members WHERE id NOT IN (SELECT member_id FROM loans)
SELECT m.name FROM members m WHERE m.id NOT IN (SELECT l.member_id FROM loans l WHERE l.returned IS NULL OR l.due > '2024-01-01')
SELECT id FROM books WHERE id NOT IN (SELECT book_id FROM loans WHERE returned IS NULL) AND pages > 1
SELECT id FROM members WHERE id IN (SELECT member_id FROM loans WHERE due > '2024-02-29')
SELECT id FROM members WHERE active AND (branch = 1 OR id IN (SELECT member_id FROM loans))
SELECT name FROM authors WHERE born IN (SELECT pages FROM books)
SELECT a.name FROM authors a WHERE EXISTS (SELECT 1 FROM books b WHERE b.author_id = a.id AND b.pages > 2)
SELECT a.name FROM authors a WHERE EXISTS (SELECT * FROM books WHERE a.born = pages)
SELECT id, (SELECT count(*) FROM loans l WHERE l.member_id = m.id) AS loans FROM members m
SELECT name, (SELECT count(returned) FROM loans WHERE member_id = members.id AND due IS NOT NULL) FROM members WHERE active
SELECT a.id, (SELECT max(price) FROM books b WHERE b.author_id = a.id) AS dearest FROM authors a ORDER BY a.id
SELECT a.id, (SELECT sum(pages) FROM books b JOIN loans l ON l.book_id = b.id WHERE b.author_id = a.id) FROM authors a
SELECT id FROM books b WHERE price > (SELECT avg(x.price) FROM books x WHERE x.author_id = b.author_id)
SELECT b.title FROM books b WHERE (SELECT min(taken) FROM loans WHERE book_id = b.id) >= b.added
SELECT id FROM books WHERE author_id = 1 OR title = 'ab'
SELECT id, title FROM books WHERE (author_id = $1 OR isbn = $2) AND pages IS NOT NULL
SELECT pages FROM books WHERE pages = 2 OR price = 1 OR title = 'a'
SELECT m.id, m.email FROM members m JOIN loans l ON l.member_id = m.id WHERE l.book_id = 1 OR m.branch = 2
SELECT DISTINCT id, title FROM books
SELECT DISTINCT email FROM members WHERE active
SELECT DISTINCT b.id, a.name FROM books b LEFT JOIN authors a ON a.id = b.author_id
SELECT DISTINCT b.id FROM books b JOIN authors a ON a.id = b.author_id WHERE a.born > 2
SELECT DISTINCT member_id, book_id, taken FROM loans WHERE due IS NOT NULL
SELECT DISTINCT branch, count(*) FROM members GROUP BY branch
SELECT DISTINCT a.id, a.name FROM authors a JOIN books b ON b.author_id = a.id
SELECT DISTINCT m.email, m.id FROM members m JOIN loans l ON l.member_id = m.id WHERE l.returned IS NULL AND m.active ORDER BY m.id
SELECT DISTINCT m.id FROM members m JOIN loans l ON l.member_id = m.id AND (l.due > '2024-01-01' OR l.due IS NULL) JOIN books b ON b.id = l.book_id
SELECT DISTINCT b.id, b.title FROM books b JOIN loans l ON l.book_id = b.id WHERE l.member_id = 1 LIMIT 3
SELECT id, email FROM members GROUP BY id, email
SELECT b.id, b.title FROM books b JOIN authors a ON a.id = b.author_id GROUP BY b.id, b.title
SELECT id FROM members WHERE id IN (SELECT DISTINCT member_id FROM loans)
SELECT id FROM members m WHERE EXISTS (SELECT DISTINCT book_id FROM loans WHERE member_id = m.id)
SELECT count(DISTINCT id) FROM books WHERE pages > 1
SELECT count(DISTINCT b.id), max(a.born) FROM books b JOIN authors a ON a.id = b.author_id
SELECT id FROM members m WHERE (SELECT count(*) FROM loans WHERE member_id = m.id) > 0
SELECT id FROM members m WHERE (SELECT count(*) FROM loans l WHERE l.member_id = m.id AND l.returned IS NULL) = 0
SELECT id, (SELECT count(due) FROM loans WHERE member_id = members.id) >= 1 AS has_due FROM members
SELECT count(*) > 0 AS some FROM loans WHERE due < '2024-02-29'
SELECT count(isbn) = 0 AS none FROM books WHERE pages > 1
SELECT b.id FROM books b LEFT JOIN authors a ON a.id = b.author_id
SELECT b.id, b.title FROM books b LEFT JOIN authors a ON b.author_id = a.id AND a.born > 1 WHERE b.pages > 1
SELECT l.book_id FROM loans l JOIN members m ON m.id = l.member_id WHERE l.due IS NULL
SELECT b.title FROM books b JOIN authors a ON a.id = b.author_id
SELECT b.title FROM loans l JOIN books b ON b.id = l.book_id JOIN members m ON m.id = l.member_id
SELECT id FROM books WHERE pages = 1 UNION SELECT id FROM books WHERE pages = 2
SELECT 'author' AS what, id FROM authors UNION SELECT 'member', id FROM members
SELECT branch, count(*) FROM members GROUP BY branch HAVING branch > 1
SELECT branch, active, count(*) FROM members GROUP BY branch, active HAVING branch = 1 AND count(*) > 1
SELECT branch FROM members WHERE active OR branch > 2 GROUP BY branch HAVING branch IS NOT NULL
SELECT * FROM books
SELECT b.*, a.name FROM books b JOIN authors a ON a.id = b.author_id
SELECT * FROM loans l JOIN members m ON m.id = l.member_id
"""

CLINIC = """
SELECT id FROM visits WHERE minutes + 5 > 15
SELECT id FROM visits WHERE minutes - 5 = 5 OR kind = 'new'
SELECT id FROM visits WHERE at + interval '2 hours' > now()
SELECT id FROM visits WHERE now() < at - interval '30 minutes'
SELECT id FROM patients p WHERE (code <> 'a' AND city = 'ab') AND id NOT IN (SELECT patient_id FROM visits)
SELECT DISTINCT p.id FROM patients p JOIN visits v ON v.patient_id = p.id WHERE (v.kind = 'new' AND p.city = 'ab') AND v.minutes > 1
SELECT visit_id FROM results WHERE taken + interval '3 days' > localtimestamp
SELECT visit_id FROM results WHERE taken::date = '2024-03-10'
SELECT visit_id, name FROM results WHERE date(taken) >= '2024-03-10' AND grade > 1
SELECT visit_id FROM results WHERE date_part('year', taken) = 2024
SELECT id FROM patients WHERE extract(year FROM born) < 2001
SELECT id FROM patients WHERE id::text = '00000000-0000-0000-0000-000000000001'
SELECT code FROM patients WHERE left(code, 1) = 'a'
SELECT code FROM patients WHERE coalesce(city, 'ab') = 'ab'
SELECT code FROM patients WHERE coalesce(city, '') = 'ab'
SELECT visit_id FROM results WHERE coalesce(grade, 3) <= 2
SELECT visit_id FROM results WHERE coalesce(grade, 1) < 2 AND value > 1
SELECT visit_id FROM results WHERE grade::text = '2'
SELECT visit_id FROM results WHERE grade * 2 = 4
SELECT r.visit_id FROM visits v LEFT JOIN results r ON r.visit_id = v.id WHERE coalesce(r.name, 'x') = 'a'
SELECT id FROM patients WHERE id NOT IN (SELECT patient_id FROM visits)
SELECT id FROM doctors WHERE id NOT IN (SELECT doctor_id FROM visits WHERE doctor_id IS NOT NULL AND kind = 'new')
SELECT id FROM visits WHERE id NOT IN (SELECT visit_id FROM results WHERE grade > 2) AND minutes > 10
SELECT id FROM patients p WHERE city IS NOT NULL AND id IN (SELECT patient_id FROM visits WHERE minutes > 10)
SELECT id FROM doctors WHERE ward IN (SELECT city FROM patients)
SELECT v.id FROM visits v WHERE v.kind = 'new' OR v.id IN (SELECT visit_id FROM results)
SELECT d.id FROM doctors d WHERE EXISTS (SELECT 1 FROM visits v WHERE v.doctor_id = d.id)
SELECT d.id FROM doctors d WHERE EXISTS (SELECT 1 FROM doctors c WHERE c.chief_id = d.id AND c.ward = 'a') OR d.ward = 'b'
SELECT p.id, (SELECT count(*) FROM visits v WHERE v.patient_id = p.id) FROM patients p
SELECT p.id, (SELECT count(*) FROM visits v WHERE v.patient_id = p.id AND v.kind = 'new') AS first_visits FROM patients p WHERE p.city = 'ab'
SELECT d.id, (SELECT max(minutes) FROM visits v WHERE v.doctor_id = d.id) FROM doctors d
SELECT d.id, (SELECT bool_and(minutes > 10) FROM visits v WHERE v.doctor_id = d.id) AS long_ones FROM doctors d
SELECT d.id, (SELECT min(c.name) FROM doctors c WHERE c.chief_id = d.id) AS first_name FROM doctors d
SELECT v.id FROM visits v WHERE v.minutes > (SELECT avg(minutes) FROM visits x WHERE x.doctor_id = v.doctor_id)
SELECT v.id FROM visits v WHERE v.at = (SELECT max(at) FROM visits x WHERE x.patient_id = v.patient_id)
SELECT v.id FROM visits v LEFT JOIN doctors d ON d.id = v.doctor_id WHERE (SELECT min(grade) FROM results r WHERE r.visit_id = v.id) < 2
SELECT id FROM visits WHERE doctor_id = 1 OR kind = 'new'
SELECT id FROM visits WHERE patient_id = $1 OR doctor_id = $2
SELECT v.id, d.name FROM visits v LEFT JOIN doctors d ON d.id = v.doctor_id WHERE d.ward = 'a' OR v.minutes = 10
SELECT id FROM patients WHERE city = 'ab' OR born = '2000-01-01' OR code = '1'
SELECT DISTINCT id, city FROM patients
SELECT DISTINCT code FROM patients WHERE city IS NULL
SELECT DISTINCT v.id, d.name FROM visits v JOIN doctors d ON d.id = v.doctor_id
SELECT DISTINCT r.visit_id, r.name, v.kind FROM results r JOIN visits v ON v.id = r.visit_id
SELECT DISTINCT r.name FROM results r WHERE r.visit_id = 1
SELECT DISTINCT p.id, p.code FROM patients p JOIN visits v ON v.patient_id = p.id WHERE v.kind = 'emergency'
SELECT DISTINCT d.id, d.ward FROM doctors d JOIN doctors c ON c.chief_id = d.id WHERE c.ward = 'a' OR c.ward IS NULL
SELECT DISTINCT v.id FROM visits v JOIN results r ON r.visit_id = v.id AND r.grade > 1 WHERE v.minutes > 10
SELECT DISTINCT v.id, d.name FROM visits v LEFT JOIN doctors d ON d.id = v.doctor_id JOIN results r ON r.visit_id = v.id
SELECT kind, max(minutes) FROM visits GROUP BY kind HAVING kind <> 'new'
SELECT doctor_id, kind, count(*) FROM visits GROUP BY doctor_id, kind HAVING doctor_id = 1 AND kind = 'new'
SELECT d.ward, count(*) FROM doctors d LEFT JOIN visits v ON v.doctor_id = d.id GROUP BY d.ward HAVING d.ward = 'a' OR d.ward IS NULL
SELECT id, code FROM patients GROUP BY id, code, city
SELECT count(DISTINCT code) FROM patients
SELECT count(DISTINCT id) FROM visits WHERE minutes > 10
SELECT id FROM doctors d WHERE (SELECT count(*) FROM visits WHERE doctor_id = d.id) <> 0
SELECT id FROM doctors d WHERE 1 <= (SELECT count(*) FROM visits WHERE doctor_id = d.id)
SELECT id FROM doctors d WHERE NOT (SELECT count(v.id) FROM visits v WHERE v.doctor_id = d.id) > 0
SELECT count(*) = 0 AS empty FROM results WHERE grade > 2
SELECT (SELECT count(*) FROM visits WHERE kind = 'new') > 0
SELECT v.id FROM visits v LEFT JOIN doctors d ON d.id = v.doctor_id
SELECT v.id FROM visits v JOIN doctors d ON d.id = v.doctor_id
SELECT v.id FROM visits v JOIN patients p ON p.id = v.patient_id WHERE v.kind = 'new'
SELECT v.id, c.name FROM visits v LEFT JOIN doctors d ON d.id = v.doctor_id LEFT JOIN doctors c ON c.id = d.chief_id LEFT JOIN patients p ON p.id = v.patient_id
SELECT r.grade FROM results r JOIN visits v ON v.id = r.visit_id
SELECT id FROM visits WHERE kind = 'new' UNION SELECT id FROM visits WHERE kind = 'check'
SELECT id, 1 AS part FROM doctors UNION SELECT id, 2 FROM visits
SELECT * FROM doctors WHERE ward = 'a'
SELECT * FROM visits v JOIN doctors d ON d.id = v.doctor_id ORDER BY v.id LIMIT 3
"""

LEDGER = """
SELECT id FROM entries WHERE amount + 1 > 3
SELECT id FROM entries WHERE amount - 0.5 <= 1
SELECT id FROM entries WHERE batch = 2.0
SELECT id FROM entries WHERE batch >= 1.5 OR label = 'a'
SELECT id FROM entries WHERE account_id < 2.5 AND batch <> 1.0
SELECT id FROM entries WHERE 2 + batch < 4 AND label = 'a'
SELECT id FROM entries WHERE batch * 2 <= 4
SELECT id FROM accounts WHERE opened::date = '2024-01-01'
SELECT id FROM accounts WHERE date(opened) < $1
SELECT id FROM accounts WHERE extract(year FROM opened) >= 2024
SELECT id FROM accounts WHERE date_trunc('month', opened) >= '2024-02-01' AND owner = 'a'
SELECT id FROM entries WHERE extract(year FROM booked) = 2024 OR batch = 1
SELECT id FROM accounts WHERE id::text = '3'
SELECT id FROM accounts WHERE substr(number, 1, 2) = 'ab'
SELECT id FROM entries WHERE coalesce(label, 'a') = 'a'
SELECT id FROM entries WHERE coalesce(batch, 0) >= 2
SELECT id FROM entries WHERE coalesce(other_id, 1) = 1
SELECT id FROM accounts WHERE coalesce(owner, 'none') = 'a'
SELECT id FROM accounts WHERE id NOT IN (SELECT account_id FROM entries)
SELECT id FROM accounts WHERE id NOT IN (SELECT other_id FROM entries WHERE other_id > 1)
SELECT a.owner FROM accounts a WHERE a.id NOT IN (SELECT c.parent_id FROM accounts c WHERE c.parent_id IS NOT NULL)
SELECT id FROM accounts WHERE id IN (SELECT account_id FROM entries WHERE amount > 1 OR batch = 2)
SELECT id FROM entries WHERE batch IN (SELECT year FROM periods WHERE closed)
SELECT a.id FROM accounts a WHERE EXISTS (SELECT 1 FROM entries e WHERE a.id = e.account_id AND e.amount > 2)
SELECT a.id FROM accounts a WHERE a.kind = 'a' AND EXISTS (SELECT 1 FROM accounts c WHERE c.parent_id = a.id)
SELECT a.id, (SELECT sum(amount) FROM entries e WHERE e.account_id = a.id) AS balance FROM accounts a
SELECT a.id, (SELECT count(*) FROM accounts c WHERE c.parent_id = a.id) FROM accounts a WHERE a.owner = 'a'
SELECT a.id, a.owner, (SELECT max(booked) FROM entries e WHERE e.other_id = a.id AND e.batch IS NOT NULL) FROM accounts a ORDER BY a.id LIMIT 3
SELECT p.year, (SELECT count(*) FROM entries e WHERE e.account_id = p.account_id) FROM periods p
SELECT e.id FROM entries e WHERE e.amount = (SELECT max(amount) FROM entries x WHERE x.account_id = e.account_id)
SELECT e.id FROM entries e WHERE e.amount > (SELECT avg(x.amount) FROM entries x WHERE x.batch = e.batch) AND e.label IS NULL
SELECT e.id FROM entries e JOIN accounts a ON a.id = e.account_id WHERE (SELECT min(year) FROM periods p WHERE p.account_id = a.id) < e.batch
SELECT id FROM entries WHERE account_id = 1 OR other_id = 1
SELECT id, amount FROM entries WHERE booked = '2024-01-01' OR (batch = 1 AND amount > 1)
SELECT e.id FROM entries e JOIN accounts a ON a.id = e.account_id WHERE (a.owner = 'a' OR e.batch = 2) AND e.amount > 0
SELECT account_id FROM periods WHERE closed OR year = 2
SELECT DISTINCT id, owner FROM accounts WHERE kind = 'a'
SELECT DISTINCT number FROM accounts
SELECT DISTINCT currency, day, rate FROM rates
SELECT DISTINCT day, rate FROM rates WHERE currency = 'ab'
SELECT DISTINCT e.id, a.owner, p.owner FROM entries e JOIN accounts a ON a.id = e.account_id LEFT JOIN accounts p ON p.id = a.parent_id
SELECT DISTINCT e.id FROM entries e LEFT JOIN periods p ON p.account_id = e.account_id AND p.year = 1
SELECT DISTINCT a.id, a.number FROM accounts a JOIN entries e ON e.account_id = a.id WHERE e.amount > 1 AND a.kind = 'a'
SELECT DISTINCT a.owner, a.id FROM accounts a JOIN accounts c ON c.parent_id = a.id
SELECT DISTINCT a.number FROM accounts a JOIN periods p ON p.account_id = a.id WHERE p.closed
SELECT DISTINCT e.id FROM entries e JOIN accounts a ON a.id = e.account_id JOIN periods p ON p.account_id = a.id WHERE a.owner = 'a' AND p.year = 2
SELECT id, number, owner FROM accounts GROUP BY id, number, owner
SELECT currency, day FROM rates WHERE rate > 1 GROUP BY currency, day
SELECT account_id, sum(amount) FROM entries GROUP BY account_id HAVING account_id > 1 AND sum(amount) > 1
SELECT booked, count(*) FROM entries WHERE batch = 1 OR batch = 2 GROUP BY booked HAVING booked >= '2024-01-01'
SELECT kind, owner FROM accounts GROUP BY kind, owner HAVING kind = owner
SELECT count(DISTINCT id) FROM accounts
SELECT count(DISTINCT number), min(owner) FROM accounts WHERE parent_id IS NULL
SELECT id FROM accounts a WHERE (SELECT count(*) FROM entries e WHERE e.account_id = a.id) = 0
SELECT id FROM accounts a WHERE (SELECT count(valued) FROM entries e WHERE e.account_id = a.id) > 0
SELECT id FROM accounts a WHERE (SELECT count(1) FROM periods WHERE account_id = a.id AND closed) < 1 OR a.kind = 'a'
SELECT count(*) > 0 AS found FROM entries WHERE label = 'a'
SELECT e.id FROM entries e LEFT JOIN accounts a ON a.id = e.other_id
SELECT e.id, p.owner FROM entries e JOIN accounts a ON a.id = e.account_id LEFT JOIN accounts p ON p.id = e.other_id
SELECT e.amount FROM entries e JOIN accounts a ON a.id = e.other_id WHERE e.batch = 1
SELECT e.amount FROM entries e LEFT JOIN periods p ON p.account_id = e.account_id AND p.year = e.batch
SELECT sum(e.amount) FROM entries e JOIN accounts a ON a.id = e.account_id
SELECT p.year FROM periods p JOIN accounts a ON a.id = p.account_id
SELECT id, owner FROM accounts WHERE owner = 'a' UNION SELECT id, owner FROM accounts WHERE owner = 'b'
SELECT 'in' AS way, id FROM entries WHERE amount > 0 UNION SELECT 'out' AS way, id FROM entries WHERE amount < 0
SELECT DISTINCT id FROM accounts WHERE id = 1 UNION SELECT id FROM accounts WHERE id = 2
SELECT * FROM entries e WHERE e.batch = 1
SELECT e.*, a.owner FROM entries e JOIN accounts a ON a.id = e.account_id
SELECT * FROM rates ORDER BY currency, day LIMIT 3 OFFSET 1
"""
# fmt: on

QUERIES = {
    name: [line for line in text.strip().splitlines() if line]
    for name, text in (("library", LIBRARY), ("clinic", CLINIC), ("ledger", LEDGER))
}
