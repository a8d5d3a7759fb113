"""When a second factor is due, how old a password is, how often somebody signed out everywhere."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("core", "0005_members")]

    operations = [
        migrations.AddField(
            model_name="user",
            name="factor_due_at",
            field=models.DateTimeField(editable=False, null=True, verbose_name="两步验证期限"),
        ),
        migrations.AddField(
            model_name="user",
            name="password_set_at",
            field=models.DateTimeField(editable=False, null=True, verbose_name="密码设置时间"),
        ),
        migrations.AddField(
            model_name="user",
            name="session_epoch",
            field=models.PositiveIntegerField(db_default=0, default=0, editable=False),
        ),
    ]
