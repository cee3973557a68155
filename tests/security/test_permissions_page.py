"""The page in the reference is the table that the tests walk."""

from tests.security.matrix import OPERATIONS
from tests.security.permissions_page import PAGE, described, page


def test_the_page_of_permissions_is_made_from_the_matrix() -> None:
    assert PAGE.read_text() == page(), "Run: make permissions"


def test_every_operation_of_the_description_has_a_row() -> None:
    assert {name.partition(":")[0] for name in OPERATIONS} == set(described())
