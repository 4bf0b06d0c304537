"""The Binance dialect: another name of a market, and how much of a candle's volume buyers took.

What is added up of trades is forgotten and added up anew by the engines while they run, the new columns with it.
"""

import django.core.validators
import markets.fields
from django.db import migrations, models


def forget(apps, schema_editor):
    for name in ('Tally', 'Candle', 'DayVolume'):
        apps.get_model('markets', name).objects.all().delete()


class Migration(migrations.Migration):

    dependencies = [
        ('markets', '0008_api_key_kinds'),
    ]

    operations = [
        migrations.AddField(
            model_name='market',
            name='dialect_symbol',
            field=models.CharField(blank=True, help_text='What bots of the Binance dialect call it. Empty: its symbol without the hyphen.', max_length=20, null=True, unique=True, validators=[django.core.validators.RegexValidator('\\A[A-Z0-9._-]{1,20}\\Z', '1 to 20 of A-Z, 0-9 and - _ .')]),
        ),
        migrations.AddField(
            model_name='candle',
            name='taker_buy_volume',
            field=markets.fields.AmountField(default=0),
        ),
        migrations.AddField(
            model_name='candle',
            name='taker_buy_quote_volume',
            field=markets.fields.AmountField(default=0),
        ),
        migrations.RunPython(forget, migrations.RunPython.noop),
    ]
