"""Free notes put together: by whole sentences or not at all (P2: no word lost, P3: no invented testimony)."""

import time
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync.text import merge, sentences

COMMON = "Two vans stood at the corner. Nobody got out. A dog barked. It rained."


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        ("", []),
        ("One.", ["One."]),
        ("One. Two! Three? Four", ["One. ", "Two! ", "Three? ", "Four"]),
        ("One…  Two", ["One…  ", "Two"]),
        ("First line\nsecond line\n\nthird", ["First line\n", "second line\n\n", "third"]),
        ("\nOne", ["\n", "One"]),
        ("One.\n", ["One.\n"]),
        ('He said "Go." "Why?" asked I.', ['He said "Go." ', '"Why?" asked I.']),
        ("(One.) [Two.] Three", ["(One.) ", "[Two.] ", "Three"]),
        ("At nine. 2 vans came.", ["At nine. ", "2 vans came."]),
        ("Gone. École", ["Gone. ", "École"]),
        ("Plate AB.12 and more. and more", ["Plate AB.12 and more. and more"]),
    ],
)
def test_a_text_is_cut_where_a_sentence_surely_ends(text: str, cut: list[str]) -> None:
    assert sentences(text) == cut


WRITTEN_SHORT = """
    St Ave Blvd Rd Dr Pl Ct Pkwy Hwy No Nos Ofc Off Sgt Det Lt Capt Cmdr Supv Agt Mr Mrs Ms Jr Sr Dept Dist Bldg Apt Fl
    approx ca vs etc e.g i.e a.m p.m U.S Jan Feb Mar Apr Jun Jul Aug Sep Sept Oct Nov Dec J ST sgt
"""


@pytest.mark.parametrize("short", WRITTEN_SHORT.split())
@pytest.mark.parametrize("before", ["", "Seen by ", "Seen (", 'Seen "'])
def test_an_abbreviation_ends_no_sentence(short: str, before: str) -> None:
    """A sentence cut in two could be put together from two authors."""
    text = f"{before}{short}. Miller left"
    assert sentences(text) == [text]


@pytest.mark.parametrize("word", ["coast", "dad", "island", "Nomad", "almost"])
def test_a_word_that_ends_like_an_abbreviation_ends_its_sentence(word: str) -> None:
    assert sentences(f"To the {word}. He left.") == [f"To the {word}. ", "He left."]


def test_after_an_abbreviation_the_next_end_is_found() -> None:
    assert sentences("At St. Paul he ran. Sgt. Miller left. I stayed.") == [
        "At St. Paul he ran. ",
        "Sgt. Miller left. ",
        "I stayed.",
    ]


def test_a_line_ends_a_sentence_even_after_an_abbreviation() -> None:
    assert sentences("Approx.\nTwo vans") == ["Approx.\n", "Two vans"]


def test_an_abbreviation_is_only_looked_for_in_its_own_sentence() -> None:
    """A short sentence after another one is whole, whatever stood before it."""
    assert sentences("Rd\n. Two") == ["Rd\n", ". ", "Two"]


@pytest.mark.parametrize(
    ("one", "other", "both"),
    [
        (
            COMMON.replace("Two", "Three"),
            COMMON.replace("rained", "snowed"),
            "Three vans stood at the corner. Nobody got out. A dog barked. It snowed.",
        ),
        ("It was late. " + COMMON, COMMON + " Then it stopped.", "It was late. " + COMMON + " Then it stopped."),
        (COMMON, COMMON + " I left.", COMMON + " I left."),
        (COMMON.replace("Two", "Three"), COMMON.replace("Two", "Three"), COMMON.replace("Two", "Three")),
        (
            COMMON.replace("Two vans stood at the corner. ", ""),
            COMMON.replace("It rained.", "It snowed."),
            "Nobody got out. A dog barked. It snowed.",
        ),
    ],
    ids=["far apart", "before and after", "only one changed", "both the same", "one took a sentence out"],
)
def test_changes_of_different_sentences_stand_together(one: str, other: str, both: str) -> None:
    assert merge(COMMON, one, other) == merge(COMMON, other, one) == both


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (COMMON.replace("Two", "Three"), COMMON.replace("corner", "school")),
        (COMMON.replace("Nobody", "A man"), COMMON.replace("dog", "man")),
        (COMMON + " I left.", COMMON + " We left."),
        (COMMON.replace("A dog", "I saw. A dog"), COMMON.replace("A dog", "I heard. A dog")),
        (COMMON.replace("Nobody got out. ", ""), COMMON.replace("Nobody", "A man")),
        (COMMON.replace("A dog", "I saw. A dog"), COMMON.replace("Nobody", "A man")),
    ],
    ids=["one sentence", "neighbours", "both at the end", "one place", "out and changed", "beside a change"],
)
def test_changes_that_touch_are_for_a_person_to_settle(one: str, other: str) -> None:
    assert merge(COMMON, one, other) is None
    assert merge(COMMON, other, one) is None


