"""The Chinese words of this room's codes."""

from __future__ import annotations

from django.db import models

from matching import types


class NeedStatus(models.TextChoices):
    DRAFT = types.NeedStatus.DRAFT.value, "草稿"
    REFINED = types.NeedStatus.REFINED.value, "已完善"
    OPEN = types.NeedStatus.OPEN.value, "征集中"
    MATCHED = types.NeedStatus.MATCHED.value, "已有意向"
    SOLVED = types.NeedStatus.SOLVED.value, "已解决"
    CLOSED = types.NeedStatus.CLOSED.value, "已关闭"


class Visibility(models.TextChoices):
    PUBLIC = types.Visibility.PUBLIC.value, "公开"
    INDUSTRY = types.Visibility.INDUSTRY.value, "同行业可见"
    MATCHED = types.Visibility.MATCHED.value, "仅匹配到的权利人可见"


class ListType(models.TextChoices):
    FIRM = types.ListType.FIRM.value, "企业个性需求"
    INDUSTRY = types.ListType.INDUSTRY.value, "行业共性需求"
    SCENARIO = types.ListType.SCENARIO.value, "应用场景清单"


class Ending(models.TextChoices):
    PLATFORM = types.Ending.PLATFORM.value, "由平台上的专利解决"
    OUTSIDE = types.Ending.OUTSIDE.value, "在平台外找到了技术"
    IN_HOUSE = types.Ending.IN_HOUSE.value, "自己解决了"
    ABANDONED = types.Ending.ABANDONED.value, "不再需要"
    EXPIRED = types.Ending.EXPIRED.value, "到期未续"
    OTHER = types.Ending.OTHER.value, "其他"


class SubscriptionStatus(models.TextChoices):
    ACTIVE = types.SubscriptionStatus.ACTIVE.value, "推送中"
    PAUSED = types.SubscriptionStatus.PAUSED.value, "已暂停"


class RunScope(models.TextChoices):
    FULL = types.RunScope.FULL.value, "全量"
    INCREMENTAL = types.RunScope.INCREMENTAL.value, "增量"


class RunState(models.TextChoices):
    WAITING = types.RunState.WAITING.value, "等待"
    RUNNING = types.RunState.RUNNING.value, "运行中"
    FINISHED = types.RunState.FINISHED.value, "已完成"
    FAILED = types.RunState.FAILED.value, "失败"
    PAUSED = types.RunState.PAUSED.value, "已暂停"
    CANCELLED = types.RunState.CANCELLED.value, "已取消"


class Rejection(models.TextChoices):
    TOO_EARLY = types.Rejection.TOO_EARLY.value, "成熟度不够，还不能用"
    OFF_TOPIC = types.Rejection.OFF_TOPIC.value, "技术方向与需要不符"
    NO_ADVANTAGE = types.Rejection.NO_ADVANTAGE.value, "看不出优于现有技术之处"
    NO_ROUTE = types.Rejection.NO_ROUTE.value, "商业化路径不清楚"
    PRICE = types.Rejection.PRICE.value, "价格或许可条件不合适"
    UNCLEAR = types.Rejection.UNCLEAR.value, "介绍看不明白"


class ImprovementWish(models.TextChoices):
    MORE_DATA = types.ImprovementWish.MORE_DATA.value, "给出更多试验数据"
    PROTOTYPE = types.ImprovementWish.PROTOTYPE.value, "做出样机或中试"
    ADAPTED = types.ImprovementWish.ADAPTED.value, "按我们的工况改一改"
    BETTER_PRICE = types.ImprovementWish.BETTER_PRICE.value, "价格再低一些或分期"
    OTHER_MODE = types.ImprovementWish.OTHER_MODE.value, "换一种许可或合作方式"
    PLAINER = types.ImprovementWish.PLAINER.value, "介绍写得更明白"


class Intent(models.TextChoices):
    TALK = types.Intent.TALK.value, "先和发明人聊聊"
    SEE_IT = types.Intent.SEE_IT.value, "看样机或现场"
    TRY_FIRST = types.Intent.TRY_FIRST.value, "先试用"
    LICENCE = types.Intent.LICENCE.value, "谈许可"
    TRANSFER = types.Intent.TRANSFER.value, "谈转让"
    CO_DEVELOPMENT = types.Intent.CO_DEVELOPMENT.value, "合作开发"


class Channel(models.TextChoices):
    BELL = types.Channel.BELL.value, "站内消息"
    MAIL = types.Channel.MAIL.value, "邮件"


class Pace(models.TextChoices):
    OFF = types.Pace.OFF.value, "不接收"
    AT_ONCE = types.Pace.AT_ONCE.value, "有新匹配就发"
    DAILY = types.Pace.DAILY.value, "每天一次"
    WEEKLY = types.Pace.WEEKLY.value, "每周一次"


class Dropped(models.TextChoices):
    """Why something that was due to a person was not delivered."""

    STOPPED = "stopped", "接收人已停止接收"
    GONE = "gone", "专利已不在架或不再匹配"
    EXPIRED = "expired", "等候超过期限"
    FAILED = "failed", "多次投递失败"


class LicenceMode(models.TextChoices):
    """The routes of conversion that a demand may ask for; listings' codes."""

    OPEN_LICENCE = "open_licence", "开放许可"
    ORDINARY = "ordinary", "普通许可"
    SOLE = "sole", "排他许可"
    EXCLUSIVE = "exclusive", "独占许可"
    TRANSFER = "transfer", "转让"
    EQUITY = "equity", "作价入股"
    CO_DEVELOPMENT = "co_development", "合作开发"
    TRY_FIRST = "try_first", "先使用后付费"
