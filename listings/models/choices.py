"""The choices of columns, with the labels people read."""

from __future__ import annotations

from django.db import models

from listings import types


class PatentKind(models.TextChoices):
    INVENTION = types.PatentKind.INVENTION.value, "发明"
    UTILITY_MODEL = types.PatentKind.UTILITY_MODEL.value, "实用新型"
    DESIGN = types.PatentKind.DESIGN.value, "外观设计"


class PatentStatus(models.TextChoices):
    UNVERIFIED = types.PatentStatus.UNVERIFIED.value, "待核实"
    PENDING = types.PatentStatus.PENDING.value, "审查中"
    GRANTED = types.PatentStatus.GRANTED.value, "有效"
    LAPSED = types.PatentStatus.LAPSED.value, "未缴年费终止"
    EXPIRED = types.PatentStatus.EXPIRED.value, "期限届满"
    INVALID = types.PatentStatus.INVALID.value, "全部无效"
    ABANDONED = types.PatentStatus.ABANDONED.value, "放弃或视为撤回"


class EvaluationVerdict(models.TextChoices):
    SUPPORTS = "supports", "支持授权"
    AGAINST = "against", "不支持授权"


class Layer(models.TextChoices):
    A = types.Layer.A.value, "A 层 · 重点推广"
    B = types.Layer.B.value, "B 层 · 培育"
    C = types.Layer.C.value, "C 层 · 储备"


class HolderKind(models.TextChoices):
    ORGANISATION = types.HolderKind.ORGANISATION.value, "单位"
    PERSON = types.HolderKind.PERSON.value, "个人"
    FOREIGN = types.HolderKind.FOREIGN.value, "境外"


class Consent(models.TextChoices):
    NONE = types.Consent.NONE.value, "未同意"
    OPEN = types.Consent.OPEN.value, "同意发布、开放许可和普通许可"
    ALL = types.Consent.ALL.value, "同意任何处置"


class EncumbranceKind(models.TextChoices):
    OPEN_DECLARATION = types.EncumbranceKind.OPEN_DECLARATION.value, "开放许可声明"
    ORDINARY = types.EncumbranceKind.ORDINARY.value, "普通许可"
    SOLE = types.EncumbranceKind.SOLE.value, "排他许可"
    EXCLUSIVE = types.EncumbranceKind.EXCLUSIVE.value, "独占许可"
    PLEDGE = types.EncumbranceKind.PLEDGE.value, "质押"
    PRESERVATION = types.EncumbranceKind.PRESERVATION.value, "保全"


class InventoryStatus(models.TextChoices):
    PROPOSED = types.InventoryStatus.PROPOSED.value, "待入库"
    ADMITTED = types.InventoryStatus.ADMITTED.value, "已入库"
    ARCHIVED = types.InventoryStatus.ARCHIVED.value, "已归档"


class ListingStatus(models.TextChoices):
    DRAFT = types.ListingStatus.DRAFT.value, "草稿"
    SUBMITTED = types.ListingStatus.SUBMITTED.value, "待发布"
    LISTED = types.ListingStatus.LISTED.value, "已挂牌"
    SUSPENDED = types.ListingStatus.SUSPENDED.value, "已暂停"
    CONVERTED = types.ListingStatus.CONVERTED.value, "已转化"
    WITHDRAWN = types.ListingStatus.WITHDRAWN.value, "已撤回"


class Route(models.TextChoices):
    OPEN_LICENCE = types.Route.OPEN_LICENCE.value, "开放许可"
    ORDINARY = types.Route.ORDINARY.value, "普通许可"
    SOLE = types.Route.SOLE.value, "排他许可"
    EXCLUSIVE = types.Route.EXCLUSIVE.value, "独占许可"
    TRANSFER = types.Route.TRANSFER.value, "转让"
    EQUITY = types.Route.EQUITY.value, "作价入股"
    CO_DEVELOPMENT = types.Route.CO_DEVELOPMENT.value, "合作开发"
    TRY_FIRST = types.Route.TRY_FIRST.value, "先用后付"


class BatchState(models.TextChoices):
    CHECKING = "checking", "预检中"
    CHECKED = "checked", "已预检"
    RUNNING = "running", "导入中"
    DONE = "done", "已导入"
    STOPPED = "stopped", "已停止"
    FAILED = "failed", "未完成"
    UNDOING = "undoing", "撤销中"
    UNDONE = "undone", "已撤销"


class RowVerdict(models.TextChoices):
    PENDING = "pending", "待检查"
    CREATED = "created", "新增"
    UPDATED = "updated", "更新"
    UNCHANGED = "unchanged", "无变化"
    WARNING = "warning", "有提醒"
    REJECTED = "rejected", "未导入"
