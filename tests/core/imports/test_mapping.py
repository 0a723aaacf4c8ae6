import pytest

from backoffice.core.imports.mapping import MappingError, checked, guess, plain, remember
from backoffice.core.imports.registry import Column, Importer
from backoffice.core.models import ImportMapping

ITEM = Importer(
    name="test.prices",
    label="prices",
    columns=[
        Column("sku", "SKU"),
        Column("unit_price", "unit price"),
        Column("valid_from", "valid from", is_required=False),
        Column("name", "name", is_required=False),
    ],
    permission="core.view_user",
    load=lambda rows, **options: {},
)


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("Unit_Price", "unit price"),
        ("unit price (EUR)", "unit price"),
        ("单价（元）", "单价"),
        (" SKU * ", "sku"),
    ],
)
def test_headers_are_compared_without_case_marks_and_brackets(header, words):
    assert plain(header) == words


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize(
    ("headers", "mapping"),
    [
        (["SKU", "Unit price", "Valid from"], ["SKU", "Unit price", "Valid from"]),
        (["货号", "单价(元)", "名称"], ["货号", "单价(元)", None, "名称"]),
        (["SKU code", "price", "colour"], ["SKU code", "price"]),
        (["Article"], []),
    ],
)
def test_columns_are_guessed_by_their_words_in_english_and_chinese(headers, mapping):
    names = [column.name for column in ITEM.columns]

    assert guess(ITEM, headers) == {n: h for n, h in zip(names, mapping, strict=False) if h}


def test_the_last_choice_is_remembered_for_a_file_with_the_same_headers(db):
    remember(ITEM, ["Article", "SKU", "Cost"], {"sku": "Article", "unit_price": "Cost"})
    remember(ITEM, ["cost", "article", "sku"], {"sku": "SKU", "unit_price": "Cost"})

    assert ImportMapping.objects.count() == 1
    assert guess(ITEM, ["Article", "SKU", "Cost"]) == {"sku": "SKU", "unit_price": "Cost"}
    assert guess(ITEM, ["Article", "SKU"]) == {"sku": "SKU"}


def test_a_mapping_gives_each_columns_place():
    assert checked(ITEM, ["a", "b"], {"unit_price": "a", "sku": "b"}) == {"unit_price": 0, "sku": 1}


@pytest.mark.parametrize(
    ("mapping", "words"),
    [
        ({"name": "a"}, "Choose which column of the file is: SKU, unit price."),
        ({"sku": "a", "unit_price": "c"}, "The file has no column c."),
        ({"sku": "a", "unit_price": "b", "odd": "a"}, "The file has no column a."),
    ],
)
def test_a_wrong_mapping_says_what_is_wrong(mapping, words):
    with pytest.raises(MappingError) as refused:
        checked(ITEM, ["a", "b"], mapping)

    assert str(refused.value) == words
