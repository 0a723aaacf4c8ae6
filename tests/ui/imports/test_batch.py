import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext

from backoffice.core.models import Currency, ImportRow, MessageTemplate, User
from inventory.models import Location, Product, Sku, SupplierItem, Warehouse
from orders.models import Price, TaxRate
from tests.fixtures.imports import bring, carry_out, lines

pytestmark = pytest.mark.usefixtures("quiet_files", "chief")


def details(run):
    return lines(run, "status", "effect", "details")


def test_rows_are_made_changed_and_left_by_their_key(now):
    Product.objects.create(code="P-1", name="Old", category="toys")
    Product.objects.create(code="P-2", name="Same", category="")
    text = "Code,Name,Active\nP-1,New,no\nP-2,Same,yes\nP-3,Third,\n"

    run = bring("inventory.product", text, now)

    assert details(run) == [
        ("READY", "CHANGED", [["is_active", "yes → no"], ["name", "Old → New"]]),
        ("READY", "UNCHANGED", []),
        ("READY", "NEW", []),
    ]
    assert Product.objects.get(code="P-1").name == "Old"
    same = Product.objects.get(code="P-2").updated_at

    job = carry_out(run, now)

    assert (job.status, job.total) == ("DONE", 3)
    found = Product.objects.filter(code__startswith="P-").order_by("code")
    assert list(found.values_list("code", "name", "category", "is_active")) == [
        ("P-1", "New", "toys", False),
        ("P-2", "Same", "", True),
        ("P-3", "Third", "", True),
    ]
    assert found[1].updated_at == same
    assert found[0].updated_at == now


def test_what_was_written_stands_in_the_history_with_who_why_and_in_which_job(now, chief):
    Product.objects.create(code="P-1", name="Old")

    job = carry_out(bring("inventory.product", "code,name\nP-1,New\nP-2,Two\n", now), now)

    told = [
        (row.history_type, row.name, row.history_user_id, row.request_id, row.history_change_reason)
        for row in Product.history.filter(request_id__startswith="job-").order_by("history_id")
    ]
    who = (chief.user_id, f"job-{job.pk}", "inventory.product rows.csv")
    assert sorted(told) == [("+", "Two", *who), ("~", "New", *who)]


def test_an_empty_cell_empties_what_may_be_empty_and_leaves_the_rest(now):
    Product.objects.create(code="P-1", name="One", category="toys", is_active=False)

    run = bring("inventory.product", "code,name,category,is_active\nP-1,,,\n", now)

    assert details(run) == [("READY", "CHANGED", [["category", "toys → –"]])]
    carry_out(run, now)
    found = Product.objects.get(code="P-1")
    assert (found.name, found.category, found.is_active) == ("One", "", False)


def test_errors_name_line_and_column(now, service_sku):
    run = bring(
        "orders.price",
        "sku,currency,unit_price,valid_from\n"
        f"{service_sku.code},EUR,9.99,2026-03-01\n"
        "NO,EUR,9.99,2026-03-01\n"
        f"{service_sku.code},EUR,cheap,yesterday\n"
        f"{service_sku.code},,1,2026-03-02\n",
        now,
    )

    assert lines(run, "line", "status", "details") == [
        (2, "READY", []),
        (3, "REFUSED", [["sku", "There is no SKU “NO”."]]),
        (4, "REFUSED", [["valid_from", "Enter a valid date."]]),
        (5, "REFUSED", [["currency", "is missing"]]),
    ]
    carry_out(run, now)
    assert Price.objects.get().unit_price.as_tuple() == (0, (9, 9, 9, 0, 0), -4)


def test_what_only_the_database_refuses_is_found_among_many(now):
    good = [f"D{n},,standard,0.19,2026-01-01" for n in "ABCDEFGHIJ"]
    bad = "XX,,standard,1.5,2026-01-01"
    text = "\n".join(["country,region,category,rate,valid_from", *good[:7], bad, *good[7:]])

    run = bring("orders.taxrate", text, now)

    refused = ("REFUSED", "Rate must not be negative; rate must be less than 1.")
    assert lines(run, "status", "reason") == [*[("READY", "")] * 7, refused, *[("READY", "")] * 3]
    assert not TaxRate.objects.filter(category="standard", valid_from="2026-01-01").exists()


