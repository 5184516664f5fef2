"""The digest is SHA-256, whichever module it comes from."""

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from aichaos.domain.digest import sha256


@given(st.binary())
def test_it_is_what_hashlib_says(data: bytes) -> None:
    assert sha256(data) == hashlib.sha256(data).hexdigest()
