

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('markets', '0009_dialect'),
    ]

    operations = [
        migrations.CreateModel(
            name='ListenKey',
            fields=[
                ('api_key', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='listen_key', serialize=False, to='markets.apikey')),
                ('hashed', models.CharField(max_length=64, unique=True)),
                ('sealed', models.TextField()),
                ('expires_at', models.BigIntegerField()),
            ],
        ),
    ]