def test_what_both_wrote_alike_stands_once_beside_what_one_wrote_alone() -> None:
    both = COMMON.replace("Two", "Three")
    assert merge(COMMON, both, both.replace("rained", "snowed")) == both.replace("rained", "snowed")


def test_one_untouched_sentence_between_two_changes_is_enough_and_none_is_not() -> None:
    assert merge("One. Two. Three.", "Eins. Two. Three.", "One. Two. Drei.") == "Eins. Two. Drei."
    assert merge("One. Two. Three.", "Eins. Two. Three.", "One. Zwei. Three.") is None


WORDS = st.sampled_from(["South", "East", "North", "St", "He", "7", "he", "Sgt"])
ENDS = st.sampled_from([". ", "! ", "\n", "? ", '." ', " ", ".) ", ".\n\n"])
TEXTS = st.lists(st.builds(str.__add__, WORDS, ENDS), max_size=8).map("".join) | st.text(
    alphabet='AbcSt.!?…"”)( \n1', max_size=30
)
SENTENCES = st.lists(
    st.sampled_from([f"Word {letter} here. " for letter in "ABCDEFGHIJ"]), min_size=3, max_size=8, unique=True
)


@st.composite
def rewritten(draw: st.DrawFn) -> tuple[str, str, str]:
    """A text of several sentences, and what two authors made of it: sentences kept, changed, out, added to."""
    common = draw(SENTENCES)
    authors = []
    for name in ("Ann", "Bob"):
        kinds = st.lists(st.sampled_from("kkkkcda"), min_size=len(common), max_size=len(common))
        text = ""
        for each, kind in zip(common, draw(kinds), strict=True):
            added = f"{name} saw {each}"
            text += {"k": each, "c": added, "d": "", "a": each + added}[kind]
        authors.append(text)
    return "".join(common), authors[0], authors[1]


TRIPLES = rewritten() | st.tuples(TEXTS, TEXTS, TEXTS)


@given(TEXTS)
def test_cutting_loses_nothing(text: str) -> None:
    assert "".join(sentences(text)) == text
    assert all(sentences(text))


@settings(max_examples=300, deadline=None)
@given(TRIPLES)
def test_it_does_not_matter_who_is_named_first(texts: tuple[str, str, str]) -> None:
    common, one, other = texts
    assert merge(common, one, other) == merge(common, other, one)


@given(TEXTS, TEXTS)
def test_where_only_one_wrote_or_both_the_same_that_text_stands_as_it_is(common: str, one: str) -> None:
    assert merge(common, one, common) == one
    assert merge(common, one, one) == one


@settings(max_examples=250, deadline=None)
@given(TRIPLES)
def test_neighbouring_sentences_stand_side_by_side_in_what_one_author_wrote(texts: tuple[str, str, str]) -> None:
    """P3: every sentence is somebody's own, and so is what it follows: nothing reads as nobody wrote it."""
    common, one, other = texts
    merged = merge(common, one, other)
    if merged is not None:
        written = {pair for text in (one, other) for pair in pairwise(["", *sentences(text), ""])}
        assert set(pairwise(["", *sentences(merged), ""])) <= written


@settings(max_examples=200, deadline=None)
@given(rewritten())
def test_no_sentence_that_an_author_added_is_left_out(texts: tuple[str, str, str]) -> None:
    """P2, where the text is merged and not left to a person."""
    common, one, other = texts
    merged = merge(common, one, other)
    if merged is not None:
        added = {each.strip() for text in (one, other) for each in sentences(text)} - {
            each.strip() for each in sentences(common)
        }
        assert all(each in merged for each in added)


@pytest.mark.parametrize("text", ["a\n" * 5000, "a\nb\n" * 2500, "A. " * 3333, "." * 10_000, '."' * 5000])
def test_a_long_text_that_repeats_itself_keeps_nobody_waiting(text: str) -> None:
    """A push is answered in one transaction: minutes in here would be minutes for everybody."""
    begun = time.process_time()
    merge("a\n" * 5000, text, "b\na\n" * 2500)
    assert time.process_time() - begun < 5


def test_in_a_very_long_note_two_changes_far_apart_still_stand_together() -> None:
    lines = [f"Line {number}.\n" for number in range(400)]
    one, other = "Eins.\n" + "".join(lines[1:]), "".join(lines[:-1]) + "Zwei.\n"
    assert merge("".join(lines), one, other) == "Eins.\n" + "".join(lines[1:-1]) + "Zwei.\n"
    assert merge("".join(lines), one, "".join(lines)) == one
    assert merge("".join(lines), one.replace("Line 399", "Line x"), other) is None
    longer = "".join([*lines, "More.\n"])
    assert merge("".join(lines), longer, "".join(lines)) == merge("".join(lines), longer, longer) == longer
    assert merge(longer, "".join(lines), longer) == "".join(lines)
