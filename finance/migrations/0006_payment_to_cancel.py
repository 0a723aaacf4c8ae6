from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('finance', '0005_charges'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='payment',
            index=models.Index(models.F('next_attempt_at'), condition=models.Q(('next_attempt_at__isnull', False), ('status', 'VOIDED')), name='payment_to_cancel'),
        ),
    ]
