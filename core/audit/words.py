"""What an auditor reads instead of an event's code: the thing, and what was done to it."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.utils.translation import gettext_lazy as _

THINGS: dict[str, Any] = {
    "auction": _("拍卖"),
    "annuity": _("年费"),
    "audit": _("审计记录"),
    "delivery": _("推送"),
    "disclosure": _("发明披露"),
    "endpoint": _("回调地址"),
    "engine": _("匹配引擎"),
    "export": _("结果导出"),
    "import": _("批量导入"),
    "inventory": _("盘点"),
    "layer_rule": _("分层规则"),
    "licence": _("许可"),
    "licensing": _("开放许可"),
    "listing": _("挂牌"),
    "mandate": _("委托"),
    "match": _("匹配"),
    "matching": _("匹配"),
    "membership": _("任职"),
    "need": _("需求"),
    "open_declaration": _("开放许可声明"),
    "organisation": _("机构"),
    "outcome": _("转化反馈"),
    "partner": _("对接机构"),
    "patent": _("专利"),
    "pledge": _("质押"),
    "sheet": _("推介表"),
    "search": _("保存的检索"),
    "service": _("服务请求"),
    "subscription": _("订阅"),
    "user": _("用户"),
}
DONE: dict[str, Any] = {
    "active": _("恢复"),
    "added": _("添加"),
    "admitted": _("入库"),
    "announced": _("公告"),
    "asked": _("申请"),
    "appointed": _("任命"),
    "answered": _("答复异议"),
    "applied": _("登记申请号"),
    "approved": _("内部审核通过"),
    "archived": _("归档"),
    "awarded": _("成交"),
    "bid_placed": _("出价"),
    "bids_opened": _("开启密封报价"),
    "cancelled": _("取消"),
    "checked": _("预检"),
    "carried_out": _("执行"),
    "changed": _("修改"),
    "closed": _("关闭"),
    "columns_chosen": _("选定列"),
    "consent_noted": _("记录共有人意见"),
    "consented": _("质权人同意"),
    "contest_dismissed": _("异议不成立"),
    "contest_dropped": _("异议终止"),
    "contest_upheld": _("异议成立"),
    "contested": _("提出异议"),
    "converted": _("转化"),
    "corrected": _("更正"),
    "decided": _("作出决定"),
    "discarded": _("作废"),
    "drafted": _("起草"),
    "dropped": _("决定不再维持"),
    "edited": _("修改"),
    "effective": _("生效"),
    "encumbered": _("设定权利负担"),
    "ended": _("终止"),
    "evaluated": _("评估打分"),
    "event_contradicts": _("法律事件有矛盾"),
    "event_recorded": _("登记法律事件"),
    "expired": _("期限届满"),
    "failed": _("未完成"),
    "file_added": _("添加附件"),
    "file_removed": _("移除附件"),
    "favourited": _("收藏"),
    "feed_made": _("开通日历订阅"),
    "feed_revoked": _("停用日历订阅"),
    "filed": _("备案"),
    "frozen": _("确定版本"),
    "full_run": _("全量运行"),
    "given": _("授予"),
    "imported": _("导入"),
    "joined": _("接入"),
    "kept": _("恢复维持"),
    "key_issued": _("发放密钥"),
    "key_revoked": _("撤销密钥"),
    "layer_freed": _("人工分层终止"),
    "layer_moved": _("调整分层"),
    "layer_set": _("人工分层"),
    "linked": _("关联专利"),
    "listed": _("上架"),
    "made": _("建立"),
    "noticed": _("送达通知"),
    "objected": _("提出异议"),
    "opened": _("开放征集"),
    "opt_out_lifted": _("恢复推荐"),
    "opted_out": _("不再推荐"),
    "paid": _("付款"),
    "patent_lapsed": _("专利失效"),
    "patent_restored": _("专利恢复"),
    "paused": _("暂停"),
    "pledgee_consented": _("质权人同意"),
    "policy_set": _("修改审核设置"),
    "promoted": _("推送"),
    "posted": _("起草"),
    "published": _("发布"),
    "put_back": _("退回旧版本"),
    "rated": _("评价"),
    "read": _("查阅"),
    "recommendations": _("推荐设置"),
    "recorded": _("登记"),
    "registered": _("登记"),
    "rejected": _("退回"),
    "released": _("解除"),
    "removed": _("删除"),
    "replayed": _("重新投递"),
    "reduction_ended": _("结束费用减缴"),
    "reduction_stated": _("登记费用减缴"),
    "reported": _("填报"),
    "replied": _("答复"),
    "requested": _("提出"),
    "resumed": _("恢复"),
    "returned": _("退回"),
    "reviewed": _("复核"),
    "revised": _("修改"),
    "saved": _("保存"),
    "screened": _("筛查"),
    "secret_rotated": _("更换签名密钥"),
    "set": _("设定"),
    "sent_back": _("退回修改"),
    "solved": _("标记为已解决"),
    "started": _("开始"),
    "stopped": _("停止"),
    "submitted": _("提交"),
    "suspended": _("暂停"),
    "taken": _("受理"),
    "taken_in": _("上传"),
    "tested": _("测试"),
    "undone": _("撤销"),
    "unsold": _("未成交"),
    "undo_started": _("开始撤销"),
    "unfavourited": _("取消收藏"),
    "verified": _("核验"),
    "withdrawn": _("撤回"),
}


def event(code: str) -> str:
    """An event in words; a code nobody wrote down here stays what it is."""
    thing, _dot, done = code.partition(".")
    if thing in THINGS and done in DONE:
        return f"{THINGS[thing]} · {DONE[done]}"
    return code


def subject(kind: str) -> str:
    """The kind of thing an entry is about, such as 许可."""
    try:
        return str(apps.get_model(kind)._meta.verbose_name)
    except (LookupError, ValueError):
        return kind


def codes_like(text: str) -> tuple[list[str], list[str]]:
    """The first and last halves of event codes whose words hold this text."""
    return (
        [code for code, word in THINGS.items() if text in str(word)],
        [code for code, word in DONE.items() if text in str(word)],
    )
