"""Templates: components render what they promise, and no template breaks the security policy."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import pytest
from django import forms
from django.conf import settings
from django.template import Context, Template
from django.template.loader import get_template, render_to_string
from django.test import RequestFactory

from core.people.types import Actor, Role
from core.templatetags import charts, nav, ui

TEMPLATES = sorted((settings.BASE_DIR / "templates").rglob("*.html"))
NAMES = [path.relative_to(settings.BASE_DIR / "templates").as_posix() for path in TEMPLATES]
STATIC: Path = settings.BASE_DIR / "static"

FORBIDDEN = {
    "an inline style": re.compile(r"<[^>]*\sstyle\s*=", re.I | re.S),
    "a style element": re.compile(r"<style[\s>]", re.I),
    "an inline handler": re.compile(r"<[^>]*\s(?:on[a-z]+|hx-on[:\w-]*)\s*=", re.I | re.S),
    "an inline script": re.compile(
        r"<script(?![^>]*\ssrc=)(?![^>]*type=[\"']application/(?:ld\+)?json[\"'])[^>]*>", re.I
    ),
    "an eval in HTMX": re.compile(r"hx-(?:vals|headers)\s*=\s*[\"']\s*js(?:on)?:", re.I),
    "a foreign host": re.compile(
        r"<(?:script|link|img|iframe|source|use|video|audio|form)\b[^>]*"
        r"\b(?:src|href|action|srcset)\s*=\s*[\"']?\s*(?:https?:)?//",
        re.I | re.S,
    ),
    "a javascript: address": re.compile(r"(?:href|action)\s*=\s*[\"']\s*javascript:", re.I),
}


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_template_has(what: str) -> None:
    found = [
        n
        for n, p in zip(NAMES, TEMPLATES, strict=True)
        if FORBIDDEN[what].search(p.read_text("utf-8"))
    ]
    assert found == []


@pytest.mark.parametrize(
    ("what", "bad"),
    [
        ("an inline style", '<p class="a"\n style="color:red">'),
        ("a style element", "<style>p{}</style>"),
        ("an inline handler", '<a href="#" onclick="x()">'),
        ("an inline handler", '<a hx-on:click="x()">'),
        ("an inline script", "<script>x()</script>"),
        ("an inline script", '<script type="module">x()</script>'),
        ("an eval in HTMX", "<a hx-vals='js:{a: 1}'>"),
        ("a foreign host", '<script src="https://cdn.example.com/x.js"></script>'),
        ("a foreign host", '<img src="//example.com/x.png">'),
        ("a javascript: address", '<a href="javascript:x()">'),
    ],
)
def test_the_scan_sees(what: str, bad: str) -> None:
    assert FORBIDDEN[what].search(bad)


@pytest.mark.parametrize("name", NAMES)
def test_every_template_compiles(name: str) -> None:
    assert get_template(name)


def test_every_icon_asked_for_is_in_the_sprite() -> None:
    drawn = set(re.findall(r'<symbol id="([^"]+)"', (STATIC / "img/icons.svg").read_text()))
    asked = {
        name
        for path in TEMPLATES
        for name in re.findall(r"{%\s*icon\s+[\"']([\w-]+)[\"']", path.read_text("utf-8"))
    }
    asked |= set(ui.SHAPES.values())
    asked |= {s.icon for _, sections in nav.WORKBENCH for s in sections}
    assert asked <= drawn, asked - drawn


def test_css_and_js_name_no_foreign_host() -> None:
    for path in [*STATIC.glob("css/*.css"), *STATIC.glob("js/*.js")]:
        assert not re.search(r"(?:https?:)?//[a-z0-9-]+\.[a-z]", path.read_text("utf-8")), path


def test_first_view_is_light() -> None:
    """Own stylesheet and scripts, before compression: htmx (51 KB) comes on top."""
    own = sum(p.stat().st_size for d in ("css", "js", "img") for p in (STATIC / d).iterdir())
    assert own < 100_000


# --- filters ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        (Decimal("12000"), "12,000 元"),
        (Decimal("12000.50"), "12,000.50 元"),
        (Decimal("0.005"), "0.01 元"),
        (0, "0 元"),
        (None, "—"),
        ("", "—"),
        ("面议", "—"),
        (float("nan"), "—"),
    ],
)
def test_yuan(given: object, shown: str) -> None:
    assert ui.yuan(given) == shown


@pytest.mark.parametrize(
    ("given", "shown"),
    [(125_000, "12.5 万元"), (10_000, "1 万元"), (1_000_000, "100 万元"), (None, "—")],
)
def test_wan(given: object, shown: str) -> None:
    assert ui.wan(given) == shown


@pytest.mark.parametrize(
    ("given", "places", "shown"),
    [(1234567.5, 2, "1,234,567.5"), (1234.5, 0, "1,235"), (100, 2, "100"), (None, 2, "—")],
)
def test_number(given: object, places: int, shown: str) -> None:
    assert ui.number(given, places) == shown


def test_percent_and_score() -> None:
    assert ui.percent(Decimal("0.125")) == "12.5%"
    assert ui.percent(1) == "100%"
    assert ui.score(0.874) == "87"
    assert ui.score(None) == "—"


def test_dates_are_shanghai_dates() -> None:
    late = datetime(2025, 2, 28, 17, 5, tzinfo=UTC)
    assert ui.zhdate(late) == "2025-03-01"
    assert ui.zhdatetime(late) == "2025-03-01 01:05"
    assert ui.zhdate(date(2025, 3, 1)) == "2025-03-01"
    assert ui.zhdate(None) == "—"


@pytest.mark.parametrize(
    ("past", "shown"),
    [
        (timedelta(seconds=20), "刚刚"),
        (timedelta(minutes=5), "5 分钟前"),
        (timedelta(hours=3), "3 小时前"),
        (timedelta(days=2), "2 天前"),
        (timedelta(days=40), "2026-10-11"),
        (timedelta(days=-1), "2026-11-21"),
    ],
)
def test_ago(past: timedelta, shown: str, now: datetime) -> None:
    assert ui.ago(now - past, now) == shown


@pytest.mark.parametrize(
    ("given", "prefix", "shown"),
    [
        ("2017106018623", "", "2017 1 0601862.3"),
        ("2017106018623", "ZL", "ZL 2017 1 0601862.3"),
        ("201720601862x", "", "2017 2 0601862.X"),
        ("EP1234567", "", "EP1234567"),
        ("", "", "—"),
    ],
)
def test_patent_number(given: str, prefix: str, shown: str) -> None:
    assert ui.patent_number(given, prefix) == shown


# --- tags ------------------------------------------------------------------------------------


def render(source: str, **context: Any) -> str:
    return Template("{% load ui charts nav i18n %}" + source).render(Context(context))


def test_badge_is_word_and_shape_and_escapes() -> None:
    html = render('{% badge text "ok" %}', text="<b>已上架</b>")
    assert "&lt;b&gt;已上架" in html
    assert "#s-ok" in html
    assert "badge-ok" in html


def test_status_prefers_the_rooms_own_word() -> None:
    assert "已上架" in ui.status("listed")
    assert "挂牌中" in ui.status("listed", "挂牌中")
    assert "badge-ok" in ui.status("listed", "挂牌中")
    assert "badge-muted" in ui.status("never-heard-of", "新状态")


def test_unknown_tone_is_muted() -> None:
    assert "badge-muted" in ui.badge("x", 'ok" onclick="x')


def test_form_tokens_differ() -> None:
    assert ui.form_token() != ui.form_token()
    assert 'name="form_token"' in ui.form_token()


def test_sample_mark_only_for_samples() -> None:
    assert "示例" in ui.sample(True)
    assert ui.sample(False) == ""


# --- forms -----------------------------------------------------------------------------------


class Order(forms.Form):
    """One of each kind of field."""

    examples = {"title": "锂电池隔膜"}
    groups = [("要买什么", "写得越具体越好。", ["title", "way"])]
    title = forms.CharField(label="名称", help_text="不超过 20 字。", max_length=20)
    way = forms.ChoiceField(
        label="方式", choices=[("a", "许可"), ("b", "转让")], widget=forms.RadioSelect
    )
    agree = forms.BooleanField(label="我同意")
    sheet = forms.FileField(label="表格", required=False)
    secret = forms.CharField(widget=forms.HiddenInput, required=False)


def form_html(form: forms.Form, **context: Any) -> str:
    request = RequestFactory().get("/")
    return render_to_string("_components/form.html", {"form": form, **context}, request=request)


def test_form_is_multipart_once_and_tokened() -> None:
    html = form_html(Order(), submit="下单")
    assert 'enctype="multipart/form-data"' in html
    assert html.count('name="csrfmiddlewaretoken"') == 1
    assert html.count('name="form_token"') == 1
    assert ">下单</button>" in html


def test_form_shows_every_field_once_with_hint_and_example() -> None:
    html = form_html(Order())
    for name in ("title", "agree", "sheet", "secret"):
        assert html.count(f'name="{name}"') == 1, name
    assert html.count('name="way"') == 2
    assert "不超过 20 字。" in html
    assert "例：锂电池隔膜" in html
    assert "要买什么" in html


def test_form_errors_are_on_top_and_at_the_field() -> None:
    form = Order({"title": "x" * 30, "way": "a", "agree": "on"})
    form.add_error(None, "库存不足 <b>")
    html = form_html(form)
    assert 'id="error-summary"' in html
    assert "库存不足 &lt;b&gt;" in html
    assert 'href="#id_title"' in html
    assert 'id="id_title_error"' in html
    assert 'aria-invalid="true"' in html
    described = re.search(r'name="title"[^>]*aria-describedby="([^"]+)"', html)
    assert described
    for target in described[1].split():
        assert f'id="{target}"' in html


def test_a_get_form_carries_no_tokens() -> None:
    html = form_html(Order(), method="get")
    assert "csrfmiddlewaretoken" not in html
    assert "form_token" not in html


# --- components ------------------------------------------------------------------------------


def part(name: str, **context: Any) -> str:
    return render_to_string(f"_components/{name}.html", context)


def test_blockers_show_article_and_kind() -> None:
    blockers = [
        {"message": "已质押", "article": "民法典第四百四十四条", "hard": True},
        {"message": "年费将到期", "article": "", "hard": False},
    ]
    html = part("blockers", blockers=blockers)
    assert "民法典第四百四十四条" in html
    assert html.count('class="check-danger"') == 1
    assert html.count('class="check-warn"') == 1
    assert "没有发现障碍" not in html


def test_no_blockers_say_so() -> None:
    assert "没有发现障碍" in part("blockers", blockers=[])


def test_reasons_are_meters_without_inline_style() -> None:
    html = part(
        "reasons", reasons=[{"label": "文字", "value": 0.5, "shown": "32", "words": ["膜"]}]
    )
    assert 'value="0.5000"' in html
    assert "<mark>膜</mark>" in html
    assert "style=" not in html


def test_match_card_escapes_what_strangers_wrote() -> None:
    html = part("match_card", title="<script>x</script>", url="/patents/1/", score=87, meta=["<i>"])
    assert "<script>" not in html
    assert "<i>" not in html


def test_facet_counts_and_overflow() -> None:
    options = [
        {"label": f"项{i}", "count": 1000 + i, "url": "?", "selected": i == 0} for i in range(9)
    ]
    html = part("facets", facets=[{"title": "地区", "options": options}])
    assert "1,008" in html
    assert "全部 9 项" in html
    assert html.count('aria-current="true"') == 1


def test_table_cells_carry_their_label() -> None:
    html = part(
        "table",
        caption="表",
        columns=[{"label": "名称"}, {"label": "金额", "numeric": True}],
        rows=[[{"label": "名称", "value": "甲"}, {"label": "金额", "value": "1", "numeric": True}]],
    )
    assert 'data-label="金额" class="num"' in html
    assert html.count("<td") == 2


def test_bar_chart_scales_to_the_greatest() -> None:
    rows = [{"label": "上海", "value": 10}, {"label": "北京", "value": 5, "target": 20}]
    bars = charts.bar_chart(rows)["bars"]
    assert bars[0]["width"] == 2 * bars[1]["width"]
    assert bars[1]["target_x"] > bars[0]["value_x"]


@pytest.mark.parametrize("rows", [[], [{"label": "上海", "value": 0}]])
def test_bar_chart_of_nothing(rows: list[dict[str, Any]]) -> None:
    assert "<figure" in render("{% bar_chart rows '图' %}", rows=rows)


@pytest.mark.parametrize("count", [0, 1, 2, 30])
def test_line_chart_of_any_length(count: int) -> None:
    html = render(
        "{% line_chart points '图' %}", points=[{"label": str(i), "value": i} for i in range(count)]
    )
    assert ("<polyline" in html) == bool(count)


# --- navigation ------------------------------------------------------------------------------


def sections_for(path: str, *roles: Role) -> list[nav.Section]:
    request = RequestFactory().get(path)
    request.actor = Actor(user_id=1, roles=frozenset(roles)) if roles else Actor.anonymous()  # type: ignore[attr-defined]
    return nav.workbench_sections(Context({"request": request}))


def test_visitors_have_no_workbench() -> None:
    assert sections_for("/") == []


@pytest.mark.parametrize("role", [role for role, _ in nav.WORKBENCH])
def test_every_workbench_opens_on_todo(role: Role) -> None:
    sections = sections_for("/", role)
    assert sections[0].path == "/"
    assert sections[0].here
    assert sections[-1].path == "/notices/"
    assert len({s.path for s in sections}) == len(sections)


@pytest.mark.parametrize("role", [role for role, _ in nav.WORKBENCH])
def test_a_bar_fits_in_a_row_and_leaves_no_place_out(role: Role) -> None:
    sections = sections_for("/library/", role)
    groups = nav.grouped(sections)
    assert len(groups) <= nav.MOST_IN_A_ROW
    placed = [s for group in groups for s in group.sections]
    assert sorted(s.path for s in placed) == sorted(s.path for s in sections)
    assert [g.here.path for g in groups if g.here] == [s.path for s in sections if s.here]


def test_groups_open_without_scripts() -> None:
    html = render(
        '{% include "_components/nav_groups.html" with bar="b" %}',
        groups=nav.grouped(sections_for("/library/", Role.OFFICE)),
    )
    assert html.count("<details") == html.count("<summary") > 2
    assert '<a href="/library/" aria-current="page">' in html


def test_the_deepest_fitting_section_is_here() -> None:
    here = [s.path for s in sections_for("/notices/3/", Role.OFFICE, Role.ENTERPRISE) if s.here]
    assert here == ["/notices/"]


def test_rooms_that_are_not_installed_are_not_linked() -> None:
    assert nav.installed("/no-such-room/") == ""
    assert nav.installed("/help/") == "/help/"


# --- pages that must stand without a database --------------------------------------------------


@pytest.mark.parametrize("name", ["400", "403", "403_csrf", "404", "413", "429", "500", "offline"])
def test_error_pages_need_neither_request_nor_database(name: str) -> None:
    html = render_to_string(f"{name}.html")
    assert "<h1>" in html
    assert 'href="/"' in html


def beside(path: str, *roles: Role) -> dict[str, object] | None:
    request = RequestFactory().get(path)
    request.actor = Actor(user_id=1, roles=frozenset(roles)) if roles else Actor.anonymous()  # type: ignore[attr-defined]
    return nav.neighbours(Context({"request": request}))


def test_a_library_list_shows_the_lists_beside_it_to_its_office() -> None:
    shown = beside("/library/", Role.OFFICE)
    assert shown is not None
    groups = cast("list[nav.Group]", shown["groups"])
    places = [section for group in groups for section in group.sections]
    assert [section.path for section in places if section.here] == ["/library/"]
    assert "/library/imports/" in {section.path for section in places}
    assert len(groups) < len(places)


def test_lists_that_are_few_lie_side_by_side() -> None:
    shown = beside("/patents/")
    assert shown is not None
    groups = cast("list[nav.Group]", shown["groups"])
    assert {len(group.sections) for group in groups} == {1}


@pytest.mark.parametrize(
    ("path", "roles"), [("/library/", ()), ("/library/", (Role.BANK,)), ("/help/", (Role.OFFICE,))]
)
def test_nobody_else_is_shown_them(path: str, roles: tuple[Role, ...]) -> None:
    assert beside(path, *roles) is None


def test_every_alert_has_a_tone_that_is_drawn() -> None:
    """An unknown tone is a box without colour or shape: nobody sees that it warns."""
    found = [
        (path.name, tone)
        for path in TEMPLATES
        for tone in re.findall(r'alert\.html" with [^%]*?tone="([^"]*)"', path.read_text("utf-8"))
        if tone not in {"ok", "info", "warn", "danger"}
    ]
    assert found == []


INCLUDED = re.compile(r'{%\s*include\s+"([^"#]+)[^"]*"([^%]*)%}')


def test_no_form_is_included_without_its_token() -> None:
    """`only` shuts the request out, and with it the token: such a form is always refused."""
    texts = {n: p.read_text("utf-8") for n, p in zip(NAMES, TEMPLATES, strict=True)}

    def has_form(name: str) -> bool:
        text = texts.get(name, "")
        below = [inner for inner, how in INCLUDED.findall(text) if not _alone(how)]
        return "csrf_token" in text or any(map(has_form, below))

    found = [
        (name, inner)
        for name, text in texts.items()
        for inner, how in INCLUDED.findall(text)
        if _alone(how) and has_form(inner)
    ]
    assert found == []


def _alone(how: str) -> bool:
    return how.split()[-1:] == ["only"]


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "0 秒"),
        (5, "5 秒"),
        (90, "90 秒"),
        (1_800, "30 分钟"),
        (18_000, "5 小时"),
        (172_800, "2 天"),
    ],
)
def test_span(seconds: int, shown: str) -> None:
    assert ui.span(timedelta(seconds=seconds)) == shown
