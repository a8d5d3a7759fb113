"""The component gallery: every part that pages are made of, in each of its states. Staff only."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_GET

from core.people.types import Role
from core.templatetags.ui import SHAPES, STATUSES
from core.web.doors import for_roles
from core.web.forms import day_input
from core.web.types import Request

LONG = "一种名称很长的专利，用来看换行、截断和对齐：IPC H01M 10/0525，数字 1,234,567.89，到此为止"


class EveryField(forms.Form):
    """One of each kind of field."""

    examples = {"title": "锂电池隔膜耐高温涂层"}
    groups = [("一组字段", "组的说明写在这里。", ["title", "kind", "way", "areas"])]
    optional_words = {"day": "签约后再填"}
    title = forms.CharField(label="单行文字", max_length=20, help_text="最多 20 字。")
    kind = forms.ChoiceField(label="下拉选择", choices=[("a", "发明"), ("b", "实用新型")])
    way = forms.ChoiceField(
        label="单选", choices=[("a", "许可"), ("b", "转让")], widget=forms.RadioSelect
    )
    areas = forms.MultipleChoiceField(
        label="多选",
        choices=[("a", "新材料"), ("b", "装备制造"), ("c", "生物医药")],
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    amount = forms.DecimalField(label="金额（元）", required=False)
    day = forms.DateField(label="日期", required=False, widget=day_input())
    text = forms.CharField(label="多行文字", required=False, widget=forms.Textarea)
    sheet = forms.FileField(label="文件", required=False)
    off = forms.CharField(label="不能改的字段", required=False, disabled=True, initial="系统填写")
    agree = forms.BooleanField(label="我已核对")


class Small(forms.Form):
    """A form with one field."""

    note = forms.CharField(label="说明", required=False)


def _table() -> dict[str, Any]:
    columns = [
        {"label": "名称", "sort_url": "?sort=name", "sorted": "ascending"},
        {"label": "件数", "numeric": True, "sort_url": "?sort=-n", "sorted": "descending"},
        {"label": "金额（万元）", "numeric": True},
    ]
    rows = [
        [
            {"label": "名称", "value": LONG, "url": "#table"},
            {"label": "件数", "value": "1,234", "numeric": True},
            {"label": "金额（万元）", "value": None, "numeric": True},
        ]
    ]
    totals = [
        {"label": "名称", "value": "合计"},
        {"label": "件数", "value": "1,234", "numeric": True},
        {"label": "金额（万元）", "value": None, "numeric": True},
    ]
    return {"columns": columns, "rows": rows, "totals": totals}


def _parts() -> dict[str, Any]:
    now = timezone.now()
    options = [
        {"label": f"选项 {n}", "count": 1_000 - n, "url": f"?o={n}", "selected": n == 1}
        for n in range(1, 10)
    ]
    return {
        "tones": list(SHAPES),
        "statuses": list(STATUSES),
        "facets": [{"title": "地区", "options": options}],
        "tabs": [
            {"label": "全部", "url": "?", "current": True, "count": 12},
            {"label": "待处理", "url": "?state=due", "count": 0},
            {"label": "没有计数", "url": "?state=none", "count": ""},
        ],
        "steps": [
            {"label": "填写", "done": True, "url": "#steps"},
            {"label": "核对", "current": True, "note": "还差 1 项"},
            {"label": "提交"},
        ],
        "checks": [
            {"ok": True, "hard": True, "message": "年费已缴", "article": "细则第一百一十条"}
        ],
        "blockers": [
            {
                "message": "专利已质押，须质权人同意",
                "article": "民法典第四百四十四条",
                "hard": True,
            },
            {"message": "年费将在 30 天内到期", "article": "", "hard": False},
        ],
        "events": [
            {"at": now, "title": "授权公告", "text": LONG, "by": "示例机构", "tone": "ok"},
            {"at": now - timedelta(days=40), "title": "申请", "url": "#timeline"},
        ],
        "items": [
            {"label": "专利号", "value": "ZL 2017 1 0601862.3"},
            {"label": "金额", "value": "1,234,567.89 元", "numeric": True, "note": "含税"},
            {"label": "专利权人", "value": LONG, "url": "#definitions"},
            {"label": "没有值", "value": None},
        ],
        "reasons": [
            {"label": "文字", "value": 0.32, "max": 0.5, "shown": "32", "words": ["隔膜", "涂层"]},
            {"label": "分类", "value": 0.2, "max": 0.5, "shown": "20", "detail": "同一主组"},
            {"label": "条件", "value": 0, "max": 0.5, "shown": "0"},
        ],
        "bars": [
            {"label": "上海", "value": 120, "target": 150, "url": "#charts"},
            {"label": "名称很长的一个地区会怎样显示", "value": 40},
        ],
        "points": [{"label": f"{m} 月", "value": m * m % 17} for m in range(1, 13)],
        "ways": [{"label": "放宽条件", "url": "#empty"}, {"label": "订阅提醒", "url": "#empty"}],
        "meta": ["示例·东海理工大学", "发明", "成熟度 7 级", "2025-03-01"],
        "long": LONG,
        "table": _table(),
    }


@require_GET
@for_roles(Role.SYSADMIN)
def gallery(request: Request) -> HttpResponse:
    """Every component with every state."""
    wrong = EveryField({"title": "超过二十个字的一行文字超过二十个字的一行文字", "way": "x"})
    wrong.add_error(None, "整张表的问题写在最上面。")
    context = {
        **_parts(),
        "blank": EveryField(auto_id="blank_%s"),
        "wrong": wrong,
        "small": Small(auto_id="small_%s"),
        "page": Paginator(range(100), 10).get_page(3),
    }
    return render(request, "core/gallery.html", context)


urlpatterns = [path("gallery/", gallery, name="gallery")]
