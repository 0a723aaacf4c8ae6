from collections import Counter
from pathlib import Path

import pytest

from backoffice.replay.facts import Stage
from backoffice.replay.olist.parser import MissingFileError, facts, read_files

DATA = Path(__file__).resolve().parents[3] / "shared" / "data" / "olist"


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(MissingFileError, match="olist_orders_dataset.csv"):
        read_files(tmp_path)


@pytest.mark.skipif(not DATA.exists(), reason="The Olist files are not beside this checkout.")
def test_what_cannot_be_true_is_refused_with_its_reason():
    found = Counter((f.stage, bool(f.refusal)) for f in facts(read_files(DATA)))

    assert found[Stage.PLACE, False] == 7360
    assert found[Stage.PLACE, True] == 775
    assert found[Stage.DELIVER, False] == 5167
    assert found[Stage.DELIVER, True] == 11
