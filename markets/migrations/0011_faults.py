import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('markets', '0010_listen_keys'),
    ]

    operations = [
        migrations.CreateModel(
            name='FaultPlan',
            fields=[
                ('api_key', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='faults', serialize=False, to='markets.apikey')),
                ('token', models.CharField(editable=False, max_length=32, unique=True)),
                ('plan', models.JSONField(default=dict)),
                ('is_on', models.BooleanField(default=False, verbose_name='faults on')),
                ('changed_at', models.DateTimeField(auto_now=True)),
            ],
        ),
    ]
