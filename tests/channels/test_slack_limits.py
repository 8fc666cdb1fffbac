"""The validator of Slack messages finds what Slack would refuse, and its reader sees what Slack would show."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.slack_limits import bold, problems, shown

Block = dict[str, Any]


def text(words: str = "a", **changes: Any) -> Block:
    return {"type": "mrkdwn", "text": words, "verbatim": True} | changes


def plain(words: str = "a") -> Block:
    return {"type": "plain_text", "text": words}


def section(words: str = "a", **changes: Any) -> Block:
    return {"type": "section", "text": text(words)} | changes


def context(*words: str) -> Block:
    return {"type": "context", "elements": [text(word) for word in words]}


def buttons(*changes: Block) -> Block:
    elements = [{"type": "button", "text": plain(), "action_id": "a"} | change for change in changes]
    return {"type": "actions", "elements": elements}


def menu(count: int = 5, **changes: Any) -> Block:
    options = [{"text": plain("a" * 75), "value": f"{n}" + "v" * 149} for n in range(count)]
    return section(accessory={"type": "overflow", "action_id": "a" * 255, "options": options} | changes)


def payload(*blocks: Block, **changes: Any) -> dict[str, Any]:
    sound = {
        "blocks": list(blocks) or [section()],
        "text": "a",
        "metadata": {"event_type": "paperboy_delivery", "event_payload": {"delivery": "a-1"}},
        "unfurl_links": False,
        "unfurl_media": False,
    }
    return {name: value for name, value in (sound | changes).items() if value is not None}


@pytest.mark.parametrize(
    "sound",
    [
        payload(),
        payload(*[section()] * 45),
        payload({"type": "header", "text": plain("a" * 150)}, {"type": "divider"}, context(*"a" * 10)),
        payload(section("a" * 3_000), section("😀" * 1_500), context("a" * 3_000)),
        payload(section(fields=[text("a" * 800)] * 10)),
        payload({"type": "section", "fields": [plain("a" * 2_000)], "block_id": "b" * 255}),
        payload(buttons(*[{"text": plain("a" * 75), "value": "v" * 2_000, "url": "u" * 3_000}] * 25)),
        payload(
            section("<https://a.org/?b=1&amp;c=2|A &lt;!channel&gt; | &amp; b> &gt; *b*"), text="a" * 4_000
        ),
        payload({"type": "markdown", "text": "a < b"}),
        payload(menu(1), menu(5), section(accessory=buttons({})["elements"][0])),
        payload(blocks=None),
    ],
    ids=lambda _: "",
)
def test_valid_messages(sound: dict[str, Any]) -> None:
    """No problem, also at each limit."""
    assert problems(sound) == []


LONG = "a" * 3_001
BROKEN: dict[str, tuple[dict[str, Any], str]] = {
    "blocks": (payload(*[section()] * 46), "blocks: 46, more"),
    "no blocks": (payload(blocks=[]), "blocks: empty"),
    "all of them": (payload(*[section("a" * 3_000)] * 3, section()), "blocks: 9001 characters in all"),
    "all of them, in context": (payload(*[context("a" * 3_000)] * 3, section()), "9001 characters in all"),
    "all of them, in fields": (payload(section(fields=[plain("a" * 1_000)] * 9)), "9001 characters in all"),
    "all of them, of emoji": (payload(*[section("😀" * 1_500)] * 3, section()), "9001 characters in all"),
    "header": (payload({"type": "header", "text": plain("a" * 151)}), "text: 151 characters, more than 150"),
    "header of emoji": (payload({"type": "header", "text": plain("😀" * 76)}), "text: 152 characters"),
    "header with markup": (payload({"type": "header", "text": text()}), "text: no plain_text"),
    "section": (payload(section(LONG)), "text: 3001 characters"),
    "section without": (payload({"type": "section"}), "neither text nor fields"),
    "section of a string": (payload({"type": "section", "text": "a"}), "text: no plain_text or mrkdwn"),
    "empty": (payload(section("")), "text: empty"),
    "blank": (payload(section(" \n\u200b\u00ad")), "text: empty"),
    "no string": (payload(section(text={"type": "mrkdwn", "verbatim": True})), "text: empty"),
    "fields": (payload(section(fields=[text()] * 11)), "11 fields, more than 10"),
    "field": (payload(section(fields=[text("a" * 2_001)])), "field: 2001 characters"),
    "context": (payload(context(*"a" * 11)), "11 elements, not 1 to 10"),
    "empty context": (payload(context()), "0 elements, not 1 to 10"),
    "context text": (payload(context(LONG)), "element: 3001 characters"),
    "actions": (payload(buttons(*[{}] * 26)), "26 elements, not 1 to 25"),
    "button": (payload(buttons({"text": plain("a" * 76)})), "button: 76 characters"),
    "button value": (payload(buttons({"value": "a" * 2_001})), "button: value too long"),
    "button url": (payload(buttons({"url": LONG})), "button: url too long"),
    "action_id": (payload(buttons({"action_id": "a" * 256})), "button: action_id too long"),
    "block_id": (payload(section(block_id="a" * 256)), "block_id too long"),
    "block_id twice": (payload(section(block_id="a"), section(block_id="a")), "block_id twice: a"),
    "no options": (payload(menu(0)), "no overflow menu of 1 to 5"),
    "options": (payload(menu(6)), "no overflow menu of 1 to 5"),
    "another accessory": (payload(menu(type="datepicker")), "no overflow menu"),
    "option": (payload(menu(options=[{"text": plain("a" * 76), "value": "a"}])), "option: 76 characters"),
    "option with markup": (payload(menu(options=[{"text": text(), "value": "a"}])), "option: no plain_text"),
    "option value": (payload(menu(options=[{"text": plain(), "value": "a" * 151}])), "value missing or too"),
    "value twice": (payload(menu(options=[{"text": plain(), "value": "a"}] * 2)), "a value twice"),
    "menu's action_id": (payload(menu(action_id="")), "action_id missing"),
    "all of them, in menus": (payload(*[section("a" * 2_900)] * 3, menu()), "9076 characters in all"),
    "unknown block": (payload({"type": "carousel"}), "type 'carousel' is not known"),
    "markdown": (payload({"type": "markdown", "text": ""}), "text: empty or too long"),
    "not verbatim": (payload(section(text=text(verbatim=False))), "text: not verbatim"),
    "not verbatim, in context": (
        payload({"type": "context", "elements": [{"type": "mrkdwn", "text": "a"}]}),
        "element: not verbatim",
    ),
    "no text": (payload(text=None), "text: empty"),
    "empty text": (payload(text=" "), "text: empty"),
    "long text": (payload(text="a" * 4_001), "text: 4001 characters"),
    "text not escaped": (payload(text="a & b"), "text: not escaped, 'a & b'"),
    "&": (payload(section("AT&T")), "not escaped"),
    "another entity": (payload(section("&quot;")), "not escaped"),
    "a number": (payload(section("&#42;")), "not escaped"),
    "<": (payload(section("a < b")), "not escaped"),
    ">": (payload(section("a > b")), "not escaped"),
    "channel": (payload(section("<!channel>")), "a mention, <!channel>"),
    "person": (payload(section("<@U123|ada>")), "a mention"),
    "room": (payload(context("<#C123>")), "a mention"),
    "mention in a header": (payload({"type": "header", "text": plain("<!here>")}), "a mention"),
    "mention in text": (payload(text="<!everyone>"), "a mention"),
    "mention in a link": (payload(section("<https://a.org|<!here>>")), "a mention"),
    "link that is none": (payload(section("<javascript:alert(1)|a>")), "not escaped"),
    "link without words": (payload(section("<https://a.org>")), "not escaped"),
    "link with empty words": (payload(section("<https://a.org| >")), "not escaped"),
    "link with a space": (payload(section("<https://a.org/b c|a>")), "not escaped"),
    "link not escaped": (payload(section("<https://a.org/?b&c|a>")), "a URL that is not escaped"),
    "links": (payload(unfurl_links=None), "unfurl_links is not false"),
    "media": (payload(unfurl_media=True), "unfurl_media is not false"),
    "no metadata": (payload(metadata=None), "metadata"),
    "metadata": (payload(metadata={"event_type": "a"}), "metadata"),
    "metadata's name": (payload(metadata={"event_type": "", "event_payload": {}}), "metadata: not a name"),
    "metadata's payload": (
        payload(metadata={"event_type": "a", "event_payload": "b"}),
        "metadata: not a name",
    ),
    "half a surrogate": (payload(section("\ud83d")), "half a surrogate"),
}


@pytest.mark.parametrize(("broken", "problem"), BROKEN.values(), ids=BROKEN)
def test_invalid_messages(broken: dict[str, Any], problem: str) -> None:
    """Exactly the one problem."""
    (found,) = problems(broken)
    assert problem in found


@pytest.mark.parametrize(
    ("mrkdwn", "seen"),
    [
        ("*a* _b_ ~c~ `d`", "a b c d"),
        ("(*a*), *b c*!", "(a), b c!"),
        ("*1. <https://a.org|A _b_>*", "1. A b"),
        ("R&amp;D &lt;b&gt; &amp;lt;", "R&D <b> &lt;"),
        ("> a\n&gt; b", "> a\n b"),
        (":fire: at 10:30", "□ at 10:30"),
        # marks that do not work: within words, alone, before a soft hyphen or after one
        ("snake_case_name A* C*-algebras", "snake_case_name A* C*-algebras"),
        ("*a", "*a"),
        ("2 * 3 * 4", "2 * 3 * 4"),
        ("\u00ad*a* \u00ad_b_", "*a* _b_"),
        ("/*a*/", "/*a*/"),
        ("世*界*世", "世*界*世"),
        # a zero-width space makes marks work, as those who have tried it say
        ("a\u200b*\u200bb\u200b*\u200bc", "abc"),
        # over a line's end nothing works
        ("*a\nb*", "*a\nb*"),
    ],
)
def test_what_slack_shows(mrkdwn: str, seen: str) -> None:
    """Labels of links, no working marks, other marks, decoded entities."""
    assert shown(mrkdwn) == seen


def test_keen_reading() -> None:
    """Marks beside a slash or before a letter work, but not within a word or after a soft hyphen."""
    assert shown("/*a*/ _b_c", keen=True) == "/a/ bc"
    assert shown("a*b*c \u00ad*a* \u00ad_b_", keen=True) == "a*b*c *a* _b_"


def test_what_is_bold() -> None:
    """Each part by itself, with labels of links."""
    assert bold("*a b* and *<https://a.org|c>*, not\u00ad*d*, /*e*/") == ["a b", "c"]
