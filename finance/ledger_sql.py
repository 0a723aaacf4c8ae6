"""What the database itself demands of the books, and the rows it begins with."""

# Every statement that writes postings writes whole entries: position 1 is unique within an entry,
# so no later statement can add to it. What is balanced per statement is balanced for ever.
CHECK_POSTINGS = """
CREATE OR REPLACE FUNCTION finance_check_postings() RETURNS trigger LANGUAGE plpgsql AS $body$
DECLARE
  bad record;
BEGIN
  SELECT * INTO bad FROM (
    SELECT entry_id, currency, sum(amount) AS total, min(position) AS first,
      min(effective_on) AS day, max(effective_on) AS last
    FROM written GROUP BY entry_id, currency) w
  -- A look-up for each entry, however long the journal is; an unknown one has no day.
  WHERE w.total <> 0 OR w.day <> w.last OR w.day IS DISTINCT FROM (
      SELECT e.effective_on FROM finance_journalentry e WHERE e.id = w.entry_id)
    OR (w.first <> 1 AND NOT EXISTS (
      SELECT FROM written x WHERE x.entry_id = w.entry_id AND x.position = 1))
  LIMIT 1;
  IF bad.total <> 0 THEN
    RAISE EXCEPTION 'entry % is out of balance by % %', bad.entry_id, bad.total, bad.currency
      USING ERRCODE = 'check_violation';
  ELSIF FOUND THEN
    RAISE EXCEPTION 'entry % is unknown, not whole or of another day', bad.entry_id
      USING ERRCODE = 'check_violation';
  END IF;
  SELECT w.account_id INTO bad FROM (SELECT DISTINCT account_id FROM written) w
  LEFT JOIN finance_ledgeraccount a ON a.id = w.account_id AND a.is_active
  WHERE a.id IS NULL LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'account % is unknown or retired', bad.account_id
      USING ERRCODE = 'check_violation';
  END IF;
  RETURN NULL;
END $body$
"""
# Posting shares a month with others and excludes its closing, which takes the same lock alone.
CHECK_PERIODS = """
CREATE OR REPLACE FUNCTION finance_check_periods() RETURNS trigger LANGUAGE plpgsql AS $body$
DECLARE
  found_month date;
BEGIN
  FOR found_month IN
    SELECT DISTINCT date_trunc('month', effective_on)::date FROM written ORDER BY 1
  LOOP
    PERFORM pg_advisory_xact_lock_shared(
      hashtext('finance period'), found_month - date '2000-01-01');
    IF EXISTS (SELECT FROM finance_accountingperiod p
               WHERE p.month = found_month AND p.status = 'CLOSED') THEN
      RAISE EXCEPTION 'the period % is closed', to_char(found_month, 'YYYY-MM')
        USING ERRCODE = 'check_violation';
    END IF;
  END LOOP;
  RETURN NULL;
END $body$
"""


def _after_insert(name: str, table: str, function: str) -> str:
    return (
        f'CREATE OR REPLACE TRIGGER {name} AFTER INSERT ON "{table}"'
        f" REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION {function}()"
    )


ENTRY_GUARD = [
    CHECK_PERIODS,
    _after_insert("open_period", "finance_journalentry", "finance_check_periods"),
]
POSTING_GUARD = [
    CHECK_POSTINGS,
    _after_insert("balanced", "finance_posting", "finance_check_postings"),
]
EXCLUDE_POSTERS = (
    "SELECT pg_advisory_xact_lock(hashtext('finance period'), m - date '2000-01-01')"
    " FROM unnest(%s::date[]) AS m ORDER BY m"
)

# The accounts of charges are made after every migration: `finance/standing.py`.
CHART = """
INSERT INTO finance_ledgeraccount (code, name, kind, is_active) VALUES
  ('1000', 'Bank', 'ASSET', true),
  ('1100', 'Payment provider clearing', 'ASSET', true),
  ('2000', 'Customers', 'LIABILITY', true),
  ('2100', 'Seller payable', 'LIABILITY', true),
  ('2150', 'Seller reserve', 'LIABILITY', true),
  ('2190', 'Payouts in transit', 'LIABILITY', true),
  ('2200', 'Tax payable', 'LIABILITY', true),
  ('3000', 'Opening balances', 'EQUITY', true),
  ('4000', 'Sales', 'INCOME', true),
  ('5000', 'Goodwill', 'EXPENSE', true),
  ('5100', 'Payment provider fees', 'EXPENSE', true)
ON CONFLICT (code) DO NOTHING
"""
# A currency without a policy needs a second person for every refund.
POLICIES = """
INSERT INTO finance_refundpolicy (currency, approval_above, is_active) VALUES
  ('EUR', 500, true), ('USD', 500, true), ('GBP', 500, true),
  ('CNY', 4000, true), ('BRL', 3000, true), ('JPY', 80000, true)
ON CONFLICT (currency) DO NOTHING
"""
CONTRACT = """
INSERT INTO finance_commissioncontract (name) VALUES ('Standard')
ON CONFLICT DO NOTHING
"""
SERIES = """
INSERT INTO finance_documentseries (code, prefix) VALUES ('INVOICE', 'IN-'), ('CREDIT_NOTE', 'CN-')
ON CONFLICT (code) DO NOTHING
"""
PROVIDERS = """
INSERT INTO finance_paymentprovider (code, name, requests_payments) VALUES
  ('sandbox', 'Sandbox', true), ('manual', 'By hand', false)
ON CONFLICT (code) DO NOTHING
"""
STANDING_ROWS = [CHART, POLICIES, CONTRACT, SERIES, PROVIDERS]
