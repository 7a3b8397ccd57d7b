"""What comes from PostgreSQL is asked for so that its plan fits sums of many accounts."""

import narwhals as nw
import pytest

from kamlab.sources.fetch import brought


@pytest.mark.postgres
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_sums_of_sums_are_not_joined_by_comparing_each_with_each(postgres_server):
    import ibis

    base = ibis.connect(postgres_server)
    asked = "SELECT current_setting('enable_nestloop') AS allowed"

    found = brought(nw.from_native(base.sql(asked, schema={"allowed": "string"})))

    assert found["allowed"].to_pylist() == ["off"]
    with base.raw_sql(asked) as cursor:  # as it was for whatever else the session asks
        assert cursor.fetchall() == [("on",)]
    base.disconnect()
