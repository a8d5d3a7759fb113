"""Payments recorded before listings kept what a patent brought in: told once, as new ones are."""

from django.db import migrations

TELL = """
INSERT INTO listings_patentincome
    (patent_id, organisation_id, reference, amount, currency, received_on, noted_at)
SELECT licence.patent_id, licence.licensor_id, 'payment:' || payment.id, payment.amount,
       plan.currency, (payment.paid_at AT TIME ZONE 'Asia/Shanghai')::date, now()
  FROM licensing_payment payment
  JOIN licensing_licence licence ON licence.id = payment.licence_id
  JOIN licensing_feeplan plan ON plan.id = licence.plan_id
  LEFT JOIN licensing_credituse use ON use.payment_id = payment.id
  LEFT JOIN licensing_credit credit ON credit.id = use.credit_id
 WHERE licence.status <> 'void' AND (use.id IS NULL OR credit.kind = 'received')
ON CONFLICT DO NOTHING
"""


class Migration(migrations.Migration):
    dependencies = [
        ("licensing", "0016_settlement_sums"),
        ("listings", "0024_incomes"),
    ]

    operations = [migrations.RunSQL(TELL, migrations.RunSQL.noop)]