def test_a_column_that_is_set_once_stays(now):
    warehouse = Warehouse.objects.create(code="W-9", name="Ninth", time_zone="UTC")
    Location.objects.create(warehouse=warehouse, code="A-1", kind="STORAGE")

    run = bring(
        "inventory.location",
        "warehouse,code,kind,pick_order\n"
        f"{warehouse.code},A-1,QUARANTINE,7\n"
        f"{warehouse.code},A-2,STORAGE,8\n",
        now,
    )

    (first, second) = details(run)
    assert first[0] == "REFUSED"
    assert first[2][0][0] == "kind"
    assert first[2][0][1].endswith("it can only be set on a new row.")
    assert second == ("READY", "NEW", [])


def test_choices_are_read_by_value_and_by_name_in_both_languages(now, product_of):
    text = "code,product,name,stock_policy\n"
    rows = [("S-1", "TRACKED"), ("S-2", "untracked"), ("S-3", "odd")]
    text += "".join(f"{code},{product_of},Thing,{policy}\n" for code, policy in rows)

    run = bring("inventory.sku", text, now)

    assert lines(run, "status", "reason")[:2] == [("READY", ""), ("READY", "")]
    assert "“odd” is none of: TRACKED, UNTRACKED" in lines(run, "reason")[2][0]
    carry_out(run, now)
    stored = Sku.objects.filter(code__startswith="S-").order_by("code")
    assert [s.stock_policy for s in stored if s.code in ("S-1", "S-2")] == ["TRACKED", "UNTRACKED"]
    assert Product.objects.get(code=product_of).skus.count() == 2


@pytest.fixture
def product_of(db):
    return Product.objects.create(code="P-1", name="Product").code


def test_who_may_only_change_makes_no_new_rows(now, chief):
    User.objects.filter(pk=chief.user_id).update(is_superuser=False)
    rights = Permission.objects.filter(codename__in=["view_product", "change_product"])
    User.objects.get(pk=chief.user_id).user_permissions.set(rights)
    Product.objects.create(code="P-1", name="Old")

    run = bring("inventory.product", "code,name\nP-1,New\nP-2,Two\n", now)

    assert lines(run, "status", "reason") == [
        ("READY", ""),
        ("REFUSED", "You lack the permission for this."),
    ]


def test_the_queries_do_not_grow_with_the_rows(now):
    def queries(mark, count):
        text = "code,name\n" + "".join(f"{mark}-{n},N{n}\n" for n in range(count))
        run = bring("inventory.product", text, now)
        with CaptureQueriesContext(connection) as found:
            carry_out(run, now)
        return len(found)

    queries("A", 2)
    assert queries("B", 2) == queries("C", 400)
    assert Product.objects.filter(code__startswith="C-").count() == 400
    assert ImportRow.objects.filter(status="DONE").count() == 404


def test_two_preferred_offers_of_a_sku_are_not_both_taken(now, service_sku, supplier):
    other = type(supplier).objects.create(code="S-2", name="Other", currency="EUR")
    head = "supplier,sku,price,currency,minimum_quantity,pack_size,lead_time_days,is_preferred\n"
    text = head + "".join(
        f"{s.code},{service_sku.code},5,EUR,1,1,3,yes\n" for s in (supplier, other)
    )
    SupplierItem.objects.all().delete()

    run = bring("inventory.supplieritem", text, now)

    assert sorted(lines(run, "status")) == [("READY",), ("REFUSED",)]
    carry_out(run, now)
    assert SupplierItem.objects.count() == 1


def test_a_file_in_chinese_is_mapped_by_its_headers(now):
    run = bring("core.messagetemplate", "键,语言,主题,正文\nmine,zh-hans,您好,已发出\n", now)

    carry_out(run, now)
    assert MessageTemplate.objects.get(key="mine").subject == "您好"


def test_rows_whose_key_is_a_text_are_locked_and_changed(now):
    Currency.objects.update_or_create(code="SEK", defaults={"name": "Krone"})

    carry_out(bring("core.currency", "code,name\nSEK,Swedish krona\n", now), now)

    assert Currency.objects.get(code="SEK").name == "Swedish krona"
