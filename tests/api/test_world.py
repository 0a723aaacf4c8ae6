from backoffice.core.invariants import check_invariants


def test_the_shop_is_sound(world):
    assert check_invariants() == []
