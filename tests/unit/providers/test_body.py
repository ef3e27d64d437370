from hypothesis import given
from hypothesis import strategies as st

from newsletter.providers.body import PIECE, Body, Form, pieces

places = st.sampled_from(["name", "link", "key"])
forms = st.lists(st.binary(max_size=20) | places, max_size=12)
people = st.lists(
    st.fixed_dictionaries({"name": st.binary(max_size=9), "link": st.binary(), "key": st.binary()}),
    max_size=6,
)


@given(forms, people, st.binary(max_size=3), st.binary(max_size=3), st.binary(max_size=3))
def test_a_body_is_its_form_filled_for_each_recipient_in_turn(
    parts: list[bytes | str],
    values: list[dict[str, bytes]],
    before: bytes,
    between: bytes,
    after: bytes,
) -> None:
    body = Body(Form(parts), values, before=before, between=between, after=after)  # type: ignore[arg-type] # keys are hashable

    mails = [
        b"".join(part if isinstance(part, bytes) else own[part] for part in parts) for own in values
    ]
    assert bytes(body) == before + between.join(mails) + after
    assert len(body) == len(bytes(body))


def test_a_large_body_is_written_in_pieces_and_the_same_each_time() -> None:
    mail = b"x" * 40_000
    body = Body(Form([mail, "name"]), [{"name": b"%d" % number} for number in range(100)])

    written = list(body.pieces())

    assert len(written) > 10
    assert max(map(len, written)) < PIECE + len(mail) + 10
    assert written == list(body.pieces())


def test_bytes_are_cut_into_pieces_too() -> None:
    body = bytes(range(256)) * 5000

    cut = list(pieces(body))

    assert b"".join(cut) == body
    assert [len(piece) for piece in cut[:-1]] == [PIECE] * (len(cut) - 1)


def test_bodies_with_the_same_bytes_are_equal() -> None:
    one = Body(Form([b"a", "name"]), [{"name": b"b"}])

    assert one == Body(Form(["name", b"b"]), [{"name": b"a"}])
    assert one != Body(Form([b"a", "name"]), [{"name": b"c"}])
    assert len({one, Body(Form([b"ab"]), [{}])}) == 1
